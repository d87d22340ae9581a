"""How Keras says convolutions, pools and changes of resolution."""

from __future__ import annotations

from math import inf, prod

from archcalc.formats.keras.table import refuses, writes
from archcalc.formats.padding import Sides, Windows, is_any, rank_of, refuse_dilation, windows
from archcalc.formats.program.code import Expression, chain, expression, one
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape, Site
from archcalc.ops.windows.conv import Conv
from archcalc.ops.windows.conv_transpose import ConvTranspose
from archcalc.ops.windows.pool import AvgPool, LpPool, MaxPool, Subsample
from archcalc.ops.windows.pool_whole import AdaptiveAvgPool, AdaptiveMaxPool, GlobalAvgPool, GlobalMaxPool
from archcalc.ops.windows.resampling import Resize, Upsample

refuses("space_to_depth", "there is no layer for it")
refuses("depth_to_space", "there is no layer for it")
writes(GlobalAvgPool, AdaptiveAvgPool)(lambda op, at: _adaptive("Average", at))
writes(GlobalMaxPool, AdaptiveMaxPool)(lambda op, at: _adaptive("Max", at))

CHAIN = "then"

"""Several layers, each of which takes what the one before it makes."""


def padding(sides: Sides) -> Expression:
    """Return a layer that puts zeros around the spatial axes."""
    return expression(f"layers.ZeroPadding{len(sides)}D", padding=_amount(sides))


def _amount(sides: Sides) -> object:
    """Return padding as Keras takes it: a number, one an axis, or pairs; of a single axis its pair."""
    if all(before == after for before, after in sides):
        return one(before for before, _ in sides)
    return sides[0] if len(sides) == 1 else sides


def _pad(sides: Sides, then: Expression, value: float = 0.0) -> Expression:
    """Return a layer behind one that pads."""
    if not is_any(sides):
        return then
    if value == 0:
        return chain(CHAIN, padding(sides), then)
    whole = ((0, 0), (0, 0), *sides)
    return chain(
        CHAIN, expression("ops.pad({0}, {sides}, constant_values={value})", sides=whole, value=value), then
    )


def _slide(layer: Expression, slid: Windows, stride: object) -> tuple[Expression, Sides]:
    """Return a call with strides and padding, and the padding that must come before it."""
    layer = layer.given(strides=(one(slid.stride), stride))
    if is_any(slid.reach) and slid.is_same:
        return layer.given(padding=("same", "valid")), ()
    return layer, slid.reach


