"""The one sliding-window rule: output size, what rounding loses, padding that keeps the size.

With input size H, padding P on each side, window FH and stride S the output size is
(H + 2P - FH)/S + 1. Dilation d widens the window to d(FH - 1) + 1. The arithmetic runs on any
numbers that behave like integers.

Sources: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", relationship
15; for `ceil`, PyTorch's pooling_output_shape, which is ONNX's ceil_mode too; for `same`, TensorFlow's
SAME (tf.nn, "Notes on padding"), which is ONNX's SAME_UPPER.
"""

from __future__ import annotations

from math import gcd
from typing import Literal, NamedTuple

from archcalc.arithmetic.extent import Taps
from archcalc.arithmetic.number import Number

Rounding = Literal["floor", "ceil", "strict"]
ROUNDINGS: tuple[Rounding, ...] = ("floor", "ceil", "strict")


class Window(NamedTuple):
    """How a window slides along one axis."""

    kernel: Number
    stride: Number = 1
    before: Number = 0
    after: Number = 0
    dilation: Number = 1

    @property
    def period(self) -> Number:
        """All elements see alike."""
        return 1

    @property
    def shift(self) -> Number:
        """The window moves on by its stride."""
        return self.stride

    def element(self, place: Number, tap: Number) -> Number:
        """Return which input element the window at a `place` has at its `tap`: o·s + t·d − p."""
        return place * self.stride + tap * self.dilation - self.before

    def taps(self, place: int) -> Taps:
        """Return what an element is made of: the window."""
        return Taps(int(self.element(place, 0)), int(self.kernel), int(self.dilation))

    def widened(self, size: Number, stride: Number) -> Number:
        """Return the field over elements that all see `size`, `stride` apart: r + (k - 1)·d·j."""
        return size + (span(self.kernel, self.dilation) - 1) * stride


