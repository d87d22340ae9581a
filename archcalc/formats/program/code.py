"""Python code that a network is written out to: calls with named arguments, and how they are laid out on lines."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterable
from json import dumps
from math import inf, isinf
from typing import NamedTuple
from unicodedata import normalize

from archcalc.ground.errors import visible
from archcalc.network.network import add_number
from archcalc.op.setting import REQUIRED

WIDTH = 100
"""The longest line, in characters."""
INDENT = 4


class Argument(NamedTuple):
    """An argument of a call: by position where it has no default, otherwise by name and left out where it is the default."""

    name: str
    value: object
    default: object = REQUIRED


class Expression(NamedTuple):
    """What makes or applies a layer.

    `form` is the name of what is called, such as nn.Conv2d, or a pattern such as "{0} + {1}", in which
    numbers stand for the layer's inputs and names for arguments.
    """

    form: str
    arguments: tuple[Argument, ...] = ()

    @property
    def is_pattern(self) -> bool:
        """Whether it is applied where it stands, and nothing is made beforehand."""
        return "{" in self.form

    @property
    def links(self) -> list[Expression]:
        """The calls that a chain holds."""
        return [argument.value for argument in self.arguments if isinstance(argument.value, Expression)]

    def given(self, **options: tuple[object, object]) -> Expression:
        """Return the call with more arguments by name, each with its value and what it is by default."""
        added = (Argument(name, value, default) for name, (value, default) in options.items())
        return self._replace(arguments=(*self.arguments, *added))


def expression(form: str, **arguments: object) -> Expression:
    """Return a call with arguments by position; their names are for the parameters that they may become."""
    return Expression(form, tuple(Argument(name, value) for name, value in arguments.items()))


def chain(form: str, *calls: Expression) -> Expression:
    """Return one call that holds several, such as a sequence of layers."""
    return Expression(form, tuple(Argument("", inner) for inner in calls))


def one(values: Iterable[object]) -> object:
    """Return a number for each axis as people write it: one where all are the same."""
    numbers = tuple(values)
    return numbers[0] if len(set(numbers)) == 1 else numbers


class Brackets(NamedTuple):
    """Parts between brackets: on one line, indented on the next, or one a line, where `is_tall` always so."""

    opening: str
    parts: tuple[Doc, ...]
    closing: str
    is_tall: bool = False
    separator: str = ", "

    @property
    def inside(self) -> str | None:
        """All parts on one line; None where that must not be."""
        parts = [flat(part) for part in self.parts]
        laid_out = [part for part in parts if part is not None]
        return None if self.is_tall or len(laid_out) < len(parts) else self.separator.join(laid_out)


Doc = str | Brackets


def literal(value: object) -> str:
    """Return a value as Python writes it."""
    if isinstance(value, float) and isinf(value):
        return f'float("{"inf" if value == inf else "-inf"}")'
    if isinstance(value, str):
        return dumps(value)
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)


def write_value(value: object, before: str = "") -> Doc:
    """Return a value, and what stands before it, as code that may take several lines."""
    if isinstance(value, tuple) and any(isinstance(item, tuple) for item in value):
        return Brackets(f"{before}(", tuple(map(write_value, value)), ")")
    return before + literal(value)


def flat(doc: Doc) -> str | None:
    """Return a document on one line; None where that must not be."""
    if isinstance(doc, str):
        return doc
    inside = doc.inside
    return None if inside is None else doc.opening + inside + doc.closing


def lines(doc: Doc, indent: int = 0, before: str = "", after: str = "") -> list[str]:
    """Return a document on as few lines as it fits, the way black lays out code."""
    margin, inner = " " * indent, " " * (indent + INDENT)
    text = flat(doc)
    if isinstance(doc, str) or (text is not None and _fits(margin, before, text, after)):
        return [f"{margin}{before}{text}{after}"]
    opening, closing = f"{margin}{before}{doc.opening}", f"{margin}{doc.closing}{after}"
    inside = doc.inside
    if inside is not None and _fits(inner, inside):
        return [opening, inner + inside, closing]
    comma = doc.separator.rstrip()
    each = [line for part in doc.parts for line in lines(part, indent + INDENT, after=comma)]
    return [opening, *each, closing]


def _fits(*parts: str) -> bool:
    return sum(map(len, parts)) <= WIDTH


def identifier(text: str, *, prefix: str = "layer") -> str:
    """Return a name as Python takes one, as much like `text` as can be; `prefix` stands before a leading digit."""
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^0-9A-Za-z_]+", "_", plain).strip("_")
    if not name or name[0].isdigit():
        name = f"{prefix}_{name}".rstrip("_")
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def class_name(text: str, title: str = "") -> str:
    """Return a name as classes have them, ConvBnRelu for conv_bn_relu; in the capitals of a title that it begins with."""
    parts = re.split(r"_+", identifier(text, prefix="net"))
    name = ""
    for part in parts:
        joint = "_" if name[-1:].isdigit() and part[:1].isdigit() else ""
        name += joint + part[:1].upper() + part[1:]
    words = re.findall(r"[A-Za-z0-9]+", title)
    for number in range(1, len(words) + 1):
        begun = "".join(word[0].upper() + word[1:] for word in words[:number])
        if begun[0].isalpha() and name.lower().startswith(begun.lower()):
            name = begun + name[len(begun) :]
    return f"{name}_" if keyword.iskeyword(name) else name


def find_unused(name: str, taken: Container[str]) -> str:
    """Return the name, or the name with the first number from 2 that makes it new."""
    return name if name not in taken else _number(name, taken, 2)[0]


def _number(name: str, taken: Container[str], number: int) -> tuple[str, int]:
    while (numbered := add_number(name, number)) in taken:
        number += 1
    return numbered, number


class Names:
    """Names of which each is given once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)
        self.numbers: dict[str, int] = {}

    def new(self, name: str) -> str:
        """Return the name, or the name with a number that makes it new."""
        new = name
        if name in self.taken:
            new, number = _number(name, self.taken, self.numbers.get(name, 2))
            self.numbers[name] = number + 1
        self.taken.add(new)
        return new


def remark(text: str) -> str:
    """Return text as it can stand in a docstring or a comment, on one line: nothing in it ends either."""
    return visible(" ".join(text.split())).replace("\\", "\\\\").replace('"', "'")


def wrap_paragraph(text: str, indent: int, first: str = "", last: str = "") -> list[str]:
    """Return a paragraph on lines that fit, `first` before and `last` after it."""
    from textwrap import wrap

    margin = " " * indent
    wrapped = wrap(
        text,
        WIDTH,
        initial_indent=margin + first,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [margin + first]
    if len(wrapped[-1]) + len(last) > WIDTH:
        wrapped.append(margin)
    wrapped[-1] += last
    return wrapped
