"""Functions of one number, applied to every element, and what passes its input on."""

from __future__ import annotations

from math import isclose

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.elements.arithmetic import only_axis
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import Constant, Output, Tensor, reshape_constant
from archcalc.formats.onnx.words import ACTIVATIONS, FUNCTIONS, by_operator

OPERATORS = by_operator(FUNCTIONS) | {"Not": "not", "IsNaN": "is_nan"}


@translates(*OPERATORS)
def function(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(node.called, "function", [builder.data(node)], by=OPERATORS[node.op])


@translates(*ACTIVATIONS)
def activation(node: GraphNode, builder: Builder) -> Tensor:
    kind, names = ACTIVATIONS[node.op]
    settings: dict[str, object] = {
        ours: node.attributes.get(theirs, usual) for theirs, (ours, usual) in names.items()
    }
    return builder.add(node.called, kind, [builder.data(node)], **settings)


@translates("Swish")
def silu(node: GraphNode, builder: Builder) -> Tensor:
    if node.attributes.get("alpha", 1) != 1:
        raise UnaccountableError("it is steeper, or less so, than usual")
    return builder.add(node.called, "silu", [builder.data(node)])


@translates("HardSigmoid")
def hardsigmoid(node: GraphNode, builder: Builder) -> Tensor:
    slope, offset = node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5)
    settings = {} if isclose(slope, 1 / 6, rel_tol=1e-4) else {"slope": slope}
    if offset != 0.5:
        settings["offset"] = offset
    return builder.add(node.called, "hardsigmoid", [builder.data(node)], **settings)


@translates("Selu")
def selu(node: GraphNode, builder: Builder) -> Tensor:
    if node.attributes.keys() & {"alpha", "gamma"}:
        raise UnaccountableError("its constants are not the usual ones")
    return builder.add(node.called, "selu", [builder.data(node)])


@translates("Gelu")
def gelu(node: GraphNode, builder: Builder) -> Tensor:
    approximate = node.attributes.get("approximate", "none")
    settings = {} if approximate == "none" else {"approximate": approximate}
    return builder.add(node.called, "gelu", [builder.data(node)], **settings)


@translates("PRelu")
def prelu(node: GraphNode, builder: Builder) -> Tensor:
    x, slope = builder.data(node), builder.weight(node, 1)
    if slope.size > 1 and only_axis(slope, x) != 1:
        raise UnaccountableError("it has a slope for each position")
    settings = {"per": "layer"} if slope.size == 1 else {}
    return builder.add(
        node.called, "prelu", [x], {"slope": reshape_constant(slope, (slope.size,))}, **settings
    )


@translates("Clip")
def clip(node: GraphNode, builder: Builder) -> Tensor:
    bounds = {}
    for index, (name, attribute) in enumerate((("low", "min"), ("high", "max")), 1):
        tensor = builder.tensor(node, index)
        if isinstance(tensor, Output):
            raise UnaccountableError("its bounds are computed")
        number = node.attributes.get(attribute) if tensor is None else tensor.scalar
        if number is not None:
            bounds[name] = float(number)
    x = builder.data(node)
    if bounds == {"low": 0, "high": 6}:
        return builder.add(node.called, "relu6", [x])
    return builder.add(node.called, "clip", [x], **bounds)


@translates("Identity")
def identity(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.require(node, 0)
    return x if isinstance(x, Constant) else builder.add(node.called, "identity", [x])


@translates("Cast", "CastLike")
def cast(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.require(node, 0)
    dtype = node.attributes["to"] if node.op == "Cast" else builder.require(node, 1).dtype
    if isinstance(x, Constant):
        return x._replace(dtype=dtype)
    return builder.add(node.called, "function", [x], by="cast")._replace(dtype=dtype)


@translates("Dropout")
def dropout(node: GraphNode, builder: Builder) -> Tensor:
    """Pass the input on: a network that is looked at does not learn, unless its file insists."""
    builder.only_first(node, "what it drops")
    training = builder.tensor(node, 2)
    if isinstance(training, Output) or (training is not None and training.scalar):
        raise UnaccountableError("it drops numbers as in training")
    return builder.add(node.called, "dropout", [builder.data(node)])
