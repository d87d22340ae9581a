"""Ops that move, add or drop elements and learn nothing."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Literal, Self

from archcalc.errors import ArchcalcError
from archcalc.op import Field, Op, Shape, Work, check_axes, extents_of, op, per_axis
from archcalc.ops.sliding import check_spatial
from archcalc.settings import choice, number, padding, size
from archcalc.window import Spread, Window

if TYPE_CHECKING:
    from archcalc.kernels import Array


@op("input", main="shape", example=((), {"shape": "3x224x224"}))
class Input(Op):
    """Where data enters the network; a spec's `input:` stands for it.

    () -> (N, C, *I)
    """

    inputs = (0, 0)
    stores = False

    shape: tuple[int, ...] = size("", "shape without the batch")
    batch: int = 1

    def stated(self) -> dict[str, Any]:
        """Return nothing: the output shape says it all."""
        return {}

    def fed(self, shape: Shape | None, batch: int) -> Self:
        return self.replace(shape=shape or self.shape, batch=batch)

    def output(self) -> Shape:
        return (self.batch, *self.shape)


@op("flatten", example=("256x6x6", {}))
class Flatten(Op):
    """Lay all numbers of a sample in one row.

    (N, C, *I) -> (N, C·I)
    """

    stores = False

    def output(self, x: Shape) -> Shape:
        return (x[0], prod(x[1:]))

    def forward(self, x: Array) -> Array:
        return x.reshape(len(x), -1)


@op("reshape", main="shape", example=("256x6x6", {"shape": [9216]}))
class Reshape(Op):
    """Give the numbers of a sample another shape.

    (N, *A) -> (N, *B)   with as many numbers in B as in A

    A 0 in the shape stands for whatever is left over.
    """

    stores = False

    shape: tuple[int, ...] = size("", "the new shape without the batch; 0 for what is left over", least=0)

    def check(self, x: Shape) -> None:
        given, size = prod(extent for extent in self.shape if extent), prod(x[1:])
        blanks = self.shape.count(0)
        if blanks > 1:
            raise ArchcalcError("only one size can be left over (0)", setting="shape")
        if size % given or (not blanks and size != given):
            raise ArchcalcError(
                f"{extents_of(x)} has {size} numbers, which do not fill {'x'.join(map(str, self.shape))}",
                setting="shape",
            )

    def output(self, x: Shape) -> Shape:
        rest = prod(x[1:]) // prod(extent for extent in self.shape if extent)
        return (x[0], *(extent or rest for extent in self.shape))

    def forward(self, x: Array) -> Array:
        return x.reshape(len(x), *(extent or -1 for extent in self.shape))

    def field(self, x: Shape) -> Field:
        return "whole"


@op("permute", main="order", example=("3x32x16", {"order": [1, 2, 0]}))
class Permute(Op):
    """Put the axes of a sample in another order.

    (N, *A) -> (N, *B)   with B[i] = A[order[i]]; axis 0 is the channels
    """

    order: tuple[int, ...] = size(
        "", "the old axis for each new one, counted from 0 without the batch", least=0
    )

    def check(self, x: Shape) -> None:
        if sorted(self.order) != list(range(len(x) - 1)):
            raise ArchcalcError(
                f"order must name each of the axes 0 to {len(x) - 2} once, not {list(self.order)}",
                setting="order",
            )

    def output(self, x: Shape) -> Shape:
        return (x[0], *(x[1 + axis] for axis in self.order))

    def forward(self, x: Array) -> Array:
        return x.transpose(0, *(1 + axis for axis in self.order)).copy()

    def field(self, x: Shape) -> Field:
        return "pointwise" if list(self.order) == sorted(self.order) else "whole"


@op("pad", main="amount", example=("3x30x30", {"amount": 1}))
class Pad(Op):
    """Add elements around the spatial axes, and maps before and after the others.

    (N, C, *I) -> (N, M, *O)   with O = I + before + after, and M likewise

    Maps of zeros let an identity shortcut widen without weights (He et al. 2015, option A).
    """

    amount: tuple[tuple[int, int], ...] = padding("p", "elements added at each side", default=0)
    channels: tuple[tuple[int, int], ...] = padding(
        "c", "maps added at each side: a number, or a pair [[before, after]]", default=0
    )
    value: float = number("", "what they hold", default=0.0)

    def check(self, x: Shape) -> None:
        check_axes("amount", self.amount, check_spatial(x))
        if len(self.channels) != 1:
            raise ArchcalcError("'channels' takes one number or one pair", setting="channels")

    def output(self, x: Shape) -> Shape:
        sides = per_axis(self.amount, x[2:])
        ((before, after),) = self.channels
        padded = (i + (a + b) for i, (a, b) in zip(x[2:], sides, strict=True))
        return (x[0], x[1] + (before + after), *padded)

    def field(self, x: Shape) -> Field:
        return tuple(Window(1, 1, before, after) for before, after in per_axis(self.amount, x[2:]))

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import padded

        return padded(x, (*self.channels, *per_axis(self.amount, x.shape[2:])), self.value).copy()


@op("crop", main="amount", example=("3x32x32", {"amount": 2}))
class Crop(Op):
    """Cut elements off the spatial axes.

    (N, C, *I) -> (N, C, *O)   with O = I - before - after
    """

    amount: tuple[tuple[int, int], ...] = padding("c", "elements cut at each side", default=1)

    def check(self, x: Shape) -> None:
        check_axes("amount", self.amount, check_spatial(x))
        if min(self.output(x)[2:]) < 1:
            raise ArchcalcError("cuts the whole input away", setting="amount")

    def output(self, x: Shape) -> Shape:
        sides = per_axis(self.amount, x[2:])
        return (*x[:2], *(i - (a + b) for i, (a, b) in zip(x[2:], sides, strict=True)))

    def field(self, x: Shape) -> Field:
        return tuple(Window(1, 1, -before, -after) for before, after in per_axis(self.amount, x[2:]))

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import trimmed

        return trimmed(x, per_axis(self.amount, x.shape[2:]))


@op("upsample", main="scale", example=("16x8x8", {"scale": 2}))
class Upsample(Op):
    """Enlarge the spatial axes by whole factors.

    (N, C, *I) -> (N, C, *O)   with O = scale·I

    `nearest` copies; `linear` weighs the 2ᵈ nearest elements of d axes: 2ᵈ multiplications and
    2ᵈ - 1 additions an output element. Source: torch.nn.Upsample.
    """

    scale: tuple[int, ...] = size("s", "factor")
    mode: Literal["nearest", "linear"] = choice(
        ("nearest", "linear"), "how new elements are made", default="nearest"
    )

    def check(self, x: Shape) -> None:
        check_axes("scale", self.scale, check_spatial(x))

    def output(self, x: Shape) -> Shape:
        factors = per_axis(self.scale, x[2:])
        return (*x[:2], *(factor * i for factor, i in zip(factors, x[2:], strict=True)))

    def field(self, x: Shape) -> Field:
        neighbours = 1 if self.mode == "nearest" else 2
        return tuple(
            Spread(neighbours * factor, factor, (neighbours - 1) * factor // 2)
            for factor in per_axis(self.scale, x[2:])
        )

    def work(self, y: Shape, x: Shape) -> Work:
        if self.mode == "nearest":
            return Work()
        corners = 2 ** len(x[2:])
        return Work(multiplications=corners * prod(y), additions=(corners - 1) * prod(y))

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import enlarged

        return enlarged(x, per_axis(self.scale, x.shape[2:]), linear=self.mode == "linear")
