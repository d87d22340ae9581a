"""The one sliding-window rule: output size, what rounding loses, padding that keeps the size.

With input size H, padding P on each side, window FH and stride S the output size is
(H + 2P - FH)/S + 1. Dilation d widens the window to d(FH - 1) + 1. The arithmetic runs on any
numbers that behave like integers.

Sources: Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", relationship
15; for `ceil`, PyTorch's pooling_output_shape, which is ONNX's ceil_mode too; for `same`, TensorFlow's
SAME (tf.nn, "Notes on padding"), which is ONNX's SAME_UPPER.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Rounding = Literal["floor", "ceil", "strict"]
ROUNDINGS: tuple[Rounding, ...] = ("floor", "ceil", "strict")


class Window(NamedTuple):
    """How a window slides along one axis."""

    kernel: int
    stride: int = 1
    before: int = 0
    after: int = 0
    dilation: int = 1

    def seen(self, extent: Extent) -> Extent:
        """Return the field of an element that sees, through this window, elements with field `extent`."""
        reach = (span(self.kernel, self.dilation) - 1) * extent.stride
        return Extent(
            extent.size + reach,
            extent.stride * self.stride,
            extent.start - self.before * extent.stride,
            extent.smallest + reach,
        )


class Spread(NamedTuple):
    """How a window is spread over the output along one axis: a transposed convolution, an enlargement."""

    kernel: int
    stride: int = 1
    before: int = 0
    dilation: int = 1

    def seen(self, extent: Extent) -> Extent:
        """Return the field of an element onto which elements with field `extent` are spread.

        It sees every `stride`-th element of the window, ⌈span/stride⌉ of them at most; the first element's
        window begins `before` elements outside the output.
        """
        reach = span(self.kernel, self.dilation)
        most, least = -(-reach // self.stride), max(reach // self.stride, 1)
        first = -((reach - 1 - self.before) // self.stride)
        return Extent(
            extent.size + (most - 1) * extent.stride,
            _divided(extent.stride, self.stride),
            extent.start + first * extent.stride,
            extent.smallest + (least - 1) * extent.stride,
        )


def _divided(stride: float, parts: int) -> float:
    """Return stride/parts, an integer where it is one."""
    return stride // parts if stride % parts == 0 else float(stride) / int(parts)


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


def span(kernel: int, dilation: int) -> int:
    """Return how many input elements a dilated window covers: d(k - 1) + 1."""
    return kernel if dilation == 1 else dilation * (kernel - 1) + 1


def travel(size: int, window: Window) -> int:
    """Return how far the window can move from its first position: H + 2P - FH; negative where it does not fit."""
    return size + (window.before + window.after) - span(window.kernel, window.dilation)


def output_size(size: int, window: Window, rounding: Rounding) -> int:
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


def uneven(size: int, window: Window, rounding: Rounding) -> Uneven | None:
    """Return what is rounded away where the stride does not divide the way, or None."""
    quotient, rest = divmod(travel(size, window), window.stride)
    if not rest:
        return None
    return Uneven(size, quotient, rest, window.stride, output_size(size, window, rounding))


def same_size(size: int, stride: int) -> int:
    """Return the output size under `same` padding: ⌈size / stride⌉, whatever the window."""
    return -(-size // stride)


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return the padding before and after that makes the output ⌈size / stride⌉.

    As in TensorFlow and ONNX's SAME_UPPER the odd element goes after; where the windows leave gaps nothing
    is added. With stride 1, the only one it takes, it is PyTorch's `same` too.
    """
    reach = span(kernel, dilation) + (same_size(size, stride) - 1) * stride
    total = max(reach - size, 0)
    return total // 2, total - total // 2


class Extent(NamedTuple):
    """A receptive field along one axis: what one output element sees of the input.

    `size` reaches over all paths and `smallest` is that of the narrowest; `stride` is the distance between
    the fields of neighbours; `start` is the position of the first field's first element, negative
    where it begins in the padding. All are whole numbers unless something is enlarged to more than the
    input's resolution.
    """

    size: float
    stride: float
    start: float
    smallest: float

    @property
    def centre(self) -> float:
        """The middle of the first field."""
        return self.start + (self.size - 1) / 2

    def joined(self, other: Extent) -> Extent:
        """Return the field over both paths: from where the first begins to where the last ends.

        That is the larger of the two wherever it covers the other, as it does along symmetrical windows.
        """
        larger = max(self, other, key=lambda extent: extent.size)
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        return Extent(end - start, larger.stride, start, min(self.smallest, other.smallest))


POINT = Extent(1, 1, 0, 1)
"""The field of an input element: itself."""