class Spread(NamedTuple):
    """How a window is spread over the output along one axis: a transposed convolution, an enlargement."""

    kernel: Number
    stride: Number = 1
    before: Number = 0
    dilation: Number = 1

    @property
    def period(self) -> Number:
        """The window meets every stride-th element alike."""
        return self.stride

    @property
    def shift(self) -> Number:
        """An input element is a stride of the output."""
        return 1

    def taps(self, place: int) -> Taps:
        """Return what an element is made of.

        Input element i is spread over the outputs i·s + j·d - p, with j from 0 to k - 1: so output o sees i where
        j·d = o + p - i·s. That holds for every (s/g)-th j, with g what s and d have in common, if for any.
        """
        kernel, stride, before, dilation = map(int, self)
        place += before
        common = gcd(stride, dilation)
        apart, step = stride // common, dilation // common
        if place % common:
            return Taps(0, 0)
        first = place // common * pow(step, -1, apart) % apart
        count = max(-(-(kernel - first) // apart), 0)
        last = (place - first * dilation) // stride
        return Taps(last - (count - 1) * step, count, step)

    def widened(self, size: Number, stride: Number) -> Number:
        """Return the field over elements that all see `size`, `stride` apart: r + (⌈k/s⌉ - 1)·j without dilation."""
        common = gcd(int(self.stride), int(self.dilation))
        most = -(-self.kernel // (self.stride // common))
        return size + (most - 1) * (self.dilation // common) * stride


class Resampling(NamedTuple):
    """How an axis of `size` elements is brought to another size, each new element made of the `near` nearest.

    Element i of o lies at (i + 1/2)·n/o - 1/2, with `corners` at i·(n - 1)/(o - 1); a single one is that at ⌊i·n/o⌋.
    """

    size: Number
    new: Number
    near: int
    corners: bool = False

    @property
    def _steps(self) -> tuple[Number, Number]:
        """How far the input goes on in how many elements."""
        if not self.corners or min(self.size, self.new) == 1:
            return self.size, self.new
        return self.size - 1, self.new - 1

    @property
    def period(self) -> Number:
        """New elements lie alike between old ones after o/g, with g what both sizes have in common."""
        return self._steps[1] // gcd(*map(int, self._steps))

    @property
    def shift(self) -> Number:
        """That is n/g old ones."""
        return self._steps[0] // gcd(*map(int, self._steps))

    def taps(self, place: int) -> Taps:
        """Return what an element is made of: the nearest ones, as many before its place as after it."""
        old, new = map(int, self._steps)
        if self.near == 1:
            return Taps(place * old // new, 1)
        at = place * old // new if self.corners else ((2 * place + 1) * old - new) // (2 * new)
        return Taps(at + 1 - self.near // 2, self.near)

    def widened(self, size: Number, stride: Number) -> Number:
        """Return the field over elements that all see `size`, `stride` apart."""
        return size if self.near == 1 else size + (self.near - 1) * stride


class Division(NamedTuple):
    """How an axis of `size` elements is divided into `parts` windows: i sees from ⌊i·n/o⌋ up to ⌈(i + 1)·n/o⌉."""

    size: Number
    parts: Number

    @property
    def period(self) -> Number:
        """Windows lie alike after o/g, with g what both numbers have in common."""
        return self.parts // gcd(int(self.size), int(self.parts))

    @property
    def shift(self) -> Number:
        """That is n/g elements."""
        return self.size // gcd(int(self.size), int(self.parts))

    def taps(self, place: int) -> Taps:
        """Return what an element is made of: a window."""
        size, parts = map(int, self)
        first = place * size // parts
        return Taps(first, -(-(place + 1) * size // parts) - first)

    def widened(self, size: Number, stride: Number) -> Number:
        """Return the field over elements that all see `size`, `stride` apart."""
        most = -(-(self.shift + self.period - 1) // self.period)
        return size + (most - 1) * stride


class Uneven(NamedTuple):
    """An axis on which the window does not fit evenly: it would take `quotient` + `rest`/`stride` + 1 positions."""

    size: int
    quotient: int
    rest: int
    stride: int
    rounded: int

    @property
    def exact(self) -> str:
        """The output size before rounding, as a decimal where three places say it exactly: 54.25, 18 1/3."""
        whole = self.quotient + 1
        thousandths, remainder = divmod(self.rest * 1000, self.stride)
        if remainder:
            return f"{whole} {self.rest}/{self.stride}"
        return f"{whole}.{thousandths:03d}".rstrip("0")

    def __str__(self) -> str:
        return f"{self.exact} → {self.rounded}"


def span(kernel: Number, dilation: Number) -> Number:
    """Return how many input elements a dilated window covers: d(k - 1) + 1."""
    return kernel if dilation == 1 else dilation * (kernel - 1) + 1


def travel(size: Number, window: Window) -> Number:
    """Return how far the window can move from its first position: H + 2P - FH; negative where it does not fit."""
    return size + (window.before + window.after) - span(window.kernel, window.dilation)


def output_size(size: Number, window: Window, rounding: Rounding) -> Number:
    """Return (H + 2P - FH)/S + 1, rounded down unless `rounding` is "ceil".

    Rounding up adds a last window that sticks out; as in PyTorch and ONNX it is dropped where it would
    start past the input and the padding before it.
    """
    way = travel(size, window)
    if rounding != "ceil":
        return way // window.stride + 1
    steps = -(-way // window.stride)
    if way % window.stride and steps * window.stride >= size + window.before:
        steps = way // window.stride
    return steps + 1


def uneven(size: Number, window: Window, rounding: Rounding) -> Uneven | None:
    """Return what is rounded away where the stride does not divide the way, or None."""
    stride = int(window.stride)
    quotient, rest = divmod(int(travel(size, window)), stride)
    if not rest:
        return None
    return Uneven(int(size), quotient, rest, stride, int(output_size(size, window, rounding)))


def same_size(size: Number, stride: Number) -> Number:
    """Return the output size under `same` padding: ⌈size / stride⌉, whatever the window."""
    return -(-size // stride)


def same_padding(size: Number, kernel: Number, stride: Number, dilation: Number) -> tuple[Number, Number]:
    """Return the padding before and after that makes the output ⌈size / stride⌉.

    As in TensorFlow and ONNX's SAME_UPPER the odd element goes after; where the windows leave gaps nothing
    is added. With stride 1, the only one it takes, it is PyTorch's `same` too.
    """
    reach = span(kernel, dilation) + (same_size(size, stride) - 1) * stride
    total = max(reach - size, 0)
    return total // 2, total - total // 2
