"""The command that writes a network in another format."""

from __future__ import annotations

import sys
from typing import Unpack

import click

import archcalc
from archcalc.commands.group import cli
from archcalc.commands.options import (
    ModelOptions,
    analyze_model,
    depth_option,
    examples,
    model_options,
)
from archcalc.commands.output import NobodyReadsError, destination, output_option, save, write
from archcalc.formats.registry import WRITTEN, find_writer, of_suffix
from archcalc.ground.errors import ArchcalcError


def complete_target(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the targets that a word begins."""
    return [name for name in WRITTEN if name.startswith(incomplete)]


@cli.command(
    epilog=examples(
        "export resnet50 --to spec",
        "export vgg16 --output vgg16.yaml",
        "export resnet50 --to pytorch --output resnet50.py",
        "export googlenet --to mermaid --depth 1",
    )
)
@click.option(
    "--to",
    metavar="TARGET",
    shell_complete=complete_target,
    help=f"The format: {', '.join(WRITTEN)}.  [default: what the suffix of --output stands for]",
)
@output_option
@depth_option
@model_options
def export(to: str | None, depth: int | None, **options: Unpack[ModelOptions]) -> None:
    """Write a network in another format: a spec, a program for a framework, a drawing.

    The formats are `spec`, archcalc's own YAML, with blocks where the network repeats itself; `onnx`, a model
    that runs, with placeholders for weights; `pytorch` and `keras`, a program that builds the network;
    `mermaid` and `dot`, a drawing, folded to blocks unless --depth says otherwise.
    """
    path = destination()
    target = find_writer(to or of_suffix(str(path) if path else None))
    report = analyze_model(**options)
    content = archcalc.export(report, to=target.name, depth=depth)
    if path is not None:
        save(path, content if isinstance(content, bytes) else content.encode())
    elif isinstance(content, bytes):
        _pass_on(content, target.suffixes[0])
    else:
        write(content)


def _pass_on(content: bytes, suffix: str) -> None:
    """Write bytes on standard output, unless a person would see them."""
    if sys.stdout.isatty():
        raise ArchcalcError(
            "the format is no text, and standard output is a terminal",
            hint=f"--output model{suffix} writes a file",
        )
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise NobodyReadsError from None
