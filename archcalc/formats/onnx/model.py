"""A network as the parts of an ONNX model, still as plain values: every layer is one node where that is possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import prod
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.run import Layer, Run, run
from archcalc.formats.onnx.draft import Draft, Operation, SmallTensor, ints
from archcalc.formats.onnx.functions import DOMAIN, attributes_of, function_name
from archcalc.formats.onnx.write_table import entry_of
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Node
from archcalc.op.op import Op
from archcalc.op.site import Sizes, Spot, sizes_of

BATCH = "N"
"""What the file calls the batch, which it leaves open."""
OTHER_BATCH = 97
"""Another batch, with which is tried whether the network takes any; no other size is likely to be the same."""
ONES = frozenset(["weight", "running_var", "scale", "coefficient"])
"""Weights of a single axis that multiply or divide; the others of a single axis are added."""
SHARE = 0.25
"""What a matrix passes on of its inputs' mean."""

OpenSizes = tuple[int | str, ...]
"""A shape; a word stands for a size that is open, an empty one for a size that follows from it."""


class FunctionDraft(NamedTuple):
    """A function of archcalc's domain: what its inputs and its settings are called, and its body."""

    name: str
    inputs: tuple[str, ...]
    output: str
    settings: tuple[str, ...]
    steps: tuple[Operation, ...]


class Model(NamedTuple):
    """The parts of a model: `calls` make weights and run operators, in an order in which they can."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sizes: Mapping[str, OpenSizes]
    constants: Mapping[str, SmallTensor]
    calls: tuple[Operation, ...]
    functions: tuple[FunctionDraft, ...]


def write_model(report: Report) -> Model:
    """Return the parts of the model of a network as it was run, without heads that exist only in training.

    Raises:
        ArchcalcError: it holds a layer that no ONNX file can hold.
    """
    ran = report.run
    if ran.conditions.train:
        ran = run(ran.network, ran.conditions._replace(train=False))
    writer = _Writer(ran)
    for layer in ran.layers:
        writer.write(layer)
    names = [layer.node.name for layer in ran.layers]
    return Model(
        inputs=tuple(layer.node.name for layer in ran.layers if layer.op.traits.role == "input"),
        outputs=tuple(names[position] for position in ran.outputs),
        sizes=dict(zip(names, _sizes(ran, report.batch), strict=True)),
        constants={name: constant for constant, name in writer.constants.items()},
        calls=tuple(writer.calls),
        functions=tuple(writer.functions.values()),
    )


def _unsaid(node: Node, reason: str) -> ArchcalcError:
    return ArchcalcError(f"ONNX cannot say it: {reason}").at(f"{node.op.kind} '{node.name}'", node.origin)


def _sizes(ran: Run, batch: int) -> list[OpenSizes]:
    """Return the shape of every layer's output, the batch open unless the network takes no other."""
    shapes = [layer.at.y for layer in ran.layers]
    others = _with_batch(ran, OTHER_BATCH) or shapes
    return [
        tuple(
            size if size == other else BATCH if (size, other) == (batch, OTHER_BATCH) else ""
            for size, other in zip(shape, changed, strict=True)
        )
        for shape, changed in zip(shapes, others, strict=True)
    ]


def _with_batch(ran: Run, batch: int) -> list[Sizes] | None:
    """Return the shapes of the layers' outputs with another batch, or None where the network does not take it."""
    try:
        other = run(ran.network, ran.conditions._replace(batch=batch))
    except ArchcalcError:
        return None
    return [layer.at.y for layer in other.layers]


def _fill(name: str, shape: Sizes) -> float:
    """Return a number for a whole weight with which numbers neither overflow nor vanish on their way.

    A normalisation passes on what it gets. A matrix makes a share of its inputs' mean: with the whole mean every
    residual block would double its input, and the longest known has six hundred.
    """
    if len(shape) > 1:
        return SHARE / prod(shape[1:])
    return float(name in ONES)


