"""Questions about one axis: what size comes out, which padding keeps it, which inputs fit without rounding."""

from __future__ import annotations

from typing import Any, NamedTuple

from archcalc.arithmetic.term import Term
from archcalc.arithmetic.window import Rounding, Window, output_size, span, travel, uneven
from archcalc.ground.errors import ArchcalcError


class Output(NamedTuple):
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


def output(size: int, window: Window, rounding: Rounding = "floor") -> Output:
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
    return Output(term, rest.exact if rest else None, tuple(n for n in fitting if n > 0))


def _symbolic(window: Window) -> Window:
    """Return the window in terms; padding that is equal on both sides is one and the same."""
    before = Term(window.before, "p")
    after = before if window.after == window.before else Term(window.after, "p′")
    dilation: Any = 1 if window.dilation == 1 else Term(window.dilation, "d")
    sizes: Any = (Term(window.kernel, "k"), Term(window.stride, "s"), before, after, dilation)
    return Window(*sizes)


def paddings(size: int, target: int, window: Window) -> Range | None:
    """Return the total padding, both sides together, with which `size` gives `target`; None where none does."""
    symbols = _symbolic(window._replace(before=0, after=0))
    bare = symbols._replace(before=0, after=0)
    return _range(Term(size, "H"), Term(target, "O"), bare, least=0)


def inputs(target: int, window: Window) -> Range | None:
    """Return the input sizes that give `target`, rounding down; None where there are none."""
    return _range(0, Term(target, "O"), _symbolic(window), least=1)


def _range(size: Any, target: Any, window: Window, least: int) -> Range | None:
    """Return what must be added to `size` so that the window takes `target` positions."""
    even = (target - 1) * window.stride - travel(size, window)
    most = int(even) + int(window.stride) - 1
    return Range(max(int(even), least), most, even) if most >= least else None
