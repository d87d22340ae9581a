"""What a run is watched with: random arrays, marks that spread, and the memory that arrays keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


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
    found = np.random.default_rng(seed).random(shape, dtype=np.float32)
    found *= most - least
    found += least
    return found


def unknown(x: Array, marks: Iterable[tuple[int, int]]) -> Array:
    """Return a copy that is not a number in a box: from first to last position on each spatial axis."""
    x = x.copy()
    box: Any = (..., *(slice(first, last + 1) for first, last in marks))
    x[box] = np.nan
    return x


def reached(x: Array) -> list[tuple[int, int] | None]:
    """Return for each spatial axis the first and the last position that hold what is not a number; None if none do."""
    marks = np.isnan(x)
    return [_ends(marks, axis) for axis in range(2, x.ndim)]


def _ends(marks: Array, axis: int) -> tuple[int, int] | None:
    """Return where the first and the last mark along an axis are."""
    places = np.flatnonzero(marks.any(axis=tuple(other for other in range(marks.ndim) if other != axis)))
    return (int(places[0]), int(places[-1])) if places.size else None
