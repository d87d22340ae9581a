"""The values of a spec as a tree: scalars, lists and mappings that know their line and column."""

from __future__ import annotations

import re

from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, Place, SourceText

Plain = None | bool | int | float | str
INTEGER = re.compile(r"[-+]?[0-9]+")
DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
LONGEST = 100
"""The longest text that a message quotes whole, in characters."""
AMBIGUOUS = frozenset(("yes", "no", "on", "off"))
"""Words that YAML 1.1 reads as true or false and YAML 1.2 as words."""


class Tree:
    """A value of the tree; line and column are counted from 0."""

    __slots__ = ("column", "height", "line", "size", "source")

    def __init__(self, source: SourceText, line: int, column: int) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.size = 1
        self.height = 1

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


class Scalar(Tree):
    """A number, a word, a truth value or nothing."""

    __slots__ = ("plain", "text", "value")

    def __init__(self, source: SourceText, line: int, column: int, text: str, plain: bool) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.size = 1
        self.height = 1
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
            return self._decimal(text)
        return WORDS.get(text, text)

    def _decimal(self, text: str) -> float:
        value = float(text)
        if abs(value) > limits.MAGNITUDE:
            raise ArchcalcError(f"{text[:20]} is too large: the most is 10^18", place=self.place())
        return value

    def _integer(self, text: str) -> int:
        digits = text.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0":
            raise ArchcalcError(
                f"{text[:20]} is {digits.lstrip('0')[:20] or 0} to some YAML readers and {_octal(digits)} to others",
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
        """The text itself, or its beginning."""
        if self.value is None:
            return "nothing"
        return f"'{self.text}'" if len(self.text) <= LONGEST else f"'{self.text[:LONGEST]}…'"


class Listing(Tree):
    """A YAML sequence."""

    __slots__ = ("items",)

    def __init__(self, source: SourceText, line: int, column: int) -> None:
        super().__init__(source, line, column)
        self.items: list[Tree] = []

    @property
    def noun(self) -> str:
        """The word for it."""
        return "a list"


class Mapping(Tree):
    """A YAML mapping with scalar keys, none of them twice."""

    __slots__ = ("entries", "keys")

    def __init__(self, source: SourceText, line: int, column: int) -> None:
        super().__init__(source, line, column)
        self.entries: dict[str, Tree] = {}
        self.keys: dict[str, Scalar] = {}

    @property
    def noun(self) -> str:
        """The word for it."""
        return "a mapping"


Collection = Listing | Mapping


def _octal(digits: str) -> str:
    """Return what YAML 1.1 takes digits after a 0 for."""
    return str(int(digits[:20], 8)) if set(digits) <= set("01234567") else "a word"
