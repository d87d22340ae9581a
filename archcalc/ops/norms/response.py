"""Normalisation of a response by those of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import (
    INPUT,
    Backward,
    Device,
    Keeps,
    Role,
    Saved,
    gradient_of,
)
from archcalc.op.kernels import KernelKind, Kernels, pass_over
from archcalc.op.op import Op, Work, op
from archcalc.op.settings import count, number
from archcalc.op.site import Shape, Site, Spot
from archcalc.ops.axes import across

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op(
    "lrn", also="localresponsenorm localresponsenormalization", main="size", example=("96x55x55", {"size": 5})
)
class LocalResponseNorm(Op):
    """Divide each element by a power of the energy in `size` neighbouring channels at its position.

    (N, C, *I) -> (N, C, *I)   with y = x / (k + α·Σx²)^β

    AlexNet's k is 2 and its α multiplies the plain sum; Caffe and PyTorch divide α by the size. At
    the border the missing channels count as zeros. Source: Krizhevsky, Sutskever & Hinton 2012, 3.3.
    """

    size: int = count("n", "number of neighbouring channels", default=5)
    alpha: float = number("", "factor α", default=1e-4)
    beta: float = number("", "exponent β", default=0.75)
    bias: float = number("", "constant k", default=1.0)

    def check(self, at: Spot) -> None:
        if self.size % 2 == 0:
            raise ArchcalcError(
                f"size must be odd, not {self.size}",
                setting="size",
                hint=f"an element has as many neighbours before as after it: {self.size - 1} or {self.size + 1}",
            )

    def field(self, at: Site) -> Field:
        return across(at.x, (1,))

    def work(self, at: Site) -> Work:
        return Work(
            additions=prod(at.x) * self.size,
            multiplications=2 * prod(at.x),
            divisions=prod(at.x),
            exponentials=prod(at.x),
        )

    def widens(self, at: Site, device: Device) -> bool:
        return device == "cuda" or len(at.x) > 3  # a mean over volumes

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return the input, its square with channels of zeros around it, the mean of that, and the root's power."""
        padded = (at.x[0], at.x[1] + self.size - 1, *at.x[2:])
        is_wide = self.widens(at, step.device)
        mean: Role = "wide" if is_wide and step.device == "cpu" else "temporary"  # CUDA widens only the power
        power: Role = "wide" if is_wide else "temporary"
        return Keeps(
            INPUT,
            Saved(
                mean, padded, "the gradient of the mean, for which PyTorch reads the shape alone: the squares"
            ),
            Saved(power, at.x, f"{gradient_of('the power')}: what the power is taken of"),
            Saved(power, at.x, f"{gradient_of('the quotient')}: the power that the input is divided by"),
            why="the gradient of the square and of the quotient",
        )

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return those of the square, zeros around it, the mean, a product, a sum, the power and the quotient."""
        kinds: tuple[KernelKind, ...] = (
            *("elementwise", "copy", "avgpool"),
            *("elementwise", "elementwise", "function", "elementwise"),
        )
        return tuple([pass_over(kind, at) for kind in kinds])

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import neighbours

        y: Array = x / (self.bias + self.alpha * neighbours(x * x, self.size)) ** self.beta
        return y
