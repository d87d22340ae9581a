"""How Keras says each layer that has a window, a matrix or statistics; the rest is in `functions`."""

from __future__ import annotations

from math import inf, prod
from typing import Any

from archcalc.formats.keras.table import says
from archcalc.formats.padding import Sides, Windows, is_any, rank_of, windows
from archcalc.formats.program.code import Call, call, chain, one
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape

CHAIN = "then"
"""Several layers, each of which takes what the one before it makes."""


def padding(sides: Sides) -> Call:
    """Return a layer that puts zeros around the spatial axes."""
    return call(f"layers.ZeroPadding{len(sides)}D", padding=_amount(sides))


def _amount(sides: Sides) -> Any:
    """Return padding as Keras takes it: a number, one an axis, or pairs; of a single axis its pair."""
    if all(before == after for before, after in sides):
        return one(before for before, _ in sides)
    return sides[0] if len(sides) == 1 else sides


def _padded(sides: Sides, then: Call, value: float = 0.0) -> Call:
    """Return a layer behind one that pads."""
    if not is_any(sides):
        return then
    if value == 0:
        return chain(CHAIN, padding(sides), then)
    whole = ((0, 0), (0, 0), *sides)
    return chain(
        CHAIN, call("ops.pad({0}, {sides}, constant_values={value})", sides=whole, value=value), then
    )


def _slid(found: Call, slid: Windows, stride: Any) -> tuple[Call, Sides]:
    """Return a call with strides and padding, and the padding that must come before it."""
    found = found.given(strides=(one(slid.stride), stride))
    if is_any(slid.reach) and slid.is_same:
        return found.given(padding=("same", "valid")), ()
    return found, slid.reach


