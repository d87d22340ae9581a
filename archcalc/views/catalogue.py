"""A row a network: the page of list."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.report import Report
from archcalc.sheet import Column, Sheet


def catalogue(reports: Sequence[Report]) -> Sheet:
    """Return a row for every network."""
    return Sheet(
        columns=(
            Column("name", "name", "text"),
            Column("title", "title", "text", priority=2),
            Column("input", "input", "shape", priority=1),
            Column("params", "params", "count"),
            Column("macs", "MACs", "count"),
            Column("depth", "depth", "count"),
        ),
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
