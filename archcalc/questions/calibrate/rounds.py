"""How long things take on this machine: each runs in several rounds, so that what varies shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import NamedTuple

from archcalc.op.kernels import Kernels

Clock = Callable[[], float]
"""Returns seconds from some start."""
ROUNDS = 5
"""How often everything is measured."""
MOST_CALLS = 1000
"""The most calls of one thing in a round."""


class Trial(NamedTuple):
    """What is timed: what it is, among which `family` it counts, by which library it runs, and its kernels."""

    name: str
    family: str
    library: str
    kernels: Kernels
    run: Callable[[], object]


class TrialTime(NamedTuple):
    """A trial, and how many microseconds its fastest call took in each round."""

    trial: Trial
    rounds: tuple[float, ...]

    @property
    def us(self) -> float:
        """The least of the rounds: what the machine takes where nothing disturbs it."""
        return min(self.rounds)

    @property
    def spread(self) -> float:
        """By how much the rounds differ: the most less the least, as a fraction of their median."""
        return (max(self.rounds) - min(self.rounds)) / median(self.rounds)


def time_trials(
    trials: Sequence[Trial],
    seconds: float,
    *,
    progress: Callable[[], object] = lambda: None,
    clock: Clock = perf_counter,
) -> list[TrialTime]:
    """Time every trial in rounds, which take so many seconds together where single calls do not take longer.

    Args:
        trials: what is timed, one after the other in each round.
        seconds: of all rounds.
        progress: called after each trial of each round.
        clock: tells the time.
    """
    piece = seconds / (ROUNDS * max(1, len(trials)))
    found: list[list[float]] = [[] for _ in trials]
    for _ in range(ROUNDS):
        for trial, rounds in zip(trials, found, strict=True):
            rounds.append(min(time_calls(trial.run, piece, clock=clock)))
            progress()
    return [TrialTime(trial, tuple(rounds)) for trial, rounds in zip(trials, found, strict=True)]


def time_calls(
    run: Callable[[], object], seconds: float, *, clock: Clock = perf_counter, least: int = 1
) -> list[float]:
    """Return the microseconds of calls, after one that only warms up, until so many seconds are over.

    There are at least `least` of them, and at most `MOST_CALLS`.
    """
    end = clock() + seconds
    run()
    found: list[float] = []
    while len(found) < least or (len(found) < MOST_CALLS and clock() < end):
        before = clock()
        run()
        found.append(max(clock() - before, SHORTEST) * 1e6)
    return found


SHORTEST = 1e-9
"""Seconds that a call takes at least, where a clock is too coarse to see them."""
