"""How PyTorch says linear layers, products and recurrence."""

from __future__ import annotations

from archcalc.formats.program.code import Call, call
from archcalc.formats.pytorch.table import says
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops.weights.dense import Linear, Rbf
from archcalc.ops.weights.products import Einsum, MatMul
from archcalc.ops.weights.recurrent import GRU, LSTM, RNN, Recurrent


@says(Linear)
def linear(op: Linear, at: Site) -> Call:
    if op.axis % len(at.x) != len(at.x) - 1:
        raise ArchcalcError(f"works on axis {op.axis}: there is a layer for the last one")
    return call("nn.Linear", in_features=at.x[-1], out_features=op.out).given(bias=(op.bias, True))


@says(Rbf)
def rbf(op: Rbf, at: Site) -> Call:
    return call("RBF", in_features=at.x[1], out_features=op.out)


@says(MatMul)
def matmul(op: MatMul, at: Site) -> Call:
    return call("{0} @ {1}.transpose(-2, -1)" if op.transposed else "{0} @ {1}")


@says(Einsum)
def einsum(op: Einsum, at: Site) -> Call:
    inputs = ", ".join(f"{{{number}}}" for number in range(len(at.xs)))
    return call(f"torch.einsum({{equation}}, {inputs})", equation=op.equation.replace(" ", ""))


def _recurrent(form: str, op: Recurrent, at: Site) -> Call:
    return call(form, input_size=at.x[2], hidden_size=op.hidden).given(
        bias=(op.bias, True), batch_first=(op.batch_first, False), bidirectional=(op.directions == 2, False)
    )


@says(RNN)
def rnn(op: RNN, at: Site) -> Call:
    return _recurrent("nn.RNN", op, at)


@says(LSTM)
def lstm(op: LSTM, at: Site) -> Call:
    return _recurrent("nn.LSTM", op, at)


@says(GRU)
def gru(op: GRU, at: Site) -> Call:
    return _recurrent("nn.GRU", op, at)
