"""How much is worked out in a step of training."""

from __future__ import annotations

from archcalc.analysis.backward import count_training
from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report
from archcalc.sheet.kinds import COUNT


def _counts(report: Report) -> list[int | None]:
    """Return the MACs of a training step layer by layer, with the heads that exist only there.

    Heads that the input does not suit hinder only the training: they count as not known.
    """
    trained = report.in_training
    if trained is None:
        return [*count_training(report.run), None]
    return count_training(trained.run)


def _known(report: Report) -> int:
    return sum(count for count in _counts(report) if count is not None)


def _total(report: Report) -> int | None:
    counts = _counts(report)
    return None if None in counts else sum(count for count in counts if count is not None)


figure(
    Figure(
        "train.macs",
        COUNT,
        "multiply-accumulates of a training step: forward, and the gradients of weights and inputs; the total with auxiliary heads",
        title="train MACs",
        label="MACs of a training step",
        of=lambda r, _: r.trained_macs,
        total=_total,
        known=_known,
        listed=True,
        expect="both",
        limit=True,
    )
)
