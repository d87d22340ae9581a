"""Reads a network from an ONNX file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from archcalc.conditions import Input as GivenInput
from archcalc.errors import ArchcalcError
from archcalc.network import Network, Node
from archcalc.onnx_io import operators
from archcalc.onnx_io.builder import Builder, UnaccountableError
from archcalc.onnx_io.folding import folded
from archcalc.onnx_io.graph import STANDARD, Graph, GraphNode, node_of, read_graph
from archcalc.onnx_io.inference import inferred
from archcalc.onnx_io.inputs import Bound, bound
from archcalc.onnx_io.table import TRANSLATORS, Translate
from archcalc.onnx_io.tensors import FLOATS, Constant, Flow, Tensor, computed, constant
from archcalc.op import Shape
from archcalc.ops.layout import Input
from archcalc.settings import LONGEST_TEXT as MOST_WHAT

__all__ = ["Reading", "operators", "read"]

MOST_NOTED = 5
"""The most nodes that are noted one by one."""


class Reading(NamedTuple):
    """A network, and where it is in its file.

    `weights` are those of the file that a layer takes, by the layer's position and the op's names for them;
    `tensors` is what the file calls the output of each layer.
    """

    network: Network
    weights: Mapping[int, Mapping[str, Constant]]
    tensors: Mapping[int, str]


def read(path: Path, input: GivenInput = None, batch: int | None = None) -> Reading:
    """Return the network of an ONNX file, without loading its weights.

    Args:
        path: the file.
        input: shapes for inputs whose sizes the file leaves open, as `analyze` takes them.
        batch: for a first size that is left open; 1 unless told.

    Raises:
        ArchcalcError: the file cannot be read, is no model, or its shapes do not fit each other.
    """
    graph = read_graph(path)
    reader = _Reader(graph, bound(graph, input, batch))
    try:
        for node in graph.nodes:
            reader.visit(node)
    except ArchcalcError as error:
        if reader.assumed and not error.hint:
            error.hint = f"{reader.assumed}: --input states what it is to be"
        raise
    return reader.reading(path)


class _Reader:
    """Goes through the nodes of a graph in their order."""

    def __init__(self, graph: Graph, inputs: Sequence[Bound]) -> None:
        self.graph = graph
        self.builder = Builder(graph)
        self.shapes = {one.name: one.shape for one in inputs}
        self.unaccounted: list[str] = []
        open_sizes = [f"{', '.join(one.assumed)} of {one.name}" for one in inputs if one.assumed]
        self.assumed = f"the file leaves open {' and '.join(open_sizes)}, taken as 1" if open_sizes else ""
        for one in inputs:
            op = Input(shape=(1,)).replace(shape=one.shape[1:], batch=one.shape[0], batched=one.batched)
            flow = self.builder.append(one.name, op, one.shape, (), {})
            self.builder.tensors[one.name] = flow._replace(dtype=one.dtype)
        self.define(graph.constants)

    def define(self, constants: Mapping[str, Any]) -> None:
        """Take in the constants of a graph."""
        self.builder.tensors |= {name: constant(name, proto) for name, proto in constants.items()}

    def visit(self, node: GraphNode) -> None:
        """Take in a node: worked out where it is constant, else as layers, at worst as one that is unaccounted for."""
        builder = self.builder
        tensors = [builder.tensor(node, index) for index in range(len(node.inputs))]
        found: list[Tensor] | None = None
        if node.inputs and not any(isinstance(tensor, Flow) for tensor in tensors):
            arrays = folded(node, [one for one in tensors if not isinstance(one, Flow)], self.graph.opset)
            if arrays is not None:
                found = [computed(name, array) for name, array in zip(node.outputs, arrays, strict=False)]
        builder.tensors |= zip(node.outputs, found or self.translated(node, tensors), strict=False)

    def translated(self, node: GraphNode, tensors: Sequence[Tensor | None]) -> list[Tensor]:
        """Return the outputs of a node's layers."""
        try:
            found = self.translation(node, tensors)(node, self.builder)
        except UnaccountableError as reason:
            return self.unaccountable(node, tensors, str(reason))
        except ArchcalcError as error:
            if not self.inferred.keys() >= set(filter(None, node.outputs)):
                raise
            return self.unaccountable(node, tensors, error.fact)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError):
            return self.unaccountable(node, tensors, "it is not as ONNX defines it")
        return found if isinstance(found, list) else [found]

    def translation(self, node: GraphNode, tensors: Sequence[Tensor | None]) -> Translate:
        """Return the function that turns a node into layers."""
        if any(isinstance(tensor, Flow) and not tensor.shape for tensor in tensors):
            raise UnaccountableError("the size of its input is not known")
        if node.domain not in STANDARD or node.op not in (*TRANSLATORS, "If"):
            raise UnaccountableError("archcalc does not know the operator")
        return self.branch if node.op == "If" else TRANSLATORS[node.op]

    @cached_property
    def inferred(self) -> dict[str, Shape]:
        """The shapes that ONNX's own inference finds."""
        return inferred(self.graph, self.shapes)

    def unaccountable(self, node: GraphNode, tensors: Sequence[Tensor | None], reason: str) -> list[Tensor]:
        """Append a layer for each output of a node that cannot be said; its weights count all the same."""
        self.unaccounted.append(f"{node.what} '{node.called}': {reason}")
        inputs = [
            tensor
            for tensor in tensors
            if isinstance(tensor, Flow) or (tensor is not None and tensor.is_learnt)
        ]
        found: list[Tensor] = []
        for number, name in enumerate(node.outputs):
            shape = self.inferred.get(name)
            called = f"{node.called}:{number}" if number else node.called
            settings = {"shape": shape} if shape and min(shape) > 0 else {}
            found.append(
                self.builder.add(
                    called, "unaccounted", inputs, what=node.what[:MOST_WHAT], axes="all", **settings
                )
            )
        return found

    def branch(self, node: GraphNode, builder: Builder) -> list[Tensor]:
        """Go through the branch that a constant condition chooses."""
        condition = builder.weight(node, 0).scalar
        if condition is None:
            raise UnaccountableError("which branch it takes, only a run knows")
        graph = node.attributes["then_branch" if condition else "else_branch"]
        self.define({tensor.name: tensor for tensor in graph.initializer})
        for inner in graph.node:
            self.visit(node_of(inner))
        return [builder.tensors[value.name] for value in graph.output]

    def reading(self, path: Path) -> Reading:
        """Return what was read; layers that only hold a weight come first, so that they part no block."""
        builder, graph = self.builder, self.graph
        results = [builder.flow(builder.tensors[name]) for name in graph.outputs if name in builder.tensors]
        order = sorted(range(len(builder.nodes)), key=lambda old: len(builder.nodes[old].inputs) > 0)
        place = {old: new for new, old in enumerate(order)}
        outputs = dict.fromkeys(place[result.position] for result in results)
        by = f" by {graph.producer}" if graph.producer else ""
        network = Network(
            name=path.stem,
            nodes=tuple(_moved(builder.nodes[old], place) for old in order),
            source=f"{path.name}, ONNX opset {graph.opset}{by}",
            outputs=tuple(outputs) or (len(order) - 1,),
            dtype=_dtype(builder.weights),
            notes=(*filter(None, [self.assumed]), *_noted(self.unaccounted)),
        )
        return Reading(
            network,
            {place[position]: weights for position, weights in builder.weights.items()},
            {
                place[tensor.position]: name
                for name, tensor in builder.tensors.items()
                if isinstance(tensor, Flow)
            },
        )


def _moved(node: Node, place: Mapping[int, int]) -> Node:
    """Return a node that takes its inputs from where they are now."""
    return node._replace(inputs=tuple(place[position] for position in node.inputs))


def _noted(unaccounted: Sequence[str]) -> list[str]:
    """Return a line for each node that could not be said, the first few."""
    lines = [f"not accounted for: {one}" for one in unaccounted[:MOST_NOTED]]
    more = len(unaccounted) - MOST_NOTED
    return [*lines, f"not accounted for: {more} nodes more"] if more > 0 else lines


def _dtype(weights: Mapping[int, Mapping[str, Constant]]) -> str | None:
    """Return the type that most of the weights have, as reports call it."""
    sizes: Counter[str] = Counter()
    for one in (weight for named in weights.values() for weight in named.values()):
        if one.dtype in FLOATS:
            sizes[FLOATS[one.dtype]] += one.size
    return max(sizes, key=lambda name: sizes[name]) if sizes else None
