"""Windows as frameworks take them: padding that may differ from side to side, and what rounding up adds behind it."""

from __future__ import annotations

from typing import NamedTuple

from archcalc.arithmetic.window import Rounding, Window, output_size, same_padding, span
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Shape, Site, Sizes, sizes_of
from archcalc.ops.windows.sliding import Sliding

Sides = tuple[tuple[int, int], ...]
"""What is added before and after on each axis."""
MOST_AXES = 3
"""The most spatial axes that frameworks have layers for."""


class Windows(NamedTuple):
    """How a layer slides: its window on each axis, and the elements behind the padding that rounding up takes in."""

    axes: tuple[Window, ...]
    sizes: Sizes
    outputs: Sizes
    beyond: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.axes)

    @property
    def sides(self) -> Sides:
        """The padding before and after on each axis."""
        return tuple((int(w.before), int(w.after)) for w in self.axes)

    @property
    def reach(self) -> Sides:
        """The padding that makes the size without rounding up: what is beyond it counts, too."""
        return tuple(
            (before, after + more) for (before, after), more in zip(self.sides, self.beyond, strict=True)
        )

    @property
    def rounds_up(self) -> bool:
        """Whether a last window sticks out."""
        return any(self.beyond)

    @property
    def kernel(self) -> tuple[int, ...]:
        """The window's size on each axis."""
        return tuple(int(w.kernel) for w in self.axes)

    @property
    def stride(self) -> tuple[int, ...]:
        """The window's step on each axis."""
        return tuple(int(w.stride) for w in self.axes)

    @property
    def dilation(self) -> tuple[int, ...]:
        """The distance between elements of the window on each axis."""
        return tuple(int(w.dilation) for w in self.axes)

    @property
    def is_same(self) -> bool:
        """Whether the padding is what TensorFlow calls SAME."""
        return all(
            side == same_padding(size, w.kernel, w.stride, w.dilation)
            for size, w, side in zip(self.sizes, self.axes, self.reach, strict=True)
        )

    def fits(self, rounding: Rounding) -> bool:
        """Tell whether padding the input first and then sliding without padding gives the same size."""
        return self.outputs == tuple(
            output_size(size + w.before + w.after, w._replace(before=0, after=0), rounding)
            for size, w in zip(self.sizes, self.axes, strict=True)
        )


def windows(op: Sliding, at: Site) -> Windows:
    """Return how an op with a sliding window goes over its input to give its output."""
    axes, x, y = op.windows(at.x), sizes_of(at.x), sizes_of(at.y)
    beyond = tuple(
        max(0, int((o - 1) * w.stride + span(w.kernel, w.dilation) - (i + w.before + w.after)))
        for i, o, w in zip(x[2:], y[2:], axes, strict=True)
    )
    return Windows(axes, x[2:], y[2:], beyond)


def refuse_dilation(op: Sliding, at: Site) -> Windows:
    """Return how a pool goes over its input, or raise a fact where it has a dilation, for which frameworks have none."""
    slid = windows(op, at)
    if set(slid.dilation) != {1}:
        raise ArchcalcError("pools with a dilation, for which there is no layer")
    return slid


def rank_of(x: Shape) -> int:
    """Return the number of spatial axes, or raise a fact where frameworks have no layer for so many."""
    rank = len(x) - 2
    if not 1 <= rank <= MOST_AXES:
        raise ArchcalcError(f"works on {rank} spatial axes; there are layers for 1 to {MOST_AXES}")
    return rank


def is_even(sides: Sides) -> bool:
    """Tell whether as much is added before as after on each axis."""
    return all(before == after for before, after in sides)


def is_any(sides: Sides) -> bool:
    """Tell whether anything is added at all."""
    return any(map(any, sides))
