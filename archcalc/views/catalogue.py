"""A row a network: the page of list."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.analysis.budget import is_complete, limitable
from archcalc.analysis.figures import FIGURES, check_columns
from archcalc.analysis.report import Report
from archcalc.sheet.kinds import SHAPES, TEXT
from archcalc.sheet.sheet import Column, Sheet

OWN = {
    column.key: column
    for column in (
        Column("name", "name", TEXT, "what to call it by"),
        Column("title", "title", TEXT, "its title", 2),
        Column("inputs", "input", SHAPES, "shapes of the inputs, without the batch", 1),
    )
}
"""The columns that are no figures."""
SHOWN = (*OWN, "params", "macs", "depth")
"""The columns unless told."""


def keys() -> tuple[str, ...]:
    """Return the keys of all columns: what a network is called, and every figure that networks have."""
    return (*OWN, *limitable())


def chosen(stated: str | None) -> tuple[str, ...]:
    """Return the keys of the columns asked for.

    Raises:
        ArchcalcError: there is no such column.
    """
    if stated is None:
        return SHOWN
    if stated == "all":
        return keys()
    wanted = tuple(key.strip().lower() for key in stated.split(","))
    check_columns(wanted, keys())
    return wanted


def order(key: str) -> tuple[str, bool]:
    """Return the column that rows are sorted by, and whether the largest comes first: with a - before the key.

    Raises:
        ArchcalcError: there is no such column, or nothing to sort in it.
    """
    column = key.removeprefix("-").strip().lower()
    check_columns((column,), ("name", *limitable()), "networks cannot be sorted by")
    return column, key.startswith("-")


def columns(shown: Sequence[str]) -> tuple[Column, ...]:
    """Return columns; figures that are there unless told give way to nothing."""
    return tuple(
        OWN[key] if key in OWN else FIGURES[key].column._replace(priority=0 if key in SHOWN else 3)
        for key in shown
    )


def catalogue(
    reports: Sequence[Report], shown: Sequence[str] = SHOWN, by: str | None = None, notes: Sequence[str] = ()
) -> Sheet:
    """Return a row for every network, sorted `by` a column where one is named; what is not known comes last."""
    if by is not None:
        key, is_falling = order(by)
        known = [report for report in reports if _cell(report, key) is not None]
        unknown = [report for report in reports if _cell(report, key) is None]
        reports = sorted(known, key=lambda report: _rank(report, key), reverse=is_falling) + unknown
    return Sheet(
        columns=columns(shown),
        rows=tuple(tuple(_cell(report, key) for key in shown) for report in reports),
        notes=tuple(notes),
    )


def _cell(report: Report, key: str) -> object:
    """Return the cell of a network; None for a figure that is not known entirely."""
    if key in OWN:
        own: object = report.input_shapes if key == "inputs" else getattr(report, key)
        return own
    figure = FIGURES[key]
    return figure.of_total(report) if is_complete(figure, report) else None


def _rank(report: Report, key: str) -> tuple[int, str]:
    """Return what a network is sorted by: its name, or how much it has of a figure."""
    return (0, report.name) if key == "name" else (FIGURES[key].amount(report), "")
