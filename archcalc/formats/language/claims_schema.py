"""The JSON Schema of a file of claims, for editors that complete and check YAML."""

from __future__ import annotations

from archcalc.analysis.conditions import BYTES
from archcalc.arithmetic.window import ROUNDINGS
from archcalc.formats.language.claims import COUNTS
from archcalc.formats.language.schema import CLAIM, SIZE, TEXT, figures_claimed
from archcalc.network.network import LAYOUTS
from archcalc.ops import REGISTRY

WHOLE = {"type": "integer", "minimum": 1}
LAYER = {"type": ["string", "integer"]}


def claims_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) that every file of claims satisfies."""
    of_layer = {**figures_claimed(of_layer=True), COUNTS: _counts()}
    inside = {"type": "object", "properties": of_layer, "additionalProperties": False}
    subject = _subject()
    claim = {
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": ["of"]}, {"required": ["formula"]}],
        "dependentRequired": {"formula": ["equals"], "equals": ["formula"]},
        "properties": {
            **figures_claimed(of_layer=False),
            **of_layer,
            **subject,
            "layers": {"anyOf": [subject["layers"], {"type": "object", "additionalProperties": inside}]},
            "than": {
                "description": "another subject, or what is different of the same one",
                "anyOf": [{"type": ["string", "array"]}, {"type": "object"}],
            },
            "formula": {**TEXT, "description": "what 'equals' is worked out by, such as (N - F)/S + 1"},
            "equals": {"enum": list(figures_claimed(of_layer=True))},
            "source": TEXT,
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archcalc claims",
        "description": "What a source says of neural networks, which archcalc check judges.",
        "type": "object",
        "required": ["claims"],
        "additionalProperties": False,
        "properties": {
            "source": {**TEXT, "description": "who claims it, where a claim does not say so itself"},
            "claims": {"type": "array", "items": claim},
        },
        "$defs": {"claim": CLAIM},
    }


def _subject() -> dict[str, object]:
    """Return the schemas of what says what a claim is about."""
    return {
        "of": {
            "description": "a network by its name, a stack such as 3x3x3, or layers as a spec has them",
            "type": ["string", "array", "object"],
        },
        "layer": LAYER,
        "layers": {"type": "array", "items": LAYER, "minItems": 1, "description": "layers taken together"},
        "kind": {"enum": list(REGISTRY), "description": "all layers of a type, taken together"},
        "input": SIZE,
        "layout": {"enum": list(LAYOUTS), "description": "in which order the sizes of the claim are stated"},
        "channels": {**WHOLE, "description": "of a stack whose input is not said"},
        "batch": WHOLE,
        "dtype": {"enum": list(BYTES)},
        "rounding": {"enum": list(ROUNDINGS)},
        "train": {"type": "boolean"},
        "set": {"type": "object", "description": "parameters of the spec"},
    }


def _counts() -> dict[str, object]:
    """Return the schema of how many layers there are of some types."""
    return {
        "type": "object",
        "description": "how many layers there are by type",
        "properties": {kind: {"$ref": "#/$defs/claim"} for kind in REGISTRY},
        "additionalProperties": False,
    }
