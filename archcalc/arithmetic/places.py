"""What lies along the axes of a tensor, after positions were moved, merged and split.

Each axis is made of parts, the slowest first, each with what it counts: positions along an axis of the receptive field,
or something else, such as channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

Shape = tuple[int, ...]
OTHER, SCATTERED = -1, -2
"""What a part counts instead of positions along an axis: no positions at all; positions in no order that is kept."""


class Part(NamedTuple):
    """A factor of an axis: `size` steps of `step` positions along `axis` of the field."""

    size: int
    axis: int = OTHER
    step: int = 1


Places = tuple[tuple[Part, ...], ...]
"""The parts of each axis, the batch among them."""


def has_positions(parts: Iterable[Part]) -> bool:
    """Tell whether positions of the field lie along an axis."""
    return any(part.axis != OTHER for part in parts)


def size_of(parts: Iterable[Part]) -> int:
    """Return the size of an axis."""
    return prod(part.size for part in parts)


def fit_sizes(places: Iterable[tuple[Part, ...]], shape: Shape) -> Places:
    """Return the parts of axes, those without positions as large as they are in a shape."""
    return tuple(
        parts if has_positions(parts) else (Part(size),) for parts, size in zip(places, shape, strict=True)
    )


def regroup(places: Places, shape: Shape) -> Places:
    """Return the parts of a tensor's axes after its numbers were given another shape."""
    left = [part for parts in places for part in parts if part.size > 1 or part.axis != OTHER]
    axes = []
    for size in shape:
        taken = _take(left, size)
        if taken is None:
            return tuple((Part(extent, SCATTERED),) for extent in shape)
        axes.append(taken)
    return (*axes[:-1], _merge([*axes[-1], *left]))


def _take(left: list[Part], size: int) -> tuple[Part, ...] | None:
    """Take the parts of an axis of some size from the front of what is left; None where they do not fill it."""
    taken: list[Part] = []
    if size == 1 and left and left[0].size == 1:
        taken.append(left.pop(0))
    while size > 1:
        part = left.pop(0)
        if size % part.size == 0:
            taken.append(part)
            size //= part.size
        elif part.size % size == 0:
            inner = part.size // size
            taken.append(part._replace(size=size, step=part.step * inner if part.axis >= 0 else part.step))
            left.insert(0, part._replace(size=inner))
            size = 1
        else:
            return None
    return _merge(taken)


def _merge(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return the parts of an axis with those put together that follow on each other."""
    merged: list[Part] = []
    for part in parts:
        last = merged[-1] if merged else None
        if last and last.axis == part.axis and (part.axis < 0 or last.step == part.step * part.size):
            merged[-1] = part._replace(size=last.size * part.size)
        else:
            merged.append(part)
    return tuple(merged) or (Part(1),)
