"""What a run is watched with: random arrays, marks that spread, and the memory that arrays keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from archcalc.arrays.kernels import Array, last_axes
from archcalc.questions.verify.marks import FAR, Mark, Seen

Flags = NDArray[np.bool_]


class Memory:
    """The `bytes` that arrays keep in memory; a view counts as whatever it looks into, and that once."""

    def __init__(self) -> None:
        self.bytes = 0
        self._users: Counter[int] = Counter()
        self._weights: dict[int, Array] = {}

    def hold(self, weight: Array) -> None:
        """Keep a weight to the end; neither it nor what looks into it counts."""
        owner = _owner(weight)
        self._weights[id(owner)] = owner

    def take(self, array: Array) -> None:
        """Count an array."""
        self._add(array, 1)

    def release(self, array: Array) -> None:
        """Count an array no more; it is one that was taken."""
        self._add(array, -1)

    def _add(self, array: Array, change: int) -> None:
        owner = _owner(array)
        before, after = self._users[id(owner)], self._users[id(owner)] + change
        self._users[id(owner)] = after
        if id(owner) not in self._weights:
            self.bytes += ((after > 0) - (before > 0)) * owner.nbytes


def _owner(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def noise(shape: Sequence[int], seed: Sequence[int], least: float, most: float) -> Array:
    """Return random numbers between two bounds, the same ones for the same seed."""
    numbers = np.random.default_rng(seed).random(shape, dtype=np.float32)
    numbers *= most - least
    numbers += least
    return numbers


def unknown(x: Array, marks: Iterable[tuple[int, int]]) -> Array:
    """Return a copy that is not a number in a box: from first to last position on each spatial axis."""
    x = x.copy()
    x[last_axes(*(slice(first, last + 1) for first, last in marks))] = np.nan
    return x


def find_reached(x: Array, sizes: Sequence[int], along: Sequence[int]) -> Flags:
    """Return for each position whether something there is not a number.

    Args:
        x: a layer's output.
        sizes: of the parts that its axes are made of.
        along: the parts that positions are counted along, the slowest first.
    """
    marks = np.isnan(x).reshape(sizes)
    others = [part for part in range(len(sizes)) if part not in along]
    places = marks.transpose(*along, *others).reshape(prod(sizes[part] for part in along), -1)
    touched: Flags = np.any(places, axis=1, keepdims=True)[:, 0]
    return touched


def foreseen(sight: Seen, mark: Mark) -> tuple[Flags, Flags]:
    """Return for each element of a layer whether a mark surely reaches it, and whether it surely does not."""
    over = sight.over
    times, phases = np.divmod(np.arange(sight.elements), over.period)
    ends = np.array([ends or (-FAR, -FAR) for ends in over.ends], dtype=object)[phases]
    first, last = (ends[:, side] + times * over.shift for side in (0, 1))
    reaches, misses = np.zeros(sight.elements, bool), (last < mark.first) | (first > mark.last)
    for end, (low, high) in ((first, sight.bounds.first), (last, sight.bounds.last)):
        reaches |= (mark.first <= end) & (end <= mark.last) & (low < end) & (end < high)
    return reaches, misses.astype(bool)


def stretches(reached: Flags) -> str:
    """Return which elements are reached, as people write it: 0 to 3, 5, 8 to 9."""
    places = np.flatnonzero(reached)
    if not places.size:
        return "nowhere"
    parts = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return ", ".join(f"{part[0]}" if part.size == 1 else f"{part[0]} to {part[-1]}" for part in parts)
