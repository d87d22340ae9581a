"""Questions about one axis: what size comes out, which padding keeps it, which inputs fit without rounding."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.term import Term, as_term
from archcalc.arithmetic.window import Rounding, Window, output_size, span, travel, uneven
from archcalc.ground.errors import ArchcalcError


class OutputSize(NamedTuple):
    """What comes out of a window.

    `term` is the derivation, `exact` the size before rounding where that is no whole number, `fitting`
    the nearest input sizes that need no rounding.
    """

    term: Term
    exact: str | None
    fitting: tuple[int, ...]


class Range(NamedTuple):
    """Numbers from `least` to `most`, and the derivation of the one among them that needs no rounding."""

    least: int
    most: int
    even: Term


def output(size: int, window: Window, rounding: Rounding = "floor") -> OutputSize:
    """Return the output size of a window on an axis of `size` elements.

    Raises:
        ArchcalcError: the window does not fit.
    """
    if output_size(size, window, rounding) < 1:
        raise ArchcalcError(
            f"a kernel of {span(window.kernel, window.dilation)} is larger than its input of "
            f"{size + window.before + window.after}",
            hint="more padding or a larger input would let it fit",
        )
    rest = uneven(size, window, rounding)
    term = as_term(output_size(Term(size, "H"), _symbolic(window), rounding))
    below = size - (rest.rest if rest else 0)
    fitting = (below, below + rest.stride) if rest else (size,)
    return OutputSize(term, rest.exact if rest else None, tuple(n for n in fitting if n > 0))


def _symbolic(window: Window) -> Window:
    """Return the window in terms; padding that is equal on both sides is one and the same."""
    kernel, stride, before, after, dilation = map(int, window)
    first = Term(before, "p")
    last = first if after == before else Term(after, "p′")
    return Window(
        Term(kernel, "k"), Term(stride, "s"), first, last, 1 if dilation == 1 else Term(dilation, "d")
    )


def paddings(size: int, target: int, window: Window, rounding: Rounding = "floor") -> Range | None:
    """Return the total padding with which `size` gives `target`; None where none does.

    It is that of both sides together, as much before as after; an odd element goes after.
    """
    bare = window._replace(before=0, after=0)

    def came(total: int) -> int:
        return int(output_size(size, bare._replace(before=total // 2, after=total - total // 2), rounding))

    symbols = _symbolic(bare)._replace(before=0, after=0)
    return _range(
        came, target, _even(Term(size, "H"), Term(target, "O"), symbols), int(window.stride), least=0
    )


def inputs(target: int, window: Window, rounding: Rounding = "floor") -> Range | None:
    """Return the input sizes that give `target`; None where there are none."""

    def came(size: int) -> int:
        return int(output_size(size, window, rounding))

    return _range(came, target, _even(0, Term(target, "O"), _symbolic(window)), int(window.stride), least=1)


def _even(size: Number, target: Number, window: Window) -> Term:
    """Return what must be added to `size` so that the window takes `target` positions and nothing is rounded."""
    return as_term((target - 1) * window.stride - travel(size, window))


def _range(came: Callable[[int], int], target: int, even: Term, stride: int, least: int) -> Range | None:
    """Return the numbers from `least` on for which `target` came out: they lie around the even one.

    What comes out never falls as they grow.
    """
    numbers = range(max(int(even) - stride, least), max(int(even) + 2 * stride, least))
    first = bisect_left(numbers, target, key=came)
    last = bisect_right(numbers, target, key=came)
    return Range(numbers[first], numbers[last - 1], even) if first < last else None
