"""The JSON Schema of a spec, made from the registry, for editors that complete and check YAML."""

from __future__ import annotations

from archcalc.analysis.budget import OPERATORS, limitable
from archcalc.analysis.figures import FIGURES, expectable
from archcalc.arithmetic.window import ROUNDINGS
from archcalc.formats.language.claims import SIZES, claimable
from archcalc.formats.language.scope import CONTROLS, RESERVED
from archcalc.formats.language.shared import shared_names
from archcalc.ground import limits
from archcalc.network.network import LAYOUTS
from archcalc.op.op import Op
from archcalc.op.setting import Setting
from archcalc.op.settings import EXPRESSION
from archcalc.ops import REGISTRY
from archcalc.sheet.kinds import BYTES, COUNT, DURATION, SHAPE

AXIS = {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}
EMPTY = r"^\s*(\d+\s*[x×X]\s*)*0+\s*([x×X]|$)"
"""A size in one word with nothing along an axis."""
CROWDED = rf"^\s*\d+(\s*[x×X]\s*\d+){{{limits.AXES},}}"
"""A size in one word with more axes than there may be."""
SIZE = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "not": {"pattern": f"{EMPTY}|{CROWDED}"}},
        {"type": "array", "items": AXIS, "minItems": 1, "maxItems": limits.AXES},
    ]
}
NAME = {"pattern": r"^[^\s!-,./:-@\[-^`{-~]+$"}
"""Letters of any alphabet, digits, _ and -; \\w has ASCII letters only where editors read it."""
PARAMETERS = {"pattern": r"^[^\s\d!-/:-@\[-^`{-~][^\s!-/:-@\[-^`{-~]*$", "not": {"enum": sorted(RESERVED)}}
INPUT = {
    "anyOf": [
        *SIZE["anyOf"],
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": SIZE,
            "propertyNames": {"pattern": r"^[\w-]+$"},
        },
    ]
}
"""One shape, or several inputs by their names."""
LAYOUT = {"description": "in which order the sizes of the inputs are stated", "enum": list(LAYOUTS)}
WORD = {"anyOf": [{"type": "string", **NAME}, {"type": "integer"}]}
TEXT = {"type": ["string", "number"]}
LAYERS = {"type": "array", "items": {"$ref": "#/$defs/layer"}}
LISTED: dict[str, object] = {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}
NAMES = {"anyOf": [WORD, {"type": "string"}, LISTED]}
SOURCE = {"anyOf": [WORD, {"type": "string"}, {**LISTED, "maxItems": 1}]}
SHARED = {
    "description": "weights that belong to an earlier layer and count there",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
CONDITION = {"anyOf": [{"type": "boolean"}, EXPRESSION]}
LAYOUT = {"description": "in which order the sizes of the inputs are stated", "enum": list(LAYOUTS)}
IN_PLACE = {
    "description": "whether activations overwrite their input in training, unless one says otherwise",
    "type": "boolean",
}


def spec_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) that every spec satisfies."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archcalc spec",
        "description": "A neural network, layer by layer.",
        "type": "object",
        "required": ["layers"],
        "anyOf": [{"required": ["input"]}, {"required": ["variants"]}],
        "additionalProperties": False,
        "properties": {
            "name": WORD,
            "title": TEXT,
            "source": TEXT,
            "input": INPUT,
            "layout": LAYOUT,
            "rounding": {"enum": list(ROUNDINGS)},
            "in_place": IN_PLACE,
            "parameters": {"type": ["object", "null"], "propertyNames": PARAMETERS},
            "variants": {
                "type": ["object", "null"],
                "propertyNames": NAME,
                "additionalProperties": {"anyOf": [{"$ref": "#/$defs/variant"}, {"type": "null"}]},
            },
            "use": _use(),
            "blocks": {
                "type": ["object", "null"],
                "propertyNames": {**NAME, "not": {"enum": [*REGISTRY, *CONTROLS]}},
                "additionalProperties": {"$ref": "#/$defs/block"},
            },
            "layers": LAYERS,
            "outputs": NAMES,
            "budget": {"$ref": "#/$defs/budget"},
            "expect": {"$ref": "#/$defs/expect"},
        },
        "$defs": {
            "layer": _layer(),
            "block": _block(),
            "variant": _variant(),
            "budget": _budget(),
            "expect": _expect(),
            "claim": CLAIM,
        },
    }


def _use() -> dict[str, object]:
    name = {"enum": shared_names()}
    return {
        "description": "blocks that specs share, by their names",
        "anyOf": [name, {"type": "array", "items": name}],
    }


def _layer() -> dict[str, object]:
    ops = {kind: _op(cls) for kind, cls in REGISTRY.items() if cls.traits.role != "input"}
    controls = {"repeat": _repeat(), "auxiliary": _auxiliary()}
    return {
        "anyOf": [
            {"type": "string", "description": "an op or a block with nothing to say"},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {**ops, **controls},
                "additionalProperties": {
                    "description": "a block of this spec, with its parameters or its first one alone"
                },
            },
        ]
    }


def _op(cls: type[Op]) -> dict[str, object]:
    """Return what may stand behind an op's name: its settings, or its main setting alone."""
    branched = cls.traits.is_branched
    settings = {name: _setting(setting) for name, setting in cls.declared.items()}
    common = {
        "name": WORD,
        **({} if cls.traits.role == "constant" else {"from": _sources(cls)}),
        "when": CONDITION,
        "tie": {"type": "string"},
        "shared": SHARED,
    }
    branches = {"branches": _branches(cls)} if branched else {}
    mapping: dict[str, object] = {
        "type": "object",
        "properties": {**settings, **branches, **common},
        "additionalProperties": False,
    }
    required = [name for name, setting in cls.declared.items() if setting.required]
    if required:
        mapping["required"] = required
    forms: list[dict[str, object]] = [mapping]
    if not required:
        forms.append({"type": "null"})
    if branched:
        forms.append(_branches(cls))
    elif cls.main is not None and set(required) <= {cls.main}:
        forms.append(settings[cls.main])
    summary = (cls.__doc__ or "").partition("\n")[0]
    return {"description": summary, "anyOf": forms}


