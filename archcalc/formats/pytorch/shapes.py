"""How PyTorch says what merges, lays out, picks and reduces."""

from __future__ import annotations

from archcalc.formats.padding import MOST_AXES
from archcalc.formats.program.alike import channels, find_slice, inputs
from archcalc.formats.program.code import Expression, chain, expression, one
from archcalc.formats.pytorch.table import plain, writes
from archcalc.formats.pytorch.windows import last_first, padding
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Site
from archcalc.ops.shapes.indexing import Roll, Slice, Take
from archcalc.ops.shapes.inflating import Expand
from archcalc.ops.shapes.layout import Crop, Pad, Permute, Reshape
from archcalc.ops.shapes.merge import Add, Channels, Concat, Multiply
from archcalc.ops.shapes.reduction import ArgMax, Reduce
from archcalc.ops.shapes.windowed import LogDistances, WindowMask

plain("flatten", "nn.Flatten")
plain("shuffle", "nn.ChannelShuffle", groups="groups")
plain("embedding", "nn.Embedding", num_embeddings="size", embedding_dim="dim")
plain("tile", "{0}.repeat{repeats}", repeats="repeats")
plain("cumsum", "{0}.cumsum(dim={axis})", axis="axis")
writes(Reshape)(lambda op, at: expression("{0}.reshape{shape}", shape=(-1, *at.y[1:])))
writes(Permute)(lambda op, at: expression("{0}.permute{order}", order=op.whole_order()))
writes(Add)(lambda op, at: expression(inputs(at, " + ")))
writes(Multiply)(lambda op, at: expression(inputs(at, " * ")))
writes(Concat)(lambda op, at: expression(f"torch.cat(({inputs(at)}), dim={op.axis})"))
writes(Expand)(lambda op, at: expression("{0}.expand{shape}", shape=at.y))
writes(Slice)(find_slice)
plain("relative_bias", "RelativeBias", window="window")


@writes(Roll)
def roll(op: Roll, at: Site) -> Expression:
    return expression("{0}.roll({shift}, {axes})", shift=per_axis(op.shift, op.axes), axes=op.axes)


@writes(LogDistances)
def log_distances(op: LogDistances, at: Site) -> Expression:
    return chain("nn.Buffer", expression("log_distances", window=op.window))


@writes(WindowMask)
def window_mask(op: WindowMask, at: Site) -> Expression:
    form = "add_window_mask({0}, size={size}, window={window}, shift={shift})"
    window, shift = (per_axis(values, op.map) for values in (op.window, op.shift))
    return expression(form, size=op.map, window=window, shift=shift)


PADDINGS = {"reflect": "ReflectionPad", "edge": "ReplicationPad", "wrap": "CircularPad"}
"""What the layers are called that take new elements from the input."""


@writes(Pad)
def pad(op: Pad, at: Site) -> Expression:
    sides = per_axis(op.amount, at.x[2:])
    ((before, after),) = op.channels
    is_spatial = not before and not after and 1 <= len(sides) <= MOST_AXES
    if op.mode == "constant" and is_spatial:
        return padding(sides, op.value)
    amount = last_first(sides)
    if op.mode == "constant":
        whole = (*amount, before, after)
        return expression("F.pad({0}, {amount}, value={value})", amount=whole, value=op.value)
    if not is_spatial:
        raise ArchcalcError("takes new channels from others")
    return expression(f"nn.{PADDINGS[op.mode]}{len(sides)}d", padding=one(amount))


@writes(Crop)
def crop(op: Crop, at: Site) -> Expression:
    sides = per_axis(op.amount, at.x[2:])
    kept = (f"{first}:{first + size}" for (first, _), size in zip(sides, at.y[2:], strict=True))
    return expression(f"{{0}}[:, :, {', '.join(kept)}]")


writes(Channels)(channels)


REDUCTIONS = {
    "mean": "{0}.mean(",
    "sum": "{0}.sum(",
    "max": "{0}.amax(",
    "min": "{0}.amin(",
    "norm1": "{0}.abs().sum(",
    "norm2": "torch.linalg.vector_norm({0}, ",
    "sum_squares": "{0}.square().sum(",
    "log_sum_exp": "{0}.logsumexp(",
}
"""How each reduction begins; the axes follow."""


@writes(Take)
def take(op: Take, at: Site) -> Expression:
    if op.index is not None:
        return expression("{0}.select({axis}, {index})", axis=op.axis, index=op.index)
    return expression(f"{{0}}[{':, ' * (op.axis % len(at.xs[0]))}{{1}}.long()]")


@writes(Reduce)
def reduce(op: Reduce, at: Site) -> Expression:
    kept = ", keepdim=True" if op.keep else ""
    if op.by == "prod":
        if len(op.axes) > 1:
            raise ArchcalcError("multiplies along several axes at once")
        return expression(f"{{0}}.prod(dim={{axis}}{kept})", axis=op.axes[0])
    return expression(f"{REDUCTIONS[op.by]}dim={{axes}}{kept})", axes=one(op.axes))


@writes(ArgMax)
def argmax(op: ArgMax, at: Site) -> Expression:
    kept = ", keepdim=True" if op.keep else ""
    return expression(f"{{0}}.arg{op.by}(dim={{axis}}{kept}).float()", axis=op.axis)
