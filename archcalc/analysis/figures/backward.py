"""How much is worked out in a step of training."""

from __future__ import annotations

from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report
from archcalc.sheet.kinds import COUNT


def _counts(report: Report) -> list[int | None]:
    """Return the MACs of a training step layer by layer, with the heads that exist only there.

    Heads that the input does not suit hinder only the training: they count as not known.
    """
    trained = report.in_training
    if trained is None:
        return [*(row.trained_macs for row in report.rows), None]
    return [row.trained_macs for row in trained.rows]


def _known(report: Report) -> int:
    return sum(count for count in _counts(report) if count is not None)


def _total(report: Report) -> int | None:
    return None if None in _counts(report) else _known(report)


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
