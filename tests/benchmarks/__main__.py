"""Ratios of archcalc to its rivals and to the libraries that it is built on, side by side from one run.

    python tests/benchmarks [process] [calls] [libraries] [files] [growth] [--runs 3] [--only TOOL]

process    whole processes: parameters and MACs of ResNet-50, wall time and peak memory
calls      single calls with everything imported: ResNet-50, and chains of 100 to 10,000 layers
libraries  whole processes beside bare imports and rich's table; YAML to report beside PyYAML's parse
files      whole processes that read ONNX files of 10,000 and 50,000 nodes, and of 600 MB and 2 GB of weights
growth     whole processes of every command on networks of 5,000 and of 20,000 layers

Everything is measured in turn, A B C A B C …, so that a machine that slows down slows all; a ratio is the
median of the ratios of the rounds, with the least and the most. Every tool's figures are checked first.
Rivals run where they are installed: pip install torch torchinfo fvcore onnx onnx-tool.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from growth import growth
from libraries import libraries
from measure import Answer, Run, Worker, duration, interleaved, progress, ratio, table
from onnx_files import files
from tools import TOOLS, command

ARCHCALC = [sys.executable, "-m", "archcalc"]
RIVALS = [name for name, tool in TOOLS.items() if "archcalc" not in tool.packages]
NETWORKS = {"resnet50": "ResNet-50", "100": "100 layers", "1000": "1,000 layers", "10000": "10,000 layers"}
LIMIT = 20
"""Seconds that one answer may take, with the building of the network."""
ENOUGH = 0.3
"""Seconds; a call that takes less is repeated for as long, within every run."""
PATIENCE = 3
"""Seconds; a call that takes longer is not repeated."""


def expected(rival: str) -> Answer:
    """Return the figures that archcalc says a rival prints for ResNet-50."""
    told = json.loads(Run([*ARCHCALC, "reconcile", "resnet50", "--tool", rival, "--format", "json"]).written)
    work = sum(row["value"] for row in told["rows"])
    return Answer(0, told["totals"]["params"] - TOOLS[rival].folded, work)


def checked(rival: str, run: Run) -> None:
    """Print what a rival says of ResNet-50; exit if it is not what archcalc says that it should be."""
    right, found = expected(rival), Answer(*json.loads(run.written))
    if (right.params, right.work) != (found.params, found.work):
        raise SystemExit(f"{rival} says {found[1:]}, archcalc that it should say {right[1:]}")
    less = f", without {TOOLS[rival].folded:,} that the export folds away" * bool(TOOLS[rival].folded)
    print(f"{TOOLS[rival].heading}: {found.params:,} parameters{less}; {found.work:,} as `reconcile` says")


def process(rivals: list[str], folder: Path, runs: int) -> None:
    """Print what a whole process costs that counts parameters and MACs of ResNet-50."""
    totals = json.loads(Run([*ARCHCALC, "show", "resnet50", "--format", "json"]).written)["totals"]
    print(f"archcalc show resnet50: {totals['params']:,} parameters; {totals['macs']:,} MACs")
    actions = {"archcalc": lambda: Run([*ARCHCALC, "show", "resnet50"])}
    for name in rivals:
        actions[name] = lambda n=name: Run(command(n, folder), "resnet50\n")
    rehearsed = interleaved(actions, 1, "process, a rehearsal")
    for name in rivals:
        checked(name, rehearsed[name][0])
    found = interleaved(actions, runs, "process")
    ours, rows = found["archcalc"], []
    for name, done in found.items():
        rows.append(
            [
                "archcalc show resnet50" if name == "archcalc" else TOOLS[name].heading,
                duration(median(run.seconds for run in done)),
                ratio([run.seconds for run in ours], [run.seconds for run in done]),
                f"{median(run.mebibytes for run in done):.0f} MiB",
                ratio([run.mebibytes for run in ours], [run.mebibytes for run in done]),
            ]
        )
    head = ("parameters and MACs of ResNet-50", "process", "to archcalc", "peak memory", "to archcalc")
    table("Whole processes", head, rows)


def calls(rivals: list[str], folder: Path, runs: int) -> None:
    """Print what a call costs with everything imported, and how that grows with the layers.

    Rivals look at a model that is built already.
    """
    workers = {n: Worker(command(n, folder, ENOUGH), LIMIT) for n in ("archcalc", "analysis", *rivals)}
    rows = {name: [TOOLS[name].heading] for name in workers}
    try:
        for name, worker in workers.items():
            progress(f"calls, a rehearsal: {name}")
            worker.ask("resnet50")
        for network, title in NETWORKS.items():
            answers = asked(workers, network, runs, title)
            for name, seconds in answers.items():
                rows[name].append(cell(answers["archcalc"], seconds))
    finally:
        for worker in workers.values():
            worker.end()
    table("One call", ("", *NETWORKS.values()), list(rows.values()))


def asked(workers: dict[str, Worker], network: str, runs: int, title: str) -> dict[str, list[float]]:
    """Return the seconds that every worker's answers took; of a slow one there is only one or none."""
    found: dict[str, list[float]] = {name: [] for name in workers}
    for number in range(runs):
        for name, worker in workers.items():
            given_up = len(found[name]) < number
            if given_up or (number and name != "archcalc" and found[name][0] > PATIENCE):
                continue
            progress(f"calls: {title}: run {number + 1} of {runs}: {name}")
            answer = worker.ask(network)
            found[name] += [answer.seconds] if answer else []
    return found


def cell(ours: list[float], seconds: list[float]) -> str:
    """Write a call's time and its ratio to ours."""
    if not seconds:
        return f"over {LIMIT} s"
    rounds = min(len(ours), len(seconds))
    beside = f", {ratio(ours[:rounds], seconds[:rounds])}" if rounds else ""
    return duration(median(seconds)) + beside


PARTS = {"process": process, "calls": calls, "libraries": libraries, "files": files, "growth": growth}


def main() -> None:
    """Run the parts that are asked for; all if none is."""
    parser = argparse.ArgumentParser(
        prog="python tests/benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}  [default: all]")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="rounds  [default: 3]")
    parser.add_argument("--only", action="append", choices=["archcalc", *RIVALS], help="leave the others out")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    rivals = [name for name in RIVALS if not options.only or name in options.only]
    for name in rivals:
        if missing := TOOLS[name].missing:
            print(f"{name} is left out: pip install {' '.join(missing)}")
    rivals = [name for name in rivals if not TOOLS[name].missing]
    with tempfile.TemporaryDirectory() as folder:
        for part in options.parts or PARTS:
            PARTS[part](rivals, Path(folder), options.runs)


if __name__ == "__main__":
    main()
