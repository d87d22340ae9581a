"""How the time and the memory of each command grow with the layers of a network."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Run, duration, interleaved, ratio, table

COMMANDS = (
    "show {}",
    "show {} --depth all",
    "show {} --format json",
    "show {} --format csv",
    "show {} --format markdown",
    "show {} --format html",
    "tree {} --depth all",
    "params {} --per-layer",
    "params {} --formula",
    "flops {} --per-layer",
    "memory {} --train",
    "memory {} --train --per-layer",
    "rf {}",
    "check {}",
    "explain {}",
    "compare {} {}",
    "reconcile {} --tool torchinfo",
    "verify {} --input 8x2x2",
    "export {} --to spec",
    "export {} --to pytorch",
    "export {} --to keras",
    "export {} --to dot",
)
FEW, MANY = 5_000, 20_000
"""Layers; where a command is linear, the second network takes no more than four times as long as the first."""


def growth(_rivals: list[str], folder: Path, runs: int) -> None:
    """Print what each command costs on networks of 5,000 and of 20,000 layers, no two the same."""
    networks = {count: _network(folder / f"{count}.yaml", count) for count in (FEW, MANY)}
    rows = []
    for command in COMMANDS:
        lines = {count: command.replace("{}", str(path)).split() for count, path in networks.items()}
        actions = {
            count: lambda line=line: Run([sys.executable, "-m", "archcalc", *line])
            for count, line in lines.items()
        }
        few, many = interleaved(actions, runs, command.replace("{}", "…")).values()
        rows.append(
            [
                command.replace("{}", "…"),
                *(duration(sorted(run.seconds for run in done)[len(done) // 2]) for done in (few, many)),
                ratio([run.seconds for run in few], [run.seconds for run in many]),
                f"{max(run.mebibytes for run in many):.0f} MiB",
            ]
        )
    table("Growth", ("command", f"{FEW:,} layers", f"{MANY:,} layers", "ratio", "peak memory"), rows)


def _network(path: Path, layers: int) -> Path:
    convolutions = (
        f"  - conv: {{name: c{number}, out: {8 + number % 97}, kernel: {1 + 2 * (number % 3)}, padding: same}}\n"
        f"  - relu: {{name: r{number}}}\n"
        for number in range(layers // 2)
    )
    path.write_text("name: growing\ninput: 8x16x16\nlayers:\n" + "".join(convolutions), encoding="utf-8")
    return path
