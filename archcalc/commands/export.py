"""The command that writes a network in another format."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Unpack

import click

import archcalc
from archcalc.commands.group import cli
from archcalc.commands.options import (
    ModelOptions,
    NobodyReadsError,
    analyzed,
    depth_option,
    examples,
    model_options,
    write,
)
from archcalc.formats.registry import WRITTEN, of_suffix, written
from archcalc.ground.errors import ArchcalcError, visible


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
@click.option("--output", "-o", metavar="FILE", help="Where to write; - for standard output.  [default: -]")
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@depth_option
@model_options
def export(
    to: str | None, output: str | None, depth: int | None, *, force: bool, **options: Unpack[ModelOptions]
) -> None:
    """Write a network in another format: a spec, a program for a framework, a drawing.

    The formats are `spec`, archcalc's own YAML, with blocks where the network repeats itself; `onnx`, a model
    that runs, with placeholders for weights; `pytorch` and `keras`, a program that builds the network;
    `mermaid` and `dot`, a drawing, folded to blocks unless --depth says otherwise.
    """
    target = written(to or of_suffix(output))
    path = None if output in (None, "-") else Path(str(output))
    if path is not None:
        _check_free(path, force=force)
    report = analyzed(**options)
    content = archcalc.export(report, to=target.name, depth=depth)
    if path is not None:
        _save(path, content if isinstance(content, bytes) else content.encode(), force=force)
        click.echo(f"wrote {visible(str(path))}", err=True)
    elif isinstance(content, bytes):
        _pass_on(content, target.suffixes[0])
    else:
        write(content)


def _check_free(path: Path, *, force: bool) -> None:
    """Raise a fact where there is a file already, or something that is no file."""
    if path.exists() and not path.is_file():
        raise ArchcalcError(
            f"{visible(str(path))}: is not a regular file", hint="--output names another file"
        )
    if path.exists() and not force:
        raise ArchcalcError(
            f"{visible(str(path))}: there is such a file",
            hint="--force writes over it, --output names another",
        )


def _save(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file whole or not at all: into a new one beside it, which then takes its place."""
    final = path.resolve()
    part = final.with_name(f".{final.name[:100]}.{os.getpid()}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(content)
            if not force:
                _check_free(final, force=False)
            part.replace(final)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ArchcalcError(
            f"{visible(str(path))}: {error.strerror}", hint="--output names another file"
        ) from None


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
