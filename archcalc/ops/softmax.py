"""Softmax and its logarithm: the channels of a position against each other."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcalc.op import Field, Op, Shape, Work, op

if TYPE_CHECKING:
    from archcalc.kernels import Array


class OverChannels(Op):
    """Base of the ops that look at all channels of a position together; flat, these are the whole input."""

    def field(self, x: Shape) -> Field:
        return "whole" if len(x) == 2 else "pointwise"


@op("softmax", example=("1000", {}))
class Softmax(OverChannels):
    """Turn the channels at each position into shares that add up to 1: eˣ/Σeˣ.

    (N, C, *I) -> (N, C, *I)

    The largest element is subtracted first, as every implementation does.
    """

    def work(self, y: Shape, x: Shape) -> Work:
        size, rows = prod(x), x[0] * prod(x[2:])
        return Work(
            comparisons=size - rows,
            additions=2 * size - rows,
            exponentials=size,
            divisions=size,
        )

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import exp

        powers = exp(x - x.max(axis=1, keepdims=True))
        y: Array = powers / powers.sum(axis=1, keepdims=True)
        return y


@op("log_softmax", example=("1000", {}))
class LogSoftmax(OverChannels):
    """The logarithm of softmax: x - log Σeˣ.

    (N, C, *I) -> (N, C, *I)

    The largest element is subtracted first, as every implementation does.
    """

    def work(self, y: Shape, x: Shape) -> Work:
        size, rows = prod(x), x[0] * prod(x[2:])
        return Work(
            comparisons=size - rows,
            additions=3 * size - rows,
            exponentials=size + rows,
        )

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import exp, log

        lowered = x - x.max(axis=1, keepdims=True)
        y: Array = lowered - log(exp(lowered).sum(axis=1, keepdims=True))
        return y
