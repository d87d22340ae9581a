"""What every op with a sliding window shares: its settings, its output size, its checks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.arithmetic.window import (
    ROUNDINGS,
    Rounding,
    Uneven,
    Window,
    output_size,
    same_padding,
    same_size,
    span,
    uneven,
)
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import INPUT, Saved, follow, gradient_of
from archcalc.op.op import Op, per_axis
from archcalc.op.setting import idle
from archcalc.op.settings import choice, padding, size
from archcalc.op.site import Shape, Site, Sizes, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import check_axes

TO_LARGEST = f"{gradient_of('the input')}, which goes to the largest elements: where they are"
"""Why indices are kept."""


class Sliding(Op):
    """Base of the ops that slide a window over the spatial axes.

    Subclasses may declare `stride`, `padding`, `dilation` and `rounding` anew with other defaults;
    a stride of None is the kernel's size. `same` is TensorFlow's, and `ceil` PyTorch's: see `window`.
    """

    traits = Traits(slides=True)

    kernel: tuple[int, ...] = size("k", "window size")
    stride: tuple[int, ...] | None = size("s", "step of the window", default=1)
    padding: str | tuple[tuple[int, int], ...] = padding(
        "p", "elements added at each side: a number, `same` or `valid`", words=("same", "valid")
    )
    dilation: tuple[int, ...] = size("d", "distance between window elements", default=1, fades=True)
    rounding: Rounding | None = idle(
        choice(ROUNDINGS, "what to do where the window does not fit evenly", default=None),
        "where the stride is 1",
    )

    def agree(self, given: Collection[str]) -> None:
        super().agree(given)
        if self.padding == "same" and self.rounding in ("floor", "ceil"):
            raise ArchcalcError(
                f"'rounding: {self.rounding}' changes nothing with 'padding: same', which makes ⌈I/s⌉ of I",
                setting="rounding",
                hint="leave 'rounding' out, or state the padding in numbers",
            )

    def rounded(self, rounding: Rounding) -> Self:
        """Return the op under a network-wide rounding: it holds where the layer says none; `strict` always does."""
        if self.rounding is None or rounding == "strict":
            return self.replace(rounding=rounding)
        return self

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """Return the window on each spatial axis of input (N, C, *I)."""
        spatial = x[2:]
        kernel = per_axis(self.kernel, spatial)
        stride = kernel if self.stride is None else per_axis(self.stride, spatial)
        dilation = per_axis(self.dilation, spatial)
        if self.padding == "same":
            around: tuple[tuple[Number, Number], ...] = tuple(
                map(same_padding, spatial, kernel, stride, dilation)
            )
        else:
            around = per_axis(self.padding, spatial)  # type: ignore[arg-type]  # a word other than `same` is never kept
        return tuple(
            Window(k, s, before, after, d)
            for k, s, (before, after), d in zip(kernel, stride, around, dilation, strict=True)
        )

    def slid(self, x: Shape) -> Shape:
        """Return the spatial output sizes: ((I + 2p - d(k - 1) - 1) / s + 1) on each axis."""
        rounding = self.rounding or "floor"
        windows = self.windows(x)
        if self.padding == "same":
            return tuple(same_size(extent, w.stride) for extent, w in zip(x[2:], windows, strict=True))
        return tuple(output_size(extent, w, rounding) for extent, w in zip(x[2:], windows, strict=True))

    def output(self, at: Site) -> Shape:
        return (*at.x[:2], *self.slid(at.x))

    def uneven(self, at: Spot) -> tuple[Uneven, ...]:
        rounding = self.rounding or "floor"
        remainders = (
            uneven(extent, window, rounding)
            for extent, window in zip(at.x[2:], self.windows(at.x), strict=True)
        )
        return tuple(remainder for remainder in remainders if remainder)

    def field(self, at: Site) -> Field:
        return self.windows(at.x)

    def check(self, at: Spot) -> None:
        spatial = check_spatial(at.x)
        for name in ("kernel", "stride", "padding", "dilation"):
            value = getattr(self, name)
            if isinstance(value, tuple):
                check_axes(name, value, spatial)
        for extent, window in zip(spatial, self.windows(at.x), strict=True):
            _check_fits(extent, window, self.rounding or "floor")
            if self.rounding == "strict":
                _check_even(extent, window)

    def takes_in(self, at: Site, why: str) -> int | Saved:
        """Return what PyTorch slides over: the input, or a padded copy of it where two sides of an axis differ.

        `why` says what the backward pass works out with it.
        """
        sides = [(window.before, window.after) for window in self.windows(at.x)]
        if all(before == after for before, after in sides):
            return INPUT
        padded = [size + before + after for size, (before, after) in zip(at.x[2:], sides, strict=True)]
        return Saved("copy", (*at.x[:2], *padded), f"{why}; padded beforehand, since two sides differ")

    def laid(self, at: Site, strides: Shape) -> Shape:
        return follow(at.y, strides)


def check_spatial(x: Sizes) -> Sizes:
    """Return the spatial sizes of (N, C, *I), or raise a fact where there are none."""
    if len(x) < 3:
        raise ArchcalcError(
            f"slides over spatial axes, but its input is flat: {x[1]} numbers",
            hint="move it before flatten and the linear layers, or state all sizes of the input: channels x height x width",
        )
    return x[2:]


def _check_fits(extent: int, window: Window, rounding: Rounding) -> None:
    if output_size(extent, window, rounding) >= 1:
        return
    padded = extent + window.before + window.after
    reach = span(window.kernel, window.dilation)
    grown = f" (padded from {extent})" if padded != extent else ""
    dilated = f" (dilated from {window.kernel})" if reach != window.kernel else ""
    raise ArchcalcError(
        f"a kernel of {reach}{dilated} is larger than its input of {padded}{grown}",
        setting="kernel",
        hint=f"use a {'smaller kernel or dilation' if dilated else f'kernel of at most {padded}'}, "
        "more padding, or a larger input",
    )


def _check_even(extent: int, window: Window) -> None:
    remainder = uneven(extent, window, "strict")
    if remainder is None:
        return
    raise ArchcalcError(
        f"the window does not fit evenly: {_formula(extent, window)} = {remainder.exact}",
        setting="stride",
        hint=f"{_fitting(remainder)}; floor makes it {remainder.rounded}",
    )


def _fitting(left: Uneven) -> str:
    """Return the nearest sizes on which the window fits evenly."""
    below, above = left.size - left.rest, left.size - left.rest + left.stride
    return f"sizes that fit are {below} and {above}" if below >= 1 else f"the next size that fits is {above}"


def _formula(extent: int, window: Window) -> str:
    """Return the output-size formula in numbers, such as (224 + 2·0 − 11)/4 + 1."""
    around = f"2·{window.before}" if window.before == window.after else f"{window.before} + {window.after}"
    return f"({extent} + {around} − {span(window.kernel, window.dilation)})/{window.stride} + 1"
