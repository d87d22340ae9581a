"""How PyTorch says what merges, lays out, picks and reduces."""

from __future__ import annotations

from archcalc.formats.padding import MOST_AXES
from archcalc.formats.program.code import Call, call, one
from archcalc.formats.pytorch.table import plain, says
from archcalc.formats.pytorch.windows import padding
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape, Site
from archcalc.ops.shapes.indexing import Embedding, Expand, Slice, Take, Tile
from archcalc.ops.shapes.layout import Crop, Pad, Permute, Reshape
from archcalc.ops.shapes.merge import Add, Channels, Concat, Multiply, Shuffle
from archcalc.ops.shapes.reduction import ArgMax, CumSum, Reduce

plain("flatten", "nn.Flatten")


@says(Reshape)
def reshape(op: Reshape, at: Site) -> Call:
    return call("{0}.reshape{shape}", shape=(-1, *at.y[1:]))


@says(Permute)
def permute(op: Permute, at: Site) -> Call:
    order = op.order if op.axes == "all" else (0, *(1 + axis for axis in op.order))
    return call("{0}.permute{order}", order=order)


PADDINGS = {"reflect": "ReflectionPad", "edge": "ReplicationPad", "wrap": "CircularPad"}

"""What the layers are called that take new elements from the input."""


@says(Pad)
def pad(op: Pad, at: Site) -> Call:
    sides = per_axis(op.amount, at.x[2:])
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


@says(Crop)
def crop(op: Crop, at: Site) -> Call:
    sides = per_axis(op.amount, at.x[2:])
    kept = (f"{first}:{first + size}" for (first, _), size in zip(sides, at.y[2:], strict=True))
    return call(f"{{0}}[:, :, {', '.join(kept)}]")


@says(Add)
def add(op: Add, at: Site) -> Call:
    return call(_listed(" + ", at.xs))


@says(Multiply)
def multiply(op: Multiply, at: Site) -> Call:
    return call(_listed(" * ", at.xs))


@says(Concat)
def concat(op: Concat, at: Site) -> Call:
    return call(f"torch.cat(({_listed(', ', at.xs)}), dim={op.axis})")


def _listed(joint: str, xs: tuple[Shape, ...]) -> str:
    return joint.join(f"{{{number}}}" for number in range(len(xs)))


@says(Channels)
def channels(op: Channels, at: Site) -> Call:
    if op.start == 0:
        return call("{0}[:, :{stop}]", stop=at.y[1])
    if op.start + at.y[1] == at.x[1]:
        return call("{0}[:, {start}:]", start=op.start)
    return call("{0}[:, {start}:{stop}]", start=op.start, stop=op.start + at.y[1])


@says(Shuffle)
def shuffle(op: Shuffle, at: Site) -> Call:
    return call("nn.ChannelShuffle", groups=op.groups)


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


@says(Embedding)
def embedding(op: Embedding, at: Site) -> Call:
    return call("nn.Embedding", num_embeddings=op.size, embedding_dim=op.dim)


@says(Slice)
def slice_(op: Slice, at: Site) -> Call:
    stops = (None,) * len(op.axes) if op.stops is None else per_axis(op.stops, op.axes)
    parts = [":"] * len(at.x)
    for axis, start, stop, step in zip(
        op.axes, per_axis(op.starts, op.axes), stops, per_axis(op.steps, op.axes), strict=True
    ):
        end = "" if stop is None or stop == at.x[axis] else stop
        parts[axis] = f"{start or ''}:{end}" + (f":{step}" if step != 1 else "")
    last = max(axis % len(at.x) for axis in op.axes)
    return call(f"{{0}}[{', '.join(parts[: last + 1])}]")


@says(Take)
def take(op: Take, at: Site) -> Call:
    if op.index is not None:
        return call("{0}.select({axis}, {index})", axis=op.axis, index=op.index)
    return call(f"{{0}}[{':, ' * (op.axis % len(at.xs[0]))}{{1}}.long()]")


@says(Expand)
def expand(op: Expand, at: Site) -> Call:
    return call("{0}.expand{shape}", shape=at.y)


@says(Tile)
def tile(op: Tile, at: Site) -> Call:
    return call("{0}.repeat{repeats}", repeats=op.repeats)


@says(Reduce)
def reduce(op: Reduce, at: Site) -> Call:
    kept = ", keepdim=True" if op.keep else ""
    if op.by == "prod":
        if len(op.axes) > 1:
            raise ArchcalcError("multiplies along several axes at once")
        return call(f"{{0}}.prod(dim={{axis}}{kept})", axis=op.axes[0])
    return call(
        f"{REDUCTIONS[op.by]}dim={{axes}}{kept})", axes=one(op.axes) if len(op.axes) == 1 else op.axes
    )


@says(ArgMax)
def argmax(op: ArgMax, at: Site) -> Call:
    kept = ", keepdim=True" if op.keep else ""
    return call(f"{{0}}.arg{op.by}(dim={{axis}}{kept}).float()", axis=op.axis)


@says(CumSum)
def cumsum(op: CumSum, at: Site) -> Call:
    return call("{0}.cumsum(dim={axis})", axis=op.axis)
