"""Transposed convolution: each input element spreads a window over the output."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING, Self

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.arithmetic.window import Spread, Window
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import INPUT, Backward, Cast, Device, Keeps, follow
from archcalc.op.kernels import Kernel, KernelKind, Kernels, Product
from archcalc.op.op import Op, Weights, Work, elements, op, per_axis
from archcalc.op.settings import count, flag, padding, size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import check_axes
from archcalc.ops.windows.conv import back_to_input, check_channels, check_filters, check_groups, to_weight
from archcalc.ops.windows.sliding import check_spatial

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op(
    "conv_transpose",
    also="deconv deconvolution transposeconv transposedconv upconv",
    main="out",
    example=("8x16x16", {"out": 4, "kernel": 4, "stride": 2, "padding": 1}),
)
class ConvTranspose(Op):
    """Spread each input element over a window of the output: the gradient of a convolution.

    (N, C, *I) -> (N, M, *O)   with O = (I - 1)s - 2p + d(k - 1) + 1 + output_padding

    Every input element meets every weight once, so the work is counted on input positions.
    Source: torch.nn.ConvTranspose2d.
    """

    traits = Traits(deep=True, slides=True)

    out: int = count("M", "number of filters, the output's channels")
    kernel: tuple[int, ...] = size("k", "window size")
    stride: tuple[int, ...] = size("s", "step of the window on the output", default=1)
    padding: tuple[tuple[int, int], ...] = padding("p", "elements cut at each side", default=0)
    output_padding: tuple[int, ...] = size(
        "o", "elements added at the far side", default=0, least=0, fades=True
    )
    dilation: tuple[int, ...] = size("d", "distance between window elements", default=1, fades=True)
    groups: int = count("g", "channels split into this many independent groups", default=1, fades=True)
    bias: bool = flag("add a number per filter", default=True)
    in_: int | None = count("C", "the input's channels, checked where stated", default=None)

    def check(self, at: Spot) -> None:
        spatial = check_spatial(at.x)
        check_channels(at.x, self.in_)
        check_groups(at.x[1], self.groups)
        for name in ("kernel", "stride", "padding", "output_padding", "dilation"):
            check_axes(name, getattr(self, name), spatial)
        check_filters(self.out, self.groups)
        for extra, stride, dilation in zip(
            per_axis(self.output_padding, spatial),
            per_axis(self.stride, spatial),
            per_axis(self.dilation, spatial),
            strict=True,
        ):
            if extra >= max(stride, dilation):
                raise ArchcalcError(
                    f"output_padding {extra} must be smaller than the stride or the dilation",
                    setting="output_padding",
                    hint=f"it is at most {max(stride, dilation) - 1} here",
                )
        if min(self.output(at)[2:]) < 1:
            raise ArchcalcError(
                "padding cuts the whole output away",
                setting="padding",
                hint="here it is what is cut off at each side of the output: make it smaller",
            )

    def with_bias(self, at: Spot) -> Self:
        return self.replace(bias=True)

    def output(self, at: Site) -> Shape:
        spatial = at.x[2:]
        extents = (
            (extent - 1) * window.stride
            - (window.before + window.after)
            + window.dilation * (window.kernel - 1)
            + 1
            + extra
            for extent, window, extra in zip(
                spatial, self._windows(at.x), per_axis(self.output_padding, spatial), strict=True
            )
        )
        return (at.x[0], self.out, *extents)

    def _windows(self, x: Shape) -> tuple[Window, ...]:
        spatial = x[2:]
        settings = (self.kernel, self.stride, self.padding, self.dilation)
        return tuple(
            Window(k, s, before, after, d)
            for k, s, (before, after), d in zip(
                *(per_axis(values, spatial) for values in settings), strict=True
            )
        )

    def field(self, at: Site) -> Field:
        return tuple(
            Spread(window.kernel, window.stride, window.before, window.dilation)
            for window in self._windows(at.x)
        )

    def weights(self, at: Site) -> Weights:
        tensors: Weights = {"weight": (at.x[1], self.out // self.groups, *per_axis(self.kernel, at.x[2:]))}
        if self.bias:
            tensors["bias"] = (self.out,)
        return tensors

    def work(self, at: Site) -> Work:
        positions = at.x[0] * prod(at.x[2:])
        return Work(
            macs=positions * elements([self.weights(at)["weight"]]),
            additions=prod(at.y) if self.bias else 0,
        )

    def gradients(self, at: Site, needed: Sequence[bool], learnt: Collection[str]) -> Number:
        return self.work(at).macs * (("weight" in learnt) + sum(needed))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(INPUT, weights={"weight": back_to_input(step)}, why=to_weight(step))

    def laid(self, at: Site, strides: Shape) -> Shape:
        return follow(at.y, strides)

    def cast(self, at: Site, device: Device) -> Cast:
        return "low"

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return the convolution that spreads windows, and the bias as a pass of its own."""
        positions, weights = at.x[0] * prod(at.x[2:]), elements([self.weights(at)["weight"]])
        columns = self.out // self.groups * prod(per_axis(self.kernel, at.x[2:]))
        product = Product(positions, columns, at.x[1] // self.groups, self.groups)
        kind: KernelKind = "window" if self.groups == 1 else "grouped"
        bias = [Kernel("bias", prod(at.y) + self.out, prod(at.y))] if self.bias else []
        return (Kernel(kind, prod(at.x) + weights, prod(at.y), product), *bias)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.kernels import per_channel, scatter

        extra = per_axis(self.output_padding, x.shape[2:])
        y = scatter(x, weights["weight"], self._windows(x.shape), extra, self.groups)
        return y + per_channel(weights["bias"], x.ndim) if self.bias else y
