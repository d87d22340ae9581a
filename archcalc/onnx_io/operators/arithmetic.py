"""Operators that work element by element, or over whole axes.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from math import isclose
from typing import Any

from archcalc.onnx_io.builder import Builder, UnaccountableError
from archcalc.onnx_io.graph import GraphNode
from archcalc.onnx_io.table import translates
from archcalc.onnx_io.tensors import Constant, Flow, Tensor, reshaped
from archcalc.op import REGISTRY

BINARY = {
    "Add": "add",
    "Sub": "subtract",
    "Mul": "multiply",
    "Div": "divide",
    "Pow": "power",
    "Mod": "modulo",
    "Min": "minimum",
    "Max": "maximum",
    "Equal": "equal",
    "Less": "less",
    "LessOrEqual": "less_or_equal",
    "Greater": "greater",
    "GreaterOrEqual": "greater_or_equal",
    "And": "and",
    "Or": "or",
    "Xor": "xor",
    "Sum": "add",
}
"""What they do; `add` and `multiply` are ops of their own, the others are ways to `combine`."""
COMMUTE = ("add", "multiply", "minimum", "maximum")
WITH_NUMBER = (*COMMUTE, "subtract", "divide", "power", "modulo")


@translates(*BINARY)
def binary(node: GraphNode, builder: Builder) -> Tensor:
    """Combine two tensors or more; with a number or a weight it is another op than with data."""
    tensors = builder.present(node)
    by = BINARY[node.op]
    if len(tensors) == 1:
        return builder.add(node.called, "identity", tensors)
    if len(tensors) > 2:
        return _many(node, builder, tensors, by)
    left, right = tensors
    for data, other, swapped in ((left, right, False), (right, left, True)):
        if isinstance(data, Flow) and isinstance(other, Constant):
            found = _with_constant(node, builder, data, other, by, swapped=swapped)
            if found is not None:
                return found
    return _two(node.called, builder, left, right, by)


def _many(node: GraphNode, builder: Builder, tensors: list[Tensor], by: str) -> Tensor:
    if by in REGISTRY:
        return builder.add(node.called, by, tensors)
    found = tensors[0]
    for number, tensor in enumerate(tensors[1:]):
        found = _two(f"{node.called}:{number}" if number else node.called, builder, found, tensor, by)
    return found


def _two(name: str, builder: Builder, left: Tensor, right: Tensor, by: str) -> Tensor:
    if by in REGISTRY:
        return builder.add(name, by, [left, right])
    return builder.add(name, "combine", [left, right], by=by)


def _with_constant(
    node: GraphNode, builder: Builder, x: Flow, other: Constant, by: str, *, swapped: bool
) -> Tensor | None:
    """Return what a constant does to data: a number, or one learnt number a channel; None for other weights.

    A scale and a shift one after the other are what remains of a batch normalisation that was folded.
    """
    number = other.scalar
    if number is not None and len(other.shape) <= len(x.shape):
        if by not in WITH_NUMBER:
            return None
        turned = {"swapped": True} if swapped and by not in COMMUTE else {}
        return builder.add(node.called, "scalar", [x], by=by, value=number, **turned)
    axis = _only_axis(other, x)
    if by not in REGISTRY or axis is None or not other.is_learnt:
        return None
    weight = reshaped(other, (other.size,))
    if node.op in ("Add", "Sum"):
        biased = builder.biased(node, x, weight, axis)
        return biased or builder.add(node.called, "affine", [x], {"bias": weight}, scale=False, **_at(axis))
    y = builder.add(node.called, "affine", [x], {"weight": weight}, shift=False, **_at(axis))
    return builder.awaits_bias(y, axis, "affine", _at(axis))


def _at(axis: int) -> dict[str, int]:
    return {} if axis == 1 else {"axis": axis}


def _only_axis(other: Constant, x: Flow) -> int | None:
    """Return the axis of the data along which a constant has a number for each index, if it is just one."""
    wide = [axis for axis, size in enumerate(other.shape) if size > 1]
    if len(wide) != 1 or len(other.shape) > len(x.shape):
        return None
    axis = wide[0] + len(x.shape) - len(other.shape)
    return axis if axis and other.shape[wide[0]] == x.shape[axis] else None


ALIKE = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "HardSwish": "hardswish",
    "Mish": "mish",
    "Swish": "silu",
}
"""Activations that have no settings."""
FUNCTIONS = {
    "Exp": "exp",
    "Log": "log",
    "Sqrt": "sqrt",
    "Erf": "erf",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "Neg": "neg",
    "Abs": "abs",
    "Floor": "floor",
    "Ceil": "ceil",
    "Round": "round",
    "Reciprocal": "reciprocal",
    "Sign": "sign",
    "Not": "not",
    "Softplus": "softplus",
    "Softsign": "softsign",
}


@translates(*ALIKE)
def alike(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(node.called, ALIKE[node.op], [builder.data(node)])


@translates(*FUNCTIONS)
def function(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(node.called, "function", [builder.data(node)], by=FUNCTIONS[node.op])


SETTINGS: dict[str, tuple[str, dict[str, tuple[str, float]]]] = {
    "LeakyRelu": ("leaky_relu", {"alpha": ("slope", 0.01)}),
    "Elu": ("elu", {"alpha": ("alpha", 1.0)}),
    "Celu": ("celu", {"alpha": ("alpha", 1.0)}),
    "ThresholdedRelu": ("thresholded_relu", {"alpha": ("alpha", 1.0)}),
}
"""Activations with settings: what ONNX calls them and what they are unless told, beside the op's own names."""


