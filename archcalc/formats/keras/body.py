"""What a function of a Keras model does: one step after the other, each of them a layer that is made and applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, assert_never

from archcalc.formats.keras.windows import CHAIN
from archcalc.formats.program.code import (
    INDENT,
    WIDTH,
    Argument,
    Brackets,
    Call,
    Doc,
    Names,
    flat,
    identifier,
    lines,
    unused,
)
from archcalc.formats.program.outline import Auxiliary, Branch, Item, Items, Layer, Merge, Repeat
from archcalc.formats.program.outline import Call as Use
from archcalc.formats.program.program import Signature, Source, applied, made, value
from archcalc.formats.program.series import Series, series
from archcalc.formats.program.variables import Statement, Step

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

    counter: str
    times: str
    parts: tuple[Part, ...]


Part = Applied | Pattern | Loop


class Body:
    """The steps of one function, as an outline's items ask for them."""

    def __init__(
        self,
        source: Source,
        blocks: Mapping[str, Signature],
        names: Mapping[str, str],
        *,
        shared: frozenset[int] = frozenset(),
        known: frozenset[str] | None = None,
    ) -> None:
        """Take the names of the block's parameters, and the layers whose weights others share.

        Of a network `known` are the names that Keras itself gives to layers, which no layer may be given.
        """
        self.source = source
        self.blocks = blocks
        self.names = names
        self.shared = shared
        self.known = known
        self.steps: list[Step] = []
        self.parts: dict[int, tuple[Part, ...]] = {}
        self.made: dict[int, str] = {}
        self.layers: dict[str, Brackets] = {}
        self.given = Names(())
        self.heads: list[int] = []
        self.lane = ""

    def walk(self, items: Items, current: int) -> int:
        """Take in items that start from the value `current`; return the value that they end on."""
        for item in series(items, self.source.rows):
            current = self._item(item, current)
        return current

    def _item(self, item: Item | Series, current: int) -> int:
        if isinstance(item, Layer):
            return self._layer(item, item.sources or (current,))
        if isinstance(item, Merge):
            start = item.sources[0] if item.sources else current
            ends = [self._branch(branch, n, start) for n, branch in enumerate(item.branches, 1)]
            return self._layer(item, ends)
        if isinstance(item, Auxiliary):
            start = item.sources[0] if item.sources else current
            self.heads.append(self._branch(Branch(item.name or "auxiliary", item.items), 1, start))
            return current
        if isinstance(item, Use):
            return self._step(
                item.name or item.block, item.sources or (current,), item.position, self._part(item)
            )
        if isinstance(item, Series):
            return self._step(item.uses[0].block, (current,), item.position, self._part(item))
        if isinstance(item, Repeat):
            return self._step("repeated", (current,), item.position, self._part(item))
        assert_never(item)

    def _branch(self, branch: Branch, number: int, start: int) -> int:
        """Take in one branch, which has a variable of its own; return the value that it ends on."""
        alone = branch.items[0] if len(branch.items) == 1 else None
        own = alone.name if isinstance(alone, Layer | Use) else ""
        name = identifier(branch.name or own or f"branch{number}", prefix="branch")
        if not branch.items:
            end = -2 - len(self.steps)  # no node's position
            self.steps.append(Step(name, "{0}", (start,), end))
            return end
        outer, self.lane = self.lane, name
        end = self.walk(branch.items, start)
        self.lane = outer
        return end

    def _step(self, name: str, sources: Sequence[int], position: int, *parts: Part) -> int:
        self.parts[position] = parts
        self.steps.append(Step(identifier(name), STEP, tuple(sources), position, lane=self.lane))
        return position

    def _layer(self, item: Layer | Merge, sources: Sequence[int]) -> int:
        position, name = item.position, item.name or item.kind
        found = self.source.saying.call(position, item.settings)
        if found.form == "{0}":
            self.steps.append(Step(identifier(name), found.form, tuple(sources), position))
            return position
        if isinstance(item, Layer) and item.tied is not None:
            return self._step(name, sources, position, Applied(Brackets(f"{self.made[item.tied]}", (), "")))
        if position in self.shared:
            return self._step(name, sources, position, self._kept(name, position, found))
        if self.known is not None and item.name and self.source.network.nodes[position].op.traits.deep:
            found = self._named(found, item.name)
        return self._step(name, sources, position, *self._said(found))

    def _kept(self, name: str, position: int, found: Call) -> Part:
        """Make a layer beforehand, for several to apply it."""
        variable = unused(f"{identifier(name)}_layer", self.layers)
        self.layers[variable] = made(found, self.names)
        self.made[position] = variable
        return Applied(Brackets(variable, (), ""))

    def _named(self, found: Call, name: str) -> Call:
        """Return a call that gives a name to the layer, unless Keras might give the same one to another."""
        own = identifier(name)
        stem = own.rstrip("0123456789").rstrip("_")
        if found.form == CHAIN:
            *others, last = found.arguments
            return Call(CHAIN, (*others, last._replace(value=self._named(last.value, name))))
        if not found.form.startswith("layers.") or {own, stem} & (self.known or frozenset()):
            return found
        return found._replace(arguments=(*found.arguments, Argument("name", self.given.new(own), None)))

    def _said(self, found: Call) -> tuple[Part, ...]:
        if found.form == CHAIN:
            return tuple(part for argument in found.arguments for part in self._said(argument.value))
        if found.is_pattern:
            return (Pattern(applied(found, self.names)),)
        layer = made(found, self.names)
        return (Applied(Brackets(found.form, (), "") if found.form.endswith(")") else layer),)

    def _part(self, item: Item | Series) -> Part:
        """Return the code of a call, or of calls in a loop."""
        if isinstance(item, Use):
            called = self.blocks[item.block]
            return Applied(
                Brackets(f"{called.name}(", tuple(called.written(item, self.names)), ")"), is_function=True
            )
        if isinstance(item, Series):
            return Loop("i", str(len(item.uses)), (self._part(item.counted()),))
        assert isinstance(item, Repeat)  # noqa: S101  # nothing else is said as one part
        parts: list[Part] = []
        for inner in series(item.items, self.source.rows):
            if isinstance(inner, Layer):
                parts += self._said(self.source.saying.call(inner.position, inner.settings))
            else:
                parts.append(self._part(inner))
        return Loop("_", value(item.times, self.names), tuple(parts))


def returns(statement: Statement, parts: Mapping[int, tuple[Part, ...]]) -> bool:
    """Tell whether a statement can return its value where it stands: a loop cannot."""
    return statement.step is not None and not isinstance(parts[statement.step.output][-1], Loop)


def written(
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
        yield f"{margin}for {part.counter} in range({part.times}):"
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
