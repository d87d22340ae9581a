"""YAML text to a tree of values that know their line and column.

The tree is built from PyYAML's event stream, without its object construction: no tags, no YAML 1.1
surprises (`no` is a word, `010` is refused, a key may not stand twice), bounded depth and size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from archcalc import limits
from archcalc.errors import ArchcalcError, Place, Source

Plain = None | bool | int | float | str
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

INTEGER = re.compile(r"[-+]?[0-9]+")
DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
AMBIGUOUS = frozenset(("yes", "no", "on", "off"))
"""Words that YAML 1.1 reads as true or false and YAML 1.2 as words."""


class Node:
    """A value of the tree; line and column are counted from 0."""

    __slots__ = ("column", "line", "size", "source")

    def __init__(self, source: Source, line: int, column: int) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.size = 1

    def place(self, used_by: Place | None = None) -> Place:
        """Return where the value stands."""
        return Place(self.source, self.line, self.column, self.width, used_by)

    @property
    def width(self) -> int:
        """How many characters a message underlines."""
        return 1

    @property
    def noun(self) -> str:
        """What to call it in a message."""
        raise NotImplementedError


class Scalar(Node):
    """A number, a word, a truth value or nothing."""

    __slots__ = ("plain", "text", "value")

    def __init__(self, source: Source, line: int, column: int, text: str, plain: bool) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.size = 1
        self.text = text
        self.plain = plain
        self.value: Plain = self._resolve() if plain else text

    def _resolve(self) -> Plain:
        text = self.text
        if text[:1].isalpha():
            return WORDS.get(text, text)
        if INTEGER.fullmatch(text):
            return self._integer(text)
        if DECIMAL.fullmatch(text):
            return float(text)
        return WORDS.get(text, text)

    def _integer(self, text: str) -> int:
        digits = text.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0":
            raise ArchcalcError(
                f"{text[:20]} is eight times something to some YAML readers",
                place=self.place(),
                hint=f"write {digits.lstrip('0')[:20] or 0}, or quote it",
            )
        if len(digits) > len(str(limits.MAGNITUDE)) or abs(int(text)) > limits.MAGNITUDE:
            raise ArchcalcError(
                f"a number of {len(digits)} digits is too large: the most is 10^18",
                place=self.place(),
            )
        return int(text)

    @property
    def width(self) -> int:
        """The length of the text, quotes included."""
        return len(self.text) + (0 if self.plain else 2)

    @property
    def ambiguous(self) -> bool:
        """Whether some YAML readers take the word for true or false."""
        return self.plain and self.text.lower() in AMBIGUOUS

    @property
    def noun(self) -> str:
        """The text itself."""
        return "nothing" if self.value is None else f"'{self.text}'"


class Listing(Node):
    """A YAML sequence."""

    __slots__ = ("items",)

    def __init__(self, source: Source, line: int, column: int) -> None:
        super().__init__(source, line, column)
        self.items: list[Node] = []

    @property
    def noun(self) -> str:
        """The word for it."""
        return "a list"


class Mapping(Node):
    """A YAML mapping with scalar keys, none of them twice."""

    __slots__ = ("entries", "keys")

    def __init__(self, source: Source, line: int, column: int) -> None:
        super().__init__(source, line, column)
        self.entries: dict[str, Node] = {}
        self.keys: dict[str, Scalar] = {}

    @property
    def noun(self) -> str:
        """The word for it."""
        return "a mapping"


Collection = Listing | Mapping


def read(source: Source) -> Node:
    """Return the tree of the one YAML document in `source`.

    Raises:
        ArchcalcError: the text is no YAML, holds more or less than one document, or more than the limits allow.
    """
    try:
        return _Composer(source).document()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(source, error) from None
    except yaml.reader.ReaderError as error:
        raise ArchcalcError(
            f"{source.name}: is not text: {error.reason}",
            hint="save it as UTF-8 text without control characters",
        ) from None


class _Composer:
    """Builds the tree from events, with a stack of open collections in place of recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.anchors: dict[str, Node | None] = {}
        self.open: list[tuple[Collection, str | None]] = []
        self.nodes = 0

    def document(self) -> Node:
        documents = 0
        root: Node | None = None
        for event in _events(self.source.text):
            if isinstance(event, ScalarEvent):
                root = self._place(self._scalar(event), event.anchor) or root
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._start(event)
            elif isinstance(event, CollectionEndEvent):
                root = self._end() or root
            elif isinstance(event, AliasEvent):
                self._place(self._alias(event), None)
            elif isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error("a file holds one network, but here a second document starts", event)
        if root is None or (isinstance(root, Scalar) and root.value is None):
            raise ArchcalcError(
                f"{self.source.name}: is empty", hint="archcalc new NAME writes a spec to start from"
            )
        return root

    def _error(self, fact: str, event: Event, hint: str | None = None) -> ArchcalcError:
        return ArchcalcError(fact, place=Place(self.source, *_position(event)), hint=hint)

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text: str = event.value
        plain: bool = event.implicit[0]
        if event.tag is not None:
            raise self._error(f"tags such as {event.tag} are not allowed", event)
        if not text.isprintable():
            text = " ".join(text.split())
            if not text.isprintable():
                raise self._error("control characters are not allowed in a spec", event)
        return Scalar(self.source, *_position(event), text, plain)

    def _start(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        if event.tag is not None:
            raise self._error(f"tags such as {event.tag} are not allowed", event)
        if len(self.open) >= limits.NESTING:
            raise self._error(f"nested more than {limits.NESTING} deep", event)
        kind = Mapping if isinstance(event, MappingStartEvent) else Listing
        if event.anchor:
            self.anchors[event.anchor] = None
        self.open.append((kind(self.source, *_position(event)), event.anchor))

    def _end(self) -> Node | None:
        collection, anchor = self.open.pop()
        return self._place(collection, anchor)

    def _alias(self, event: AliasEvent) -> Node:
        name = event.anchor or ""
        node = self.anchors.get(name)
        if node is None:
            known = "contains itself" if name in self.anchors else "is not defined above"
            raise self._error(f"*{name} {known}", event)
        return node

    def _place(self, node: Node, anchor: str | None) -> Node | None:
        """Hang a finished node where it belongs; return it if it is the root."""
        if anchor:
            self.anchors[anchor] = node
        if not self.open:
            return node
        parent = self.open[-1][0]
        parent.size += node.size
        if parent.size > limits.NODES:
            raise ArchcalcError(
                f"holds more than {limits.NODES:,} values once aliases are written out",
                place=node.place(),
            )
        if isinstance(parent, Listing):
            parent.items.append(node)
        elif len(parent.keys) == len(parent.entries):
            _add_key(parent, node)
        else:
            parent.entries[next(reversed(parent.keys))] = node
        return None


def _events(text: str) -> Iterator[Event]:
    loader = LOADER(text)
    try:
        while (event := loader.get_event()) is not None:
            yield event
    finally:
        loader.dispose()


def _position(event: Event) -> tuple[int, int]:
    """Return line and column; every event of a text has a mark."""
    mark = event.start_mark
    return (mark.line, mark.column) if mark else (0, 0)


def _add_key(mapping: Mapping, key: Node) -> None:
    if not isinstance(key, Scalar):
        raise ArchcalcError(
            f"a key must be a word, not {key.noun}",
            place=key.place(),
            hint="quote an expression that has brackets",
        )
    if key.text in mapping.keys:
        raise ArchcalcError(
            f"'{key.text}' stands twice; it was first set in line {mapping.keys[key.text].line + 1}",
            place=key.place(),
            hint="remove one of the two",
        )
    mapping.keys[key.text] = key


def _syntax_error(source: Source, error: yaml.MarkedYAMLError) -> ArchcalcError:
    mark = error.problem_mark or error.context_mark
    place = Place(source, mark.line, mark.column) if mark else None
    where = f" {error.context}" if error.context else ""
    hint = None
    if place is not None:
        line = source.line(place.line)
        if "\t" in line[: place.column + 1]:
            hint = "YAML is indented with spaces, not tabs"
        elif "[" in line and "{" in line:
            hint = 'inside { } an expression with brackets must be quoted: {out: "widths[0]"}'
        elif line.rstrip().endswith("{") or line.count("{") != line.count("}"):
            hint = "a { is closed by } on the same line or below"
    return ArchcalcError(f"YAML: {error.problem}{where}", place=place, hint=hint)
