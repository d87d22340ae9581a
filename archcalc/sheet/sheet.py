"""A sheet: a table of raw values with a heading, a footer and notes. Every output format renders sheets and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from archcalc.ground.errors import printable

Schema = dict[str, object]
Span = tuple[str, str]
"""A piece of text and the name of its style: quiet, heavy, good, bad, or none."""
Line = Sequence[Span]
UNKNOWN = "?"
"""What people read where nothing is known."""


class Kind:
    """What a cell holds.

    A kind says how its values are written, reduced and flattened. None, which stands for "not known", and "",
    which stands for "there is none", never get there: they look the same in every kind, and in JSON both are null.
    """

    align = "right"
    wraps = False
    """Whether a cell may take several lines."""
    liked: int | None = None
    """The width below which a column does not give way to others; None for all that it needs."""
    shortens = False
    """Whether a cell is a list that leaves out its last items where room is scarce."""
    has_bar = False
    """Whether a screen draws a bar beside it, as long as the fraction that it is."""
    is_amount = False
    """Whether its values have a ratio to each other."""
    is_formula = False
    """Whether it is set as mathematics, up to its result."""
    units: Sequence[tuple[int, str]] = ()
    """What its amounts can be counted in: how much a unit is, and its sign; the largest first, one of 1 last."""
    aside: Mapping[str, Schema] = {}
    """The schemas of what JSON says beside a value, by what follows the key of its column."""

    def __init__(self, name: str, schema: Schema) -> None:
        """Take what the kind is called, and the JSON Schema of what `reduce` returns."""
        self.name = name
        self.schema = schema

    def __repr__(self) -> str:
        return f"<kind {self.name}>"

    def text(self, value: object) -> str:
        """Return a cell as people read it: whatever comes from outside is safe on a terminal from here on."""
        return UNKNOWN if value is None else "" if value == "" else printable(self.write(value))

    def plain(self, value: object) -> object:
        """Return a cell as JSON holds it."""
        return None if value is None or value == "" else self.reduce(value)

    def beside(self, value: object) -> Mapping[str, object]:
        """Return what JSON says beside a cell, by the names in `aside`."""
        return dict.fromkeys(self.aside) if value is None or value == "" else self.note(value)

    def csv(self, value: object) -> object:
        """Return a cell as a spreadsheet takes it: a number or a text."""
        return "" if value is None or value == "" else self.flatten(value)

    def spans(self, text: str, *, is_nothing: bool, heavy: bool) -> Sequence[Span]:
        """Return the text of a cell in pieces, each with its style: a zero is nothing, what stands out in a table is `heavy`."""
        return ((text, "quiet" if text == "" or is_nothing else "heavy" if heavy else ""),)

    def stated(self, value: Any) -> object:
        """Return a value as `expect:` states it: a number, or one an axis where these differ; None where it is neither."""
        return value

    def write(self, value: Any) -> str:
        """Return a value as people read it."""
        return str(value)

    def reduce(self, value: Any) -> object:
        """Return a value as JSON holds it."""
        return round_off(value)

    def note(self, value: Any) -> Mapping[str, object]:
        """Return what JSON says beside a value."""
        return {}

    def flatten(self, value: Any) -> object:
        """Return a value as a spreadsheet takes it."""
        return self.reduce(value)


def round_off(value: object) -> object:
    """Return a fraction to as many places as machines get; all else as it is."""
    return round(value, 6) if isinstance(value, float) else value


class Cell(NamedTuple):
    """A value and its kind, in a column where every row holds something else."""

    kind: Kind
    value: object


class Drawing(Protocol):
    """What people see on a terminal in place of a table."""

    def draw(self, width: int) -> Iterable[Line]:
        """Return its lines, of at most `width` characters."""


class Column(NamedTuple):
    """A column: `key` names it in JSON, CSV and on the command line, `title` above it.

    `priority` says in what order columns give way on a narrow screen: 0 never does, the largest goes first.
    `heading` stands above it in a paper; the title does unless told.
    """

    key: str
    title: str
    kind: Kind
    help: str = ""
    priority: int = 0
    heading: str = ""


class Sheet(NamedTuple):
    """Rows of raw values under columns.

    `facts` are what machines get beside the rows; `summary` is what people read below the table, and
    `notes` what they should know besides. `caption` and `label` are what a paper says of the table and refers to it by,
    and a `picture` is what a terminal shows in place of the table.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    footer: tuple[object, ...] | None = None
    title: str = ""
    subtitle: tuple[str, ...] = ()
    summary: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, object] = {}
    caption: str = ""
    label: str = ""
    picture: Drawing | None = None

    def printable(self) -> Sheet:
        """Return the sheet with all that stands around its cells safe on a terminal."""
        return self._replace(
            columns=tuple(
                column._replace(
                    title=printable(column.title),
                    help=printable(column.help),
                    heading=printable(column.heading),
                )
                for column in self.columns
            ),
            title=printable(self.title),
            subtitle=tuple(map(printable, self.subtitle)),
            summary=tuple((printable(label), printable(text)) for label, text in self.summary),
            notes=tuple(map(printable, self.notes)),
            caption=printable(self.caption),
            label=printable(self.label),
        )


HEAVY = 0.1
"""The share of the whole from which a row stands out."""


def bars(columns: Sequence[Column]) -> list[int]:
    """Return the places of the columns that have a bar: shares of the whole."""
    return [place for place, column in enumerate(columns) if column.kind.has_bar]


def is_heavy(bars: Sequence[int], row: Sequence[object]) -> bool:
    """Tell whether a row is a large part of the whole, by the places of the shares in it."""
    return any(isinstance(share := row[place], int | float) and share >= HEAVY for place in bars)
