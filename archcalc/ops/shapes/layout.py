"""Ops that move, add or drop elements and learn nothing."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Literal

from archcalc.arithmetic.sight import Field, Kept, Regrouped
from archcalc.arithmetic.window import Window
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import INPUT, SHAPE_ALONE, Backward, Cast, Device, Keeps, regroup
from archcalc.op.op import Op, op, per_axis
from archcalc.op.setting import idle, mending, only
from archcalc.op.settings import choice, number, padding, size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import check_axes
from archcalc.ops.windows.sliding import check_spatial

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("flatten", example=("256x6x6", {}))
class Flatten(Op):
    """Lay all numbers of a sample in one row.

    (N, C, *I) -> (N, C·I)
    """

    runs_as = "copy"
    traits = Traits(storage="view", least_axes=1)

    def output(self, at: Site) -> Shape:
        return (at.x[0], prod(at.x[1:]))

    def field(self, at: Site) -> Field:
        return Regrouped(self.output(at))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def alias(self, at: Site, strides: Shape) -> Shape | None:
        return regroup(at.x, strides, at.y)

    def forward(self, x: Array) -> Array:
        return x.reshape(len(x), -1)


Covers = Literal["sample", "all"]


def covering() -> Covers:
    """Return the setting that says whether a shape or an order counts the batch."""
    setting: Covers = choice(
        ("sample", "all"), "whether it covers the axes of a sample, or all with the batch", default="sample"
    )
    return setting


@op("reshape", also="squeeze unsqueeze view", main="shape", example=("256x6x6", {"shape": [9216]}))
class Reshape(Op):
    """Give the numbers of a sample another shape.

    (N, *A) -> (N, *B)   with as many numbers in B as in A

    A 0 in the shape stands for whatever is left over. With `axes: all` the shape is that of the whole tensor,
    so that the batch may mix with other axes.
    """

    runs_as = "copy"
    traits = Traits(storage="view", least_axes=1)

    shape: tuple[int, ...] = mending(
        size("", "the new shape without the batch; 0 for what is left over", least=0),
        "0 stands for what is left over; the batch is not stated",
    )
    axes: Covers = covering()

    def check(self, at: Spot) -> None:
        given, size = prod(extent for extent in self.shape if extent), prod(self._covered(at.x))
        blanks = self.shape.count(0)
        if blanks > 1:
            raise ArchcalcError(
                "only one size can be left over (0)", setting="shape", hint="state all sizes but one"
            )
        if size % given or (not blanks and size != given):
            was = "x".join(map(str, self._covered(at.x)))
            raise ArchcalcError(
                f"{was} has {size} numbers, which do not fill {'x'.join(map(str, self.shape))}",
                setting="shape",
                hint=f"the sizes must multiply to {size}; a 0 stands for what is left over",
            )

    def _covered(self, x: Shape) -> Shape:
        return x if self.axes == "all" else x[1:]

    def output(self, at: Site) -> Shape:
        rest = prod(self._covered(at.x)) // prod(extent for extent in self.shape if extent)
        shape = tuple(extent or rest for extent in self.shape)
        return shape if self.axes == "all" else (at.x[0], *shape)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def alias(self, at: Site, strides: Shape) -> Shape | None:
        return regroup(at.x, strides, at.y)

    def forward(self, x: Array) -> Array:
        return x.reshape(self.output_sizes(x.shape))

    def field(self, at: Site) -> Field:
        return Regrouped(self.output(at))


@op("permute", also="transpose", main="order", example=("3x32x16", {"order": [1, 2, 0]}))
class Permute(Op):
    """Put the axes of a sample in another order.

    (N, *A) -> (N, *B)   with B[i] = A[order[i]]; axis 0 is the channels

    With `axes: all` the order is that of all axes, and axis 0 is the batch.
    """

    runs_as = "copy"
    traits = Traits(least_axes=1)

    order: tuple[int, ...] = size(
        "", "the old axis for each new one, counted from 0 without the batch", least=0
    )
    axes: Covers = covering()

    def whole_order(self) -> tuple[int, ...]:
        """Return the order of all axes, the batch among them."""
        return self.order if self.axes == "all" else (0, *(1 + axis for axis in self.order))

    def check(self, at: Spot) -> None:
        if sorted(self.whole_order()) != list(range(len(at.x))):
            last = len(at.x) - (1 if self.axes == "all" else 2)
            raise ArchcalcError(
                f"order must name each of the axes 0 to {last} once, not {list(self.order)}",
                setting="order",
                hint="axis 0 is the batch"
                if self.axes == "all"
                else "axis 0 is the channels; with axes: all it is the batch",
            )

    def output(self, at: Site) -> Shape:
        return tuple(at.x[axis] for axis in self.whole_order())

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def alias(self, at: Site, strides: Shape) -> Shape:
        return tuple(strides[axis] for axis in self.whole_order())

    def forward(self, x: Array) -> Array:
        return x.transpose(self.whole_order()).copy()

    def field(self, at: Site) -> Field:
        return Kept(self.whole_order())


@op(
    "pad",
    also="constantpad padding reflectionpad replicationpad zeropadding",
    main="amount",
    example=("3x30x30", {"amount": 1}),
)
class Pad(Op):
    """Add elements around the spatial axes, and maps before and after the others.

    (N, C, *I) -> (N, M, *O)   with O = I + before + after, and M likewise

    Maps of zeros let an identity shortcut widen without weights (He et al. 2015, option A). `reflect` mirrors
    the input at its first and last elements, `edge` repeats these, `wrap` goes on at the other end.
    Source: torch.nn.functional.pad, ONNX Pad.
    """

    runs_as = "copy"

    amount: tuple[tuple[int, int], ...] = padding("p", "elements added at each side", default=0)
    channels: tuple[tuple[int, int], ...] = padding(
        "c", "maps added at each side: a number, or a pair [[before, after]]", default=0
    )
    value: float = idle(
        only(number("", "what they hold", default=0.0), "mode", "constant"), "where nothing is added"
    )
    mode: Literal["constant", "reflect", "edge", "wrap"] = idle(
        choice(("constant", "reflect", "edge", "wrap"), "where they take it from", default="constant"),
        "where nothing is added",
    )

    def check(self, at: Spot) -> None:
        if any(map(any, self.amount)):
            check_spatial(at.x)
        check_axes("amount", self.amount, at.x[2:])
        if len(self.channels) != 1:
            raise ArchcalcError(
                "'channels' takes one number or one pair",
                setting="channels",
                hint="a pair stands in a list: channels: [[0, 1]]",
            )
        spare = {"reflect": 1, "wrap": 0}.get(self.mode)
        for extent, sides in zip(at.x[1:], self._sides(at.x), strict=True):
            if spare is not None and max(sides) > extent - spare:
                raise ArchcalcError(
                    f"{self.mode} has at most {extent - spare} elements for each side of {extent}, not {max(sides)}",
                    setting="mode",
                )

    def _sides(self, x: Shape) -> tuple[tuple[int, int], ...]:
        """Return what is added before and after on each axis but the batch."""
        return (*self.channels, *per_axis(self.amount, x[2:]))

    def output(self, at: Site) -> Shape:
        padded = (i + (a + b) for i, (a, b) in zip(at.x[1:], self._sides(at.x), strict=True))
        return (at.x[0], *padded)

    @property
    def scrambles(self) -> bool:
        """Whether what it adds is taken from elsewhere: a mark there is not where the window is."""
        return self.mode != "constant"

    def field(self, at: Site) -> Field:
        return tuple(Window(1, 1, before, after) for before, after in self._sides(at.x)[1:])

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(INPUT, why=SHAPE_ALONE) if self.mode in ("reflect", "edge") else Keeps()

    def cast(self, at: Site, device: Device) -> Cast:
        return "float32" if device == "cpu" and self.mode in ("reflect", "edge") else "as comes"

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import pad

        return pad(x, self._sides(x.shape), self.value, self.mode).copy()


@op("crop", also="cropping", main="amount", example=("3x32x32", {"amount": 2}))
class Crop(Op):
    """Cut elements off the spatial axes.

    (N, C, *I) -> (N, C, *O)   with O = I - before - after
    """

    runs_as = "copy"

    amount: tuple[tuple[int, int], ...] = padding("c", "elements cut at each side", default=1)

    def check(self, at: Spot) -> None:
        check_axes("amount", self.amount, check_spatial(at.x))
        if min(self.output(at)[2:]) < 1:
            raise ArchcalcError("cuts the whole input away", setting="amount")

    def output(self, at: Site) -> Shape:
        sides = per_axis(self.amount, at.x[2:])
        return (*at.x[:2], *(i - (a + b) for i, (a, b) in zip(at.x[2:], sides, strict=True)))

    def field(self, at: Site) -> Field:
        return tuple(Window(1, 1, -before, -after) for before, after in per_axis(self.amount, at.x[2:]))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def alias(self, at: Site, strides: Shape) -> Shape:
        return strides

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import trim

        return trim(x, per_axis(self.amount, x.shape[2:]))
