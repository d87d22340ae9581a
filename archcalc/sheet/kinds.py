"""The kinds of cells: how people read them, what machines get, and their place in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcalc.sheet.amounts import (
    Agreeing,
    Amounts,
    Bytes,
    Count,
    Duration,
    ExactBytes,
    ExactNumber,
    Power,
    Rate,
    Ratio,
    Share,
    Threshold,
    ToldBytes,
)
from archcalc.sheet.axes import Axes, Field, Numbers, Shape, ShapeList, WholeShape, WholeShapeList
from archcalc.sheet.derived import Calculation, Derived
from archcalc.sheet.grids import Index, Numbered
from archcalc.sheet.sheet import UNKNOWN, Cell, Kind, Schema, Span, round_off
from archcalc.sheet.words import Flag, NameList, Text, Verdict, Words

STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
EACH_AXIS: Schema = {"type": "array", "items": NUMBER}
NUMERIC: list[Schema] = [NUMBER, EACH_AXIS]


class Settings(Kind):
    """An op's settings by name."""

    align = "left"
    liked = 24
    shortens = True

    def write(self, value: Mapping[str, object]) -> str:
        """Return settings as a person would write them: out 96, kernel 11, stride 4."""
        return ", ".join(f"{name} {_setting(each)}" for name, each in value.items())

    def reduce(self, value: Mapping[str, object]) -> dict[str, object]:
        """Return the settings, of several numbers as a list."""
        return {name: _as_list(setting) for name, setting in value.items()}

    def flatten(self, value: Mapping[str, object]) -> str:
        """Return them as they are written."""
        return self.write(value)

    def spans(self, text: str, *, is_nothing: bool, heavy: bool) -> Sequence[Span]:
        """Return them quiet."""
        return ((text, "quiet"),)


class Tensors(Settings):
    """Shapes by name, which are not cut short."""

    shortens = False


class Plot(Kind):
    """Numbers one after the other, such as memory over layers, drawn as bars from nothing to the largest."""

    align = "left"
    BLOCKS = "▁▂▃▄▅▆▇█"

    def write(self, value: Sequence[float | None]) -> str:
        """Return a bar a number: ▁▃█; a blank for nothing, ? for what is not known."""
        most = max((number for number in value if number is not None), default=0)
        return "".join(UNKNOWN if number is None else self._bar(number, most) for number in value)

    def _bar(self, number: float, most: float) -> str:
        """Return a bar to the nearest eighth; something is never nothing."""
        return self.BLOCKS[max(1, round(8 * number / most)) - 1] if number > 0 else " "

    def reduce(self, value: Sequence[float | None]) -> list[object]:
        """Return the numbers as a list."""
        return [round_off(number) for number in value]

    def flatten(self, value: Sequence[float | None]) -> str:
        """Return the numbers with blanks between them."""
        return " ".join(UNKNOWN if number is None else str(number) for number in self.reduce(value))


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


class Quantity(Mixed):
    """A `Cell` that is an amount, beside which machines get its unit."""

    aside: Mapping[str, Schema] = {"unit": {"type": ["string", "null"], "description": "its unit"}}

    def note(self, value: Cell) -> Mapping[str, object]:
        """Return the unit that the cell's kind has, nothing where it has none."""
        return {"unit": value.kind.schema.get("unit")}


class MixedLines(Mixed):
    """A `Cell` that may take several lines."""

    wraps = True


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if isinstance(value[0], tuple):
            return _pairs(value)
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _as_list(value: object) -> object:
    return list(map(_as_list, value)) if isinstance(value, tuple) else value


def _pairs(pairs: tuple[tuple[int, ...], ...]) -> str:
    if all(len(pair) == 2 and pair[0] == pair[1] for pair in pairs):
        return "×".join(str(before) for before, _ in pairs)
    if len(pairs) > 4:
        return "table"
    return " ".join("+".join(map(str, pair)) for pair in pairs)


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _describe(description: str, schema: Schema) -> Schema:
    return {**schema, "description": description}


