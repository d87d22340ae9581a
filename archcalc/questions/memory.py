"""What a network needs in memory, for inference and for training. All figures are in numbers, not bytes."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row, Totals
from archcalc.ground.errors import ArchcalcError, nearest

OPTIMIZERS: dict[str, int] = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}
"""The numbers that an optimiser keeps for each learnable parameter.

Plain SGD none, momentum a velocity, Adam (Kingma & Ba 2014) and AdamW two moments.
"""


class Need(NamedTuple):
    """One thing that takes memory: its name, how many numbers, and what they are; `key` is what JSON calls its bytes."""

    name: str
    numbers: int
    meaning: str
    key: str


def busiest(report: Report) -> Row:
    """Return the layer while which most is alive."""
    return max(report.rows, key=lambda row: row.alive)


def find_most_unfolded(report: Report) -> Row | None:
    """Return the layer of whose input im2col makes the largest matrix; None where there are no convolutions."""
    rows = [row for row in report.rows if row.unfolded]
    return max(rows, key=lambda row: prod(row.unfolded or ()), default=None)


def inference(report: Report) -> list[Need]:
    """Return what must be in memory at once: all weights and the largest set of activations alive."""
    totals = report.totals
    return [
        *_resident(totals),
        Need(
            "peak activations",
            totals.peak,
            f"the largest set alive at once, while {busiest(report).name} runs",
            "peak_bytes",
        ),
    ]


def _resident(totals: Totals) -> list[Need]:
    """Return what is in memory all along."""
    return [
        Need("weights", totals.params + totals.fixed, "learnable and fixed", "weights_bytes"),
        Need("buffers", totals.buffers, "running statistics and the like", "buffers_bytes"),
    ]


def training(report: Report, optimizer: str) -> list[Need]:
    """Return what a step of training keeps: weights, gradients, optimiser state and what the backward pass needs.

    Stored activations are the input and the output of every layer that is no view at inference, all kept
    until the backward pass has used them. Real programs keep less where layers work in place or recompute,
    and more for workspaces.

    Raises:
        ArchcalcError: the optimiser is not known.
    """
    if optimizer not in OPTIMIZERS:
        raise ArchcalcError(
            f"there is no optimizer '{optimizer}'",
            hint=nearest(optimizer, list(OPTIMIZERS)) or f"choose one of {', '.join(OPTIMIZERS)}",
        )
    totals = report.totals
    inputs = sum(prod(row.output_shape) for row in report.rows if not row.inputs)
    return [
        *_resident(totals),
        Need("gradients", totals.params, "one for each learnable parameter", "gradients_bytes"),
        Need(
            "optimizer state",
            totals.params * OPTIMIZERS[optimizer],
            f"{OPTIMIZERS[optimizer]} numbers for each learnable parameter ({optimizer})",
            "optimizer_bytes",
        ),
        Need(
            "stored activations",
            totals.activations + inputs,
            "the input and every layer's output",
            "kept_bytes",
        ),
    ]
