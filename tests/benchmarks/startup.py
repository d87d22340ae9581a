"""Ratios of archcalc's whole processes and of its engine to what they are built on, from one run.

    python tests/benchmarks/startup.py [--runs 15]

Every pair is measured in turn, A B A B …, so that a machine that slows down slows both; the median of
the pairwise ratios is printed with the aim beside it. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import yaml

import archcalc

IMPORTS = "import click, yaml, rich.table, rich.console"
MODEL = "vgg16"
TABLE = """
import json, sys, click, yaml
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
cells = json.load(open(sys.argv[1]))
table = Table(box=SIMPLE, show_edge=False, pad_edge=False, show_footer=True)
for title, total in zip(cells[0], cells[-1]):
    table.add_column(title, total, no_wrap=True)
for row in cells[1:-1]:
    table.add_row(*row)
Console(highlight=False).print(table)
"""


class Run:
    """A whole process: its wall time in seconds and its peak memory in MiB."""

    def __init__(self, command: list[str]) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment | {"COLUMNS": "120"})
        _, status, usage = os.wait4(process.pid, 0)
        self.seconds = time.perf_counter() - start
        self.mebibytes = usage.ru_maxrss / 1024
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command} ended with {process.returncode}")


def paired(a: list[str], b: list[str], runs: int) -> tuple[list[Run], list[Run]]:
    """Run two commands in turn, after one run of each that does not count."""
    Run(a), Run(b)
    pairs = [(Run(a), Run(b)) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def compare(what: str, a: list[str], b: list[str], runs: int, aim: float, memory_aim: float = 0) -> None:
    """Print the ratios of time, and of memory where there is an aim for it."""
    ours, theirs = paired(a, b, runs)
    time_ratio = median(x.seconds / y.seconds for x, y in zip(ours, theirs, strict=True))
    row(what, time_ratio, aim, f"{1000 * median(run.seconds for run in ours):.0f} ms")
    if memory_aim:
        memory_ratio = median(x.mebibytes / y.mebibytes for x, y in zip(ours, theirs, strict=True))
        row(f"{what}: peak memory", memory_ratio, memory_aim, f"{median(r.mebibytes for r in ours):.0f} MiB")


def row(what: str, ratio: float, aim: float, absolute: str = "") -> None:
    """Print one line of the result."""
    print(f"{what:78} {ratio:6.2f}×   aim {aim:5.2f}×   {absolute}")


def shown_cells(model: str) -> list[list[str]]:
    """Return the text of the table that `show` draws of every layer: header, rows, footer."""
    from archcalc.cells import written
    from archcalc.views.layers import layers

    sheet = layers(archcalc.analyze(archcalc.load(model)))
    lines = [*sheet.rows, sheet.footer or ()]
    cells = [
        ["" if v == "" else written(c.kind, v) for c, v in zip(sheet.columns, line, strict=True)]
        for line in lines
    ]
    return [[column.title for column in sheet.columns], *cells]


def big_spec(layers: int) -> str:
    """Return a spec of `layers` layers, no two lines alike."""
    lines = [f"  - conv: {{name: c{i}, out: 64, kernel: 3, padding: 1}}" for i in range(layers)]
    return "name: big\ninput: 64x32x32\nlayers:\n" + "\n".join(lines) + "\n"


def best(action: Callable[[], object], times: int = 5) -> float:
    """Return the shortest time that an action took."""
    durations = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        durations.append(time.perf_counter() - start)
    return min(durations)


def engine(folder: Path) -> None:
    """Print how load and analysis grow with the layers, and what they cost beside PyYAML's own parse."""
    ours, theirs = [], []
    for layers in (10_000, 40_000):
        path = folder / f"big{layers}.yaml"
        text = big_spec(layers)
        path.write_text(text, encoding="utf-8")
        theirs.append(best(lambda t=text: yaml.load(t, yaml.CSafeLoader), 3))
        ours.append(best(lambda p=path: archcalc.analyze(archcalc.load(p)), 3))
    row("load + analyze 10,000 layers / PyYAML's C loader on the same text", ours[0] / theirs[0], 2.5)
    row("load + analyze 40,000 layers / PyYAML's C loader on the same text", ours[1] / theirs[1], 2.5)
    row("cost of 40,000 layers / 4 · cost of 10,000", ours[1] / ours[0] / 4, 1.0, f"{ours[1]:.2f} s")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=15, help="pairs of processes for each ratio")
    runs = parser.parse_args().runs
    show = [sys.executable, "-m", "archcalc", "show", MODEL]
    bare = [sys.executable, "-c", IMPORTS]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cells = folder / "cells.json"
        from json import dumps

        cells.write_text(dumps(shown_cells(MODEL)), encoding="utf-8")
        drawn = [sys.executable, "-c", TABLE, str(cells)]
        compare(f"archcalc show {MODEL} / {IMPORTS}", show, bare, runs, 1.6, 1.5)
        compare(f"archcalc show {MODEL} / the same table by rich alone", show, drawn, runs, 1.25)
        engine(folder)


if __name__ == "__main__":
    main()
