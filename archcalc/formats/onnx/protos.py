"""The parts of a model as ONNX's own messages, and as bytes: only this module knows the onnx package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from archcalc.formats.onnx.draft import INT64, Operation, SmallTensor
from archcalc.formats.onnx.functions import DOMAIN
from archcalc.formats.onnx.messages import INSTALL, Proto
from archcalc.formats.onnx.model import FunctionDraft, Model, OpenSizes
from archcalc.ground.errors import ArchcalcError

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto, TensorProto, ValueInfoProto

OPSET, IR_VERSION = 21, 10
"""Of March 2024, which the programs in use read. Source: the table of versions in onnx/docs/Versioning.md."""
FLOAT = 1
ELEMENTS = {"float32": FLOAT, "float16": 10, "float64": 11}
"""Element types of onnx.proto that all of these operators take; whatever else a report counts in is float32."""


def serialise(model: Model, *, name: str, text: str, dtype: str) -> bytes:
    """Return a model as an ONNX file has it.

    Args:
        model: its parts.
        name: that of the graph.
        text: what the file says of itself.
        dtype: the type of its numbers, as reports call it.

    Raises:
        ArchcalcError: the onnx package is missing.
    """
    try:
        from onnx import helper
    except ImportError:
        raise ArchcalcError("writing ONNX files takes the onnx package", hint=INSTALL) from None
    make = _Protos(helper, ELEMENTS.get(dtype, FLOAT))
    ends = {*model.inputs, *model.outputs}
    inner = [tensor for tensor in model.sizes if tensor not in ends]
    graph = helper.make_graph(
        [make.node(call) for call in model.calls],
        name,
        make.values(model.inputs, model.sizes),
        make.values(model.outputs, model.sizes),
        [make.tensor(tensor, constant) for tensor, constant in model.constants.items()],
        doc_string=text,
        value_info=make.values(inner, model.sizes),
    )
    opsets = [("", OPSET), (DOMAIN, 1)] if model.functions else [("", OPSET)]
    proto = helper.make_model(
        graph,
        producer_name="archcalc",
        functions=[make.function(function) for function in model.functions],
        opset_imports=[helper.make_opsetid(*opset) for opset in opsets],
        ir_version=IR_VERSION,
    )
    content: bytes = proto.SerializeToString()
    return content


class _Protos:
    """Makes messages whose numbers are of one type."""

    def __init__(self, helper: Proto, element: int) -> None:
        self.helper = helper
        self.types = {"number": element, "float32": FLOAT, "int64": INT64}

    def tensor(self, name: str, constant: SmallTensor) -> TensorProto:
        """Return a constant as a message."""
        element = self.types[constant.dtype]
        message: TensorProto = self.helper.make_tensor(name, element, constant.dims, constant.values)
        return message

    def values(self, names: Sequence[str], sizes: Mapping[str, OpenSizes]) -> list[ValueInfoProto]:
        """Return what is said of tensors: their names and shapes."""
        return [
            self.helper.make_tensor_value_info(
                name, self.types["number"], [size or None for size in sizes[name]]
            )
            for name in names
        ]

    def function(self, function: FunctionDraft) -> FunctionProto:
        """Return a function; its constants are nodes of its body."""
        message: FunctionProto = self.helper.make_function(
            DOMAIN,
            function.name,
            function.inputs,
            [function.output],
            [node for step in function.steps for node in self._step(step)],
            [self.helper.make_opsetid("", OPSET)],
            function.settings,
        )
        return message

    def _step(self, step: Operation) -> Iterator[NodeProto]:
        inputs: list[str | SmallTensor] = []
        for place, x in enumerate(step.inputs):
            inputs.append(f"{step.output}_{place}" if isinstance(x, SmallTensor) else x)
            if isinstance(x, SmallTensor):
                yield self.node(Operation("Constant", (), f"{step.output}_{place}", {"value": x}))
        yield self.node(step._replace(inputs=tuple(inputs)))

    def node(self, call: Operation) -> NodeProto:
        """Return an operator that takes no tensors but those that have a name."""
        settings = {
            key: self.tensor("", value) if isinstance(value, SmallTensor) else value
            for key, value in call.attributes.items()
        }
        domain = None if call.name is None else call.domain
        node: NodeProto = self.helper.make_node(
            call.operator, call.inputs, [call.output], name=call.name, domain=domain, **settings
        )
        return node
