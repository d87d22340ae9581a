"""How a framework says each layer: a table from its kind to what makes or applies it."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from archcalc.analysis.row import Row
from archcalc.formats.program.code import Argument, Expression
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Node
from archcalc.op.op import Op
from archcalc.op.site import Site

AnyOp = TypeVar("AnyOp", bound=Op)
Say = Callable[[AnyOp, Site], Expression]
"""A function of an op and of where it stands."""


class Exact(int):
    """A whole number that counts no channels, such as a stride: nothing is a multiple of it."""

    __slots__ = ()


CHANNELS = re.compile(
    "((in|out|num|hidden)_)?(channels|features|filters|groups|parameters|size|start|stop|units)"
)
"""Arguments that count channels: of these some may be multiples of others."""


class Table:
    """What one framework can say, by the kinds of layers; `refused` are the kinds that it cannot, each with the reason.

    What has one of the forms `apart` is no link of a chain, nor is what is applied where it stands.
    """

    def __init__(self, framework: str, apart: Container[str] = ()) -> None:
        self.framework = framework
        self.apart = apart
        self.written: dict[str, Say[Op]] = {}
        self.refused: dict[str, str] = {}

    def writes(self, *types: type[AnyOp]) -> Callable[[Say[AnyOp]], Say[AnyOp]]:
        """Register a function as what writes the layers of some types."""

        def register(function: Say[AnyOp]) -> Say[AnyOp]:
            written = cast("Say[Op]", function)  # only ever given an op of these types
            self.written |= {type.kind: written for type in types}
            return function

        return register

    def refuses(self, kind: str, reason: str) -> None:
        """Register a kind that cannot be written."""
        self.refused[kind] = reason

    def plain(self, kind: str, form: str, **settings: str | tuple[str, object]) -> None:
        """Register a kind that one form says, whatever its input.

        Args:
            kind: the kind of layer.
            form: what is called, or a pattern.
            settings: the op's own name for each argument; with what it is by default, if it has a default.
        """

        def say(op: Op, at: Site) -> Expression:
            return Expression(form, tuple(_argument(op, name, own) for name, own in settings.items()))

        self.written[kind] = say

    def call(self, node: Node, row: Row, owner: Node | None = None) -> Expression:
        """Return what makes or applies a layer; `owner` is the one whose weights it shares.

        Raises:
            ArchcalcError: the framework has nothing for it.
        """
        who = f"{row.kind} '{row.name}'"
        if node.shared:
            raise ArchcalcError(
                f"{who}: shares single weights with another layer, which {self.framework} code cannot say"
            )
        if owner is not None and owner.op != node.op:
            raise ArchcalcError(
                f"{who}: shares the weights of '{owner.name}', another layer, which {self.framework} code cannot say"
            )
        if row.kind not in self.written:
            reason = self.refused.get(row.kind, "there is no layer for it")
            raise ArchcalcError(f"{who}: {self.framework} code cannot say it: {reason}")
        try:
            return self.written[row.kind](node.op, Site(row.input_shapes, row.output_shape))
        except ArchcalcError as error:
            error.fact = f"{self.framework} code cannot say it: {error.fact}"
            raise error.at(who, node.origin) from None


def _argument(op: Op, name: str, own: str | tuple[str, object]) -> Argument:
    if isinstance(own, str):
        return Argument(name, getattr(op, own))
    return Argument(name, getattr(op, own[0]), own[1])


class Spoken:
    """What makes or applies a network's layers, and its arguments as settings, of which blocks are made."""

    def __init__(self, nodes: Sequence[Node], rows: Sequence[Row], table: Table) -> None:
        self.calls = [
            table.call(node, row, None if node.tied is None else nodes[node.tied])
            for node, row in zip(nodes, rows, strict=True)
        ]
        self.apart = frozenset(
            place
            for place, expression in enumerate(self.calls)
            if expression.is_pattern or expression.form in table.apart
        )
        self.arguments_of = [dict(_name_arguments(each)) for each in self.calls]

    def settings(self, position: int) -> Mapping[str, object]:
        """Return the arguments of a layer by their names, and its form as a name without a value."""
        return {name: argument.value for name, argument in self.arguments_of[position].items()}

    def defaults(self, position: int) -> Mapping[str, object]:
        """Return what the arguments of a layer are by default."""
        return {name: argument.default for name, argument in self.arguments_of[position].items()}

    def call(self, position: int, settings: Mapping[str, object]) -> Expression:
        """Return the call of a layer with other values for its arguments, such as parameters of a block."""
        values = iter(settings.values())
        return _refill(self.calls[position], values)


def _name_arguments(call: Expression) -> Iterator[tuple[str, Argument]]:
    """Yield the form of a call, and every argument by a name of its own; those of a call within it, too."""
    number: dict[str, int] = {}
    for argument in _arguments(call):
        name, value = argument.name, argument.value
        if type(value) is int and not CHANNELS.fullmatch(name):
            value = Exact(value)
        number[name] = number.get(name, 0) + 1
        yield (name if number[name] == 1 else f"{name}_{number[name]}"), argument._replace(value=value)


def _arguments(call: Expression) -> Iterator[Argument]:
    """Yield the arguments of a call and of those within it, before them the form as one without a value."""
    yield Argument(f"{call.form}(", None)
    for argument in call.arguments:
        if isinstance(argument.value, Expression):
            yield from _arguments(argument.value)
        else:
            yield argument


def _refill(call: Expression, values: Iterator[object]) -> Expression:
    next(values)
    return call._replace(
        arguments=tuple(
            argument._replace(
                value=_refill(argument.value, values)
                if isinstance(argument.value, Expression)
                else next(values)
            )
            for argument in call.arguments
        )
    )
