"""The page of a training step's memory: what is alive where most is, and what is kept for the backward pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from archcalc.analysis.blocks import fold_names
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.analysis.training.optimizers import find_optimizer
from archcalc.analysis.training.rules import PROGRAM
from archcalc.analysis.training.schedule import Part
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import Training, train
from archcalc.sheet.kinds import BYTES, SHARE, TEXT, WHOLE_WORDS, WORDS
from archcalc.sheet.numbers import group_digits, write_bytes
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.layers import note_folding
from archcalc.views.page import facts, mixed_notes, subtitle
from archcalc.views.totals import at_inference, sum_activations

COLUMNS = (
    Column("name", "what", TEXT, "what takes the memory"),
    Column("bytes", "memory", BYTES, "how many bytes"),
    Column("share", "of all", SHARE, "the share of the total"),
    Column("meaning", "meaning", WORDS, "what it is"),
)
TIMELINE = (
    Column(
        "phase",
        "phase",
        TEXT,
        "forward, backward, again where a layer runs once more, or the optimizer's step; backward without a layer is its "
        "beginning, when the loss has made the gradient of the output",
    ),
    Column("layer", "layer", WHOLE_WORDS, "the layer that runs, or the block; nothing for all of them"),
    Column("bytes", "memory", BYTES, "the most bytes that are there meanwhile"),
    Column("share", "of the peak", SHARE, "the share of the most in the whole step", 1),
)
PARTS: dict[Part, tuple[str, str]] = {
    "weights": ("weights", "learnable"),
    "buffers": ("buffers", "fixed weights, running statistics and the like"),
    "input": ("input", "the batch"),
    "optimizer": ("optimizer state", ""),
    "activations": ("activations", "outputs of layers that a backward pass or a later layer needs"),
    "kept": ("kept beside", "masks, indices, statistics and copies, for the backward pass alone"),
    "gradients": ("gradients of activations", "on their way back"),
    "weight gradients": (
        "gradients of weights",
        "one for each learnable parameter that the backward pass has passed",
    ),
    "temporary": ("temporaries", "of the optimizer's step, and of products that are summed up"),
    "workspace": (
        "workspace",
        "of a convolution's kernels: as much as its input, output and weights, an estimate",
    ),
}
"""What each part of what is alive is called, and what it is."""
FROZEN = "learnable, frozen ones among them"
"""What weights are where not all of them learn."""
NAMED = 5
"""The most layers that a note names."""
PLURALS = {
    "activation": "outputs of layers",
    "copy": "copies of inputs",
    "logsumexp": "sums of attention",
    "mask": "masks",
    "temporary": "steps on the way",
    "truth": "conditions",
    "weight": "weights in the low type",
    "wide": "steps on the way in float32",
}
"""What the tensors of a role are called together."""


def memory_in_training(report: Report) -> Sheet:
    """Return what is alive where most is in a step of training."""
    training = report.once(train)
    peak = training.peak_bytes
    return Sheet(
        columns=COLUMNS,
        rows=tuple(_rows(training)),
        footer=("total", peak, "", f"the most at once: {training.peak_at}" if training.peak_at else ""),
        title=report.title or report.name,
        subtitle=subtitle(report, *describe_step(training.step)),
        summary=(*_kept(training), *_options(training, report), *sum_activations(report)),
        notes=(
            *note_unknown(training.unknown),
            *note_ranks(training.step),
            *mixed_notes(report, "all activations, also in place,"),
        ),
        facts=facts(report) | {"inference": at_inference(report), "training": describe_training(training)},
    )


def timeline(report: Report, depth: int | None = None) -> Sheet:
    """Return the most that is there while each layer runs, forward and backward, in the order of the step.

    Of blocks below `depth` levels it is the most while one of their layers runs.
    """
    training = report.once(train)
    whole = training.peak_bytes or 1
    names = [node.name for node in report.run.nodes] if depth is None else fold_names(report, depth)
    moments = [
        (moment.phase, "" if moment.layer is None else names[moment.layer], size)
        for moment, size in (training.peak.line if training.peak else ())
    ]
    highest = [
        (*running, max(size for *_, size in together))
        for running, together in groupby(moments, key=lambda each: each[:2])
    ]
    peak = (("peak", f"{write_bytes(whole)}: {training.peak_at}"),) if highest else ()
    return Sheet(
        columns=TIMELINE,
        rows=tuple((phase, layer, size, size / whole) for phase, layer, size in highest),
        title=report.title or report.name,
        subtitle=subtitle(report, *describe_step(training.step)),
        summary=peak,
        notes=(
            "backward without a layer: the loss has made the gradient of the output",
            *note_folding(report, len(set(names))),
            *note_unknown(training.unknown),
            *note_ranks(training.step),
        ),
        facts=facts(report) | {"inference": at_inference(report), "training": describe_training(training)},
    )


def _rows(training: Training) -> Iterator[tuple[object, ...]]:
    """Yield what is alive at the peak, or where that is not known what is there before the step."""
    total = training.peak_bytes
    parts = training.resident if training.peak is None else training.peak.parts
    for part, (name, meaning) in PARTS.items():
        if size := parts.get(part, 0):
            share = size / total if total else None
            yield name, size, share, _meaning(part, training) or meaning
    if training.peak is None:
        yield "kept", None, None, "for the backward pass: not known"
    elif total and training.rounding:
        yield (
            "rounding",
            training.rounding,
            training.rounding / total,
            "of the blocks that the allocator hands out",
        )


def _meaning(part: Part, training: Training) -> str:
    """Return what a part is that is not the same in every step of training; nothing where it is."""
    if part == "optimizer":
        return training.optimizer.meaning
    return FROZEN if part == "weights" and training.step.frozen else ""


def _kept(training: Training) -> Iterator[tuple[str, str]]:
    """Yield what is kept by role, the largest first; nothing where it is not all known."""
    kept, asked = training.kept_bytes, training.requested_bytes
    if kept is None or asked is None:
        return
    rounding = f", rounding {write_bytes(kept - asked)}" if kept > asked else ""
    sizes: dict[str, int] = {}
    for tensor in training.keeping.resident:
        name = PLURALS.get(tensor.role, tensor.role)
        sizes[name] = sizes.get(name, 0) + tensor.bytes
    amounts = sorted(sizes.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{name} {write_bytes(size)}" for name, size in amounts)
    backend = "on CUDA" if training.step.device == "cuda" else "on the CPU"
    if training.step.checkpoint == "none":
        yield (
            "kept",
            f"{write_bytes(kept)} between forward and backward as {PROGRAM} does {backend}: {listed}{rounding}",
        )
    else:
        yield (
            "kept",
            f"{write_bytes(kept)} between forward and backward: what goes into each segment {write_bytes(asked)}{rounding}",
        )


def _options(training: Training, report: Report) -> Iterator[tuple[str, str]]:
    """Yield what learns, what gradients and the allocator come to, and what is run again."""
    if training.step.frozen:
        yield (
            "learning",
            f"{group_digits(training.learnt)} of {group_digits(report.totals.params)} parameters, in {_name_learning(training, report)}; the others are frozen",
        )
    yield (
        "after backward",
        f"{write_bytes(training.gradients_bytes)} of gradients of weights, {write_bytes(training.resident['optimizer'])} of the optimizer's state",
    )
    if training.peak is not None and training.step.device == "cuda":
        yield "reserved", f"{write_bytes(training.peak.reserved)} by PyTorch's allocator after two steps"
    if again := training.recomputed:
        forward = report.totals.macs
        share = f", {again / forward:.0%} of a forward pass" if forward else ""
        yield "run again", f"{group_digits(again)} MACs{share}{weigh_again(again, report)}"


def _name_learning(training: Training, report: Report) -> str:
    """Return the first layers that learn."""
    learnt = zip(report.rows, training.keeping.learnt, strict=True)
    names = [row.name for row, weights in learnt if weights]
    more = f" and {len(names) - NAMED} more layers" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def weigh_again(again: int, report: Report) -> str:
    """Return how much is run again beside the work of a whole step; nothing where that is not known."""
    step = FIGURES["train.macs"].of_total(report)
    return f": +{again / step:.0%} for the step" if isinstance(step, int) and step else ""


def describe_step(step: TrainingStep, varied: str = "") -> Iterator[str]:
    """Yield how a step of training is done, as far as it is not done as usual; without what is `varied`."""
    usual = TrainingStep()
    told = {
        "in_place": f"in place {step.in_place}",
        "checkpoint": f"checkpoint {step.checkpoint}",
        "accumulate": f"{step.accumulate} batches accumulated",
        "shard": f"{step.shard} among {step.ranks} ranks",
        "device": f"on the {step.device.upper()}",
    }
    yield "training step"
    yield find_optimizer(step.optimizer).name
    for name, text in told.items():
        if name != varied and getattr(step, name) != getattr(usual, name):
            yield text


def note_ranks(step: TrainingStep) -> Iterator[str]:
    """Yield whose figures they are where several ranks share something out."""
    if step.ranks > 1:
        yield f"the figures are those of one rank of {step.ranks}, a GPU each; --batch is what each of them gets"


def note_unknown(unknown: Sequence[str]) -> Iterator[str]:
    """Yield a note about layers of which nobody knows what they keep, where there are any."""
    if unknown:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        yield f"incomplete: what {PROGRAM} keeps of {', '.join(unknown[:NAMED])}{more} is not known"


def describe_training(training: Training) -> dict[str, object]:
    """Return what machines are told of memory in training."""
    step, peak, resident = training.step, training.peak, training.resident
    return {
        "framework": PROGRAM,
        "backend": step.device,
        "in_place": step.in_place,
        "optimizer": training.optimizer.name,
        "checkpoint": step.checkpoint,
        "accumulate": step.accumulate,
        "shard": step.shard,
        "ranks": step.ranks,
        "learnt_params": training.learnt,
        "weights_bytes": resident["weights"],
        "buffers_bytes": resident["buffers"],
        "input_bytes": resident["input"],
        "gradients_bytes": training.gradients_bytes,
        "optimizer_bytes": resident["optimizer"],
        "kept_bytes": training.kept_bytes,
        "requested_bytes": training.requested_bytes,
        "peak_bytes": training.peak_bytes,
        "peak_at": training.peak_at,
        "workspace_bytes": peak.parts.get("workspace", 0) if peak else None,
        "temporaries_bytes": peak.parts.get("temporary", 0) if peak else None,
        "rounding_bytes": training.rounding if peak else None,
        "reserved_bytes": training.reserved_bytes,
        "recomputed_macs": training.recomputed,
        "unknown": list(training.unknown),
    }
