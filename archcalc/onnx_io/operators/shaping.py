"""Operators that move numbers and change shapes.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from math import prod

from archcalc.onnx_io.builder import Builder, UnaccountableError
from archcalc.onnx_io.graph import GraphNode
from archcalc.onnx_io.table import translates
from archcalc.onnx_io.tensors import Constant, Tensor, reshaped, turned
from archcalc.op import Shape


def to_shape(name: str, builder: Builder, tensor: Tensor, shape: Shape) -> Tensor:
    """Return a tensor in another shape: another view of a weight, a flatten or a reshape."""
    if isinstance(tensor, Constant):
        return reshaped(tensor, shape)
    x = tensor.shape
    if tensor.shape == shape and len(x) > 1:
        return builder.add(name, "identity", [tensor])
    if shape == (x[0], prod(x[1:])):
        return builder.add(name, "flatten", [tensor])
    if len(shape) > 1 and shape[0] == x[0]:
        return builder.add(name, "reshape", [tensor], shape=shape[1:])
    return builder.add(name, "reshape", [tensor], shape=shape or (1,), axes="all")


def _resolved(wanted: tuple[int, ...], x: Shape, *, zero_copies: bool) -> Shape:
    """Return a shape without -1, which stands for what is left over, and 0, which copies the input's size."""
    sizes = [
        x[axis] if size == 0 and zero_copies and axis < len(x) else size for axis, size in enumerate(wanted)
    ]
    if -1 in sizes:
        rest = prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = prod(x) // rest if rest else 0
    if min(sizes, default=1) < 1 or prod(sizes) != prod(x):
        raise UnaccountableError(f"{'x'.join(map(str, x))} does not fill {'x'.join(map(str, wanted))}")
    return tuple(sizes)


