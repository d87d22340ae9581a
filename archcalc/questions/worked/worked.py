"""A layer worked out on small values: what each window sees, what comes of it, and what a shift or a turn changes.

The values come from the op's own reference, `Op.forward`, in float64; which elements a window sees, from its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.analysis.run import Layer
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.op.op import extents_of
from archcalc.questions.worked.given import WEIGHT, check_single, input_array, tensors_of
from archcalc.questions.worked.steps import OutputStep, check_size, forward, sides_of, steps_of
from archcalc.sheet.grids import Grid
from archcalc.sheet.pages import Paged

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


class Turned(NamedTuple):
    """The convolution of mathematics: with the kernel turned by 180°."""

    weight: Grid
    steps: tuple[OutputStep, ...]
    output: Grid


class Shifted(NamedTuple):
    """The input moved by one element to the right, what comes of it, and how many outputs stay the same."""

    input: Grid
    output: Grid
    same: int


class WorkedFields(NamedTuple):
    """What a layer that is worked out consists of; arrays are tuples within tuples, without the batch."""

    report: Report
    row: Row
    gathers: str
    input: Grid
    padded: Grid
    weights: Mapping[str, Grid]
    without_bias: bool
    steps: tuple[OutputStep, ...]
    output: Grid
    turned: Turned | None
    shifted: Shifted | None


class Worked(WorkedFields, Paged):
    """A layer with its values, and how each output element comes about where it is made of what a window sees.

    `padded` is the input with its padding, None where the largest is sought; None as a whole without any.
    `without_bias` says that no bias was given, and that it is 0.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        layer = f"{visible(self.row.name)} of {visible(self.report.name)}"
        return f"<Worked of {layer}: {extents_of(self.row.output_shape)}>"


def work_out(
    report: Report, on: object, *, weights: object = None, bias: object = None, flip: bool = False
) -> Worked:
    """Work the only layer of a network out on values.

    Args:
        report: what `analyze` returned for one layer, such as "conv: {out: 1, kernel: 3}", and its input.
        on: the input's numbers as lists within lists, or as text; sizes of 1 may be left out.
        weights: likewise the numbers of the tensor `weight`; or of several tensors by their names.
        bias: a number for all filters, or one for each; 0 where it is left out.
        flip: work it out with the kernel turned by 180°, too.

    Raises:
        ArchcalcError: there are several layers, values do not suit their shapes, weights lack, or it is too much to show.
    """
    check_single(report.run.graph)
    layer = report.run.layers[1]
    if report.batch != 1:
        raise ArchcalcError(
            f"values are one sample, not a batch of {report.batch}", hint="leave the batch out"
        )
    check_size(layer)
    x = input_array(layer, on)
    tensors, without_bias = tensors_of(layer, weights, bias)
    if flip and (WEIGHT not in tensors or not layer.op.traits.slides or not layer.op.traits.gathers):
        raise ArchcalcError(f"{layer.op.kind} has no kernel that could be turned", hint="--flip is for conv")
    y = forward(layer, x, tensors)
    steps = tuple(steps_of(layer, x, tensors, y))
    gathers = layer.op.traits.gathers if steps else ""
    return Worked(
        report=report,
        row=report.rows[1],
        gathers=gathers,
        input=_grid(x[0]),
        padded=_padded(layer, x),
        weights={name: _grid(tensor) for name, tensor in tensors.items()},
        without_bias=without_bias,
        steps=steps,
        output=_grid(y[0]),
        turned=_turned(layer, x, tensors) if flip else None,
        shifted=_shifted(layer, x, y) if gathers in ("largest", "mean") else None,
    )


def _grid(array: Array) -> Grid:
    """Return an array as tuples within tuples, None for what is infinitely small."""

    def held(numbers: object) -> Grid:
        if isinstance(numbers, list):
            return tuple(map(held, numbers))
        number = float(numbers)  # type: ignore[arg-type]  # what no list is in an array is a number
        return None if number == -inf else number

    return held(array.tolist())


def _padded(layer: Layer, x: Array) -> Grid:
    """Return the input with what windows see around it; None where that is nothing."""
    from archcalc.arrays.kernels import pad

    sides = sides_of(layer)
    if not any(map(any, sides)):
        return None
    return _grid(pad(x, sides, -inf if layer.op.traits.gathers == "largest" else 0.0)[0])


def _turned(layer: Layer, x: Array, tensors: Mapping[str, Array]) -> Turned:
    """Work a layer out with its kernel turned."""
    from archcalc.arrays.kernels import last_axes

    turned = tensors[WEIGHT][last_axes(*[slice(None, None, -1)] * (x.ndim - 2))]
    other = {**tensors, WEIGHT: turned}
    y = forward(layer, x, other)
    return Turned(_grid(turned), tuple(steps_of(layer, x, other, y)), _grid(y[0]))


def _shifted(layer: Layer, x: Array, y: Array) -> Shifted:
    """Work a layer out on its input moved to the right along the last axis; a zero enters each row at the left."""
    from archcalc.arrays.kernels import last_axes, pad

    moved = pad(x, [(1, 0)])[last_axes(slice(0, x.shape[-1]))]
    other = forward(layer, moved, {})
    return Shifted(_grid(moved[0]), _grid(other[0]), int((other == y).sum()))
