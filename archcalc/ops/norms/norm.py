"""Normalisation. All counts are for inference."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Literal

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.op.keeps import (
    INPUT,
    Backward,
    Cast,
    Device,
    Keeps,
    Role,
    Saved,
    contiguous,
    follow,
    full_on_cuda,
    gradient_of,
    move_last,
    regroup,
)
from archcalc.op.kernels import Kernels, pass_over
from archcalc.op.op import Op, Weights, Work, op
from archcalc.op.setting import only
from archcalc.op.settings import choice, count, flag, number
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import across, check_last
from archcalc.ops.windows.conv import check_groups

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


CHANNELS_LAST = (4, 5)
"""How many axes a tensor has whose channels PyTorch knows to lie last in memory."""


def keep_moments(shape: Shape, role: Role = "statistics") -> list[Saved]:
    """Return what is kept of a mean μ and a deviation σ, so that x̂ = (x − μ)/σ is worked out again."""
    return [Saved(role, shape, f"x̂ = (x − μ)/σ: {what}") for what in ("the mean μ", "1/σ")]


def role_of_moments(device: Device, *, affine: bool) -> Role:
    """Return what the moments of a layer or of groups are: the CPU's are in float32 where there is a scale in float32."""
    return "statistics" if affine or device == "cuda" else "temporary"


def gradient_of_standard(step: Backward) -> str:
    """Return what is worked out from x̂: the gradient of γ where it learns, and that of the input where it is needed."""
    gradients = [*["γ"] * ("weight" in step.learnt), *["the input"] * step.needed[0]]
    return gradient_of(*gradients) + (", from x̂ = (x − μ)/σ" if gradients else "")


def keep_scale(step: Backward, weights: Weights) -> dict[str, str]:
    """Return that γ is kept, where there is one, for the gradient of the input, which is scaled by it."""
    return {"weight": gradient_of("the input")} if "weight" in weights and step.needed[0] else {}


@op("batchnorm", also="batchnormalization bn normalization", example=("64x56x56", {}))
class BatchNorm(Op):
    """Normalise each channel with running statistics, then scale and shift it.

    (N, C, *I) -> (N, C, *I)

    At inference the statistics are constants: one multiplication and one addition an element.
    Scale and shift are learnt; running mean and variance are buffers (PyTorch keeps a step counter
    beside them, which is not counted). Source: Ioffe & Szegedy 2015; torch.nn.BatchNorm2d.
    """

    traits = Traits(folds=True)

    affine: bool = flag("learn a scale and a shift per channel", default=True)
    eps: float = number("", "added to the variance", default=1e-5, above=0)

    def weights(self, at: Site) -> Weights:
        return {"weight": (at.x[1],), "bias": (at.x[1],)} if self.affine else {}

    def buffers(self, at: Site) -> Weights:
        return {"running_mean": (at.x[1],), "running_var": (at.x[1],)}

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.x), multiplications=prod(at.x))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        scale, why = keep_scale(step, self.weights(at)), gradient_of_standard(step)
        return Keeps(INPUT, *keep_moments(at.x[1:2]), weights=scale, why=why)

    def laid(self, at: Site, strides: Shape) -> Shape:
        return follow(at.y, strides)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("batchnorm", at, prod(at.y[1:])),)

    def forward(self, x: Array, running_mean: Array, running_var: Array, **weights: Array) -> Array:
        from archcalc.arrays.kernels import per_channel

        scale = (running_var + self.eps) ** -0.5
        if not self.affine:
            return (x - per_channel(running_mean, x.ndim)) * per_channel(scale, x.ndim)
        scale = scale * weights["weight"]
        shift = weights["bias"] - running_mean * scale
        return x * per_channel(scale, x.ndim) + per_channel(shift, x.ndim)


def _standardising(elements: Number, groups: Number, *, affine: bool) -> Work:
    """Return the work of bringing `groups` groups of numbers, `elements` in all, to mean 0 and variance 1.

    In a group of n: n - 1 additions and a division for the mean, n subtractions, n squares, n - 1
    additions and a division for the variance, one addition of epsilon, one root, n divisions; then a
    scale and a shift for each element.
    """
    scaled = elements if affine else 0
    return Work(
        additions=3 * elements - groups + scaled,
        multiplications=elements + scaled,
        divisions=elements + 2 * groups,
        exponentials=groups,
    )


