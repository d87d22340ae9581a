"""Activations: what happens to each element by itself.

The work per element is declared as a `Work`; a transcendental function counts as one exponential.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

from archcalc.op import NO_WORK, Op, Shape, Weights, Work, op
from archcalc.settings import choice, number

if TYPE_CHECKING:
    from archcalc.kernels import Array


class Pointwise(Op):
    """Base of the ops that treat every element alike."""

    in_place = True

    each: ClassVar[Work] = NO_WORK
    """The work per element."""

    def work(self, y: Shape, x: Shape) -> Work:
        size = prod(x)
        return Work(*(size * count for count in self.each))


@op("identity", example=("8x4x4", {}))
class Identity(Pointwise):
    """Pass the input on.

    (N, C, *I) -> (N, C, *I)
    """

    stores = False

    def forward(self, x: Array) -> Array:
        return x


@op("dropout", main="rate", example=("4096", {"rate": 0.5}))
class Dropout(Pointwise):
    """Zero elements at random while training; pass the input on at inference, which is what is counted.

    (N, C, *I) -> (N, C, *I)

    Source: Srivastava et al. 2014.
    """

    stores = False

    rate: float = number("", "share of elements that are zeroed", default=0.5, within=(0, 1))

    def forward(self, x: Array) -> Array:
        return x


@op("relu", example=("64x32x32", {}))
class Relu(Pointwise):
    """Keep what is positive: max(x, 0).

    (N, C, *I) -> (N, C, *I)

    Source: Nair & Hinton 2010.
    """

    each = Work(comparisons=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import maximum

        return maximum(x, 0)


@op("relu6", example=("32x112x112", {}))
class Relu6(Pointwise):
    """Keep what lies between 0 and 6: min(max(x, 0), 6).

    (N, C, *I) -> (N, C, *I)

    Source: Howard et al. 2017, MobileNets.
    """

    each = Work(comparisons=2)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import clipped

        return clipped(x, 0, 6)


@op("leaky_relu", main="slope", example=("64x32x32", {"slope": 0.1}))
class LeakyRelu(Pointwise):
    """Let a little of the negative through: x if x > 0, else slope·x.

    (N, C, *I) -> (N, C, *I)

    Source: Maas, Hannun & Ng 2013.
    """

    each = Work(comparisons=1, multiplications=1)

    slope: float = number("", "slope of the negative side", default=0.01)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import where

        return where(x > 0, x, self.slope * x)


@op("prelu", example=("64x32x32", {}))
class PRelu(Pointwise):
    """A leaky ReLU whose slope is learnt, one for each channel or one for all.

    (N, C, *I) -> (N, C, *I)

    Source: He et al. 2015, "Delving deep into rectifiers"; torch.nn.PReLU.
    """

    each = Work(comparisons=1, multiplications=1)

    per: str = choice(("channel", "layer"), "what gets a slope of its own", default="channel")

    def weights(self, x: Shape) -> Weights:
        return {"slope": (x[1] if self.per == "channel" else 1,)}

    def forward(self, x: Array, slope: Array) -> Array:
        from archcalc.kernels import per_channel, where

        return where(x > 0, x, per_channel(slope, x.ndim) * x)


@op("elu", main="alpha", example=("64x32x32", {}))
class Elu(Pointwise):
    """Saturate the negative side: x if x > 0, else α(eˣ - 1).

    (N, C, *I) -> (N, C, *I)

    Source: Clevert, Unterthiner & Hochreiter 2015.
    """

    each = Work(comparisons=1, exponentials=1, additions=1, multiplications=1)

    alpha: float = number("", "where the negative side levels off", default=1.0)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import expm1, minimum, where

        return where(x > 0, x, self.alpha * expm1(minimum(x, 0)))


@op("selu", example=("64x32x32", {}))
class Selu(Pointwise):
    """A scaled ELU with constants that keep mean 0 and variance 1: λx if x > 0, else λα(eˣ - 1).

    (N, C, *I) -> (N, C, *I)

    Source: Klambauer et al. 2017.
    """

    each = Work(comparisons=1, exponentials=1, additions=1, multiplications=2)
    alpha: ClassVar[float] = 1.6732632423543772
    scale: ClassVar[float] = 1.0507009873554805

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import expm1, minimum, where

        return self.scale * where(x > 0, x, self.alpha * expm1(minimum(x, 0)))


@op("gelu", example=("64x32x32", {}))
class Gelu(Pointwise):
    """Weigh x by the normal distribution: x/2·(1 + erf(x/√2)).

    (N, C, *I) -> (N, C, *I)

    Source: Hendrycks & Gimpel 2016.
    """

    each = Work(multiplications=3, additions=1, exponentials=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import erf

        y: Array = 0.5 * x * (1 + erf(x * 0.5**0.5))
        return y


@op("silu", example=("64x32x32", {}))
class Silu(Pointwise):
    """Weigh x by its own sigmoid: x/(1 + e⁻ˣ). Also called swish.

    (N, C, *I) -> (N, C, *I)

    Source: Ramachandran, Zoph & Le 2017.
    """

    each = Work(exponentials=1, additions=1, divisions=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import sigmoid

        return x * sigmoid(x)


@op("mish", example=("64x32x32", {}))
class Mish(Pointwise):
    """x·tanh(log(1 + eˣ)).

    (N, C, *I) -> (N, C, *I)

    Source: Misra 2019.
    """

    each = Work(exponentials=3, additions=1, multiplications=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import logaddexp, tanh

        return x * tanh(logaddexp(x, 0))


@op("sigmoid", example=("64x32x32", {}))
class Sigmoid(Pointwise):
    """Squash to (0, 1): 1/(1 + e⁻ˣ).

    (N, C, *I) -> (N, C, *I)
    """

    each = Work(exponentials=1, additions=1, divisions=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import sigmoid

        return sigmoid(x)


@op("hardsigmoid", example=("64x32x32", {}))
class HardSigmoid(Pointwise):
    """A sigmoid made of straight lines: min(max(x + 3, 0), 6)/6.

    (N, C, *I) -> (N, C, *I)

    Source: Howard et al. 2019, MobileNetV3.
    """

    each = Work(additions=1, comparisons=2, divisions=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import clipped

        return clipped(x + 3, 0, 6) / 6


@op("hardswish", example=("64x32x32", {}))
class HardSwish(Pointwise):
    """A swish made of straight lines: x·min(max(x + 3, 0), 6)/6.

    (N, C, *I) -> (N, C, *I)

    Source: Howard et al. 2019, MobileNetV3.
    """

    each = Work(additions=1, comparisons=2, divisions=1, multiplications=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import clipped

        return x * clipped(x + 3, 0, 6) / 6


@op("tanh", example=("64x32x32", {}))
class Tanh(Pointwise):
    """Squash to (-1, 1).

    (N, C, *I) -> (N, C, *I)
    """

    each = Work(exponentials=1)

    def forward(self, x: Array) -> Array:
        from archcalc.kernels import tanh

        return tanh(x)
