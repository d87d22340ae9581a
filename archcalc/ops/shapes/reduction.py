"""Ops that make one number of many along some axes, or add up as they go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.op.keeps import INPUT, OUTPUT, Backward, Cast, Device, Keeps, gradient_of
from archcalc.op.kernels import Kernels, pass_over
from archcalc.op.op import Op, Work, op
from archcalc.op.settings import axes, axis, choice, flag
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import across, check_axis, check_each, others, places, remaining

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array

REDUCTIONS: dict[str, Callable[[Number, Number], Work]] = {
    "mean": lambda n, g: Work(additions=n - g, divisions=g),
    "sum": lambda n, g: Work(additions=n - g),
    "max": lambda n, g: Work(comparisons=n - g),
    "min": lambda n, g: Work(comparisons=n - g),
    "prod": lambda n, g: Work(multiplications=n - g),
    "norm1": lambda n, g: Work(comparisons=n, additions=n - g),
    "norm2": lambda n, g: Work(multiplications=n, additions=n - g, exponentials=g),
    "sum_squares": lambda n, g: Work(multiplications=n, additions=n - g),
    "log_sum_exp": lambda n, g: Work(comparisons=n - g, additions=2 * n, exponentials=n + g),
}
"""The work of making one number of each of g groups, n numbers in all."""


def reduce(x: Shape, axes: tuple[int, ...], *, keep: bool) -> Shape:
    """Return a shape in which some axes are gone, or have size 1."""
    gone = places(axes, len(x))
    if keep:
        return tuple(1 if axis in gone else size for axis, size in enumerate(x))
    return remaining(size for axis, size in enumerate(x) if axis not in gone)


@op("reduce", also="mean reducemean reducesum", main="axes", example=("64x8x8", {"axes": [2, 3]}))
class Reduce(Op):
    """Make one number of all along some axes: their mean, their sum, the largest, a norm.

    (N, *A) -> (N, *B)   with B = A without the axes, or with 1 in their place

    The sum of squares is a dot product of a vector with itself, and the 2-norm its root. log Σeˣ subtracts the
    largest first. A mean over all spatial axes that keeps them is `global_avgpool`. Source: torch.mean and
    its kin; ONNX ReduceMean and its kin.
    """

    runs_as = "mean"
    traits = Traits(least_axes=1)

    axes: tuple[int, ...] = axes("which axes, the batch being axis 0; negative ones count from the end")
    by: str = choice(tuple(REDUCTIONS), "what is made of them", default="mean")
    keep: bool = flag("keep the axes, with size 1", default=False)

    def check(self, at: Spot) -> None:
        check_each(self.axes, len(at.x))

    def output(self, at: Site) -> Shape:
        return reduce(at.x, self.axes, keep=self.keep)

    def field(self, at: Site) -> Field:
        return across(at.x, self.axes, keep=self.keep)

    def work(self, at: Site) -> Work:
        return REDUCTIONS[self.by](prod(at.x), prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        if self.by in ("mean", "sum"):
            return Keeps()
        why = gradient_of("the input")
        return Keeps(INPUT, why=why) if self.by in ("norm1", "sum_squares") else Keeps(INPUT, OUTPUT, why=why)

    def passes(self, at: Site, number: int) -> bool:
        return self.by == "sum"  # stretched along the axes, in the same memory

    def cast(self, at: Site, device: Device) -> Cast:
        inside = ("prod",) if device == "cpu" else ("sum_squares", "log_sum_exp")
        return "float32" if self.by in inside else "as comes"

    def widens(self, at: Site, device: Device) -> bool:
        return device == "cuda" and self.by in ("sum", "prod", "norm1", "norm2")

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import REDUCTIONS as FUNCTIONS

        return FUNCTIONS[self.by](x, places(self.axes, x.ndim)).reshape(self.output_sizes(x.shape))


@op("argmax", main="axis", example=("21x8x8", {"axis": 1}))
class ArgMax(Op):
    """Say where along an axis the largest number is, or the smallest.

    (N, *A) -> (N, *B)   with B = A without the axis, or with 1 in its place

    Source: torch.argmax; ONNX ArgMax, ArgMin.
    """

    traits = Traits(least_axes=1)

    axis: int = axis("the axis, the batch being axis 0; negative ones count from the end", default=1)
    by: str = choice(("max", "min"), "whether the largest or the smallest is looked for", default="max")
    keep: bool = flag("keep the axis, with size 1", default=False)

    @property
    def differentiable(self) -> bool:
        return False

    @property
    def scrambles(self) -> bool:
        return True

    def check(self, at: Spot) -> None:
        check_axis(self.axis, len(at.x))

    def output(self, at: Site) -> Shape:
        return reduce(at.x, (self.axis,), keep=self.keep)

    def field(self, at: Site) -> Field:
        return across(at.x, (self.axis,), keep=self.keep)

    def work(self, at: Site) -> Work:
        return Work(comparisons=prod(at.x) - prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def widens(self, at: Site, device: Device) -> bool:
        return True  # a place, which a program turns into a float32 number

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("rows", at, prod(at.y)),)

    def forward(self, x: Array) -> Array:
        index = (x if self.by == "max" else -x).argmax(axis=self.axis)
        y: Array = index.astype(x.dtype).reshape(self.output_sizes(x.shape))
        return y


@op("cumsum", main="axis", example=("16x8", {"axis": 1}))
class CumSum(Op):
    """Add up along an axis, and say the sum so far at each position.

    (N, *A) -> (N, *A)

    Source: torch.cumsum, ONNX CumSum.
    """

    traits = Traits(least_axes=1)

    axis: int = axis("the axis, the batch being axis 0; negative ones count from the end")

    def check(self, at: Spot) -> None:
        check_axis(self.axis, len(at.x))

    def field(self, at: Site) -> Field:
        return across(at.x, (self.axis,))

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.x) - prod(reduce(at.x, (self.axis,), keep=False)))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def widens(self, at: Site, device: Device) -> bool:
        return device == "cuda"

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("rows", at, prod(others(at.x, self.axis))),)

    def forward(self, x: Array) -> Array:
        return x.cumsum(axis=self.axis, dtype=x.dtype)
