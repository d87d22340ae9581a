"""Operators that ONNX defines by others: what stands for a node of which archcalc has no translation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from archcalc.formats.onnx.graph import STANDARD, Attributes, GraphNode, node_of
from archcalc.formats.onnx.tensors import Tensor

OLDEST = 18
"""The definitions are written in this opset or a newer one."""
DOMAIN = "definition"
"""Where an operator is put that stands for its definition, so that ONNX's inliner finds it."""


def body(
    node: GraphNode, tensors: Sequence[Tensor | None], opset: int, known: Collection[str]
) -> list[GraphNode]:
    """Return the nodes that ONNX defines a node by; none where there are none, or one of them is not `known`.

    What they compute is named after the node, so that names are unique and the layers form a block.
    """
    schema = _schema(node.op, opset) if node.domain in STANDARD else None
    if schema is None or not (schema.has_function or schema.has_context_dependent_function):
        return []
    complete = node._replace(attributes=Attributes({**_defaults(schema), **node.attributes}))
    inner = _inline(schema, complete, tensors, max(opset, OLDEST))
    if not all(inside.domain in STANDARD and inside.op_type in known for inside in inner):
        return []
    ends = {*node.inputs, *node.outputs}
    _rename(inner, lambda name: name if name in ends or not name else f"{node.called}/{name}")
    return [node_of(inside)._replace(name=f"{node.called}/{inside.op_type}") for inside in inner]


def _schema(op: str, opset: int) -> Any:
    """Return what ONNX says of an operator; None if there is none of this name."""
    from onnx import defs

    try:
        return defs.get_schema(op, opset)
    except defs.SchemaError:
        return None


def _defaults(schema: Any) -> dict[str, Any]:
    """Return the attributes that a node has unless told."""
    from onnx import helper

    stated = {name: attribute.default_value for name, attribute in schema.attributes.items()}
    return {name: helper.get_attribute_value(value) for name, value in stated.items() if value.type}


def _inline(schema: Any, node: GraphNode, tensors: Sequence[Tensor | None], opset: int) -> list[Any]:
    """Return the nodes that ONNX puts in a node's place, for inputs of these types."""
    from onnx import helper, inliner

    try:
        proto = helper.make_node(node.op, node.inputs, node.outputs, **node.attributes)
        function = _definition(schema, proto, tensors, opset)
        proto.domain = function.domain = DOMAIN
        imports = [*function.opset_import, helper.make_opsetid(DOMAIN, 1)]
        graph = helper.make_graph([proto], node.op, [], [])
        model = helper.make_model(graph, functions=[function], opset_imports=imports)
        return list(inliner.inline_local_functions(model).graph.node)
    except Exception:  # noqa: BLE001  # what the C++ code behind it raises is not documented
        return []


def _definition(schema: Any, proto: Any, tensors: Sequence[Tensor | None], opset: int) -> Any:
    """Return a function that does what a node does; it may depend on its attributes and its inputs' types."""
    from onnx import FunctionProto, TypeProto, helper

    if schema.has_function:
        return schema.function_body
    types = [
        TypeProto() if tensor is None else helper.make_tensor_type_proto(tensor.dtype, tensor.shape)
        for tensor in tensors
    ]
    version = max(v for v in schema.context_dependent_function_opset_versions if v <= opset)
    serialised = schema.get_context_dependent_function_with_opset_version(
        version, proto.SerializeToString(), [inside.SerializeToString() for inside in types]
    )
    return FunctionProto.FromString(serialised)


def _rename(nodes: Iterable[Any], name_of: Callable[[str], str]) -> None:
    """Rename every tensor of some nodes and of the graphs inside them."""
    for node in nodes:
        node.input[:] = map(name_of, node.input)
        node.output[:] = map(name_of, node.output)
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                _rename(graph.node, name_of)
                for value in (*graph.initializer, *graph.output):
                    value.name = name_of(value.name)
