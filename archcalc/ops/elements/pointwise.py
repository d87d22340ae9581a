"""Activations: what happens to each element by itself.

The work per element is declared as a `Work`; a transcendental function counts as one exponential.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal

from archcalc.arithmetic.number import Number
from archcalc.op.keeps import INPUT, OUTPUT, Backward, Cast, Device, Keeps, Role, Saved, follow, gradient_of
from archcalc.op.kernels import KernelKind, Kernels, pass_over
from archcalc.op.op import NO_WORK, Op, Weights, Work, op
from archcalc.op.setting import idle
from archcalc.op.settings import choice, flag, number
from archcalc.op.site import Shape, Site
from archcalc.op.traits import Traits

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


def times(number: Number, each: Work) -> Work:
    """Return so many times some work."""
    return Work(*(number * count if count else 0 for count in each))


Ends = Literal["neither", "input", "output", "either", "both"]
"""From which end of an op on each element its gradient is worked out; from the input, unless it was overwritten: either."""


def overwriting() -> bool | None:
    """Return the setting that says whether an activation overwrites its input in training."""
    setting: bool | None = idle(
        flag("overwrite the input in training, as the network says unless told", default=None),
        "but in what a step of training keeps",
    )
    return setting


def keep_ends(ends: Ends, at: Site, step: Backward) -> Keeps:
    """Return what is kept of the input and the output; where the input is needed, and overwritten, a copy of it."""
    if ends == "neither":
        return Keeps()
    if ends == "output" or (ends == "either" and step.in_place):
        return Keeps(OUTPUT, why=f"{gradient_of('the input')}, worked out from the output")
    why = f"{gradient_of('the input')}, worked out from the input"
    if step.in_place:
        return Keeps(Saved("copy", at.x, f"{why}, which the layer overwrites"))
    return Keeps(INPUT, OUTPUT, why=f"{why} and the output") if ends == "both" else Keeps(INPUT, why=why)


class Pointwise(Op):
    """Base of the ops that treat every element alike."""

    traits = Traits(storage="overwrite", least_axes=1)

    each: ClassVar[Work] = NO_WORK
    """The work per element."""
    ends: ClassVar[Ends | None] = None
    """Which of its ends the gradient is worked out from; None where that is not known."""

    def work(self, at: Site) -> Work:
        return times(prod(at.x), self.each)

    def keeps(self, at: Site, step: Backward) -> Keeps | None:
        return None if self.ends is None else keep_ends(self.ends, at, step)

    def laid(self, at: Site, strides: Shape) -> Shape:
        return follow(at.y, strides)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        kind: KernelKind = "function" if self.work(at).exponentials else "elementwise"
        return () if self.drops() else (pass_over(kind, at),)


@op("identity", also="noop passthrough", example=("8x4x4", {}))
class Identity(Pointwise):
    """Pass the input on.

    (N, C, *I) -> (N, C, *I)
    """

    ends = "neither"

    traits = Traits(storage="view", least_axes=1)

    def alias(self, at: Site, strides: Shape) -> Shape:
        return strides

    def forward(self, x: Array) -> Array:
        return x


@op(
    "dropout",
    also="alphadropout droppath spatialdropout stochasticdepth",
    main="rate",
    example=("4096", {"rate": 0.5}),
)
class Dropout(Pointwise):
    """Zero elements at random while training; pass the input on at inference, which is what is counted.

    (N, C, *I) -> (N, C, *I)

    Source: Srivastava et al. 2014.
    """

    traits = Traits(storage="view", least_axes=1)

    rate: float = idle(
        number("", "share of elements that are zeroed", default=0.5, within=(0, 1)), "at inference"
    )
    in_place: bool = idle(
        flag("overwrite the input in training", default=False), "but in what a step of training keeps"
    )

    def drops(self) -> float:
        return self.rate

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return a mask on CUDA; elsewhere, and where it works in place, the noise that is multiplied by."""
        if not self.rate:
            return Keeps()
        if self.rate == 1:
            return Keeps(
                Saved("temporary", (), f"{gradient_of('the input')}: the zero that it is multiplied by")
            )
        role: Role = "mask" if step.device == "cuda" and not step.in_place else "temporary"
        return Keeps(Saved(role, at.x, f"{gradient_of('the input')}, 0 where a number was dropped"))

    def alias(self, at: Site, strides: Shape) -> Shape | None:
        return None if self.rate else strides

    def forward(self, x: Array) -> Array:
        return x


