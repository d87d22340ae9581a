"""The JSON Schema of what a page says beside its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from archcalc.analysis.conditions import DType
from archcalc.analysis.figures import FIGURES
from archcalc.arithmetic.window import ROUNDINGS
from archcalc.op.op import Work
from archcalc.questions.memory import OPTIMIZERS
from archcalc.sheet import kinds
from archcalc.sheet.sheet import Schema
from archcalc.views import explanation

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
SIZES: Schema = {"type": "array", "items": COUNT}


def object_of(properties: Mapping[str, Mapping[str, object]]) -> Schema:
    """Return the schema of an object; more fields may be added to it at any time."""
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def described(description: str, schema: Schema) -> Schema:
    """Return a schema with what it means."""
    return {**schema, "description": description}


def or_null(schema: Schema) -> Schema:
    """Return the schema of what may be absent or not known."""
    return {"anyOf": [schema, {"type": "null"}]}


NETWORK = described(
    "which network it is about",
    object_of(
        {
            "name": TEXT,
            "title": or_null(TEXT),
            "source": described("who describes it", or_null(TEXT)),
        }
    ),
)
CONDITIONS = described(
    "under which conditions it is looked at",
    object_of(
        {
            "inputs": described(
                "its inputs, without the batch; the first one feeds the layers",
                list_of(object_of({"name": TEXT, "shape": SIZES})),
            ),
            "batch": described("samples that go through at once", COUNT),
            "dtype": described("type of one number", {"enum": list(get_args(DType))}),
            "rounding": described(
                "of sizes, in layers that say none; null where it is as each layer type has it",
                {"enum": [*ROUNDINGS, None]},
            ),
            "train": described("whether the heads are there that exist only in training", FLAG),
            "set": described("the values of the spec's parameters", {"type": "object"}),
        }
    ),
)
FACTS: dict[str, Schema] = {
    "network": NETWORK,
    "conditions": CONDITIONS,
    "totals": {"$ref": "#/$defs/totals"},
}
"""What a page about a network says beside its rows."""
NOTHING: dict[str, Schema] = {name: {"type": "null"} for name in FACTS}
"""What a page says of a network where it is about none, or about several."""
SUM: dict[str, Schema] = {
    "sum": described("as it was asked for", TEXT),
    "value": described("what it comes to", {"type": ["number", "boolean"]}),
}
WINDOW: dict[str, Schema] = {
    "size": described("elements that go in", or_null(COUNT)),
    "target": described("elements that are to come out", or_null(COUNT)),
    "window": object_of(dict.fromkeys(("kernel", "stride", "before", "after", "dilation"), COUNT)),
    "output": described("elements that come out", or_null(COUNT)),
    "exact": described("the output before rounding; null where it is whole", or_null(TEXT)),
    "fitting": described("the nearest sizes that need no rounding", or_null(SIZES)),
    "answer": described(
        "the padding in all, or the inputs, that give the target, and which of them needs no rounding",
        or_null(object_of(dict.fromkeys(("least", "most", "even"), COUNT))),
    ),
}
LEGEND = list_of(
    object_of(
        {"symbols": described("letters", list_of(TEXT)), "meaning": described("what they stand for", TEXT)},
    )
)
LAYER: dict[str, Schema] = {
    "layer": described("the layer that is explained", TEXT),
    **{key: {"$ref": f"#/$defs/{FIGURES[key].kind.name}"} for key in explanation.ABOUT},
    "weights": described("shapes of its weights by name", {"type": "object", "additionalProperties": SIZES}),
    "legend": described("what the letters stand for", LEGEND),
}
BLOCK: dict[str, Schema] = {
    "block": described("the block that is explained", TEXT),
    "layers": described("how many layers it has", COUNT),
    "inputs": {"$ref": f"#/$defs/{kinds.SHAPES.name}"},
    "output": {"$ref": f"#/$defs/{kinds.SHAPE.name}"},
    "params": described("its learnable parameters", COUNT),
    "macs": described("its multiply-accumulates; null where they are not known", or_null(COUNT)),
}
REASON = object_of(
    {
        "figure": described("a key of the totals", TEXT),
        "layers": described("layers that are alike", list_of(TEXT)),
        "share": described("what they have of the total, a fraction of 1", {"type": "number"}),
        "symbols": described("the arithmetic in symbols", TEXT),
        "numbers": described("the arithmetic in numbers", TEXT),
        "result": described("what it comes to", COUNT),
    }
)
COMPUTED = described("what it is; null where it is not known", {"$ref": f"#/$defs/{kinds.MIXED.name}"})
CLAIM = object_of(
    {
        "layer": described("the layer that it is about; null for the whole network", or_null(TEXT)),
        "figure": TEXT,
        "claimed": described("word for word", TEXT),
        "computed": COMPUTED,
        "verdict": TEXT,
        "source": described("who claims it", TEXT),
    }
)
REASONS: dict[str, Schema] = {
    "reasons": described("the layers that have most of a figure", list_of(REASON)),
    "claims": described("what others say of the network", list_of(CLAIM)),
}
SIZE: Schema = {"type": "integer", "unit": "bytes"}
INFERENCE = object_of(
    {
        "peak_bytes": described("the largest set of activations alive at once", SIZE),
        "peak_at": described("the layer while which they are", TEXT),
        "memory_bytes": described("all weights and that set, what serving needs", SIZE),
        "in_place_bytes": described("all outputs where activations such as ReLU overwrite their input", SIZE),
        "im2col": described(
            "the largest matrix that im2col would make; null without convolutions",
            or_null(object_of({"layer": TEXT, "rows": COUNT, "columns": COUNT, "bytes": SIZE})),
        ),
    }
)
TRAINING = object_of(
    {
        "optimizer": {"enum": list(OPTIMIZERS)},
        "weights_bytes": described("learnable and fixed weights", SIZE),
        "buffers_bytes": described("running statistics and the like", SIZE),
        "gradients_bytes": described("one number for each learnable parameter", SIZE),
        "optimizer_bytes": described("the optimizer's state", SIZE),
        "kept_bytes": described(
            "what is kept for the backward pass: the input and every layer's output", SIZE
        ),
        "peak_bytes": described("all of these together", SIZE),
    }
)
MEMORY: dict[str, Schema] = {
    "inference": described("what the network takes where it only runs", INFERENCE),
    "training": described("what a step of training takes; null where none was asked for", or_null(TRAINING)),
}
CHECKED: dict[str, Schema] = {
    "checked": described("figures and limits that were compared", COUNT),
    "wrong": described("those that do not hold", COUNT),
    "unknown": described("limits of which that is not known", COUNT),
    "claims": described("claims that were judged", COUNT),
    "refuted": described("those that do not hold", COUNT),
    "sound": described("how many networks are sound", COUNT),
    "errors": described("what is wrong with the others", list_of(TEXT)),
}
DIFFERENCE = object_of(
    {
        "network": TEXT,
        "name": described("the first layer of a run that differs", TEXT),
        "last": described("the last one", TEXT),
        "layers": described("how many there are", COUNT),
        "change": {"enum": ["added", "missing", "changed"]},
    }
)
COEFFICIENTS = described("exact coefficients of 1, C, C², such as 9/32", list_of(TEXT))
FORMULAS = object_of(
    dict.fromkeys(
        ("weights", "weights_and_biases", *(f"{kind}_per_position" for kind in Work._fields)), COEFFICIENTS
    )
)
COMPARED: dict[str, Schema] = {
    "compared": described("the keys of the columns, beside figure and part", list_of(TEXT)),
    "channels": described("what C is; null where it is left open", or_null(COUNT)),
    "size": described("input height and width; null where they are left open", or_null(SIZES)),
    "formulas": described("of each stack in C; null where there are networks", or_null(list_of(FORMULAS))),
    "networks": described("each network, and stacks whose input is known", list_of(object_of(FACTS))),
    "shared_prefix": described("layers at the beginning that all networks share", or_null(COUNT)),
    "differences": described("of each network from the first", or_null(list_of(DIFFERENCE))),
}
MEASURED: Schema = {"$ref": f"#/$defs/{kinds.MIXED.name}"}
VERIFIED: dict[str, Schema] = {
    "comparisons": described("how many figures were compared", COUNT),
    "complete": described("false where a wrong shape ended the run", FLAG),
    "disagreements": list_of(
        object_of({"layer": TEXT, "figure": TEXT, "predicted": MEASURED, "real": MEASURED})
    ),
}
OP: dict[str, Schema] = {
    "op": described("the layer type", TEXT),
    "main": described("the setting that a lone value means", or_null(TEXT)),
    "weighted": described("whether it counts for the depth", FLAG),
    "documentation": described("what it does, in paragraphs", list_of(TEXT)),
    "example": described("a line of a spec", TEXT),
}


def totals() -> Schema:
    """Return the schema of a network's totals, which mean what the columns of that name mean."""
    listed = {key: described(one.help, one.kind.schema) for key, one in FIGURES.items() if one.listed}
    return object_of(
        {
            **listed,
            "complete": described("false where the work of a layer is not known and not in the totals", FLAG),
            "incomplete": described("the layers whose work is not known", list_of(TEXT)),
        }
    )
