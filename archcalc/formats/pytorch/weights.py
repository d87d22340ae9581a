"""How PyTorch says linear layers, products and recurrence."""

from __future__ import annotations

from archcalc.formats.program.alike import check_last_axis, inputs
from archcalc.formats.program.code import Expression, expression
from archcalc.formats.pytorch.table import writes
from archcalc.op.site import Site
from archcalc.ops.weights.dense import Linear, Rbf
from archcalc.ops.weights.products import MatMul
from archcalc.ops.weights.products_lettered import Einsum
from archcalc.ops.weights.recurrent import GRU, LSTM, RNN, Recurrent

writes(Rbf)(lambda op, at: expression("RBF", in_features=at.x[1], out_features=op.out))
writes(MatMul)(lambda op, at: expression("{0} @ {1}.transpose(-2, -1)" if op.transposed else "{0} @ {1}"))


@writes(Linear)
def linear(op: Linear, at: Site) -> Expression:
    check_last_axis(op, at)
    sizes = {"in_features": at.x[-1], "out_features": op.out}
    if op.zero_bias is not None:
        return expression("ZeroBiasLinear", **sizes, start=op.zero_bias[0], stop=op.zero_bias[1])
    return expression("nn.Linear", **sizes).given(bias=(op.bias, True))


@writes(Einsum)
def einsum(op: Einsum, at: Site) -> Expression:
    return expression(f"torch.einsum({{equation}}, {inputs(at)})", equation=op.equation.replace(" ", ""))


@writes(RNN, LSTM, GRU)
def recurrent(op: Recurrent, at: Site) -> Expression:
    return expression(f"nn.{op.kind.upper()}", input_size=at.x[2], hidden_size=op.hidden).given(
        bias=(op.bias, True), batch_first=(op.batch_first, False), bidirectional=(op.directions == 2, False)
    )
