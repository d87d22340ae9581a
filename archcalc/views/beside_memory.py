"""The schemas of what machines are told of memory beside its rows."""

from __future__ import annotations

from archcalc.questions.memory import OPTIMIZERS
from archcalc.sheet.sheet import Schema
from archcalc.views.beside import COUNT, TEXT, describe, object_of, or_null

SIZE: Schema = {"type": "integer", "unit": "bytes"}
INFERENCE = object_of(
    {
        "peak_bytes": describe("the largest set of activations alive at once", SIZE),
        "peak_at": describe("the layer while which they are", TEXT),
        "arena_bytes": describe(
            "one arena that a planner lays all activations out in, greedy by size", or_null(SIZE)
        ),
        "memory_bytes": describe("all weights and that set, what serving needs", SIZE),
        "deployed": describe(
            "the same with layers in place and batch normalisation folded",
            object_of(
                {"weight_bytes": SIZE, "peak_bytes": SIZE, "peak_at": TEXT, "arena_bytes": or_null(SIZE)}
            ),
        ),
        "in_place_bytes": describe("all outputs where activations such as ReLU overwrite their input", SIZE),
        "im2col": describe(
            "the largest matrix that im2col would make; null without convolutions",
            or_null(object_of({"layer": TEXT, "rows": COUNT, "columns": COUNT, "bytes": SIZE})),
        ),
    }
)
TRAINING = object_of(
    {
        "optimizer": {"enum": list(OPTIMIZERS)},
        "weights_bytes": describe("learnable and fixed weights", SIZE),
        "buffers_bytes": describe("running statistics and the like", SIZE),
        "gradients_bytes": describe("one number for each learnable parameter", SIZE),
        "optimizer_bytes": describe("the optimizer's state", SIZE),
        "kept_bytes": describe(
            "what is kept for the backward pass: the input and every layer's output", SIZE
        ),
        "peak_bytes": describe("all of these together", SIZE),
    }
)
MEMORY: dict[str, Schema] = {
    "inference": describe("what the network takes where it only runs", INFERENCE),
    "training": describe("what a step of training takes; null where none was asked for", or_null(TRAINING)),
}
