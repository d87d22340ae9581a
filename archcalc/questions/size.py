"""Questions about one axis: what size comes out, which padding keeps it, which inputs fit without rounding."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, NamedTuple

from archcalc.arithmetic.term import Term
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
    term: Any = output_size(Term(size, "H"), _symbolic(window), rounding)  # type: ignore[arg-type]  # a Term is an int to every formula
    below = size - (rest.rest if rest else 0)
    fitting = (below, below + window.stride) if rest else (size,)
    return OutputSize(term, rest.exact if rest else None, tuple(n for n in fitting if n > 0))


def _symbolic(window: Window) -> Window:
    """Return the window in terms; padding that is equal on both sides is one and the same."""
    before = Term(window.before, "p")
    after = before if window.after == window.before else Term(window.after, "p′")
    dilation: Any = 1 if window.dilation == 1 else Term(window.dilation, "d")
    sizes: Any = (Term(window.kernel, "k"), Term(window.stride, "s"), before, after, dilation)
    return Window(*sizes)


def paddings(size: int, target: int, window: Window, rounding: Rounding = "floor") -> Range | None:
    """Return the total padding with which `size` gives `target`; None where none does.

    It is that of both sides together, as much before as after; an odd element goes after.
    """
    bare = window._replace(before=0, after=0)

    def came(total: int) -> int:
        return output_size(size, bare._replace(before=total // 2, after=total - total // 2), rounding)

    symbols = _symbolic(bare)._replace(before=0, after=0)
    return _range(came, target, _even(Term(size, "H"), Term(target, "O"), symbols), window.stride, least=0)


def inputs(target: int, window: Window, rounding: Rounding = "floor") -> Range | None:
    """Return the input sizes that give `target`; None where there are none."""

    def came(size: int) -> int:
        return output_size(size, window, rounding)

    return _range(came, target, _even(0, Term(target, "O"), _symbolic(window)), window.stride, least=1)


def _even(size: Any, target: Any, window: Window) -> Any:
    """Return what must be added to `size` so that the window takes `target` positions and nothing is rounded."""
    return (target - 1) * window.stride - travel(size, window)


def _range(came: Callable[[int], int], target: int, even: Any, stride: int, least: int) -> Range | None:
    """Return the numbers from `least` on for which `target` came out: they lie around the even one.

    What comes out never falls as they grow.
    """
    numbers = range(max(int(even) - stride, least), max(int(even) + 2 * stride, least))
    first = bisect_left(numbers, target, key=came)
    last = bisect_right(numbers, target, key=came)
    return Range(numbers[first], numbers[last - 1], even) if first < last else None