@op("relu", example=("64x32x32", {}))
class Relu(Pointwise):
    """Keep what is positive: max(x, 0).

    (N, C, *I) -> (N, C, *I)

    Source: Nair & Hinton 2010.
    """

    each = Work(comparisons=1)
    ends = "output"

    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import maximum

        return maximum(x, 0)


@op("relu6", example=("32x112x112", {}))
class Relu6(Pointwise):
    """Keep what lies between 0 and 6: min(max(x, 0), 6).

    (N, C, *I) -> (N, C, *I)

    Source: Howard et al. 2017, MobileNets.
    """

    each = Work(comparisons=2)
    ends = "input"

    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import clip

        return clip(x, 0, 6)


@op("thresholded_relu", main="alpha", example=("64x32x32", {"alpha": 1.0}))
class ThresholdedRelu(Pointwise):
    """Keep what is above a threshold: x if x > α, else 0.

    (N, C, *I) -> (N, C, *I)

    Source: Konda, Memisevic & Krueger 2014; ONNX ThresholdedRelu.
    """

    each = Work(comparisons=1)
    ends = "input"

    alpha: float = number("", "the threshold", default=1.0)
    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import where

        return where(x <= self.alpha, x.dtype.type(0), x)


@op("leaky_relu", also="leaky lrelu", main="slope", example=("64x32x32", {"slope": 0.1}))
class LeakyRelu(Pointwise):
    """Let a little of the negative through: x if x > 0, else slope·x.

    (N, C, *I) -> (N, C, *I)

    Source: Maas, Hannun & Ng 2013.
    """

    each = Work(comparisons=1, multiplications=1)
    ends = "either"

    slope: float = number("", "slope of the negative side", default=0.01)
    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import where

        return where(x > 0, x, self.slope * x)


@op("prelu", example=("64x32x32", {}))
class PRelu(Pointwise):
    """A leaky ReLU whose slope is learnt, one for each channel or one for all.

    (N, C, *I) -> (N, C, *I)

    Source: He et al. 2015, "Delving deep into rectifiers"; torch.nn.PReLU.
    """

    traits = Traits(storage="overwrite")

    each = Work(comparisons=1, multiplications=1)

    per: str = choice(("channel", "layer"), "what gets a slope of its own", default="channel")

    def weights(self, at: Site) -> Weights:
        return {"slope": (at.x[1] if self.per == "channel" else 1,)}

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(
            INPUT,
            weights={"slope": gradient_of("the input")},
            why=gradient_of(*["the slope"] * ("slope" in step.learnt), *["the input"] * step.needed[0]),
        )

    def cast(self, at: Site, device: Device) -> Cast:
        return "low"

    def forward(self, x: Array, slope: Array) -> Array:
        from archcalc.arrays.kernels import per_channel, where

        return where(x > 0, x, per_channel(slope, x.ndim) * x)


@op("elu", main="alpha", example=("64x32x32", {}))
class Elu(Pointwise):
    """Saturate the negative side: x if x > 0, else α(eˣ - 1).

    (N, C, *I) -> (N, C, *I)

    Source: Clevert, Unterthiner & Hochreiter 2015.
    """

    each = Work(comparisons=1, exponentials=1, additions=1, multiplications=1)
    ends = "either"

    alpha: float = number("", "where the negative side levels off", default=1.0)
    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import expm1, minimum, where

        return where(x > 0, x, self.alpha * expm1(minimum(x, 0)))


@op("celu", main="alpha", example=("64x32x32", {"alpha": 2.0}))
class Celu(Pointwise):
    """An ELU without a kink: x if x > 0, else α(e^(x/α) - 1).

    (N, C, *I) -> (N, C, *I)

    Source: Barron 2017, "Continuously differentiable exponential linear units".
    """

    each = Work(comparisons=1, exponentials=1, additions=1, multiplications=1, divisions=1)
    ends = "either"

    alpha: float = number("", "where the negative side levels off", default=1.0, above=0)
    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import expm1, minimum, where

        return where(x > 0, x, self.alpha * expm1(minimum(x, 0) / self.alpha))


@op("selu", example=("64x32x32", {}))
class Selu(Pointwise):
    """A scaled ELU with constants that keep mean 0 and variance 1: λx if x > 0, else λα(eˣ - 1).

    (N, C, *I) -> (N, C, *I)

    Source: Klambauer et al. 2017.
    """

    each = Work(comparisons=1, exponentials=1, additions=1, multiplications=2)
    ends = "either"
    alpha: ClassVar[float] = 1.6732632423543772
    scale: ClassVar[float] = 1.0507009873554805

    in_place: bool | None = overwriting()

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import expm1, minimum, where

        return self.scale * where(x > 0, x, self.alpha * expm1(minimum(x, 0)))
