"""Columns as papers print them: one unit in the head, and as many decimals in every cell, so that digits align."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.sheet.numbers import count_steps, write_in_unit
from archcalc.sheet.sheet import Column, Kind, Sheet

WHOLE = 10_000
"""Below it amounts are written whole."""
MOST_DECIMALS = 3


class InUnit(Kind):
    """Amounts of another kind, counted in a unit."""

    def __init__(self, kind: Kind, size: int, decimals: int) -> None:
        super().__init__(kind.name, kind.schema)
        self.size = size
        self.decimals = decimals

    def write(self, value: int) -> str:
        """Return 25.6, and never 0.0 for something: <0.1."""
        if value and not count_steps(value, self.size, self.decimals):
            return f"<{write_in_unit(1, 10**self.decimals, self.decimals)}"
        return write_in_unit(value, self.size, self.decimals) if value else "0"


def in_units(sheet: Sheet) -> Sheet:
    """Return a sheet whose columns have the headings of a paper, those of amounts a unit behind."""
    columns = (
        _in_unit(column, [row[place] for row in sheet.rows]) for place, column in enumerate(sheet.columns)
    )
    return sheet._replace(columns=tuple(columns))


def _in_unit(column: Column, cells: Sequence[object]) -> Column:
    heading = column.heading or column.title
    heading = heading[:1].upper() + heading[1:]
    if not column.kind.units:
        return column._replace(title=heading)
    amounts = sorted(cell for cell in cells if isinstance(cell, int) and cell)
    size, sign = _unit_of(amounts, column.kind.units)
    kind = InUnit(column.kind, size, _decimals_of(amounts, size))
    return column._replace(title=f"{heading} ({sign})" if sign else heading, kind=kind)


def _unit_of(amounts: Sequence[int], units: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """Return the largest unit that half of some amounts reach, which rise, or the next one if that shows too little.

    Too little is less than two digits of the smallest amount. Where none is large it is the smallest unit.
    """
    if not amounts or amounts[-1] < WHOLE:
        return units[-1]
    middle = amounts[len(amounts) // 2]
    place = next(place for place, (size, _) in enumerate(units) if middle >= size)
    is_shown = count_steps(amounts[0], units[place][0], MOST_DECIMALS) >= 10
    return units[place if is_shown else place + 1]


def _decimals_of(amounts: Sequence[int], size: int) -> int:
    """Return how many decimals show three digits of the smallest of some amounts; two where it takes more than two decimals."""
    if size == 1:
        return 0
    decimals = 1 if count_steps(amounts[0], size, 1) >= 100 else 2
    return MOST_DECIMALS if count_steps(amounts[0], size, decimals) < 10 else decimals
