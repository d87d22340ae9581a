"""archcalc beside the libraries that it is built on, which set the bounds: click, PyYAML and rich."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from statistics import median
from typing import Any

from measure import Run, best, duration, interleaved, progress, ratio, table
from tools import chain_spec

IMPORTS = "import click, yaml, rich.table, rich.console"
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


def shown_cells(model: str) -> list[list[str]]:
    """Return the text of the table that `show` draws of every layer: header, rows, footer."""
    import archcalc
    from archcalc.views.layers import layers

    sheet = layers(archcalc.analyze(archcalc.load(model)))
    lines = [*sheet.rows, sheet.footer or ()]
    cells = [[c.kind.text(v) for c, v in zip(sheet.columns, line, strict=True)] for line in lines]
    return [[column.title for column in sheet.columns], *cells]


def expanded(model: str) -> str:
    """Return a network's spec with every layer written out on a line of its own."""
    import archcalc

    network = archcalc.load(model)
    names = [node.name.replace(".", "_") for node in network.nodes]
    lines = []
    for node, name in list(zip(network.nodes, names, strict=True))[1:]:
        settings = {"name": name, **node.op.stated(), "from": tuple(names[i] for i in node.inputs)}
        lines.append(f"  - {node.op.kind}: {{{', '.join(f'{k}: {flow(v)}' for k, v in settings.items())}}}")
    return "input: 3x224x224\nlayers:\n" + "\n".join(lines) + "\n"


def flow(value: Any) -> str:
    """Return a value in YAML's flow style."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(flow, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def processes(folder: Path, runs: int) -> list[list[str]]:
    """Measure `show` beside bare imports and beside a table of the same cells by rich alone."""
    show = [sys.executable, "-m", "archcalc", "show"]
    commands = {"vgg16": [*show, "vgg16"], "resnet50": [*show, "resnet50", "--depth", "all"]}
    commands["imports"] = [sys.executable, "-c", IMPORTS]
    for model in ("vgg16", "resnet50"):
        cells = folder / f"{model}.json"
        cells.write_text(dumps(shown_cells(model)), encoding="utf-8")
        commands[f"{model} by rich"] = [sys.executable, "-c", TABLE, str(cells)]
    actions = {name: lambda c=command: Run(c) for name, command in commands.items()}
    interleaved(actions, 1, "libraries, a rehearsal")
    found = interleaved(actions, runs, "libraries")
    seconds = {name: [run.seconds for run in done] for name, done in found.items()}
    peaks = {name: [run.mebibytes for run in done] for name, done in found.items()}
    vgg, resnet = duration(median(seconds["vgg16"])), duration(median(seconds["resnet50"]))
    return [
        ["show vgg16 / bare imports", ratio(seconds["imports"], seconds["vgg16"]), "1.6×", vgg],
        ["show vgg16 / bare imports, memory", *memory(peaks["imports"], peaks["vgg16"])],
        ["show vgg16 / its table by rich", ratio(seconds["vgg16 by rich"], seconds["vgg16"]), "1.25×", vgg],
        [
            "show resnet50 --depth all / its table by rich",
            ratio(seconds["resnet50 by rich"], seconds["resnet50"]),
            "1.3×",
            resnet,
        ],
    ]


def memory(theirs: list[float], ours: list[float]) -> tuple[str, str, str]:
    """Write how peaks of memory compare."""
    return ratio(theirs, ours), "1.5×", f"{median(ours):.0f} MiB"


def engine(folder: Path, runs: int) -> list[list[str]]:
    """Measure YAML to report beside what PyYAML's C loader takes for the same text."""
    import yaml

    import archcalc

    progress("libraries: YAML to report")
    texts = {
        "ResNet-152 written out": (expanded("resnet152"), "3×"),
        "10,000 layers": (chain_spec(10_000), "2.5×"),
    }
    path, rows = folder / "engine.yaml", []
    for what, (text, aim) in texts.items():
        path.write_text(text, encoding="utf-8")
        theirs = best(lambda t=text: yaml.load(t, yaml.CSafeLoader), runs)
        ours = best(lambda: archcalc.analyze(archcalc.load(str(path))), runs)
        rows.append(
            [f"{what}, YAML to report / PyYAML's parse", f"{ours / theirs:.3g}×", aim, duration(ours)]
        )
    return rows


def libraries(rivals: list[str], folder: Path, runs: int) -> None:
    """Print the ratios to the libraries underneath, with what they should be at most; rivals have no part."""
    rows = [*processes(folder, 3 * runs), *engine(folder, runs)]
    table("archcalc and what it is built on", ("ours / theirs", "ratio", "at most", "ours"), rows)
