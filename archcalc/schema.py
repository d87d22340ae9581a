"""The JSON Schema of a spec, made from the registry, for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from archcalc.op import Op
from archcalc.ops import REGISTRY
from archcalc.settings import EXPRESSION, Setting
from archcalc.spec.expectations import FIGURES, LAYER_FIGURES, claimable
from archcalc.window import ROUNDINGS

SIZE = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string"},
        {"type": "array", "items": {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}},
    ]
}
WORD = {"anyOf": [{"type": "string", "pattern": r"^[\w-]+$"}, {"type": "integer"}]}
TEXT = {"type": ["string", "number"]}
LAYERS = {"type": "array", "items": {"$ref": "#/$defs/layer"}}
NAMES = {"anyOf": [WORD, {"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
CONDITION = {"anyOf": [{"type": "boolean"}, EXPRESSION]}


def spec_schema() -> dict[str, Any]:
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
            "input": SIZE,
            "rounding": {"enum": list(ROUNDINGS)},
            "parameters": {"type": ["object", "null"]},
            "variants": {
                "type": ["object", "null"],
                "additionalProperties": {"anyOf": [{"$ref": "#/$defs/variant"}, {"type": "null"}]},
            },
            "blocks": {"type": ["object", "null"], "additionalProperties": {"$ref": "#/$defs/block"}},
            "layers": LAYERS,
            "expect": {"$ref": "#/$defs/expect"},
        },
        "$defs": {
            "layer": _layer(),
            "block": _block(),
            "variant": _variant(),
            "expect": _expect(),
        },
    }


def _layer() -> dict[str, Any]:
    ops = {kind: _op(cls) for kind, cls in REGISTRY.items() if cls.inputs != (0, 0)}
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


def _op(cls: type[Op]) -> dict[str, Any]:
    """Return what may stand behind an op's name: its settings, or its main setting alone."""
    branched = cls.inputs[1] is None
    settings = {name: _setting(setting) for name, setting in cls.declared.items()}
    common = {"name": WORD, "from": NAMES, "when": CONDITION, "tie": {"type": "string"}}
    branches = {"branches": _branches()} if branched else {}
    mapping: dict[str, Any] = {
        "type": "object",
        "properties": {**settings, **branches, **common},
        "additionalProperties": False,
    }
    required = [name for name, setting in cls.declared.items() if setting.required]
    if required:
        mapping["required"] = required
    forms: list[dict[str, Any]] = [mapping]
    if not required:
        forms.append({"type": "null"})
    if branched:
        forms.append(_branches())
    elif cls.main is not None and set(required) <= {cls.main}:
        forms.append(settings[cls.main])
    summary = (cls.__doc__ or "").partition("\n")[0]
    return {"description": summary, "anyOf": forms}


def _setting(setting: Setting) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": setting.help, "anyOf": [dict(setting.schema), EXPRESSION]}
    if not setting.required and isinstance(setting.default, bool | int | float | str):
        schema["default"] = setting.default
    return schema


def _branches() -> dict[str, Any]:
    return {
        "anyOf": [
            {"type": "array", "items": LAYERS},
            {"type": "object", "additionalProperties": LAYERS},
        ]
    }


def _repeat() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Write the layers several times.",
        "required": ["times", "layers"],
        "additionalProperties": False,
        "properties": {
            "times": {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]},
            "index": WORD,
            "name": WORD,
            "when": CONDITION,
            "layers": LAYERS,
        },
    }


def _auxiliary() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A head that exists only in training.",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {
            "name": WORD,
            "weight": {"type": "number"},
            "from": NAMES,
            "when": CONDITION,
            "layers": LAYERS,
        },
    }


def _block() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["layers"],
        "additionalProperties": False,
        "properties": {"parameters": {"type": ["object", "null"]}, "layers": LAYERS},
    }


def _variant() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "title": TEXT,
            "source": TEXT,
            "input": SIZE,
            "expect": {"$ref": "#/$defs/expect"},
        },
    }


def _expect() -> dict[str, Any]:
    of_layer = {**_figures(LAYER_FIGURES), "claims": _claims(LAYER_FIGURES)}
    layer = {"type": "object", "properties": of_layer, "additionalProperties": False}
    entry = {
        "type": "object",
        "required": ["source"],
        "additionalProperties": False,
        "properties": {
            **_figures(FIGURES),
            "claims": _claims(FIGURES),
            "source": TEXT,
            "train": {"type": "boolean", "description": "with the heads that exist only in training"},
            "layers": {"type": "object", "additionalProperties": layer},
        },
    }
    return {"anyOf": [entry, {"type": "array", "items": entry}]}


def _figures(names: tuple[str, ...]) -> dict[str, Any]:
    whole = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
    return {name: SIZE if name == "output" else whole for name in names}


def _claims(figures: tuple[str, ...]) -> dict[str, Any]:
    claim = {
        "description": "what is claimed, as it is written there",
        "anyOf": [{"type": "string", "pattern": "[0-9]"}, {"type": "number", "minimum": 0}],
    }
    return {
        "type": "object",
        "description": "claims are shown with a verdict and fail no check",
        "properties": dict.fromkeys(claimable(figures), claim),
        "additionalProperties": False,
    }
