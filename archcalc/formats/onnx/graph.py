"""An ONNX graph as plain values: nodes, constants, inputs and outputs. Only this room of the reader knows `onnx`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from re import findall
from typing import Any, NamedTuple

from archcalc.formats.onnx.budget import Budget
from archcalc.formats.onnx.expansion import write_out
from archcalc.formats.onnx.messages import Proto, messages
from archcalc.formats.onnx.skim import skim
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, visible

Dimensions = tuple[int | str, ...]
"""The sizes of a tensor; a word, perhaps empty, where the file leaves a size open."""
STANDARD = ("", "ai.onnx")


class Attributes(dict[str, Any]):
    """What a node states beside its inputs, by name: numbers, words, tuples of these, tensors, graphs."""


class GraphNode(NamedTuple):
    """One node of the file."""

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Attributes

    @property
    def called(self) -> str:
        """What the file calls it: its name, or its first output where it has none."""
        return self.name or next(filter(None, self.outputs), self.op)

    @property
    def what(self) -> str:
        """The operator, with its domain unless it is ONNX's own."""
        return self.op if self.domain in STANDARD else f"{self.domain}.{self.op}"


class OnnxGraph(NamedTuple):
    """A model's main graph.

    `proto` is the model itself, without the long contents of its tensors; `budget` is what its reading may cost.
    """

    nodes: list[GraphNode]
    constants: Mapping[str, Proto]
    inputs: Mapping[str, tuple[Dimensions, int]]
    outputs: tuple[str, ...]
    known: Mapping[str, Dimensions]
    opset: int
    producer: str
    proto: Proto
    budget: Budget


def read_graph(path: Path) -> OnnxGraph:
    """Return the graph of an ONNX file.

    Raises:
        ArchcalcError: the `onnx` package is missing, the file is no ONNX model, or has too many nodes.
    """
    onnx = messages()
    graph = skim(path)
    try:
        model = onnx.ModelProto.FromString(graph)
    except Exception as error:  # noqa: BLE001  # protobuf's class of errors differs between its implementations
        raise ArchcalcError(f"{visible(str(path))}: is no ONNX model: {visible(str(error))}") from None
    if not model.graph.node and not model.graph.output:
        raise ArchcalcError(f"{visible(str(path))}: is no ONNX model: it holds no graph")
    if len(model.graph.node) > limits.LAYERS.value:
        raise ArchcalcError(
            f"{visible(str(path))}: has more than {limits.LAYERS.value:,} nodes", hint=limits.LAYERS.hint
        )
    budget = Budget(path)
    return _graph(write_out(model, budget), budget)


def _graph(model: Proto, budget: Budget) -> OnnxGraph:
    graph = model.graph
    constants = {text(tensor.name): tensor for tensor in graph.initializer}
    constants |= {text(tensor.values.name): tensor for tensor in graph.sparse_initializer}
    described = (*graph.value_info, *graph.output, *graph.input)
    return OnnxGraph(
        nodes=[node_of(node) for node in graph.node],
        constants=constants,
        inputs={
            text(value.name): (dimensions(value), value.type.tensor_type.elem_type)
            for value in graph.input
            if text(value.name) not in constants
        },
        outputs=tuple(text(value.name) for value in graph.output),
        known={
            text(value.name): dimensions(value)
            for value in described
            if value.type.tensor_type.HasField("shape")
        },
        opset=_opset(model, budget.path),
        producer=" ".join(filter(None, map(text, (model.producer_name, model.producer_version)))),
        proto=model,
        budget=budget,
    )


def _opset(model: Proto, path: Path) -> int:
    """Return the opset of ONNX's own operators that a model is written in."""
    opset: int = next((opset.version for opset in model.opset_import if opset.domain in STANDARD), 1)
    if not 0 <= opset <= limits.OPSET:
        raise ArchcalcError(f"{visible(str(path))}: there is no opset {opset:,}")
    return opset


def dimensions(value: Proto) -> Dimensions:
    """Return the sizes that the file states for an input, an output or a tensor between."""
    return tuple(
        size.dim_value if size.HasField("dim_value") and size.dim_value > 0 else text(size.dim_param)
        for size in value.type.tensor_type.shape.dim
    )


def node_of(proto: Proto) -> GraphNode:
    """Return a node as plain values; attributes that are tensors or graphs stay as they are."""
    return GraphNode(
        text(proto.op_type),
        text(proto.domain),
        _place(proto),
        tuple(map(text, proto.input)),
        tuple(map(text, proto.output)),
        Attributes({text(attribute.name): _value(attribute) for attribute in proto.attribute}),
    )


SCOPES = "pkg.torch.onnx.name_scopes"
"""Under this name PyTorch's newer exporter keeps the modules that a node is in, in square brackets."""


def _place(proto: Proto) -> str:
    """Return a node's name, behind the modules that it is in where its file keeps them apart from it."""
    name = text(proto.name)
    scopes = next((text(entry.value) for entry in proto.metadata_props if entry.key == SCOPES), "")
    modules = [*filter(None, findall(r"'([^']*)'", scopes)[:-1])]  # the last one is the node itself
    del modules[limits.NESTING.value :]
    return "/".join(["", *_shorten(modules), name]) if modules else name


def _shorten(modules: Iterable[str]) -> Iterator[str]:
    """Yield what each module is called inside the one before: layer1, layer1.0, conv1 of layer1.0.conv1."""
    outer = called = ""
    for module in modules:
        inner = module.removeprefix(f"{outer}.")
        called = f"{called}.{inner}" if inner.isdigit() and called else inner
        yield called
        outer = module


KINDS = {1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings", 10: "graphs"}
"""The field that holds an attribute's value, by its type's number in onnx.proto."""


def _value(attribute: Proto) -> object:
    kind = KINDS.get(attribute.type)
    value = getattr(attribute, kind) if kind else None
    if isinstance(value, float):
        return shorten(value)
    if isinstance(value, bytes):
        return text(value)
    if kind == "strings":
        return tuple(map(text, attribute.strings))
    return tuple(value) if isinstance(value, Iterable) else value


def text(value: str | bytes) -> str:
    """Return a text of the file, safe on a terminal; one that is not UTF-8 comes as bytes."""
    return visible(value.decode("utf-8", "replace") if isinstance(value, bytes) else value)


def shorten(number: float) -> float:
    """Return the shortest decimal that a number of 32 bits stands for: 1e-05 and not 9.99999974e-06."""
    return float(f"{number:.7g}")