@translates(*SETTINGS)
def activation(node: GraphNode, builder: Builder) -> Tensor:
    kind, names = SETTINGS[node.op]
    settings: dict[str, Any] = {
        ours: node.attributes.get(theirs, usual) for theirs, (ours, usual) in names.items()
    }
    return builder.add(node.called, kind, [builder.data(node)], **settings)


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
    if slope.size not in (1, x.shape[1]):
        raise UnaccountableError("it has a slope for each position")
    settings = {"per": "layer"} if slope.size == 1 else {}
    return builder.add(node.called, "prelu", [x], {"slope": reshaped(slope, (slope.size,))}, **settings)


@translates("Clip")
def clip(node: GraphNode, builder: Builder) -> Tensor:
    bounds = {}
    for index, (name, attribute) in enumerate((("low", "min"), ("high", "max")), 1):
        tensor = builder.tensor(node, index)
        if isinstance(tensor, Flow):
            raise UnaccountableError("its bounds are computed")
        number = node.attributes.get(attribute) if tensor is None else tensor.scalar
        if number is not None:
            bounds[name] = float(number)
    x = builder.data(node)
    if bounds == {"low": 0, "high": 6}:
        return builder.add(node.called, "relu6", [x])
    return builder.add(node.called, "clip", [x], **bounds)


@translates("Softmax", "LogSoftmax")
def softmax(node: GraphNode, builder: Builder) -> Tensor:
    """Before opset 13 all axes from `axis` on count as one; an axis of 1 beside it changes nothing."""
    x = builder.data(node)
    axis = node.attributes.get("axis", -1 if builder.graph.opset >= 13 else 1) % len(x.shape)
    if builder.graph.opset < 13:
        wide = [i for i in range(axis, len(x.shape)) if x.shape[i] > 1]
        if len(wide) > 1:
            raise UnaccountableError("it is over several axes")
        axis = wide[0] if wide else axis
    kind = {"Softmax": "softmax", "LogSoftmax": "log_softmax"}[node.op]
    return builder.add(node.called, kind, [x], **_at(axis))


REDUCTIONS = {
    "ReduceMean": "mean",
    "ReduceSum": "sum",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ReduceProd": "prod",
    "ReduceL1": "norm1",
    "ReduceL2": "norm2",
    "ReduceSumSquare": "sum_squares",
    "ReduceLogSumExp": "log_sum_exp",
}


@translates(*REDUCTIONS)
def reduce(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.data(node)
    axes = builder.ints(node, 1, "axes")
    if not axes and node.attributes.get("noop_with_empty_axes"):
        return builder.add(node.called, "identity", [x])
    rank = len(x.shape)
    axes = tuple(sorted(axis % rank for axis in axes)) if axes else tuple(range(rank))
    keeps, by = bool(node.attributes.get("keepdims", 1)), REDUCTIONS[node.op]
    if keeps and rank > 2 and axes == tuple(range(2, rank)) and by in ("mean", "max"):
        return builder.add(node.called, {"mean": "global_avgpool", "max": "global_maxpool"}[by], [x])
    return builder.add(node.called, "reduce", [x], axes=axes, by=by, keep=keeps)


@translates("ArgMax", "ArgMin")
def argmax(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(
        node.called,
        "argmax",
        [builder.data(node)],
        axis=node.attributes.get("axis", 0),
        keep=bool(node.attributes.get("keepdims", 1)),
        by="max" if node.op == "ArgMax" else "min",
    )


@translates("CumSum")
def cumsum(node: GraphNode, builder: Builder) -> Tensor:
    axis = builder.ints(node, 1)
    if axis is None or node.attributes.keys() & {"exclusive", "reverse"}:
        raise UnaccountableError("it runs backwards, or leaves itself out")
    return builder.add(node.called, "cumsum", [builder.data(node)], axis=axis[0])


@translates("Where")
def where(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(node.called, "where", builder.present(node))
