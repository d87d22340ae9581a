"""How ONNX says products, normalisations and recurrent layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcalc.formats.onnx.draft import Draft, ints, number
from archcalc.formats.onnx.write_table import writes
from archcalc.op.site import Shape


def _swapped(rank: int, one: int, other: int) -> list[int]:
    """Return the order of axes in which two have changed places."""
    order = list(range(rank))
    order[one], order[other] = order[other], order[one]
    return order


@writes("linear", form="operators")
def linear(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    """Write a fully connected layer: one operator for flat data, a product and a sum along the last of more axes."""
    rank = len(x)
    if rank == 2 and op.axis % rank == 1:
        return draft.take("Gemm", transB=1)
    order = _swapped(rank, op.axis, -1)
    is_last = order == sorted(order)
    turned = draft.transpose("weight", (1, 0))
    found = draft.call("MatMul", "x" if is_last else draft.transpose("x", order), turned)
    if op.bias:
        found = draft.call("Add", found, "bias")
    return found if is_last else draft.transpose(found, order)


@writes("matmul")
def matmul(draft: Draft, op: Any, y: Shape, a: Shape, b: Shape) -> str:
    left, right = draft.inputs
    return draft.call(
        "MatMul", left, draft.transpose(right, _swapped(len(b), -1, -2)) if op.transposed else right
    )


@writes("einsum")
def einsum(draft: Draft, op: Any, y: Shape, *xs: Shape) -> str:
    return draft.take("Einsum", equation=op.equation.replace(" ", ""))


@writes("rbf")
def rbf(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    apart = draft.call("Sub", draft.reshape("x", (0, 1, x[1])), "pattern")
    return draft.call("ReduceSumSquare", apart, ints([2]), keepdims=0)


@writes("affine", form="function")
def affine(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    """Write a scale and a shift; without a function around them they would melt into the layer before."""
    found = "x"
    if op.scale:
        found = draft.call("Mul", found, draft.along("weight", op.axis, len(x)))
    if op.shift:
        found = draft.call("Add", found, draft.along("bias", op.axis, len(x)))
    return found


@writes("batchnorm")
def batchnorm(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    if op.affine:
        return draft.take("BatchNormalization", epsilon=op.eps)
    mean, variance = (draft.along(name, 1, len(x)) for name in draft.weights)
    return draft.call("Div", draft.call("Sub", "x", mean), _root(draft, variance, op.eps))


def _root(draft: Draft, variance: str, eps: float) -> str:
    return draft.call("Sqrt", draft.call("Add", variance, number(eps)))


def _standardised(draft: Draft, x: str, axes: Sequence[int], eps: float) -> str:
    """Return numbers brought to mean 0 and variance 1 over some axes."""
    centred = draft.call("Sub", x, draft.call("ReduceMean", x, ints(axes), keepdims=1))
    squares = draft.call("Mul", centred, centred)
    return draft.call(
        "Div", centred, _root(draft, draft.call("ReduceMean", squares, ints(axes), keepdims=1), eps)
    )


@writes("layernorm")
def layernorm(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    """Write a layer normalisation; ONNX's operator is over the last axes, and always scales."""
    rank = len(x)
    axes = {"all": range(1, rank), "channels": range(1, 2), "last": range(rank - op.axes, rank)}[op.over]
    if not op.affine:
        return _standardised(draft, "x", axes, op.eps)
    if axes.stop == rank:
        return draft.take("LayerNormalization", axis=axes.start, epsilon=op.eps)
    last = draft.transpose("x", (0, *range(2, rank), 1))
    found = draft.call("LayerNormalization", last, *draft.weights, axis=-1, epsilon=op.eps)
    return draft.transpose(found, (0, rank - 1, *range(1, rank - 1)))


@writes("groupnorm")
def groupnorm(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    if op.affine and len(x) > 2:
        return draft.take("GroupNormalization", num_groups=op.groups, epsilon=op.eps)
    groups = draft.reshape("x", (0, op.groups, -1))
    found = draft.reshape(_standardised(draft, groups, [2], op.eps), (0, *x[1:]))
    if not op.affine:
        return found
    return draft.call("Add", draft.call("Mul", found, "weight"), "bias")


@writes("rmsnorm")
def rmsnorm(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    axes = ints(range(-op.axes, 0))
    square = draft.call("ReduceMean", draft.call("Mul", "x", "x"), axes, keepdims=1)
    found = draft.call("Div", "x", _root(draft, square, op.eps))
    return draft.call("Mul", found, "weight") if op.affine else found


@writes("l2norm")
def l2norm(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    if "eps" not in op.stated():  # ONNX's operator has a least length of its own, which is as small
        return draft.take("LpNormalization", axis=op.axis, p=2)
    length = draft.call("ReduceL2", "x", ints([op.axis]), keepdims=1)
    return draft.call("Div", "x", draft.call("Max", length, number(op.eps)))


@writes("lrn")
def lrn(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    """Write a local response normalisation; ONNX divides α by the size, the op's α multiplies the plain sum."""
    settings = {"size": op.size, "alpha": op.alpha * op.size, "beta": op.beta, "bias": op.bias}
    if len(x) == 4:
        return draft.take("LRN", **settings)
    maps = draft.reshape("x", (0, x[1], -1, 1))  # ONNX Runtime takes maps of two axes only
    return draft.reshape(draft.call("LRN", maps, **settings), (0, *x[1:]))


@writes("rnn")
def rnn(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return _recurrent(draft, op, y, x, "RNN", [0])


@writes("lstm")
def lstm(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    """Write an LSTM: the gates are i, f, g, o here and i, o, f, g in ONNX."""
    return _recurrent(draft, op, y, x, "LSTM", [0, 3, 1, 2])


@writes("gru")
def gru(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    """Write a GRU: the gates are r, z, n here and z, r, n in ONNX; r acts on the product with the state."""
    return _recurrent(draft, op, y, x, "GRU", [1, 0, 2], linear_before_reset=1)


def _recurrent(
    draft: Draft, op: Any, y: Shape, x: Shape, operator: str, gates: Sequence[int], **settings: Any
) -> str:
    """Write a recurrent layer, whose time is the first axis in ONNX and whose directions are an axis of their own."""
    suffixes = ("", "_reverse")[: op.directions]

    def joined(name: str, columns: int) -> str:
        return _stacked(
            draft, [_dealt(draft, name + end, gates, (op.hidden, columns)) for end in suffixes], 0
        )

    weights = [joined("weight_ih", x[2]), joined("weight_hh", op.hidden)]
    if op.bias:
        weights.append(_stacked(draft, [joined("bias_ih", 1), joined("bias_hh", 1)], 1))
        weights[2] = draft.reshape(weights[2], (op.directions, -1))
    data = draft.transpose("x", (1, 0, 2)) if op.batch_first else "x"
    direction = "bidirectional" if op.directions == 2 else "forward"
    found = draft.call(operator, data, *weights, hidden_size=op.hidden, direction=direction, **settings)
    order = (2, 0, 1, 3) if op.batch_first else (0, 2, 1, 3)
    return draft.reshape(draft.transpose(found, order), (0, 0, y[2]))


def _dealt(draft: Draft, name: str, gates: Sequence[int], each: tuple[int, int]) -> str:
    """Return a matrix (1, gates·hidden, columns) whose gates are in another order."""
    apart = draft.reshape(name, (len(gates), *each))
    return draft.reshape(draft.call("Gather", apart, ints(gates)), (1, len(gates) * each[0], each[1]))


def _stacked(draft: Draft, tensors: Sequence[str], axis: int) -> str:
    return draft.call("Concat", *tensors, axis=axis)
