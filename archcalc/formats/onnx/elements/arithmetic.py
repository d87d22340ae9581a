"""Operators that combine tensors element by element.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from archcalc.formats.onnx.builder import Builder
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import Constant, Output, Tensor, reshape_constant
from archcalc.formats.onnx.words import ARITHMETIC, COMPARING, LOGICAL, by_operator
from archcalc.op.op import REGISTRY
from archcalc.ops.elements.elementwise import ORDERED

BINARY = by_operator(ARITHMETIC | COMPARING | LOGICAL) | {"Mod": "modulo", "Sum": "add"}
"""What they do; `add` and `multiply` are ops of their own, the others are ways to `combine`."""
ADDING = ("Add", "Sum")
WITH_NUMBER = ("add", "multiply", "minimum", "maximum", "subtract", "divide", "power", "modulo")


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
        if isinstance(data, Output) and isinstance(other, Constant):
            combined = _with_constant(node, builder, data, other, by, swapped=swapped)
            if combined is not None:
                return combined
    return _two(node.called, builder, left, right, by)


def _many(node: GraphNode, builder: Builder, tensors: list[Tensor], by: str) -> Tensor:
    if by in REGISTRY:
        return builder.add(node.called, by, tensors)
    combined = tensors[0]
    for number, tensor in enumerate(tensors[1:]):
        combined = _two(f"{node.called}:{number}" if number else node.called, builder, combined, tensor, by)
    return combined


def _two(name: str, builder: Builder, left: Tensor, right: Tensor, by: str) -> Tensor:
    if by in REGISTRY:
        return builder.add(name, by, [left, right])
    return builder.add(name, "combine", [left, right], by=by)


def _with_constant(
    node: GraphNode, builder: Builder, x: Output, other: Constant, by: str, *, swapped: bool
) -> Tensor | None:
    """Return what a constant does to data: a number, or one learnt number a channel; None for other weights.

    A scale and a shift one after the other are what remains of a batch normalisation that was folded.
    """
    if node.op in ADDING and other.given and other.shape == x.shape[-1:]:
        biased = builder.take_bias(node, x, other, len(x.shape) - 1)
        if biased is not None:  # a bias of a single number is a weight, too
            return biased
    number = other.scalar
    if number is not None and len(other.shape) <= len(x.shape):
        if by not in WITH_NUMBER:
            return None
        turned = {"swapped": True} if swapped and by in ORDERED else {}
        return builder.add(node.called, "scalar", [x], by=by, value=number, **turned)
    axis = only_axis(other, x)
    if by not in REGISTRY or axis is None or not other.is_learnt:
        return None
    weight = reshape_constant(other, (other.size,))
    if node.op in ADDING:
        biased = builder.take_bias(node, x, weight, axis)
        return biased or builder.add(node.called, "affine", [x], {"bias": weight}, scale=False, **at(axis))
    y = builder.add(node.called, "affine", [x], {"weight": weight}, shift=False, **at(axis))
    return builder.awaits_bias(y, axis, "affine", at(axis))


def at(axis: int) -> dict[str, int]:
    return {} if axis == 1 else {"axis": axis}


def only_axis(other: Constant, x: Output) -> int | None:
    """Return the axis of the data along which a constant has a number for each index, if it is just one."""
    wide = [axis for axis, size in enumerate(other.shape) if size > 1]
    if len(wide) != 1 or len(other.shape) > len(x.shape):
        return None
    axis = wide[0] + len(x.shape) - len(other.shape)
    return axis if axis and other.shape[wide[0]] == x.shape[axis] else None


@translates("Mean")
def mean(node: GraphNode, builder: Builder) -> Tensor:
    tensors = builder.present(node)
    if len(tensors) == 1:
        return builder.add(node.called, "identity", tensors)
    total = builder.add(f"{node.called}:sum", "add", tensors)
    return builder.add(node.called, "scalar", [total], by="divide", value=len(tensors))


@translates("Where")
def where(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(node.called, "where", builder.present(node))
