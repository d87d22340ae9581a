"""Operators that move numbers and change shapes.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import Constant, Output, Tensor, reshape_constant, transpose_constant
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Sizes


def to_shape(name: str, builder: Builder, tensor: Tensor, shape: Sizes) -> Tensor:
    """Return a tensor in another shape: another view of a weight, a flatten or a reshape."""
    if isinstance(tensor, Constant):
        return reshape_constant(tensor, shape)
    x = tensor.shape
    if tensor.shape == shape and len(x) > 1:
        return builder.add(name, "identity", [tensor])
    if shape == (x[0], prod(x[1:])):
        return builder.add(name, "flatten", [tensor])
    if len(shape) > 1 and shape[0] == x[0]:
        return builder.add(name, "reshape", [tensor], shape=shape[1:])
    return builder.add(name, "reshape", [tensor], shape=shape or (1,), axes="all")


def _resolve(wanted: tuple[int, ...], x: Sizes, *, zero_copies: bool) -> Sizes:
    """Return a shape without -1, which stands for what is left over, and 0, which copies the input's size."""
    sizes = [
        x[axis] if size == 0 and zero_copies and axis < len(x) else size for axis, size in enumerate(wanted)
    ]
    if -1 in sizes:
        rest = prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = prod(x) // rest if rest else 0
    if min(sizes, default=1) < 1 or prod(sizes) != prod(x):
        raise ArchcalcError(f"{'x'.join(map(str, x))} does not fill {'x'.join(map(str, wanted))}")
    return tuple(sizes)


@translates("Reshape")
def reshape(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.require(node, 0)
    wanted = builder.ints(node, 1, "shape") or ()
    shape = _resolve(wanted, tensor.shape, zero_copies=not node.attributes.get("allowzero"))
    dealt = isinstance(tensor, Output) and _dealt(node, builder, shape)
    return dealt or to_shape(node.called, builder, tensor, shape)


def _dealt(node: GraphNode, builder: Builder, shape: Sizes) -> Output | None:
    """Return channels dealt out anew where that is what a reshape, a transposition and this reshape do.

    The channels become groups, (N, g, C/g, *I), groups and members change places, and all come back in a row.
    """
    turn = builder.makers.get(node.inputs[0])
    group = builder.makers.get(turn.inputs[0]) if turn and turn.op == "Transpose" else None
    if turn is None or group is None or group.op != "Reshape":
        return None
    x, groups = builder.tensors[group.inputs[0]], builder.tensors[group.outputs[0]].shape
    order = (0, 2, 1, *range(3, len(groups)))
    between = [builder.tensors[node.outputs[0]] for node in (group, turn)]
    if (
        x.shape != shape
        or (groups[0], *groups[3:]) != (shape[0], *shape[2:])
        or tuple(turn.attributes.get("perm", ())) != order
        or any(builder.uses[node.outputs[0]] != 1 for node in (group, turn))
        or not all(isinstance(tensor, Output) for tensor in between)
    ):
        return None
    return builder.add(node.called, "shuffle", [x], groups=groups[1])


@translates("Flatten")
def flatten(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.require(node, 0)
    axis = node.attributes.get("axis", 1)
    x = tensor.shape
    axis = axis if axis >= 0 else len(x) + axis
    return to_shape(node.called, builder, tensor, (prod(x[:axis]), prod(x[axis:])))


@translates("Squeeze")
def squeeze(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.require(node, 0)
    x = tensor.shape
    axes = builder.ints(node, 1, "axes")
    gone = (
        {axis % len(x) for axis in axes} if axes is not None else {i for i, size in enumerate(x) if size == 1}
    )
    return to_shape(node.called, builder, tensor, tuple(size for i, size in enumerate(x) if i not in gone))


@translates("Unsqueeze")
def unsqueeze(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.require(node, 0)
    axes = builder.ints(node, 1, "axes") or ()
    rank = len(tensor.shape) + len(axes)
    new = {axis % rank for axis in axes}
    if len(new) < len(axes):
        raise UnaccountableError("it names an axis twice")
    rest = iter(tensor.shape)
    return to_shape(node.called, builder, tensor, tuple(1 if i in new else next(rest) for i in range(rank)))


@translates("Transpose")
def transpose(node: GraphNode, builder: Builder) -> Tensor:
    tensor = builder.require(node, 0)
    order = tuple(node.attributes.get("perm", range(len(tensor.shape))[::-1]))
    if isinstance(tensor, Constant):
        return transpose_constant(tensor, order)
    if order[0] == 0 and len(order) > 1:
        return builder.add(node.called, "permute", [tensor], order=tuple(axis - 1 for axis in order[1:]))
    return builder.add(node.called, "permute", [tensor], order=order, axes="all")


@translates("Concat")
def concat(node: GraphNode, builder: Builder) -> Tensor:
    tensors = [tensor for tensor in builder.present(node) if tensor.size]
    if len(tensors) == 1:
        return tensors[0]
    axis = node.attributes.get("axis", 1)
    return builder.add(node.called, "concat", tensors, **({} if axis == 1 else {"axis": axis}))


@translates("Expand")
def expand(node: GraphNode, builder: Builder) -> Tensor:
    x, wanted = builder.data(node), builder.ints(node, 1) or ()
    rank = max(len(x.shape), len(wanted))
    left, right = ((1,) * (rank - len(shape)) + tuple(shape) for shape in (x.shape, wanted))
    shape = tuple(max(pair) for pair in zip(left, right, strict=True))
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
    if not any(map(any, sides.values())):
        return builder.add(node.called, "identity", [x])
    x = _without(f"{node.called}:cut", builder, x, sides)
    first, second, *rest = ((max(0, before), max(0, after)) for before, after in (*sides.values(), (0, 0)))
    if first != (0, 0):
        raise UnaccountableError("it pads the batch")
    settings = {"amount": tuple(rest[:-1]) or ((0, 0),), "mode": node.attributes.get("mode", "constant")}
    if second != (0, 0):
        settings["channels"] = (second,)
    if settings["mode"] == "constant":
        constant = builder.tensor(node, 2)
        value = constant.scalar if isinstance(constant, Constant) else node.attributes.get("value", 0.0)
        settings["value"] = float(value or 0)
    return builder.add(node.called, "pad", [x], **settings)


def _without(name: str, builder: Builder, x: Output, sides: Mapping[int, tuple[int, int]]) -> Output:
    """Return what is left where padding is negative."""
    cut = {axis: pair for axis, pair in sides.items() if min(pair) < 0}
    if not cut:
        return x
    starts = tuple(max(0, -before) for before, _ in cut.values())
    stops = tuple(x.shape[axis] - max(0, -after) for axis, (_, after) in cut.items())
    return builder.add(name, "slice", [x], axes=tuple(cut), starts=starts, stops=stops)
