"""How PyTorch says each layer that has a window, a matrix or running statistics; the rest is in `functions`."""

from __future__ import annotations

from math import inf
from typing import Any

from archcalc.formats.padding import Sides, Windows, is_any, is_even, rank_of, windows
from archcalc.formats.program.code import Call, call, chain, one
from archcalc.formats.pytorch.table import says
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape


def padded(sides: Sides, then: Call, value: float = 0.0) -> Call:
    """Return a layer behind one that pads, which holds padding that differs from side to side."""
    if not is_any(sides):
        return then
    return chain("nn.Sequential", padding(sides, value), then)


def padding(sides: Sides, value: float = 0.0) -> Call:
    """Return a layer that pads: PyTorch lists the last axis first."""
    amount = tuple(side for pair in reversed(sides) for side in pair)
    if value == 0:
        return call(f"nn.ZeroPad{len(sides)}d", padding=one(amount))
    return call(f"nn.ConstantPad{len(sides)}d", padding=one(amount), value=value)


@says("conv")
def conv(op: Any, y: Shape, x: Shape) -> Call:
    rank_of(x)
    slid = windows(op, y, x)
    inner = is_even(slid.reach)
    pad = one(before for before, _ in slid.reach) if inner else 0
    if op.connections is not None:
        options = call("ConnectedConv", connections=op.connections)
        found = _window(options, slid)
    else:
        channels = call(f"nn.Conv{slid.rank}d", in_channels=x[1], out_channels=op.out)
        found = _window(channels, slid)
    found = found.given(padding=(pad, 0), dilation=(one(slid.dilation), 1))
    if op.connections is None:
        found = found.given(groups=(op.groups, 1))
    elif slid.rank != 2:
        raise ArchcalcError(f"connections over {slid.rank} spatial axes: there is a layer for 2")
    found = found.given(bias=(op.bias, True))
    return found if inner else padded(slid.reach, found)


def _window(found: Call, slid: Windows) -> Call:
    size = call("", kernel_size=one(slid.kernel)).arguments
    return found._replace(arguments=(*found.arguments, *size)).given(stride=(one(slid.stride), 1))


