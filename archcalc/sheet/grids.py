"""Kinds of cells that hold an array of numbers, or a place in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from math import isfinite

from archcalc.sheet.sheet import Kind

Grid = float | list["Grid"] | tuple["Grid", ...] | None
"""A number, or numbers in lists within lists; None where there is none."""


def sizes_of_grid(grid: Grid) -> tuple[int, ...]:
    """Return the sizes of an array, the outermost first; none of a number."""
    return (len(grid), *sizes_of_grid(grid[0])) if isinstance(grid, list | tuple) else ()


def flat(grid: Grid) -> Iterator[float | None]:
    """Yield the numbers of an array in their order."""
    if isinstance(grid, list | tuple):
        for item in grid:
            yield from flat(item)
    else:
        yield grid


def written(number: float | None) -> str:
    """Return a number as it is typed: 3, -0.5, 0.333333; a dot for none."""
    if number is None:
        return "."
    if not isfinite(number):
        return "nan" if number != number else "-∞" if number < 0 else "∞"  # noqa: PLR0124  # NaN
    return str(int(number)) if number == int(number) else f"{number:.6g}"


class Numbered(Kind):
    """A number, or an array of them, the last two axes as rows and columns."""

    wraps = True

    def write(self, value: Grid) -> str:
        """Return 18, or matrices of aligned numbers, an empty line between them: [ 1  2] over [10 20]."""
        if not isinstance(value, list | tuple):
            return written(value)
        return "\n\n".join(map(_matrix, _matrices(value)))

    def reduce(self, value: Grid) -> object:
        """Return a number, whole where it is, or lists of them; null for none and for what is infinite."""
        if isinstance(value, list | tuple):
            return [self.reduce(item) for item in value]
        if value is None or not isfinite(value):
            return None
        return int(value) if value == int(value) else float(f"{value:.9g}")

    def flatten(self, value: Grid) -> object:
        """Return the number, or lists on one line."""
        from json import dumps

        plain = self.reduce(value)
        return dumps(plain) if isinstance(plain, list) else plain


class Index(Kind):
    """Where an element of an array stands."""

    align = "left"

    def write(self, value: Sequence[int]) -> str:
        """Return 0, 1, 2."""
        return ", ".join(map(str, value))

    def reduce(self, value: Sequence[int]) -> list[int]:
        """Return the place as a list."""
        return list(value)

    def flatten(self, value: Sequence[int]) -> str:
        """Return the place with blanks between its numbers."""
        return " ".join(map(str, value))


def _matrices(value: Sequence[Grid]) -> list[Sequence[Sequence[Grid]]]:
    """Return an array as matrices, one below the other; a row alone is a matrix of one row."""
    if not isinstance(value[0], list | tuple):
        return [[value]]
    if not isinstance(value[0][0], list | tuple):
        return [value]  # type: ignore[list-item]  # its items are rows
    return list(chain.from_iterable(_matrices(item) for item in value if isinstance(item, list | tuple)))


def _matrix(rows: Sequence[Sequence[Grid]]) -> str:
    texts = [[written(number) for number in row if not isinstance(number, list | tuple)] for row in rows]
    width = max(len(text) for row in texts for text in row)
    return "\n".join(f"[{' '.join(text.rjust(width) for text in row)}]" for row in texts)
