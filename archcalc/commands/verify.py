"""The command that runs a network and compares what happens with what was predicted."""

from __future__ import annotations

import sys

import click

import archcalc
from archcalc.cells import sized
from archcalc.commands.group import cli
from archcalc.commands.options import (
    analyzed,
    complete_layer,
    complete_model,
    emit,
    examples,
    format_option,
)

RUNS = 2
"""How often a layer runs: each half of the input is marked once."""


@cli.command(
    epilog=examples(
        "verify lenet5",
        "verify resnet18 --input 3x64x64",
        "verify alexnet --layer conv2 --format json",
    )
)
@click.argument("model", shell_complete=complete_model)
@click.option("--input", metavar="SHAPE", help="Another input, such as 3x64x64: a small one is fast.")
@click.option(
    "--layer",
    metavar="NAME",
    shell_complete=complete_layer,
    help="Compare this layer alone; those before it run, too.",
)
@click.option("--batch", type=int, default=1, metavar="N", help="Samples at once.  [default: 1]")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a parameter of the spec."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    show_default=True,
    help="Of the random input and weights.",
)
@format_option
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    model: str,
    form: str,
    input: str | None,
    layer: str | None,
    batch: int,
    settings: tuple[str, ...],
    seed: int,
) -> None:
    """Run a network on random numbers and compare what really happens with what was predicted.

    Every layer runs in NumPy, in float32. Compared are its output shape, the size of its weights, the
    multiplications really executed, the bytes really alive, and how far a mark on the input spreads:
    the receptive field, to within one stride. The exit status is 0 if all agree and 1 if not.
    """
    from archcalc.views.verification import verification

    network, report = analyzed(model, settings, input=input, batch=batch)
    names = [row.name for row in report.rows]
    steps = RUNS * (names.index(layer) + 1 if layer in names else len(names))
    if layer is None or layer in names:
        bound = sized(archcalc.memory_bound(report))
        click.echo(f"arrays take up to {bound}, beside Python and NumPy themselves", err=True)
    with click.progressbar(
        length=steps, label=report.name, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        found = archcalc.verify(network, report, layer=layer, seed=seed, progress=lambda _: bar.update(1))
    emit(verification(report, found, layer), form)
    ctx.exit(1 if found.disagreements else 0)