@translates("Reshape")
def reshape(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.needed(node, 0)
    wanted = builder.ints(node, 1, "shape") or ()
    shape = _resolved(wanted, tensor.shape, zero_copies=not node.attributes.get("allowzero"))
    return to_shape(node.called, builder, tensor, shape)


@translates("Flatten")
def flatten(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.needed(node, 0)
    axis = node.attributes.get("axis", 1)
    x = tensor.shape
    axis = axis if axis >= 0 else len(x) + axis
    return to_shape(node.called, builder, tensor, (prod(x[:axis]), prod(x[axis:])))


@translates("Squeeze")
def squeeze(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.needed(node, 0)
    x = tensor.shape
    axes = builder.ints(node, 1, "axes")
    gone = (
        {axis % len(x) for axis in axes} if axes is not None else {i for i, size in enumerate(x) if size == 1}
    )
    return to_shape(node.called, builder, tensor, tuple(size for i, size in enumerate(x) if i not in gone))


@translates("Unsqueeze")
def unsqueeze(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.needed(node, 0)
    axes = builder.ints(node, 1, "axes") or ()
    rank = len(tensor.shape) + len(axes)
    new = {axis % rank for axis in axes}
    rest = iter(tensor.shape)
    return to_shape(node.called, builder, tensor, tuple(1 if i in new else next(rest) for i in range(rank)))


@translates("Transpose")
def transpose(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.needed(node, 0)
    order = tuple(node.attributes.get("perm", range(len(tensor.shape))[::-1]))
    if isinstance(tensor, Constant):
        return turned(tensor, order)
    if order[0] == 0 and len(order) > 1:
        return builder.add(node.called, "permute", [tensor], order=tuple(axis - 1 for axis in order[1:]))
    return builder.add(node.called, "permute", [tensor], order=order, axes="all")


@translates("Concat", "ConcatFromSequence")
def concat(node: GraphNode, builder: Builder) -> Tensor:
    tensors = builder.present(node)
    if len(tensors) == 1:
        return tensors[0]
    axis = node.attributes.get("axis", 1)
    return builder.add(node.called, "concat", tensors, **({} if axis == 1 else {"axis": axis}))


def _cut(name: str, builder: Builder, x: Tensor, axis: int, start: int, stop: int, step: int = 1) -> Tensor:
    """Return a stretch of an axis."""
    axis %= len(x.shape)
    if axis == 1 and step == 1:
        return builder.add(name, "channels", [x], start=start, stop=stop)
    return builder.add(name, "slice", [x], axes=(axis,), starts=(start,), stops=(stop,), steps=(step,))


@translates("Split")
def split(node: GraphNode, builder: Builder) -> list[Tensor]:
    x = builder.data(node)
    axis = node.attributes.get("axis", 0) % len(x.shape)
    number = node.attributes.get("num_outputs", len(node.outputs))
    each = -(-x.shape[axis] // number)
    sizes = builder.ints(node, 1, "split") or [
        min(each, x.shape[axis] - each * part) for part in range(number)
    ]
    starts = [sum(sizes[:part]) for part in range(len(sizes))]
    return [
        _cut(f"{node.called}:{part}", builder, x, axis, start, start + size)
        for part, (start, size) in enumerate(zip(starts, sizes, strict=True))
    ]


@translates("Slice")
def slice_(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.data(node)
    starts, stops = builder.ints(node, 1, "starts"), builder.ints(node, 2, "ends")
    if starts is None or stops is None:
        raise UnaccountableError("it lacks where to start and to stop")
    axes = builder.ints(node, 3, "axes") or tuple(range(len(starts)))
    steps = builder.ints(node, 4) or (1,) * len(starts)
    found: dict[int, tuple[int, int, int]] = {}
    for axis, start, stop, step in zip(axes, starts, stops, steps, strict=True):
        if step < 1:
            raise UnaccountableError("it runs backwards")
        size = x.shape[axis]
        first, last, _ = slice(start, stop, step).indices(size)
        if last <= first:
            raise UnaccountableError("nothing is left of it")
        if (first, last, step) != (0, size, 1):
            found[axis % len(x.shape)] = (first, last, step)
    if not found:
        return builder.add(node.called, "identity", [x])
    if len(found) == 1:
        ((axis, cut),) = found.items()
        return _cut(node.called, builder, x, axis, *cut)
    firsts, lasts, strides = zip(*found.values(), strict=True)
    return builder.add(
        node.called, "slice", [x], axes=tuple(found), starts=firsts, stops=lasts, steps=strides
    )


@translates("Gather")
def gather(node: GraphNode, builder: Builder) -> Tensor:
    data, index = builder.needed(node, 0), builder.needed(node, 1)
    axis = node.attributes.get("axis", 0) % len(data.shape)
    is_known = isinstance(index, Constant)
    if isinstance(data, Constant) and data.is_learnt and len(data.shape) == 2 and not axis and not is_known:
        size, width = data.shape
        return builder.add(node.called, "embedding", [index], {"weight": data}, size=size, dim=width)
    if isinstance(index, Constant) and index.scalar is not None and not index.shape:
        return builder.add(node.called, "take", [data], axis=axis, index=int(index.scalar) % data.shape[axis])
    return builder.add(node.called, "take", [data, index], axis=axis)


@translates("Expand")
def expand(node: GraphNode, builder: Builder) -> Tensor:
    x, wanted = builder.data(node), builder.ints(node, 1) or ()
    rank = max(len(x.shape), len(wanted))
    one, other = ((1,) * (rank - len(shape)) + tuple(shape) for shape in (x.shape, wanted))
    shape = tuple(max(pair) for pair in zip(one, other, strict=True))
    if shape == x.shape:
        return builder.add(node.called, "identity", [x])
    return builder.add(node.called, "expand", [x], shape=shape)


@translates("Tile")
def tile(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(node.called, "tile", [builder.data(node)], repeats=builder.ints(node, 1))


@translates("Pad")
def pad(node: GraphNode, builder: Builder) -> Tensor:
    x, given = builder.data(node), builder.ints(node, 1, "pads") or ()
    axes = builder.ints(node, 3) or tuple(range(len(given) // 2))
    sides = dict.fromkeys(range(len(x.shape)), (0, 0))
    half = len(given) // 2
    for axis, before, after in zip(axes, given[:half], given[half:], strict=True):
        sides[axis % len(x.shape)] = (before, after)
    first, second, *rest = (*sides.values(), (0, 0))
    if first != (0, 0) or min(min(pair) for pair in sides.values()) < 0:
        raise UnaccountableError("it pads the batch, or cuts")
    constant = builder.tensor(node, 2)
    value = constant.scalar if isinstance(constant, Constant) else node.attributes.get("value", 0.0)
    settings = {"amount": tuple(rest[:-1]) or ((0, 0),), "mode": node.attributes.get("mode", "constant")}
    if second != (0, 0):
        settings["channels"] = (second,)
    return builder.add(node.called, "pad", [x], value=float(value or 0), **settings)


@translates("DepthToSpace")
def depth_to_space(node: GraphNode, builder: Builder) -> Tensor:
    mode = node.attributes.get("mode", "DCR").lower()
    return builder.add(
        node.called, "depth_to_space", [builder.data(node)], block=node.attributes["blocksize"], mode=mode
    )


@translates("SpaceToDepth")
def space_to_depth(node: GraphNode, builder: Builder) -> Tensor:
    return builder.add(
        node.called, "space_to_depth", [builder.data(node)], block=node.attributes["blocksize"]
    )


@translates("Resize", "Upsample")
def resize(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.data(node)
    sizes = _resized(node, builder, x.shape)
    if sizes[:2] != x.shape[:2] or len(sizes) < 3:
        raise UnaccountableError("it resizes the batch or the channels")
    mode = node.attributes.get("mode", "nearest")
    corners = node.attributes.get("coordinate_transformation_mode") == "align_corners"
    factors = tuple(after // before for before, after in zip(x.shape[2:], sizes[2:], strict=True))
    is_whole = sizes[2:] == tuple(f * size for f, size in zip(factors, x.shape[2:], strict=True))
    if is_whole and mode in ("nearest", "linear") and not corners:
        return builder.add(node.called, "upsample", [x], scale=factors, mode=mode)
    if mode not in ("nearest", "linear", "cubic"):
        raise UnaccountableError(f"its mode is {mode}")
    return builder.add(node.called, "resize", [x], size=sizes[2:], mode=mode, corners=corners)


def _resized(node: GraphNode, builder: Builder, x: Shape) -> Shape:
    """Return the output's shape: stated, or the input's times scales."""
    sizes = builder.ints(node, 3)
    axes = node.attributes.get("axes", range(len(x)))
    if sizes is None:
        scales = node.attributes.get("scales") or _scales(node, builder)
        sizes = tuple(int(x[axis] * scale) for axis, scale in zip(axes, scales, strict=True))
    found = dict(enumerate(x)) | dict(zip((axis % len(x) for axis in axes), sizes, strict=True))
    return tuple(found.values())


def _scales(node: GraphNode, builder: Builder) -> tuple[float, ...]:
    """Return the scales, which are the last input that an old Resize or Upsample has."""
    tensor = builder.tensor(node, 2) or builder.tensor(node, 1)
    value = tensor.value if isinstance(tensor, Constant) else None
    if value is None:
        raise UnaccountableError("it depends on numbers that only a run knows")
    return tuple(float(number) for number in value.reshape(-1))
