"""What a network needs in memory where it only runs."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row


class Need(NamedTuple):
    """One thing that takes memory: its name, how many numbers, their bytes, and what they are."""

    name: str
    numbers: int
    bytes: int
    meaning: str


def find_most_unfolded(report: Report) -> Row | None:
    """Return the layer of whose input im2col makes the largest matrix; None where there are no convolutions."""
    rows = [row for row in report.rows if row.unfolded]
    return max(rows, key=lambda row: prod(row.unfolded or ()), default=None)


def inference(report: Report) -> list[Need]:
    """Return what must be in memory at once: all weights and the largest set of activations alive."""
    totals = report.totals
    return [
        *_resident(report),
        Need(
            "peak activations",
            totals.peak,
            report.peak_bytes,
            f"the largest set alive at once, while {report.busiest.name} runs",
        ),
    ]


def _resident(report: Report) -> list[Need]:
    """Return what is in memory all along."""
    totals, each = report.totals, report.bytes_each_weight
    learnt_and_fixed = totals.params + totals.fixed
    return [
        Need("weights", learnt_and_fixed, learnt_and_fixed * each, "learnable and fixed"),
        Need("buffers", totals.buffers, totals.buffers * each, "running statistics and the like"),
    ]
