"""YAML text to a tree of values.

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
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
)

from archcalc.formats.language.tree import Collection, Listing, Mapping, Scalar, Tree
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, Place, SourceText

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TOO_DEEP = "exceeded maximum nesting depth"
"""What libyaml, since 0.2.6, says of a text nested 1,000 deep: before archcalc's own bound has seen it."""


def read(source: SourceText) -> Tree:
    """Return the tree of the one YAML document in `source`.

    Raises:
        ArchcalcError: the text is no YAML, holds more or less than one document, or more than the limits allow.
    """
    try:
        return _compose(source)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(source, error) from None
    except yaml.reader.ReaderError as error:
        odd = yaml.reader.Reader.NON_PRINTABLE.search(source.text)
        place = Place(source, *source.position(odd.start())) if odd else None
        raise ArchcalcError(
            f"not text: {error.reason}", place=place, hint="save it as UTF-8 text without control characters"
        ) from None
    except UnicodeEncodeError as error:
        raise ArchcalcError(
            "not text: half of a character", place=Place(source, *source.position(error.start))
        ) from None


def _compose(source: SourceText) -> Tree:
    """Return the tree; what is nested too deep for the library in C goes through the one that knows no such bound."""
    try:
        return _Composer(source, LOADER).document()
    except yaml.MarkedYAMLError as error:
        if error.problem != TOO_DEEP:
            raise
        return _Composer(source, yaml.SafeLoader).document()


class _Composer:
    """Builds the tree from events, with a stack of open collections in place of recursion."""

    def __init__(self, source: SourceText, loader: type[yaml.SafeLoader | yaml.CSafeLoader]) -> None:
        self.source = source
        self.loader = loader
        self.anchors: dict[str, Tree | None] = {}
        self.open: list[tuple[Collection, str | None]] = []
        self.nesting = limits.NESTING.value
        self.values = limits.VALUES.value

    def document(self) -> Tree:
        documents = 0
        root: Tree | None = None
        for event in _events(self.loader, self.source.text):
            if isinstance(event, ScalarEvent):
                root = self._place(self._scalar(event), event.anchor) or root
            elif isinstance(event, CollectionStartEvent):
                self._start(event)
            elif isinstance(event, CollectionEndEvent):
                root = self._end() or root
            elif isinstance(event, AliasEvent):
                self._place(self._alias(event), None, event)
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
            raise self._error(f"tags such as {_tag(event.tag)} are not allowed", event)
        if not text.isprintable():
            text = " ".join(text.split())
            if not text.isprintable():
                raise self._error("control characters are not allowed in a spec", event)
        return Scalar(self.source, *_position(event), text, plain)

    def _start(self, event: CollectionStartEvent) -> None:
        if event.tag is not None:
            raise self._error(f"tags such as {_tag(event.tag)} are not allowed", event)
        if len(self.open) >= self.nesting:
            raise self._error(f"nested more than {self.nesting} deep", event, limits.NESTING.hint)
        kind = Mapping if isinstance(event, MappingStartEvent) else Listing
        if event.anchor:
            self.anchors[event.anchor] = None
        self.open.append((kind(self.source, *_position(event)), event.anchor))

    def _end(self) -> Tree | None:
        collection, anchor = self.open.pop()
        return self._place(collection, anchor)

    def _alias(self, event: AliasEvent) -> Tree:
        name = event.anchor or ""
        node = self.anchors.get(name)
        if node is None:
            known = "contains itself" if name in self.anchors else "is not defined above"
            raise self._error(f"*{name} {known}", event)
        return node

    def _place(self, node: Tree, anchor: str | None, alias: Event | None = None) -> Tree | None:
        """Hang a finished node, or what an alias stands for, where it belongs; return it if it is the root."""
        if anchor:
            self.anchors[anchor] = node
        if not self.open:
            return node
        parent = self.open[-1][0]
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.size > self.values or parent.height > self.nesting:
            raise self._past_limits(parent, Place(self.source, *_position(alias)) if alias else node.place())
        if isinstance(parent, Listing):
            parent.items.append(node)
        elif len(parent.keys) == len(parent.entries):
            _add_key(parent, node)
        else:
            parent.entries[next(reversed(parent.keys))] = node
        return None

    def _past_limits(self, parent: Collection, place: Place) -> ArchcalcError:
        """Return the error of a collection that holds too much, or is nested too deeply, by what stands at a place."""
        if parent.size > self.values:
            fact, hint = f"holds more than {self.values:,} values", limits.VALUES.hint
        else:
            fact, hint = f"nested more than {self.nesting} deep", limits.NESTING.hint
        return ArchcalcError(f"{fact} once aliases are written out", place=place, hint=hint)


def _events(kind: type[yaml.SafeLoader | yaml.CSafeLoader], text: str) -> Iterator[Event]:
    loader = kind(text)
    try:
        while (event := loader.get_event()) is not None:
            yield event
    finally:
        loader.dispose()


def _tag(tag: str) -> str:
    """Return a tag as it is written, !!python/name for what YAML spells out."""
    return tag.replace("tag:yaml.org,2002:", "!!", 1)


def _position(event: Event) -> tuple[int, int]:
    """Return line and column; every event of a text has a mark."""
    mark = event.start_mark
    return (mark.line, mark.column) if mark else (0, 0)


def _add_key(mapping: Mapping, key: Tree) -> None:
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


def _syntax_error(source: SourceText, error: yaml.MarkedYAMLError) -> ArchcalcError:
    mark = error.problem_mark or error.context_mark
    if error.context_mark and mark and not source.text[mark.index :].strip():
        # What is never closed is found at the end of the file; say where it was opened.
        mark = error.context_mark
    place = Place(source, mark.line, mark.column) if mark else None
    where = f" {error.context}" if error.context else ""
    hint = _syntax_hint(error.problem or "", source.line(place.line), place.column) if place else None
    return ArchcalcError(f"YAML: {error.problem}{where}", place=place, hint=hint)


SYNTAX = {
    (
        "expected key",
        "block end",
        "block entry",
    ): "the items of one list, and the keys of one mapping, begin in the same column",
    ("node content",): "something is missing here: perhaps a [ or { above is not closed",
    ("expected ':'",): "a key ends with ':', and a layer begins with '- '",
    (
        "mapping values",
    ): "a ':' stands after the layer type, as in - conv: {out: 64, kernel: 3}; text with ': ' in it is quoted",
}
"""What is wrong where PyYAML says one of some words."""


def _syntax_hint(problem: str, line: str, column: int) -> str | None:
    if "\t" in line[: column + 1]:
        return "YAML is indented with spaces, not tabs"
    for opening, closing in ("{}", "[]"):
        if line.count(opening) > line.count(closing):
            return f"a {opening} is closed by {closing} on the same line or below"
    if "',' or" in problem and re.search(r"\S:\s*[\w.]+\s+\w+\s*$", line[:column]):
        return "commas stand between settings: {out: 64, kernel: 3}"
    if "[" in line and "{" in line:
        return 'inside { } an expression with brackets must be quoted: {out: "widths[0]"}'
    return next((hint for words, hint in SYNTAX.items() if any(word in problem for word in words)), None)