@op("layernorm", also="layernormalization ln", main="over", example=("96x56x56", {"over": "channels"}))
class LayerNorm(Op):
    """Normalise each sample with its own mean and variance, then scale and shift it.

    (N, C, *I) -> (N, C, *I)

    `over: all` takes the statistics over channels and positions together; `over: channels` takes them
    over the channels at each position, as ConvNeXt does; `over: last` over the last axis, as transformers do,
    or over the last `axes`. Source: Ba, Kiros & Hinton 2016; torch.nn.LayerNorm.
    """

    over: Literal["all", "channels", "last"] = choice(
        ("all", "channels", "last"), "what the statistics are taken over", default="all"
    )
    axes: int = only(count("", "how many of the last axes are taken", default=1), "over", "last")
    affine: bool = flag("learn a scale and a shift", default=True)
    eps: float = number("", "added to the variance", default=1e-5, above=0)

    def check(self, at: Spot) -> None:
        if self.over == "last":
            check_last(self.axes, at.x)

    def _find_axes(self, x: Shape) -> range:
        """Return the axes that the statistics are taken over."""
        if self.over == "channels":
            return range(1, 2)
        return range(1 if self.over == "all" else len(x) - self.axes, len(x))

    def _find_rows(self, x: Shape) -> Shape:
        """Return the sizes of the other axes: as many sets of numbers have statistics of their own."""
        taken = self._find_axes(x)
        return (*x[: taken.start], *x[taken.stop :])

    def weights(self, at: Site) -> Weights:
        shape = tuple(at.x[axis] for axis in self._find_axes(at.x))
        return {"weight": shape, "bias": shape} if self.affine else {}

    def field(self, at: Site) -> Field:
        return across(at.x, self._find_axes(at.x))

    def work(self, at: Site) -> Work:
        return _standardising(prod(at.x), prod(self._find_rows(at.x)), affine=self.affine)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        scale, why = keep_scale(step, self.weights(at)), gradient_of_standard(step)
        moments = keep_moments(self._find_rows(at.x), role_of_moments(step.device, affine=self.affine))
        return Keeps(INPUT, *moments, weights=scale, why=why)

    def laid(self, at: Site, strides: Shape) -> Shape:
        """Return the strides: what the statistics are over lies last in memory."""
        if self.over != "channels":
            return contiguous(at.y)
        return move_last(at.y, 1)

    def cast(self, at: Site, device: Device) -> Cast:
        return full_on_cuda(device)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("rows", at, prod(self._find_rows(at.x))),)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.kernels import standardise

        taken = self._find_axes(x.shape)
        y = standardise(x, tuple(taken), self.eps)
        if not self.affine:
            return y
        scale, shift = (
            weights[name].reshape(weights[name].shape + (1,) * (x.ndim - taken.stop))
            for name in ("weight", "bias")
        )
        return y * scale + shift


@op(
    "groupnorm",
    also="gn groupnormalization instancenorm instancenormalization",
    main="groups",
    example=("64x28x28", {"groups": 32}),
)
class GroupNorm(Op):
    """Normalise groups of channels of each sample, then scale and shift each channel.

    (N, C, *I) -> (N, C, *I)

    One group is layer normalisation, C groups are instance normalisation. Source: Wu & He 2018.
    """

    groups: int = count("g", "number of groups the channels are split into")
    affine: bool = flag("learn a scale and a shift per channel", default=True)
    eps: float = number("", "added to the variance", default=1e-5, above=0)

    def check(self, at: Spot) -> None:
        check_groups(at.x[1], self.groups)

    def weights(self, at: Site) -> Weights:
        return {"weight": (at.x[1],), "bias": (at.x[1],)} if self.affine else {}

    def field(self, at: Site) -> Field:
        return "whole"

    def work(self, at: Site) -> Work:
        return _standardising(prod(at.x), at.x[0] * self.groups, affine=self.affine)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return the input, in order as its kernel takes it; the CPU's takes channels last in memory, too."""
        lies = regroup(at.x, step.strides[0], (prod(at.x),)) is not None
        if step.device == "cpu" and len(at.x) in CHANNELS_LAST:
            lies = lies or step.strides[0] == move_last(at.x, 1)
        why = gradient_of_standard(step)
        taken = INPUT if lies else Saved("copy", at.x, f"{why}; laid in order, as its kernel takes it")
        moments = keep_moments((at.x[0], self.groups), role_of_moments(step.device, affine=self.affine))
        return Keeps(taken, *moments, weights=keep_scale(step, self.weights(at)), why=why)

    def cast(self, at: Site, device: Device) -> Cast:
        return full_on_cuda(device)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("rows", at, at.x[0] * self.groups),)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.kernels import per_channel, standardise

        y = standardise(x.reshape(len(x), self.groups, -1), (2,), self.eps).reshape(x.shape)
        if not self.affine:
            return y
        return y * per_channel(weights["weight"], x.ndim) + per_channel(weights["bias"], x.ndim)
