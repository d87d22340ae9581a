"""Products with weights, normalisations, recurrent layers.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import overload

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.shapes.shaping import to_shape
from archcalc.formats.onnx.tensors import Constant, Output, Tensor, transpose_constant


def _linear(name: str, builder: Builder, x: Output, weight: Constant, bias: Constant | None = None) -> Output:
    """Append a fully connected layer whose weight is (M, C)."""
    weights = {"weight": weight} | ({"bias": bias} if bias else {})
    settings = {"out": weight.shape[0]} | ({} if len(x.shape) == 2 else {"axis": -1})
    y = builder.add(name, "linear", [x], weights, bias=bias is not None, **settings)
    return y if bias else builder.awaits_bias(y, -1, "linear", settings)


@translates("Gemm")
def gemm(node: GraphNode, builder: Builder) -> Tensor:
    """α·A·B + β·C, where A and B may be turned; what α and β do to weights is done once and for all."""
    x, weight, bias = builder.data(node), builder.require(node, 1), builder.tensor(node, 2)
    if node.attributes.get("transA"):
        x = builder.add(f"{node.called}:turn", "permute", [x], order=(1, 0), axes="all")
    turns = bool(node.attributes.get("transB"))
    factor = node.attributes.get("alpha", 1.0)
    if bias is not None:
        bias = _times(f"{node.called}:beta", builder, bias, node.attributes.get("beta", 1.0))
    if isinstance(weight, Constant):
        weight = _times("", builder, weight if turns else transpose_constant(weight, (1, 0)), factor)
        if bias is None or (
            isinstance(bias, Constant) and bias.shape[-1:] == (bias.size,) == weight.shape[:1]
        ):
            return _linear(node.called, builder, x, weight, bias)
        y = _linear(node.called, builder, x, weight)
    else:
        y = builder.add(node.called, "matmul", [x, weight], **({"transposed": True} if turns else {}))
        y = _times(f"{node.called}:alpha", builder, y, factor)
    return y if bias is None else builder.add(f"{node.called}:bias", "add", [y, bias])


@overload
def _times(name: str, builder: Builder, tensor: Constant, factor: float) -> Constant: ...
@overload
def _times(name: str, builder: Builder, tensor: Output, factor: float) -> Output: ...
def _times(name: str, builder: Builder, tensor: Tensor, factor: float) -> Tensor:
    """Return a tensor times a number."""
    if factor == 1:
        return tensor
    if isinstance(tensor, Constant):
        return tensor.view(tensor.shape, lambda array: array * array.dtype.type(factor))
    return builder.add(name, "scalar", [tensor], by="multiply", value=factor)


@translates("MatMul")
def matmul(node: GraphNode, builder: Builder) -> Tensor:
    return multiply(node.called, builder, builder.require(node, 0), builder.require(node, 1))


def multiply(name: str, builder: Builder, left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two stacks of matrices; a single axis is a row on the left and a column on the right."""
    rows, columns = len(left.shape) == 1, len(right.shape) == 1
    if rows or columns:
        rows_of_left = to_shape(f"{name}:row", builder, left, (1, *left.shape)) if rows else left
        other = to_shape(f"{name}:column", builder, right, (*right.shape, 1)) if columns else right
        y = builder.flow(multiply(name, builder, rows_of_left, other))
        shape = [*y.shape[: -2 if rows else -1], *([] if columns else y.shape[-1:])]
        return to_shape(f"{name}:result", builder, y, tuple(shape))
    if isinstance(left, Output) and isinstance(right, Constant) and len(right.shape) == 2:
        return _linear(name, builder, left, transpose_constant(right, (1, 0)))
    return builder.add(name, "matmul", [left, right])


@translates("Einsum")
def einsum(node: GraphNode, builder: Builder) -> Tensor:
    tensors = builder.present(node)
    equation = _spell_out(node.attributes["equation"], [len(tensor.shape) for tensor in tensors])
    return builder.add(node.called, "einsum", tensors, equation=equation)


def _spell_out(equation: str, ranks: Sequence[int]) -> str:
    """Return an equation with letters for the axes that dots stand for."""
    if "..." not in equation:
        return equation
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    covered = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    most = max(n for n, term in zip(covered, terms, strict=True) if "..." in term)
    free = "".join(letter for letter in ascii_letters if letter not in equation)[:most]
    if not arrow:
        raise UnaccountableError("its equation does not say what comes out")
    spelled = [term.replace("...", free[most - n :]) for term, n in zip(terms, covered, strict=True)]
    return f"{','.join(spelled)}->{output.replace('...', free)}"
