"""A row a network: the page of list."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.analysis.report import Report
from archcalc.sheet.kinds import COUNT, SHAPE, TEXT
from archcalc.sheet.sheet import Column, Sheet

COLUMNS = (
    Column("name", "name", TEXT, "what to call it by"),
    Column("title", "title", TEXT, "its title", 2),
    Column("input", "input", SHAPE, "shape of the input, without the batch", 1),
    Column("params", "params", COUNT, "learnable parameters"),
    Column("macs", "MACs", COUNT, "multiply-accumulates of one sample"),
    Column("depth", "depth", COUNT, "weighted layers on the longest path"),
)


def catalogue(reports: Sequence[Report]) -> Sheet:
    """Return a row for every network."""
    return Sheet(
        columns=COLUMNS,
        rows=tuple(
            (
                report.name,
                report.title,
                (1, *report.input_shape),
                report.totals.params,
                report.totals.macs,
                report.totals.depth,
            )
            for report in reports
        ),
    )
