"""Ops that scale without subtracting a mean: by a root mean square, by a length, by what is learnt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import INPUT, Backward, Cast, Device, Keeps, Role, Saved, follow, gradient_of
from archcalc.op.kernels import Kernel, Kernels, pass_over
from archcalc.op.op import Op, Weights, Work, op
from archcalc.op.settings import axis, count, flag, number
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import across, check_axis, check_last, check_not_batch, others, places
from archcalc.ops.norms.norm import keep_scale

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("rmsnorm", also="rmsnormalization", main="axes", example=("16x64", {}))
class RMSNorm(Op):
    """Divide by the root of the mean square over the last axes, then scale: no mean to subtract, nothing to add.

    (N, *A, C) -> (N, *A, C)

    The weight has the shape of these axes. Source: Zhang & Sennrich 2019; torch.nn.RMSNorm.
    """

    traits = Traits(least_axes=1)

    axes: int = count("", "how many of the last axes the mean is taken over", default=1)
    affine: bool = flag("learn a scale", default=True)
    eps: float = number("", "added to the mean square", default=1e-6, above=0)

    def check(self, at: Spot) -> None:
        check_last(self.axes, at.x)

    def weights(self, at: Site) -> Weights:
        return {"weight": at.x[-self.axes :]} if self.affine else {}

    def field(self, at: Site) -> Field:
        return across(at.x, range(-self.axes, 0))

    def work(self, at: Site) -> Work:
        elements, groups = prod(at.x), prod(at.x[: -self.axes])
        return Work(
            additions=elements,  # n - 1 for the sum of squares and one of epsilon, in each group
            multiplications=elements + (elements if self.affine else 0),
            divisions=elements + groups,
            exponentials=groups,
        )

    def typed_by(self, at: Site, device: Device) -> Collection[int]:
        return (INPUT,) if device == "cpu" else ()

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return the input and the root of each mean square; on the CPU, where it is put together, the quotient for the weight."""
        rows = Saved("statistics", at.x[: -self.axes], "the quotient: 1 over the root of each mean square")
        is_scaled = "weight" in step.learnt
        why = gradient_of(*["γ"] * is_scaled, *["the input"] * step.needed[0])
        if step.device == "cuda":
            return Keeps(INPUT, rows, weights=keep_scale(step, self.weights(at)), why=why)
        quotients = [Saved("temporary", at.x, f"{gradient_of('γ')}: the quotient")] if is_scaled else []
        if not step.needed[0]:
            return Keeps(*quotients)
        return Keeps(INPUT, rows, *quotients, weights=keep_scale(step, self.weights(at)), why=why)

    def cast(self, at: Site, device: Device) -> Cast:
        return "float32"  # the CPU's makes its output of the input's type again

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("rows", at, prod(at.x[: -self.axes])),)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.tensors import sqrt

        square = (x * x).mean(axis=tuple(range(-self.axes, 0)), keepdims=True)
        y: Array = x / sqrt(square + x.dtype.type(self.eps))
        return y * weights["weight"] if self.affine else y


NORMS = ("the lengths", "the lengths, none below the least")
"""What is kept of the lengths that are divided by."""


@op("l2norm", main="axis", example=("128", {"axis": 1}))
class L2Norm(Op):
    """Divide by the length: the numbers along an axis become a vector of length 1.

    (N, C, *I) -> (N, C, *I)

    The squares of its numbers are multiplications and not MACs, as in `rmsnorm`. No length counts as less than `eps`.
    Source: torch.nn.functional.normalize, ONNX LpNormalization.
    """

    traits = Traits(least_axes=1)

    axis: int = axis("the axis, the batch being axis 0; negative ones count from the end", default=1)
    eps: float = number("", "the least length that is divided by", default=1e-12, above=0)

    def check(self, at: Spot) -> None:
        check_axis(self.axis, len(at.x))

    def field(self, at: Site) -> Field:
        return across(at.x, (self.axis,))

    def work(self, at: Site) -> Work:
        elements, groups = prod(at.x), prod(others(at.x, self.axis))
        return Work(
            additions=elements - groups,
            multiplications=elements,
            comparisons=groups,
            divisions=elements,
            exponentials=groups,
        )

    def keeps(self, at: Site, step: Backward) -> Keeps:
        role: Role = "wide" if step.device == "cuda" else "temporary"
        norms = [
            Saved(role, others(at.x, self.axis), f"{gradient_of('the input')}: {what}") for what in NORMS
        ]
        return Keeps(INPUT, *norms, why=gradient_of("the input"))

    def widens(self, at: Site, device: Device) -> bool:
        return device == "cuda"  # autocast has lengths in float32

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        lengths = prod(others(at.x, self.axis))
        return (
            Kernel("rows", prod(at.x), lengths, rows=lengths),
            Kernel("elementwise", lengths, lengths),
            Kernel("stretched", prod(at.x) + lengths, prod(at.y)),
        )

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import maximum
        from archcalc.arrays.tensors import REDUCTIONS

        y: Array = x / maximum(REDUCTIONS["norm2"](x, places((self.axis,), x.ndim)), x.dtype.type(self.eps))
        return y


@op("affine", also="scale scaleshift", example=("64x56x56", {}))
class Affine(Op):
    """Multiply by a learnt number and add another, one of each for every position along an axis: y = wx + b.

    (N, C, *I) -> (N, C, *I)

    This is what is left of batch normalisation when its statistics are folded in; without the shift it is a
    layer scale (Touvron et al. 2021).
    """

    traits = Traits(least_axes=1)

    axis: int = axis("the axis along which there is a number each", default=1)
    scale: bool = flag("multiply", default=True)
    shift: bool = flag("add", default=True)

    def check(self, at: Spot) -> None:
        check_not_batch(self.axis, len(at.x))
        if not self.scale and not self.shift:
            raise ArchcalcError(
                "neither scales nor shifts", setting="shift", hint="leave one out: it does both unless told"
            )

    def weights(self, at: Site) -> Weights:
        names = {"weight": self.scale, "bias": self.shift}
        return {name: (at.x[self.axis],) for name, wanted in names.items() if wanted}

    def work(self, at: Site) -> Work:
        return Work(
            multiplications=prod(at.x) if self.scale else 0,
            additions=prod(at.x) if self.shift else 0,
        )

    def widens(self, at: Site, device: Device) -> bool:
        return True

    def keeps(self, at: Site, step: Backward) -> Keeps:
        taken = [INPUT] if "weight" in step.learnt else []
        return Keeps(*taken, weights=keep_scale(step, self.weights(at)), why=gradient_of("γ"))

    def laid(self, at: Site, strides: Shape) -> Shape:
        return follow(at.y, strides)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return tuple([pass_over("stretched", at)] * (self.scale + self.shift))

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.tensors import along

        if self.scale:
            x = x * along(weights["weight"], self.axis, x.ndim)
        return x + along(weights["bias"], self.axis, x.ndim) if self.shift else x
