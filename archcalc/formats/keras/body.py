"""What a function of a Keras model does: one step after the other, each of them a layer that is made and applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.keras.windows import CHAIN
from archcalc.formats.program.body import Body
from archcalc.formats.program.calls import Call
from archcalc.formats.program.code import (
    INDENT,
    WIDTH,
    Argument,
    Brackets,
    Doc,
    Expression,
    Names,
    chain,
    find_unused,
    flat,
    identifier,
    lines,
)
from archcalc.formats.program.program import Signature, Writing, fill_in, write_call
from archcalc.formats.program.variables import Statement

STEP = "#"
"""The form of steps whose code is not one text."""


class Applied(NamedTuple):
    """A layer that is made and applied at once; or a function, to which the input is the first argument."""

    layer: Brackets
    is_function: bool = False


class Pattern(NamedTuple):
    """An expression with its inputs in it."""

    form: str


class Loop(NamedTuple):
    """Things that are applied several times."""

    head: str
    parts: tuple[Part, ...]


Part = Applied | Pattern | Loop


class FunctionBody(Body):
    """The steps of one function; each has parts, which are code of several lines."""

    def __init__(
        self,
        source: Writing,
        blocks: Mapping[str, Signature],
        names: Mapping[str, str],
        known: frozenset[str] | None = None,
    ) -> None:
        """Take the blocks that it may use, and the names of its own block's parameters.

        Of a network `known` are the names that Keras itself gives to layers, which no layer may be given.
        """
        super().__init__(source, blocks, names)
        self.known = known
        self.parts: dict[int, tuple[Part, ...]] = {}
        self.made: dict[int, tuple[Part, ...]] = {}
        self.layers: dict[str, Brackets] = {}
        self.given = Names(())

    def layer(self, call: Call, name: str, expression: Expression, sources: Sequence[int]) -> int:
        """Make a layer where it is applied; beforehand where several apply it."""
        position = call.value
        if position in self.source.owners:
            self.made[position] = tuple(self._beforehand(name, expression))
            return self._step(name, sources, position, *self.made[position])
        if self.known is not None and call.name and self.source.network.nodes[position].op.traits.deep:
            expression = self._name(expression, call.name)
        return self._step(name, sources, position, *self._parts(expression))

    def function(self, call: Call, name: str, expression: Expression, sources: Sequence[int]) -> int:
        """Apply a function; what does nothing is its input."""
        if expression.form == "{0}":
            return self.add(name, expression.form, sources, call.value)
        return self._step(name, sources, call.value, *self._parts(expression))

    def again(self, call: Call, owner: int, expression: Expression, sources: Sequence[int]) -> int:
        """Apply an earlier layer."""
        return self._step(call.name or call.callee, sources, call.value, *self.made[owner])

    def called(self, call: Call, name: str, sources: Sequence[int]) -> int:
        """Call a block, or several in a loop."""
        return self._step(name, sources, call.value, *self._calls(call))

    def _step(self, name: str, sources: Sequence[int], position: int, *parts: Part) -> int:
        self.parts[position] = parts
        return self.add(name, STEP, sources, position)

    def _beforehand(self, name: str, expression: Expression) -> Iterator[Part]:
        """Yield how to apply a layer that is made before, link by link where it is a chain."""
        if expression.form == CHAIN:
            for link in expression.links:
                yield from self._beforehand(name, link)
        elif expression.is_pattern:
            yield from self._parts(expression)
        else:
            variable = find_unused(f"{identifier(name)}_layer", self.layers)
            self.layers[variable] = write_call(expression, self.names)
            yield Applied(Brackets(variable, (), ""))

    def _name(self, expression: Expression, name: str) -> Expression:
        """Return a call that gives a name to the layer, unless Keras might give the same one to another."""
        own = identifier(name)
        stem = own.rstrip("0123456789").rstrip("_")
        if expression.form == CHAIN:
            *others, last = expression.links
            return chain(CHAIN, *others, self._name(last, name))
        if not expression.form.startswith("layers.") or {own, stem} & (self.known or frozenset()):
            return expression
        return expression._replace(
            arguments=(*expression.arguments, Argument("name", self.given.new(own), None))
        )

    def _parts(self, expression: Expression) -> tuple[Part, ...]:
        """Return the code of a layer, or of several in a chain."""
        if expression.form == CHAIN:
            return tuple(part for link in expression.links for part in self._parts(link))
        if expression.is_pattern:
            return (Pattern(fill_in(expression, self.names)),)
        layer = write_call(expression, self.names)
        return (Applied(Brackets(expression.form, (), "") if expression.form.endswith(")") else layer),)

    def _calls(self, call: Call) -> tuple[Part, ...]:
        """Return the code of a call, or of the loop around it."""
        if call.body:
            parts = tuple(part for inner in call.body for part in self._calls(inner))
        elif call.callee in self.blocks:
            parts = (Applied(self.blocks[call.callee].made(call, self.names), is_function=True),)
        else:
            parts = self._parts(self.source.spoken.call(call.value, call.arguments))
        if call.times == 1:
            return parts
        return (Loop(self.turns(call), parts),)


def returns(statement: Statement, parts: Mapping[int, tuple[Part, ...]]) -> bool:
    """Tell whether a statement can return its value where it stands: a loop cannot."""
    return statement.step is not None and not isinstance(parts[statement.step.output][-1], Loop)


def write(
    statement: Statement, parts: Mapping[int, tuple[Part, ...]], *, is_last: bool = False
) -> Iterator[str]:
    """Yield the lines of a statement; the last one of a function returns its value."""
    variable, arguments = statement.variable, statement.arguments
    if statement.step is None:
        yield f"{' ' * INDENT}{variable} = {statement.text}"
        return
    *first, last = parts[statement.step.output]
    for part in first:
        yield from _lines(part, variable, arguments, INDENT)
        arguments = (variable,)
    before = "return " if is_last and returns(statement, parts) else ""
    yield from _lines(last, variable, arguments, INDENT, before)


def _lines(
    part: Part, variable: str, arguments: tuple[str, ...], indent: int, before: str = ""
) -> Iterator[str]:
    margin, before = " " * indent, before or f"{variable} = "
    if isinstance(part, Pattern):
        yield f"{margin}{before}{part.form.format(*arguments)}"
    elif isinstance(part, Loop):
        if arguments[0] != variable:
            yield f"{margin}{variable} = {arguments[0]}"
        yield f"{margin}{part.head}:"
        for inner in part.parts:
            yield from _lines(inner, variable, (variable,), indent + INDENT)
    elif part.is_function:
        inputs: tuple[Doc, ...] = (*arguments, *part.layer.parts)
        yield from lines(part.layer._replace(parts=inputs), indent, before=before)
    else:
        given = arguments[0] if len(arguments) == 1 else f"[{', '.join(arguments)}]"
        text = flat(part.layer)
        whole = f"{margin}{before}{text}("
        if text is not None and len(whole) <= WIDTH < len(whole) + len(given) + 1:
            yield from (whole, " " * (indent + INDENT) + given, f"{margin})")
        else:
            yield from lines(part.layer, indent, before=before, after=f"({given})")
