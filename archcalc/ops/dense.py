"""Fully connected layers."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcalc.errors import ArchcalcError
from archcalc.op import Field, Op, Shape, Weights, Work, elements, extents_of, op
from archcalc.ops.conv import check_channels
from archcalc.settings import count, flag

if TYPE_CHECKING:
    from archcalc.kernels import Array


class Dense(Op):
    """Base of the ops that connect every input number with every output number."""

    weighted = True

    out: int = count("M", "number of outputs")
    in_: int | None = count("C", "the number of inputs, checked where stated", default=None)

    def check(self, x: Shape) -> None:
        if len(x) != 2:
            raise ArchcalcError(
                f"takes a flat input, but gets {extents_of(x)}", hint="put '- flatten' before it"
            )
        check_channels(x, self.in_)

    def output(self, x: Shape) -> Shape:
        return (x[0], self.out)

    def field(self, x: Shape) -> Field:
        return "whole"


@op("linear", main="out", example=("9216", {"out": 4096}))
class Linear(Dense):
    """Connect every input number with every output number: y = Wx + b.

    (N, C) -> (N, M)

    Source: torch.nn.Linear.
    """

    bias: bool = flag("add a number per output", default=True)

    def weights(self, x: Shape) -> Weights:
        tensors: Weights = {"weight": (self.out, x[1])}
        if self.bias:
            tensors["bias"] = (self.out,)
        return tensors

    def work(self, y: Shape, x: Shape) -> Work:
        return Work(
            macs=x[0] * elements([self.weights(x)["weight"]]),
            additions=prod(y) if self.bias else 0,
        )

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.kernels import product

        y = product(x, weights["weight"].T)
        return y + weights["bias"] if self.bias else y
