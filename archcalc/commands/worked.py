"""What explain does with values: the options --on, --weights, --bias, --flip, --im2col, and the pages that they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

import archcalc
from archcalc.commands.options import (
    ConditionOptions,
    ModelOptions,
    analyze_model,
    hold_to_account,
    load_model,
)
from archcalc.ground.errors import ArchcalcError, CallError

if TYPE_CHECKING:
    from click.decorators import FC

    from archcalc.analysis.report import Report
    from archcalc.sheet.sheet import Sheet


class ValueOptions(TypedDict):
    """The values that a layer is worked out on, as options state them, and how it is laid out."""

    on: str | None
    weights: str | None
    bias: str | None
    flip: bool
    im2col: bool


def value_options(command: FC) -> FC:
    """Add --on, --weights, --bias, --flip and --im2col."""
    for decorate in (
        click.option(
            "--im2col",
            is_flag=True,
            help="Lay the layer out as matrices, forward and backward; with --on, in numbers.",
        ),
        click.option(
            "--flip",
            is_flag=True,
            help="With --on: show the convolution with its kernel turned by 180°, too.",
        ),
        click.option("--bias", metavar="VALUES", help="With --on: a number, or one a filter.  [default: 0]"),
        click.option(
            "--weights",
            metavar="VALUES",
            help="With --on: the weights, filters x channels x window; sizes of 1 may be left out. "
            "Of layers with other tensors by name, as in '{running_mean: [0], running_var: [1]}'.",
        ),
        click.option(
            "--on",
            metavar="VALUES",
            help="Work the model's only layer out on these numbers, such as '[[1, 2], [3, 4]]': "
            "a matrix is one channel, a list of matrices are channels. In place of --input.",
        ),
    ):
        command = decorate(command)
    return command


def page_on_values(layer: str | None, values: ValueOptions, options: ModelOptions) -> Sheet:
    """Return the page of a layer on values, or as matrices.

    Raises:
        ArchcalcError: the model has several layers where one is needed, or values do not suit it.
    """
    on = values["on"]
    if on is None:
        return _as_matrices(layer, options)
    from archcalc.views.unfolded import unfolded
    from archcalc.views.worked import on_values

    report = _fed(on, **options) if options["input"] is None else analyze_model(**options)
    if layer is not None:
        report.position(layer)
    worked = archcalc.work_out(
        report, on, weights=values["weights"], bias=values["bias"], flip=values["flip"]
    )
    if not values["im2col"]:
        return on_values(worked)
    return unfolded(archcalc.unfold(report, worked.row.name, worked))


def only_layer(report: Report) -> str | None:
    """Return the name of a network's layer, where it has no other beside its inputs."""
    return report.rows[-1].name if len(report.rows) == len(report.inputs) + 1 else None


def _as_matrices(layer: str | None, options: ModelOptions) -> Sheet:
    """Return the page of a layer as the matrices of im2col, without values."""
    from archcalc.views.unfolded import unfolded

    report = analyze_model(**options)
    layer = layer or only_layer(report)
    if layer is None:
        raise ArchcalcError(
            f"--im2col lays one layer out, and {report.name} has {len(report.rows) - len(report.inputs)}",
            hint=f"name one: archcalc show {report.name} lists them",
        )
    return unfolded(archcalc.unfold(report, layer))


def _fed(on: str, model: str, settings: Sequence[str], **conditions: Unpack[ConditionOptions]) -> Report:
    """Load and analyze the model of one layer with the input that values stand for."""
    from archcalc.formats.language.values import read_values
    from archcalc.questions.worked.given import input_sizes

    try:
        network = load_model(model, settings, **conditions)
    except CallError:  # layers alone have no input but these values
        conditions["input"] = "x".join(map(str, read_values("on", on).shape)) or "1"
        network = load_model(model, settings, **conditions)
        conditions["input"] = input_sizes(network, on, None)
        return analyze_model(model, settings, **conditions)
    conditions["input"] = input_sizes(network, on, network.nodes[0].op.output_sizes()[1:])
    report = archcalc.analyze(network, **conditions)
    hold_to_account(report)
    return report


def is_about_values(values: ValueOptions) -> bool:
    """Tell whether a layer is to be worked out or laid out.

    Raises:
        UsageError: there is an option about values and there are none.
    """
    given = [name for name in ("weights", "bias", "flip") if values[name]]
    if given and values["on"] is None:
        raise click.UsageError(f"--{given[0]} is for values: give the input's with --on '[[1, 2], [3, 4]]'")
    return values["on"] is not None or values["im2col"]