@says("conv")
def conv(op: Any, y: Shape, x: Shape) -> Call:
    slid, rank = windows(op, y, x), rank_of(x)
    if max(slid.stride) > 1 and max(slid.dilation) > 1:
        raise ArchcalcError("it has both a stride and a dilation, of which the framework takes one")
    kernel = one(slid.kernel)
    if op.connections is not None:
        found = call("ConnectedConv", connections=op.connections, kernel_size=kernel)
    elif op.groups == x[1] > 1 and rank < 3:
        multiplier = (op.out // x[1], 1)
        found = call(f"layers.DepthwiseConv{rank}D", kernel_size=kernel).given(depth_multiplier=multiplier)
    else:
        found = call(f"layers.Conv{rank}D", filters=op.out, kernel_size=kernel).given(groups=(op.groups, 1))
    if op.connections is not None and rank != 2:
        raise ArchcalcError(f"connections over {rank} spatial axes: there is a layer for 2")
    found, sides = _slid(found, slid, 1)
    return _padded(sides, found.given(dilation_rate=(one(slid.dilation), 1), use_bias=(op.bias, True)))


@says("conv_transpose")
def conv_transpose(op: Any, y: Shape, x: Shape) -> Call:
    rank, spatial = rank_of(x), x[2:]
    kernel, stride, dilation, extra, sides = (
        per_axis(setting, spatial)
        for setting in (op.kernel, op.stride, op.dilation, op.output_padding, op.padding)
    )
    if op.groups > 1:
        raise ArchcalcError("it has groups, and its layer has none")
    if max(stride) > 1 and max(dilation) > 1:
        raise ArchcalcError("it has both a stride and a dilation, of which the framework takes one")
    if any(k < s for k, s in zip(kernel, stride, strict=True)) and any(extra):
        raise ArchcalcError("its stride is larger than its kernel")
    found = call(f"layers.Conv{rank}DTranspose", filters=op.out, kernel_size=one(kernel)).given(
        strides=(one(stride), 1),
        output_padding=(one(extra) if any(extra) else None, None),
        dilation_rate=(one(dilation), 1),
        use_bias=(op.bias, True),
    )
    longer = (max(0, s - k) for k, s in zip(kernel, stride, strict=True))
    cut = tuple((before, after + more) for (before, after), more in zip(sides, longer, strict=True))
    return chain(CHAIN, found, cropping(cut)) if is_any(cut) else found


def cropping(sides: Sides) -> Call:
    """Return a layer that cuts off the borders of the spatial axes."""
    return call(f"layers.Cropping{len(sides)}D", cropping=_amount(sides))


@says("maxpool")
def maxpool(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    _undilated(slid)
    found, sides = _slid(_pool("Max", slid, x), slid, one(slid.kernel))
    return _padded(sides, found, -inf)


@says("avgpool")
def avgpool(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    _undilated(slid)
    if not slid.rounds_up and (op.count_padding or not is_any(slid.sides)):
        found = _pool("Average", slid, x).given(strides=(one(slid.stride), one(slid.kernel)))
        return _padded(slid.sides, found)
    if op.count_padding and is_any(slid.sides):
        raise ArchcalcError("averages with padding, rounded up")
    sides = ((0, 0), (0, 0), *slid.reach)
    form = "average_inside({0}, {pool_size}, {strides}, {sides})"
    return call(form, pool_size=one(slid.kernel), strides=one(slid.stride), sides=sides)


@says("lppool")
def lppool(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    _undilated(slid)
    rank_of(x)
    form = "lp_pool({0}, {norm}, {pool_size}, {strides})"
    found = call(form, norm=op.norm, pool_size=slid.kernel, strides=slid.stride)
    return _padded(slid.reach, found)


@says("subsample")
def subsample(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    _undilated(slid)
    rank_of(x)
    found = call("Subsample", pool_size=slid.kernel).given(strides=(slid.stride, slid.kernel))
    return _padded(slid.reach, found)


def _pool(form: str, slid: Windows, x: Shape) -> Call:
    return call(f"layers.{form}Pooling{rank_of(x)}D", pool_size=one(slid.kernel))


def _undilated(slid: Windows) -> None:
    if set(slid.dilation) != {1}:
        raise ArchcalcError("pools with a dilation, for which there is no layer")


@says("global_avgpool")
def global_avgpool(op: Any, y: Shape, x: Shape) -> Call:
    return call(f"layers.GlobalAveragePooling{rank_of(x)}D").given(keepdims=(True, False))


@says("global_maxpool")
def global_maxpool(op: Any, y: Shape, x: Shape) -> Call:
    return call(f"layers.GlobalMaxPooling{rank_of(x)}D").given(keepdims=(True, False))


@says("adaptive_avgpool")
def adaptive_avgpool(op: Any, y: Shape, x: Shape) -> Call:
    if prod(y[2:]) == 1:
        return global_avgpool(op, y, x)
    return call(f"layers.AdaptiveAveragePooling{rank_of(x)}D", output_size=one(y[2:]))


@says("adaptive_maxpool")
def adaptive_maxpool(op: Any, y: Shape, x: Shape) -> Call:
    if prod(y[2:]) == 1:
        return global_maxpool(op, y, x)
    return call(f"layers.AdaptiveMaxPooling{rank_of(x)}D", output_size=one(y[2:]))


@says("linear")
def linear(op: Any, y: Shape, x: Shape) -> Call:
    if op.axis % len(x) != len(x) - 1:
        raise ArchcalcError(f"works on axis {op.axis}: there is a layer for the last one")
    return call("layers.Dense", units=op.out).given(use_bias=(op.bias, True))


@says("rbf")
def rbf(op: Any, y: Shape, x: Shape) -> Call:
    return call("RBF", units=op.out)


def _learnt(op: Any) -> dict[str, tuple[bool, bool]]:
    return {"center": (op.affine, True), "scale": (op.affine, True)}


@says("batchnorm")
def batchnorm(op: Any, y: Shape, x: Shape) -> Call:
    return call("layers.BatchNormalization").given(axis=(1, -1), epsilon=(op.eps, 1e-3), **_learnt(op))


@says("layernorm")
def layernorm(op: Any, y: Shape, x: Shape) -> Call:
    whole = {"all": range(1, len(x)), "last": range(len(x) - op.axes, len(x))}
    taken = tuple(whole.get(op.over, (1,)))
    inner = taken[-1] < len(x) - 1
    axis = -1 if len(taken) == 1 else taken
    found = call("layers.LayerNormalization").given(axis=(axis, -1), epsilon=(op.eps, 1e-3), **_learnt(op))
    if not inner:
        return found
    # With PyTorch underneath the layer normalises last axes only.
    away = call("layers.Permute", dims=(*range(2, len(x)), 1))
    back = call("layers.Permute", dims=(len(x) - 1, *range(1, len(x) - 1)))
    return chain(CHAIN, away, found, back)


@says("groupnorm")
def groupnorm(op: Any, y: Shape, x: Shape) -> Call:
    found = call("layers.GroupNormalization", groups=op.groups)
    return found.given(axis=(1, -1), epsilon=(op.eps, 1e-3), **_learnt(op))


@says("rmsnorm")
def rmsnorm(op: Any, y: Shape, x: Shape) -> Call:
    if op.axes > 1 or not op.affine:
        raise ArchcalcError("its layer takes one axis and learns a scale")
    return call("layers.RMSNormalization").given(axis=(-1, -1), epsilon=(op.eps, 1e-6))


@says("lrn")
def lrn(op: Any, y: Shape, x: Shape) -> Call:
    form = "local_response_norm({0}, {size}, {alpha}, {beta}, {bias})"
    return call(form, size=op.size, alpha=op.alpha, beta=op.beta, bias=op.bias)


@says("affine")
def affine(op: Any, y: Shape, x: Shape) -> Call:
    return call("Affine", axis=op.axis % len(x)).given(scale=(op.scale, True), shift=(op.shift, True))
