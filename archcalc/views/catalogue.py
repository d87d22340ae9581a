"""A row a network: the page of list."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.analysis.report import Report
from archcalc.sheet.kinds import COUNT, SHAPES, TEXT
from archcalc.sheet.sheet import Column, Sheet

COLUMNS = (
    Column("name", "name", TEXT, "what to call it by"),
    Column("title", "title", TEXT, "its title", 2),
    Column("inputs", "input", SHAPES, "shapes of the inputs, without the batch", 1),
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
                tuple(row.output_shape for row in report.inputs),
                report.totals.params,
                report.totals.macs,
                report.totals.depth,
            )
            for report in reports
        ),
    )
