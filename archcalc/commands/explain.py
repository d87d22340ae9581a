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
from archcalc.commands.memory import MemoryOptions, read_step, step_options
from archcalc.commands.one_layer import complete_name, explain_time
from archcalc.commands.options import (
    ModelOptions,
    analyze_model,
    conditions_of,
    examples,
    load_model,
    report_options,
)
from archcalc.commands.output import emit, format_option
from archcalc.commands.placing import PlaceOptions, device_options
from archcalc.commands.values import Elements
from archcalc.commands.worked import ValueOptions, is_about_values, only_layer, page_on_values, value_options
from archcalc.network.network import is_inside

if TYPE_CHECKING:
    from archcalc.analysis.report import Report
    from archcalc.analysis.training.step import TrainingStep
    from archcalc.questions.explain import Explanation
    from archcalc.sheet.sheet import Sheet


class ExplainOptions(MemoryOptions, PlaceOptions):
    """A model, its conditions, how a step of training is done, and where the model runs."""


@cli.command(
    epilog=examples(
        "explain alexnet conv1",
        "explain googlenet",
        "explain '(227 + 2*0 - 11)/4 + 1'",
        "explain 'conv: {out: 100, kernel: 5}' --input 3x300x300",
        "explain googlenet inception3a",
        "explain resnet50 conv2_x.bottleneck1.residual.conv2",
        "explain alexnet conv1 --input 3x224x224",
        "explain resnet50 batchnorm1 --train --batch 64 --optimizer adam",
        "explain resnet50 conv1 --device h100 --batch 64 --dtype float16",
        "explain vgg16 fc6 --format latex",
        "explain 'conv: {out: 1, kernel: 2}' --on '[[1,2,3],[4,5,6],[7,8,9]]' --weights '[[1,0],[0,-1]]'",
        "explain 'maxpool: 2' --on '[[1,2,3,0],[0,1,2,3],[3,0,1,2],[2,3,0,1]]'",
        "explain 'conv: {out: 30, kernel: 5}' --input 3x7x7 --batch 10 --im2col",
    )
)
@report_options
@value_options
@device_options
@step_options
@click.argument("layer", required=False, shell_complete=complete_layer)
def explain(
    form: str,
    layer: str | None,
    on: str | None,
    weights: str | None,
    bias: str | None,
    flip: bool,
    im2col: bool,
    **options: Unpack[ExplainOptions],
) -> None:
    """Explain where figures come from: of a whole network, of a block, or each figure of one LAYER.

    The derivation of a layer goes from symbols to numbers to the result, for its output size,
    parameters, work, memory, receptive field, and the matrix that im2col makes of its input. It is the
    layer's own arithmetic, replayed. Without a LAYER: what the network is made of, and where its
    parameters and its work sit. A sum in place of MODEL is worked out; a single layer written there is
    explained without naming it, and works on the values of --on, window by window.

    With --train or an option of a step: what becomes of each tensor of a LAYER in a step of training, who keeps it
    until when and what for, or why nobody does, and its bytes.

    With --device: how long a LAYER takes there and why, step by step, and where each constant comes from.
    """
    step = read_step(options)
    model: ModelOptions = {
        "model": options["model"],
        "settings": options["settings"],
        **conditions_of(options),
    }
    values = ValueOptions(on=on, weights=weights, bias=bias, flip=flip, im2col=im2col)
    place = PlaceOptions(device=options["device"], mode=options["mode"])
    if is_about_values(values):
        _check_alone(step, place, model)
        sheet = page_on_values(layer, values, model)
    elif any(place.values()):
        sheet = explain_time(model, layer, place, step)
    elif is_sum(model["model"]):
        from archcalc.formats.language.expressions import SIGNS, work_out
        from archcalc.views.sizes import sum_of

        sheet = sum_of(model["model"], work_out(model["model"].translate(SIGNS)))
    else:
        model["train"] = model["train"] or step is not None
        sheet = _explain(model, layer, step)
    emit(sheet, form)


def _check_alone(step: TrainingStep | None, place: PlaceOptions, model: ModelOptions) -> None:
    """Raise a fact where a page about values is asked of a step of training or of a device, too."""
    if step is not None or model["train"]:
        raise click.UsageError(
            "--on and --im2col show no step of training: leave out --train and its options"
        )
    if any(place.values()):
        raise click.UsageError("--on and --im2col show nothing of time: leave out --device and --mode")


IN_TRAINING = "--train tells of a step of training where a LAYER is named; of blocks, archcalc memory MODEL --train --per-layer does"
"""What a page says under --train that is about no layer."""


def _explain(model: ModelOptions, layer: str | None, step: TrainingStep | None) -> Sheet:
    """Return the page of a network, a block or a layer, in training that of a layer in a step of it."""
    from archcalc.formats.library import is_inline

    report = analyze_model(**model, step=step)
    if layer is None and is_inline(model["model"]):
        layer = only_layer(report)
    if layer is not None:
        layer = complete_name(layer, report)
    if model["train"] and layer is not None and layer in report.run.positions:
        from archcalc.views.step import of_layer

        return of_layer(archcalc.explain_step(report, layer))
    if step is not None:
        if layer is not None and not any(is_inside(row.name, layer) for row in report.rows):
            report.position(layer)  # which says that there is none
        raise click.UsageError(
            "the options of a step of training are about a LAYER: name one, or ask memory MODEL --train --per-layer"
        )
    page = _page(_with_heads_of(layer, report, model), layer)
    return page._replace(notes=(*page.notes, IN_TRAINING)) if model["train"] else page


def _with_heads_of(layer: str | None, report: Report, model: ModelOptions) -> Report:
    """Return a report, with the heads of training where a layer is in one of them: its figures are the same."""
    auxiliary = {node.name for node in report.run.network.nodes if node.auxiliary}
    whole: ModelOptions = {**model, "train": True}
    return analyze_model(**whole) if layer in auxiliary else report


def _page(report: Report, layer: str | None) -> Sheet:
    """Return the page of a network, a block or a layer."""
    from archcalc.views import explanation

    def explained(name: str) -> Explanation:
        return archcalc.explain(report, name)

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
