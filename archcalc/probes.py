"""What a run is watched with: random arrays, marks that spread, and the memory that arrays keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def alive_bytes(arrays: Iterable[Array]) -> int:
    """Return the bytes that arrays keep in memory; a view counts as whatever it looks into, and that once."""
    owners = {id(owner): owner.nbytes for owner in map(_owner, arrays)}
    return sum(owners.values())


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


def unknown(x: Array, *, first: bool) -> Array:
    """Return a copy in which one corner of the spatial axes is not a number: up to the middle, or from it on."""
    x = x.copy()
    halves = (slice(0, (n - 1) // 2 + 1) if first else slice((n - 1) // 2, None) for n in x.shape[2:])
    corner: Any = (..., *halves)
    x[corner] = np.nan
    return x


def reached(x: Array) -> list[list[bool]]:
    """Return for each spatial axis which of its positions hold what is not a number."""
    marks = np.isnan(x)
    return [_along(marks, axis) for axis in range(2, x.ndim)]


def _along(marks: Array, axis: int) -> list[bool]:
    """Return where along an axis there is any mark."""
    return [bool(plane.any()) for plane in np.moveaxis(marks, axis, 0)]
