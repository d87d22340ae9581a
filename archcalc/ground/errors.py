"""The one exception family: what is wrong, where, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Protocol

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line of YAML."""
CARET_WINDOW = 100
"""The longest stretch of a source line that a message quotes, in characters."""


ALIKE = 0.62
"""How alike two names must be, from 0 to 1, for one to be suggested for the other."""
MOST_NAMES = 2000
"""How many names are looked through for one that is alike."""
MOST_ERRORS = 20
"""How many errors are looked for before the first ones are shown."""
MOST_USERS = 4
"""How many blocks around a place a message shows."""


def visible(text: str) -> str:
    """Return `text` with every unprintable character written as an escape, so that it is safe on a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


HARMLESS = frozenset(("Cn", "Co", "Zs"))
"""Categories of Unicode that Python calls not printable, and that move, hide or turn nothing: blanks, and signs to come."""


def printable(text: str) -> str:
    """Return a text of one line or several, each of them safe on a terminal; blanks of other kinds stay as they are."""
    if text.isprintable():
        return text
    from unicodedata import category

    return "".join(
        sign if sign == "\n" or sign.isprintable() or category(sign) in HARMLESS else visible(sign)
        for sign in text
    )


class SourceText:
    """A spec's text and what to call it, in a message and, where it has no name of its own, everywhere.

    A file's name comes from outside as much as its text does, and may hold whatever the disk allows.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = visible(name)
        self.text = text

    def line(self, number: int) -> str:
        """Return line `number`, counted from 0 as YAML counts them; empty past the end."""
        lines = LINE_BREAK.split(self.text)
        return lines[number] if number < len(lines) else ""

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of the character at `offset`."""
        lines = LINE_BREAK.split(self.text[:offset])
        return len(lines) - 1, len(lines[-1])


class Place:
    """A spot in a spec: line and column counted from 0, as PyYAML does, and printed from 1."""

    __slots__ = ("column", "line", "source", "used_by", "width")

    def __init__(
        self, source: SourceText, line: int, column: int, width: int = 1, used_by: Place | None = None
    ) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.width = max(width, 1)
        self.used_by = used_by

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line + 1}:{self.column + 1}"

    def is_same(self, other: Place) -> bool:
        """Tell whether another place is the same spot, in blocks that are used at the same places."""
        mine, others = [self, *self.users()], [other, *other.users()]
        return len(mine) == len(others) and all(
            mine_at.source is same.source and (mine_at.line, mine_at.column) == (same.line, same.column)
            for mine_at, same in zip(mine, others, strict=True)
        )

    def within(self, old: Place, new: Place) -> Place:
        """Return the place as it is where a block that holds it is used at a `new` place and not at an `old` one."""
        if self.used_by is None:
            return self
        used_by = new if self.used_by.is_same(old) else self.used_by.within(old, new)
        return Place(self.source, self.line, self.column, self.width, used_by)

    def users(self) -> list[Place]:
        """Return the places that used the block which holds this one, from the inside out."""
        places = []
        place = self.used_by
        while place is not None:
            places.append(place)
            place = place.used_by
        return places

    def quote(self) -> str:
        """Return the line with a caret under the spot, clipped to what a screen can hold."""
        text = self.source.line(self.line)
        start = max(0, self.column - CARET_WINDOW // 2) if len(text) > CARET_WINDOW else 0
        shown = visible(text[start : start + CARET_WINDOW].replace("\t", " "))
        indent = len(visible(text[start : self.column].replace("\t", " ")))
        carets = "^" * max(1, min(self.width, len(shown) - indent))
        margin = f"{self.line + 1:5d}"
        return f"{margin} | {shown}\n{' ' * len(margin)} | {' ' * indent}{carets}"


class Origin(Protocol):
    """Whatever a layer was read from: it can point at the layer or at one of its settings."""

    def place(self, setting: str | None = None) -> Place:
        """Return the place of `setting`, or of the layer itself."""


class ArchcalcError(Exception):
    """Anything that a person can mend: a fact in one line, its place, a hint.

    An op states only the fact and, where it can, the `setting` to blame; whoever knows the layer
    adds its name and place with `at`.
    """

    def __init__(
        self,
        fact: str,
        *,
        place: Place | None = None,
        hint: str | None = None,
        setting: str | None = None,
    ) -> None:
        super().__init__(fact)
        self.fact = fact
        self.place = place
        self.hint = hint
        self.setting = setting

    def at(self, who: str, origin: Origin | None) -> ArchcalcError:
        """Return the same error with the layer's name before the fact, and its place."""
        place = origin.place(self.setting) if origin is not None else self.place
        return ArchcalcError(f"{who}: {self.fact}", place=place, hint=self.hint, setting=self.setting)

    def __str__(self) -> str:
        """Return the whole message: place, fact, quoted lines, hint."""
        head = visible(self.fact)
        parts = [f"{self.place}: {head}" if self.place else head]
        if self.place:
            parts.append(self.place.quote())
            users = self.place.users()
            for user in users[:MOST_USERS]:
                parts += [f"{user}: used here", user.quote()]
            if len(users) > MOST_USERS:
                parts.append(f"… and {len(users) - MOST_USERS} blocks around it")
        if self.hint:
            parts.append(f"hint: {visible(self.hint)}")
        return "\n".join(parts)


