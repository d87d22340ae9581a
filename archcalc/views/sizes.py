"""Sizes along one axis: the page of size, and the answer to a sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcalc.formats import grouped
from archcalc.sheet import Column, Sheet
from archcalc.sizing import Range, inputs, output, paddings
from archcalc.window import Rounding, Window

COLUMNS = (
    Column("question", "question", "text"),
    Column("derivation", "symbols = numbers = result", "derivation"),
    Column("answer", "answer", "words"),
)


def forward(size: int, window: Window, rounding: Rounding) -> Sheet:
    """Return what comes out of `size`, and what would fit without rounding and keep the size."""
    found = output(size, window, rounding)
    term = found.term
    kept = paddings(size, size, window)
    return Sheet(
        columns=COLUMNS,
        rows=(
            (
                "output size",
                (term.symbols(), term.numbers(), term.value, ""),
                _evenness(found.exact, term.value),
            ),
            ("inputs that fit", "", "without rounding: " + ", ".join(map(grouped, found.fitting))),
            ("padding that keeps the size", "", _padding(kept)),
        ),
        title=f"a window of {window.kernel} on {size} elements, {window.stride} at a time",
        facts={"size": size, "window": window._asdict(), "output": term.value, "exact": found.exact},
    )


def backward(size: int | None, target: int, window: Window) -> Sheet:
    """Return which padding makes `target` out of `size`, or which inputs give it."""
    rows = _for_padding(size, target, window) if size is not None else _for_inputs(target, window)
    return Sheet(
        columns=(COLUMNS[0], COLUMNS[2]),
        rows=tuple(rows),
        title=f"{target} out of a window of {window.kernel}, {window.stride} at a time",
        facts={"target": target, "window": window._asdict()},
    )


def _for_padding(size: int, target: int, window: Window) -> Iterator[tuple[str, str]]:
    yield f"padding that makes {target} of {size}", _padding(paddings(size, target, window))


def _for_inputs(target: int, window: Window) -> Iterator[tuple[str, str]]:
    found = inputs(target, window)
    if found is None:
        yield "inputs that give it", "none"
        return
    yield "inputs that give it", _span(found)
    yield "without rounding", grouped(found.even) if found.even >= 1 else "none"


def _evenness(exact: str | None, result: int) -> str:
    return "it fits evenly" if exact is None else f"it does not fit evenly: {exact} → {result}"


def _padding(found: Range | None) -> str:
    if found is None:
        return "none: the window makes less of it even without padding"
    if found.even < 0:
        return f"{_span(found)} in all, with rounding"
    each, odd = divmod(found.even, 2)
    sides = f"{each} at each side" if not odd else f"{each} before and {each + 1} after"
    return f"{sides}" + ("" if found.least == found.most else f"; {_span(found)} in all with rounding")


def _span(found: Range) -> str:
    return grouped(found.least) if found.least == found.most else f"{found.least:,} to {found.most:,}"


def sum_of(text: str, value: Any) -> Sheet:
    """Return the value of a sum that was asked for."""
    return Sheet(
        columns=(Column("sum", "sum", "words"), Column("value", "value", "text")),
        rows=((text, f"{value:g}" if isinstance(value, float) else str(value)),),
        facts={"sum": text, "value": value},
    )
