"""Whole processes and single calls, measured in turn, and the tables that their ratios are printed in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from threading import Timer
from typing import NamedTuple

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"COLUMNS": "120"}
"""Processes may keep their byte code, as they do where nobody forbids it."""
STOPWATCH = """
import os, sys, time
start = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - start
sys.stderr.write(f"\\n{os.waitstatus_to_exitcode(status)} {seconds} {usage.ru_maxrss}")
"""
"""Linux counts the memory of the process that starts another as the other's peak, too: this one has 9 MiB."""


class Run:
    """A whole process: its wall time in seconds, its peak memory in MiB, and what it wrote."""

    def __init__(self, command: Sequence[str], heard: str = "") -> None:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", STOPWATCH, *command],
            input=heard,
            capture_output=True,
            check=True,
            encoding="utf-8",
            env=ENVIRONMENT,
        )
        complaint, _, figures = done.stderr.rpartition("\n")
        status, seconds, kibibytes = figures.split()
        if int(status):
            raise SystemExit(f"{complaint}\n{' '.join(command)} ended with {status}")
        self.written = done.stdout
        self.seconds = float(seconds)
        self.mebibytes = int(kibibytes) / 1024


class Answer(NamedTuple):
    """What a tool says of a network: the seconds that it took, parameters, and work in its own unit."""

    seconds: float
    params: int
    work: int


class Worker:
    """A process of tools.py that answers again and again, with everything imported."""

    def __init__(self, command: Sequence[str], limit: float) -> None:
        self.limit = limit
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT
        )

    def ask(self, network: str) -> Answer | None:
        """Return the answer; None, and never another, if it takes longer than the limit."""
        if self.process.poll() is not None:
            return None
        timer = Timer(self.limit, self.process.kill)
        timer.start()
        self.process.stdin.write(network + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        timer.cancel()
        if line:
            return Answer(*json.loads(line))
        if self.process.wait() != -signal.SIGKILL:
            raise SystemExit(f"{' '.join(self.process.args)} ended with {self.process.returncode}")
        return None

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def interleaved(actions: dict[str, Callable[[], Run]], runs: int, part: str) -> dict[str, list[Run]]:
    """Do one thing after the other, and all again and again: a machine that slows down slows all."""
    found: dict[str, list[Run]] = {name: [] for name in actions}
    for number in range(runs):
        for name, action in actions.items():
            progress(f"{part}: run {number + 1} of {runs}: {name}")
            found[name].append(action())
    return found


def progress(text: str) -> None:
    """Say on standard error what is going on."""
    print(text, file=sys.stderr, flush=True)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Write how many times `ours` is in `theirs`, pair by pair: the median, the least and the most."""
    if theirs == ours:
        return "1×"
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return f"{times(median(ratios))}× ({times(min(ratios))} to {times(max(ratios))})"


def times(number: float) -> str:
    """Write a ratio to three digits."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it, to three digits."""
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def best(action: Callable[[], object], runs: int) -> float:
    """Return the shortest time that an action took."""
    durations = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        durations.append(time.perf_counter() - start)
    return min(durations)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that is Markdown, too; the first column is on the left."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    print(f"\n{title}\n")
    for row in (head, rule, *rows):
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        print(f"| {' | '.join(cells)} |")
