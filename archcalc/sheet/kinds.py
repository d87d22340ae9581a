"""The kinds of cells: how people read them, what machines get, and their place in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcalc.sheet.numbers import grouped, percent, sized
from archcalc.sheet.sheet import UNKNOWN, Cell, Kind, Schema, Span

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMERIC: list[Schema] = [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]
NUMBERS: Schema = {"anyOf": NUMERIC}


class Text(Kind):
    """A name or a word; it is cut where it is too long."""

    align = "left"


class Words(Text):
    """A sentence; it wraps."""

    wraps = True
    liked = 32


class Verdict(Text):
    """Whether something holds."""

    GOOD = frozenset(("ok", "upheld", "upheld, cut not rounded"))

    def spans(self, text: str, value: object, *, heavy: bool) -> Sequence[Span]:
        """Return the verdict, good or bad."""
        return ((text, "good" if text in self.GOOD else "bad"),)


class Shape(Kind):
    """Sizes, the batch first; they are written without it."""

    def write(self, value: tuple[int, ...]) -> str:
        """Return 96×55×55."""
        return "×".join(map(str, value[1:]))

    def reduce(self, value: tuple[int, ...]) -> list[int]:
        """Return the sizes as a list."""
        return list(value[1:])

    def flatten(self, value: tuple[int, ...]) -> str:
        """Return 96x55x55."""
        return "x".join(map(str, value[1:]))


class Count(Kind):
    """A whole number."""

    is_amount = True

    def write(self, value: int) -> str:
        """Return 62,378,344."""
        return grouped(value)


class Bytes(Count):
    """A whole number of bytes."""

    def write(self, value: int) -> str:
        """Return 237.9 MiB."""
        return sized(value)


class Share(Kind):
    """A fraction of the whole."""

    has_bar = True

    def write(self, value: float) -> str:
        """Return 12.3%."""
        return percent(value)


class Settings(Kind):
    """An op's settings by name."""

    align = "left"
    liked = 24
    shortens = True

    def write(self, value: Mapping[str, object]) -> str:
        """Return settings as a person would write them: out 96, kernel 11, stride 4."""
        return ", ".join(f"{name} {_setting(one)}" for name, one in value.items())

    def flatten(self, value: Mapping[str, object]) -> str:
        """Return them as they are written."""
        return self.write(value)

    def spans(self, text: str, value: object, *, heavy: bool) -> Sequence[Span]:
        """Return them quiet."""
        return ((text, "quiet"),)


NumberOrNumbers = int | float | tuple[int | float, ...]
"""A number, or one an axis."""


class Numbers(Kind):
    """A number, or one an axis."""

    def write(self, value: NumberOrNumbers) -> str:
        """Return 1,234, 1.5, or 3×5."""
        if isinstance(value, tuple):
            return "×".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
        return f"{value:g}" if isinstance(value, float) else grouped(value)

    def flatten(self, value: NumberOrNumbers) -> object:
        """Return the number, or 3x5."""
        return "x".join(map(str, value)) if isinstance(value, tuple) else super().reduce(value)


class Field(Kind):
    """A receptive field, None for the whole input, and whether it is larger than the input."""

    def is_larger(self, value: object) -> bool:
        """Tell whether a field is larger than the input."""
        return isinstance(value, tuple) and value[1] is True

    def write(self, value: tuple[NumberOrNumbers | None, bool]) -> str:
        """Return the field, with a mark where it is larger than the input."""
        sizes, larger = value
        return ("whole" if sizes is None else FIGURE.write(sizes)) + ("*" if larger else "")

    def reduce(self, value: tuple[NumberOrNumbers | None, bool]) -> object:
        """Return the field alone."""
        return "whole" if value[0] is None else FIGURE.reduce(value[0])

    def flatten(self, value: tuple[NumberOrNumbers | None, bool]) -> object:
        """Return the field alone."""
        return "whole" if value[0] is None else FIGURE.flatten(value[0])


class Derived(Kind):
    """How a figure comes about: symbols, numbers, result and its unit."""

    align = "left"
    wraps = True
    is_formula = True
    KEYS = ("symbols", "numbers", "result", "unit")

    def write(self, value: tuple[str, str, int, str]) -> str:
        """Return the steps on lines of their own; what would stand twice, once."""
        symbols, numbers, result, unit = value
        readable = (
            f"{grouped(result)} B ({sized(result)})" if unit == "B" else f"{grouped(result)} {unit}".rstrip()
        )
        steps = dict.fromkeys((symbols, numbers))
        if str(result) in steps:
            del steps[str(result)]
        return "\n= ".join((*steps, readable))

    def reduce(self, value: tuple[str, str, int, str]) -> dict[str, object]:
        """Return the parts by name."""
        return dict(zip(self.KEYS, value, strict=True))

    def flatten(self, value: tuple[str, str, int, str]) -> str:
        """Return the steps on one line."""
        return self.write(value).replace("\n", " ")

    def spans(self, text: str, value: object, *, heavy: bool) -> Sequence[Span]:
        """Return the steps, and the result so that it stands out."""
        steps, equals, result = text.rpartition("= ")
        return ((steps + equals, ""), (result, "heavy"))


