"""Recurrent layers.

ONNX lays directions one behind the other, and orders gates otherwise than PyTorch does, whose order the ops have.
Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.shapes.shaping import to_shape
from archcalc.formats.onnx.tensors import Constant, Output, Tensor

if TYPE_CHECKING:
    from archcalc.formats.onnx.tensors import Array


class Recurrence(NamedTuple):
    """What a recurrent operator is here, the places of its gates in ONNX's order, and its usual activations."""

    kind: str
    gates: tuple[int, ...]
    activations: tuple[str, ...]


KINDS = {
    "RNN": Recurrence("rnn", (0,), ("Tanh",)),
    "GRU": Recurrence("gru", (1, 0, 2), ("Sigmoid", "Tanh")),
    "LSTM": Recurrence("lstm", (0, 2, 3, 1), ("Sigmoid", "Tanh", "Tanh")),
}
INITIAL, PEEPHOLES = (5, 6), 7
"""The inputs that hold what a layer starts from, and what lets an LSTM's gates see its memory."""
SUFFIXES = ("", "_reverse")


@translates(*KINDS)
def recurrent(node: GraphNode, builder: Builder) -> list[Tensor | None]:
    """Append a layer, and what makes ONNX's outputs of the op's: all states, the last ones, the last memory."""
    _check(node, builder)
    x, hidden = builder.data(node), node.attributes["hidden_size"]
    weights = _weights(node, builder, hidden)
    both = node.attributes.get("direction", "forward") == "bidirectional"
    batch_first = bool(node.attributes.get("layout", 0))
    y = builder.add(
        node.called,
        KINDS[node.op].kind,
        [x],
        weights,
        hidden=hidden,
        bias="bias_ih" in weights,
        **({"directions": 2} if both else {}),
        **({} if batch_first else {"batch_first": False}),
    )
    _note_start(node, builder)
    outputs = (_states, _last, _memory)
    return [
        output(node, builder, y, hidden) if name and builder.uses[name] else None
        for name, output in zip(node.outputs, outputs, strict=False)
    ]


def _check(node: GraphNode, builder: Builder) -> None:
    """Raise where a layer does more, or other things, than the op."""
    attributes = node.attributes
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    usual = KINDS[node.op].activations * directions
    if attributes.get("direction") == "reverse":
        raise UnaccountableError("it runs backwards only")
    names = tuple(name.capitalize() for name in attributes.get("activations", usual))
    if names != usual or attributes.get("clip"):
        raise UnaccountableError("its activations are not the usual ones")
    if builder.tensor(node, PEEPHOLES) is not None:
        raise UnaccountableError("its gates see its memory")
    if attributes.get("input_forget"):
        raise UnaccountableError("one gate does what two do")
    constants = [start for start in _starts(node, builder) if isinstance(start, Constant)]
    if any(start.is_learnt and not start.is_zero for start in constants):
        raise UnaccountableError("it starts from a learnt state")


def _starts(node: GraphNode, builder: Builder) -> list[Tensor]:
    states = (builder.tensor(node, index) for index in INITIAL)
    return [start for start in states if start is not None]


def _note_start(node: GraphNode, builder: Builder) -> None:
    """Say where a layer's values are not the op's, although its figures are."""
    if not all(isinstance(start, Constant) and start.is_zero for start in _starts(node, builder)):
        builder.notes.append(f"{node.op} '{node.called}' starts from a state of its own, taken as zeros")
    if node.op == "GRU" and not node.attributes.get("linear_before_reset"):
        builder.notes.append(f"GRU '{node.called}' resets its state before the product, taken as after it")


def _weights(node: GraphNode, builder: Builder, hidden: int) -> dict[str, Constant]:
    """Return the weights under the op's names, with the gates in its order."""
    gates = KINDS[node.op].gates
    into, over = builder.weight(node, 1), builder.weight(node, 2)
    weights = {}
    for direction, suffix in enumerate(SUFFIXES[: into.shape[0]]):
        weights[f"weight_ih{suffix}"] = _part(into, direction, gates, hidden)
        weights[f"weight_hh{suffix}"] = _part(over, direction, gates, hidden)
        if builder.tensor(node, 3) is not None:
            bias = builder.weight(node, 3)
            weights[f"bias_ih{suffix}"] = _part(bias, direction, gates, hidden)
            weights[f"bias_hh{suffix}"] = _part(bias, direction, gates, hidden, skipped=len(gates))
    return weights


def _part(weight: Constant, direction: int, gates: Sequence[int], hidden: int, skipped: int = 0) -> Constant:
    """Return one direction of a weight, its gates put in order; biases of the state come after `skipped` others."""

    def step(array: Array) -> Array:
        from numpy import concatenate

        rows = (array[direction, (skipped + gate) * hidden :][:hidden] for gate in gates)
        gates_in_order: Array = concatenate([*rows])
        return gates_in_order

    return weight.view((len(gates) * hidden, *weight.shape[2:]), step)


def _states(node: GraphNode, builder: Builder, y: Output, hidden: int) -> Tensor:
    """Return the states after every step as (T, D, N, H), or (N, T, D, H) where the batch is first."""
    directions = y.shape[2] // hidden
    apart = builder.flow(
        to_shape(f"{node.called}:directions", builder, y, (*y.shape[:2], directions, hidden))
    )
    if node.attributes.get("layout"):
        return apart
    return builder.add(f"{node.called}:order", "permute", [apart], order=(0, 2, 1, 3), axes="all")


def _last(node: GraphNode, builder: Builder, y: Output, hidden: int) -> Tensor:
    """Return the last state of each direction as (D, N, H), or (N, D, H); backwards it is that of the first step."""
    time = 1 if node.attributes.get("layout") else 0
    name, behind = f"{node.called}:last", 1 if time else 0
    parts: list[Tensor] = []
    for direction in range(y.shape[2] // hidden):
        start, index = direction * hidden, 0 if direction else y.shape[time] - 1
        step_state = y
        if y.shape[2] > hidden:
            step_state = builder.add(
                f"{name}{direction}:half", "slice", [y], axes=(2,), starts=(start,), stops=(start + hidden,)
            )
        state = builder.add(f"{name}{direction}", "take", [step_state], axis=time, index=index)
        shape = (state.shape[0], 1, hidden) if behind else (1, *state.shape)
        parts.append(to_shape(f"{name}{direction}:row", builder, state, shape))
    return parts[0] if len(parts) == 1 else builder.add(name, "concat", parts, axis=behind)


def _memory(node: GraphNode, builder: Builder, y: Output, hidden: int) -> Tensor:
    """Return the last memory of each direction, of which the op says nothing."""
    last = builder.flow(_last(node, builder, y, hidden))
    builder.unaccounted.append(f"{node.what} '{node.called}': somebody reads its memory")
    return builder.add(
        f"{node.called}:memory", "unaccounted", [y], what=f"memory of {node.op}", shape=last.shape, axes="all"
    )
