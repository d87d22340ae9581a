"""Activations that squash, or that weigh x by something that squashes: sigmoid, tanh and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, prod
from typing import TYPE_CHECKING

from archcalc.op.keeps import Backward, Keeps, Saved, gradient_of
from archcalc.op.kernels import KernelKind, Kernels, pass_over
from archcalc.op.op import Op, Work, op
from archcalc.op.settings import choice, number
from archcalc.op.site import Shape, Site
from archcalc.op.traits import Traits
from archcalc.ops.elements.pointwise import Pointwise, keep_ends, overwriting, times

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("gelu", main="approximate", example=("64x32x32", {}))
class Gelu(Pointwise):
    """Weigh x by the normal distribution: x/2·(1 + erf(x/√2)).

    (N, C, *I) -> (N, C, *I)

    `approximate: tanh` puts tanh(√(2/π)·(x + 0.044715x³)) in place of erf, as BERT and GPT-2 do.
    Source: Hendrycks & Gimpel 2016; torch.nn.GELU.
    """

    ends = "input"

    approximate: str = choice(("none", "tanh"), "what stands for erf", default="none")

    def work(self, at: Site) -> Work:
        if self.approximate == "tanh":
            return times(prod(at.x), Work(multiplications=6, additions=2, exponentials=1))
        return times(prod(at.x), Work(multiplications=3, additions=1, exponentials=1))

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import erf, tanh

        if self.approximate == "tanh":
            shape = tanh((2 / pi) ** 0.5 * (x + 0.044715 * x * x * x))
        else:
            shape = erf(x * 0.5**0.5)
        y: Array = 0.5 * x * (1 + shape)
        return y


@op("silu", also="swish", example=("64x32x32", {}))
class Silu(Pointwise):
    """Weigh x by its own sigmoid: x/(1 + e⁻ˣ). Also called swish.

    (N, C, *I) -> (N, C, *I)

    Source: Ramachandran, Zoph & Le 2017.
    """

    each = Work(exponentials=1, additions=1, divisions=1)
    ends = "input"

    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import sigmoid

        return x * sigmoid(x)


@op("mish", example=("64x32x32", {}))
class Mish(Pointwise):
    """x·tanh(log(1 + eˣ)).

    (N, C, *I) -> (N, C, *I)

    Source: Misra 2019.
    """

    each = Work(exponentials=3, additions=1, multiplications=1)
    ends = "input"

    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import logaddexp, tanh

        return x * tanh(logaddexp(x, 0))


@op("sigmoid", also="logistic", example=("64x32x32", {}))
class Sigmoid(Pointwise):
    """Squash to (0, 1): 1/(1 + e⁻ˣ).

    (N, C, *I) -> (N, C, *I)
    """

    each = Work(exponentials=1, additions=1, divisions=1)
    ends = "output"

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import sigmoid

        return sigmoid(x)


@op("hardsigmoid", example=("64x32x32", {}))
class HardSigmoid(Pointwise):
    """A sigmoid made of straight lines: min(max(x + 3, 0), 6)/6.

    (N, C, *I) -> (N, C, *I)

    With another slope a or offset b it is min(max(x + b/a, 0), 1/a)/(1/a), the line a·x + b between 0 and 1.
    Source: Howard et al. 2019, MobileNetV3; ONNX HardSigmoid.
    """

    each = Work(additions=1, comparisons=2, divisions=1)

    slope: float = number("", "slope of the line", default=1 / 6, above=0)
    offset: float = number("", "the line at 0", default=1 / 2)
    in_place: bool | None = overwriting()

    def keeps(self, at: Site, step: Backward) -> Keeps:
        if (self.slope, self.offset) != (1 / 6, 1 / 2):  # a line, and its clamping, which keeps that
            return Keeps(
                Saved(
                    "temporary", at.x, f"{gradient_of('the input')}, 0 where the line was clipped: the line"
                )
            )
        return keep_ends("input", at, step)

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import clip

        return clip(x + self.offset / self.slope, 0, 1 / self.slope) * self.slope


@op("hardswish", also="hardsilu hswish", example=("64x32x32", {}))
class HardSwish(Pointwise):
    """A swish made of straight lines: x·min(max(x + 3, 0), 6)/6.

    (N, C, *I) -> (N, C, *I)

    Source: Howard et al. 2019, MobileNetV3.
    """

    each = Work(additions=1, comparisons=2, divisions=1, multiplications=1)
    ends = "input"

    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import clip

        return x * clip(x + 3, 0, 6) / 6


@op("tanh", example=("64x32x32", {}))
class Tanh(Pointwise):
    """Squash to (-1, 1).

    (N, C, *I) -> (N, C, *I)
    """

    each = Work(exponentials=1)
    ends = "output"

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import tanh

        return tanh(x)


SCALED_TANH: tuple[KernelKind, ...] = ("elementwise", "function", "elementwise")
"""Its kernels: each of the products, and the hyperbolic tangent."""


@op("scaled_tanh", example=("6x28x28", {}))
class ScaledTanh(Op):
    """Squash each element: A·tanh(S·x).

    (N, C, *I) -> (N, C, *I)
    Source: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition", II.B.
    """

    traits = Traits(storage="overwrite")

    amplitude: float = number("", "the amplitude A", default=1.7159)
    slope: float = number("", "the slope S at the origin", default=2 / 3)

    def work(self, at: Site) -> Work:
        return Work(multiplications=2 * prod(at.x), exponentials=prod(at.x))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(
            Saved(
                "temporary", at.x, f"{gradient_of('the input')}: the hyperbolic tangent, before it is scaled"
            )
        )

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return tuple([pass_over(kind, at) for kind in SCALED_TANH])

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import tanh

        y: Array = self.amplitude * tanh(self.slope * x)
        return y
