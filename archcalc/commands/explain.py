"""The commands that explain: explain, size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

import archcalc
from archcalc.arithmetic.window import ROUNDINGS, Rounding, Window
from archcalc.commands.completions import complete_layer, complete_model
from archcalc.commands.group import cli
from archcalc.commands.options import ModelOptions, analyze_model, examples, load_model, report_options
from archcalc.commands.output import emit, format_option
from archcalc.commands.values import Elements
from archcalc.commands.worked import ValueOptions, is_about_values, only_layer, page_on_values, value_options
from archcalc.network.network import is_inside

if TYPE_CHECKING:
    from archcalc.analysis.report import Report
    from archcalc.questions.explain import Explanation
    from archcalc.sheet.sheet import Sheet


@cli.command(
    epilog=examples(
        "explain alexnet conv1",
        "explain googlenet",
        "explain '(227 + 2*0 - 11)/4 + 1'",
        "explain 'conv: {out: 100, kernel: 5}' --input 3x300x300",
        "explain googlenet inception3a",
        "explain resnet50 conv2_x.bottleneck1.residual.conv2",
        "explain alexnet conv1 --input 3x224x224",
        "explain vgg16 fc6 --format latex",
        "explain 'conv: {out: 1, kernel: 2}' --on '[[1,2,3],[4,5,6],[7,8,9]]' --weights '[[1,0],[0,-1]]'",
        "explain 'maxpool: 2' --on '[[1,2,3,0],[0,1,2,3],[3,0,1,2],[2,3,0,1]]'",
        "explain 'conv: {out: 30, kernel: 5}' --input 3x7x7 --batch 10 --im2col",
    )
)
@report_options
@value_options
@click.argument("layer", required=False, shell_complete=complete_layer)
def explain(
    form: str,
    layer: str | None,
    on: str | None,
    weights: str | None,
    bias: str | None,
    flip: bool,
    im2col: bool,
    **options: Unpack[ModelOptions],
) -> None:
    """Explain where figures come from: of a whole network, of a block, or each figure of one LAYER.

    The derivation of a layer goes from symbols to numbers to the result, for its output size,
    parameters, work, memory, receptive field, and the matrix that im2col makes of its input. It is the
    layer's own arithmetic, replayed. Without a LAYER: what the network is made of, and where its
    parameters and its work sit. A sum in place of MODEL is worked out; a single layer written there is
    explained without naming it, and works on the values of --on, window by window.
    """
    from archcalc.formats.library import is_inline

    values = ValueOptions(on=on, weights=weights, bias=bias, flip=flip, im2col=im2col)
    if is_about_values(values):
        emit(page_on_values(layer, values, options), form)
        return
    if is_sum(options["model"]):
        from archcalc.formats.language.expressions import SIGNS, work_out
        from archcalc.views.sizes import sum_of

        emit(sum_of(options["model"], work_out(options["model"].translate(SIGNS))), form)
        return
    emit(_page(analyze_model(**options), layer, is_alone=is_inline(options["model"])), form)


def _page(report: Report, layer: str | None, *, is_alone: bool) -> Sheet:
    """Return the page of a network, a block or a layer; `is_alone` explains an only layer without its name."""
    from archcalc.views import explanation

    def explained(name: str) -> Explanation:
        return archcalc.explain(report, name)

    if layer is None and is_alone:
        layer = only_layer(report)
    if layer is None:
        from archcalc.questions.check import judge_expectations

        heavy = [
            explanation.Heavy(rows, explained(rows[0].name).derivations)
            for rows in explanation.heaviest(report)
        ]
        claims = [finding for finding in judge_expectations(report.run.network) if finding.claim is not None]
        return explanation.network(report, heavy, claims)
    layer = layer if layer in report.run.positions else layer.rstrip("./*… ")
    inside = [row.name for row in report.rows if is_inside(row.name, layer)]
    if inside:
        return explanation.block(layer, [explained(name) for name in inside], report)
    return explanation.layer(explained(layer))


NUMBERS = r"[0-9.,\s/-]*[0-9][.,\s]*[/-][0-9.,\s/-]*"
"""Numbers with signs between them that paths have, too."""


def is_sum(text: str) -> bool:
    """Tell whether a text was meant as arithmetic: it has signs that no name or path of a network has, or numbers alone."""
    from archcalc.formats.language.expressions import SIGNS
    from archcalc.formats.library import is_inline
    from archcalc.formats.registry import SUFFIXES

    if is_inline(text):
        return False
    text = text.translate(SIGNS)
    if Path(text).suffix.lower() in SUFFIXES:
        return False
    return bool(set(text) & set("+*()^%<>=!")) or bool(re.fullmatch(NUMBERS, text))


@cli.command(
    epilog=examples(
        "size 227 --kernel 11 --stride 4",
        "size 224 --kernel 11 --stride 4",
        "size 14 --kernel 5 --output 14",
        "size --kernel 11 --stride 4 --output 55",
        "size --network alexnet --smallest",
    )
)
@click.argument("size", type=Elements(), required=False)
@click.option("-k", "--kernel", type=Elements(), metavar="K", help="Window size.")
@click.option(
    "-s", "--stride", type=Elements(), metavar="S", default=1, help="Step of the window.  [default: 1]"
)
@click.option(
    "-p",
    "--padding",
    type=Elements(0),
    metavar="P",
    default=0,
    help="Elements added at each side.  [default: 0]",
)
@click.option(
    "-d",
    "--dilation",
    type=Elements(),
    metavar="D",
    default=1,
    help="Distance between window elements.  [default: 1]",
)
@click.option(
    "--rounding",
    type=click.Choice(ROUNDINGS[:2]),
    help="Where it does not fit evenly.  [default: floor, or what the network says]",
)
@click.option(
    "--output",
    type=Elements(),
    metavar="SIZE",
    help="Ask the other way round: which padding makes this of SIZE, or, without SIZE, which inputs give it.",
)
@click.option(
    "--network",
    metavar="MODEL",
    shell_complete=complete_model,
    help="Ask about all layers of a network, with --smallest.",
)
@click.option(
    "--smallest",
    is_flag=True,
    help="The smallest square input that the network takes, and the layer that fails below it.",
)
@format_option
def size(
    form: str,
    size: int | None,
    output: int | None,
    rounding: Rounding | None,
    network: str | None,
    smallest: bool,
    kernel: int | None,
    **window: int,
) -> None:
    """Work out one axis: the output size of a window, the padding that keeps it, the inputs that fit evenly.

    The rule is (H + 2P − FH)/S + 1 with input size H, padding P at each side, window FH and stride S; a
    dilation d widens the window to d(FH − 1) + 1.

    Of a network: the smallest square input that suits all layers. Every size from 1 is tried until one does.
    """
    if network is not None or smallest:
        windowed = (size, output, kernel) != (None, None, None) or window != NO_WINDOW
        if network is None or not smallest or windowed:
            raise click.UsageError("--network MODEL goes with --smallest, and with no window and no SIZE")
        _smallest(network, rounding, form)
    elif kernel is None:
        raise click.UsageError("Missing option '--kernel' / '-k'.")
    else:
        _one_axis(size, output, _window(kernel, **window), rounding or "floor", form)


NO_WINDOW = {"stride": 1, "padding": 0, "dilation": 1}
"""What the options of a window are where none is given."""


def _window(kernel: int, stride: int, padding: int, dilation: int) -> Window:
    return Window(kernel, stride, padding, padding, dilation)


def _smallest(model: str, rounding: Rounding | None, form: str) -> None:
    """Write the smallest input of a network."""
    from archcalc.questions.smallest import smallest_input
    from archcalc.views import sizes

    network = load_model(model, (), input=None, batch=None, dtype=None, rounding=rounding, train=False)
    emit(sizes.smallest(smallest_input(network, rounding=rounding)), form)


def _one_axis(size: int | None, output: int | None, window: Window, rounding: Rounding, form: str) -> None:
    """Write what comes out of a window, or the answer to the inverse question."""
    from archcalc.views import sizes

    if output is not None and size is not None and window.before:
        raise click.UsageError("--output with SIZE asks for the padding: leave out --padding")
    if output is not None:
        emit(sizes.backward(size, output, window, rounding), form)
    elif size is not None:
        emit(sizes.forward(size, window, rounding), form)
    else:
        raise click.UsageError("give SIZE, or --output, or both")
