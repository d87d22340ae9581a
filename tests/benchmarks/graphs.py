"""Ratios for deep networks, from one run: ResNet-152 to PyYAML, ResNet-50's pages to rich and to torchinfo.

    python tests/benchmarks/graphs.py [--runs 9]

The comparison with torchinfo runs where torch and torchinfo are installed; its ResNet-50 is built here from
the spec, so that both describe the same network. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from json import dumps
from pathlib import Path
from typing import Any

import yaml
from startup import TABLE, best, compare, row, shown_cells

import archcalc
from archcalc.network import Network

TORCHINFO = """
import torch, torchinfo
from torch import nn

def conv(i, o, k, s=1):
    return [nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o)]

class Bottleneck(nn.Module):
    def __init__(self, i, w, s):
        super().__init__()
        body = conv(i, w, 1) + [nn.ReLU(True)] + conv(w, w, 3, s) + [nn.ReLU(True)] + conv(w, 4 * w, 1)
        self.body = nn.Sequential(*body)
        self.shortcut = nn.Sequential(*conv(i, 4 * w, 1, s)) if i != 4 * w or s > 1 else nn.Identity()
        self.relu = nn.ReLU(True)
    def forward(self, x):
        return self.relu(self.body(x) + self.shortcut(x))

layers, width = conv(3, 64, 7, 2) + [nn.ReLU(True), nn.MaxPool2d(3, 2, 1)], 64
for w, n, s in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
    for i in range(n):
        layers.append(Bottleneck(width, w, s if i == 0 else 1))
        width = 4 * w
model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))
torchinfo.summary(model, (1, 3, 224, 224))
"""


def expanded(network: Network) -> str:
    """Return a network's spec with every layer written out on a line of its own."""
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


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9, help="pairs of processes for each ratio")
    runs = parser.parse_args().runs
    text = expanded(archcalc.load("resnet152"))
    theirs = best(lambda: yaml.load(text, yaml.CSafeLoader))
    ours = best(lambda: archcalc.analyze(archcalc.load("resnet152")))
    row("ResNet-152, YAML to report / PyYAML's C loader on the expanded text", ours / theirs, 3.0)
    show = [sys.executable, "-m", "archcalc", "show", "resnet50"]
    with tempfile.TemporaryDirectory() as name:
        cells = Path(name) / "cells.json"
        cells.write_text(dumps(shown_cells("resnet50")), encoding="utf-8")
        drawn = [sys.executable, "-c", TABLE, str(cells)]
        compare(
            "show resnet50 --depth all / the same table by rich alone",
            [*show, "--depth", "all"],
            drawn,
            runs,
            1.3,
        )
    if importlib.util.find_spec("torch") and importlib.util.find_spec("torchinfo"):
        compare(
            "torchinfo.summary(resnet50) / show resnet50 (at least 20)",
            [sys.executable, "-c", TORCHINFO],
            show,
            min(runs, 3),
            20,
        )


if __name__ == "__main__":
    main()
