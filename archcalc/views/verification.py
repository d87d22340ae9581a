"""A row a figure: the page of verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.questions.verify.verify import Measured, Value, Verification
from archcalc.sheet.kinds import AGREEING, BYTES, COUNT, MIXED, SHAPE, VERDICT, WORDS
from archcalc.sheet.numbers import group_digits, write_bytes
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


def verification(report: Report, checked: Verification, layer: str | None) -> Sheet:
    """Return a row for each figure that was compared, over all layers or of one."""
    return Sheet(
        columns=COLUMNS,
        rows=tuple(_rows(checked)),
        title=f"{report.name} verified" + (f": {layer}" if layer else ""),
        subtitle=page.subtitle(report),
        notes=tuple(_notes(checked)),
        facts=page.facts(report)
        | {
            "comparisons": len(checked.comparisons),
            "complete": checked.complete,
            "disagreements": [
                {
                    "layer": measured.layer,
                    "figure": measured.figure,
                    "predicted": _raw(measured.predicted),
                    "real": _raw(measured.real),
                }
                for measured in checked.disagreements
            ],
        },
    )


def _rows(checked: Verification) -> Iterator[tuple[object, ...]]:
    for key in FIGURES:
        measurements = [measured for measured in checked.comparisons if measured.key == key]
        if not measurements:
            continue
        name, predicted, real = _values(key, measurements)
        verdict = "ok" if all(measured.agrees for measured in measurements) else "wrong"
        yield (name, len({measured.layer for measured in measurements}), predicted, real, verdict)


def _values(key: str, measurements: Sequence[Measured]) -> tuple[str, object, object]:
    """Return the name of a line, and the values of both sides: a total, or how many comparisons agree."""
    figure = FIGURES[key].measured
    if key in TOTALS:
        name, total, kind = TOTALS[key]
        sides = (
            [measured.predicted for measured in measurements],
            [measured.real for measured in measurements],
        )
        predicted, real = (Cell(kind, total([n for n in side if isinstance(n, int)])) for side in sides)
        return name, predicted, real
    if len(measurements) == 1 and key == "output":
        return figure, Cell(SHAPE, measurements[0].predicted), Cell(SHAPE, measurements[0].real)
    agreeing = sum(measured.agrees for measured in measurements)
    return figure, Cell(COUNT, len(measurements)), Cell(AGREEING, agreeing)


def _notes(checked: Verification) -> Iterator[str]:
    if not checked.disagreements:
        yield f"{group_digits(len(checked.comparisons))} comparisons, all agree"
    else:
        measured = checked.disagreements[0]
        yield (
            f"the first of {group_digits(len(checked.disagreements))} disagreements: {measured.layer}: {_difference(measured)}"
        )
    if not checked.complete:
        yield "the run ended there: what follows would be wrong, too"
    yield "receptive fields: which elements of a layer see a marked part of the input, along each axis"


def _difference(measured: Measured) -> str:
    if measured.key == "values":
        return f"{_text(measured, measured.real)} values are not those of ONNX Runtime"
    return f"{measured.figure} is {_text(measured, measured.real)}, not {_text(measured, measured.predicted)} as predicted"


def _raw(value: Value) -> object:
    """Return a value as machines are told it: a shape without the batch."""
    return SHAPE.plain(value) if isinstance(value, tuple) else value


def _text(measured: Measured, value: Value) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value[1:]))
    if isinstance(value, str):
        return value
    if measured.key == "alive":
        return f"{group_digits(value)} bytes ({write_bytes(value)})"
    return group_digits(value)
