"""Receptive fields of tensors whose axes are moved, merged and split: what stands where.

An element's field does not change when it goes to another place. But what slides or mixes after that must know which
positions lie along an axis: see `places`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from math import prod
from typing import Literal, NamedTuple

from archcalc.arithmetic.extent import POINT, Extent, Slide
from archcalc.arithmetic.number import Number
from archcalc.arithmetic.places import (
    OTHER,
    SCATTERED,
    Part,
    Places,
    Shape,
    fit_sizes,
    has_positions,
    regroup,
    size_of,
)
from archcalc.arithmetic.window import Division, Resampling, Spread, Window


class Kept(NamedTuple):
    """An op that leaves positions where they are along some axes.

    Attributes:
        sources: for each axis of the output that of the input which it is; None where it is a new one.
        mixed: axes of the input all of whose elements go into each element of the output.
        moved: axes of the input along which positions are not in their place any more.
    """

    sources: tuple[int | None, ...]
    mixed: tuple[int, ...] = ()
    moved: tuple[int, ...] = ()


class Regrouped(NamedTuple):
    """An op that gives its numbers, in their order, another shape."""

    shape: tuple[Number, ...]


Windows = tuple[Window | Spread | Resampling | Division, ...]
Field = Literal["pointwise", "whole"] | Windows | Kept | Regrouped
"""What one output element sees.

