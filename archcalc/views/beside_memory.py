"""The schema of what stands beside the rows of `memory`: inference, and a step of training."""

from __future__ import annotations

from archcalc.analysis.training.optimizers import OPTIMIZERS
from archcalc.analysis.training.step import SHARDS
from archcalc.sheet.sheet import Schema
from archcalc.views.beside import COUNT, TEXT, describe, list_of, object_of, or_null

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
        "framework": describe("whose rules these are", TEXT),
        "backend": {"enum": ["cuda", "cpu"]},
        "in_place": {"enum": ["always", "never", "as-written"]},
        "optimizer": {"enum": list(OPTIMIZERS)},
        "checkpoint": describe(
            "what runs again before its backward pass: none, blocks, auto or every:N", TEXT
        ),
        "accumulate": describe("how many batches add up their gradients", COUNT),
        "shard": describe("what is shared out among the ranks; null for nothing", {"enum": [*SHARDS, None]}),
        "ranks": describe("among how many that is", COUNT),
        "learnt_params": describe("how many parameters learn", COUNT),
        "weights_bytes": describe("learnable weights, frozen ones among them", SIZE),
        "buffers_bytes": describe("fixed weights, running statistics and the like", SIZE),
        "input_bytes": describe("the input, which counts among what is kept", SIZE),
        "gradients_bytes": describe("one number for each parameter that learns", SIZE),
        "optimizer_bytes": describe("the optimizer's state", SIZE),
        "kept_bytes": describe(
            "in memory between forward and backward beside weights, buffers and the optimizer's state: what autograd "
            "keeps, the input and the output, as allocated; null where a layer is unknown",
            or_null(SIZE),
        ),
        "requested_bytes": describe(
            "the same as it was asked for, before the allocator's rounding; null where a layer is unknown",
            or_null(SIZE),
        ),
        "peak_bytes": describe("the most of a whole step, all that is there included", or_null(SIZE)),
        "peak_at": describe("when that is: a phase and a layer", or_null(TEXT)),
        "workspace_bytes": describe("of kernels, at the peak; an estimate", or_null(SIZE)),
        "temporaries_bytes": describe("of the optimizer's step and the like, at the peak", or_null(SIZE)),
        "rounding_bytes": describe(
            "of the allocator's blocks beyond what was asked for, at the peak", or_null(SIZE)
        ),
        "reserved_bytes": describe("what the allocator has reserved after two steps", or_null(SIZE)),
        "recomputed_macs": describe("of what runs again; null where that is not known", or_null(COUNT)),
        "unknown": describe("the layers of which nobody knows what they keep", list_of(TEXT)),
    }
)
MEMORY: dict[str, Schema] = {
    "inference": describe("what the network takes where it only runs", INFERENCE),
    "training": describe("what a step of training takes; null where none was asked for", or_null(TRAINING)),
}