def _setting(setting: Setting) -> dict[str, object]:
    schema: dict[str, object] = {"description": setting.help, "anyOf": [dict(setting.schema), EXPRESSION]}
    if not setting.required and isinstance(setting.default, bool | int | float | str):
        schema["default"] = setting.default
    return schema


def _sources(cls: type[Op]) -> dict[str, object]:
    """Return the names of the layers that an op takes its inputs from, as many as it takes."""
    least, most = cls.traits.takes
    several = {**LISTED, "minItems": max(1, least)} | ({} if most is None else {"maxItems": most})
    return several if least > 1 else {"anyOf": [WORD, {"type": "string"}, several]}


def _branches(cls: type[Op]) -> dict[str, object]:
    """Return a list of branches, or a mapping with a name for each: as many as the op takes inputs."""
    least, most = cls.traits.takes
    several = {"type": "array", "items": LAYERS, "minItems": least}
    named = {
        "type": "object",
        "propertyNames": NAME,
        "additionalProperties": LAYERS,
        "minProperties": least,
    }
    if most is not None:
        several["maxItems"] = named["maxProperties"] = most
    return {"anyOf": [several, named]}


def _repeat() -> dict[str, object]:
    return {
        "type": "object",
        "description": "Write the layers several times.",
        "required": ["times", "layers"],
        "additionalProperties": False,
        "properties": {
            "times": {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]},
            "index": {"type": "string", **PARAMETERS},
            "name": WORD,
            "when": CONDITION,
            "layers": LAYERS,
        },
    }


def _auxiliary() -> dict[str, object]:
    return {
        "type": "object",
        "description": "A head that exists only in training.",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {
            "name": WORD,
            "weight": {"type": "number"},
            "from": SOURCE,
            "when": CONDITION,
            "layers": LAYERS,
        },
    }


def _block() -> dict[str, object]:
    return {
        "type": "object",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {
            "parameters": {"type": ["object", "null"], "propertyNames": PARAMETERS},
            "layers": LAYERS,
        },
    }


def _variant() -> dict[str, object]:
    return {
        "type": "object",
        "properties": {
            "title": TEXT,
            "source": TEXT,
            "input": INPUT,
            "budget": {"$ref": "#/$defs/budget"},
            "expect": {"$ref": "#/$defs/expect"},
        },
    }


UNITS = {COUNT: "[kKmMgGbBtT]?", BYTES: "(([kKmMgGtT][iI]?)?[bB])?", DURATION: "([nuµμm]?s)?"}
"""What may follow a quantity, by the kind of the figure."""


def _budget() -> dict[str, object]:
    operators = "|".join(sorted(OPERATORS, key=len, reverse=True))
    at = r"(@[^\s<>=!]+)?"
    forms = (
        rf"({'|'.join(key + at * FIGURES[key].on_device for key in limitable() if FIGURES[key].kind is kind)})"
        rf"\s*({operators})\s*[0-9][0-9,_]*(\.[0-9]+)?\s*{unit}"
        for kind, unit in UNITS.items()
    )
    single = rf"((\(|not\b)\s*)*({'|'.join(forms)})(\s*\))*"
    limit = {
        "type": "string",
        "description": "a figure, an operator and a quantity, such as peak_bytes <= 256KiB; joined by and, or, not",
        "pattern": rf"^\s*{single}(\s*\b(and|or)\b\s*{single})*\s*$",
    }
    return {"anyOf": [limit, {"type": "array", "items": limit}]}


def _expect() -> dict[str, object]:
    of_network, of_layer = expectable(of_layer=False), expectable(of_layer=True)
    inside = {**_figures(of_layer), "claims": claims_of(of_layer=True)}
    layer = {"type": "object", "properties": inside, "additionalProperties": False}
    entry = {
        "type": "object",
        "required": ["source"],
        "additionalProperties": False,
        "properties": {
            **_figures(of_network),
            "claims": claims_of(of_layer=False),
            "source": TEXT,
            "train": {"type": "boolean", "description": "with the heads that exist only in training"},
            "layers": {"type": "object", "additionalProperties": layer},
        },
    }
    return {"anyOf": [entry, {"type": "array", "items": entry}]}


def _figures(names: tuple[str, ...]) -> dict[str, object]:
    whole = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
    return {name: SIZE if FIGURES[name].kind is SHAPE else whole for name in names}


def claims_of(*, of_layer: bool) -> dict[str, object]:
    """Return the schema of a mapping of claims about a network, or about a layer."""
    return {
        "type": "object",
        "description": "claims are shown with a verdict and fail no check",
        "properties": figures_claimed(of_layer=of_layer),
        "additionalProperties": False,
    }


def figures_claimed(*, of_layer: bool) -> dict[str, object]:
    """Return the schemas of the figures that may be claimed, by their keys."""
    claim = {"$ref": "#/$defs/claim"}
    return {key: SIZE if FIGURES[key].kind in SIZES else claim for key in claimable(of_layer=of_layer)}


CLAIM: dict[str, object] = {
    "description": "what is claimed, as it is written there",
    "anyOf": [{"type": "string", "pattern": "[0-9]"}, {"type": "number", "minimum": 0}],
}
