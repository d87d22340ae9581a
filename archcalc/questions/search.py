"""A search for the largest value with which limits hold, that makes few reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from archcalc.analysis.figures import find_figure
from archcalc.analysis.report import Report
from archcalc.ground.errors import ArchcalcError, ExceededError
from archcalc.network.network import FigureLimit
from archcalc.questions.fitted import Fit, look_at

MOST = 10**12
"""The largest value that is tried."""
NEARBY = 64
"""How many values below one that suits no layer are tried in its place."""


class Search:
    """A search for the largest value that fits, where what fits is not followed by more that fits.

    It goes through whole numbers from 1 on, or in `parts` of one where the value may be a fraction; `make` makes the report for
    a value, and `power` is that with which figures grow.
    """

    def __init__(
        self,
        make: Callable[[int | float], Report],
        bounds: Sequence[FigureLimit],
        vary: str,
        *,
        power: int = 1,
        parts: int = 1,
    ) -> None:
        self.make = make
        self.parts = parts
        self.bounds = bounds
        self.vary = vary
        self.power = power
        self.reports: dict[int, Report | None] = {}
        self.made: dict[int, Report] = {}
        self.fits: dict[int, float] = {}
        self.breaks: dict[int, float] = {}

    def run(self, start: float) -> Fit:
        """Return the largest value that fits, from the first one that is tried; the largest that is tried where all do."""
        first = max(round(start * self.parts), 1)
        self._look(first)
        self._bracket(first)
        if self.breaks:
            self._close_in()
            if not self.fits:
                self._find_least()
            if self.fits:
                self._close_in()
        value = max(self.fits, default=None)
        above = min(self.breaks, default=None)
        return Fit(
            self.bounds,
            self.vary,
            None if value is None else self._number(value),
            None if value is None else self.reports[value],
            None if above is None else self._number(above),
            None if above is None else self.reports[above],
            sum(report is not None for report in self.reports.values()),
            unmoved=self._find_unmoved(),
        )

    def within(self, bounds: Sequence[FigureLimit], start: float) -> int | float | None:
        """Return the largest value that keeps within other limits, from what was looked at already and a value to try first."""
        other = Search(self.make, bounds, self.vary, power=self.power, parts=self.parts)
        other.made = self.made
        return other.run(start).value  # type: ignore[return-value]  # a search is for numbers

    def _number(self, value: int) -> int | float:
        """Return what is varied at a step of the search."""
        return value if self.parts == 1 else value / self.parts

    def _find_unmoved(self) -> tuple[str, ...]:
        """Return the figures that are the same with the smallest and the largest value that were looked at."""
        looked = [report for _, report in sorted(self.reports.items()) if report is not None]
        figures = dict.fromkeys(bound.figure for bound in self.bounds)
        amounts = {
            key: [find_figure(key).amount(report) for report in (looked[0], looked[-1])] for key in figures
        }
        return tuple(key for key, (least, most) in amounts.items() if len(looked) > 1 and least == most)

    def _close_in(self) -> None:
        """Look between what fits and what does not until they are neighbours."""
        width = is_slow = 0
        while (left := self._above() - self._below()) > 1:
            is_slow = width and 2 * left > width
            width = left
            self._narrow(self._middle() if is_slow else self._guess())

    def _find_least(self) -> None:
        """Look for the least value that suits the network, and forget those below it, which are too small for it."""
        suiting = min(value for value in self.breaks if self.reports[value] is not None)
        unsuited = max((value for value in self.breaks if value < suiting), default=0)
        while suiting - unsuited > 1 and not self.fits:
            middle = (suiting + unsuited) // 2
            self._look_near(middle, unsuited)
            suited = [each for each in self.reports if unsuited < each < suiting and self.reports[each]]
            suiting, unsuited = (min(suited), unsuited) if suited else (suiting, middle)
        least = max(self.fits, default=suiting)
        self.breaks = {value: takes for value, takes in self.breaks.items() if value >= least}

    def _bracket(self, start: int) -> None:
        """Look at larger and larger values until one does not fit, or there is no larger one to try."""
        value = start
        while not self.breaks:
            value = max(2 * value, min(self._guess(), MOST))
            if value > MOST:
                return
            self._look_near(value, value // 2)

    def _below(self) -> int:
        return max(self.fits, default=0)

    def _above(self) -> int:
        return min(self.breaks)

    def _narrow(self, guess: int) -> None:
        """Look at a value between the largest that fits and the smallest that does not."""
        low, high = self._below(), self._above()
        self._look_near(min(max(guess, low + 1), high - 1), low)

    def _look_near(self, value: int, low: int) -> None:
        """Look at a value, or where it suits no layer at the next lower one that does, above `low`."""
        for each in range(value, max(low, value - NEARBY), -1):
            try:
                return self._look(each)
            except ExceededError:
                break
            except ArchcalcError:
                continue
        self.reports[value] = None
        self.breaks[value] = inf
        return None

    def _look(self, value: int) -> None:
        """Note whether a value fits, and which part of the tightest limit it takes.

        Raises:
            ArchcalcError: it suits no layer, or a figure is not known.
        """
        if value not in self.made:
            self.made[value] = self.make(self._number(value))
        self.reports[value] = report = self.made[value]
        look = look_at(report, self.bounds)
        (self.fits if look.fits else self.breaks)[value] = look.tightness

    def _guess(self) -> int:
        """Return the value at which the tightest limit is reached, were it a line, or a parabola, through two that are known."""
        known = sorted((self.fits | self.breaks).items())
        fitting = [pair for pair in known if pair[0] in self.fits][-2:]
        breaking = [pair for pair in known if pair[0] in self.breaks and pair[1] < inf][:1]
        points = (fitting + breaking)[-2:]
        if len(points) < 2 or points[0][1] == points[1][1]:
            return self._middle()
        (first, tight), (second, tighter) = points
        slope = (tighter - tight) / (second**self.power - first**self.power)
        reached = (1 - tight) / slope + first**self.power
        return int(max(reached, 0) ** (1 / self.power))

    def _middle(self) -> int:
        return (self._below() + self._above()) // 2 if self.breaks else 2 * self._below()
