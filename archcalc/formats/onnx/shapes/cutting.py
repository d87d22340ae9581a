"""Operators that pick parts of a tensor.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.constants import MOST
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import Constant, Output, Tensor, fill, make_constant

Cut = tuple[int, int, int]
"""Where a stretch of an axis starts and stops, and its step."""


def _stretch(name: str, builder: Builder, x: Output, axis: int, cut: Cut) -> Tensor:
    """Return a stretch of an axis."""
    start, stop, step = cut
    if stop <= start:
        return _nothing(name, x, axis)
    if axis == 1 and step == 1:
        return builder.add(name, "channels", [x], start=start, stop=stop)
    return builder.add(name, "slice", [x], axes=(axis,), starts=(start,), stops=(stop,), steps=(step,))


def _nothing(name: str, x: Output, axis: int) -> Constant:
    """Return what is left of a tensor where no position of an axis is."""
    shape = tuple(0 if place == axis else size for place, size in enumerate(x.shape))
    return fill(name, shape, x.dtype, 0, given=False)


@translates("Split")
def split(node: GraphNode, builder: Builder) -> list[Tensor]:
    x = builder.data(node)
    axis = node.attributes.get("axis", 0) % len(x.shape)
    number = len(node.outputs)
    if node.attributes.get("num_outputs", number) != number:
        raise UnaccountableError(f"it has {number} outputs and says otherwise")
    builder.budget.copy(number * len(node.called))
    each = -(-x.shape[axis] // number)
    sizes = builder.ints(node, 1, "split") or [
        min(each, x.shape[axis] - each * part) for part in range(number)
    ]
    starts = accumulate(sizes[:-1], initial=0)
    return [
        _stretch(f"{node.called}:{part}", builder, x, axis, (start, start + size, 1))
        for part, (start, size) in enumerate(zip(starts, sizes, strict=True))
    ]


@translates("Slice")
def slice_(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.require(node, 0)
    if isinstance(x, Constant):
        return _view(x, _cuts(node, builder, x))
    cuts = {axis: cut for axis, cut in _cuts(node, builder, x).items() if cut != (0, x.shape[axis], 1)}
    if not cuts:
        return builder.add(node.called, "identity", [x])
    for axis in [axis for axis, cut in cuts.items() if cut[2] < 0]:
        x = _backwards(f"{node.called}:axis{axis}", builder, x, axis, cuts.pop(axis))
    if not cuts:
        return x
    if len(cuts) == 1:
        ((axis, cut),) = cuts.items()
        return _stretch(node.called, builder, x, axis, cut)
    for axis, (start, stop, _) in cuts.items():
        if stop <= start:
            return _nothing(node.called, x, axis)
    firsts, lasts, strides = zip(*cuts.values(), strict=True)
    return builder.add(node.called, "slice", [x], axes=tuple(cuts), starts=firsts, stops=lasts, steps=strides)


def _view(x: Constant, cuts: Mapping[int, Cut]) -> Constant:
    """Return a stretch of a constant: a part of a weight is still a weight."""
    ranges = [cuts.get(axis, (0, size, 1)) for axis, size in enumerate(x.shape)]
    shape = tuple(len(range(*cut)) for cut in ranges)
    last = [None if step < 0 and stop < 0 else stop for _, stop, step in ranges]
    slices = tuple(slice(start, stop, step) for (start, _, step), stop in zip(ranges, last, strict=True))
    return x.view(shape, lambda array: array[slices])


def _cuts(node: GraphNode, builder: Builder, x: Tensor) -> dict[int, Cut]:
    """Return what is kept of each axis that a node names; a step below 0 runs backwards."""
    starts, stops = builder.ints(node, 1, "starts"), builder.ints(node, 2, "ends")
    if starts is None or stops is None:
        raise UnaccountableError("it lacks where to start and to stop")
    axes = builder.ints(node, 3, "axes") or tuple(range(len(starts)))
    steps = builder.ints(node, 4) or (1,) * len(starts)
    rank = len(x.shape)
    return {
        axis % rank: slice(start, stop, step).indices(x.shape[axis])
        for axis, start, stop, step in zip(axes, starts, stops, steps, strict=True)
    }


def _backwards(name: str, builder: Builder, x: Output, axis: int, cut: Cut) -> Output:
    """Return the positions of an axis from the last to the first."""
    from numpy import arange

    if len(range(*cut)) > MOST:
        raise UnaccountableError("it runs backwards over too many positions")
    return builder.add(name, "take", [x, make_constant(f"{name}:positions", arange(*cut))], axis=axis)


@translates("Gather")
def gather(node: GraphNode, builder: Builder) -> Tensor:
    data, index = builder.require(node, 0), builder.require(node, 1)
    axis = node.attributes.get("axis", 0) % len(data.shape)
    size = data.shape[axis]
    if isinstance(index, Output):
        if isinstance(data, Constant) and data.is_learnt and len(data.shape) == 2 and not axis:
            weights = {"weight": data}
            return builder.add(node.called, "embedding", [index], weights, size=size, dim=data.shape[1])
        return builder.add(node.called, "take", [data, index], axis=axis)
    if index.scalar is not None and not index.shape:
        return builder.add(node.called, "take", [data], axis=axis, index=int(index.scalar) % size)
    index = index.view(index.shape, lambda array: array % size)  # those below 0 count from the end
    return builder.add(node.called, "take", [data, index], axis=axis)
