"""What programs of all frameworks share: the network as they say it, how blocks are called, and values as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.formats.program.blocks import make_program
from archcalc.formats.program.calls import Block, Call, Program, every
from archcalc.formats.program.code import (
    Brackets,
    Doc,
    Expression,
    Names,
    find_unused,
    identifier,
    literal,
    remark,
    wrap_paragraph,
    write_value,
)
from archcalc.formats.program.grouping import Style
from archcalc.formats.program.parameters import Rising, Variable
from archcalc.formats.program.table import Spoken, Table
from archcalc.network.network import Network
from archcalc.op.setting import REQUIRED

MOST_POSITIONAL = 4
"""The most arguments that stand without their names."""
MOST_WRITTEN_OUT = 12
"""The most layers in a loop that are written out, so that each keeps its name."""


class Writing(NamedTuple):
    """A network to be written: its nodes and rows side by side, without heads that the report leaves out.

    `owners` are the positions of the layers whose weights others share.
    """

    network: Network
    report: Report
    spoken: Spoken
    program: Program
    owners: frozenset[int]

    @property
    def entering(self) -> list[int]:
        """The positions of the inputs."""
        return [position for position, row in enumerate(self.report.rows) if row.role == "input"]

    @property
    def leaving(self) -> list[int]:
        """The positions of the outputs."""
        return [position % len(self.network.nodes) for position in self.network.outputs]

    def arguments(self, alone: str, names: Names) -> dict[int, str]:
        """Return what the inputs are called as arguments of a function, the only one `alone`."""
        positions = self.entering
        wanted = {
            position: identifier(self.report.rows[position].name, prefix="input") for position in positions
        }
        return {p: names.new(alone if len(positions) == 1 else name) for p, name in wanted.items()}

    def docstring(self, counted: str) -> Iterator[str]:
        """Yield the lines that say at the top of a program what it is, and what was counted."""
        words = (self.report.title or self.report.name, self.report.source)
        title, *others = (*(remark(text) for text in words if text), counted)
        yield from wrap_paragraph(title, 0, first='"""')
        for text in others:
            yield from ("", *wrap_paragraph(text, 0))
        yield '"""'


def prepare(report: Report, table: Table) -> Writing:
    """Return a network as it was run, as a framework says it.

    Raises:
        ArchcalcError: it holds a layer that the framework has nothing for.
    """
    network = report.run.graph
    spoken = Spoken(network.nodes, report.rows, table)
    style = Style(
        spoken.settings,
        spoken.defaults,
        is_plain=True,
        apart=spoken.apart,
        most_written_out=MOST_WRITTEN_OUT,
    )
    owners = frozenset(node.tied for node in network.nodes if node.tied is not None)
    return Writing(network, report, spoken, make_program(network, style), owners)


class Signature(NamedTuple):
    """How a block is called: the name of its class or function, its parameters by what the block calls them, their defaults."""

    name: str
    parameters: Mapping[str, str]
    defaults: Mapping[str, object]

    def declared(self) -> list[str]:
        """Return the parameters as a function declares them: those without a default first."""
        return [
            name if self.defaults[key] is REQUIRED else f"{name}={literal(self.defaults[key])}"
            for key, name in self.parameters.items()
        ]

    def made(self, use: Call, names: Mapping[str, str]) -> Brackets:
        """Return the code of a call, made in a block whose own parameters have `names`."""
        return Brackets(f"{self.name}(", tuple(self._arguments(use, names)), ")")

    def _arguments(self, use: Call, names: Mapping[str, str]) -> list[str]:
        required = [key for key in self.parameters if self.defaults[key] is REQUIRED]
        bare = required if len(required) <= MOST_POSITIONAL else ()
        texts = {key: value(use.arguments[key], names) for key in self.parameters if key in use.arguments}
        return [text if key in bare else f"{self.parameters[key]}={text}" for key, text in texts.items()]


def _names(block: Block, reserved: Container[str]) -> dict[str, str]:
    """Return what a program calls the parameters of a block; none has a reserved name.

    A fraction of the channels that come in or go out is a width.
    """
    given = ((name, value) for call in every(block.calls) for name, value in call.arguments.items())
    parameters = ((name, value) for name, value in given if isinstance(value, Variable))
    widths = {p.name for name, p in parameters if p.factor > 1 and p.name.startswith(name)}
    names: dict[str, str] = {}
    for key in block.parameters:
        own = "width" if key in widths else identifier(key)
        others = names.values()
        names[key] = find_unused(own, {*others, own} if own in reserved else others)
    return names


def signatures(
    expression: Writing, called: Callable[[str], str], reserved: Container[str]
) -> dict[str, Signature]:
    """Return how each block is called: `called` gives the name of its class or function, `reserved` is no parameter's."""
    return {
        block.name: Signature(called(block.name), _names(block, reserved), block.parameters)
        for block in expression.program.blocks
    }


def helpers(texts: Mapping[str, str], code: str) -> Iterator[str]:
    """Yield what a framework lacks and a program calls, each by its name."""
    return ("\n\n" + text.strip("\n") for name, text in texts.items() if re.search(rf"\b{name}\(", code))


def value(expression: object, names: Mapping[str, str]) -> str:
    """Return a value as code, in a block whose parameters have `names`."""
    if isinstance(expression, Variable):
        name = names[expression.name]
        return name if expression.factor == 1 else f"{expression.factor} * {name}"
    if isinstance(expression, Rising):
        product = "i" if abs(expression.step) == 1 else f"{abs(expression.step)} * i"
        return f"{expression.start} {'+' if expression.step > 0 else '-'} {product}"
    return literal(expression)


def write_call(expression: Expression, names: Mapping[str, str], *, tall: str = "") -> Brackets:
    """Return the code of a call; arguments that are the default are left out, calls of `tall` are written one a line."""
    parts: list[Doc] = []
    for argument in expression.arguments:
        if isinstance(argument.value, Expression):
            parts.append(write_call(argument.value, names, tall=tall))
        elif argument.default is REQUIRED or argument.value != argument.default:
            before = "" if argument.default is REQUIRED else f"{argument.name}="
            is_variable = isinstance(argument.value, Variable | Rising)
            parts.append(
                before + value(argument.value, names) if is_variable else write_value(argument.value, before)
            )
    return Brackets(
        f"{expression.form}(", tuple(parts), ")", is_tall=expression.form == tall and len(parts) > 1
    )


def fill_in(expression: Expression, names: Mapping[str, str]) -> str:
    """Return the text of a pattern with its arguments in their places; those of the inputs stay."""
    inputs = [f"{{{number}}}" for number in range(expression.form.count("{"))]
    named = {argument.name: value(argument.value, names) for argument in expression.arguments}
    named = {name: _bracket(name, text, expression.form) for name, text in named.items()}
    is_simple = all(text.isidentifier() or text.isdigit() for text in named.values())
    form = expression.form if is_simple else expression.form.replace(":{", ": {").replace("}:", "} :")
    return form.format(*inputs, **named)


def _bracket(name: str, text: str, form: str) -> str:
    """Return an argument of a pattern in brackets where it needs them: below zero, or behind a function's name."""
    is_called = re.search(rf"\w\{{{name}\}}", form) is not None
    return f"({text})" if text.startswith("-") or (is_called and not text.startswith("(")) else text
