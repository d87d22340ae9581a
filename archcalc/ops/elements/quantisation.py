"""Ops that turn numbers into few integers and back, with scales that are set and not learnt."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcalc.op.op import Op, Weights, Work, op
from archcalc.op.settings import axis, number
from archcalc.op.site import Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import check_axis
from archcalc.ops.elements.pointwise import times

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


class Quantised(Op):
    """Base of both: one scale and one zero point for the whole tensor, or one of each along an axis."""

    traits = Traits(least_axes=1)

    axis: int | None = axis("the axis that has a scale each; one scale for all unless told", default=None)

    def check(self, at: Spot) -> None:
        if self.axis is not None:
            check_axis(self.axis, len(at.x))

    def fixed(self, at: Site) -> Weights:
        scales = 1 if self.axis is None else at.x[self.axis]
        return {"scale": (scales,), "zero_point": (scales,)}

    def spread(self, values: Array, rank: int) -> Array:
        """Return scales or zero points in a shape that stretches over tensors of `rank` axes."""
        from archcalc.arrays.tensors import along

        return values if self.axis is None else along(values, self.axis, rank)


@op("quantize", main="axis", example=("64x8x8", {}))
class Quantize(Quantised):
    """Turn each number into one of few integers: x/scale rounded, plus the zero point, within bounds.

    (N, *A) -> (N, *A)

    Rounding and the two bounds are a comparison each. Source: Jacob et al. 2018; ONNX QuantizeLinear.
    """

    low: float = number("", "the least integer", default=-128)
    high: float = number("", "the greatest integer", default=127)

    def work(self, at: Site) -> Work:
        return times(prod(at.x), Work(divisions=1, additions=1, comparisons=3))

    def forward(self, x: Array, scale: Array, zero_point: Array) -> Array:
        from archcalc.arrays.kernels import clip

        rounded = (x / self.spread(scale, x.ndim)).round()
        return clip(rounded + self.spread(zero_point, x.ndim), self.low, self.high)


@op("dequantize", main="axis", example=("64x8x8", {}))
class Dequantize(Quantised):
    """Turn integers back into numbers: (x - zero point)·scale.

    (N, *A) -> (N, *A)

    Source: Jacob et al. 2018; ONNX DequantizeLinear.
    """

    def work(self, at: Site) -> Work:
        return times(prod(at.x), Work(additions=1, multiplications=1))

    def forward(self, x: Array, scale: Array, zero_point: Array) -> Array:
        return (x - self.spread(zero_point, x.ndim)) * self.spread(scale, x.ndim)
