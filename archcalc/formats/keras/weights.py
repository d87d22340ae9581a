"""How Keras says linear layers, products and recurrence."""

from __future__ import annotations

from archcalc.formats.keras.table import lacks, says
from archcalc.formats.program.code import Call, call
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops.weights.dense import Linear, Rbf
from archcalc.ops.weights.products import Einsum, MatMul

OTHER_BIASES = "its layer has other biases than PyTorch's, which are counted"

lacks("rnn", OTHER_BIASES)
lacks("lstm", OTHER_BIASES)
lacks("gru", OTHER_BIASES)


@says(Linear)
def linear(op: Linear, at: Site) -> Call:
    if op.axis % len(at.x) != len(at.x) - 1:
        raise ArchcalcError(f"works on axis {op.axis}: there is a layer for the last one")
    return call("layers.Dense", units=op.out).given(use_bias=(op.bias, True))


@says(Rbf)
def rbf(op: Rbf, at: Site) -> Call:
    return call("RBF", units=op.out)


@says(MatMul)
def matmul(op: MatMul, at: Site) -> Call:
    return call("ops.matmul({0}, ops.swapaxes({1}, -2, -1))" if op.transposed else "ops.matmul({0}, {1})")


@says(Einsum)
def einsum(op: Einsum, at: Site) -> Call:
    inputs = ", ".join(f"{{{number}}}" for number in range(len(at.xs)))
    return call(f"ops.einsum({{equation}}, {inputs})", equation=op.equation.replace(" ", ""))
