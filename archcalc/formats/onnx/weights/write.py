"""How ONNX says linear layers, products and recurrence."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.formats.onnx.draft import Draft, index, ints, number
from archcalc.formats.onnx.write_table import writes
from archcalc.op.site import Spot
from archcalc.ops.weights.dense import Linear, Rbf
from archcalc.ops.weights.products import MatMul
from archcalc.ops.weights.products_lettered import Einsum
from archcalc.ops.weights.recurrent import GRU, LSTM, RNN, Recurrent

writes(Einsum)(lambda draft, op, at: draft.take("Einsum", equation=op.equation.replace(" ", "")))
writes(RNN)(lambda draft, op, at: _recurrent(draft, op, at, "RNN", [0]))


def _swap(rank: int, first: int, second: int) -> list[int]:
    """Return the order of axes in which two have changed places."""
    order = list(range(rank))
    order[first], order[second] = order[second], order[first]
    return order


@writes(Linear, form="operators")
def linear(draft: Draft, op: Linear, at: Spot) -> str:
    """Write a fully connected layer: one operator for flat data, a product and a sum along the last of more axes."""
    rank = len(at.x)
    if rank == 2 and op.axis % rank == 1 and op.zero_bias is None:
        return draft.take("Gemm", transB=1)
    order = _swap(rank, op.axis, -1)
    is_last = order == sorted(order)
    turned = draft.transpose("weight", (1, 0))
    y = draft.call("MatMul", "x" if is_last else draft.transpose("x", order), turned)
    if op.bias:
        y = draft.call("Add", y, _added(draft, op))
    return y if is_last else draft.transpose(y, order)


def _added(draft: Draft, op: Linear) -> str:
    """Return the bias, of which a part may be replaced with zeros."""
    if op.zero_bias is None:
        return "bias"
    draft.is_whole = True  # so that a reader counts all of the bias
    start, stop = op.zero_bias
    position = draft.call("Range", index(0), index(op.out), index(1))
    is_learnt = draft.call(
        "Or", draft.call("Less", position, index(start)), draft.call("Less", index(stop - 1), position)
    )
    return draft.call("Where", is_learnt, "bias", number(0))


@writes(MatMul)
def matmul(draft: Draft, op: MatMul, at: Spot) -> str:
    left, right = draft.inputs
    return draft.call(
        "MatMul", left, draft.transpose(right, _swap(len(at.xs[1]), -1, -2)) if op.transposed else right
    )


@writes(Rbf)
def rbf(draft: Draft, op: Rbf, at: Spot) -> str:
    apart = draft.call("Sub", draft.reshape("x", (0, 1, at.x[1])), "pattern")
    return draft.call("ReduceSumSquare", apart, ints([2]), keepdims=0)


@writes(LSTM)
def lstm(draft: Draft, op: LSTM, at: Spot) -> str:
    """Write an LSTM: the gates are i, f, g, o here and i, o, f, g in ONNX."""
    return _recurrent(draft, op, at, "LSTM", [0, 3, 1, 2])


@writes(GRU)
def gru(draft: Draft, op: GRU, at: Spot) -> str:
    """Write a GRU: the gates are r, z, n here and z, r, n in ONNX; r acts on the product with the state."""
    return _recurrent(draft, op, at, "GRU", [1, 0, 2], linear_before_reset=1)


def _recurrent(
    draft: Draft, op: Recurrent, at: Spot, operator: str, gates: Sequence[int], **settings: object
) -> str:
    """Write a recurrent layer, whose time is the first axis in ONNX and whose directions are an axis of their own."""
    suffixes = ("", "_reverse")[: op.directions]

    def joined(name: str, columns: int) -> str:
        return _stack(draft, [_dealt(draft, name + end, gates, (op.hidden, columns)) for end in suffixes], 0)

    weights = [joined("weight_ih", at.x[2]), joined("weight_hh", op.hidden)]
    if op.bias:
        weights.append(_stack(draft, [joined("bias_ih", 1), joined("bias_hh", 1)], 1))
        weights[2] = draft.reshape(weights[2], (op.directions, -1))
    data = draft.transpose("x", (1, 0, 2)) if op.batch_first else "x"
    direction = "bidirectional" if op.directions == 2 else "forward"
    states = draft.call(operator, data, *weights, hidden_size=op.hidden, direction=direction, **settings)
    order = (2, 0, 1, 3) if op.batch_first else (0, 2, 1, 3)
    return draft.reshape(draft.transpose(states, order), (0, 0, at.y[2]))


def _dealt(draft: Draft, name: str, gates: Sequence[int], each: tuple[int, int]) -> str:
    """Return a matrix (1, gates·hidden, columns) whose gates are in another order."""
    apart = draft.reshape(name, (len(gates), *each))
    return draft.reshape(draft.call("Gather", apart, ints(gates)), (1, len(gates) * each[0], each[1]))


def _stack(draft: Draft, tensors: Sequence[str], axis: int) -> str:
    return draft.call("Concat", *tensors, axis=axis)
