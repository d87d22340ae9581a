"""The page of a layer in a step of training: each of its tensors, who keeps it until when and what for, and its bytes."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.analysis.report import Report
from archcalc.analysis.training.rules import PROGRAM
from archcalc.analysis.training.schedule import Instant
from archcalc.analysis.training.training import name_moment
from archcalc.analysis.training.types import SIZES
from archcalc.network.network import parts
from archcalc.questions.step import Piece, StepExplanation, StepTensor
from archcalc.sheet.kinds import DERIVATION, TEXT, WORDS
from archcalc.sheet.numbers import write_bytes
from archcalc.sheet.pages import page_of
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.explanation import introduce
from archcalc.views.page import about, facts, used_letters
from archcalc.views.particulars import tensors
from archcalc.views.training import describe_training, note_unknown

COLUMNS = (
    Column("tensor", "tensor", TEXT, "what it is to the layer"),
    Column("derivation", "symbols = numbers = result", DERIVATION, "how its bytes come about"),
    Column(
        "meaning", "what becomes of it", WORDS, "who keeps it, what for and until when; or why nobody does"
    ),
)
NAMES: dict[Piece, str] = {
    "copy": "copy of input",
    "gradients": "weight gradients",
    "logsumexp": "sums of attention",
    "optimizer": "optimizer state",
    "rest": "kept beside",
    "taken": "kernel's input",
    "temporary": "step on the way",
    "truth": "condition",
    "weight": "weight, low type",
    "wide": "step in float32",
}
"""What a tensor is called that has no name of its own."""
TOLD = {
    "kept input": "the network's input, there before the step",
    "kept output": "the network's output, of which the loss is worked out",
    "freed": "not kept: freed after {until}, since no backward pass needs it",
    "recomputed": "not kept but recomputed before the backward pass of its segment",
    "recomputed for nobody": "not kept: recomputed, and freed once more, since no backward pass needs it",
    "made": "made in the backward pass, there until the next step",
    "overwriting": "in the memory of its input, which it writes over",
    "within": "a view: in the memory of {storage}",
    "frozen": "frozen: not learnt, there all along",
    "fused": "never made: one kernel works out the whole attention",
    "elsewhere": "shared with {source}, where it counts",
    "unknown rest": f"what {PROGRAM} keeps of it is not known",
    "stays input": "a weight by itself, there all along",
    "stays output": "a weight by itself, there all along",
    "stays weights": "learnt, there all along",
    "stays buffers": "not learnt, there all along",
    "stays gradients": "the sum over {batches} batches, there all along",
    "stays optimizer": "{state}, there all along",
}
"""What is said of a tensor's fate, where more than that it is kept."""


@page_of("StepExplanation")
def show(explanation: StepExplanation, form: str) -> Sheet:
    """Return what `explain --train` shows of a layer."""
    return of_layer(explanation)


def of_layer(explanation: StepExplanation) -> Sheet:
    """Return what becomes of each tensor of a layer in a step of training."""
    row, report = explanation.row, explanation.report
    formulas = " ".join(one.derivation.symbols for one in explanation.tensors if one.derivation)
    return Sheet(
        columns=COLUMNS,
        rows=tuple(
            (
                name_piece(tensor),
                tensor.derivation.steps if tensor.derivation else "",
                tell(tensor, explanation),
            )
            for tensor in explanation.tensors
        ),
        title=f"{report.name}: {row.name} in a step of training",
        subtitle=(*introduce(row, report), *tensors(row)),
        summary=(*_sum_up(explanation), *used_letters(formulas, explanation.legend).items()),
        notes=(*_note_gradient(explanation), *note_unknown(explanation.training.unknown)),
        facts=facts(report)
        | {
            "layer": row.name,
            **about(row, report),
            "tensors": [_plain(tensor, report) for tensor in explanation.tensors],
            "counted_bytes": explanation.kept,
            "training": describe_training(explanation.training),
        },
    )


def name_piece(tensor: StepTensor) -> str:
    """Return what a tensor is called in the table."""
    name = NAMES.get(tensor.piece, tensor.piece)
    return f"{name} ×{tensor.alike}" if tensor.alike > 1 else name


class _Names:
    """What layers are called in sentences about one of them: itself, those of its block, and others."""

    def __init__(self, explanation: StepExplanation) -> None:
        self.own = explanation.row.name
        self.rows = explanation.report.rows
        *block, _ = parts(self.own)
        self.block = self.own[: -len(parts(self.own)[-1])] if block else ""

    def __call__(self, name: str) -> str:
        return "this layer" if name == self.own else name.removeprefix(self.block)

    def when(self, moment: Instant | None) -> str:
        """Return when something happens."""
        return "" if moment is None else name_moment(moment, lambda layer: self(self.rows[layer].name))


