"""How ONNX says what moves, joins, picks and reduces, and changes shapes."""

from __future__ import annotations

from typing import Any

from archcalc.formats.onnx.draft import INT64, Draft, index, ints, number
from archcalc.formats.onnx.write_table import plain, writes
from archcalc.op.op import per_axis
from archcalc.op.site import Shape

END = 2**63 - 1
"""Where a slice stops that goes to the end."""

plain("flatten", "Flatten")


@writes("parameter", form="function")
def parameter(draft: Draft, op: Any, y: Shape) -> str:
    """Write a tensor that is given as a layer of its own: whoever takes it takes it for data."""
    return draft.reshape("value", y)


@writes("reshape")
def reshape(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    if op.axes == "all":
        return draft.reshape("x", (size or -1 for size in op.shape))
    return draft.reshape("x", (0, *y[1:]))


@writes("permute")
def permute(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.transpose("x", op.order if op.axes == "all" else (0, *(1 + axis for axis in op.order)))


@writes("pad")
def pad(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    sides = ((0, 0), *op.channels, *per_axis(op.amount, x[2:]))
    pads = ints([before for before, _ in sides] + [after for _, after in sides])
    value = [number(op.value)] if op.mode == "constant" else []
    return draft.call("Pad", "x", pads, *value, mode=op.mode)


@writes("crop")
def crop(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    starts = [before for before, _ in per_axis(op.amount, x[2:])]
    stops = (start + size for start, size in zip(starts, y[2:], strict=True))
    return draft.call("Slice", "x", ints(starts), ints(stops), ints(range(2, len(x))))


@writes("channels")
def channels(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.call("Slice", "x", ints([op.start]), ints([op.start + y[1]]), ints([1]))


@writes("slice")
def slice_(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    stops = (END,) if op.stops is None else op.stops
    starts, stops, steps = (per_axis(values, op.axes) for values in (op.starts, stops, op.steps))
    return draft.call("Slice", "x", ints(starts), ints(stops), ints(op.axes), ints(steps))


def _positions(draft: Draft, x: str, size: int) -> str:
    """Return numbers as indices, brought into the range as the op's own reference does it."""
    whole = draft.call("Cast", draft.call("Floor", draft.call("Abs", x)), to=INT64)
    return draft.call("Mod", whole, index(size))


@writes("take")
def take(draft: Draft, op: Any, y: Shape, x: Shape, indices: Shape | None = None) -> str:
    data, *given = draft.inputs
    wanted = _positions(draft, given[0], x[op.axis]) if given else index(op.index)
    return draft.call("Gather", data, wanted, axis=op.axis)


@writes("embedding")
def embedding(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.call("Gather", "weight", _positions(draft, "x", op.size))


@writes("expand")
def expand(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.call("Expand", "x", ints(op.shape))


@writes("tile")
def tile(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.call("Tile", "x", ints(op.repeats))


@writes("concat")
def concat(draft: Draft, op: Any, y: Shape, *xs: Shape) -> str:
    return draft.take("Concat", axis=op.axis)


@writes("shuffle")
def shuffle(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    dealt = draft.reshape("x", (0, op.groups, x[1] // op.groups, *x[2:]))
    return draft.reshape(draft.transpose(dealt, (0, 2, 1, *range(3, len(x) + 1))), (0, *x[1:]))


REDUCTIONS = {
    "mean": "ReduceMean",
    "sum": "ReduceSum",
    "max": "ReduceMax",
    "min": "ReduceMin",
    "prod": "ReduceProd",
    "norm1": "ReduceL1",
    "norm2": "ReduceL2",
    "sum_squares": "ReduceSumSquare",
    "log_sum_exp": "ReduceLogSumExp",
}


@writes("reduce")
def reduce(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.call(REDUCTIONS[op.by], "x", ints(op.axes), keepdims=int(op.keep))


@writes("argmax")
def argmax(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    found = draft.call("ArgMax" if op.by == "max" else "ArgMin", "x", axis=op.axis, keepdims=int(op.keep))
    return draft.like(found, "x")


@writes("cumsum")
def cumsum(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.call("CumSum", "x", index(op.axis))


@writes("softmax")
def softmax(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.take("Softmax", axis=op.axis)


@writes("log_softmax")
def log_softmax(draft: Draft, op: Any, y: Shape, x: Shape) -> str:
    return draft.take("LogSoftmax", axis=op.axis)
