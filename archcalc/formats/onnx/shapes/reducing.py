"""Operators over whole axes.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.shapes.shaping import to_shape
from archcalc.formats.onnx.tensors import Tensor
from archcalc.formats.onnx.words import REDUCTIONS, by_operator

OPERATORS = by_operator(REDUCTIONS)


@translates(*OPERATORS)
def reduce(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.data(node)
    axes = builder.ints(node, 1, "axes")
    if not axes and node.attributes.get("noop_with_empty_axes"):
        return builder.add(node.called, "identity", [x])
    rank = len(x.shape)
    axes = tuple(sorted(axis % rank for axis in axes)) if axes else tuple(range(rank))
    keeps, by = bool(node.attributes.get("keepdims", 1)), OPERATORS[node.op]
    if keeps and rank > 2 and axes == tuple(range(2, rank)) and by in ("mean", "max"):
        return builder.add(node.called, {"mean": "global_avgpool", "max": "global_maxpool"}[by], [x])
    if not keeps and len(axes) == rank:
        y = builder.add(node.called, "reduce", [x], axes=axes, by=by, keep=True)
        return to_shape(f"{node.called}:number", builder, y, ())
    return builder.add(node.called, "reduce", [x], axes=axes, by=by, keep=keeps)


@translates("GlobalLpPool")
def global_norm(node: GraphNode, builder: Builder) -> Tensor:
    x, norm = builder.data(node), node.attributes.get("p", 2)
    if norm not in (1, 2):
        raise UnaccountableError(f"its norm is number {norm}")
    axes = tuple(range(2, len(x.shape)))
    return builder.add(node.called, "reduce", [x], axes=axes, by=f"norm{norm}", keep=True)


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
    if axis is None or node.attributes.get("exclusive") or node.attributes.get("reverse"):
        raise UnaccountableError("it runs backwards, or leaves itself out")
    return builder.add(node.called, "cumsum", [builder.data(node)], axis=axis[0])