def tell(tensor: StepTensor, explanation: StepExplanation) -> str:
    """Return what becomes of a tensor, in a sentence without its capital."""
    names, training = _Names(explanation), explanation.training
    fate = TOLD.get(_find_case(tensor), "").format(
        source=names(tensor.source) if tensor.source else "another layer",
        storage=names(tensor.storage) if tensor.storage else "",
        until=names.when(tensor.until),
        batches=training.step.accumulate,
        state=training.optimizer.meaning,
    )
    return "; ".join(filter(None, (_whose(tensor, names), fate, *_go_on(tensor, names))))


def _whose(tensor: StepTensor, names: _Names) -> str:
    """Return whose output a tensor is, and in whose memory it lies; nothing for the layer's own."""
    is_given = tensor.source and tensor.piece in ("input", "taken") and tensor.special != "input"
    source = f"output of {names(tensor.source)}" if is_given and tensor.source else ""
    is_told = tensor.storage is None or tensor.fate == "within"
    memory = "" if is_told or tensor.storage is None else f"in the memory of {names(tensor.storage)}"
    return ", ".join(filter(None, (source, memory)))


def _find_case(tensor: StepTensor) -> str:
    """Return which of the fates a tensor has: what it is to the network or to the layer makes a difference to some."""
    match tensor.fate:
        case "kept" if tensor.special:
            return f"kept {tensor.special}"
        case "recomputed" if not tensor.needs:
            return "recomputed for nobody"
        case "within" if tensor.overwritten:
            return "overwriting"
        case "stays" | "unknown":
            return f"{tensor.fate} {tensor.piece}"
        case _:
            return tensor.fate


def _go_on(tensor: StepTensor, names: _Names) -> Iterator[str]:
    """Yield who writes over a tensor, who keeps it and what for, until when, and where it counts."""
    if tensor.fate != "within":
        yield from (f"{names(name)} writes over it in place" for name in tensor.overwritten)
    for need in tensor.needs:
        if need.why is None:
            yield f"whether {names(need.layer)} keeps it is not known"
        else:
            yield f"kept by {names(need.layer)} for {need.why}"
    if tensor.until and (tensor.fate == "kept" or (tensor.fate == "recomputed" and tensor.needs)):
        yield f"until {names.when(tensor.until)}"
    if tensor.home not in (None, names.own):
        yield f"counts at {names(tensor.home or '')}"


def _sum_up(explanation: StepExplanation) -> Iterator[tuple[str, str]]:
    """Yield what counts at the layer, and what the optimizer keeps."""
    training = explanation.training
    whole = training.requested_bytes
    of = ", as far as is known," if whole is None else f" of {write_bytes(whole)}"
    kept = f"{write_bytes(explanation.kept)}{of} between forward and backward before the allocator's rounding"
    yield "kept at this layer", f"{kept}; each tensor counts once, where it is first kept"
    sizes = {tensor.dtype: SIZES[tensor.dtype] for tensor in explanation.tensors if tensor.dtype}
    yield "bytes of a number", ", ".join(f"{dtype} {size}" for dtype, size in sizes.items())
    if explanation.row.params:
        yield "optimizer", f"{training.optimizer.name} keeps {training.optimizer.meaning}"


def _note_gradient(explanation: StepExplanation) -> Iterator[str]:
    """Yield that a layer has no backward pass, where that is so."""
    position = explanation.report.position(explanation.row.name)
    if not explanation.training.keeping.values[position].needs_gradient:
        yield "no gradient goes back through this layer, so that nothing is kept for it"


def _plain(tensor: StepTensor, report: Report) -> dict[str, object]:
    """Return a tensor as machines are told it."""
    return {
        "tensor": tensor.piece,
        "fate": tensor.fate,
        "source": tensor.source,
        "storage": tensor.storage,
        "names": list(tensor.names),
        "alike": tensor.alike,
        "dtype": tensor.dtype,
        "bytes": tensor.bytes,
        "kept_by": [{"layer": need.layer, "why": need.why} for need in tensor.needs],
        "overwritten_by": list(tensor.overwritten),
        "until": tensor.until and name_moment(tensor.until, lambda layer: report.rows[layer].name),
        "network": tensor.special,
        "counts_at": tensor.home,
    }
