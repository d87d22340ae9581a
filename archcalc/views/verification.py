"""A row a figure: the page of verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.questions.verify.verify import Measured, Value, Verification
from archcalc.sheet.kinds import AGREEING, BYTES, COUNT, MIXED, SHAPE, VERDICT, WORDS
from archcalc.sheet.numbers import grouped, sized
from archcalc.sheet.sheet import Cell, Column, Kind, Sheet
from archcalc.views import page

COLUMNS = (
    Column("figure", "figure", WORDS, "what was compared"),
    Column("layers", "layers", COUNT, "in how many layers", 2),
    Column("predicted", "predicted", MIXED, "what was predicted, in all"),
    Column("real", "real", MIXED, "what happened, in all"),
    Column("verdict", "verdict", VERDICT, "ok or wrong"),
)
TOTALS: dict[str, tuple[str, Callable[[Sequence[int]], int], Kind]] = {
    "params": ("weights", sum, COUNT),
    "macs": ("MACs", sum, COUNT),
    "alive": ("peak alive", max, BYTES),
}
"""What the layers' figures add up to: its name, how, and its kind; the others only agree or not."""


def verification(report: Report, found: Verification, layer: str | None) -> Sheet:
    """Return a row for each figure that was compared, over all layers or of one."""
    return Sheet(
        columns=COLUMNS,
        rows=tuple(_rows(found)),
        title=f"{report.name} verified" + (f": {layer}" if layer else ""),
        subtitle=page.subtitle(report),
        notes=tuple(_notes(found)),
        facts=page.facts(report)
        | {
            "comparisons": len(found.comparisons),
            "complete": found.complete,
            "disagreements": [
                {
                    "layer": one.layer,
                    "figure": one.figure,
                    "predicted": _raw(one.predicted),
                    "real": _raw(one.real),
                }
                for one in found.disagreements
            ],
        },
    )


def _rows(found: Verification) -> Iterator[tuple[object, ...]]:
    for key in FIGURES:
        ones = [one for one in found.comparisons if one.key == key]
        if not ones:
            continue
        name, predicted, real = _values(key, ones)
        verdict = "ok" if all(one.agrees for one in ones) else "wrong"
        yield (name, len({one.layer for one in ones}), predicted, real, verdict)


def _values(key: str, ones: Sequence[Measured]) -> tuple[str, object, object]:
    """Return the name of a line, and the values of both sides: a total, or how many comparisons agree."""
    figure = FIGURES[key].measured
    if key in TOTALS:
        name, total, kind = TOTALS[key]
        sides = ([one.predicted for one in ones], [one.real for one in ones])
        predicted, real = (Cell(kind, total([n for n in side if isinstance(n, int)])) for side in sides)
        return name, predicted, real
    if len(ones) == 1 and key == "output":
        return figure, Cell(SHAPE, ones[0].predicted), Cell(SHAPE, ones[0].real)
    agreeing = sum(one.agrees for one in ones)
    return figure, Cell(COUNT, len(ones)), Cell(AGREEING, agreeing)


def _notes(found: Verification) -> Iterator[str]:
    if not found.disagreements:
        yield f"{grouped(len(found.comparisons))} comparisons, all agree"
    else:
        one = found.disagreements[0]
        yield (
            f"the first of {grouped(len(found.disagreements))} disagreements: {one.layer}: {_difference(one)}"
        )
    if not found.complete:
        yield "the run ended there: what follows would be wrong, too"
    yield "receptive fields: which elements of a layer see a marked part of the input, along each axis"


def _difference(one: Measured) -> str:
    if one.key == "values":
        return f"{_text(one, one.real)} values are not those of ONNX Runtime"
    return f"{one.figure} is {_text(one, one.real)}, not {_text(one, one.predicted)} as predicted"


def _raw(value: Value) -> object:
    """Return a value as machines are told it: a shape without the batch."""
    return SHAPE.plain(value) if isinstance(value, tuple) else value


def _text(one: Measured, value: Value) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value[1:]))
    if isinstance(value, str):
        return value
    if one.key == "alive":
        return f"{grouped(value)} bytes ({sized(value)})"
    return grouped(value)
