"""What archcalc's own ops are called in an ONNX file that has no operator for them: functions of its own domain.

A function is called after the op, and numbered where it has several bodies; a node's attributes are the op's settings
in JSON, and its inputs the op's data and then its weights. The body is made of ONNX's operators, so that every program
can run it; archcalc need not look at it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from archcalc.op.op import Op
from archcalc.ops import REGISTRY

DOMAIN = "archcalc"


def function_name(kind: str, number: int) -> str:
    """Return the name of the first, the second, … function of a kind: shuffle, shuffle_2, shuffle_3."""
    return kind if number == 1 else f"{kind}_{number}"


def kind_of(domain: str, name: str) -> str | None:
    """Return the kind of layer that a function stands for, or None where it is not one of archcalc's own."""
    kind, _, number = name.rpartition("_")
    kind_or_name = kind if number.isdigit() else name
    return kind_or_name if domain == DOMAIN and kind_or_name in REGISTRY else None


def attributes_of(op: Op) -> dict[str, str]:
    """Return the settings of an op that differ from their defaults, as attributes of a node."""
    return {name: json.dumps(value) for name, value in op.stated().items()}


def settings_of(attributes: Mapping[str, str]) -> dict[str, object]:
    """Return the settings that attributes of a node state.

    Raises:
        ValueError: they are not as they were written.
    """
    try:
        return {name: json.loads(value) for name, value in attributes.items()}
    except (TypeError, RecursionError):
        raise ValueError from None
