"""Recurrent layers: one step after another along the time, each seeing what the last one kept.

A layer is one of PyTorch's with `num_layers=1`: input and state have a matrix each, and a bias each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING, ClassVar

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import Op, Weights, Work, add_up, elements, extents_of, op
from archcalc.op.settings import count, flag
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.elements.pointwise import times

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array
    from archcalc.arrays.tensors import Cell

BACKWARD = "_reverse"
"""What PyTorch puts behind the names of the weights that run backwards."""


class Recurrent(Op):
    """Base of the recurrent layers.

    Time is the second axis, (N, T, C); with `batch_first: false` it is the first and the batch the second, as
    in PyTorch by default and in ONNX: (T, N, C).
    """

    traits = Traits(deep=True)
    letters = ("T", "C")

    gates: ClassVar[int]
    """How many matrices of `hidden` rows there are for the input, and as many for the state."""
    each: ClassVar[Work]
    """The work of a step beside products and biases, for each number of the state."""

    hidden: int = count("h", "how many numbers the state has")
    directions: int = count("d", "1, or 2 to run from both ends and lay the outputs side by side", default=1, fades=True)  # fmt: skip
    bias: bool = flag("add a number per row of each matrix", default=True)
    batch_first: bool = flag("whether the batch is the first axis and time the second", default=True)

    def check(self, at: Spot) -> None:
        if len(at.x) != 3:
            raise ArchcalcError(
                f"takes a sequence of vectors, TxC, but gets {extents_of(at.x)}",
                hint="permute and reshape bring the positions in a row",
            )
        if self.directions > 2:
            raise ArchcalcError(
                f"there are 2 directions, not {self.directions}",
                setting="directions",
                hint="1 runs forwards, 2 from both ends",
            )

    def output(self, at: Site) -> Shape:
        return (*at.x[:2], self.hidden * self.directions)

    def weights(self, at: Site) -> Weights:
        rows = self.gates * self.hidden
        shapes: Weights = {"weight_ih": (rows, at.x[2]), "weight_hh": (rows, self.hidden)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        return {
            name + suffix: shape
            for suffix in ("", BACKWARD)[: int(self.directions)]
            for name, shape in shapes.items()
        }

    def field(self, at: Site) -> Field:
        return "whole"

    def _products(self, at: Site, name: str, among: Collection[str] | None = None) -> Number:
        """Return the MACs with the matrices whose names begin with this one, at all steps; with those `among` some alone."""
        tensors = self.weights(at)
        matrices = [
            tensors[each] for each in tensors if each.startswith(name) and (among is None or each in among)
        ]
        return prod(at.x[:2]) * elements(matrices)

    def gradients(self, at: Site, needed: Sequence[bool], learnt: Collection[str]) -> Number:
        of_weights, of_states = self._products(at, "weight", learnt), self._products(at, "weight_hh")
        return of_weights + of_states + self._products(at, "weight_ih") * sum(needed)

    def work(self, at: Site) -> Work:
        products = Work(macs=self._products(at, "weight"))
        biases = Work(additions=2 * self.gates if self.bias else 0)
        return add_up([products, times(prod(at.y), biases), times(prod(at.y), self.each)])

    def run(self, x: Array, weights: dict[str, Array], cell: Cell, states: int) -> Array:
        """Return the state after every step of a real input, in both directions where there are two."""
        from archcalc.arrays.kernels import concatenate
        from archcalc.arrays.tensors import contiguous, unroll

        x = x.swapaxes(0, 1) if self.batch_first else x
        parts = []
        for suffix, step in (("", 1), (BACKWARD, -1))[: self.directions]:
            names = ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if self.bias else ()))
            tensors = [weights[name + suffix] for name in names]
            parts.append(unroll(x[::step], tensors, cell, states)[::step])
        y = concatenate(parts, axis=2)
        return contiguous(y.swapaxes(0, 1) if self.batch_first else y)


@op("rnn", main="hidden", example=("10x8", {"hidden": 6}))
class RNN(Recurrent):
    """Keep a state: h = tanh(Wx + Uh + b), step by step.

    (N, T, C) -> (N, T, d·h)

    Source: Elman 1990; torch.nn.RNN.
    """

    gates = 1
    each = Work(exponentials=1)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.tensors import plain_cell

        return self.run(x, weights, plain_cell, states=1)


@op("lstm", main="hidden", example=("10x8", {"hidden": 6}))
class LSTM(Recurrent):
    """Keep a state and a memory, which gates let in, keep and let out.

    (N, T, C) -> (N, T, d·h)

    c = f·c + i·g and h = o·tanh(c), with gates i, f, o = sigmoid(…) and g = tanh(…) of Wx + Uh + b: three
    sigmoids, two tanh, three multiplications and an addition. Source: Hochreiter & Schmidhuber 1997; Gers,
    Schmidhuber & Cummins 2000; torch.nn.LSTM.
    """

    gates = 4
    each = Work(exponentials=5, additions=4, multiplications=3, divisions=3)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.tensors import lstm_cell

        return self.run(x, weights, lstm_cell, states=2)


@op("gru", main="hidden", example=("10x8", {"hidden": 6}))
class GRU(Recurrent):
    """Keep a state that gates renew: h = (1 - z)·n + z·h.

    (N, T, C) -> (N, T, d·h)

    With gates r, z = sigmoid(Wx + Uh + b) and n = tanh(W′x + r·U′h): two sigmoids, a tanh, a multiplication and
    an addition for n, two multiplications, a subtraction and an addition for h. Source: Cho et al. 2014;
    torch.nn.GRU.
    """

    gates = 3
    each = Work(exponentials=3, additions=5, multiplications=3, divisions=2)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.tensors import gru_cell

        return self.run(x, weights, gru_cell, states=1)
