"""Ops that repeat what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import Backward, Keeps
from archcalc.op.op import Op, op
from archcalc.op.settings import size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import (
    check_stretches,
    moving,
    stretch,
)

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("expand", main="shape", example=("8x1x1", {"shape": [1, 8, 4, 4]}))
class Expand(Op):
    """Repeat axes of size 1 until the tensor has a shape; a 1 in that shape leaves an axis as it is.

    (N, *A) -> (N, *B)

    Source: ONNX Expand, torch.Tensor.expand.
    """

    runs_as = "copy"
    traits = Traits(least_axes=1)

    shape: tuple[int, ...] = size("", "the new shape, the batch among it; 1 where an axis stays")

    def check(self, at: Spot) -> None:
        try:
            check_stretches(at.x, self.shape)
        except ArchcalcError:
            raise ArchcalcError(
                f"{'x'.join(map(str, at.x))} does not stretch to {'x'.join(map(str, self.shape))}",
                setting="shape",
                hint="only axes of size 1 stretch; both shapes count the batch",
            ) from None

    def output(self, at: Site) -> Shape:
        return stretch(at.x, self.shape)

    def field(self, at: Site) -> Field:
        return "pointwise" if self.output(at)[2:] == at.x[2:] else "whole"

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def alias(self, at: Site, strides: Shape) -> Shape:
        new = len(at.y) - len(at.x)
        kept = zip(at.x, at.y[new:], strides, strict=True)
        return (*(0 for _ in range(new)), *(stride if old == size else 0 for old, size, stride in kept))

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import broadcast_to

        return broadcast_to(x, self.output_sizes(x.shape)).copy()


@op("tile", main="repeats", example=("8x4x4", {"repeats": [1, 1, 2, 3]}))
class Tile(Op):
    """Lay the tensor behind itself, so many times along each axis.

    (N, *A) -> (N, *B)   with B = repeats·A

    Source: ONNX Tile, torch.tile.
    """

    runs_as = "copy"
    traits = Traits(least_axes=1)

    repeats: tuple[int, ...] = size("", "how many times along each axis, the batch among them")

    def check(self, at: Spot) -> None:
        if len(self.repeats) != len(at.x):
            raise ArchcalcError(
                f"'repeats' has {len(self.repeats)} numbers, but the input has {len(at.x)} axes with the batch",
                setting="repeats",
                hint="give one number for each axis, the batch first; 1 leaves an axis as it is",
            )

    def output(self, at: Site) -> Shape:
        return tuple(extent * times for extent, times in zip(at.x, self.repeats, strict=True))

    def field(self, at: Site) -> Field:
        return moving(at.x, *(axis for axis, times in enumerate(self.repeats) if times > 1))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import tile

        return tile(x, self.repeats)
