"""Memory of a network as programs run it that only run it: layers in place, batch normalisation folded."""

from __future__ import annotations

from typing import NamedTuple

from archcalc.analysis.arena import count_alive, lifetimes, measure_arena
from archcalc.analysis.batchnorm import fold_batchnorms
from archcalc.analysis.report import Report


class Deployed(NamedTuple):
    """What a network takes where it only runs.

    `report` is the folded network's. `peak_bytes` is the largest set alive at once, while the layer `peak_at` runs;
    `arena_bytes` as a planner lays all out, None where that is not worked out.
    """

    report: Report
    peak_bytes: int
    peak_at: str
    arena_bytes: int | None


def deploy(report: Report) -> Deployed:
    """Return what activations take where layers write over their input, and batch normalisation is folded away."""
    folded = fold_batchnorms(report).report
    tensors = lifetimes(folded.run, in_place=True)
    alive = count_alive(tensors, len(folded.run.nodes))
    most = max(range(len(alive)), key=alive.__getitem__)
    each = folded.bytes_each
    return Deployed(folded, alive[most] * each, folded.run.nodes[most].name, measure_arena(tensors, each))
