"""Ops that pick elements by their position, look them up by number, move them on, or repeat them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field, Kept
from archcalc.arithmetic.window import Window
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import INPUT, Backward, Device, Keeps, Saved, gradient_of
from archcalc.op.op import Op, Weights, op, per_axis
from archcalc.op.settings import axes, axis, count, size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import (
    check_axis,
    check_each,
    moving,
    others,
    place,
    places,
    remaining,
)

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("slice", main="axes", example=("8x16x16", {"axes": [2, 3], "starts": 1, "stops": [15, 12], "steps": 2}))
class Slice(Op):
    """Keep every `steps`-th position of some axes, from `starts` up to but not including `stops`.

    (N, *A) -> (N, *B)   with B = ⌈(stop - start)/step⌉

    `channels` and `crop` say it shorter for the channels and for the borders. Source: ONNX Slice.
    """

    runs_as = "copy"
    traits = Traits(least_axes=1)

    axes: tuple[int, ...] = axes("which axes, the batch being axis 0; negative ones count from the end")
    starts: tuple[int, ...] = size("", "first position, one for all axes or one an axis", default=0, least=0)
    stops: tuple[int, ...] | None = size(
        "", "the position after the last; all that follow unless told", default=None
    )
    steps: tuple[int, ...] = size("", "step from one position to the next", default=1)

    def _ranges(self, x: Shape) -> dict[int, tuple[Number, Number, Number]]:
        """Return where each axis that is cut starts and stops, and its step."""
        cut = places(self.axes, len(x))
        stops = tuple(x[axis] for axis in cut) if self.stops is None else per_axis(self.stops, cut)
        rest = zip(per_axis(self.starts, cut), stops, per_axis(self.steps, cut), strict=True)
        return dict(zip(cut, rest, strict=True))

    def check(self, at: Spot) -> None:
        check_each(self.axes, len(at.x))
        for name in ("starts", "stops", "steps"):
            values = getattr(self, name)
            if values is not None and len(values) not in (1, len(self.axes)):
                raise ArchcalcError(
                    f"'{name}' has {len(values)} numbers, but 'axes' has {len(self.axes)}",
                    setting=name,
                    hint="give one number for all axes, or one for each",
                )
        for number, (start, stop, _) in self._ranges(at.x).items():
            if not start < stop <= at.x[number]:
                raise ArchcalcError(
                    f"positions {start} to {stop} are not among the {at.x[number]} of axis {number}",
                    setting="starts" if self.stops is None else "stops",
                    hint=f"positions count from 0; a stop comes after its start and is at most {at.x[number]}",
                )

    def output(self, at: Site) -> Shape:
        ranges = self._ranges(at.x)
        return tuple(
            _count_kept(*ranges[axis]) if axis in ranges else extent for axis, extent in enumerate(at.x)
        )

    def field(self, at: Site) -> Field:
        ranges = self._ranges(at.x)
        if max(ranges) < 2:
            return moving(at.x, *ranges)
        cut = (ranges.get(axis, (0, extent, 1)) for axis, extent in enumerate(at.x))
        return tuple(Window(1, step, -start) for start, _, step in cut)[2:]

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def alias(self, at: Site, strides: Shape) -> Shape:
        steps = {axis: step for axis, (_, _, step) in self._ranges(at.x).items()}
        return tuple(stride * steps.get(axis, 1) for axis, stride in enumerate(strides))

    def forward(self, x: Array) -> Array:
        ranges = self._ranges(x.shape)
        return x[tuple(slice(*ranges.get(axis, (None,))) for axis in range(x.ndim))].copy()


def _count_kept(start: Number, stop: Number, step: Number) -> Number:
    """Return how many positions there are from `start` to before `stop`."""
    return stop - start if step == 1 else -(-(stop - start) // step)


@op("take", example=("197x768", {"axis": 1, "index": 0}))
class Take(Op):
    """Pick one position of an axis, which goes; or, with a second input, the positions whose numbers that holds.

    (N, *A) -> (N, *B)   without the axis, or with the axes of the second input in its place

    Source: torch.select, ONNX Gather.
    """

    runs_as = "copy"
    traits = Traits(takes=(1, 2), least_axes=1)

    axis: int = axis("the axis, the batch being axis 0; negative ones count from the end")
    index: int | None = count("", "the position, counted from 0", default=None, least=0)

    def check(self, at: Spot) -> None:
        check_axis(self.axis, len(at.x))
        if (self.index is None) == (len(at.xs) == 1):
            raise ArchcalcError(
                "takes either an index or a second input that holds indices",
                setting="index",
                hint="write index: 0 for the first position, or from: [LAYER, INDICES]",
            )
        if self.index is not None and self.index >= at.x[self.axis]:
            raise ArchcalcError(
                f"position {self.index} is not among the {at.x[self.axis]} of axis {self.axis}",
                setting="index",
                hint=f"positions go from 0 to {at.x[self.axis] - 1}",
            )

    def output(self, at: Site) -> Shape:
        x, *indices = at.xs
        axis = place(self.axis, len(x))
        return remaining((*x[:axis], *(indices[0] if indices else ()), *x[axis + 1 :]))

    def field(self, at: Site) -> Field:
        if len(at.xs) > 1:
            return "whole"
        gone = place(self.axis, len(at.x))
        return Kept(tuple(axis for axis in range(len(at.x)) if axis != gone))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        why = f"{gradient_of('the input')}, which goes where it was taken from"
        return Keeps(*(Saved("indices", indices, why) for indices in at.xs[1:] if step.needed[0]))

    def typed_by(self, at: Site, device: Device) -> Collection[int]:
        return (INPUT,)

    def alias(self, at: Site, strides: Shape) -> Shape | None:
        return None if self.index is None else others(strides, self.axis) or (1,)

    def forward(self, x: Array, indices: Array | None = None) -> Array:
        from archcalc.arrays.tensors import positions

        wanted = (self.index or 0) if indices is None else positions(indices, x.shape[self.axis])
        y: Array = x.take(wanted, axis=self.axis)
        return y if y.shape else y.reshape(1)


@op("embedding", also="embed wordembedding", example=("16", {"size": 100, "dim": 8}))
class Embedding(Op):
    """Look up a learnt vector of `dim` numbers for each of the input's numbers, which are words' indices.

    (N, *T) -> (N, *T, D)

    Looking up is no arithmetic. Source: torch.nn.Embedding.
    """

    runs_as = "copy"
    traits = Traits(least_axes=1)

    size: int = count("V", "how many vectors there are: the vocabulary")
    dim: int = count("D", "how long a vector is")

    def output(self, at: Site) -> Shape:
        return (*at.x, self.dim)

    def weights(self, at: Site) -> Weights:
        return {"weight": (self.size, self.dim)}

    def field(self, at: Site) -> Field:
        return "whole"

    def widens(self, at: Site, device: Device) -> bool:
        return True

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(
            Saved(
                "indices", at.x, f"{gradient_of('the weight')}, which goes to the vectors that were looked up"
            )
        )

    def forward(self, x: Array, weight: Array) -> Array:
        from archcalc.arrays.tensors import positions

        y: Array = weight[positions(x, self.size)]
        return y


@op("roll", example=("32x8x8", {"axes": [2, 3], "shift": -2}))
class Roll(Op):
    """Move all elements on along some axes; those that leave at one end come in again at the other.

    (N, *A) -> (N, *A)

    A negative shift moves them towards the front. Source: torch.roll; Liu et al. 2021, Swin Transformer.
    """

    runs_as = "copy"
    traits = Traits(least_axes=1)

    axes: tuple[int, ...] = axes("which axes, the batch being axis 0; negative ones count from the end")
    shift: tuple[int, ...] = size(
        "", "by how many positions, one number for all axes or one an axis", least=-limits.MAGNITUDE
    )

    def check(self, at: Spot) -> None:
        check_each(self.axes, len(at.x))
        if len(self.shift) not in (1, len(self.axes)):
            raise ArchcalcError(
                f"'shift' has {len(self.shift)} numbers, but 'axes' has {len(self.axes)}",
                setting="shift",
                hint="give one number for all axes, or one for each",
            )

    def field(self, at: Site) -> Field:
        return moving(at.x, *self.axes)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import roll

        return roll(x, per_axis(self.shift, self.axes), self.axes)
