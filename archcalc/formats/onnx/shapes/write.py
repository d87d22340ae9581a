"""How ONNX says what merges, lays out, picks and reduces."""

from __future__ import annotations

from archcalc.formats.onnx.draft import INT64, Draft, SmallTensor, index, ints, number
from archcalc.formats.onnx.words import REDUCTIONS
from archcalc.formats.onnx.write_table import plain, writes
from archcalc.op.op import per_axis
from archcalc.op.site import Spot
from archcalc.ops.shapes.indexing import Embedding, Roll, Slice, Take
from archcalc.ops.shapes.inflating import Expand, Tile
from archcalc.ops.shapes.layout import Crop, Pad, Permute, Reshape
from archcalc.ops.shapes.merge import Add, Channels, Multiply, Shuffle
from archcalc.ops.shapes.reduction import ArgMax, CumSum, Reduce
from archcalc.ops.shapes.windowed import LogDistances, RelativeBias, WindowMask

writes(Add)(lambda draft, op, at: draft.take("Add" if len(at.xs) == 2 else "Sum"))
writes(Permute)(lambda draft, op, at: draft.transpose("x", op.whole_order()))
writes(Embedding)(lambda draft, op, at: draft.call("Gather", "weight", _positions(draft, "x", op.size)))
writes(Expand)(lambda draft, op, at: draft.call("Expand", "x", ints(op.shape)))
writes(Tile)(lambda draft, op, at: draft.call("Tile", "x", ints(op.repeats)))
writes(Reduce)(lambda draft, op, at: draft.call(REDUCTIONS[op.by], "x", ints(op.axes), keepdims=int(op.keep)))
writes(CumSum)(lambda draft, op, at: draft.call("CumSum", "x", index(op.axis)))


@writes(Multiply)
def multiply(draft: Draft, op: Multiply, at: Spot) -> str:
    product, *rest = draft.inputs
    for x in rest:
        product = draft.call("Mul", product, x)
    return product


END = 2**63 - 1
"""Where a slice stops that goes to the end."""

plain("flatten", "Flatten")
plain("concat", "Concat", axis="axis")


@writes(Reshape)
def reshape(draft: Draft, op: Reshape, at: Spot) -> str:
    if op.axes == "all":
        return draft.reshape("x", (size or -1 for size in op.shape))
    return draft.reshape("x", (0, *at.y[1:]))


@writes(Pad)
def pad(draft: Draft, op: Pad, at: Spot) -> str:
    sides = ((0, 0), *op.channels, *per_axis(op.amount, at.x[2:]))
    pads = ints([before for before, _ in sides] + [after for _, after in sides])
    value = [number(op.value)] if op.mode == "constant" else []
    return draft.call("Pad", "x", pads, *value, mode=op.mode)


@writes(Crop)
def crop(draft: Draft, op: Crop, at: Spot) -> str:
    starts = [before for before, _ in per_axis(op.amount, at.x[2:])]
    stops = (start + size for start, size in zip(starts, at.y[2:], strict=True))
    return draft.call("Slice", "x", ints(starts), ints(stops), ints(range(2, len(at.x))))


@writes(Channels)
def channels(draft: Draft, op: Channels, at: Spot) -> str:
    return draft.call("Slice", "x", ints([op.start]), ints([op.start + at.y[1]]), ints([1]))


@writes(Slice)
def slice_(draft: Draft, op: Slice, at: Spot) -> str:
    stops = (END,) if op.stops is None else op.stops
    starts, stops, steps = (per_axis(values, op.axes) for values in (op.starts, stops, op.steps))
    return draft.call("Slice", "x", ints(starts), ints(stops), ints(op.axes), ints(steps))


def _positions(draft: Draft, x: str, size: int) -> str:
    """Return numbers as indices, brought into the range as the op's own reference does it."""
    whole = draft.call("Cast", draft.call("Floor", draft.call("Abs", x)), to=INT64)
    return draft.call("Mod", whole, index(size))


@writes(Take)
def take(draft: Draft, op: Take, at: Spot) -> str:
    data, *given = draft.inputs
    wanted = _positions(draft, given[0], at.xs[0][op.axis]) if op.index is None else index(op.index)
    return draft.call("Gather", data, wanted, axis=op.axis)


@writes(Shuffle)
def shuffle(draft: Draft, op: Shuffle, at: Spot) -> str:
    dealt = draft.reshape("x", (0, op.groups, at.x[1] // op.groups, *at.x[2:]))
    return draft.reshape(draft.transpose(dealt, (0, 2, 1, *range(3, len(at.x) + 1))), (0, *at.x[1:]))


@writes(ArgMax)
def argmax(draft: Draft, op: ArgMax, at: Spot) -> str:
    positions = draft.call("ArgMax" if op.by == "max" else "ArgMin", "x", axis=op.axis, keepdims=int(op.keep))
    return draft.like(positions, "x")


@writes(Roll)
def roll(draft: Draft, op: Roll, at: Spot) -> str:
    """Write each axis as its last positions before its first ones."""
    y = draft.inputs[0]
    for axis, shift in zip(op.axes, per_axis(op.shift, op.axes), strict=True):
        first = -shift % at.x[axis]
        behind = draft.call("Slice", y, ints([first]), ints([END]), ints([axis]))
        before = draft.call("Slice", y, ints([0]), ints([first]), ints([axis]))
        y = draft.call("Concat", behind, before, axis=axis)
    return y


@writes(RelativeBias)
def relative_bias(draft: Draft, op: RelativeBias, at: Spot) -> str:
    return draft.call("Gather", "x", _positions(draft, "index", at.x[1]), axis=1)


@writes(LogDistances, form="function")
def log_distances(draft: Draft, op: LogDistances, at: Spot) -> str:
    return draft.reshape("value", at.y)


@writes(WindowMask)
def window_mask(draft: Draft, op: WindowMask, at: Spot) -> str:
    """Write which positions came round as numbers; two are neighbours where these are equal."""
    from archcalc.arrays.tensors import window_regions

    regions = window_regions(op.map, *(per_axis(values, op.map) for values in (op.window, op.shift)))
    windows, positions = regions.shape
    between = (1,) * (len(at.x) - 4)
    row, column = (
        SmallTensor(tuple(regions.ravel().tolist()), (windows, *between, *sizes), "int64")
        for sizes in ((positions, 1), (1, positions))
    )
    mask = draft.call("Where", draft.call("Equal", row, column), number(0), number(-100))
    return draft.call("Add", "x", mask)
