"""How ONNX says convolutions, pools and changes of resolution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from archcalc.arithmetic.window import travel
from archcalc.formats.onnx.draft import Draft, floats, ints, number
from archcalc.formats.onnx.write_table import plain, writes
from archcalc.formats.padding import Windows, windows
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape, Sizes, Spot
from archcalc.ops.windows.conv import Conv
from archcalc.ops.windows.conv_transpose import ConvTranspose
from archcalc.ops.windows.pool import AvgPool, LpPool, MaxPool, Subsample
from archcalc.ops.windows.pool_whole import AdaptiveAvgPool, AdaptiveMaxPool
from archcalc.ops.windows.resampling import DepthToSpace, Resize, SpaceToDepth, Upsample

plain("global_avgpool", "GlobalAveragePool")
plain("global_maxpool", "GlobalMaxPool")
writes(MaxPool)(lambda draft, op, at: draft.take("MaxPool", **_round(windows(op, at))))
writes(AdaptiveAvgPool)(lambda draft, op, at: _adaptive(draft, at.y, at.x, "AveragePool", "ReduceMean"))
writes(AdaptiveMaxPool)(lambda draft, op, at: _adaptive(draft, at.y, at.x, "MaxPool", "ReduceMax"))

Sides = Sequence[tuple[int, int]]


def _pads(sides: Sides) -> list[int]:
    """Return padding as ONNX lists it: all that comes before, then all that comes after."""
    return [before for before, _ in sides] + [after for _, after in sides]


def _window(slid: Windows, sides: Sides) -> dict[str, object]:
    attributes: dict[str, object] = {"kernel_shape": slid.kernel, "strides": slid.stride}
    if set(slid.dilation) != {1}:
        attributes["dilations"] = slid.dilation
    if any(map(any, sides)):
        attributes["pads"] = _pads(sides)
    return attributes


def _round(slid: Windows) -> dict[str, object]:
    """Return the settings of a window that may be rounded up.

    Raises:
        ArchcalcError: a window that would start in the padding is dropped; ONNX has it from opset 22 on.
    """
    if not slid.rounds_up:
        return _window(slid, slid.sides)
    for size, o, w in zip(slid.sizes, slid.outputs, slid.axes, strict=True):
        if o <= -(-travel(size, w) // w.stride):
            raise ArchcalcError(
                "it rounds up along one axis, and drops a window in the padding along another"
            )
    return _window(slid, slid.sides) | {"ceil_mode": 1}


@writes(Conv)
def conv(draft: Draft, op: Conv, at: Spot) -> str:
    """Write a convolution; filters that see some of the maps only are groups, one convolution for each number of maps."""
    slid = windows(op, at)
    settings = _window(slid, slid.reach)
    if op.connections is None:
        return draft.take("Conv", group=op.groups, **settings)
    parts: list[str] = []
    order: list[int] = []
    for size in sorted({len(maps) for maps in op.connections}):
        filters = [place for place, maps in enumerate(op.connections) if len(maps) == size]
        maps = (source for place in filters for source in op.connections[place])
        dealt = draft.call("Gather", "x", ints(maps), axis=1)
        weights = (name for name in (f"weight{size}", f"bias{size}") if name in draft.weights)
        parts.append(draft.call("Conv", dealt, *weights, group=len(filters), **settings))
        order += filters
    joined = draft.call("Concat", *parts, axis=1)
    return draft.call("Gather", joined, ints(map(order.index, range(len(order)))), axis=1)


@writes(ConvTranspose)
def conv_transpose(draft: Draft, op: ConvTranspose, at: Spot) -> str:
    """Write a transposed convolution; ONNX Runtime wants output padding to be smaller than the stride."""
    spatial = at.x[2:]
    return draft.take(
        "ConvTranspose",
        group=op.groups,
        kernel_shape=per_axis(op.kernel, spatial),
        strides=per_axis(op.stride, spatial),
        pads=_pads(per_axis(op.padding, spatial)),
        output_padding=per_axis(op.output_padding, spatial),
        dilations=per_axis(op.dilation, spatial),
    )


@writes(AvgPool)
def avgpool(draft: Draft, op: AvgPool, at: Spot) -> str:
    return draft.take("AveragePool", count_include_pad=int(op.count_padding), **_round(windows(op, at)))


@writes(LpPool)
def lppool(draft: Draft, op: LpPool, at: Spot) -> str:
    """Write a pool of norms; ONNX takes absolute values and whole exponents, which is the same for even ones."""
    slid = windows(op, at)
    if op.norm % 2 == 0:
        return draft.take("LpPool", p=int(op.norm), **_round(slid))
    powers = draft.call("Pow", "x", number(op.norm))
    return draft.call("Pow", _sum(draft, powers, slid), number(1 / op.norm))


@writes(Subsample)
def subsample(draft: Draft, op: Subsample, at: Spot) -> str:
    summed = _sum(draft, "x", windows(op, at))
    scale, shift = (draft.along(name, 1, len(at.x)) for name in draft.weights)
    return draft.call("Add", draft.call("Mul", summed, scale), shift)


def _sum(draft: Draft, x: str, slid: Windows) -> str:
    """Return the sum of each window: its average, padding included, times its size.

    The padding is a node of its own: ONNX Runtime 1.23 counts it wrongly where its sides differ.
    """
    if any(map(any, slid.reach)):
        x = draft.call("Pad", x, ints(_pads([(0, 0), (0, 0), *slid.reach])))
    averages = draft.call("AveragePool", x, **_window(slid, ()))
    return draft.call("Mul", averages, number(prod(slid.kernel)))


def _adaptive(draft: Draft, y: Sizes, x: Sizes, pool: str, reduction: str) -> str:
    """Write a pool of as many windows as are wanted; where these differ in size each is cut out and reduced."""
    axes = list(zip(x[2:], y[2:], strict=True))
    if set(y[2:]) == {1}:
        return draft.take(f"Global{pool}")
    if not any(n % o for n, o in axes):
        size = tuple(n // o for n, o in axes)
        return draft.take(pool, kernel_shape=size, strides=size)
    pooled = "x"
    for axis, (n, o) in enumerate(axes, 2):
        bins = [(i * n // o, -(-(i + 1) * n // o)) for i in range(o)]
        parts = [_reduce(draft, pooled, axis, bin_, reduction) for bin_ in bins]
        pooled = draft.call("Concat", *parts, axis=axis)
    return pooled


def _reduce(draft: Draft, x: str, axis: int, stretch: tuple[int, int], reduction: str) -> str:
    start, stop = stretch
    part = draft.call("Slice", x, ints([start]), ints([stop]), ints([axis]))
    return draft.call(reduction, part, ints([axis]), keepdims=1)


NEAREST = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}

"""Element ⌊i·I/O⌋, as the op has it; ONNX's own default is another one."""


