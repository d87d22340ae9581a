"""The JSON Schema of what explain says beside the rows of a layer in a step of training."""

from __future__ import annotations

from archcalc.analysis.training.types import SIZES
from archcalc.questions.step import FATES, PIECES
from archcalc.sheet.sheet import Schema
from archcalc.views.beside import ABOUT_LAYER, COUNT, TEXT, describe, list_of, object_of, or_null
from archcalc.views.beside_memory import SIZE, TRAINING

TENSOR = object_of(
    {
        "tensor": describe("what it is to the layer", {"enum": list(PIECES)}),
        "fate": describe(
            "kept between the forward and the backward pass; freed after the forward pass; recomputed before the backward "
            "pass; there all along (stays); made in the backward pass; within the memory of another tensor of the layer; "
            "never made, since one kernel stands for several layers (fused); at another layer (elsewhere); or unknown",
            {"enum": list(FATES)},
        ),
        "source": describe("the layer whose output or whose weights it is; null for this one", or_null(TEXT)),
        "storage": describe(
            "the layer in whose output's memory it lies; null where that is its source", or_null(TEXT)
        ),
        "names": describe("those of weights and buffers", list_of(TEXT)),
        "alike": describe("how many tensors these are, each like the others", COUNT),
        "dtype": describe("type of a number; null where it has several", {"enum": [*SIZES, None]}),
        "bytes": describe(
            "of all of them as it was asked for, a view's those of all that it keeps in memory; null where they are not known or "
            "those of another tensor",
            or_null(SIZE),
        ),
        "kept_by": describe(
            "the layers that need it behind the forward pass, and what for; why is null where nobody knows whether they do",
            list_of(object_of({"layer": TEXT, "why": or_null(TEXT)})),
        ),
        "overwritten_by": describe("the layers that write over it in place", list_of(TEXT)),
        "until": describe("when it is freed: a phase and a layer; null where it stays", or_null(TEXT)),
        "network": describe(
            "whether it is an input or an output of the network", {"enum": ["input", "output", None]}
        ),
        "counts_at": describe(
            "the layer where its bytes count, so that all layers add up to what is kept; null where it is not kept",
            or_null(TEXT),
        ),
    }
)
STEP: dict[str, Schema] = {
    **ABOUT_LAYER,
    "tensors": describe("those of the rows, in their order", list_of(TENSOR)),
    "counted_bytes": describe(
        "what counts at the layer of the bytes between the forward and the backward pass", SIZE
    ),
    "training": describe("what the whole step takes", TRAINING),
}
