"""Softmax and its logarithm: the numbers along an axis against each other, the channels of a position unless told."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.op.keeps import OUTPUT, AttentionPart, Backward, Device, Keeps
from archcalc.op.kernels import Kernels, pass_over
from archcalc.op.op import Op, Work, add_up, op
from archcalc.op.settings import axis
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import across, check_axis, others, place

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


class OverAxis(Op):
    """Base of the ops that look at all numbers along an axis together."""

    traits = Traits(least_axes=1)

    axis: int = axis("the axis whose numbers add up to 1", default=1)

    def check(self, at: Spot) -> None:
        check_axis(self.axis, len(at.x))

    def field(self, at: Site) -> Field:
        return across(at.x, (self.axis,))

    def rows(self, x: Shape) -> Number:
        """Return how many sets of numbers add up to 1."""
        return prod(others(x, self.axis))

    def shared(self, x: Shape) -> Work:
        """Return the work of what both have: the largest found and subtracted, the exponentials and their sum."""
        size, rows = prod(x), self.rows(x)
        return Work(comparisons=size - rows, additions=2 * size - rows, exponentials=size)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(OUTPUT, why="the gradient of the input, worked out from the output y")

    def widens(self, at: Site, device: Device) -> bool:
        return device == "cuda"

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("rows", at, self.rows(at.x)),)


@op("softmax", example=("1000", {}))
class Softmax(OverAxis):
    """Turn the channels at each position into shares that add up to 1: eˣ/Σeˣ.

    (N, C, *I) -> (N, C, *I)

    The largest element is subtracted first, as every implementation does. `axis: -1` takes the last axis,
    as attention does. Source: torch.nn.Softmax.
    """

    def work(self, at: Site) -> Work:
        return add_up([self.shared(at.x), Work(divisions=prod(at.x))])

    def attends(self, at: Site) -> AttentionPart | None:
        return "shares" if place(self.axis, len(at.x)) == len(at.x) - 1 else None

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import exp

        powers = exp(x - x.max(axis=self.axis, keepdims=True))
        y: Array = powers / powers.sum(axis=self.axis, keepdims=True)
        return y


@op("log_softmax", example=("1000", {}))
class LogSoftmax(OverAxis):
    """The logarithm of softmax: x - log Σeˣ.

    (N, C, *I) -> (N, C, *I)

    The largest element is subtracted first, as every implementation does. Source: torch.nn.LogSoftmax.
    """

    def work(self, at: Site) -> Work:
        return add_up([self.shared(at.x), Work(additions=prod(at.x), exponentials=self.rows(at.x))])

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import exp, log

        lowered = x - x.max(axis=self.axis, keepdims=True)
        y: Array = lowered - log(exp(lowered).sum(axis=self.axis, keepdims=True))
        return y
