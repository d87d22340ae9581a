"""Pooling of the whole input, and to a size whatever the input."""

from __future__ import annotations

from math import gcd, prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.arithmetic.window import Division
from archcalc.op.keeps import INPUT, SHAPE_ALONE, Backward, Cast, Device, Keeps, Saved
from archcalc.op.op import Op, Work, op, per_axis
from archcalc.op.settings import size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import check_axes
from archcalc.ops.windows.pool import cast_of_pools
from archcalc.ops.windows.sliding import TO_LARGEST, check_spatial

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


class Global(Op):
    """Base of the ops that see each map whole."""

    def cast(self, at: Site, device: Device) -> Cast:
        return cast_of_pools(at, device)

    def check(self, at: Spot) -> None:
        check_spatial(at.x)

    def output(self, at: Site) -> Shape:
        return (*at.x[:2], *(1 for _ in at.x[2:]))

    def field(self, at: Site) -> Field:
        return "whole"


@op("global_avgpool", also="gap globalaveragepool globalaveragepooling", example=("1024x7x7", {}))
class GlobalAvgPool(Global):
    """Average each map to one number, in place of a fully connected layer: no weights.

    (N, C, *I) -> (N, C, 1, …)

    Source: Lin, Chen & Yan 2013, "Network in network".
    """

    runs_as = "mean"
    traits = Traits(gathers="mean")

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.x) - prod(at.y), divisions=prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def forward(self, x: Array) -> Array:
        y: Array = x.mean(axis=tuple(range(2, x.ndim)), keepdims=True)
        return y


@op("global_maxpool", also="globalmaxpooling gmp", example=("64x7x7", {}))
class GlobalMaxPool(Global):
    """Keep the largest element of each map.

    (N, C, *I) -> (N, C, 1, …)
    """

    runs_as = "mean"
    traits = Traits(gathers="largest")

    def work(self, at: Site) -> Work:
        return Work(comparisons=prod(at.x) - prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(INPUT, Saved("indices", at.y, TO_LARGEST), why=SHAPE_ALONE)

    def forward(self, x: Array) -> Array:
        y: Array = x.max(axis=tuple(range(2, x.ndim)), keepdims=True)
        return y


class Adaptive(Op):
    """Base of the pools that are told their output size.

    On an axis of length n, output i of o sees the inputs from ⌊i·n/o⌋ up to ⌈(i + 1)·n/o⌉: a window of n/o
    where o divides n. Where it does not the windows differ in size, and the field is the largest.
    """

    size: tuple[int, ...] = size("O", "output size")

    def cast(self, at: Site, device: Device) -> Cast:
        return cast_of_pools(at, device)

    def check(self, at: Spot) -> None:
        check_axes("size", self.size, check_spatial(at.x))

    def output(self, at: Site) -> Shape:
        return (*at.x[:2], *per_axis(self.size, at.x[2:]))

    def field(self, at: Site) -> Field:
        sizes = list(zip(at.x[2:], per_axis(self.size, at.x[2:]), strict=True))
        return "whole" if all(o == 1 for _, o in sizes) else tuple(Division(n, o) for n, o in sizes)

    def read(self, y: Shape, x: Shape) -> Number:
        """Return how many elements all windows hold together.

        Neighbouring windows share an element wherever i·n/o is no whole number, which happens
        o - gcd(n, o) times, so an axis holds n + o - gcd(n, o) of them.
        """
        return prod(y[:2]) * prod(n + o - gcd(int(n), int(o)) for n, o in zip(x[2:], y[2:], strict=True))


@op(
    "adaptive_avgpool",
    also="adaptiveaveragepool adaptiveaveragepooling",
    main="size",
    example=("256x6x6", {"size": 6}),
)
class AdaptiveAvgPool(Adaptive):
    """Average over as many windows as the output is to have, whatever the input's size.

    (N, C, *I) -> (N, C, *O)

    Source: torch.nn.AdaptiveAvgPool2d.
    """

    runs_as = "mean"
    traits = Traits(gathers="mean")

    def work(self, at: Site) -> Work:
        return Work(additions=self.read(at.y, at.x) - prod(at.y), divisions=prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps() if all(size == 1 for size in at.y[2:]) else Keeps(INPUT, why=SHAPE_ALONE)

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import reduce_bins

        return reduce_bins(x, per_axis(self.size, x.shape[2:]), "mean")


@op("adaptive_maxpool", main="size", example=("256x13x13", {"size": 6}))
class AdaptiveMaxPool(Adaptive):
    """Keep the largest of as many windows as the output is to have, whatever the input's size.

    (N, C, *I) -> (N, C, *O)

    Source: torch.nn.AdaptiveMaxPool2d.
    """

    runs_as = "mean"
    traits = Traits(gathers="largest")

    def work(self, at: Site) -> Work:
        return Work(comparisons=self.read(at.y, at.x) - prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(INPUT, Saved("indices", at.y, TO_LARGEST), why=SHAPE_ALONE)

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import reduce_bins

        return reduce_bins(x, per_axis(self.size, x.shape[2:]), "max")
