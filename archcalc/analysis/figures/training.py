"""What a step of training takes in memory, done as the conditions say: plain SGD on a GPU with nothing run again unless told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report
from archcalc.sheet.kinds import BYTES

if TYPE_CHECKING:
    from archcalc.analysis.training.training import Training

Measure = Callable[[Report], int | None]
TRAINED = "train."
"""What the keys of figures of a step of training begin with."""


def _train(report: Report) -> Training | None:
    """Return a step of training of a report's network, its auxiliary heads included; None where these or the type do not suit."""
    from archcalc.analysis.training.training import can_train, train

    trained = report.in_training
    return trained.once(train) if trained is not None and can_train(trained.dtype) else None


def _measure(name: str) -> Measure:
    """Return what asks how much a step of training takes of something; None where it is not known."""

    def measured(report: Report) -> int | None:
        trained = _train(report)
        return None if trained is None else getattr(trained, name)

    return measured


def _where(report: Report) -> str | None:
    """Return when most is there: a phase and a layer."""
    trained = _train(report)
    return None if trained is None else trained.peak_at


def _known(measure: Measure) -> Callable[[Report], int]:
    return lambda report: measure(report) or 0


for key, name, label, says, of_outputs in (
    (
        "train.kept_bytes",
        "kept_bytes",
        "kept for the backward pass",
        "bytes between forward and backward beside weights, buffers and the optimizer's state",
        True,
    ),
    ("train.gradients_bytes", "gradients_bytes", "gradients", "bytes of the gradients of all weights", False),
    ("train.optimizer_bytes", "optimizer_bytes", "optimizer state", "bytes of the optimizer's state", False),
    (
        "train.peak_bytes",
        "peak_bytes",
        "peak in training",
        "the most bytes at once in a step of training",
        True,
    ),
    (
        "train.reserved_bytes",
        "reserved_bytes",
        "reserved in training",
        "bytes of the blocks that PyTorch's allocator has after two steps of training, with nothing in its way",
        True,
    ),
):
    figure(
        Figure(
            key,
            BYTES,
            says,
            label=label,
            total=_measure(name),
            known=_known(_measure(name)),
            limit=True,
            of_outputs=of_outputs,
            where=_where,
        )
    )
