"""Pooling: a window without weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.number import Number
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import SHAPE_ALONE, Backward, Cast, Device, Keeps, Saved, full_on_cuda, gradient_of
from archcalc.op.kernels import Kernel, KernelKind, Kernels, pass_over
from archcalc.op.op import Weights, Work, op, per_axis
from archcalc.op.setting import idle
from archcalc.op.settings import flag, number, size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.windows.sliding import TO_LARGEST, Sliding

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


def cast_of_pools(at: Site, device: Device) -> Cast:
    """Return in which type autocast runs a pool: on the CPU float32 over three spatial axes."""
    return "float32" if device == "cpu" and len(at.x[2:]) == 3 else "as comes"


class Pool(Sliding):
    """Base of the pooling ops: channels stay, and the stride is the kernel's size unless told."""

    stride: tuple[int, ...] | None = size(
        "s", "step of the window; the kernel's size unless told", default=None
    )

    def check(self, at: Spot) -> None:
        super().check(at)
        for window in self.windows(at.x):
            if max(window.before, window.after) > window.kernel // 2 and self.padding != "same":
                raise ArchcalcError(
                    f"padding {max(window.before, window.after)} is more than half the kernel of {window.kernel}",
                    setting="padding",
                    hint="a window would lie in the padding alone",
                )

    def window_size(self, x: Shape) -> Number:
        """Return the number of elements in a window."""
        return prod(per_axis(self.kernel, x[2:]))

    def view(self, x: Array, outside: float = 0.0) -> Array:
        """Return what each window of a real input sees, (N, C, *O, *k); what lies outside holds `outside`."""
        from archcalc.arrays.kernels import lay_windows

        return lay_windows(x, self.windows(x.shape), self.rounding or "floor", outside)

    def taps(self, x: Array) -> tuple[int, ...]:
        """Return the axes of `seen` that run over the elements of a window."""
        return tuple(range(x.ndim, 2 * x.ndim - 2))

    def cast(self, at: Site, device: Device) -> Cast:
        return cast_of_pools(at, device)


@op(
    "maxpool", also="maxpooling pool pooling", main="kernel", example=("96x55x55", {"kernel": 3, "stride": 2})
)
class MaxPool(Pool):
    """Keep the largest element of each window.

    (N, C, *I) -> (N, C, *O)   with O = (I + 2p - d(k - 1) - 1)/s + 1

    The largest of k² elements takes k² - 1 comparisons. `rounding: ceil` is PyTorch's ceil_mode: a window
    that would start in the padding is dropped. `padding: same` is TensorFlow's: O = ⌈I/s⌉. Source:
    torch.nn.MaxPool2d.
    """

    traits = Traits(slides=True, gathers="largest")

    def work(self, at: Site) -> Work:
        return Work(comparisons=prod(at.y) * (self.window_size(at.x) - 1))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(self.takes_in(at, SHAPE_ALONE), Saved("indices", at.y, TO_LARGEST), why=SHAPE_ALONE)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("maxpool", at, prod(at.y)),)

    def forward(self, x: Array) -> Array:
        y: Array = self.view(x, outside=-inf).max(axis=self.taps(x))
        return y


@op("avgpool", also="averagepool averagepooling meanpool", main="kernel", example=("16x10x10", {"kernel": 2}))
class AvgPool(Pool):
    """Average each window.

    (N, C, *I) -> (N, C, *O)   with O = (I + 2p - d(k - 1) - 1)/s + 1

    `count_padding` says whether the divisor is the whole window or only its elements inside the
    input, as always in TensorFlow; the work is the same. What `rounding: ceil` lets stick out beyond the
    padding never counts. Source: torch.nn.AvgPool2d.
    """

    traits = Traits(slides=True, gathers="mean")

    count_padding: bool = idle(
        flag("divide by the whole window, padding included", default=True), "where nothing is padded"
    )

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.y) * (self.window_size(at.x) - 1), divisions=prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(self.takes_in(at, SHAPE_ALONE), why=SHAPE_ALONE)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("avgpool", at, prod(at.y)),)

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import average_windows

        rounding = self.rounding or "floor"
        return average_windows(x, self.windows(x.shape), rounding, inside_only=not self.count_padding)


ROOT_OF_POWERS: tuple[KernelKind, ...] = ("function", "avgpool", "elementwise", "function")
"""The kernels of a pool of powers: the powers, their mean, their sum from that, its root."""


@op("lppool", main="kernel", example=("8x12x12", {"kernel": 3, "stride": 2, "norm": 2}))
class LpPool(Pool):
    """Take the p-norm of each window: (Σ xᵖ)^(1/p).

    (N, C, *I) -> (N, C, *O)   with O = (I + 2p - d(k - 1) - 1)/s + 1

    Source: torch.nn.LPPool2d.
    """

    norm: float = number("", "the exponent p of the norm", default=2.0, above=0)

    @property
    def scrambles(self) -> bool:
        return self.norm % 2 != 0  # the sum may be below 0

    def work(self, at: Site) -> Work:
        window = self.window_size(at.x)
        return Work(additions=prod(at.y) * (window - 1), exponentials=prod(at.y) * (window + 1))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        why = gradient_of("the powers", "their mean", "its root")
        steps = [Saved("temporary", at.x), *[Saved("temporary", at.y)] * 4]
        return Keeps(self.takes_in(at, why), *steps, why=why)

    def cast(self, at: Site, device: Device) -> Cast:
        return full_on_cuda(device)  # as any power

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return tuple([pass_over(kind, at) for kind in ROOT_OF_POWERS])

    def forward(self, x: Array) -> Array:
        y: Array = (self.view(x) ** self.norm).sum(axis=self.taps(x)) ** (1 / self.norm)
        return y


@op("subsample", main="kernel", example=("6x28x28", {"kernel": 2}))
class Subsample(Pool):
    """Add up each window, multiply by a coefficient and add a bias, both learnt, one of each a map.

    (N, C, *I) -> (N, C, *O)   with O = (I + 2p - d(k - 1) - 1)/s + 1

    The squashing function that follows is a layer of its own (`scaled_tanh`).
    Source: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition", II.B.
    """

    def weights(self, at: Site) -> Weights:
        return {"coefficient": (at.x[1],), "bias": (at.x[1],)}

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.y) * self.window_size(at.x), multiplications=prod(at.y))

    def widens(self, at: Site, device: Device) -> bool:
        return True

    def keeps(self, at: Site, step: Backward) -> Keeps:
        why, back = gradient_of("the coefficient"), {"coefficient": gradient_of("the input")}
        taken = [self.takes_in(at, SHAPE_ALONE)] if step.needed[0] else []
        sums = [Saved("temporary", at.y, why)] if "coefficient" in step.learnt else []
        return Keeps(*taken, *sums, weights=back if taken else {}, why=SHAPE_ALONE)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("avgpool", at, prod(at.y)), *[Kernel("stretched", prod(at.y), prod(at.y))] * 2)

    def forward(self, x: Array, coefficient: Array, bias: Array) -> Array:
        from archcalc.arrays.kernels import per_channel

        summed: Array = self.view(x).sum(axis=self.taps(x))
        return summed * per_channel(coefficient, x.ndim) + per_channel(bias, x.ndim)
