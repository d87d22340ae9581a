"""The vocabulary of figures: what can be said of a layer or a network, each under one key, in one table.

Columns, the totals in JSON and their schema, `expect:`, budgets, the rows of explain, the lines of compare and of
verify are read from here. A question that has figures of its own adds them with `figure`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.arithmetic.extent import Extent
from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import windows
from archcalc.arithmetic.term import Term, as_term
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.op.op import Op, elements
from archcalc.op.site import Shape, Site
from archcalc.sheet.sheet import Column, Kind


class Traced(NamedTuple):
    """A layer whose sizes and settings are terms, so that a figure's formula comes out as its derivation.

    `others` are the weights that count elsewhere, None for all; `each` are the bytes of a number; `seen` is the
    field of the layer's only input along the first axis and `sees` that of the layer, None where there is none.
    """

    op: Op
    at: Site
    others: Collection[str] | None
    each: Term
    stores: bool
    seen: Extent | None
    sees: Extent | None

    def owned(self, tensors: Mapping[str, Shape]) -> Number:
        """Return how many numbers the tensors hold that count where the layer stands."""
        if self.others is None:
            return 0
        return elements(shape for name, shape in tensors.items() if name not in self.others)

    def stored(self) -> Number:
        """Return how many numbers the output stores."""
        product: Number = 1
        for size in self.at.y if self.stores else (0,):
            product = product * size
        return product

    def spent(self, kind: str) -> Number | None:
        """Return one kind of work."""
        work = self.op.work(self.at)
        count: Number | None = None if work is None else getattr(work, kind)
        return count

    def matrix(self) -> tuple[Number, Number] | None:
        """Return the rows and the columns of the matrix that im2col makes of the input."""
        return self.op.unfolded(self.at)

    def widened(self) -> Number | None:
        """Return the receptive field after the layer's window; None where no window widens it.

        Where not all elements of the input see alike, it is that of one that sees most: from its first to its last.
        """
        slides = windows(self.op.field(self.at))
        if self.seen is None or self.sees is None or not slides:
            return None
        if self.seen.is_even:
            size, stride = Term(self.seen.size, "r"), Term(int(self.seen.stride), "j")
            return slides[0].widened(size, stride)
        first, last = self.sees.widest
        return Term(last, "b") - Term(first, "a") + 1

    def moved(self) -> Number | None:
        """Return the distance between the fields of neighbours after the layer's window; None where it is not whole."""
        slides = windows(self.op.field(self.at))
        if self.seen is None or self.sees is None or not slides or self.sees.stride.denominator > 1:
            return None
        apart = Term(self.seen.stride.numerator, "j" if self.seen.stride.denominator == 1 else "")
        return apart * as_term(slides[0].shift) // as_term(slides[0].period * self.seen.stride.denominator)


Expected = Literal["", "layer", "both"]
"""Whether `expect:` may state a figure: not at all, of a layer alone, or of a network, too."""


class Figure(NamedTuple):
    """A figure.

    Attributes:
        key: what it is called in columns, JSON, `expect:` and budgets.
        kind: of its cells.
        help: what it says.
        title: above a column; the key unless told.
        heading: above its column in a paper; the title unless told.
        label: as people call it, in derivations and comparisons; the key unless told.
        of: what it is of a row; None where it is of networks alone.
        total: what it is of a network; None where it is of rows alone.
        below: what stands below its column where that is not the total: the sum of what the rows have.
        priority: of its column; see `Column`.
        listed: whether the totals in JSON hold it.
        known: how much of it is known of a network where its total may be unknown; None where the total itself says that.
        expect: whether `expect:` may state it.
        limit: whether a budget may bound it.
        of_outputs: whether it is not known where the size of an output is not.
        formula: what derives it; None where nothing does.
        unit: of what is derived.
        meaning: what it is in a few words, beside its derivation.
        measured: what verify calls it where it measures it.
        where: at which layer most of it is, or when; None where that is the row that has most.
        asked: whether machines get its column only where it is asked for, since a whole step has to be worked out for it.
        on_device: whether it depends on the device, so that KEY@DEVICE is a figure, too.
    """

    key: str
    kind: Kind
    help: str
    title: str = ""
    label: str = ""
    heading: str = ""
    of: Callable[[Row, Report], object] | None = None
    total: Callable[[Report], object] | None = None
    below: Callable[[Report], object] | None = None
    priority: int = 9
    listed: bool = False
    known: Callable[[Report], float] | None = None
    expect: Expected = ""
    limit: bool = False
    of_outputs: bool = False
    formula: Callable[[Traced], Number | None] | None = None
    unit: str = ""
    meaning: str = ""
    measured: str = ""
    where: Callable[[Report], str | None] | None = None
    asked: bool = False
    on_device: bool = False

    @property
    def column(self) -> Column:
        """The column that shows it."""
        return Column(self.key, self.title or self.key, self.kind, self.help, self.priority, self.heading)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label or self.key

    def of_row(self, row: Row, report: Report) -> object:
        """Return the cell of a row; "" where it says nothing of rows."""
        return "" if self.of is None else self.of(row, report)

    def of_total(self, report: Report) -> object:
        """Return the cell of the whole network; "" where it says nothing of that."""
        return "" if self.total is None else self.total(report)

    def of_column(self, report: Report) -> object:
        """Return what stands below its column: the total, or the sum of the rows where that is something else."""
        return self.of_total(report) if self.below is None else self.below(report)

    def find_most(self, report: Report) -> str | None:
        """Return the layer that has most of it, or while which most of it is there; None where nobody can say."""
        if self.where is not None:
            return self.where(report)
        shares = [(self.of_row(row, report), row.name) for row in report.rows]
        known = [(share, name) for share, name in shares if isinstance(share, int | float)]
        return max(known, key=lambda pair: pair[0])[1] if known else None

    def amount(self, report: Report) -> float:
        """Return how much of it the whole network has, as far as that is known.

        Raises:
            TypeError: it is nothing that is counted.
        """
        count = self.known(report) if self.known else self.of_total(report)
        if not isinstance(count, int | float):
            raise TypeError(f"nobody counts {self.key}: {count!r}")
        return count


