"""Nodes that stand for archcalc's own ops, translated without a look at their bodies."""

from __future__ import annotations

from archcalc.formats.onnx.builder import Builder
from archcalc.formats.onnx.functions import kind_of, settings_of
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.tensors import Tensor
from archcalc.op.site import Spot


def own(node: GraphNode, builder: Builder) -> Tensor:
    """Append the op that a function stands for, with its settings and its weights.

    Raises:
        ValueError: the node is not as archcalc writes it.
    """
    kind = kind_of(node.domain, node.op) or ""
    op = builder.op(kind, settings_of(node.attributes))
    least, most = op.traits.takes
    number = (
        least if least == most else len(node.inputs)
    )  # what takes a varying number of inputs has no weights
    data = [builder.require(node, place) for place in range(number)]
    shapes = [tensor.shape for tensor in data]
    names = tuple(op.tensors(Spot(tuple(shapes))))
    given = (builder.weight(node, place) for place in range(number, len(node.inputs)))
    return builder.add(node.called, kind, data, dict(zip(names, given, strict=True)), **op.stated())
