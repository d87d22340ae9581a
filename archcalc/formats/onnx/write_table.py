"""How ONNX says each kind of layer: a table, filled by the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeVar, cast

from archcalc.formats.onnx.draft import Draft
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import Op
from archcalc.op.site import Spot

AnyOp = TypeVar("AnyOp", bound=Op)
Write = Callable[[Draft, AnyOp, Spot], str]
"""A function of a draft, the op and where it stands.

It appends the operators of the layer to the draft and returns what the output is called.
"""

Form = Literal["shortest", "operators", "function"]
"""What becomes of the operators: in the `shortest` form a single one is a node of the graph, and several are the body
of a function, so that a layer is one node all the same; or always nodes of the graph; or always a function."""


class Entry(NamedTuple):
    """What writes a kind of layer, and in which form."""

    write: Write[Op]
    form: Form


TABLE: dict[str, Entry] = {}
"""What writes each kind of layer, but for those that enter the graph from outside."""

REFUSED = {"unaccounted": "nothing is known of it"}
"""The kinds that no ONNX file can hold, each with the reason."""


def entry_of(kind: str) -> Entry:
    """Return what writes a kind of layer.

    Raises:
        ArchcalcError: nothing does.
    """
    if kind not in TABLE:
        raise ArchcalcError(REFUSED.get(kind, "there is no operator for it"))
    return TABLE[kind]


def writes(type: type[AnyOp], form: Form = "shortest") -> Callable[[Write[AnyOp]], Write[AnyOp]]:
    """Register a function as what writes the layers of one type."""

    def register(write: Write[AnyOp]) -> Write[AnyOp]:
        TABLE[type.kind] = Entry(cast("Write[Op]", write), form)  # only ever given an op of its type
        return write

    return register


def plain(kind: str, operator: str, **attributes: str) -> None:
    """Register a kind that one operator says: it takes the layer's data, then its weights.

    Args:
        kind: the kind of layer.
        operator: what it is called in ONNX.
        attributes: the op's own name for each of them.
    """

    def write(draft: Draft, op: Op, at: Spot) -> str:
        return draft.take(operator, **{name: getattr(op, own) for name, own in attributes.items()})

    TABLE[kind] = Entry(write, "shortest")
