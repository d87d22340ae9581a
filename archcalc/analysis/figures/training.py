"""What a step of training takes in memory, done as the conditions say: plain SGD on a GPU with nothing run again unless told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.network.network import FigureLimit
from archcalc.sheet.kinds import BYTES, COUNT, SHARE

if TYPE_CHECKING:
    from archcalc.analysis.training.shares import LayerShare
    from archcalc.analysis.training.training import Training

Measure = Callable[[Report], int | None]
OfRow = Callable[[Row, Report], int | None]
TRAINED = "train."
"""What the keys of figures of a step of training begin with."""

SAYS_NOTHING = "how a step of training is done is said, and no limit is on what it takes"
"""What is wrong where limits are on other figures."""


def are_about_step(limits: Iterable[FigureLimit]) -> bool:
    """Tell whether some limit is on a figure of a step of training."""
    return any(limit.figure.startswith(TRAINED) for limit in limits)


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


def _share(part: str) -> OfRow:
    """Return what asks how much of a step's memory is a row's; None where it is not known."""

    def shared(row: Row, report: Report) -> int | None:
        from archcalc.analysis.training.shares import add_shares

        shares = report.once(_share_out)
        return None if shares is None else add_shares(shares, row.members or (row.name,), part)

    return shared


def _sum(part: str) -> Measure:
    """Return what asks how much of a step's memory is that of all layers, of auxiliary heads, too."""

    def summed(report: Report) -> int | None:
        from archcalc.analysis.training.shares import add_shares

        shares = report.once(_share_out)
        return None if shares is None else add_shares(shares, shares, part)

    return summed


def _share_out(report: Report) -> Mapping[str, LayerShare] | None:
    """Return by name what of a step's memory is each layer's; None where auxiliary heads or the type do not suit."""
    from archcalc.analysis.training.shares import share_out
    from archcalc.analysis.training.training import can_train

    trained = report.in_training
    return share_out(trained) if trained is not None and can_train(trained.dtype) else None


def _all_kept(report: Report) -> int | None:
    """Return the bytes of all that is kept as it is asked for; None where that is not known."""
    return _measure("requested_bytes")(report)


def _part_of_kept(row: Row, report: Report) -> float | None:
    """Return the part of all that is kept as it is asked for; None where that is not known."""
    own, whole = _share("whole")(row, report), report.once(_all_kept)
    if own is None or whole is None:
        return None
    return own / whole if whole else 0.0


def _where(report: Report) -> str | None:
    """Return when most is there: a phase and a layer."""
    trained = _train(report)
    return None if trained is None else trained.peak_at


def _known(measure: Measure) -> Callable[[Report], int]:
    return lambda report: measure(report) or 0


figure(
    Figure(
        "train.kept_bytes",
        BYTES,
        "bytes between forward and backward beside weights, buffers and the optimizer's state, as allocated",
        label="kept for the backward pass",
        total=_measure("kept_bytes"),
        known=_known(_measure("kept_bytes")),
        limit=True,
        of_outputs=True,
        where=_where,
    )
)
figure(
    Figure(
        "train.requested_bytes",
        BYTES,
        "the same as it is asked for, before the allocator's rounding: of a layer those bytes that count at it",
        title="kept",
        of=_share("whole"),
        total=lambda report: report.once(_all_kept),
        priority=0,
        asked=True,
    )
)
figure(
    Figure(
        "train.kept_share",
        SHARE,
        "share of train.requested_bytes, what all layers keep between forward and backward",
        title="of kept",
        of=_part_of_kept,
        priority=1,
        asked=True,
    )
)
for key, part, title, says, priority in (
    (
        "train.output_bytes",
        "outputs",
        "outputs",
        "kept bytes that are outputs of layers, or the network's input",
        2,
    ),
    ("train.copy_bytes", "copies", "copies", "kept bytes that are copies of inputs and weights", 3),
    (
        "train.beside_bytes",
        "beside",
        "kept beside",
        "kept bytes of statistics, masks, indices and steps on the way",
        3,
    ),
    ("train.weight_bytes", "weights", "parameters", "bytes of learnable weights in training, on one rank", 4),
    (
        "train.buffer_bytes",
        "buffers",
        "buffer memory",
        "bytes of fixed weights, running statistics and the like in training",
        7,
    ),
):
    figure(
        Figure(
            key,
            BYTES,
            says,
            title=title,
            of=_share(part),
            total=_sum(part),
            priority=priority,
            asked=True,
        )
    )
for key, part, label, says, priority in (
    ("train.gradients_bytes", "gradients", "gradients", "bytes of the gradients of all weights", 6),
    ("train.optimizer_bytes", "optimizer", "optimizer state", "bytes of the optimizer's state", 5),
):
    figure(
        Figure(
            key,
            BYTES,
            says,
            title=part,
            label=label,
            of=_share(part),
            total=_measure(f"{part}_bytes"),
            below=_sum(part),
            priority=priority,
            known=_known(_measure(f"{part}_bytes")),
            limit=True,
            where=_where,
            asked=True,
        )
    )
for key, name, label, says in (
    ("train.peak_bytes", "peak_bytes", "peak in training", "the most bytes at once in a step of training"),
    (
        "train.reserved_bytes",
        "reserved_bytes",
        "reserved in training",
        "bytes of the blocks that PyTorch's allocator has after two steps of training, with nothing in its way",
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
            of_outputs=True,
            where=_where,
        )
    )
figure(
    Figure(
        "train.recomputed_macs",
        COUNT,
        "multiply-accumulates that run again before the backward pass, with --checkpoint",
        title="MACs again",
        of=_share("recomputed"),
        total=_measure("recomputed"),
        priority=2,
        asked=True,
    )
)
