"""Reads a network from an ONNX file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from archcalc.analysis.conditions import Input as GivenInput
from archcalc.formats.onnx import operators
from archcalc.formats.onnx.budget import DEFINITION, NODE
from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.constants import FOLDED, fold
from archcalc.formats.onnx.entering import Bound, bind
from archcalc.formats.onnx.functions import kind_of
from archcalc.formats.onnx.graph import STANDARD, GraphNode, OnnxGraph, node_of, read_graph, text
from archcalc.formats.onnx.inference import infer
from archcalc.formats.onnx.inlining import body
from archcalc.formats.onnx.merged import note_merged
from archcalc.formats.onnx.messages import Proto
from archcalc.formats.onnx.own import own
from archcalc.formats.onnx.read_table import TRANSLATORS, Translate
from archcalc.formats.onnx.sharing import find_needed, find_shared, idle, sharing, tie
from archcalc.formats.onnx.tensors import FLOATS, Constant, Output, Tensor, constant, make_constant
from archcalc.formats.registry import reader
from archcalc.ground.errors import ArchcalcError, ExceededError, visible
from archcalc.network.network import Network, Node
from archcalc.op.settings import LONGEST_TEXT as MOST_WHAT
from archcalc.op.site import Sizes
from archcalc.ops.inputs.given import Input

__all__ = ["Reading", "operators", "read"]

KNOWN = frozenset([*TRANSLATORS, *FOLDED, "If"])
"""Operators that can be read, some of them only where their inputs are constant."""
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
    return _gone_through(path, input, batch).reading(path)


@reader("onnx")
def network_of(path: Path, input: GivenInput, batch: int | None) -> Network:
    """Return the network of an ONNX file; see `read`."""
    return read(path, input, batch).network


class _Reader:
    """Goes through the nodes of a graph in their order."""

    def __init__(self, graph: OnnxGraph, inputs: Sequence[Bound], *, is_given: bool = False) -> None:
        self.graph = graph
        self.is_given = is_given
        self.builder = Builder(graph)
        self.shapes = {entry.name: entry.shape for entry in inputs}
        open_sizes = [f"{', '.join(entry.assumed)} of {entry.name}" for entry in inputs if entry.assumed]
        self.assumed = f"the file leaves open {' and '.join(open_sizes)}, taken as 1" if open_sizes else ""
        for entry in inputs:
            op = Input(shape=(1,)).replace(shape=entry.shape[1:], batch=entry.shape[0], batched=entry.batched)
            flow = self.builder.append(entry.name, op, entry.shape, (), {})
            self.builder.tensors[entry.name] = flow._replace(dtype=entry.dtype)
        self.define(graph.constants)

    def define(self, constants: Mapping[str, Proto]) -> None:
        """Take in the constants of a graph."""
        self.builder.know({name: constant(name, proto) for name, proto in constants.items()})

    def visit(self, node: GraphNode) -> None:
        """Take in a node: worked out where it is constant, else as layers, at worst as one that is unaccounted for."""
        builder = self.builder
        builder.budget.spend(NODE)
        builder.budget.copy(sum(map(len, node.outputs)))
        tensors = [builder.tensor(node, index) for index in range(len(node.inputs))]
        results = self.work_out(node, tensors) or self.translate(node, tensors)
        builder.know({name: tensor for name, tensor in results.items() if name})

    def work_out(self, node: GraphNode, tensors: Sequence[Tensor | None]) -> dict[str, Tensor]:
        """Return the outputs of a node whose inputs are all constant; none where it is to be a layer all the same."""
        constants = [tensor for tensor in tensors if not isinstance(tensor, Output)]
        if not node.inputs or len(constants) < len(tensors):
            return {}
        arrays = fold(node, constants, self.graph.opset, self.builder.budget) or ()
        return {name: make_constant(name, array) for name, array in zip(node.outputs, arrays, strict=False)}

    def translate(self, node: GraphNode, tensors: Sequence[Tensor | None]) -> dict[str, Tensor]:
        """Return the outputs of a node's layers."""
        try:
            result = self.translation(node, tensors)(node, self.builder)
        except UnaccountableError as reason:
            return self.define_by(node, tensors) or self.unaccountable(node, tensors, str(reason))
        except ExceededError:
            raise
        except ArchcalcError as error:
            # The file's own sizes may be fine to ONNX all the same; an input that a person states must fit.
            if self.is_given or not self.inferred.keys() >= set(filter(None, node.outputs)):
                raise
            return self.define_by(node, tensors) or self.unaccountable(node, tensors, error.fact)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError):
            return self.unaccountable(node, tensors, "it is not as ONNX defines it")
        outputs = result if isinstance(result, list) else [result]
        return {name: y for name, y in zip(node.outputs, outputs, strict=False) if y is not None}

    def define_by(self, node: GraphNode, tensors: Sequence[Tensor | None]) -> dict[str, Tensor]:
        """Return the outputs of the layers of the nodes that ONNX defines a node by; none where it does not."""
        if _is_unknown(tensors):
            return {}
        self.builder.budget.spend(DEFINITION)
        inner = body(node, tensors, self.graph.opset, KNOWN)
        self.builder.count(inner)
        for inside in inner:
            self.visit(inside)
        return {name: self.builder.tensors[name] for name in node.outputs if inner and name}

    def translation(self, node: GraphNode, tensors: Sequence[Tensor | None]) -> Translate:
        """Return the function that turns a node into layers."""
        if _is_unknown(tensors):
            raise UnaccountableError("the size of its input is not known")
        if kind_of(node.domain, node.op):
            return own
        if node.op == "If" and node.domain in STANDARD:
            return self.branch
        if node.domain not in STANDARD or node.op not in TRANSLATORS:
            raise UnaccountableError("archcalc does not know the operator")
        return TRANSLATORS[node.op]

    @cached_property
    def inferred(self) -> dict[str, Sizes]:
        """The shapes that ONNX's own inference finds."""
        return infer(self.graph, self.shapes)

    def unaccountable(
        self, node: GraphNode, tensors: Sequence[Tensor | None], reason: str
    ) -> dict[str, Tensor]:
        """Append a layer for each output of a node that cannot be said; its weights count all the same."""
        self.builder.unaccounted.append(f"{node.what} '{node.called}': {reason}")
        inputs = [
            tensor
            for tensor in tensors
            if isinstance(tensor, Output) or (tensor is not None and tensor.is_learnt)
        ]
        results: dict[str, Tensor] = {}
        for name in filter(None, node.outputs):
            shape = self.inferred.get(name)
            called = f"{node.called}:{len(results)}" if results else node.called
            settings = {"shape": shape, "axes": "all"} if shape and min(shape) > 0 else {}
            results[name] = self.builder.add(
                called,
                "unaccounted",
                inputs,
                what=node.what.strip()[:MOST_WHAT] or "?",
                **settings,
            )
        return results

    def branch(self, node: GraphNode, builder: Builder) -> list[Tensor]:
        """Go through the branch that a constant condition chooses."""
        condition = builder.weight(node, 0).scalar
        if condition is None:
            raise UnaccountableError("which branch it takes, only a run knows")
        graph = node.attributes["then_branch" if condition else "else_branch"]
        self.define({text(tensor.name): tensor for tensor in graph.initializer})
        for inner in graph.node:
            self.visit(node_of(inner))
        return [builder.tensors[text(value.name)] for value in graph.output]

    def reading(self, path: Path) -> Reading:
        """Return what was read; layers that only hold a weight come first, so that they part no block."""
        builder, graph = self.builder, self.graph
        ends = [builder.tensors[name] for name in graph.outputs if name in builder.tensors]
        results = [builder.flow(end) for end in ends if isinstance(end, Output) or end.size]
        kept = find_needed(builder, [result.position for result in results])
        order = sorted(kept, key=lambda old: (len(builder.nodes[old].inputs) > 0, old))
        shared, owners = find_shared(builder, order)
        place = {old: new for new, old in enumerate(order)}
        outputs = dict.fromkeys(place[result.position] for result in results)
        by = f" by {graph.producer}" if graph.producer else ""
        network = Network(
            name=visible(path.stem),
            nodes=tuple(_move(node, place) for node in tie(builder, shared, owners)),
            source=f"{visible(path.name)}, ONNX opset {graph.opset}{by}",
            outputs=tuple(outputs) or (len(order) - 1,),
            dtype=_dtype(builder.weights) or FLOATS.get(next(iter(graph.inputs.values()))[1]),
            notes=(
                *filter(None, [self.assumed]),
                *builder.notes,
                *note_merged(builder.weights.values(), graph.producer),
                *sharing(builder, shared),
                *idle(builder, kept),
                *_note(builder.unaccounted),
            ),
            layout="channels_first",
        )
        return Reading(
            network,
            {place[old]: weights for old, weights in builder.weights.items() if old in place},
            {
                place[tensor.position]: name
                for name, tensor in builder.tensors.items()
                if isinstance(tensor, Output) and tensor.position in place
            },
        )