class Ratio(Kind):
    """A factor, or words where it is no number."""

    def write(self, value: float | str) -> str:
        """Return a factor to three digits, ×1 only where it is one: ×1.81, ×0.0467, ×1,235."""
        if isinstance(value, str) or value == 1:
            return str(value) if isinstance(value, str) else "×1"
        rounded = float(f"{value:.3g}")
        return f"×{value:,.0f}" if rounded >= 1000 else f"×{value:.2f}" if rounded == 1 else f"×{rounded:g}"


class Plot(Kind):
    """Numbers one after the other, such as memory over layers, drawn as bars from nothing to the largest."""

    align = "left"
    BLOCKS = "▁▂▃▄▅▆▇█"

    def write(self, value: Sequence[float | None]) -> str:
        """Return a bar a number: ▁▃█; a blank for nothing, ? for what is not known."""
        most = max((one for one in value if one is not None), default=0)
        return "".join(UNKNOWN if one is None else self._bar(one, most) for one in value)

    def _bar(self, number: float, most: float) -> str:
        """Return a bar to the nearest eighth; something is never nothing."""
        return self.BLOCKS[max(1, round(8 * number / most)) - 1] if number > 0 else " "

    def reduce(self, value: Sequence[float | None]) -> list[object]:
        """Return the numbers as a list."""
        return [super(Plot, self).reduce(one) for one in value]

    def flatten(self, value: Sequence[float | None]) -> str:
        """Return the numbers with blanks between them."""
        return " ".join(UNKNOWN if one is None else str(one) for one in self.reduce(value))


class Mixed(Kind):
    """A `Cell`, which has a kind of its own."""

    def write(self, value: Cell) -> str:
        """Return the cell as its own kind writes it."""
        return value.kind.text(value.value)

    def reduce(self, value: Cell) -> object:
        """Return the cell as its own kind reduces it."""
        return value.kind.plain(value.value)

    def flatten(self, value: Cell) -> object:
        """Return the cell as its own kind flattens it."""
        return value.kind.csv(value.value)


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if isinstance(value[0], tuple):
            return _pairs(value)
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pairs(pairs: tuple[tuple[int, ...], ...]) -> str:
    if all(len(pair) == 2 and pair[0] == pair[1] for pair in pairs):
        return "×".join(str(before) for before, _ in pairs)
    if len(pairs) > 4:
        return "table"
    return " ".join("+".join(map(str, pair)) for pair in pairs)


def _said(description: str, schema: Schema) -> Schema:
    return {**schema, "description": description}


TEXT = Text("text", STRING)
WORDS = Words("words", STRING)
VERDICT = Verdict("verdict", STRING)
SHAPE = Shape("shape", _said("sizes without the batch, channels first", {"type": "array", "items": INTEGER}))
COUNT = Count("count", INTEGER)
BYTES = Bytes("bytes", {**INTEGER, "unit": "bytes"})
SHARE = Share("share", {"type": "number", "minimum": 0, "maximum": 1, "unit": "fraction of the whole"})
SETTINGS = Settings("settings", _said("values by name", {"type": "object"}))
FIGURE = Numbers("figure", _said("a number, or one an axis", NUMBERS))
FIELD = Field(
    "field",
    _said(
        "input elements, one number or one an axis, or `whole`",
        {"anyOf": [*NUMERIC, {"const": "whole"}], "unit": "input elements"},
    ),
)
DERIVATION = Derived(
    "derivation",
    {
        "type": "object",
        "properties": {
            "symbols": _said("the formula in symbols", STRING),
            "numbers": _said("the formula in numbers", STRING),
            "result": _said("what it comes to", INTEGER),
            "unit": _said("of the result; B for bytes", STRING),
        },
        "required": list(Derived.KEYS),
    },
)
RATIO = Ratio("ratio", _said("a factor, or a formula where it is no number", {"type": ["number", "string"]}))
MIXED = Mixed("mixed", _said("what the row is about", {"anyOf": [STRING, *NUMERIC, {"const": None}]}))
PLOT = Plot("plot", _said("numbers, one a bar", {"type": "array", "items": {"type": ["number", "null"]}}))

KINDS = (
    TEXT,
    WORDS,
    VERDICT,
    SHAPE,
    COUNT,
    BYTES,
    SHARE,
    SETTINGS,
    FIGURE,
    FIELD,
    DERIVATION,
    RATIO,
    MIXED,
    PLOT,
)
