"""Normalisations and softmax.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from math import prod

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.elements.arithmetic import at
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.shapes.shaping import to_shape
from archcalc.formats.onnx.tensors import Constant, Tensor


@translates("BatchNormalization")
def batchnorm(node: GraphNode, builder: Builder) -> Tensor:
    if node.attributes.get("training_mode") or not node.attributes.get("spatial", 1):
        raise UnaccountableError("it takes its statistics from the batch, or from each position")
    names = ("weight", "bias", "running_mean", "running_var")
    weights = {name: builder.weight(node, index) for index, name in enumerate(names, 1)}
    return builder.add(
        node.called, "batchnorm", [builder.data(node)], weights, eps=node.attributes.get("epsilon", 1e-5)
    )


def _is_filled(tensor: Constant, number: float) -> bool:
    """Tell whether a constant is known to hold one number over and over."""
    value = tensor.value
    return value is not None and bool((value == number).all())


@translates("InstanceNormalization")
def instance_norm(node: GraphNode, builder: Builder) -> Tensor:
    """Exporters write a group normalisation as one of these with a scale of 1 and no shift."""
    x, scale, shift = builder.data(node), builder.weight(node, 1), builder.weight(node, 2)
    plain = _is_filled(scale, 1) and _is_filled(shift, 0)
    return builder.add(
        node.called,
        "groupnorm",
        [x],
        None if plain else {"weight": scale, "bias": shift},
        groups=x.shape[1],
        affine=not plain,
        eps=node.attributes.get("epsilon", 1e-5),
    )


@translates("GroupNormalization")
def group_norm(node: GraphNode, builder: Builder) -> Tensor:
    x, scale, shift = builder.data(node), builder.weight(node, 1), builder.weight(node, 2)
    if scale.size != x.shape[1]:
        raise UnaccountableError("it scales groups and not channels")
    return builder.add(
        node.called,
        "groupnorm",
        [x],
        {"weight": scale, "bias": shift},
        groups=node.attributes["num_groups"],
        eps=node.attributes.get("epsilon", 1e-5),
    )


@translates("LayerNormalization", "RMSNormalization")
def layer_norm(node: GraphNode, builder: Builder) -> Tensor:
    builder.only_first(node, "its statistics")
    x, scale = builder.data(node), builder.weight(node, 1)
    axis = node.attributes.get("axis", -1)
    axes = -axis if axis < 0 else len(x.shape) - axis
    eps = node.attributes.get("epsilon", 1e-5)
    if node.op == "RMSNormalization":
        return builder.add(node.called, "rmsnorm", [x], {"weight": scale}, axes=axes, eps=eps)
    over = {"over": "all"} if axes == len(x.shape) - 1 > 1 else {"over": "last", "axes": axes}
    if builder.tensor(node, 2) is not None:
        weights = {"weight": scale, "bias": builder.weight(node, 2)}
        return builder.add(node.called, "layernorm", [x], weights, eps=eps, **over)
    if axes > 1:
        raise UnaccountableError("it scales several axes and has no shift")
    y = builder.add(node.called, "layernorm", [x], affine=False, eps=eps, **over)
    return builder.add(f"{node.called}:scale", "affine", [y], {"weight": scale}, axis=-1, shift=False)


@translates("LpNormalization")
def lp_norm(node: GraphNode, builder: Builder) -> Tensor:
    x, axis = builder.data(node), node.attributes.get("axis", -1)
    if node.attributes.get("p", 2) == 2:
        return builder.add(node.called, "l2norm", [x], axis=axis)
    length = builder.add(f"{node.called}:length", "reduce", [x], axes=(axis,), by="norm1", keep=True)
    return builder.add(node.called, "combine", [x, length], by="divide")


@translates("LRN")
def response_norm(node: GraphNode, builder: Builder) -> Tensor:
    """ONNX divides α by the size; the op's own α multiplies the plain sum."""
    size = node.attributes["size"]
    return builder.add(
        node.called,
        "lrn",
        [builder.data(node)],
        size=size,
        alpha=node.attributes.get("alpha", 1e-4) / size,
        beta=node.attributes.get("beta", 0.75),
        bias=node.attributes.get("bias", 1.0),
    )


@translates("Softmax", "LogSoftmax")
def softmax(node: GraphNode, builder: Builder) -> Tensor:
    """Before opset 13 all axes from `axis` on count as one; an axis of 1 beside it changes nothing."""
    x = builder.data(node)
    axis = node.attributes.get("axis", -1 if builder.graph.opset >= 13 else 1) % len(x.shape)
    kind = {"Softmax": "softmax", "LogSoftmax": "log_softmax"}[node.op]
    wide = [i for i in range(axis, len(x.shape)) if x.shape[i] > 1]
    if builder.graph.opset >= 13 or len(wide) < 2:
        axis = axis if builder.graph.opset >= 13 or not wide else wide[0]
        return builder.add(node.called, kind, [x], **at(axis))
    row = to_shape(f"{node.called}:rows", builder, x, (prod(x.shape[:axis]), prod(x.shape[axis:])))
    return to_shape(node.called, builder, builder.add(f"{node.called}:{kind}", kind, [row]), x.shape)
