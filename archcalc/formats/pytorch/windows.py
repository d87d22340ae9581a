"""How PyTorch says convolutions, pools and changes of resolution."""

from __future__ import annotations

from math import inf

from archcalc.formats.padding import Sides, Windows, is_any, is_even, rank_of, refuse_dilation, windows
from archcalc.formats.program.code import Expression, chain, expression, one
from archcalc.formats.pytorch.table import writes
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import Op, per_axis
from archcalc.op.site import Shape, Site
from archcalc.ops.windows.conv import Conv
from archcalc.ops.windows.conv_transpose import ConvTranspose
from archcalc.ops.windows.pool import AvgPool, LpPool, MaxPool, Subsample
from archcalc.ops.windows.pool_whole import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool
from archcalc.ops.windows.resampling import DepthToSpace, Resize, SpaceToDepth, Upsample


def pad_before(sides: Sides, then: Expression, value: float = 0.0) -> Expression:
    """Return a layer behind one that pads, which holds padding that differs from side to side."""
    if not is_any(sides):
        return then
    return chain("nn.Sequential", padding(sides, value), then)


def padding(sides: Sides, value: float = 0.0) -> Expression:
    """Return a layer that pads."""
    amount = one(last_first(sides))
    if value == 0:
        return expression(f"nn.ZeroPad{len(sides)}d", padding=amount)
    return expression(f"nn.ConstantPad{len(sides)}d", padding=amount, value=value)


def last_first(sides: Sides) -> tuple[int, ...]:
    """Return padding as PyTorch lists it, the last axis first."""
    return tuple(side for pair in reversed(sides) for side in pair)


@writes(Conv)
def conv(op: Conv, at: Site) -> Expression:
    rank, slid = rank_of(at.x), windows(op, at)
    inner = is_even(slid.reach)
    pad = one(before for before, _ in slid.reach) if inner else 0
    kernel = one(slid.kernel)
    if op.connections is None:
        layer = expression(f"nn.Conv{rank}d", in_channels=at.x[1], out_channels=op.out, kernel_size=kernel)
    elif rank == 2:
        layer = expression("ConnectedConv", connections=op.connections, kernel_size=kernel)
    else:
        raise ArchcalcError(f"connections over {rank} spatial axes: there is a layer for 2")
    layer = layer.given(
        stride=(one(slid.stride), 1),
        padding=(pad, 0),
        dilation=(one(slid.dilation), 1),
        groups=(op.groups, 1),
        bias=(op.bias, True),
    )
    return layer if inner else pad_before(slid.reach, layer)


@writes(ConvTranspose)
def conv_transpose(op: ConvTranspose, at: Site) -> Expression:
    rank, spatial = rank_of(at.x), at.x[2:]
    sides = per_axis(op.padding, spatial)
    least = tuple(min(pair) for pair in sides)
    cut = tuple((few - before, few - after) for few, (before, after) in zip(least, sides, strict=True))
    layer = expression(
        f"nn.ConvTranspose{rank}d",
        in_channels=at.x[1],
        out_channels=op.out,
        kernel_size=one(per_axis(op.kernel, spatial)),
    ).given(
        stride=(one(per_axis(op.stride, spatial)), 1),
        padding=(one(least), 0),
        output_padding=(one(per_axis(op.output_padding, spatial)), 0),
        groups=(op.groups, 1),
        bias=(op.bias, True),
        dilation=(one(per_axis(op.dilation, spatial)), 1),
    )
    return chain("nn.Sequential", layer, padding(cut)) if is_any(cut) else layer


@writes(MaxPool)
def maxpool(op: MaxPool, at: Site) -> Expression:
    slid = windows(op, at)
    layer = _pool(f"nn.MaxPool{rank_of(at.x)}d", slid)
    inner = is_even(slid.sides) and all(
        w.kernel // 2 >= before for (before, _), w in zip(slid.sides, slid.axes, strict=True)
    )
    if inner:
        pad = one(before for before, _ in slid.sides)
        layer = layer.given(padding=(pad, 0), dilation=(one(slid.dilation), 1))
        return layer.given(ceil_mode=(slid.rounds_up, False))
    return pad_before(slid.reach, layer.given(dilation=(one(slid.dilation), 1)), -inf)


