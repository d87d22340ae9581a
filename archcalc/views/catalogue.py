"""A row a network: the page of list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from archcalc.analysis.budget import is_complete, judge_all, limitable
from archcalc.analysis.figures import check_columns, find_figure, name_key
from archcalc.analysis.report import Report
from archcalc.network.network import Limit
from archcalc.sheet.kinds import SHAPES, TEXT
from archcalc.sheet.renderers import PAPERS
from archcalc.sheet.sheet import Column, Sheet
from archcalc.sheet.units import in_units

OWN = {
    column.key: column
    for column in (
        Column("name", "name", TEXT, "what to call it by", heading="model"),
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


def sortable() -> tuple[str, ...]:
    """Return what networks can be sorted by."""
    return ("name", *limitable())


def choose(stated: str | None) -> tuple[str, ...]:
    """Return the keys of the columns asked for, the name before all others unless it is among them.

    Raises:
        ArchcalcError: there is no such column.
    """
    if stated is None:
        return SHOWN
    if stated == "all":
        return keys()
    wanted = tuple(map(name_key, stated.split(",")))
    check_columns(wanted, keys())
    return wanted if "name" in wanted else ("name", *wanted)


def order(key: str) -> tuple[str, bool]:
    """Return the column that rows are sorted by, and whether the largest comes first: with a - before the key.

    Raises:
        ArchcalcError: there is no such column, or nothing to sort in it.
    """
    column = name_key(key.removeprefix("-"))
    check_columns((column,), sortable(), "networks cannot be sorted by")
    return column, key.startswith("-")


def columns(shown: Sequence[str]) -> tuple[Column, ...]:
    """Return columns; figures that are there unless told give way to nothing."""
    return tuple(
        OWN[key] if key in OWN else find_figure(key).column._replace(priority=0 if key in SHOWN else 3)
        for key in shown
    )


def catalogue(
    reports: Iterable[Report],
    shown: Sequence[str] = SHOWN,
    by: str | None = None,
    limits: Sequence[Limit] = (),
    form: str = "table",
) -> Sheet:
    """Return a row for every network that is within some limits, sorted `by` a column where one is named.

    Papers get a unit a column. What is not known comes last. No report is kept: all of them together would fill the memory.
    """
    key, is_falling = (None, False) if by is None else order(by)
    known, unknown, number = [], [], 0
    for report in reports:
        number += 1
        if judge_all(limits, report) != "ok":
            continue
        row = cells(report, shown)
        if key is None or _cell(report, key) is not None:
            known.append((_rank(report, key), row))
        else:
            unknown.append(row)
    if key is not None:
        known.sort(key=itemgetter(0), reverse=is_falling)
    rows = (*(row for _, row in known), *unknown)
    notes = (f"{len(rows)} of {number} networks are within the limits",) if limits else ()
    sheet = Sheet(columns=columns(shown), rows=rows, notes=notes)
    return in_units(sheet) if form in PAPERS else sheet


def cells(report: Report, shown: Sequence[str]) -> tuple[object, ...]:
    """Return the row of a network."""
    return tuple(_cell(report, column) for column in shown)


def _cell(report: Report, key: str) -> object:
    """Return the cell of a network; None for a figure that is not known entirely."""
    if key in OWN:
        own: object = report.input_shapes if key == "inputs" else getattr(report, key)
        return own
    figure = find_figure(key)
    return figure.of_total(report) if is_complete(figure, report) else None


def _rank(report: Report, key: str | None) -> tuple[float, str]:
    """Return what a network is sorted by: how much it has of a figure, or its name."""
    return (0, report.name) if key is None or key == "name" else (find_figure(key).amount(report), "")
