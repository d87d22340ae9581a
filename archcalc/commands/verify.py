"""The command that runs a network and compares what happens with what was predicted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import click

import archcalc
from archcalc.commands.completions import complete_layer
from archcalc.commands.group import cli
from archcalc.commands.options import Options, analyze_model, examples, model_options
from archcalc.commands.output import emit, page_options
from archcalc.commands.values import Whole
from archcalc.ground.room import check_room, for_products
from archcalc.sheet.numbers import write_bytes

if TYPE_CHECKING:
    from archcalc.questions.verify.verify import Measured


@cli.command(
    epilog=examples(
        "verify lenet5",
        "verify resnet18 --input 3x64x64",
        "verify alexnet --layer conv2 --format json",
    )
)
@model_options
@click.option(
    "--layer",
    metavar="NAME",
    shell_complete=complete_layer,
    help="Compare this layer alone; those before it run, too.",
)
@click.option(
    "--seed",
    type=Whole(0),
    default=0,
    metavar="N",
    show_default=True,
    help="Of the random input and weights.",
)
@page_options
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    model: str,
    form: str,
    layer: str | None,
    seed: int,
    **options: Unpack[Options],
) -> None:
    """Run a network on random numbers and compare what really happens with what was predicted.

    Every layer runs in NumPy, in float32. Compared are its output shape, the size of its weights, the
    multiplications really executed, the bytes really alive, and which elements see a marked part of the
    input, which gives the receptive fields. The exit status is 0 if all agree and 1 if not.

    Of an ONNX file the values are compared, too, computed from its own weights: with those of ONNX Runtime,
    where it is installed.
    """
    from archcalc.formats.library import foreign
    from archcalc.questions.verify.verify import passes
    from archcalc.views.verification import verification

    report = analyze_model(model, **options)
    steps = 0
    if layer is None or any(row.name == layer for row in report.rows):
        steps = sum(each.layers for each in passes(report, layer))
        bound = archcalc.memory_bound(report)
        click.echo(f"arrays take up to {write_bytes(bound)}, beside Python and NumPy themselves", err=True)
        check_room(bound + for_products())
    with click.progressbar(
        length=steps, label=report.name, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        answer = archcalc.verify(report, layer=layer, seed=seed, progress=lambda _: bar.update(1))
    if foreign(model) and answer.complete:
        answer = answer._replace(comparisons=(*answer.comparisons, *_values(model, report, layer, seed)))
    emit(verification(report, answer, layer), form)
    ctx.exit(1 if answer.disagreements else 0)


def _values(model: str, report: archcalc.Report, layer: str | None, seed: int) -> Sequence[Measured]:
    """Return how the values of an ONNX file's layers compare with those of ONNX Runtime, if it is there."""
    from archcalc.formats.onnx.runtime import INSTALL, is_installed

    if not is_installed():
        click.echo(f"note: the values are not compared, which takes ONNX Runtime: {INSTALL}", err=True)
        return ()
    return [
        comparison
        for comparison in archcalc.compare_values(model, report, seed=seed)
        if layer in (None, comparison.layer)
    ]