TEXT = Text("text", STRING)
WORDS = Words("words", STRING)
WHOLE_WORDS = Text(WORDS.name, WORDS.schema)
"""Words that stay on one line, such as names of layers."""
VERDICT = Verdict("verdict", STRING)
SHAPE = Shape(
    "shape", _describe("sizes without the batch, channels first", {"type": "array", "items": INTEGER})
)
WHOLE_SHAPE = WholeShape(SHAPE.name, SHAPE.schema)
COUNT = Count("count", INTEGER)
AGREEING = Agreeing("agreeing", INTEGER)
BYTES = Bytes("bytes", {**INTEGER, "unit": "bytes"})
EXACT_BYTES = ExactBytes("exact_bytes", {**INTEGER, "unit": "bytes"})
TOLD_BYTES = ToldBytes("exact_bytes", {**INTEGER, "unit": "bytes"})
WORK_RATE = Rate("work_rate", {**INTEGER, "unit": "operations/s"}, "OP/s")
BYTE_RATE = Rate("byte_rate", {**INTEGER, "unit": "bytes/s"}, "B/s")
FREQUENCY = Rate("frequency", {**INTEGER, "unit": "Hz"}, "Hz")
CONSTANT = ExactNumber("constant", NUMBER)
DURATION = Duration("duration", {"type": "number", "minimum": 0, "unit": "microseconds"})
POWER = Power("power", {**NUMBER, "unit": "W"})
SHARE = Share("share", {"type": "number", "minimum": 0, "maximum": 1, "unit": "fraction of the whole"})
SETTINGS = Settings("settings", _describe("values by name", {"type": "object"}))
TENSORS = Tensors("tensors", _describe("shapes by name", {"type": "object"}))
NAMES = NameList("names", {"type": "array", "items": STRING})
SHAPES = ShapeList(
    "shapes",
    _describe(
        "a shape each, null for one that is not known", {"type": "array", "items": _or_null(SHAPE.schema)}
    ),
)
WHOLE_SHAPES = WholeShapeList(SHAPES.name, SHAPES.schema)
FLAG = Flag("flag", BOOLEAN)
FIGURE = Numbers("figure", _describe("a number, or one an axis", {"anyOf": NUMERIC}))
MATRIX = Numbers("matrix", _describe("rows and columns", {**EACH_AXIS, "items": INTEGER}))
AXES = Axes("axes", _describe("a number an axis", EACH_AXIS))
FIELD = Field(
    "field",
    _describe(
        "input elements along each axis; null where it is the whole input", {**EACH_AXIS, "unit": "elements"}
    ),
)
DERIVATION, CALCULATION = (
    made(
        name,
        {
            "type": "object",
            "properties": {
                "symbols": _describe("the formula in symbols", STRING),
                "numbers": _describe("the formula in numbers", STRING),
                "result": _describe("what it comes to", result),
                "unit": _describe("of the result; B for bytes", _or_null(STRING)),
            },
            "required": list(Derived.KEYS),
        },
    )
    for made, name, result in ((Derived, "derivation", INTEGER), (Calculation, "calculation", NUMBER))
)
RATIO = Ratio(
    "ratio", _describe("a factor, or a formula where it is no number", {"type": ["number", "string"]})
)
BOUND = Threshold("bound", _describe("what the operator beside it is about", NUMBER))
AMOUNTS = Amounts(
    "amounts",
    {"type": "object", "additionalProperties": _describe("null where it is not known", _or_null(NUMBER))},
)
MIXED = Mixed(
    "mixed",
    _describe(
        "what the row is about", {"anyOf": [STRING, BOOLEAN, *NUMERIC, AMOUNTS.schema, {"type": "null"}]}
    ),
)
MIXED_LINES = MixedLines(MIXED.name, MIXED.schema)
QUANTITY = Quantity("quantity", _describe("in the unit beside it", NUMBER))
PLOT = Plot("plot", _describe("numbers, one a bar", {"type": "array", "items": {"type": ["number", "null"]}}))
ARRAY_SIZES = Numbers("array_sizes", _describe("all sizes of an array", {"type": "array", "items": INTEGER}))
GRID = Numbered(
    "grid",
    _describe("a number, or lists of them within lists; null for none", {"type": ["number", "array"]}),
)
INDEX = Index(
    "index", _describe("where an element stands, axis by axis", {"type": "array", "items": INTEGER})
)

KINDS = (
    TEXT,
    WORDS,
    WHOLE_WORDS,
    VERDICT,
    SHAPE,
    WHOLE_SHAPE,
    COUNT,
    AGREEING,
    BYTES,
    EXACT_BYTES,
    TOLD_BYTES,
    WORK_RATE,
    BYTE_RATE,
    FREQUENCY,
    CONSTANT,
    DURATION,
    POWER,
    SHARE,
    SETTINGS,
    TENSORS,
    NAMES,
    SHAPES,
    WHOLE_SHAPES,
    FLAG,
    FIGURE,
    MATRIX,
    AXES,
    FIELD,
    DERIVATION,
    CALCULATION,
    RATIO,
    BOUND,
    AMOUNTS,
    MIXED,
    MIXED_LINES,
    QUANTITY,
    PLOT,
    ARRAY_SIZES,
    GRID,
    INDEX,
)
