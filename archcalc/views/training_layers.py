"""The page of a training step's memory layer by layer: what each keeps, its weights, their gradients and states."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.analysis.training.training import Training, train
from archcalc.sheet.numbers import write_bytes
from archcalc.sheet.renderers import MACHINES
from archcalc.sheet.sheet import Sheet
from archcalc.views.layers import STEP, layers
from archcalc.views.page import subtitle
from archcalc.views.totals import at_inference
from archcalc.views.training import describe_step, describe_training, note_ranks, note_unknown

COLUMNS = ("layer", "op", *STEP)
"""The columns of `memory --train --per-layer`."""
ALWAYS = ("layer", "op", "train.requested_bytes", "train.kept_share")
"""Those that people get even where there is nothing in them."""


def training_by_layer(report: Report, depth: int | None, form: str) -> Sheet:
    """Return what of a training step's memory is each layer's; people don't get columns with nothing in them."""
    training = report.once(train)
    keys = COLUMNS if form in MACHINES else tuple(key for key in COLUMNS if _says_something(key, report))
    sheet = layers(report, keys, depth, "train.requested_bytes")
    return sheet._replace(
        subtitle=subtitle(report, *describe_step(training.step)),
        summary=tuple(_sum_up(training, report)),
        notes=(
            *note_unknown(training.unknown),
            *note_ranks(training.step),
            f"archcalc explain {report.name} LAYER --train says why each tensor is kept",
            *sheet.notes,
        ),
        facts={
            **sheet.facts,
            "inference": at_inference(report),
            "training": describe_training(training),
        },
    )


def _says_something(key: str, report: Report) -> bool:
    """Tell whether there is something in a column, or nobody knows that."""
    return key in ALWAYS or FIGURES[key].of_column(report) != 0


def _sum_up(training: Training, report: Report) -> Iterator[tuple[str, str]]:
    """Yield what all layers keep, and what is there beside and no layer's."""
    asked, kept = training.requested_bytes, training.kept_bytes
    if asked is not None and kept is not None:
        rounding = f" and {write_bytes(kept - asked)} of the allocator's rounding" if kept > asked else ""
        yield (
            "kept",
            f"{write_bytes(kept)} between forward and backward: {write_bytes(asked)} at layers{rounding}",
        )
        yield "counted", "each tensor once, at the layer that keeps it first"
    shared = training.optimizer.shared if training.learnt else 0
    beside = f", {write_bytes(shared)} of it once for all layers" if shared else ""
    if FIGURES["train.beside_bytes"].of_column(report):
        yield "beside", "statistics, masks, indices and steps on the way, for the backward pass alone"
    yield "optimizer", f"{training.step.optimizer} keeps {training.optimizer.meaning}{beside}"
