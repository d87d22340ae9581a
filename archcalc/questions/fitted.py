"""What comes of a search for what fits: the value found, the one that does not fit, and what is in its way."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from archcalc.analysis.budget import judge_all
from archcalc.analysis.figures import find_figure
from archcalc.analysis.figures.training import are_about_step
from archcalc.analysis.report import Report
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import check_type
from archcalc.ground.errors import ExceededError
from archcalc.network.network import FigureLimit

ON_GPU = ("train.peak_bytes", "train.reserved_bytes")
"""The figures of what PyTorch has of a GPU's memory."""


class Look(NamedTuple):
    """What was seen of a value: whether all limits hold with it, and which part of the tightest one it takes."""

    fits: bool
    tightness: float


class Alternative(NamedTuple):
    """A way to checkpoint that was looked at: the MACs that run again, and the bytes kept and at the peak, None where not known."""

    value: str
    fits: bool
    tightness: float
    recomputed: int | None
    kept_bytes: int | None
    peak_bytes: int | None


class Spared(NamedTuple):
    """The largest value, or the checkpoint, that fits with so many bytes left free; None where none does."""

    free: int
    value: int | float | str | None


class Fit(NamedTuple):
    """The largest `value` of what is varied with which all limits hold, and the report of it; None where none does.

    `over` is the report of the next value that suits the network, which is `next`, and with which a limit is broken; None
    where there is none. Where `next` is None, too, no limit is reached, and `value` is the largest that was tried. `bounds` are
    the limits, and `looks` how many reports were made. Of checkpoints the value is the one that runs the least again, the
    next one comes nearest of those that run less again, or of all where none fits, and `alternatives` are all. `unmoved`
    are the figures under limits that what is varied does not change; `sides` the parameters of the spec that are as large as
    the input's own side, where that is varied. `spared` is the value that fits with some memory left free, where a limit is
    on what PyTorch allocates on a GPU; None elsewhere.
    """

    bounds: Sequence[FigureLimit]
    vary: str
    value: int | float | str | None
    report: Report | None
    next: int | float | str | None
    over: Report | None
    looks: int
    alternatives: Sequence[Alternative] = ()
    unmoved: Sequence[str] = ()
    sides: Sequence[str] = ()
    spared: Spared | None = None


CONTEXT = 500 * 2**20
"""The bytes that CUDA's context takes on a GPU, about, beside all that PyTorch allocates."""


def leave_free(bounds: Sequence[FigureLimit], step: TrainingStep | None) -> list[FigureLimit] | None:
    """Return limits that leave room for CUDA's context on a GPU; None where none is on what PyTorch has there."""
    on_gpu = step is None or step.device == "cuda"
    if not on_gpu or not any(bound.figure in ON_GPU for bound in bounds):
        return None
    return [
        bound._replace(bound=max(bound.bound - CONTEXT, 0)) if bound.figure in ON_GPU else bound
        for bound in bounds
    ]


def look_at(report: Report, bounds: Sequence[FigureLimit]) -> Look:
    """Return whether a report keeps within limits, and which part of the tightest one it takes.

    Raises:
        ExceededError: a figure is not known.
        CallError: it is one of a step of training, and nobody knows what is trained in the type.
    """
    if are_about_step(bounds):
        check_type(report.dtype)
    outcome = judge_all(bounds, report)
    if outcome == "unknown":
        names = ", ".join(dict.fromkeys(bound.figure for bound in bounds))
        raise ExceededError(f"{names} of {report.name} is not known entirely, so nobody can say what fits")
    return Look(outcome == "ok", max(_takes(bound, report) for bound in bounds))


def find_hindrance(over: Report, bounds: Sequence[FigureLimit]) -> str | None:
    """Return the layer that has most of what breaks the tightest of some limits, or while which most is there."""
    tightest = max(bounds, key=lambda bound: _takes(bound, over))
    return find_figure(tightest.figure).find_most(over)


def _takes(bound: FigureLimit, report: Report) -> float:
    """Return which part of a limit a figure takes."""
    amount = find_figure(bound.figure).amount(report)
    return amount / bound.bound if bound.bound else inf