@writes(AvgPool)
def avgpool(op: AvgPool, at: Site) -> Expression:
    slid = refuse_dilation(op, at)
    layer = _pool(f"nn.AvgPool{rank_of(at.x)}d", slid)
    if is_even(slid.sides):
        pad = one(before for before, _ in slid.sides)
        layer = layer.given(padding=(pad, 0), ceil_mode=(slid.rounds_up, False))
        return layer.given(count_include_pad=(op.count_padding or not is_any(slid.sides), True))
    if op.count_padding and slid.fits("ceil" if slid.rounds_up else "floor"):
        return pad_before(slid.sides, layer.given(ceil_mode=(slid.rounds_up, False)))
    raise ArchcalcError("averages with padding that differs from side to side and does not count")


@writes(LpPool)
def lppool(op: LpPool, at: Site) -> Expression:
    slid = refuse_dilation(op, at)
    layer = expression(f"nn.LPPool{rank_of(at.x)}d", norm_type=op.norm, kernel_size=one(slid.kernel))
    return pad_before(slid.reach, layer.given(stride=(one(slid.stride), one(slid.kernel))))


@writes(Subsample)
def subsample(op: Subsample, at: Site) -> Expression:
    slid = refuse_dilation(op, at)
    if slid.rank != 2:
        raise ArchcalcError(f"works on {slid.rank} spatial axes: there is a layer for 2")
    layer = expression("Subsample", channels=at.x[1], kernel_size=one(slid.kernel))
    return pad_before(slid.reach, layer.given(stride=(one(slid.stride), one(slid.kernel))))


def _pool(form: str, slid: Windows) -> Expression:
    kernel = one(slid.kernel)
    return expression(form, kernel_size=kernel).given(stride=(one(slid.stride), kernel))


@writes(GlobalAvgPool, AdaptiveAvgPool)
def adaptive_avgpool(op: Op, at: Site) -> Expression:
    return expression(f"nn.AdaptiveAvgPool{rank_of(at.x)}d", output_size=one(at.y[2:]))


@writes(GlobalMaxPool, AdaptiveMaxPool)
def adaptive_maxpool(op: Op, at: Site) -> Expression:
    return expression(f"nn.AdaptiveMaxPool{rank_of(at.x)}d", output_size=one(at.y[2:]))


@writes(Upsample)
def upsample(op: Upsample, at: Site) -> Expression:
    linear = {1: "linear", 2: "bilinear", 3: "trilinear"}
    mode = op.mode if op.mode == "nearest" else linear[len(at.x) - 2]
    factor = one(float(scale) for scale in per_axis(op.scale, at.x[2:]))
    return expression("nn.Upsample").given(scale_factor=(factor, None), mode=(mode, "nearest"))


@writes(Resize)
def resize(op: Resize, at: Site) -> Expression:
    modes = {"linear": ("linear", "bilinear", "trilinear"), "cubic": ("", "bicubic", "")}
    rank = len(at.x) - 2
    mode = "nearest" if op.mode == "nearest" else modes[op.mode][rank - 1] if rank <= 3 else ""
    if not mode:
        raise ArchcalcError(f"resizes {rank} axes by {op.mode} interpolation")
    corners = (True if op.corners else None, None)
    return expression("nn.Upsample").given(
        size=(at.y[2:], None), mode=(mode, "nearest"), align_corners=corners
    )


@writes(DepthToSpace)
def depth_to_space(op: DepthToSpace, at: Site) -> Expression:
    _maps(at.x)
    form = "nn.PixelShuffle" if op.mode == "crd" else "depth_to_space({0}, {block})"
    return expression(form, block=op.block)


@writes(SpaceToDepth)
def space_to_depth(op: SpaceToDepth, at: Site) -> Expression:
    _maps(at.x)
    return expression("space_to_depth({0}, {block})", block=op.block)


def _maps(x: Shape) -> None:
    if len(x) != 4:
        raise ArchcalcError(f"works on {len(x) - 2} spatial axes: there is a layer for 2")
