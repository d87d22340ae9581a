"""How Keras says what merges, lays out, picks and reduces."""

from __future__ import annotations

from archcalc.formats.keras.table import plain, writes
from archcalc.formats.keras.windows import cropping, padding
from archcalc.formats.padding import is_any, rank_of
from archcalc.formats.program.alike import channels, find_slice, inputs
from archcalc.formats.program.code import Expression, expression, one
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Site
from archcalc.ops.shapes.indexing import Roll, Slice, Take
from archcalc.ops.shapes.inflating import Expand
from archcalc.ops.shapes.layout import Crop, Pad, Permute, Reshape
from archcalc.ops.shapes.merge import Add, Channels, Multiply
from archcalc.ops.shapes.reduction import ArgMax, Reduce
from archcalc.ops.shapes.windowed import WindowMask

plain("flatten", "layers.Reshape((-1,))")  # Flatten would put the channels last first
plain("concat", "layers.Concatenate", axis=("axis", -1))
plain("shuffle", "channel_shuffle({0}, {groups})", groups="groups")
plain("embedding", "layers.Embedding", input_dim="size", output_dim="dim")
plain("tile", "ops.tile({0}, {repeats})", repeats="repeats")
plain("cumsum", "ops.cumsum({0}, axis={axis})", axis="axis")
plain("relative_bias", "RelativeBias", window="window")
plain("log_distances", "LogDistances", window="window")
writes(Add)(lambda op, at: expression("layers.Add" if _are_alike(at) else inputs(at, " + ")))
writes(Multiply)(lambda op, at: expression("layers.Multiply" if _are_alike(at) else inputs(at, " * ")))


def _are_alike(at: Site) -> bool:
    """Tell whether all inputs have as many samples and axes.

    The layers of Keras refuse others, or take the first axis of one with fewer for the samples.
    """
    return len({(x[0], len(x)) for x in at.xs}) == 1


@writes(Reshape)
def reshape(op: Reshape, at: Site) -> Expression:
    if at.y[0] != at.x[0]:
        return expression("ops.reshape({0}, {shape})", shape=(-1, *at.y[1:]))
    return expression("layers.Reshape", target_shape=at.y[1:])


@writes(Permute)
def permute(op: Permute, at: Site) -> Expression:
    order = op.whole_order()
    if order[0] != 0:
        return expression("ops.transpose({0}, {order})", order=order)
    return expression("layers.Permute", dims=order[1:])


@writes(Pad)
def pad(op: Pad, at: Site) -> Expression:
    sides = per_axis(op.amount, at.x[2:])
    if op.mode == "constant" and op.value == 0 and not is_any(op.channels) and 1 <= len(sides) <= 3:
        return padding(sides)
    whole = ((0, 0), *op.channels, *sides)
    if op.mode == "constant":
        return expression("ops.pad({0}, {sides}, constant_values={value})", sides=whole, value=op.value)
    if op.mode == "reflect":
        return expression('ops.pad({0}, {sides}, mode="reflect")', sides=whole)
    raise ArchcalcError(f"pads by '{op.mode}'")


@writes(Crop)
def crop(op: Crop, at: Site) -> Expression:
    sides = per_axis(op.amount, at.x[2:])
    if rank_of(at.x) == 1:  # its layer takes the channels last only
        return expression(f"{{0}}[:, :, {sides[0][0]}:{at.x[2] - sides[0][1]}]")
    return cropping(sides)


writes(Channels)(channels)


REDUCTIONS = {
    "mean": "ops.mean({0}, OVER)",
    "sum": "ops.sum({0}, OVER)",
    "max": "ops.max({0}, OVER)",
    "min": "ops.min({0}, OVER)",
    "prod": "ops.prod({0}, OVER)",
    "norm1": "ops.sum(ops.abs({0}), OVER)",
    "norm2": "ops.sqrt(ops.sum(ops.square({0}), OVER))",
    "sum_squares": "ops.sum(ops.square({0}), OVER)",
    "log_sum_exp": "ops.logsumexp({0}, OVER)",
}
"""Each reduction; the axes take the place of OVER."""


@writes(Slice)
def slice_(op: Slice, at: Site) -> Expression:
    return find_slice(op, at, least=2)  # Keras takes no slice of the first axis alone


@writes(Take)
def take(op: Take, at: Site) -> Expression:
    if op.index is not None:
        return expression("ops.take({0}, {index}, axis={axis})", index=op.index, axis=op.axis)
    return expression('ops.take({0}, ops.cast({1}, "int32"), axis={axis})', axis=op.axis)


@writes(Roll)
def roll(op: Roll, at: Site) -> Expression:
    shift = per_axis(op.shift, op.axes)
    return expression("ops.roll({0}, {shift}, axis={axes})", shift=shift, axes=op.axes)


@writes(WindowMask)
def window_mask(op: WindowMask, at: Site) -> Expression:
    form = "{0} + window_mask({size}, window={window}, shift={shift}, between={between})"
    window, shift = (per_axis(values, op.map) for values in (op.window, op.shift))
    return expression(form, size=op.map, window=window, shift=shift, between=len(at.x) - 4)


@writes(Expand)
def expand(op: Expand, at: Site) -> Expression:
    samples = 1 if at.y[0] == at.x[0] else at.y[0]
    return expression("{0} * ops.ones({shape})", shape=(samples, *at.y[1:]))


@writes(Reduce)
def reduce(op: Reduce, at: Site) -> Expression:
    over = "axis={axes}" + (", keepdims=True" if op.keep else "")
    return expression(REDUCTIONS[op.by].replace("OVER", over), axes=one(op.axes))


@writes(ArgMax)
def argmax(op: ArgMax, at: Site) -> Expression:
    kept = ", keepdims=True" if op.keep else ""
    return expression(f'ops.cast(ops.arg{op.by}({{0}}, axis={{axis}}{kept}), "float32")', axis=op.axis)
