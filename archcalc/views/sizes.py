"""Sizes along one axis: the page of size, and the answer to a sum."""

from __future__ import annotations

from math import floor

from archcalc.arithmetic.term import Term
from archcalc.arithmetic.window import Rounding, Window, output_size
from archcalc.questions.size import Range, inputs, output, paddings
from archcalc.questions.smallest import SmallestInput
from archcalc.sheet.kinds import DERIVATION, FIGURE, SHAPE, TEXT, WORDS
from archcalc.sheet.numbers import group_digits
from archcalc.sheet.sheet import Column, Sheet

COLUMNS = (
    Column("question", "question", TEXT, "what was asked"),
    Column("derivation", "symbols = numbers = result", DERIVATION, "how the answer comes about"),
    Column("answer", "answer", WORDS, "the answer"),
)
SMALLEST = (COLUMNS[0], COLUMNS[2])
SUM = (Column("sum", "sum", WORDS, "the sum"), Column("value", "value", FIGURE, "its value"))


def forward(size: int, window: Window, rounding: Rounding) -> Sheet:
    """Return what comes out of `size`, and what would fit without rounding and keep the size."""
    size_out = output(size, window, rounding)
    kept = paddings(size, size, window)
    rows = [
        ("output size", _derive(size_out.term), _evenness(size_out.exact, size_out.term.value)),
        ("inputs that fit", "", "without rounding: " + ", ".join(map(group_digits, size_out.fitting))),
    ]
    if window.stride == 1:
        rows.append(("padding that keeps it", _derive(kept.even) if kept else "", _padding(kept)))
    return Sheet(
        columns=COLUMNS,
        rows=tuple(rows),
        title=f"a window of {window.kernel} on {size} elements, {window.stride} at a time",
        summary=LEGEND,
        facts={
            "size": size,
            "target": None,
            "window": window._asdict(),
            "output": size_out.term.value,
            "exact": size_out.exact,
            "fitting": list(size_out.fitting),
            "answer": None,
        },
    )


LEGEND = (
    ("H, O", "input and output size"),
    ("k, s, p", "window, step of the window, elements added at each side"),
    ("⌊ ⌋, ⌈ ⌉", "rounded down, rounded up to a whole number"),
)


def backward(size: int | None, target: int, window: Window, rounding: Rounding) -> Sheet:
    """Return which padding makes `target` out of `size`, or which inputs give it."""
    answer = inputs(target, window, rounding) if size is None else paddings(size, target, window, rounding)
    if size is None:
        row = ("inputs that give it", _inputs(answer))
    else:
        bare = output_size(size, window._replace(before=0, after=0), rounding)
        fewer = f"none: without padding it is already {bare}, and padding only adds"
        row = (f"padding that makes {target} of {size}", _padding(answer) if answer else fewer)
    return Sheet(
        columns=COLUMNS,
        rows=((row[0], _derive(answer.even) if answer else "", row[1]),),
        title=f"{target} out of a window of {window.kernel}, {window.stride} at a time",
        summary=LEGEND,
        facts={
            "size": size,
            "target": target,
            "window": window._asdict(),
            "output": None,
            "exact": None,
            "fitting": None,
            "answer": {"least": answer.least, "most": answer.most, "even": answer.even.value}
            if answer
            else None,
        },
    )


def _derive(term: Term) -> tuple[str, str, int, str]:
    return term.symbols(), term.numbers(), term.value, ""


def _inputs(fitting: Range | None) -> str:
    if fitting is None:
        return "none"
    even = f"; {group_digits(fitting.even.value)} without rounding" if fitting.even.value >= 1 else ""
    return _span(fitting) + even


def _evenness(exact: str | None, result: int) -> str:
    return "it fits evenly" if exact is None else f"it does not fit evenly: {exact} → {result}"


def _padding(fitting: Range | None) -> str:
    """Return how the padding falls on the two sides."""
    if fitting is None:
        return "none"
    even = fitting.even.value
    if even < 0:
        return f"{_span(fitting)} in all, with rounding"
    each, odd = divmod(even, 2)
    sides = f"{each} before and {each + 1} after" if odd else f"{each} at each side"
    return sides + ("" if fitting.least == fitting.most else f"; {_span(fitting)} in all with rounding")


def _span(fitting: Range) -> str:
    return (
        group_digits(fitting.least)
        if fitting.least == fitting.most
        else f"{fitting.least:,} to {fitting.most:,}"
    )


def smallest(answer: SmallestInput) -> Sheet:
    """Return the smallest square input of a network, and what fails below it."""
    shapes = [SHAPE.text((0, *shape)) for shape in answer.shapes.values()]
    named = ", ".join(
        f"{name} {shape}" if len(shapes) > 1 else shape
        for name, shape in zip(answer.shapes, shapes, strict=True)
    )
    rows = [("smallest square input", named)]
    if answer.below:
        rows.append((f"what fails at {answer.side - 1}", answer.below.error.fact))
    return Sheet(
        columns=SMALLEST,
        rows=tuple(rows),
        title=f"{answer.network}: the smallest input that suits all layers",
        notes=(f"every size from 1 to {answer.side} was tried",) if answer.below else (),
        facts={
            "model": answer.network,
            "inputs": [{"name": name, "shape": list(shape)} for name, shape in answer.shapes.items()],
            "side": answer.side,
            "below": answer.below and {"layer": answer.below.layer, "reason": answer.below.error.fact},
        },
    )


def sum_of(text: str, value: object) -> Sheet:
    """Return the value of a sum that was asked for; a truth is 1 or 0, and said."""
    notes: tuple[str, ...] = ()
    if isinstance(value, bool):
        notes = ("it holds" if value else "it does not hold",)
    elif isinstance(value, float) and not value.is_integer():
        notes = (f"rounded down: {group_digits(floor(value))}",)
    shown = int(value) if isinstance(value, float) and value.is_integer() else value
    return Sheet(
        columns=SUM,
        rows=((text, shown),),
        notes=notes,
        facts={"sum": text, "value": shown},
    )
