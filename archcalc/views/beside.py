"""The JSON Schema of what a page says beside its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from archcalc.analysis.conditions import DType
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.timing.device import Mode
from archcalc.arithmetic.window import ROUNDINGS
from archcalc.op.op import Work
from archcalc.sheet import kinds
from archcalc.sheet.sheet import Schema
from archcalc.views.page import ABOUT

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


def describe(description: str, schema: Schema) -> Schema:
    """Return a schema with what it means."""
    return {**schema, "description": description}


def or_null(schema: Schema) -> Schema:
    """Return the schema of what may be absent or not known."""
    return {"anyOf": [schema, {"type": "null"}]}


NETWORK = describe(
    "which network it is about",
    object_of(
        {
            "name": TEXT,
            "title": or_null(TEXT),
            "source": describe("who describes it", or_null(TEXT)),
        }
    ),
)
CONDITIONS = describe(
    "under which conditions it is looked at",
    object_of(
        {
            "inputs": describe(
                "its inputs, without the batch; the first one feeds the layers",
                list_of(object_of({"name": TEXT, "shape": SIZES})),
            ),
            "batch": describe("samples that go through at once", COUNT),
            "dtype": describe("type of one number", {"enum": list(get_args(DType))}),
            "rounding": describe(
                "of sizes, in layers that say none; null where it is as each layer type has it",
                {"enum": [*ROUNDINGS, None]},
            ),
            "train": describe("whether the heads are there that exist only in training", FLAG),
            "frozen": describe("patterns of the weights that do not learn", list_of(TEXT)),
            "device": describe("what it runs on; null where nobody says", or_null(TEXT)),
            "mode": describe("how it runs there; null without a device", {"enum": [*get_args(Mode), None]}),
            "set": describe("the values of the spec's parameters", {"type": "object"}),
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
    "sum": describe("as it was asked for", TEXT),
    "value": describe("what it comes to", {"type": ["number", "boolean"]}),
}
QUIZ: dict[str, Schema] = {"seed": describe("of the draw: the same number asks the same again", COUNT)}
WINDOW: dict[str, Schema] = {
    "size": describe("elements that go in", or_null(COUNT)),
    "target": describe("elements that are to come out", or_null(COUNT)),
    "window": object_of(dict.fromkeys(("kernel", "stride", "before", "after", "dilation"), COUNT)),
    "output": describe("elements that come out", or_null(COUNT)),
    "exact": describe("the output before rounding; null where it is whole", or_null(TEXT)),
    "fitting": describe("the nearest sizes that need no rounding", or_null(SIZES)),
    "answer": describe(
        "the padding in all, or the inputs, that give the target, and which of them needs no rounding",
        or_null(object_of(dict.fromkeys(("least", "most", "even"), COUNT))),
    ),
}
SMALLEST: dict[str, Schema] = {
    "model": describe("the network that was asked about", TEXT),
    "inputs": describe(
        "the smallest that suit, without the batch", list_of(object_of({"name": TEXT, "shape": SIZES}))
    ),
    "side": describe("how long each of their axes is", COUNT),
    "below": describe(
        "what fails where they are one shorter; null where they cannot be",
        or_null(object_of({"layer": TEXT, "reason": TEXT})),
    ),
}
LEGEND = list_of(
    object_of(
        {"symbols": describe("letters", list_of(TEXT)), "meaning": describe("what they stand for", TEXT)},
    )
)
LAYER: dict[str, Schema] = {
    "layer": describe("the layer that is explained", TEXT),
    **{key: {"$ref": f"#/$defs/{FIGURES[key].kind.name}"} for key in ABOUT},
    "weights": describe("shapes of its weights by name", {"type": "object", "additionalProperties": SIZES}),
    "legend": describe("what the letters stand for", LEGEND),
}
GRID: Schema = {"$ref": f"#/$defs/{kinds.GRID.name}"}
ABOUT_LAYER: dict[str, Schema] = {
    "layer": LAYER["layer"],
    **{key: LAYER[key] for key in ABOUT},
}
WORKED: dict[str, Schema] = {
    **ABOUT_LAYER,
    "values": describe(
        "the layer's arrays, without the batch; padded is null where nothing is padded",
        object_of(
            {
                "input": GRID,
                "padded": GRID,
                "weights": {"type": "object", "additionalProperties": GRID},
                "output": GRID,
            }
        ),
    ),
    "turned": describe(
        "the convolution of mathematics, with the kernel turned; null where it was not asked for",
        or_null(object_of({"weight": GRID, "output": GRID})),
    ),
    "shifted": describe(
        "the input moved by one to the right, and how many of the outputs stay the same; null but for pooling",
        or_null(object_of({"input": GRID, "output": GRID, "same": COUNT, "outputs": COUNT})),
    ),
}
INDICES = list_of(TEXT)
UNFOLDED: dict[str, Schema] = {
    **ABOUT_LAYER,
    "entry": describe(
        "which element of x the entry of col is that stands in this row and this column",
        object_of({"row": INDICES, "column": INDICES, "element": INDICES}),
    ),
    "groups": describe("independent convolutions, each with arrays of these sizes", COUNT),
    "legend": LAYER["legend"],
    "matrices": describe(
        "the matrices themselves, a list of one for each of several groups; none without values",
        {"type": "object", "additionalProperties": GRID},
    ),
}
BLOCK: dict[str, Schema] = {
    "block": describe("the block that is explained", TEXT),
    "layers": describe("how many layers it has", COUNT),
    "inputs": {"$ref": f"#/$defs/{kinds.SHAPES.name}"},
    "output": {"$ref": f"#/$defs/{kinds.SHAPE.name}"},
    "params": describe("its learnable parameters", COUNT),
    "macs": describe("its multiply-accumulates; null where they are not known", or_null(COUNT)),
}
REASON = object_of(
    {
        "figure": describe("a key of the totals", TEXT),
        "layers": describe("layers that are alike", list_of(TEXT)),
        "share": describe("what they have of the total, a fraction of 1", {"type": "number"}),
        "symbols": describe("the arithmetic in symbols", TEXT),
        "numbers": describe("the arithmetic in numbers", TEXT),
        "result": describe("what it comes to", COUNT),
    }
)
COMPUTED = describe("what it is; null where it is not known", {"$ref": f"#/$defs/{kinds.MIXED.name}"})
CLAIM = object_of(
    {
        "layer": describe("the layer that it is about; null for the whole network", or_null(TEXT)),
        "figure": TEXT,
        "claimed": describe("word for word", TEXT),
        "computed": COMPUTED,
        "verdict": TEXT,
        "source": describe("who claims it", TEXT),
    }
)
LOSSES = describe(
    "how much their losses count, by their names",
    {"type": "object", "additionalProperties": {"type": "number"}},
)
REASONS: dict[str, Schema] = {
    "reasons": describe("the layers that have most of a figure", list_of(REASON)),
    "claims": describe("what others say of the network", list_of(CLAIM)),
    "heads": describe(
        "what the heads add that exist only in training; null where there are none",
        or_null(
            object_of({"names": list_of(TEXT), "params": COUNT, "macs": or_null(COUNT), "losses": LOSSES})
        ),
    ),
}
FOLDED = object_of(
    {
        "folded": describe(
            "batch normalisations that are gone, and the layers that took them over",
            list_of(object_of({"layer": TEXT, "into": TEXT})),
        ),
        "kept": describe("those that stay, and why", list_of(object_of({"layer": TEXT, "reason": TEXT}))),
    }
)
FOLDING: dict[str, Schema] = {
    "folding": describe("of batch normalisations; null where it was not asked for", or_null(FOLDED)),
}
VALUE: Schema = {"type": ["number", "string"]}
FITTED: dict[str, Schema] = {
    "vary": describe("what was varied: batch, input, checkpoint or a parameter", TEXT),
    "value": describe(
        "the largest value that fits, the largest that was tried where no limit is reached, or the checkpoint that runs the "
        "fewest MACs again; null where none does",
        or_null(VALUE),
    ),
    "next_value": describe(
        "the next one, with which a limit is broken, or that suits no layer; of checkpoints the nearest of those that "
        "run less again, or of all where none fits; null where no limit is reached",
        or_null(VALUE),
    ),
    "in_the_way": describe(
        "the layer that has most of what breaks the limit, or while which most is alive; null where none is broken",
        or_null(TEXT),
    ),
    "left_free": describe(
        "the value that fits with so many bytes left free, for CUDA's context; null where no limit is on a GPU's memory",
        or_null(object_of({"free": COUNT, "value": or_null(VALUE)})),
    ),
    "looks": describe("how many reports were made", COUNT),
    "alternatives": describe(
        "all checkpoints that were looked at, those that run the least again first; empty where something else is varied",
        list_of(
            object_of(
                {
                    "value": TEXT,
                    "fits": FLAG,
                    "recomputed_macs": or_null(COUNT),
                    "kept_bytes": or_null(COUNT),
                    "peak_bytes": or_null(COUNT),
                }
            )
        ),
    ),
}
CHECKED: dict[str, Schema] = {
    "checked": describe("figures and limits that were compared", COUNT),
    "wrong": describe("those that do not hold", COUNT),
    "unknown": describe("limits of which that is not known", COUNT),
    "claims": describe("claims that were judged", COUNT),
    "refuted": describe("those that do not hold", COUNT),
    "sound": describe("how many networks are sound", COUNT),
    "errors": describe("what is wrong with the others", list_of(TEXT)),
}
DIFFERENCE = object_of(
    {
        "network": TEXT,
        "name": describe("the first layer of a run that differs", TEXT),
        "last": describe("the last one", TEXT),
        "layers": describe("how many there are", COUNT),
        "change": {"enum": ["added", "missing", "changed"]},
    }
)
COEFFICIENTS = describe("exact coefficients of 1, C, C², such as 9/32", list_of(TEXT))
FORMULAS = object_of(
    dict.fromkeys(
        ("weights", "weights_and_biases", *(f"{kind}_per_position" for kind in Work._fields)), COEFFICIENTS
    )
)
COMPARED: dict[str, Schema] = {
    "compared": describe("the keys of the columns, beside figure and part", list_of(TEXT)),
    "by": describe(
        "what a part of networks is; null where there are stacks alone",
        {"enum": ["none", "stage", "op", "layer", None]},
    ),
    "channels": describe("what C is; null where it is left open", or_null(COUNT)),
    "size": describe("input height and width; null where they are left open", or_null(SIZES)),
    "formulas": describe("of each stack in C; null where there are networks", or_null(list_of(FORMULAS))),
    "networks": describe("each network, and stacks whose input is known", list_of(object_of(FACTS))),
    "shared_prefix": describe("layers at the beginning that all networks share", or_null(COUNT)),
    "differences": describe("of each network from the first", or_null(list_of(DIFFERENCE))),
}
MEASURED: Schema = {"$ref": f"#/$defs/{kinds.MIXED.name}"}


PLACE = object_of({"name": TEXT, "title": TEXT, "mode": {"enum": list(get_args(Mode))}})


def totals() -> Schema:
    """Return the schema of a network's totals, which mean what the columns of that name mean."""
    return object_of(list_totals())


def list_totals() -> dict[str, Schema]:
    """Return the schemas of a network's totals by name."""
    listed = {
        key: describe(
            figure.help,
            or_null(figure.kind.schema) if figure.known or figure.on_device else figure.kind.schema,
        )
        for key, figure in FIGURES.items()
        if figure.listed
    }
    return {
        **listed,
        "complete": describe("false where the work of a layer is not known and not in the totals", FLAG),
        "incomplete": describe("the layers whose work is not known", list_of(TEXT)),
    }