class _Writer:
    """Writes layer after layer."""

    def __init__(self, ran: Run) -> None:
        self.layers = ran.layers
        self.calls: list[Operation] = []
        self.constants: dict[SmallTensor, str] = {}
        self.functions: dict[str, FunctionDraft] = {}
        self.weights: list[dict[str, str]] = []
        self.names = {*ran.positions}
        self.numbers: Counter[str] = Counter()
        self.bodies: Counter[str] = Counter()

    def write(self, layer: Layer) -> None:
        """Append what a layer needs: its weights, and one operator, several, or a function."""
        node, op = layer.node, layer.op
        if node.shared:
            raise _unsaid(node, "it shares single weights with another layer, and which layer is not known")
        weights = self.made(layer)
        self.weights.append(weights)
        if op.traits.role == "input":
            return
        draft = Draft(len(node.inputs), weights)
        try:
            entry = entry_of(op.kind)
            output = entry.write(draft, op, layer.at)
        except ArchcalcError as error:
            raise _unsaid(node, error.fact) from None
        taken = (self.layers[source].node.name for source in node.inputs)
        actual = dict(zip(draft.inputs, taken, strict=True)) | weights
        form = "function" if draft.is_whole else entry.form
        if form == "operators" or (form == "shortest" and len(draft.steps) == 1):
            self.spread(node.name, draft, actual | {output: node.name})
            return
        name = self.function(draft, output, op)
        inputs = tuple(actual.values())
        self.calls.append(Operation(name, inputs, node.name, attributes_of(op), node.name, DOMAIN))

    def made(self, layer: Layer) -> dict[str, str]:
        """Return what a layer's weights are called by the op's names for them; append what makes those that are new."""
        node = layer.node
        known = {} if node.tied is None else self.weights[node.tied]
        return {
            weight: known.get(weight) or self.weight(f"{node.name}.{weight}", sizes_of(shape), weight)
            for weight, shape in layer.op.tensors(Spot(layer.at.xs)).items()
        }

    def weight(self, wanted: str, shape: Sizes, kind: str) -> str:
        """Append a node that makes a weight of one number and return what it is called."""
        name = self.unused(wanted)
        fill = SmallTensor((_fill(kind, shape),), (1,), "number")
        size = self.constant(ints(shape))
        self.calls.append(Operation("ConstantOfShape", (size,), name, {"value": fill}, name))
        return name

    def spread(self, layer: str, draft: Draft, actual: dict[str, str]) -> None:
        """Append the operators of a draft as nodes; the one that takes the data first has the layer's name."""
        free = {layer}
        for step in draft.steps:
            inputs = [
                self.constant(x) if isinstance(x, SmallTensor) else actual.get(x, x) for x in step.inputs
            ]
            label = layer if len(draft.steps) == 1 else self.unused(f"{layer}.{step.operator.lower()}")
            is_first = free and any(x in draft.inputs for x in step.inputs)
            output = actual.setdefault(step.output, label)
            name = free.pop() if is_first else label
            self.calls.append(step._replace(name=name, inputs=tuple(inputs), output=output))

    def function(self, draft: Draft, output: str, op: Op) -> str:
        """Return the name of the function with a draft as its body; there is one for each body."""
        kind = op.kind
        body = (draft.inputs + draft.weights, output, tuple(op.declared), tuple(draft.steps))
        key = repr((kind, body))
        if key not in self.functions:
            self.bodies[kind] += 1
            self.functions[key] = FunctionDraft(function_name(kind, self.bodies[kind]), *body)
        return self.functions[key].name

    def constant(self, constant: SmallTensor) -> str:
        """Return the name of a constant; equal ones are one."""
        if constant not in self.constants:
            self.constants[constant] = self.unused("constant")
        return self.constants[constant]

    def unused(self, wanted: str) -> str:
        """Return a name that nothing has yet, numbered if need be, and take it."""
        name = wanted
        while name in self.names:
            self.numbers[wanted] += 1
            name = f"{wanted}_{self.numbers[wanted] + 1}"
        self.names.add(name)
        return name
