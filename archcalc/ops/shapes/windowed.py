"""Ops of attention within windows: how far apart the positions of a window are, and which are no neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import Backward, Keeps
from archcalc.op.kernels import Kernel, Kernels, pass_over
from archcalc.op.op import Op, Weights, Work, op, per_axis
from archcalc.op.settings import size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("relative_bias", main="window", example=("169x3", {"window": "7x7"}))
class RelativeBias(Op):
    """Look up, for each two positions of a window, the bias that a table holds for how far apart they are.

    (N, D, *A) -> (N, T, T, *A)   with T = Πw positions in a window and D = Π(2w - 1) distances

    Looking up is no arithmetic. The index is a buffer, and programs that `export` writes begin with the rows that
    follow from the window: for the positions p and q the digits pᵢ - qᵢ + wᵢ - 1 to the bases 2wᵢ - 1, those of
    the first axis first. Source: Liu et al. 2021, Swin Transformer, equation 4.
    """

    runs_as = "copy"

    window: tuple[int, ...] = size("w", "size of a window, one number an axis")

    def check(self, at: Spot) -> None:
        distances = self._distances()
        if at.x[1] != distances:
            raise ArchcalcError(
                f"a window of {'x'.join(map(str, self.window))} has {distances} distances, "
                f"but the table has {at.x[1]} rows",
                setting="window",
                hint="along an axis of w positions there are 2w - 1 distances; give one number an axis, such as 7x7",
            )

    def _distances(self) -> int:
        return prod(2 * width - 1 for width in self.window)

    def output(self, at: Site) -> Shape:
        positions = prod(self.window)
        return (at.x[0], positions, positions, *at.x[2:])

    def buffers(self, at: Site) -> Weights:
        positions = prod(self.window)
        return {"index": (positions, positions)}

    def field(self, at: Site) -> Field:
        return "whole"

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()  # the index is a buffer

    def forward(self, x: Array, index: Array) -> Array:
        from archcalc.arrays.tensors import positions

        y: Array = x[:, positions(index, x.shape[1])]
        return y


MASKING = 7
"""Kernels that make a mask of numbered regions: they are laid out, cut into windows, compared and chosen between."""


@op("window_mask", example=("4x3x16x16", {"map": "8x8", "window": 4, "shift": 2}))
class WindowMask(Op):
    """Take 100 off the scores of each two positions that only a shift has put into one window.

    (N, W, *A, T, T) -> (N, W, *A, T, T)   with W windows of T = Πw positions

    A map rolled by -shift has, at its end, positions that came round: they are no neighbours of the others in
    their window. Source: Liu et al. 2021, Swin Transformer, figure 4; torchvision has -100, too.
    """

    map: tuple[int, ...] = size("", "sizes of the map that the windows make up, one number an axis")
    window: tuple[int, ...] = size("w", "size of a window")
    shift: tuple[int, ...] = size("", "by how many positions the map was rolled towards the front")

    def check(self, at: Spot) -> None:
        for name in ("window", "shift"):
            values = getattr(self, name)
            if len(values) not in (1, len(self.map)):
                raise ArchcalcError(
                    f"'{name}' has {len(values)} numbers, but 'map' has {len(self.map)}",
                    setting=name,
                    hint="give one number for all axes, or one for each",
                )
        sizes = "x".join(map(str, self.map))
        if any(extent % width for extent, width in zip(self.map, self._window(), strict=True)):
            raise ArchcalcError(
                f"{sizes} is not made of windows of {'x'.join(map(str, self.window))}",
                setting="window",
                hint="pad the map before it is cut into windows",
            )
        if any(by >= width for by, width in zip(per_axis(self.shift, self.map), self._window(), strict=True)):
            raise ArchcalcError(
                "the shift is not smaller than the window", setting="shift", hint="half a window is usual"
            )
        positions = prod(self._window())
        windows = prod(self.map) // positions
        if len(at.x) < 4 or (at.x[1], *at.x[-2:]) != (windows, positions, positions):
            raise ArchcalcError(
                f"{sizes} has {windows} windows with {positions}x{positions} scores each, "
                f"but gets {'x'.join(map(str, at.x[1:]))}",
                setting="map",
                hint="windows come first and the scores of two positions last",
            )

    def _window(self) -> tuple[int, ...]:
        return per_axis(self.window, self.map)

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.y))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def passes(self, at: Site, number: int) -> bool:
        return True  # the mask is a constant that is added

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return those that make the mask, a few numbers at a time, and the sum."""
        regions = 3 ** len(self.map)
        return (*[Kernel("elementwise", 0, 0)] * (regions + MASKING), pass_over("stretched", at))

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import window_regions

        regions = window_regions(self.map, self._window(), per_axis(self.shift, self.map))
        regions = regions.reshape(len(regions), *(1,) * (x.ndim - 4), -1)
        y: Array = x - 100 * (regions[..., :, None] != regions[..., None, :]).astype(x.dtype)
        return y


@op("log_distances", main="window", example=((), {"window": "8x8"}))
class LogDistances(Op):
    """How far apart two positions of a window can be, on a logarithmic scale, a row a distance.

    () -> (1, D, A)   with D = Π(2w - 1) distances along A axes

    Distances are in the order in which `relative_bias` looks them up: sign(d)·log₂(1 + 8·|d|/(w - 1))/3 along each
    axis. They are a buffer, and programs that `export` writes begin with what follows from the window.
    Source: Liu et al. 2022, Swin Transformer V2, equation 4; torchvision has these numbers.
    """

    traits = Traits(role="constant", takes=(0, 0))

    window: tuple[int, ...] = size("w", "size of a window, one number an axis", least=2)

    def output(self, at: Site) -> Shape:
        return (1, *self._sizes())

    def buffers(self, at: Site) -> Weights:
        return {"value": self._sizes()}

    def _sizes(self) -> Shape:
        return (prod(2 * width - 1 for width in self.window), len(self.window))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return ()

    def forward(self, value: Array) -> Array:
        return value.reshape(self.output_sizes())
