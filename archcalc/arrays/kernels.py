"""Arrays for the ops' references: sliding windows, products that are counted, and what NumPy calls its functions.

Tensors are (N, C, *I) with any number of spatial axes, float32 unless a caller asks for more. Where windows lie is found by laying them
on the padded array, not by a formula for the output size, so that a real shape can prove a predicted one.
Importing NumPy takes longer than most pages: ops import this module when they run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import EllipsisType
from typing import Literal

import numpy as np
from numpy import (
    concatenate,
    errstate,
    exp,
    expm1,
    log,
    logaddexp,
    maximum,
    minimum,
    tanh,
    where,
)
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from archcalc.arithmetic.window import Rounding, Window, span

__all__ = [
    "WORKSPACE",
    "Array",
    "Meter",
    "average_windows",
    "clip",
    "concatenate",
    "correlate",
    "erf",
    "errstate",
    "exp",
    "expm1",
    "last_axes",
    "lay_windows",
    "log",
    "logaddexp",
    "maximum",
    "meter_products",
    "minimum",
    "neighbours",
    "pad",
    "per_channel",
    "product",
    "reduce_bins",
    "scatter",
    "sigmoid",
    "standardise",
    "tanh",
    "trim",
    "where",
]

Array = NDArray[np.floating]
Sides = Sequence[tuple[int, int]]
PadMode = Literal["constant", "reflect", "edge", "wrap"]
Index = tuple[EllipsisType | slice, ...]

WORKSPACE = 32 * 2**20
"""The most bytes of a matrix that im2col makes at a time, unless one row of the output takes more."""


class Meter:
    """Counts the multiply-accumulates of dot products that are really executed."""

    def __init__(self) -> None:
        self.macs = 0


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def meter_products() -> Iterator[Meter]:
    """Count the products executed within a `with` block."""
    meter = Meter()
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def _count(macs: int) -> None:
    meter = _METER.get()
    if meter is not None:
        meter.macs += macs


def product(left: Array, right: Array) -> Array:
    """Return the matrix product over the last two axes, counted: a multiply-accumulate a term of each dot product."""
    matrix: Array = np.matmul(left, right)
    _count(matrix.size * left.shape[-1])
    return matrix


def erf(x: Array) -> Array:
    """Return the error function of each element, to 1.5·10⁻⁷: about as exact as float32.

    Source: Abramowitz & Stegun 1964, 7.1.26.
    """
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series += np.float32(factor)
        series *= t
    values: Array = np.sign(x) * (1 - series * np.exp(-x * x))
    return values


def clip(x: Array, least: float, most: float) -> Array:
    """Return each element, or the end of the range that it lies beyond."""
    return np.clip(x, np.float32(least), np.float32(most))


def sigmoid(x: Array) -> Array:
    """Return 1/(1 + e⁻ˣ), which no large x overflows."""
    values: Array = 0.5 * (1 + np.tanh(0.5 * x))
    return values


def per_channel(values: Array, rank: int) -> Array:
    """Return one number a channel in a shape that stretches over tensors of `rank` axes."""
    return values.reshape(-1, *(1,) * (rank - 2))


def last_axes(*slices: slice) -> Index:
    """Return the index of some slices of the last axes."""
    return (..., *slices)


def pad(x: Array, sides: Sides, value: float = 0.0, mode: PadMode = "constant") -> Array:
    """Return a tensor with elements added around its last axes, one pair of sides an axis."""
    if not any(map(any, sides)):
        return x
    whole = [(0, 0)] * (x.ndim - len(sides)) + list(sides)
    if mode == "constant":
        return np.pad(x, whole, constant_values=value)
    return np.pad(x, whole, mode=mode)


def trim(x: Array, sides: Sides) -> Array:
    """Return a copy of a tensor with elements cut off its last axes."""
    extents = x.shape[x.ndim - len(sides) :]
    kept = (slice(before, n - after) for n, (before, after) in zip(extents, sides, strict=True))
    return x[last_axes(*kept)].copy()


def _starts(size: int, window: Window, rounding: Rounding) -> list[int]:
    """Return where the windows of an axis start, counted from the first element of the padding.

    They are those that fit. Rounded up there is one more where they leave something over, which sticks out
    but does not start past the input.
    """
    kernel, stride, before, after, dilation = map(int, window)
    around = size + before + after
    last = around - int(span(kernel, dilation))
    return [
        start
        for start in range(0, around, stride)
        if start <= last or (rounding == "ceil" and start - stride < last and start < size + before)
    ]


def lay_windows(
    x: Array, windows: Sequence[Window], rounding: Rounding = "floor", outside: float = 0.0
) -> Array:
    """Return a view (N, C, *O, *k) of what each window sees; the padding and what sticks out hold `outside`."""
    sides, spans, picks, taps = [], [], [], []
    for size, window in zip(x.shape[2:], windows, strict=True):
        kernel, stride, before, after, dilation = map(int, window)
        reach, starts = int(span(kernel, dilation)), _starts(size, window, rounding)
        end = starts[-1] + reach if starts else 0
        sides.append((before, max(after, end - size - before)))
        spans.append(reach)
        picks.append(slice(0, len(starts) * stride, stride))
        taps.append(slice(None, None, dilation))
    view = sliding_window_view(pad(x, sides, outside), spans, axis=tuple(range(2, x.ndim)))
    return view[last_axes(*picks, *taps)]


def correlate(x: Array, weight: Array, windows: Sequence[Window], rounding: Rounding, groups: int) -> Array:
    """Return (N, M, *O): the dot product of each of M filters (M, C/groups, *k) with each window.

    im2col: the windows become the columns of a matrix, a band of the output at a time; the kernel is not flipped.
    """
    seen, axes = lay_windows(x, windows, rounding), len(windows)
    samples, channels, extents = x.shape[0], x.shape[1], seen.shape[2 : 2 + axes]
    filters = weight.reshape(groups, weight.shape[0] // groups, -1)
    output = np.empty((samples, weight.shape[0], *extents), x.dtype)
    row_bytes = 4 * channels * math.prod(weight.shape[2:]) * math.prod(extents[1:])
    rows = max(1, WORKSPACE // row_bytes)
    for sample in range(samples):
        for first in range(0, extents[0], rows):
            band = np.moveaxis(seen[sample, :, first : first + rows], range(1, 1 + axes), range(-axes, 0))
            columns = band.reshape(groups, filters.shape[2], -1)
            part = output[sample, :, first : first + rows]
            part[...] = product(filters, columns).reshape(part.shape)
    return output


def scatter(x: Array, weight: Array, windows: Sequence[Window], extra: Sequence[int], groups: int) -> Array:
    """Return (N, M, *O): each input element times the filters (C, M/groups, *k), added up where they overlap.

    col2im, the way back from windows to a tensor: a transposed convolution. `extra` elements follow on
    each axis before the padding is cut off.
    """
    (samples, channels, *extents), taps = x.shape, weight.shape[2:]
    filters = weight.reshape(groups, channels // groups, -1).swapaxes(1, 2)
    columns = product(filters, x.reshape(samples, groups, channels // groups, -1))
    columns = columns.reshape(samples, weight.shape[1] * groups, *taps, *extents)
    ends = [(n - 1) * w.stride + 1 for n, w in zip(extents, windows, strict=True)]
    room = (e + w.dilation * (w.kernel - 1) + more for e, w, more in zip(ends, windows, extra, strict=True))
    canvas = np.zeros((samples, columns.shape[1], *room), x.dtype)
    for tap in np.ndindex(*taps):
        shifts = (t * w.dilation for t, w in zip(tap, windows, strict=True))
        place = (slice(s, s + e, w.stride) for s, e, w in zip(shifts, ends, windows, strict=True))
        canvas[last_axes(*place)] += columns[(slice(None), slice(None), *tap)]
    return trim(canvas, _around(windows))


def _around(windows: Sequence[Window]) -> Sides:
    """Return the padding before and after on each axis."""
    return [(int(w.before), int(w.after)) for w in windows]


def average_windows(x: Array, windows: Sequence[Window], rounding: Rounding, *, inside_only: bool) -> Array:
    """Return the mean of each window over its elements in the input, and in the padding unless `inside_only`.

    What sticks out beyond the padding never counts.
    """
    axes = tuple(range(-len(windows), 0))
    around = [(0, 0)] * len(windows) if inside_only else _around(windows)
    marks = pad(np.ones((1, 1, *x.shape[2:]), np.float32), around, 1.0)
    rest = windows if inside_only else [w._replace(before=0, after=0) for w in windows]
    sums = lay_windows(x, windows, rounding).sum(axis=axes)
    counts = lay_windows(marks, rest, rounding).sum(axis=axes)
    means: Array = sums / counts[last_axes(*(slice(0, n) for n in sums.shape[2:]))]
    return means


def reduce_bins(x: Array, sizes: Sequence[int], statistic: Literal["max", "mean"]) -> Array:
    """Return a statistic of each of `sizes` windows an axis, from ⌊i·n/o⌋ up to ⌈(i + 1)·n/o⌉.

    One axis after the other: the windows are boxes.
    """
    for axis, o in enumerate(sizes, 2):
        n = x.shape[axis]
        edges = [(i * n // o, -(-(i + 1) * n // o)) for i in range(o)]
        parts = [x.take(range(first, end), axis=axis) for first, end in edges]
        x = np.concatenate([getattr(part, statistic)(axis=axis, keepdims=True) for part in parts], axis=axis)
    return x


def neighbours(x: Array, size: int) -> Array:
    """Return the sum over `size` neighbouring channels around each; missing ones count as zeros."""
    half = size // 2
    around = pad(x, [(half, half), *((0, 0) for _ in x.shape[2:])])
    sums: Array = sum(around[:, first : first + x.shape[1]] for first in range(size))  # type: ignore[assignment]
    return sums


def standardise(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    """Return the numbers brought to mean 0 and variance 1 over some axes."""
    centred = x - x.mean(axis=axes, keepdims=True)
    variance = (centred * centred).mean(axis=axes, keepdims=True)
    scores: Array = centred / np.sqrt(variance + np.float32(eps))
    return scores
