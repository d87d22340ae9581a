"""Where an input is marked to measure receptive fields, and which elements a mark must reach.

Along one axis element i of a layer sees from start + i·stride up to end + i·stride. So a mark from a to b
reaches the elements from ⌈(a - end)/stride⌉ to ⌊(b - start)/stride⌋. Where a field ends at a and another
starts at b, a mark that is one position shorter on both sides reaches exactly one element less on each:
both marks together leave no other size, stride or start than the right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.arithmetic.window import Extent
from archcalc.op.site import Shape

Edges = tuple[int | None, int | None]
"""The first and the last element that a mark reaches; None where no element is sure to be it."""
NO_EDGES: Edges = (None, None)


class Mark(NamedTuple):
    """A stretch of marked positions along one axis of the input, both ends included."""

    first: int
    last: int

    def shortened(self) -> Mark:
        """Return the mark without its first and its last position, as long as something is left."""
        return self if self.last - self.first < 2 else Mark(self.first + 1, self.last - 1)

    def edges(self, extent: Extent, elements: int) -> Edges:
        """Return the first and the last of a layer's `elements` that the mark reaches.

        None where the field of that element does not end, or start, in the mark.
        """
        end = extent.start + extent.size - 1
        first = ceil((self.first - end) / extent.stride)
        last = floor((self.last - extent.start) / extent.stride)
        ends_inside = end + first * extent.stride <= self.last and 0 <= first < elements
        starts_inside = extent.start + last * extent.stride >= self.first and 0 <= last < elements
        return first if ends_inside else None, last if starts_inside else None


def marked(report: Report) -> Shape:
    """Return the spatial sizes of the inputs that are marked: the first of those with most axes."""
    return max((row.output_shape[2:] for row in report.inputs), key=len)


def chosen(report: Report) -> tuple[Mark, ...]:
    """Return for each spatial axis the mark that pins down most fields.

    It lies around the middle and on the edges of the fields of the deepest layer for which there is room.
    Layers before that one have edges there, too, as strides multiply: only branches that a stride sets
    off against it are pinned to within that stride.
    """
    sizes = marked(report)
    return tuple(next(_candidates(report, sizes, axis), Mark(0, size - 1)) for axis, size in enumerate(sizes))


def _candidates(report: Report, sizes: Shape, axis: int) -> Iterator[Mark]:
    """Yield the marks of all layers that have room on an axis, the deepest first."""
    layers = [
        (row.field[axis], row.output_shape[2 + axis])
        for row in reversed(report.rows)
        if row.field is not None
        and len(row.output_shape) - 2 == len(row.field) == len(sizes)
        and row.field[axis].stride >= 1  # less where it is enlarged to more than the input's resolution
    ]
    for extent, elements in sorted(layers, key=lambda layer: -layer[0].stride):
        mark = _on_edges(extent, sizes[axis])
        edges = (*mark.edges(extent, elements), *mark.shortened().edges(extent, elements))
        if mark.first >= 0 and mark.last < sizes[axis] and None not in edges:
            yield mark


def _on_edges(extent: Extent, size: int) -> Mark:
    """Return a mark from where a field ends to where one starts, longer than a stride, around the middle."""
    stride, end = int(extent.stride), int(extent.start + extent.size - 1)
    first = end + ((size - stride) // 2 - 1 - end) // stride * stride
    beyond = first + stride + 1 - int(extent.start)
    return Mark(first, int(extent.start) - -beyond // stride * stride)
