"""Products with weights, normalisations, recurrent layers.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from archcalc.onnx_io.builder import Builder, UnaccountableError
from archcalc.onnx_io.graph import GraphNode
from archcalc.onnx_io.table import translates
from archcalc.onnx_io.tensors import Constant, Flow, Tensor, turned


def _linear(name: str, builder: Builder, x: Flow, weight: Constant, bias: Constant | None = None) -> Flow:
    """Append a fully connected layer whose weight is (M, C)."""
    weights = {"weight": weight} | ({"bias": bias} if bias else {})
    settings = {"out": weight.shape[0]} | ({} if len(x.shape) == 2 else {"axis": -1})
    y = builder.add(name, "linear", [x], weights, bias=bias is not None, **settings)
    return y if bias else builder.awaits_bias(y, -1, "linear", settings)


@translates("Gemm")
def gemm(node: GraphNode, builder: Builder) -> Tensor:
    x, weight, bias = builder.data(node), builder.needed(node, 1), builder.tensor(node, 2)
    if node.attributes.get("transA"):
        raise UnaccountableError("it turns its first input")
    turns = bool(node.attributes.get("transB"))
    if isinstance(weight, Constant):
        weight = weight if turns else turned(weight, (1, 0))
        if bias is None or (isinstance(bias, Constant) and bias.size == weight.shape[0]):
            return _linear(node.called, builder, x, weight, bias)
        y = _linear(node.called, builder, x, weight)
    else:
        y = builder.add(node.called, "matmul", [x, weight], transposed=turns)
    return y if bias is None else builder.add(f"{node.called}:bias", "add", [y, bias])


@translates("MatMul")
def matmul(node: GraphNode, builder: Builder) -> Tensor:
    left, right = builder.needed(node, 0), builder.needed(node, 1)
    if (
        isinstance(left, Flow)
        and isinstance(right, Constant)
        and len(right.shape) == 2
        and len(left.shape) > 1
    ):
        return _linear(node.called, builder, left, turned(right, (1, 0)))
    return builder.add(node.called, "matmul", [left, right])


@translates("Einsum")
def einsum(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(node.called, "einsum", builder.present(node), equation=node.attributes["equation"])


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
    if len([name for name in node.outputs if name]) > 1:
        raise UnaccountableError("it returns its statistics, too")
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
    if node.attributes.get("p", 2) != 2:
        raise UnaccountableError("its norm is not the second")
    return builder.add(node.called, "l2norm", [builder.data(node)], axis=node.attributes.get("axis", -1))
