"""How ONNX says inputs and learnt tensors by themselves."""

from __future__ import annotations

from archcalc.formats.onnx.draft import Draft
from archcalc.formats.onnx.write_table import writes
from archcalc.op.site import Spot
from archcalc.ops.inputs.given import Parameter


@writes(Parameter, form="function")
def parameter(draft: Draft, op: Parameter, at: Spot) -> str:
    """Write a tensor that is given as a layer of its own: whoever takes it takes it for data."""
    return draft.reshape("value", at.y)
