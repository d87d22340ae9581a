"""How PyTorch says the layers that treat each element by itself, and those that move, join or part tensors."""

from __future__ import annotations

from typing import Any

from archcalc.formats.padding import MOST_AXES
from archcalc.formats.program.code import Call, call, one
from archcalc.formats.pytorch.table import plain, says
from archcalc.formats.pytorch.windows import padding
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape

plain("input", "x")  # an argument of forward
plain("identity", "{0}")
plain("relu", "nn.ReLU")
plain("relu6", "nn.ReLU6")
plain("selu", "nn.SELU")
plain("silu", "nn.SiLU")
plain("mish", "nn.Mish")
plain("sigmoid", "nn.Sigmoid")
plain("hardswish", "nn.Hardswish")
plain("tanh", "nn.Tanh")
plain("flatten", "nn.Flatten")


@says("dropout")
def dropout(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.Dropout", p=op.rate)


@says("leaky_relu")
def leaky_relu(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.LeakyReLU").given(negative_slope=(op.slope, 0.01))


@says("prelu")
def prelu(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.PReLU").given(num_parameters=(x[1] if op.per == "channel" else 1, 1))


@says("elu")
def elu(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.ELU").given(alpha=(op.alpha, 1.0))


@says("celu")
def celu(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.CELU").given(alpha=(op.alpha, 1.0))


@says("thresholded_relu")
def thresholded_relu(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.Threshold", threshold=op.alpha, value=0.0)


@says("gelu")
def gelu(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.GELU").given(approximate=(op.approximate, "none"))


@says("hardsigmoid")
def hardsigmoid(op: Any, y: Shape, x: Shape) -> Call:
    if (op.slope, op.offset) == (1 / 6, 1 / 2):
        return call("nn.Hardsigmoid")
    return call("({slope} * {0} + {offset}).clamp(0, 1)", slope=op.slope, offset=op.offset)


@says("scaled_tanh")
def scaled_tanh(op: Any, y: Shape, x: Shape) -> Call:
    return call("ScaledTanh").given(amplitude=(op.amplitude, 1.7159), slope=(op.slope, 2 / 3))


@says("softmax")
def softmax(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.Softmax").given(dim=(op.axis, None))


@says("log_softmax")
def log_softmax(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.LogSoftmax").given(dim=(op.axis, None))


@says("reshape")
def reshape(op: Any, y: Shape, x: Shape) -> Call:
    return call("{0}.reshape{shape}", shape=(-1, *y[1:]))


@says("permute")
def permute(op: Any, y: Shape, x: Shape) -> Call:
    order = op.order if op.axes == "all" else (0, *(1 + axis for axis in op.order))
    return call("{0}.permute{order}", order=order)


PADDINGS = {"reflect": "ReflectionPad", "edge": "ReplicationPad", "wrap": "CircularPad"}
"""What the layers are called that take new elements from the input."""


@says("pad")
def pad(op: Any, y: Shape, x: Shape) -> Call:
    sides = per_axis(op.amount, x[2:])
    ((before, after),) = op.channels
    is_spatial = not before and not after and 1 <= len(sides) <= MOST_AXES
    if op.mode == "constant" and is_spatial:
        return padding(sides, op.value)
    amount = tuple(side for pair in reversed(sides) for side in pair)
    if op.mode == "constant":
        return call("F.pad({0}, {amount}, value={value})", amount=(*amount, before, after), value=op.value)
    if not is_spatial:
        raise ArchcalcError("takes new channels from others")
    return call(f"nn.{PADDINGS[op.mode]}{len(sides)}d", padding=one(amount))


@says("crop")
def crop(op: Any, y: Shape, x: Shape) -> Call:
    sides = per_axis(op.amount, x[2:])
    kept = (f"{first}:{first + size}" for (first, _), size in zip(sides, y[2:], strict=True))
    return call(f"{{0}}[:, :, {', '.join(kept)}]")


@says("upsample")
def upsample(op: Any, y: Shape, x: Shape) -> Call:
    linear = {1: "linear", 2: "bilinear", 3: "trilinear"}
    mode = op.mode if op.mode == "nearest" else linear[len(x) - 2]
    factor = one(float(scale) for scale in per_axis(op.scale, x[2:]))
    return call("nn.Upsample").given(scale_factor=(factor, None), mode=(mode, "nearest"))


@says("add")
def add(op: Any, y: Shape, *xs: Shape) -> Call:
    return call(_listed(" + ", xs))


@says("multiply")
def multiply(op: Any, y: Shape, *xs: Shape) -> Call:
    return call(_listed(" * ", xs))


@says("concat")
def concat(op: Any, y: Shape, *xs: Shape) -> Call:
    return call(f"torch.cat(({_listed(', ', xs)}), dim={op.axis})")


def _listed(joint: str, xs: tuple[Shape, ...]) -> str:
    return joint.join(f"{{{number}}}" for number in range(len(xs)))


@says("channels")
def channels(op: Any, y: Shape, x: Shape) -> Call:
    if op.start == 0:
        return call("{0}[:, :{stop}]", stop=y[1])
    if op.start + y[1] == x[1]:
        return call("{0}[:, {start}:]", start=op.start)
    return call("{0}[:, {start}:{stop}]", start=op.start, stop=op.start + y[1])


@says("shuffle")
def shuffle(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.ChannelShuffle", groups=op.groups)
