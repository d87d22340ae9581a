"""The JSON Schema of a device's file, for editors that complete and check YAML."""

from __future__ import annotations

from archcalc.analysis.timing.machine import PART, list_constants
from archcalc.formats.language.device import (
    ERROR_KEYS,
    KINDS,
    MODES,
    NEEDED,
    NUMBER_TYPES,
    ORIGINS,
    VALUES,
)
from archcalc.formats.language.schema import TEXT
from archcalc.ops import REGISTRY

WHOLE = {"type": "integer", "minimum": 1}
SOURCE = {**TEXT, "description": "which data sheet, or what was measured; or a word of 'sources'"}
MEANT = {
    "bandwidth": "of the memory that holds activations, such as 3.35 TB/s",
    "memory": "what it has, such as 80 GB or 320 KiB",
    "flash": "what holds a microcontroller's weights, such as 1 MiB",
    "cache": "the last level, such as 50 MiB",
    "cores": "multiprocessors or CPU cores",
    "clock": "the highest, such as 1.98 GHz",
    "power": "the limit, such as 700 W",
}


def device_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) that every device's file satisfies."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archcalc device",
        "description": "What a device can do, each value with where it is from.",
        "type": "object",
        "required": list(NEEDED),
        "additionalProperties": False,
        "properties": {
            "title": TEXT,
            "kind": {"enum": list(KINDS)},
            "sources": {
                "type": "object",
                "description": "sources that several values share, by a word of your own",
                "additionalProperties": TEXT,
            },
            **{key: _stated(MEANT[key]) for key in VALUES},
            "peaks": {
                "type": "object",
                "description": "dense operations a second, never with sparsity; a multiply-add is two",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {dtype: _stated("such as 989.4 TFLOP/s") for dtype in NUMBER_TYPES},
            },
            "constants": {
                "description": "what a time model needs; or the name of a device whose constants hold here, too",
                "anyOf": [{"type": "string"}, _constants()],
            },
            "errors": {
                "type": "array",
                "description": "how far predictions were from measurements",
                "items": _error(),
            },
        },
    }


def _stated(description: str) -> dict[str, object]:
    """Return the schema of a value with where it is from."""
    return {
        "type": "object",
        "description": description,
        "required": ["value", "from", "source"],
        "additionalProperties": False,
        "properties": {
            "value": {"type": ["string", "integer"]},
            "from": {"enum": list(ORIGINS)},
            "source": SOURCE,
        },
    }


LAYERS = {
    "type": "array",
    "description": "layer types of the networks that they were fitted to",
    "items": {"enum": sorted(REGISTRY)},
}


def _constants() -> dict[str, object]:
    by_type: dict[str, object] = {dtype: _named() for dtype in map(str, NUMBER_TYPES)}
    return {
        "type": "object",
        "required": ["from", "source"],
        "additionalProperties": False,
        "properties": {"from": {"enum": list(ORIGINS)}, "source": SOURCE, "layers": LAYERS, **by_type},
    }


def _named() -> dict[str, object]:
    """Return the schema of constants by their names."""
    return {
        "type": "object",
        "propertyNames": {"enum": list_constants()},
        "properties": {"wave": {"type": "number", "minimum": 0, "maximum": 1}},
        "patternProperties": {f"^{PART.pattern}$": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}},
        "additionalProperties": {"type": "number", "minimum": 0},
    }


def _error() -> dict[str, object]:
    batches = {"type": "array", "items": WHOLE, "minItems": 2, "maxItems": 2}
    return {
        "type": "object",
        "required": list(ERROR_KEYS),
        "additionalProperties": False,
        "properties": {
            "mode": {"enum": list(MODES)},
            "dtype": {"enum": list(NUMBER_TYPES)},
            "batch": {"description": "one, or from the least to the most", "anyOf": [WHOLE, batches]},
            "error": {
                "type": "number",
                "minimum": 0,
                "description": "the mean of |predicted / measured - 1|",
            },
            "networks": WHOLE,
            "source": SOURCE,
        },
    }
