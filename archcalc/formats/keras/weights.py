"""How Keras says linear layers, products and recurrence."""

from __future__ import annotations

from archcalc.formats.keras.table import plain, refuses, writes
from archcalc.formats.program.alike import check_last_axis, inputs
from archcalc.formats.program.code import Expression, expression
from archcalc.op.site import Site
from archcalc.ops.weights.dense import Linear
from archcalc.ops.weights.products import MatMul
from archcalc.ops.weights.products_lettered import Einsum

OTHER_BIASES = "its layer has other biases than PyTorch's, which are counted"

refuses("rnn", OTHER_BIASES)
refuses("lstm", OTHER_BIASES)
refuses("gru", OTHER_BIASES)
plain("rbf", "RBF", units="out")


@writes(Linear)
def linear(op: Linear, at: Site) -> Expression:
    check_last_axis(op, at)
    if op.zero_bias is not None:
        return expression("ZeroBiasDense", units=op.out, start=op.zero_bias[0], stop=op.zero_bias[1])
    return expression("layers.Dense", units=op.out).given(use_bias=(op.bias, True))


@writes(MatMul)
def matmul(op: MatMul, at: Site) -> Expression:
    return expression(
        "ops.matmul({0}, ops.swapaxes({1}, -2, -1))" if op.transposed else "ops.matmul({0}, {1})"
    )


@writes(Einsum)
def einsum(op: Einsum, at: Site) -> Expression:
    return expression(f"ops.einsum({{equation}}, {inputs(at)})", equation=op.equation.replace(" ", ""))
