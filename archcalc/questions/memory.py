"""What a network needs in memory where it only runs."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.op.site import Sizes


class Need(NamedTuple):
    """One thing that takes memory: its name, how many numbers, their bytes, and what they are."""

    name: str
    numbers: int
    bytes: int
    meaning: str


def find_most_unfolded(report: Report) -> tuple[str, Sizes] | None:
    """Return the layer of whose input im2col makes the largest matrix, and its sizes; None where there are no convolutions."""
    layers = zip(report.run.nodes, report.run.facts, strict=True)
    unfolded = [(node.name, facts.unfolded) for node, facts in layers if facts.unfolded]
    return max(unfolded, key=lambda each: prod(each[1]), default=None)


def inference(report: Report) -> list[Need]:
    """Return what must be in memory at once: all weights and the largest set of activations alive."""
    totals = report.totals
    return [
        *_resident(report),
        Need(
            "peak activations",
            totals.peak,
            report.peak_bytes,
            f"the largest set alive at once, while {report.busiest} runs",
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
