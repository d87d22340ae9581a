"""How Keras says the layers that treat each element by itself, and those that move, join or part maps."""

from __future__ import annotations

from typing import Any

from archcalc.formats.keras.table import plain, says
from archcalc.formats.keras.windows import cropping, padding
from archcalc.formats.padding import is_any, rank_of
from archcalc.formats.program.code import Call, call, one
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape

plain("input", "inputs")  # keras.Input stands for it
plain("identity", "{0}")
plain("relu", "layers.ReLU")
plain("selu", 'layers.Activation("selu")')
plain("silu", 'layers.Activation("silu")')
plain("mish", 'layers.Activation("mish")')
plain("sigmoid", 'layers.Activation("sigmoid")')
plain("hardswish", 'layers.Activation("hard_silu")')
plain("tanh", 'layers.Activation("tanh")')
plain("flatten", "layers.Reshape((-1,))")  # Flatten would put the channels last first
plain("add", "layers.Add")
plain("multiply", "layers.Multiply")


@says("relu6")
def relu6(op: Any, y: Shape, x: Shape) -> Call:
    return call("layers.ReLU").given(max_value=(6.0, None))


@says("dropout")
def dropout(op: Any, y: Shape, x: Shape) -> Call:
    return call("layers.Dropout", rate=op.rate)


@says("leaky_relu")
def leaky_relu(op: Any, y: Shape, x: Shape) -> Call:
    return call("layers.LeakyReLU").given(negative_slope=(op.slope, 0.3))


@says("prelu")
def prelu(op: Any, y: Shape, x: Shape) -> Call:
    first = 2 if op.per == "channel" else 1
    return call("layers.PReLU").given(shared_axes=(tuple(range(first, len(x))) or None, None))


@says("elu")
def elu(op: Any, y: Shape, x: Shape) -> Call:
    return call("layers.ELU").given(alpha=(op.alpha, 1.0))


@says("celu")
def celu(op: Any, y: Shape, x: Shape) -> Call:
    return call("ops.celu({0}, alpha={alpha})", alpha=op.alpha)


@says("thresholded_relu")
def thresholded_relu(op: Any, y: Shape, x: Shape) -> Call:
    return call("ops.threshold({0}, {threshold}, 0.0)", threshold=op.alpha)


@says("gelu")
def gelu(op: Any, y: Shape, x: Shape) -> Call:
    return call("ops.gelu({0}, approximate={tanh})", tanh=op.approximate != "none")


@says("hardsigmoid")
def hardsigmoid(op: Any, y: Shape, x: Shape) -> Call:
    if (op.slope, op.offset) == (1 / 6, 1 / 2):
        return call('layers.Activation("hard_sigmoid")')
    return call("ops.clip({slope} * {0} + {offset}, 0, 1)", slope=op.slope, offset=op.offset)


@says("scaled_tanh")
def scaled_tanh(op: Any, y: Shape, x: Shape) -> Call:
    return call("{amplitude} * ops.tanh({slope} * {0})", amplitude=op.amplitude, slope=op.slope)


@says("softmax")
def softmax(op: Any, y: Shape, x: Shape) -> Call:
    return call("layers.Softmax").given(axis=(op.axis, -1))


@says("log_softmax")
def log_softmax(op: Any, y: Shape, x: Shape) -> Call:
    return call("ops.log_softmax({0}, axis={axis})", axis=op.axis)


@says("reshape")
def reshape(op: Any, y: Shape, x: Shape) -> Call:
    if y[0] != x[0]:
        return call("ops.reshape({0}, {shape})", shape=(-1, *y[1:]))
    return call("layers.Reshape", target_shape=y[1:])


@says("permute")
def permute(op: Any, y: Shape, x: Shape) -> Call:
    order = op.order if op.axes == "all" else (0, *(1 + axis for axis in op.order))
    if order[0] != 0:
        return call("ops.transpose({0}, {order})", order=order)
    return call("layers.Permute", dims=order[1:])


@says("pad")
def pad(op: Any, y: Shape, x: Shape) -> Call:
    sides = per_axis(op.amount, x[2:])
    if op.mode == "constant" and op.value == 0 and not is_any(op.channels) and 1 <= len(sides) <= 3:
        return padding(sides)
    modes = {"constant": "constant", "reflect": "reflect"}
    if op.mode not in modes:
        raise ArchcalcError(f"pads by '{op.mode}'")
    whole = ((0, 0), *op.channels, *sides)
    if op.mode == "reflect":
        return call('ops.pad({0}, {sides}, mode="reflect")', sides=whole)
    return call("ops.pad({0}, {sides}, constant_values={value})", sides=whole, value=op.value)


@says("crop")
def crop(op: Any, y: Shape, x: Shape) -> Call:
    sides = per_axis(op.amount, x[2:])
    if rank_of(x) == 1:  # its layer takes the channels last only
        return call(f"{{0}}[:, :, {sides[0][0]}:{x[2] - sides[0][1]}]")
    return cropping(sides)


@says("channels")
def channels(op: Any, y: Shape, x: Shape) -> Call:
    if op.start == 0:
        return call("{0}[:, :{stop}]", stop=y[1])
    if op.start + y[1] == x[1]:
        return call("{0}[:, {start}:]", start=op.start)
    return call("{0}[:, {start}:{stop}]", start=op.start, stop=op.start + y[1])


@says("concat")
def concat(op: Any, y: Shape, *xs: Shape) -> Call:
    return call("layers.Concatenate").given(axis=(op.axis, -1))


@says("shuffle")
def shuffle(op: Any, y: Shape, x: Shape) -> Call:
    return call("channel_shuffle({0}, {groups})", groups=op.groups)


@says("upsample")
def upsample(op: Any, y: Shape, x: Shape) -> Call:
    rank = rank_of(x)
    if op.mode != "nearest" and rank != 2:
        raise ArchcalcError(f"interpolates over {rank} axes: there is a layer for 2")
    if rank == 1:  # its layer takes the channels last only
        return call("ops.repeat({0}, {scale}, axis=2)", scale=op.scale[0])
    mode = "nearest" if op.mode == "nearest" else "bilinear"
    found = call(f"layers.UpSampling{rank}D", size=one(per_axis(op.scale, x[2:])))
    return found.given(interpolation=(mode, "nearest"))
