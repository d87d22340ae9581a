"""The layers of LeNet-5 as it was in 1998.

Source of all of them: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to
document recognition", section II.B.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcalc.op.op import Op, Weights, Work, elements, op
from archcalc.op.settings import number
from archcalc.op.site import Site
from archcalc.op.traits import Traits
from archcalc.ops.weights.dense import Dense
from archcalc.ops.windows.pool import Pool

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("subsample", main="kernel", example=("6x28x28", {"kernel": 2}))
class Subsample(Pool):
    """Add up each window, multiply by a coefficient and add a bias, both learnt, one of each a map.

    (N, C, *I) -> (N, C, *O)   with O = (I + 2p - d(k - 1) - 1)/s + 1

    The squashing function that follows is a layer of its own (`scaled_tanh`).
    """

    def weights(self, at: Site) -> Weights:
        return {"coefficient": (at.x[1],), "bias": (at.x[1],)}

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.y) * self.window_size(at.x), multiplications=prod(at.y))

    def forward(self, x: Array, coefficient: Array, bias: Array) -> Array:
        from archcalc.arrays.kernels import per_channel

        summed: Array = self.seen(x).sum(axis=self.taps(x))
        return summed * per_channel(coefficient, x.ndim) + per_channel(bias, x.ndim)


@op("scaled_tanh", example=("6x28x28", {}))
class ScaledTanh(Op):
    """Squash each element: A·tanh(S·x).

    (N, C, *I) -> (N, C, *I)
    """

    traits = Traits(storage="overwrite")

    amplitude: float = number("", "the amplitude A", default=1.7159)
    slope: float = number("", "the slope S at the origin", default=2 / 3)

    def work(self, at: Site) -> Work:
        return Work(multiplications=2 * prod(at.x), exponentials=prod(at.x))

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import tanh

        y: Array = self.amplitude * tanh(self.slope * x)
        return y


@op("rbf", main="out", example=("84", {"out": 10}))
class Rbf(Dense):
    """Measure the squared Euclidean distance to each of `out` fixed patterns: Σ (x - w)².

    (N, C) -> (N, M)

    The patterns are drawn by hand and set once, so they count as fixed and not as learnt weights.
    Each distance takes C subtractions and C multiply-accumulates.
    """

    def fixed(self, at: Site) -> Weights:
        return {"pattern": (self.out, at.x[1])}

    def work(self, at: Site) -> Work:
        pairs = at.x[0] * elements(self.fixed(at).values())
        return Work(macs=pairs, additions=pairs)

    def forward(self, x: Array, pattern: Array) -> Array:
        from archcalc.arrays.kernels import dots

        apart = x[:, None] - pattern
        return dots(apart, apart)
