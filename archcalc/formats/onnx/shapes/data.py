"""Constants, sizes as data, and nodes that pass their input on.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from math import prod

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import FLOAT, INT64, Constant, Tensor, constant, fill, make_constant


@translates("Constant")
def constant_(node: GraphNode, builder: Builder) -> Tensor:
    from numpy import asarray, float32, int64

    name = node.outputs[0]
    for key, value in node.attributes.items():
        if key in ("value", "sparse_value"):
            worth = constant(name, value)
            return worth._replace(
                given=not worth.is_zero
            )  # a state to start from; weights have gone through training
        if key in ("value_float", "value_floats"):
            return Constant(name, asarray(value).shape, FLOAT, asarray(value, float32))
        if key in ("value_int", "value_ints"):
            return Constant(name, asarray(value).shape, INT64, asarray(value, int64))
    raise UnaccountableError("it holds no number")


@translates("ConstantOfShape")
def constant_of_shape(node: GraphNode, builder: Builder) -> Tensor:
    """Fill a shape with one number: some files keep their weights so, to stay small."""
    source = builder.require(node, 0)
    shape = builder.ints(node, 0) or ()
    if min(shape, default=0) < 0:
        raise UnaccountableError("its size is below 0")
    proto = node.attributes.get("value")
    value = constant("", proto) if proto is not None else None
    number = 0 if value is None or value.scalar is None else value.scalar
    is_given = isinstance(source, Constant) and source.given
    return fill(node.outputs[0], shape, FLOAT if value is None else value.dtype, number, given=is_given)


@translates("Shape")
def shape(node: GraphNode, builder: Builder) -> Tensor:
    from numpy import asarray, int64

    sizes = builder.require(node, 0).shape
    start, end = node.attributes.get("start", 0), node.attributes.get("end", len(sizes))
    return make_constant(node.outputs[0], asarray(sizes[start:end], int64))


@translates("Size")
def size(node: GraphNode, builder: Builder) -> Tensor:
    from numpy import asarray, int64

    return make_constant(node.outputs[0], asarray(prod(builder.require(node, 0).shape), int64))