@says("conv_transpose")
def conv_transpose(op: Any, y: Shape, x: Shape) -> Call:
    rank, spatial = rank_of(x), x[2:]
    sides = per_axis(op.padding, spatial)
    least = tuple(min(pair) for pair in sides)
    cut = tuple((few - before, few - after) for few, (before, after) in zip(least, sides, strict=True))
    found = call(
        f"nn.ConvTranspose{rank}d",
        in_channels=x[1],
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
    return chain("nn.Sequential", found, padding(cut)) if is_any(cut) else found


@says("maxpool")
def maxpool(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    found = _pool(f"nn.MaxPool{rank_of(x)}d", slid)
    inner = is_even(slid.sides) and all(before <= w.kernel // 2 for (before, _), w in _axes(slid))
    if inner:
        pad = one(before for before, _ in slid.sides)
        found = found.given(padding=(pad, 0), dilation=(one(slid.dilation), 1))
        return found.given(ceil_mode=(slid.rounds_up, False))
    return padded(slid.reach, found.given(dilation=(one(slid.dilation), 1)), -inf)


@says("avgpool")
def avgpool(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    _undilated(slid)
    found = _pool(f"nn.AvgPool{rank_of(x)}d", slid)
    if is_even(slid.sides):
        pad = one(before for before, _ in slid.sides)
        found = found.given(padding=(pad, 0), ceil_mode=(slid.rounds_up, False))
        return found.given(count_include_pad=(op.count_padding or not is_any(slid.sides), True))
    if op.count_padding and slid.fits("ceil" if slid.rounds_up else "floor"):
        return padded(slid.sides, found.given(ceil_mode=(slid.rounds_up, False)))
    raise ArchcalcError("averages with padding that differs from side to side and does not count")


@says("lppool")
def lppool(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    _undilated(slid)
    found = call(f"nn.LPPool{rank_of(x)}d", norm_type=op.norm, kernel_size=one(slid.kernel))
    return padded(slid.reach, found.given(stride=(one(slid.stride), one(slid.kernel))))


@says("subsample")
def subsample(op: Any, y: Shape, x: Shape) -> Call:
    slid = windows(op, y, x)
    _undilated(slid)
    if slid.rank != 2:
        raise ArchcalcError(f"works on {slid.rank} spatial axes: there is a layer for 2")
    found = call("Subsample", channels=x[1], kernel_size=one(slid.kernel))
    return padded(slid.reach, found.given(stride=(one(slid.stride), one(slid.kernel))))


def _pool(form: str, slid: Windows) -> Call:
    kernel = one(slid.kernel)
    return call(form, kernel_size=kernel).given(stride=(one(slid.stride), kernel))


def _axes(slid: Windows) -> Any:
    return zip(slid.sides, slid.axes, strict=True)


def _undilated(slid: Windows) -> None:
    if set(slid.dilation) != {1}:
        raise ArchcalcError("pools with a dilation, which the framework does only for the largest element")


@says("global_avgpool")
def global_avgpool(op: Any, y: Shape, x: Shape) -> Call:
    return call(f"nn.AdaptiveAvgPool{rank_of(x)}d", output_size=1)


@says("global_maxpool")
def global_maxpool(op: Any, y: Shape, x: Shape) -> Call:
    return call(f"nn.AdaptiveMaxPool{rank_of(x)}d", output_size=1)


@says("adaptive_avgpool")
def adaptive_avgpool(op: Any, y: Shape, x: Shape) -> Call:
    return call(f"nn.AdaptiveAvgPool{rank_of(x)}d", output_size=one(y[2:]))


@says("adaptive_maxpool")
def adaptive_maxpool(op: Any, y: Shape, x: Shape) -> Call:
    return call(f"nn.AdaptiveMaxPool{rank_of(x)}d", output_size=one(y[2:]))


@says("linear")
def linear(op: Any, y: Shape, x: Shape) -> Call:
    if op.axis % len(x) != len(x) - 1:
        raise ArchcalcError(f"works on axis {op.axis}: there is a layer for the last one")
    return call("nn.Linear", in_features=x[-1], out_features=op.out).given(bias=(op.bias, True))


@says("rbf")
def rbf(op: Any, y: Shape, x: Shape) -> Call:
    return call("RBF", in_features=x[1], out_features=op.out)


@says("batchnorm")
def batchnorm(op: Any, y: Shape, x: Shape) -> Call:
    rank = rank_of(x) if len(x) > 2 else 1
    return call(f"nn.BatchNorm{rank}d", num_features=x[1]).given(eps=(op.eps, 1e-5), affine=(op.affine, True))


@says("layernorm")
def layernorm(op: Any, y: Shape, x: Shape) -> Call:
    normalized = {"all": x[1:], "last": x[-op.axes :]}
    shape = normalized.get(op.over, x[1:] if len(x) == 2 else None)
    if shape is None:
        return call("ChannelNorm", channels=x[1]).given(eps=(op.eps, 1e-5), affine=(op.affine, True))
    found = call("nn.LayerNorm", normalized_shape=shape[0] if len(shape) == 1 else shape)
    return found.given(eps=(op.eps, 1e-5), elementwise_affine=(op.affine, True))


@says("groupnorm")
def groupnorm(op: Any, y: Shape, x: Shape) -> Call:
    options = {"eps": (op.eps, 1e-5), "affine": (op.affine, True)}
    return call("nn.GroupNorm", num_groups=op.groups, num_channels=x[1]).given(**options)


@says("lrn")
def lrn(op: Any, y: Shape, x: Shape) -> Call:
    if len(x) < 3:
        raise ArchcalcError("compares the channels of a flat input, for which the framework has no layer")
    # PyTorch's alpha multiplies the mean of the window, here it multiplies the sum.
    alpha = float(f"{op.alpha * op.size:.15g}")
    return call("nn.LocalResponseNorm", size=op.size).given(
        alpha=(alpha, 1e-4), beta=(op.beta, 0.75), k=(op.bias, 1.0)
    )
