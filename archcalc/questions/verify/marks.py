"""Where an input is marked to measure receptive fields.

An element whose field ends where a mark begins is reached by it, and not by a mark that is one position shorter on
both sides; so is one whose field begins where the mark ends. What such an element sees is pinned to the position.
So every layer is to have, on every axis, one of its largest fields pinned where it ends, and one where it begins.
Many layers have such a place in common, as strides multiply; there are as many marks as it takes, up to a bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.arithmetic.extent import Spans
from archcalc.op.site import Sizes

MOST_MARKS = 2
"""At how many places of an axis marks begin, and at how many they end, at most."""
FAR = 10**30


class Mark(NamedTuple):
    """A stretch of marked positions along one axis of the input, both ends included."""

    first: int
    last: int

    def shorten(self) -> Mark:
        """Return the mark without its first and its last position, as long as something is left."""
        return self if self.last - self.first < 2 else Mark(self.first + 1, self.last - 1)


class Bounds(NamedTuple):
    """Between which positions a field surely begins, and between which it surely ends.

    Beyond these it may be that of elements which some layer does not have: they were padding, or were cut off.
    """

    first: tuple[int, int] = (-FAR, FAR)
    last: tuple[int, int] = (-FAR, FAR)

    def within(self, other: Bounds) -> Bounds:
        """Return what is within both bounds."""
        pairs = zip(self, other, strict=True)
        return Bounds(*((max(left[0], right[0]), min(left[1], right[1])) for left, right in pairs))


class Seen(NamedTuple):
    """What the elements along an axis of a layer see along one of the input: how many they are, and what is sure."""

    over: Spans
    elements: int
    bounds: Bounds


def find_marked(report: Report) -> Sizes:
    """Return the spatial sizes of the inputs that are marked: the first of those with most axes."""
    return max((row.output_shape[2:] for row in report.inputs), key=len)


def sights(report: Report) -> list[tuple[Seen | None, ...]]:
    """Return what the elements of each layer see along each marked axis; None where their order is not kept."""
    axes = len(find_marked(report))
    seen: list[tuple[Seen | None, ...]] = []
    bounds: list[tuple[Bounds, ...]] = []
    for layer, row in zip(report.run.layers, report.rows, strict=True):
        own = tuple(_own(row, axis) if len(row.extents) == axes else None for axis in range(axes))
        known = [
            reduce(
                Bounds.within,
                (bounds[source][axis] for source in layer.node.inputs),
                sure.bounds if sure else Bounds(),
            )
            for axis, sure in enumerate(own)
        ]
        bounds.append(tuple(known))
        seen.append(tuple(sure and sure._replace(bounds=at) for sure, at in zip(own, known, strict=True)))
    return seen


def _own(row: Row, axis: int) -> Seen | None:
    """Return what a layer's elements see, bounded by its own edges."""
    elements = length(row, axis)
    over = row.extents[axis].over_all
    if not elements or not over.size:
        return None
    before = [ends for place in range(-over.period, 0) if (ends := over.at(place))]
    after = [ends for place in range(elements, elements + over.period) if (ends := over.at(place))]
    first, last = ((max(ends[side] for ends in before), min(ends[side] for ends in after)) for side in (0, 1))
    return Seen(over, elements, Bounds(first, last))


def length(row: Row, axis: int) -> int:
    """Return how many positions of an axis of the field a layer's output has; 0 where their order is not kept."""
    if row.places is None:
        return row.output_shape[2 + axis]
    steps = sorted((part.step, part.size) for parts in row.places for part in parts if part.axis == axis)
    inner = 1
    for step, size in steps:
        if step != inner:
            return 0
        inner *= size
    return inner if steps else 0


def choose(report: Report) -> tuple[tuple[Mark, ...], ...]:
    """Return the marks of each run, one for each spatial axis, so that as many fields as can be are pinned."""
    seen = sights(report)
    by_axis = [
        _marks({axes[axis] for axes in seen}, size) or [Mark(0, size - 1)]
        for axis, size in enumerate(find_marked(report))
    ]
    runs = max(map(len, by_axis), default=1)
    return tuple(tuple(marks[min(run, len(marks) - 1)] for marks in by_axis) for run in range(runs))


def _marks(along: Iterable[Seen | None], size: int) -> list[Mark]:
    """Return marks on an axis of the input that begin where fields end, and end where fields begin."""
    known = [sight for sight in along if sight]
    firsts = sorted(_covering([set(_largest(sight, 1, size)) for sight in known], size))
    lasts = sorted(_covering([{size - 1 - at for at in _largest(sight, 0, size)} for sight in known], size))
    marks = []
    while (
        firsts or lasts
    ):  # the widest first; where fields are wider than half the input, a mark pins one end alone
        first, last = firsts[:1], [size - 1 - at for at in lasts[:1]]
        if first and last and last[0] < first[0] + 2:
            last = []
        marks.append(Mark(first[0] if first else 0, last[0] if last else size - 1))
        firsts, lasts = firsts[len(first) :], lasts[len(last) :]
    return marks


def _covering(ends: Sequence[set[int]], size: int) -> list[int]:
    """Return positions so that each layer has one of its `ends` there, as few as it takes and a bound at most."""
    left = [places for places in ends if places]
    positions: list[int] = []
    while left and len(positions) < MOST_MARKS:
        often = Counter(at for places in left for at in places)
        positions.append(min(often, key=lambda at: (-often[at], at < size // 8, at)))
        left = [places for places in left if positions[-1] not in places]
    return positions


def _largest(sight: Seen, side: int, size: int) -> Iterator[int]:
    """Yield where in the input the largest fields surely begin (side 0) or end (side 1)."""
    over, most = sight.over, sight.over.size
    low, high = sight.bounds[side]
    for phase, ends in enumerate(over.ends):
        if ends is not None and ends[1] - ends[0] + 1 == most:
            for place in range(phase, sight.elements, over.period):
                end = ends[side] + place // over.period * over.shift
                if max(low + 1, 0) <= end < min(high, size):
                    yield end


def part(row: Row, axis: int) -> tuple[list[int], list[int]]:
    """Return the sizes of the parts of a layer's output, and which of them lie along an axis of the field."""
    if row.places is None:
        return list(row.output_shape), [2 + axis]
    parts = [part for places in row.places for part in places]
    along = [place for place, part in enumerate(parts) if part.axis == axis]
    return [part.size for part in parts], sorted(along, key=lambda place: -parts[place].step)