Its own position on every axis; the whole input; a window on each spatial axis and all channels; or what is left of
the input's positions.
"""


class Sight(NamedTuple):
    """What the elements of a tensor see of the input.

    `extents` are along the input's spatial axes, none where nothing is seen of it. `places` is None where each of
    them has a spatial axis of its own, in this order.
    """

    extents: tuple[Extent, ...]
    places: Places | None = None

    def parts(self, shape: Shape) -> Places:
        """Return the parts of each axis of a tensor."""
        if self.places is not None:
            return self.places
        others = tuple((Part(size),) for size in shape[:2])
        return (*others, *((Part(size, axis),) for axis, size in enumerate(shape[2:])))

    def place(self, places: Places) -> Sight:
        """Return the same fields with axes made of other parts."""
        is_usual = len(places) == len(self.extents) + 2 and all(
            all(part.axis == OTHER for part in parts)
            if axis < 2
            else len(parts) == 1 and parts[0].axis == axis - 2 and parts[0].step == 1
            for axis, parts in enumerate(places)
        )
        return self._replace(places=None if is_usual else places)


Sighted = Sight | Literal["whole", "unknown"]
"""What is seen: a part of the input, or all of it; or nobody can say."""


Inputs = Sequence[tuple[Sighted, Shape]]
"""What the inputs of a layer see, of those that see anything, and their shapes."""


def see(field: Field, inputs: Inputs, output: Shape) -> Sighted:
    """Return what the elements of an output see, given what those of the inputs do."""
    if not inputs:
        return Sight((POINT,) * (len(output) - 2))
    sights, shapes = zip(*inputs, strict=True)
    if field == "whole" or "whole" in sights:
        return "whole"
    known = [sight for sight in sights if isinstance(sight, Sight)]
    if len(known) < len(sights):
        return "unknown"
    joined = _join(known, shapes, field.moved if isinstance(field, Kept) else ())
    if not isinstance(joined, Sight):
        return joined
    if field == "pointwise":
        return _stretch(joined, shapes[0], output)
    if isinstance(field, Kept):
        return _keep(joined, shapes[0], field, output)
    if isinstance(field, Regrouped):
        return joined.place(regroup(joined.parts(shapes[0]), tuple(map(int, field.shape))))
    return _slide(joined, shapes[0], field, output)


def as_they_are(field: Field, inputs: Inputs, output: Shape) -> Inputs:
    """Return all inputs."""
    return inputs


def without_gates(field: Field, inputs: Inputs, output: Shape) -> Inputs:
    """Return the inputs that are no gates: a gate sees everything, and is one number for all positions of a map.

    Source: the squeeze and excitation of Hu, Shen & Sun 2017.
    """
    if field != "pointwise" or prod(output[2:]) == 1:
        return inputs
    return [sight for sight in inputs if sight[0] != "whole" or prod(sight[1][2:]) > 1] or inputs


def stays(field: Field) -> bool:
    """Tell whether an element sees its own position alone, on the spatial axes of a usual tensor."""
    if isinstance(field, Kept):
        return field.sources == tuple(range(len(field.sources))) and max(field.mixed, default=0) < 2
    return field == "pointwise"


def windows(field: Field) -> Windows:
    """Return the windows on the spatial axes; none where the field is no window."""
    return field if isinstance(field, tuple) and not isinstance(field, Kept | Regrouped) else ()


def _join(sights: Sequence[Sight], shapes: Sequence[Shape], moved: tuple[int, ...]) -> Sighted:
    """Return what an element sees that is made of one of each input, or that is of one of them."""
    first = sights[0]
    if len(sights) == 1:
        return first
    if len({len(sight.extents) for sight in sights}) > 1:
        return "whole"
    if first.places is None and max(moved, default=0) < 2 and _alike(sights, shapes):
        return _join_all(sights)
    places = [sight.parts(shape) for sight, shape in zip(sights, shapes, strict=True)]
    positions = [
        [
            [part for part in parts if part.axis != OTHER]
            for axis, parts in enumerate(source)
            if axis not in moved
        ]
        for source in places
    ]
    if any(position != positions[0] for position in positions):
        return "whole"
    if any(part.axis != OTHER for axis in moved for part in places[0][axis]):
        return first._replace(
            extents=tuple(
                max(along, key=lambda e: e.size) for along in zip(*(s.extents for s in sights), strict=True)
            )
        )
    return _join_all(sights)


def _alike(sights: Sequence[Sight], shapes: Sequence[Shape]) -> bool:
    """Tell whether all are usual tensors of the same spatial sizes."""
    return all(
        sight.places is None and shape[2:] == shapes[0][2:]
        for sight, shape in zip(sights, shapes, strict=True)
    )


def _join_all(sights: Sequence[Sight]) -> Sighted:
    """Return what is seen through all of them together, position by position."""
    along = zip(*(sight.extents for sight in sights), strict=True)
    return _sight(sights[0], (reduce(_both, extents) for extents in along))


def _sight(sight: Sight, extents: Iterable[Extent | None]) -> Sighted:
    """Return a sight with other extents, which are not known where one of them is not."""
    known = tuple(filter(None, extents))
    return sight._replace(extents=known) if len(known) == len(sight.extents) else "unknown"


def _both(first: Extent | None, second: Extent | None) -> Extent | None:
    return first if first == second else first and second and first.join(second)


def _stretch(sight: Sight, x: Shape, output: Shape) -> Sighted:
    """Return a sight on an output of the same positions, whose other axes may be new, or of another size."""
    if x == output or (sight.places is None and len(x) == len(output) and x[2:] == output[2:]):
        return sight
    parts = (*((Part(size),) for size in output[: len(output) - len(x)]), *sight.parts(x))
    if any(
        has_positions(along) and 1 == size_of(along) < size for along, size in zip(parts, output, strict=True)
    ):
        return "whole"
    return sight.place(fit_sizes(parts, output))


def _keep(sight: Sight, x: Shape, kept: Kept, output: Shape) -> Sighted:
    mixed = _mix(sight, x, kept.mixed)
    if not isinstance(mixed, Sight):
        return mixed
    parts = mixed.parts(x)
    places: list[tuple[Part, ...]] = []
    for source, size in zip(kept.sources, output, strict=True):
        old = () if source is None else parts[source]
        if not has_positions(old):
            places.append((Part(size),))
        else:
            places.append((Part(size, SCATTERED),) if source in kept.moved else old)
    return mixed.place(tuple(places))


def _mix(sight: Sight, x: Shape, axes: Iterable[int]) -> Sighted:
    """Return what is seen when all elements along some axes are mixed.

    Where these are the inner positions of blocks, blocks are seen.
    """
    places = sight.parts(x)
    for axis in axes:
        for part in places[axis]:
            if part.axis == OTHER or part.size == 1:
                continue
            outer = [
                other for parts in places for other in parts if other.axis == part.axis and other != part
            ]
            if part.axis == SCATTERED or part.step > 1 or [other.step for other in outer] != [part.size]:
                return "whole"
            blocks = _along(sight, part.axis, Window(part.size, part.size))
            if not isinstance(blocks, Sight):
                return blocks
            gone, whole = Part(part.size), outer[0]._replace(step=1)
            swap = {part: gone, outer[0]: whole}
            places = tuple(tuple(swap.get(part, part) for part in parts) for parts in places)
            sight = blocks._replace(places=places)
    return sight


def _along(sight: Sight, axis: int, slide: Slide) -> Sighted:
    """Return what is seen through a slide along one axis of the field."""
    extent = sight.extents[axis].through(slide)
    if extent is None:
        return "unknown"
    return sight._replace(extents=(*sight.extents[:axis], extent, *sight.extents[axis + 1 :]))


def _slide(sight: Sight, x: Shape, slides: Sequence[Slide], output: Shape) -> Sighted:
    """Return what windows on the spatial axes see, over all channels."""
    if sight.places is None:
        if len(slides) != len(sight.extents):
            return "whole"
        axes = list(zip(sight.extents, slides, strict=True))
        through = {axis: axis[0].through(axis[1]) for axis in set(axes)}  # mostly they are alike
        return _sight(sight, (through[axis] for axis in axes))
    current = _mix(sight, x, (1,))
    if not isinstance(current, Sight):
        return current
    places = list(current.parts(x))
    for axis, slide in enumerate(slides, 2):
        parts = places[axis]
        if not has_positions(parts):
            places[axis] = (Part(output[axis]),)
            continue
        if slide == Window(1) and size_of(parts) == output[axis]:
            continue
        current = _alone(current, parts, x, places)
        if isinstance(current, Sight):
            current = _along(current, parts[0].axis, slide)
        if not isinstance(current, Sight):
            return current
        places[axis] = (Part(output[axis], parts[0].axis),)
    return current.place(fit_sizes(places, output))


def _alone(sight: Sight, parts: Sequence[Part], x: Shape, places: Sequence[tuple[Part, ...]]) -> Sighted:
    """Return what is seen along an axis of the tensor as one of the field, which must lie nowhere else.

    What comes several times in a row is an enlargement.
    """
    first, *rest = parts
    elsewhere = sum(part.axis == first.axis for axis in places for part in axis)
    if first.axis < 0 or first.step != 1 or elsewhere != 1 or any(part.axis != OTHER for part in rest):
        return "unknown"
    times = size_of(rest)
    return sight if times == 1 else _along(sight, first.axis, Resampling(1, times, 1))
