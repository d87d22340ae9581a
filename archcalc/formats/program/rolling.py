"""What stands several times in a row becomes a loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from archcalc.formats.program.pieces import Form, Piece, PieceMaker, Pieces

FEWEST_COUNTED = 3
"""The fewest uses of a block that become a loop whose settings go up."""


class _Run(NamedTuple):
    """Pieces that come again `times` times from `start` on, `period` pieces each time."""

    period: int
    start: int
    times: int

    @property
    def end(self) -> int:
        """The place after the last piece."""
        return self.start + self.period * self.times


def roll(maker: PieceMaker, pieces: Pieces, *, is_counted: bool) -> Pieces:
    """Return pieces with equal ones in a row in loops, short ones first; where loops count, settings may go up."""
    current = pieces
    while runs := list(_keep_apart(_runs(maker, current))):
        current = _fold(maker, current, runs)
    return _fold(maker, current, _count(maker, current)) if is_counted else current


def _keep_apart(runs: Sequence[_Run]) -> Iterator[_Run]:
    """Yield runs that do not overlap, those of the shortest period first."""
    taken: set[int] = set()
    for run in sorted(runs):
        places = range(run.start, run.end)
        if taken.isdisjoint(places):
            taken.update(places)
            yield run


def _fold(maker: PieceMaker, pieces: Pieces, runs: Sequence[_Run]) -> Pieces:
    """Return pieces with a loop in the place of each run."""
    folded: list[Piece] = []
    end = 0
    for run in sorted(runs, key=lambda run: run.start):
        starts = range(run.start, run.end, run.period)
        turns = [pieces[start : start + run.period] for start in starts]
        joined = (turn[0] if len(turn) == 1 else maker.joined(Form.BLOCK, turn) for turn in turns)
        folded += [*pieces[end : run.start], maker.loop(tuple(joined))]
        end = run.end
    return (*folded, *pieces[end:])


def _runs(maker: PieceMaker, pieces: Pieces) -> list[_Run]:
    """Return what comes again right behind itself: seen from each piece, at the distance of the last one like it."""
    text = _spell(maker, pieces)
    runs: list[_Run] = []
    last: dict[int, int] = {}
    examined: dict[int, int] = {}
    for place, sign in enumerate(text):
        period = place - last.get(sign, place)
        last[sign] = place
        if not period or examined.get(period, 0) > place:
            continue
        start, end = place - period, place
        while start > examined.get(period, 0) and text[start - 1] == text[start - 1 + period]:
            start -= 1
        while end < len(text) and text[end] == text[end - period]:
            end += 1
        examined[period] = end
        run = _saving(maker, pieces, period, start, end)
        runs += [run] if run else []
    return runs


def _spell(maker: PieceMaker, pieces: Pieces) -> list[int]:
    """Return a number for each piece, equal for those that do not differ and take their inputs from as far back."""
    places = {piece.value: place for place, piece in enumerate(pieces)}
    return [
        maker.number(piece.whole, *(place - places.get(value, -1) for value in piece.inputs))
        if maker.is_alone(piece)
        else -1 - place
        for place, piece in enumerate(pieces)
    ]


def _saving(maker: PieceMaker, pieces: Pieces, period: int, start: int, end: int) -> _Run | None:
    """Return the loop between two places, which begins as late as it can; None where it would save no line."""
    times, left = divmod(end - start, period)
    head = 0 if period == 1 and pieces[start].form is Form.BLOCK else 1
    if (times - 1) * period <= head:
        return None
    for begin in range(start + left, start - 1, -1):
        run = _Run(period, begin, times)
        turns = [pieces[at : at + period] for at in range(begin, run.end, period)]
        is_chain = all(turn[0].inputs == (before[-1].value,) for before, turn in pairwise(turns))
        if is_chain and all(map(maker.is_closed, turns)) and maker.is_closed(pieces[begin : run.end]):
            return run
    return None


def _count(maker: PieceMaker, pieces: Pieces) -> list[_Run]:
    """Return uses of one block in a row in which settings go up by the same steps."""
    runs: list[_Run] = []
    start = 0
    while start < len(pieces):
        end = start + 1
        while end < len(pieces) and _goes_on(maker, pieces[max(start, end - 2) : end + 1]):
            end += 1
        if end - start >= FEWEST_COUNTED:
            runs.append(_Run(1, start, end - start))
        start = end
    return runs


def _goes_on(maker: PieceMaker, pieces: Pieces) -> bool:
    """Tell whether two or three pieces are uses of one block, one after the other, whose settings go up evenly."""
    if {piece.form for piece in pieces} != {Form.BLOCK} or len({piece.callee for piece in pieces}) > 1:
        return False
    columns = zip(*map(maker.values, pieces), strict=True)
    return all(maker.follows(piece, before) for before, piece in pairwise(pieces)) and all(
        map(_is_even, columns)
    )


def _is_even(values: tuple[object, ...]) -> bool:
    if all(type(value) is type(values[0]) and value == values[0] for value in values):
        return True
    numbers = [value for value in values if isinstance(value, int) and type(value) is type(values[0])]
    return len(numbers) == len(values) and len({after - before for before, after in pairwise(numbers)}) == 1
