"""Ops that change the spatial resolution without weights: enlarging, resizing, and trading channels for positions."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Literal

from archcalc.arithmetic.sight import Field
from archcalc.arithmetic.window import Resampling, Spread, Window
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import Backward, Cast, Device, Keeps, full_on_cuda
from archcalc.op.op import NO_WORK, Op, Work, op, per_axis
from archcalc.op.setting import idle, only
from archcalc.op.settings import choice, count, flag, size
from archcalc.op.site import Shape, Site, Spot
from archcalc.ops.axes import check_axes
from archcalc.ops.windows.sliding import check_spatial

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array

NEIGHBOURS = {"nearest": 1, "linear": 2, "cubic": 4}
"""How many elements along an axis each new one is made of."""


def _blending(y: Shape, mode: str) -> Work:
    """Return the work of weighing the nearest elements of each new one: kᵈ of them on d axes."""
    if mode == "nearest":
        return NO_WORK
    near = NEIGHBOURS[mode] ** len(y[2:])
    return Work(multiplications=near * prod(y), additions=(near - 1) * prod(y))


@op("upsample", also="unpool upsampling", main="scale", example=("16x8x8", {"scale": 2}))
class Upsample(Op):
    """Enlarge the spatial axes by whole factors.

    (N, C, *I) -> (N, C, *O)   with O = scale·I

    `nearest` copies; `linear` weighs the 2ᵈ nearest elements of d axes: 2ᵈ multiplications and
    2ᵈ - 1 additions an output element. Source: torch.nn.Upsample.
    """

    runs_as = "copy"

    scale: tuple[int, ...] = size("s", "factor")
    mode: Literal["nearest", "linear"] = choice(
        ("nearest", "linear"), "how new elements are made", default="nearest"
    )

    def check(self, at: Spot) -> None:
        check_axes("scale", self.scale, check_spatial(at.x))

    def output(self, at: Site) -> Shape:
        factors = per_axis(self.scale, at.x[2:])
        return (*at.x[:2], *(factor * i for factor, i in zip(factors, at.x[2:], strict=True)))

    def field(self, at: Site) -> Field:
        return tuple(
            Resampling(1, factor, NEIGHBOURS[self.mode]) for factor in per_axis(self.scale, at.x[2:])
        )

    def work(self, at: Site) -> Work:
        return _blending(at.y, self.mode)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def cast(self, at: Site, device: Device) -> Cast:
        return full_on_cuda(device)

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import resample

        return resample(x, self.output_sizes(x.shape)[2:], NEIGHBOURS[self.mode], corners=False)


@op("resize", also="interpolate interpolation", main="size", example=("16x8x8", {"size": [12, 20]}))
class Resize(Op):
    """Bring the spatial axes to any size.

    (N, C, *I) -> (N, C, *size)

    Elements are areas: output i lies at (i + 1/2)·I/O - 1/2, or with `corners` at i·(I - 1)/(O - 1), so that the
    outermost ones stay. `nearest` takes element ⌊i·I/O⌋; `linear` weighs the 2ᵈ nearest elements of d axes,
    `cubic` the 4ᵈ nearest. Source: torch.nn.functional.interpolate; ONNX Resize; Keys 1981, with a = -3/4.
    """

    runs_as = "copy"

    size: tuple[int, ...] = size("", "the new size")
    mode: Literal["nearest", "linear", "cubic"] = choice(
        ("nearest", "linear", "cubic"), "how new elements are made", default="nearest"
    )
    corners: bool = only(
        flag("keep the outermost elements where they are", default=False), "mode", "linear", "cubic"
    )

    def check(self, at: Spot) -> None:
        check_axes("size", self.size, check_spatial(at.x))

    def output(self, at: Site) -> Shape:
        return (*at.x[:2], *per_axis(self.size, at.x[2:]))

    def field(self, at: Site) -> Field:
        sizes = zip(at.x[2:], self.output(at)[2:], strict=True)
        return tuple(Resampling(old, new, NEIGHBOURS[self.mode], self.corners) for old, new in sizes)

    def work(self, at: Site) -> Work:
        return _blending(at.y, self.mode)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def cast(self, at: Site, device: Device) -> Cast:
        return full_on_cuda(device)

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import resample

        return resample(x, self.output_sizes(x.shape)[2:], NEIGHBOURS[self.mode], corners=self.corners)


@op("depth_to_space", also="pixelshuffle", main="block", example=("16x6x6", {"block": 2}))
class DepthToSpace(Op):
    """Lay the channels of a position out as a block of positions: more resolution, fewer channels.

    (N, C, *I) -> (N, C/bᵈ, *O)   with O = b·I on d spatial axes

    `crd` takes the channels of one map together, as torch.nn.PixelShuffle does; `dcr` those of one place in
    the block, as TensorFlow does. Source: Shi et al. 2016; ONNX DepthToSpace.
    """

    runs_as = "copy"

    block: int = count("b", "size of a block along each axis")
    mode: Literal["dcr", "crd"] = idle(
        choice(("dcr", "crd"), "which channels belong together", default="dcr"), "to blocks of 1"
    )

    def check(self, at: Spot) -> None:
        spatial = check_spatial(at.x)
        if at.x[1] % self.block ** len(spatial):
            raise ArchcalcError(
                f"{at.x[1]} channels do not make blocks of {self.block ** len(spatial)}",
                setting="block",
                hint=f"a block of {self.block} takes {'·'.join(str(self.block) for _ in spatial)} channels: "
                f"their number must be a multiple of {self.block ** len(spatial)}",
            )

    def output(self, at: Site) -> Shape:
        return (at.x[0], at.x[1] // prod(self.block for _ in at.x[2:]), *(i * self.block for i in at.x[2:]))

    def field(self, at: Site) -> Field:
        return tuple(Spread(self.block, self.block) for _ in at.x[2:])

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def forward(self, x: Array) -> Array:
        axes, blocks = len(x.shape[2:]), (self.block,) * len(x.shape[2:])
        taken = (*blocks, -1) if self.mode == "dcr" else (-1, *blocks)
        apart = x.reshape(len(x), *taken, *x.shape[2:])
        channel, first = (1 + axes, 1) if self.mode == "dcr" else (1, 2)
        pairs = (axis for i in range(axes) for axis in (2 + axes + i, first + i))
        return apart.transpose(0, channel, *pairs).reshape(self.output_sizes(x.shape)).copy()


@op("space_to_depth", also="pixelunshuffle reorg", main="block", example=("4x12x12", {"block": 2}))
class SpaceToDepth(Op):
    """Lay a block of positions out as channels of one: less resolution, more channels, nothing lost.

    (N, C, *I) -> (N, C·bᵈ, *O)   with O = I/b on d spatial axes

    Source: ONNX SpaceToDepth; the reverse of `depth_to_space` in its mode `dcr`.
    """

    runs_as = "copy"

    block: int = count("b", "size of a block along each axis")

    def check(self, at: Spot) -> None:
        for extent in check_spatial(at.x):
            if extent % self.block:
                raise ArchcalcError(
                    f"{extent} is not made of blocks of {self.block}",
                    setting="block",
                    hint=f"a crop or a pad before it makes {extent} a multiple of {self.block}",
                )

    def output(self, at: Site) -> Shape:
        return (at.x[0], at.x[1] * prod(self.block for _ in at.x[2:]), *(i // self.block for i in at.x[2:]))

    def field(self, at: Site) -> Field:
        return tuple(Window(self.block, self.block) for _ in at.x[2:])

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def forward(self, x: Array) -> Array:
        axes = len(x.shape[2:])
        apart = x.reshape(
            *x.shape[:2], *(part for i in x.shape[2:] for part in (i // self.block, self.block))
        )
        taps, outer = range(3, 3 + 2 * axes, 2), range(2, 2 + 2 * axes, 2)
        return apart.transpose(0, *taps, 1, *outer).reshape(self.output_sizes(x.shape)).copy()
