"""Makes a network of an ONNX graph: what each name stands for, and the layers so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.onnx.budget import LAYER, NUMBER
from archcalc.formats.onnx.graph import GraphNode, OnnxGraph, node_of
from archcalc.formats.onnx.tensors import Constant, Output, Tensor
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Node
from archcalc.op.op import Op, elements, extents_of
from archcalc.op.site import Sizes, Spot, sizes_of
from archcalc.ops import REGISTRY


class UnaccountableError(Exception):
    """A node that cannot be said in archcalc's own ops, and why."""


class Open(NamedTuple):
    """An op that a layer becomes when a learnt number is added to it for each index of an axis."""

    axis: int
    kind: str
    settings: Mapping[str, object]


class Builder:
    """The layers made so far.

    `tensors` says what each name of the graph stands for; `weights` are the constants that a layer takes, by its
    position and the name that the op has for them; `uses` counts who reads a name; `open` are layers that can
    take in a bias from the node that follows; `makers` are the nodes by what they compute.
    """

    def __init__(self, graph: OnnxGraph) -> None:
        self.graph = graph
        self.budget = graph.budget
        self.nodes: list[Node] = []
        self.shapes: list[Sizes] = []
        self.tensors: dict[str, Tensor] = {}
        self.weights: dict[int, dict[str, Constant]] = {}
        self.open: dict[int, Open] = {}
        self.unaccounted: list[str] = []
        self.notes: list[str] = []
        self.makers: dict[str, GraphNode] = {}
        self.uses = Counter(graph.outputs)
        self.count(graph.nodes)
        self._names: Counter[str] = Counter()
        self._ops: dict[tuple[str, str], Op] = {}
        self._parameters: dict[tuple[str, Sizes], Output] = {}

    def count(self, nodes: Iterable[GraphNode]) -> None:
        """Take note of what some nodes read."""
        for node in nodes:
            self.uses.update(_read(node))
            self.makers |= dict.fromkeys(node.outputs, node)

    def know(self, tensors: Mapping[str, Tensor]) -> None:
        """Take note of what names stand for; whoever looks at the numbers of a constant pays for it."""
        for name, tensor in tensors.items():
            if isinstance(tensor, Constant):
                self.budget.spend(len(tensor.shape) ** 2)  # its size is a product of as many sizes
                self.budget.copy(len(tensor.root))
                self.tensors[name] = tensor._replace(budget=self.budget)
            else:
                self.tensors[name] = tensor

    def op(self, kind: str, settings: Mapping[str, object]) -> Op:
        """Return an op; equal ones are one object."""
        key = (kind, repr(settings))
        op = self._ops.get(key)
        if op is None:
            op = self._ops[key] = REGISTRY[kind](**settings)
        return op

    def add(
        self,
        called: str,
        kind: str,
        inputs: Sequence[Tensor] = (),
        weights: Mapping[str, Constant] | None = None,
        /,
        **settings: object,
    ) -> Output:
        """Append a layer and return its output.

        Raises:
            ArchcalcError: the settings or the shapes do not suit the op, or the weights are not those it has.
        """
        flows = [self.flow(tensor) for tensor in inputs]
        try:
            op = self.op(kind, settings)
            at = Spot(tuple(flow.shape for flow in flows))
            op.check(at)
            shape = sizes_of(op.output(at))
            _check_weights(op, at, weights or {})
        except ArchcalcError as error:
            fed = " and ".join(extents_of(flow.shape) for flow in flows)
            raise error.at(f"{kind} '{called}'" + (f" on {fed}" if fed else ""), None) from None
        return self.append(called, op, shape, flows, weights or {})

    def append(
        self, name: str, op: Op, shape: Sizes, flows: Sequence[Output], weights: Mapping[str, Constant]
    ) -> Output:
        """Append a layer that has been checked."""
        self.budget.spend(LAYER)
        self.budget.copy(len(name))
        position = len(self.nodes)
        self.nodes.append(Node(self._unique(name), op, tuple(flow.position for flow in flows)))
        self.shapes.append(shape)
        if weights:
            self.weights[position] = dict(weights)
        return Output(position, shape, flows[0].dtype if flows else 1)

    def _unique(self, name: str) -> str:
        """Return the name, numbered where another layer has it."""
        self._names[name] += 1
        while self._names[name] > 1:
            name = f"{name}#{self._names[name]}"
            self._names[name] += 1
        return name

    def awaits_bias(self, flow: Output, axis: int, kind: str, settings: Mapping[str, object]) -> Output:
        """Note what a layer becomes when a bias follows, and return its output."""
        self.open[flow.position] = Open(axis % len(flow.shape), kind, settings)
        return flow

    def take_bias(self, node: GraphNode, flow: Output, bias: Constant, axis: int) -> Output | None:
        """Return a layer's output once it has taken in a bias; None where it cannot, or others read it without."""
        opened = self.open.get(flow.position)
        names = [name for name in node.inputs if self.tensors.get(name) == flow]
        if opened is None or opened.axis != axis or len(names) != 1 or self.uses[names[0]] != 1:
            return None
        del self.open[flow.position]
        op = self.op(opened.kind, opened.settings)
        self.nodes[flow.position] = self.nodes[flow.position]._replace(op=op)
        self.weights.setdefault(flow.position, {})["bias"] = bias
        return flow

    def flow(self, tensor: Tensor) -> Output:
        """Return a tensor as the output of a layer: a constant becomes a layer that holds it."""
        if isinstance(tensor, Output):
            return tensor
        if not tensor.size:
            raise UnaccountableError("it takes an empty tensor")
        key = (tensor.root, tensor.shape)
        output = self._parameters.get(key)
        if output is None:
            learnt = {} if tensor.is_learnt else {"learnt": False}
            output = self.add(
                tensor.root,
                "parameter",
                (),
                {"value": tensor},
                shape=tensor.shape or (1,),
                axes="all",
                **learnt,
            )._replace(dtype=tensor.dtype)
            self._parameters[key] = output
        return output

    def tensor(self, node: GraphNode, index: int) -> Tensor | None:
        """Return an input of a node, None where it is left out."""
        name = node.inputs[index] if index < len(node.inputs) else ""
        if name and name not in self.tensors:
            raise ArchcalcError(
                f"node '{node.called}' takes '{name}', which nothing before it computes",
                hint="the nodes of an ONNX file stand in the order in which they run",
            )
        return self.tensors[name] if name else None

    def present(self, node: GraphNode) -> list[Tensor]:
        """Return the inputs that a node has."""
        tensors = (self.tensor(node, index) for index in range(len(node.inputs)))
        return [tensor for tensor in tensors if tensor is not None]

    def require(self, node: GraphNode, index: int) -> Tensor:
        """Return an input that a node must have."""
        tensor = self.tensor(node, index)
        if tensor is None:
            raise UnaccountableError(f"it lacks input {index + 1}")
        return tensor

    def data(self, node: GraphNode, index: int = 0) -> Output:
        """Return an input that is data."""
        return self.flow(self.require(node, index))

    def weight(self, node: GraphNode, index: int) -> Constant:
        """Return an input that must be a constant, such as the filters of a convolution."""
        tensor = self.require(node, index)
        if isinstance(tensor, Output):
            raise UnaccountableError(f"its input {index + 1} is computed, and not a weight")
        return tensor

    def only_first(self, node: GraphNode, other: str) -> None:
        """Make sure that nobody reads what a node computes beside its first output."""
        if any(name and self.uses[name] for name in node.outputs[1:]):
            raise UnaccountableError(f"it returns {other}, too")

    def ints(self, node: GraphNode, index: int, attribute: str = "") -> tuple[int, ...] | None:
        """Return integers that a node takes as an attribute (older opsets) or as a constant input; None if neither."""
        if attribute in node.attributes:
            return tuple(node.attributes[attribute])
        tensor = self.tensor(node, index)
        if tensor is None:
            return None
        values = None if isinstance(tensor, Output) else tensor.ints
        if values is None:
            raise UnaccountableError("it depends on numbers that only a run knows")
        self.budget.spend(NUMBER * len(values))
        return values


def _read(node: GraphNode) -> Iterator[str]:
    """Yield every name that a node reads, and those that graphs inside it read."""
    yield from node.inputs
    for value in node.attributes.values():
        for inner in getattr(value, "node", ()):
            yield from _read(node_of(inner))
        yield from (result.name for result in getattr(value, "output", ()))


def _check_weights(op: Op, at: Spot, weights: Mapping[str, Constant]) -> None:
    """Raise a fact where the file's weights are not as large as the op says."""
    declared = op.tensors(at)
    for name, weight in weights.items():
        if name in declared and elements([declared[name]]) != weight.size:
            stated, wanted = ("x".join(map(str, shape)) for shape in (weight.shape, declared[name]))
            raise ArchcalcError(f"its {name} '{weight.root}' is {stated}, but its input calls for {wanted}")
    missing = declared.keys() - weights.keys()
    if weights and missing:
        raise ArchcalcError(f"its {', '.join(sorted(missing))} is not in the file")