FIGURES: dict[str, Figure] = {}
"""Every figure by its key, in the order in which pages show them."""


def figure(declared: Figure) -> None:
    """Add a figure to the vocabulary."""
    FIGURES[declared.key] = declared


def find_figure(key: str) -> Figure:
    """Return the figure of a key; that of KEY@DEVICE is on this device, wherever the network runs otherwise.

    Raises:
        KeyError: there is none.
    """
    plain = without_device(key)
    figure = FIGURES[plain]
    return figure if plain == key else _place(figure, key)


def without_device(key: str) -> str:
    """Return KEY of KEY@DEVICE where that depends on the device; the key itself of all others."""
    plain, _, _ = key.partition("@")
    return plain if plain in FIGURES and FIGURES[plain].on_device else key


def name_key(stated: str) -> str:
    """Return a key as the vocabulary has it, in small letters; a device after it may be the path of a file."""
    key, at, device = stated.strip().partition("@")
    return f"{key.lower()}{at}{device}"


Answer = TypeVar("Answer")


def _place(figure: Figure, key: str) -> Figure:
    """Return a figure on the device that a key names."""
    device = key.partition("@")[2]

    def on(ask: Callable[[Report], Answer] | None) -> Callable[[Report], Answer] | None:
        return None if ask is None else lambda report: ask(report.on(device))

    def of_row(row: Row, report: Report) -> object:
        return figure.of_row(row, report.on(device))

    return figure._replace(
        key=key,
        title=f"{figure.title or figure.key} @{device}",
        label=f"{figure.name} on {device}",
        help=f"{figure.help.removesuffix(THEIRS)} on {device}",
        of=figure.of and of_row,
        total=on(figure.total),
        below=on(figure.below),
        known=on(figure.known),
        where=on(figure.where),
        listed=False,
    )


THEIRS = " on the device that --device names"


def columns(keys: tuple[str, ...]) -> tuple[Column, ...]:
    """Return the columns of the figures called `keys`.

    Raises:
        ArchcalcError: there is no such column.
    """
    check_columns(keys, column_keys())
    return tuple(find_figure(key).column for key in keys)


def check_columns(keys: Iterable[str], known: Sequence[str], fact: str = "there is no column") -> None:
    """Raise an error with this fact where one of some keys is not among those that are known."""
    for key in keys:
        if without_device(key) not in known:
            raise ArchcalcError(
                f"{fact} '{key}'",
                hint=nearest(key, known) or f"choose from {', '.join(known)}",
            )


def column_keys() -> tuple[str, ...]:
    """Return the keys of all figures that a row can show."""
    return tuple(key for key, each in FIGURES.items() if each.of is not None)


def expectable(*, of_layer: bool) -> tuple[str, ...]:
    """Return the keys of the figures that `expect:` may state of a network, or of a layer."""
    allowed = ("both", "layer") if of_layer else ("both",)
    return tuple(key for key, each in FIGURES.items() if each.expect in allowed)