@writes(Conv)
def conv(op: Conv, at: Site) -> Expression:
    slid, rank = windows(op, at), rank_of(at.x)
    if max(slid.stride) > 1 and max(slid.dilation) > 1:
        raise ArchcalcError("it has both a stride and a dilation, of which the framework takes one")
    kernel = one(slid.kernel)
    if op.connections is not None and rank != 2:
        raise ArchcalcError(f"connections over {rank} spatial axes: there is a layer for 2")
    if op.connections is not None:
        layer = expression("ConnectedConv", connections=op.connections, kernel_size=kernel)
    elif op.groups == at.x[1] > 1 and rank < 3:
        layer = expression(f"layers.DepthwiseConv{rank}D", kernel_size=kernel)
        layer = layer.given(depth_multiplier=(op.out // at.x[1], 1))
    else:
        layer = expression(f"layers.Conv{rank}D", filters=op.out, kernel_size=kernel)
        layer = layer.given(groups=(op.groups, 1))
    layer, sides = _slide(layer, slid, 1)
    return _pad(sides, layer.given(dilation_rate=(one(slid.dilation), 1), use_bias=(op.bias, True)))


@writes(ConvTranspose)
def conv_transpose(op: ConvTranspose, at: Site) -> Expression:
    rank, spatial = rank_of(at.x), at.x[2:]
    kernel, stride, dilation, extra = (
        per_axis(setting, spatial) for setting in (op.kernel, op.stride, op.dilation, op.output_padding)
    )
    sides = per_axis(op.padding, spatial)
    if op.groups > 1:
        raise ArchcalcError("it has groups, and its layer has none")
    if max(stride) > 1 and max(dilation) > 1:
        raise ArchcalcError("it has both a stride and a dilation, of which the framework takes one")
    if any(k < s for k, s in zip(kernel, stride, strict=True)) and any(extra):
        raise ArchcalcError("its stride is larger than its kernel")
    layer = expression(f"layers.Conv{rank}DTranspose", filters=op.out, kernel_size=one(kernel)).given(
        strides=(one(stride), 1),
        output_padding=(one(extra) if any(extra) else None, None),
        dilation_rate=(one(dilation), 1),
        use_bias=(op.bias, True),
    )
    longer = (max(0, s - k) for k, s in zip(kernel, stride, strict=True))
    cut = tuple((before, after + more) for (before, after), more in zip(sides, longer, strict=True))
    return chain(CHAIN, layer, cropping(cut)) if is_any(cut) else layer


def cropping(sides: Sides) -> Expression:
    """Return a layer that cuts off the borders of the spatial axes."""
    return expression(f"layers.Cropping{len(sides)}D", cropping=_amount(sides))


@writes(MaxPool)
def maxpool(op: MaxPool, at: Site) -> Expression:
    slid = refuse_dilation(op, at)
    layer, sides = _slide(_pool("Max", slid, at.x), slid, one(slid.kernel))
    return _pad(sides, layer, -inf)


@writes(AvgPool)
def avgpool(op: AvgPool, at: Site) -> Expression:
    slid = refuse_dilation(op, at)
    if not slid.rounds_up and (op.count_padding or not is_any(slid.sides)):
        layer = _pool("Average", slid, at.x).given(strides=(one(slid.stride), one(slid.kernel)))
        return _pad(slid.sides, layer)
    if op.count_padding and is_any(slid.sides):
        raise ArchcalcError("averages with padding, rounded up")
    sides = ((0, 0), (0, 0), *slid.reach)
    form = "average_inside({0}, {pool_size}, {strides}, {sides})"
    return expression(form, pool_size=one(slid.kernel), strides=one(slid.stride), sides=sides)


@writes(LpPool)
def lppool(op: LpPool, at: Site) -> Expression:
    slid = refuse_dilation(op, at)
    rank_of(at.x)
    form = "lp_pool({0}, {norm}, {pool_size}, {strides})"
    layer = expression(form, norm=op.norm, pool_size=slid.kernel, strides=slid.stride)
    return _pad(slid.reach, layer)


@writes(Subsample)
def subsample(op: Subsample, at: Site) -> Expression:
    slid = refuse_dilation(op, at)
    rank_of(at.x)
    layer = expression("Subsample", pool_size=slid.kernel).given(strides=(slid.stride, slid.kernel))
    return _pad(slid.reach, layer)


def _pool(form: str, slid: Windows, x: Shape) -> Expression:
    return expression(f"layers.{form}Pooling{rank_of(x)}D", pool_size=one(slid.kernel))


def _adaptive(form: str, at: Site) -> Expression:
    if prod(at.y[2:]) == 1:
        return expression(f"layers.Global{form}Pooling{rank_of(at.x)}D").given(keepdims=(True, False))
    return expression(f"layers.Adaptive{form}Pooling{rank_of(at.x)}D", output_size=one(at.y[2:]))


@writes(Upsample)
def upsample(op: Upsample, at: Site) -> Expression:
    rank = rank_of(at.x)
    if op.mode != "nearest" and rank != 2:
        raise ArchcalcError(f"interpolates over {rank} axes: there is a layer for 2")
    if rank == 1:  # its layer takes the channels last only
        return expression("ops.repeat({0}, {scale}, axis=2)", scale=op.scale[0])
    mode = "nearest" if op.mode == "nearest" else "bilinear"
    layer = expression(f"layers.UpSampling{rank}D", size=one(per_axis(op.scale, at.x[2:])))
    return layer.given(interpolation=(mode, "nearest"))


@writes(Resize)
def resize(op: Resize, at: Site) -> Expression:
    if len(at.x) != 4 or op.corners or op.mode == "cubic":
        raise ArchcalcError("resizes other than two axes, or in another way than its layer")
    factors = tuple(new // old for new, old in zip(at.y[2:], at.x[2:], strict=True))
    if op.mode == "nearest":
        if any(new % old for new, old in zip(at.y[2:], at.x[2:], strict=True)):
            raise ArchcalcError("copies the nearest elements, but not all equally often")
        return expression("layers.UpSampling2D", size=one(factors))
    return expression(
        'ops.image.resize({0}, {size}, interpolation="bilinear", antialias=False)', size=at.y[2:]
    )
