"""A line of a comparison: a figure of everything compared, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.sheet.sheet import Cell, Kind


class Line(NamedTuple):
    """A figure of everything compared, or one `part` of it; a ratio to the first for each of the others."""

    figure: str
    part: str
    cells: tuple[Cell | Literal[""], ...]
    ratios: tuple[float | str, ...]


def line(figure: str, part: str, kind: Kind, values: Sequence[object]) -> Line:
    """Return a line of values of one kind, with ratios where they are counts; "" where there is nothing."""
    cells: tuple[Cell | Literal[""], ...] = tuple(
        "" if value == "" else Cell(kind, value) for value in values
    )
    first = values[0]
    return Line(
        figure,
        part,
        cells,
        tuple(_ratio(other, first) if kind.is_amount else "" for other in values[1:]),
    )


def _ratio(other: object, first: object) -> float | str:
    """Return the ratio of a count to the first; "" where there is none."""
    return (
        other / first if isinstance(other, int | float) and isinstance(first, int | float) and first else ""
    )


def join_names(texts: Iterable[str]) -> str:
    """Return a, b and c."""
    *before, last = texts
    return f"{', '.join(before)} and {last}" if before else last


def total(key: str, reports: Sequence[Report]) -> Line:
    """Return a line of the totals of a column."""
    figure = FIGURES[key]
    return line(figure.name, "", figure.kind, [figure.of_total(report) for report in reports])
