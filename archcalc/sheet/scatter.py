"""Points over two logarithmic axes under a roof, drawn in the characters of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from archcalc.sheet.sheet import Line

HEIGHT = 20
"""Lines of a picture, without its axis."""
MOST_WIDTH = 120
"""A picture is no wider: further points would not tell more apart."""
ROOM = 12
"""What stands left of the axis."""
PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))


class Dot(NamedTuple):
    """A point: where it is, the letter that stands for it, and whether it stands out."""

    x: float
    y: float
    letter: str
    heavy: bool = False


class Roof(NamedTuple):
    """What is over the points: `slope` times x, and never more than `top`."""

    slope: float
    top: float

    def at(self, x: float) -> float:
        """Return how high it is."""
        return min(self.top, self.slope * x)


class Scatter(NamedTuple):
    """Points under a roof. Where several are in one place the last one is seen. `x_title` and `unit` say what axes have."""

    marks: Sequence[Dot]
    roof: Roof
    x_title: str
    y_title: str
    unit: str

    def draw(self, width: int) -> Iterator[Line]:
        """Yield the picture in lines of at most `width` characters."""
        across = max(2, min(width, MOST_WIDTH) - ROOM - 1)
        low_x, high_x = _reach([mark.x for mark in self.marks] + [self.roof.top / self.roof.slope])
        low_y, high_y = _reach([mark.y for mark in self.marks] + [self.roof.top])
        step_x, step_y = (high_x - low_x) / (across - 1), (high_y - low_y) / (HEIGHT - 1)
        cells: dict[tuple[int, int], tuple[str, str]] = {}
        for column in range(across):
            height = log10(self.roof.at(10 ** (low_x + column * step_x)))
            row = round((height - low_y) / step_y)
            is_top = height >= log10(self.roof.top) - step_y / 2
            cells[column, row] = ("─" if is_top else "╱", "quiet")
        for mark in self.marks:
            place = round((log10(mark.x) - low_x) / step_x), round((log10(mark.y) - low_y) / step_y)
            cells[place] = (mark.letter, "heavy" if mark.heavy else "")
        yield ((self.y_title, "quiet"),)
        labels = {round((power - low_y) / step_y): power for power in range(low_y, high_y + 1)}
        for row in range(HEIGHT - 1, -1, -1):
            label = f"{_write(labels[row])}{self.unit}" if row in labels else ""
            yield (
                (f"{label:>{ROOM - 1}} │", "quiet"),
                *(cells.get((column, row), (" ", "")) for column in range(across)),
            )
        yield ((" " * ROOM + "└" + "─" * (across - 1), "quiet"),)
        yield ((_label_axis(low_x, high_x, step_x, across), "quiet"),)
        yield ((" " * ROOM + self.x_title.rjust(across), "quiet"),)


def _reach(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten between which all values lie."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _label_axis(low: int, high: int, step: float, across: int) -> str:
    """Return the powers of ten below an axis."""
    line = " " * (ROOM + across)
    for power in range(low, high + 1):
        text = _write(power).rstrip()
        place = min(ROOM + round((power - low) / step), ROOM + across - len(text))
        line = line[:place] + text + line[place + len(text) :]
    return line


def _write(power: int) -> str:
    """Return a power of ten: 100 G, 10, 0.01."""
    value = 10.0**power
    size, prefix = next(((size, prefix) for size, prefix in PREFIXES if value >= size * 0.999), (1, ""))
    return f"{value / size:.4g} {prefix}"
