"""ONNX's own shape inference, for what archcalc cannot account for: asked for only where it is needed."""

from __future__ import annotations

from collections.abc import Mapping

from archcalc.formats.onnx.expansion import pay_for_ops
from archcalc.formats.onnx.graph import OnnxGraph, dimensions
from archcalc.op.site import Sizes


def infer(graph: OnnxGraph, inputs: Mapping[str, Sizes]) -> dict[str, Sizes]:
    """Return the shapes that ONNX works out for given input shapes, by the tensors' names; those it can."""
    from onnx import ModelProto, shape_inference

    pay_for_ops(graph.proto, graph.budget)
    model = ModelProto()
    model.CopyFrom(graph.proto)
    del model.graph.value_info[:]
    for value in model.graph.input:
        if value.name in inputs:
            sizes = value.type.tensor_type.shape.dim
            del sizes[:]
            for size in inputs[value.name]:
                sizes.add().dim_value = size
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        typed = shape_inference.infer_shapes(model)  # data_prop would write out what a shape of 10^12 holds
    except Exception:  # noqa: BLE001  # whatever it cannot do is left unknown
        return {}
    values = (*typed.graph.value_info, *typed.graph.output)
    stated = {
        value.name: dimensions(value) or (1,)  # a single number is a row of one
        for value in values
        if value.type.tensor_type.HasField("shape")
    }
    return {
        name: tuple(int(size) for size in sizes)
        for name, sizes in stated.items()
        if all(isinstance(size, int) for size in sizes)
    }