class CallError(ArchcalcError):
    """A mistake in what is asked for and in no spec, such as a network that is not there."""


class ExceededError(ArchcalcError):
    """A bound that was passed: nothing behind it is looked at."""


class CombinedError(ArchcalcError):
    """Several things that a person can mend, in the order of their places; the first stands for all."""

    def __init__(self, errors: Sequence[ArchcalcError]) -> None:
        first = errors[0]
        super().__init__(first.fact, place=first.place, hint=first.hint, setting=first.setting)
        self.errors = tuple(errors)

    def at(self, who: str, origin: Origin | None) -> ArchcalcError:
        """Return the same errors, each with the layer's name before the fact, and its place."""
        return CombinedError([error.at(who, origin) for error in self.errors])

    def __str__(self) -> str:
        """Return all messages, an empty line between them."""
        return "\n\n".join(map(str, self.errors))


def each_of(error: ArchcalcError) -> tuple[ArchcalcError, ...]:
    """Return the errors that an error consists of."""
    return error.errors if isinstance(error, CombinedError) else (error,)


class Problems:
    """Errors that are collected while the rest is looked at, each once, however often its place is come by."""

    def __init__(self) -> None:
        self.errors: dict[tuple[object, ...], ArchcalcError] = {}

    def __bool__(self) -> bool:
        return bool(self.errors)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what goes wrong inside, and go on behind it."""
        try:
            yield
        except ArchcalcError as error:
            self.note(error)

    def note(self, error: ArchcalcError, *, by_place: bool = False) -> None:
        """Note an error; with `by_place` no second one at the same place.

        Raises:
            ArchcalcError: a bound was passed, or there are more errors than anybody wants to read.
        """
        for single in each_of(error):
            where = single.place and (single.place.source, single.place.line, single.place.column)
            self.errors.setdefault((where, None if where and by_place else single.fact), single)
            if isinstance(single, ExceededError) or len(self.errors) >= MOST_ERRORS:
                self.raise_noted()

    def raise_noted(self) -> None:
        """Raise what was noted, if there is anything, in the order of the places."""
        if self.errors:
            raise combine(self.errors.values())


def combine(errors: Iterable[ArchcalcError]) -> ArchcalcError:
    """Return errors as one, in the order of their places."""
    ordered = sorted((each for error in errors for each in each_of(error)), key=_reading_order)
    return ordered[0] if len(ordered) == 1 else CombinedError(ordered)


def _reading_order(error: ArchcalcError) -> tuple[bool, int, int]:
    place = error.place
    return (True, 0, 0) if place is None else (False, place.line, place.column)


def list_names(what: str, names: Iterable[str]) -> str:
    """Return "what: a, b, c", or that there are none."""
    return f"{what}: {', '.join(names) or 'none'}"


def nearest(word: object, known: Iterable[str]) -> str | None:
    """Return "did you mean …?" with the known name that is most like `word`, or with those that tie; or None.

    Python's callers may give anything in place of a name; nothing is like what is no text.
    """
    from difflib import SequenceMatcher, get_close_matches

    if not isinstance(word, str):
        return None
    names = {name.lower(): name for name in islice(known, MOST_NAMES)}
    close = get_close_matches(word.lower(), names, n=3, cutoff=ALIKE)
    if not close:
        return None
    likeness = [SequenceMatcher(None, word.lower(), name).ratio() for name in close]
    best = [names[name] for name, ratio in zip(close, likeness, strict=True) if ratio == max(likeness)]
    return None if 1 < len(best) == len(names) else f"did you mean {' or '.join(best)}?"