def _is_unknown(tensors: Sequence[Tensor | None]) -> bool:
    """Tell whether the size of one of them is not known."""
    return any(isinstance(tensor, Output) and not tensor.shape for tensor in tensors)


def _move(node: Node, place: Mapping[int, int]) -> Node:
    """Return a node that takes its inputs, and perhaps its weights, from where they are now."""
    return node._replace(
        inputs=tuple(place[position] for position in node.inputs),
        tied=None if node.tied is None else place[node.tied],
    )


def _gone_through(path: Path, input: GivenInput, batch: int | None) -> _Reader:
    """Return a reader that has gone through all nodes of a file."""
    graph = read_graph(path)
    reader = _Reader(graph, bind(graph, input, batch), is_given=input is not None)
    try:
        for node in graph.nodes:
            reader.visit(node)
    except ExceededError:
        raise
    except ArchcalcError as error:
        if reader.assumed:
            error.hint = f"{reader.assumed}: --input states what it is to be"
        raise
    return reader


def _note(unaccounted: Sequence[str]) -> list[str]:
    """Return a line for each node that could not be said, the first few."""
    lines = [f"not accounted for: {line}" for line in unaccounted[:MOST_NOTED]]
    more = len(unaccounted) - MOST_NOTED
    return [*lines, f"not accounted for: {more} nodes more"] if more > 0 else lines


def _dtype(weights: Mapping[int, Mapping[str, Constant]]) -> str | None:
    """Return the type that most of the weights have, as reports call it."""
    sizes: Counter[str] = Counter()
    for each in (weight for named in weights.values() for weight in named.values()):
        if each.dtype in FLOATS:
            sizes[FLOATS[each.dtype]] += each.size
    return max(sizes, key=lambda name: sizes[name]) if sizes else None