@writes(Upsample)
def upsample(draft: Draft, op: Upsample, at: Spot) -> str:
    settings = NEAREST if op.mode == "nearest" else {}
    factors = floats(per_axis(op.scale, at.x[2:]))
    return draft.call("Resize", "x", "", factors, axes=_spatial(at.x), mode=op.mode, **settings)


@writes(Resize)
def resize(draft: Draft, op: Resize, at: Spot) -> str:
    settings = NEAREST if op.mode == "nearest" else {}
    if op.corners:
        settings = {"coordinate_transformation_mode": "align_corners"}
    return draft.call("Resize", "x", "", "", ints(at.y[2:]), axes=_spatial(at.x), mode=op.mode, **settings)


def _spatial(x: Shape) -> tuple[int, ...]:
    return tuple(range(2, len(x)))


@writes(DepthToSpace)
def depth_to_space(draft: Draft, op: DepthToSpace, at: Spot) -> str:
    """Write channels laid out as positions; ONNX's operator is for two spatial axes."""
    if len(at.x) == 4:
        return draft.take("DepthToSpace", blocksize=op.block, mode=op.mode.upper())
    rank = len(at.x) - 2
    blocks = (op.block,) * rank
    shape = (*blocks, at.y[1]) if op.mode == "dcr" else (at.y[1], *blocks)
    channel, first = (1 + rank, 1) if op.mode == "dcr" else (1, 2)
    apart = draft.reshape("x", (0, *shape, *at.x[2:]))
    order = _pair(range(2 + rank, 2 + 2 * rank), range(first, first + rank))
    return draft.reshape(draft.transpose(apart, (0, channel, *order)), (0, *at.y[1:]))


@writes(SpaceToDepth)
def space_to_depth(draft: Draft, op: SpaceToDepth, at: Spot) -> str:
    """Write positions laid out as channels; ONNX's operator is for two spatial axes."""
    if len(at.x) == 4:
        return draft.take("SpaceToDepth", blocksize=op.block)
    rank = len(at.x) - 2
    apart = draft.reshape("x", (0, at.x[1], *_pair(at.y[2:], (op.block,) * rank)))
    order = (0, *range(3, 3 + 2 * rank, 2), 1, *range(2, 2 + 2 * rank, 2))
    return draft.reshape(draft.transpose(apart, order), (0, *at.y[1:]))


def _pair(first: Iterable[int], second: Iterable[int]) -> list[int]:
    """Return one number of each in turn."""
    return [value for pair in zip(first, second, strict=True) for value in pair]
