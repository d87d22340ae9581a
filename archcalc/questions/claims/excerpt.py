"""What a figure is stated of: a network, or a part of it such as a layer, a block, several layers; or a stack. Its value, and how that comes about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.blocks import group, groups, scope
from archcalc.analysis.budget import is_complete
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.formats.language.claims import SEEN
from archcalc.ground.errors import ArchcalcError
from archcalc.questions.explain import explain
from archcalc.sheet.kinds import BYTES, SHAPE
from archcalc.sheet.numbers import group_digits, short, write_bytes

if TYPE_CHECKING:
    from archcalc.arithmetic.polynomial import Formula
    from archcalc.questions.costs import StackCosts

OF_ANY_STACK = ("depth",)
"""Other figures that a stack has whatever its input."""
WITH_INPUT = "write 'input: 256x56x56' beside it; 'channels: 256' is enough for its parameters"
MOST_PARTS = 4
"""How many summands of a figure are named; the rest is added up."""
MOST_DERIVED = 3
"""How many layers show the arithmetic of each and not what it comes to."""
MOST_NAMES = 8
"""How many layers that are counted are named."""


class Excerpt(NamedTuple):
    """The layers of a report that a figure is stated of; `layer` is what they are called, None for the whole network.

    `costs` are those of a stack whose input is left open, or its size alone, where its channels are `channels`; the
    report is then of the smallest input that it takes.
    """

    report: Report
    layer: str | None = None
    places: Sequence[int] = ()
    costs: StackCosts | None = None
    channels: int | None = None

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the layers."""
        return self.report.rows if self.layer is None else [self.report.rows[place] for place in self.places]

    def is_known(self, key: str) -> bool:
        """Tell whether all that counts for a figure is known."""
        figure = FIGURES[key]
        if self.layer is None and figure.total is not None:
            return is_complete(figure, self.report)
        return figure.of_row(self._row(), self.report) is not None

    def value(self, key: str) -> object:
        """Return a figure: of a stack with open channels a formula; None where it is not known, or there is none.

        Raises:
            ArchcalcError: it depends on the size of the input of a stack, which is left open.
        """
        figure = FIGURES[key]
        if (formula := self.formula(key)) is not None:
            return formula if self.channels is None else formula.at(self.channels)
        if self.costs is not None and not (figure.kind in SEEN or key in OF_ANY_STACK):
            raise ArchcalcError(f"{key} of a stack depends on its input", hint=WITH_INPUT)
        if self.layer is None and figure.total is not None:
            return figure.of_total(self.report)
        value = figure.of_row(self._row(), self.report)
        return None if value is None or value == "" else figure.kind.stated(value)

    def formula(self, key: str) -> Formula | None:
        """Return a figure of a stack in C; None where it is no such stack, or the figure is none in C."""
        if self.costs is None or self.layer is not None:
            return None
        in_channels = {
            "weight_params": self.costs.weights,
            "params": self.costs.with_biases,
            "macs": self.costs.macs_on_input or self.costs.work["macs"],
        }
        return in_channels.get(key)

    def _row(self) -> Row:
        """Return the layers as one row; of a whole network that of its output."""
        return self.report.output if self.layer is None else group(self.layer, self.rows)

    def count(self, kind: str) -> int:
        """Return how many of the layers are of a type."""
        return sum(row.kind == kind for row in self.rows)

    def name_counted(self, kind: str) -> str:
        """Return how many of the layers are of a type, and which."""
        names = [row.name for row in self.rows if row.kind == kind]
        more = f", … and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return f"{len(names)}: {', '.join(names[:MOST_NAMES])}{more}" if names else "there are none"

    def derive(self, key: str) -> str | None:
        """Return how a figure comes about: the formula of a layer in numbers, or the sum over layers or blocks."""
        figure, value = FIGURES[key], self.value(key)
        rows = self.rows
        if figure.kind is SHAPE:
            last = rows[-1] if self.layer else self.report.output
            steps = explain(self.report, last.name).derivations
            sizes = (f", {each.figure} {each.numbers} = {each.result}" for each in steps if each.key == key)
            return f"{SHAPE.text(last.output_shape)}{''.join(sizes)}"
        if value is None:
            return "it sees the whole input" if figure.kind in SEEN else "it has none"
        if not isinstance(value, int):
            return None
        if figure.kind is BYTES:
            each = self.report.bytes_each
            amounts = (f"{short(value)}B", write_bytes(value)) if value >= 1000 else ()
            tally = f"{group_digits(value // each)} numbers of {each} B"
            return " = ".join((tally, f"{group_digits(value)} B", *amounts))
        if len(rows) == 1 and (numbers := self._numbers(rows[0], key)):
            return f"{group_digits(value)} = {numbers}"
        summands = self._summands(key)
        if value and sum(amount for _, amount in summands) == value:
            return f"{group_digits(value)} = {' + '.join(self._add_up(summands, key))}"
        return None

    def _numbers(self, row: Row, key: str) -> str | None:
        """Return the formula of a layer's figure in numbers; None where it has none."""
        if FIGURES[key].formula is None or row.layers > 1:
            return None
        derivations = explain(self.report, row.name).derivations
        return next((each.numbers for each in derivations if each.key == key), None)

    def _summands(self, key: str) -> list[tuple[Row, int]]:
        """Return what the layers or the blocks among them have of a figure, the most first; what is unknown is left out."""
        inside = groups(self.rows, 1 + scope(self.rows))
        blocks = [group(name, rows) if len(rows) > 1 else rows[0] for name, rows in inside]
        amounts = ((row, FIGURES[key].of_row(row, self.report)) for row in blocks)
        counted = [(row, amount) for row, amount in amounts if isinstance(amount, int) and amount]
        return sorted(counted, key=lambda summand: -summand[1])

    def _add_up(self, summands: Sequence[tuple[Row, int]], key: str) -> Iterator[str]:
        """Yield the summands, the small ones of many together."""
        shown = summands if len(summands) <= MOST_PARTS + 1 else summands[:MOST_PARTS]
        for row, amount in shown:
            numbers = self._numbers(row, key) if len(summands) <= MOST_DERIVED else None
            yield f"{numbers or group_digits(amount)} in {row.name}"
        rest = summands[len(shown) :]
        if rest:
            yield f"{group_digits(sum(amount for _, amount in rest))} in {len(rest)} more"
