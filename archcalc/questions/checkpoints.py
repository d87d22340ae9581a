"""Which checkpoints still fit: those that run the least again, of the ones that there are."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from archcalc.analysis.report import Report
from archcalc.analysis.training.segments import list_checkpoints
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import train
from archcalc.network.network import FigureLimit
from archcalc.questions.fitted import CONTEXT, Alternative, Fit, Spared, leave_free, look_at

CHECKPOINT = "checkpoint"


def fit_checkpoint(report: Report, bounds: Sequence[FigureLimit]) -> Fit:
    """Find the checkpoints with which a step of training keeps within limits and runs the fewest MACs again.

    Of those that run as many again it is the one that takes the least of the tightest limit. All are looked at on one
    run of the network.

    Args:
        report: of the network with its auxiliary heads, whose conditions say how the step is done otherwise.
        bounds: upper bounds, such as on train.peak_bytes.

    Raises:
        ArchcalcError: a figure is not known.
    """
    looked = [_look(report, name, bounds) for name in list_checkpoints(report.run)]
    looked.sort(key=_cost)
    found = next((each for each in looked if each.fits), None)
    over = _find_next(looked, found)
    value, report_of_it = (None, None) if found is None else (found.value, _checkpoint(report, found.value))
    next_value, report_over = (None, None) if over is None else (over.value, _checkpoint(report, over.value))
    return Fit(
        bounds,
        CHECKPOINT,
        value,
        report_of_it,
        next_value,
        report_over,
        len(looked),
        looked,
        spared=_spare(report, looked, bounds),
    )


def _spare(report: Report, looked: Sequence[Alternative], bounds: Sequence[FigureLimit]) -> Spared | None:
    """Return the first that fits with room left for CUDA's context; None where no limit is on what a GPU has."""
    spare = leave_free(bounds, report.run.conditions.step)
    if spare is None:
        return None
    fitting = (
        each.value for each in looked if each.fits and look_at(_checkpoint(report, each.value), spare).fits
    )
    return Spared(CONTEXT, next(fitting, None))


def _checkpoint(report: Report, checkpoint: str) -> Report:
    """Return the report on the same network with other checkpoints."""
    step = report.run.conditions.step or TrainingStep()
    return report.done_by(step._replace(checkpoint=checkpoint))


def _look(report: Report, checkpoint: str, bounds: Sequence[FigureLimit]) -> Alternative:
    """Return what one way to checkpoint comes to; its report, which may be large, is let go."""
    looked_at = _checkpoint(report, checkpoint)
    look, training = look_at(looked_at, bounds), looked_at.once(train)
    return Alternative(checkpoint, *look, training.recomputed, training.kept_bytes, training.peak_bytes)


def _find_next(looked: Sequence[Alternative], found: Alternative | None) -> Alternative | None:
    """Return which one comes nearest of those that run less again, of which none fits; of all where none does."""
    cheaper = [each for each in looked if found is None or _macs(each) < _macs(found)]
    return min(cheaper, key=lambda each: each.tightness, default=None)


def _cost(each: Alternative) -> tuple[float, float]:
    return _macs(each), each.tightness


def _macs(each: Alternative) -> float:
    """Return the MACs that run again; without end where nobody knows them."""
    return inf if each.recomputed is None else each.recomputed
