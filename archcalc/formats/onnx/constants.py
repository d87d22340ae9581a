"""Nodes that only compute sizes and indices: worked out while the graph is read, by ONNX's own reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from archcalc.formats.onnx.budget import A_STEP, FOLDING, KEPT, Budget
from archcalc.formats.onnx.graph import STANDARD, Attributes, GraphNode
from archcalc.formats.onnx.tensors import Constant
from archcalc.ops.axes import stretch

if TYPE_CHECKING:
    from onnx.reference import ReferenceEvaluator

    from archcalc.formats.onnx.tensors import Array

MOST = 1 << 20
"""The most numbers that a folded tensor may have."""
STRETCHING = frozenset(
    [
        "Add",
        "And",
        "Div",
        "Equal",
        "Greater",
        "GreaterOrEqual",
        "Less",
        "LessOrEqual",
        "Max",
        "Mean",
        "Min",
        "Mod",
        "Mul",
        "Or",
        "Pow",
        "Sub",
        "Sum",
        "Where",
        "Xor",
    ]
)
"""Operators whose inputs stretch to each other's shapes."""
FOLDED = STRETCHING | frozenset(
    [
        "Abs",
        "ArgMax",
        "ArgMin",
        "Cast",
        "CastLike",
        "Ceil",
        "Clip",
        "Concat",
        "Cos",
        "CumSum",
        "Exp",
        "Expand",
        "EyeLike",
        "Flatten",
        "Floor",
        "Gather",
        "GatherElements",
        "GatherND",
        "Identity",
        "IsInf",
        "IsNaN",
        "Log",
        "Neg",
        "NonZero",
        "Not",
        "OneHot",
        "Range",
        "Reciprocal",
        "ReduceL1",
        "ReduceL2",
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceProd",
        "ReduceSum",
        "Reshape",
        "Round",
        "ScatterElements",
        "ScatterND",
        "Sign",
        "Sin",
        "Slice",
        "Sqrt",
        "Squeeze",
        "Tile",
        "TopK",
        "Transpose",
        "Trilu",
        "Unique",
        "Unsqueeze",
    ]
)


SLOW = frozenset(["CastLike", "GatherElements", "GatherND", "ScatterElements", "ScatterND", "Unique"])
"""Operators of which the reference may go through the numbers one by one, in Python."""
STRING = 8
"""The element type of texts, which numbers become one by one, too."""
EACH = 8
"""What a number costs there, in steps."""


def fold(
    node: GraphNode, constants: Sequence[Constant | None], opset: int, budget: Budget
) -> list[Array] | None:
    """Return the outputs of a node whose inputs are all known, or None where it is to be kept as a layer.

    Weights are never folded: what happens to them at run time is work. Nor is anything once half the budget is gone.
    """
    if node.op not in FOLDED or node.domain not in STANDARD or not budget.affords(FOLDING):
        return None
    values: list[Array | None] = []
    for constant in constants:
        value = None if constant is None or constant.is_learnt or constant.size > MOST else constant.value
        if constant is not None and value is None:
            return None
        values.append(value)
    size = sum(value.size for value in values if value is not None)
    is_slow = node.op in SLOW or node.attributes.get("to") == STRING
    cost = FOLDING + (size * EACH if is_slow else size // A_STEP)
    if not budget.affords(cost):
        return None
    budget.spend(cost)
    arrays = _run(node, values, opset)
    budget.spend(KEPT * sum(array.size for array in arrays or ()))
    return arrays


def _run(node: GraphNode, values: Sequence[Array | None], opset: int) -> list[Array] | None:
    attributes = tuple(sorted((name, _hashable(value)) for name, value in node.attributes.items()))
    names = tuple(f"x{n}" if value is not None else "" for n, value in enumerate(values))
    given = {name: value for name, value in zip(names, values, strict=True) if value is not None}
    try:
        if _size(node, values) > MOST:
            return None
        run = _evaluator(node.op, attributes, names, len(node.outputs), opset)
        return list(run.run(None, given))
    except Exception:  # noqa: BLE001  # whatever the reference cannot do is left to be a layer
        return None


def _hashable(value: object) -> object:
    return value.SerializeToString() if hasattr(value, "SerializeToString") else value


@lru_cache(maxsize=256)
def _evaluator(
    op: str, attributes: Iterable[tuple[str, object]], inputs: tuple[str, ...], outputs: int, opset: int
) -> ReferenceEvaluator:
    """Return ONNX's reference for one node; equal nodes share it."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    settings = Attributes(
        (name, TensorProto.FromString(value) if isinstance(value, bytes) else value)
        for name, value in attributes
    )
    results = [f"y{n}" for n in range(outputs)]
    node = helper.make_node(op, inputs, results, **settings)
    graph = helper.make_graph(
        [node],
        "folded",
        [helper.make_value_info(name, helper.make_tensor_type_proto(0, None)) for name in inputs if name],
        [helper.make_value_info(name, helper.make_tensor_type_proto(0, None)) for name in results],
    )
    return ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]))


def _size(node: GraphNode, values: Sequence[Array | None]) -> int:
    """Return how many numbers come out at most."""
    numbers = [value for value in values if value is not None]
    first, *rest = numbers
    if node.op in STRETCHING:
        return int(prod(stretch(*(value.shape for value in numbers))))
    if node.op == "Expand":
        return int(prod(stretch(first.shape, _ints(rest[0]))))
    if node.op == "Tile":
        return first.size * prod(map(abs, _ints(rest[0])))
    if node.op == "Range":
        start, limit, step = (float(value.reshape(-1)[0]) for value in numbers)
        return int(abs(limit - start) / abs(step)) if step else MOST + 1
    if node.op in ("Gather", "GatherND", "OneHot"):
        depth = abs(_ints(rest[0])[0]) if node.op == "OneHot" else rest[0].size
        return first.size * depth
    return sum(value.size for value in numbers) * max(1, *(value.ndim for value in numbers))


def _ints(array: Array) -> tuple[int, ...]:
    return tuple(int(number) for number in array.reshape(-1))
