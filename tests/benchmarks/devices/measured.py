"""What was measured on a device, as the formulas of time take it: kernels, how often each runs, and microseconds.

Files are JSON lines, and what a line is stands in its `kind`:

    latency  net, size, batch, dtype; graph_ms or eager_ms: one forward pass of a whole network
    layers   net, size, batch, dtype; rows: {name: {cls, i, o, us}}: modules by class, input and output shape
    conv     dtype, b, c, h, o, k, s, g, us: a convolution of o filters k x k with stride s in g groups, padding k // 2
    gemm     dtype, n, ms: a product of square matrices
    stream   bytes, us: what is read and written to add 1 to each number of a tensor
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import archcalc
from archcalc.analysis.timing.costs import Machine, find_cost
from archcalc.analysis.timing.fusing import fuse
from archcalc.analysis.timing.launches import list_kernels
from archcalc.op.keeps import contiguous
from archcalc.op.kernels import Kernel, KernelKind, Product
from archcalc.op.site import Shapes
from archcalc.ops.windows.conv import Conv

DTYPES = {"fp16": "float16", "bf16": "bfloat16", "tf32": "tf32", "fp32": "float32"}
CLASSES: dict[str, KernelKind] = {
    **dict.fromkeys(("ReLU", "ReLU6", "Hardswish", "Hardsigmoid"), "elementwise"),
    **dict.fromkeys(("SiLU", "GELU", "Sigmoid"), "function"),
    "LayerNorm": "rows",
    "MaxPool2d": "maxpool",
    "AvgPool2d": "avgpool",
    "AdaptiveAvgPool2d": "mean",
}
"""Modules that run a single kernel, and its kind."""
NAMES = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
"""What archcalc calls networks of torchvision whose names are others' here."""
SAME = (
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    *("wide_resnet50_2", "wide_resnet101_2", "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    *(f"densenet{depth}" for depth in (121, 161, 169, 201)),
    *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    *(f"convnext_{size}" for size in ("tiny", "small", "base", "large")),
    *(f"efficientnet_b{number}" for number in range(8)),
    "inception_v3",
)
WIDTHS = {"008": "800mf", "016": "1_6gf", "032": "3_2gf", "080": "8gf", "160": "16gf", "320": "32gf"}
TIMM = {
    **{name: name for name in SAME},
    **{f"regnet{kind}_{old}": f"regnet_{kind}_{new}" for kind in "xy" for old, new in WIDTHS.items()},
    "regnety_004": "regnet_y_400mf",
    **{f"swin_{size}_patch4_window7_224": f"swin_{size[0]}" for size in ("tiny", "small", "base")},
    **{f"swinv2_{size}_window8_256": f"swin_v2_{size[0]}" for size in ("tiny", "small", "base")},
    **{
        f"vit_{size}_patch{patch}_224": f"vit_{size[0]}_{patch}"
        for size in ("base", "large")
        for patch in (16, 32)
    },
    "mobilenetv2_100": "mobilenet_v2",
    "mobilenetv3_large_100": "mobilenet_v3_large",
    "mobilenetv3_small_100": "mobilenet_v3_small",
    "mnasnet_100": "mnasnet1_0",
    "efficientnetv2_s": "efficientnet_v2_s",
}
"""What archcalc calls networks of timm that are built alike: regnetx_004 is not, and tf_… pad otherwise."""
LARGEST = 5
LEAST = 1
"""Microseconds below which a profiler is not believed."""
PARTITION = 49
"""Rows that come out of the partition of a map, whose copy a profiler counts among the normalisation."""
BEFORE = 1.0
"""Microseconds before a kernel starts, which a profiler leaves out."""


class Measured(NamedTuple):
    """Something that was measured: how often each kernel runs in it, its microseconds, what it is."""

    kernels: Mapping[Kernel, int]
    us: float
    dtype: str
    what: str
    batch: int = 1
    macs: int = 0


class Measurements:
    """Many of them, whose kernels are arrays, so that all are predicted at once."""

    def __init__(self, measured: Iterable[Measured]) -> None:
        self.all = tuple(measured)
        self.us = np.array([each.us for each in self.all])
        numbers: dict[Kernel, int] = {}
        found = [
            (numbers.setdefault(kernel, len(numbers)), times, place)
            for place, each in enumerate(self.all)
            for kernel, times in each.kernels.items()
        ]
        self.kernel, self.times, self.place = (np.array(column) for column in zip(*found, strict=True))
        kinds: dict[KernelKind, list[int]] = {}
        kernels = list(numbers)
        for number, kernel in enumerate(kernels):
            kinds.setdefault(kernel.kind, []).append(number)
        self.groups = [(np.array(group), _stack([kernels[n] for n in group])) for group in kinds.values()]

    def predict(self, machine: Machine) -> np.ndarray:
        """Return the microseconds of each."""
        us = np.zeros(len(self.times) and self.kernel.max() + 1)
        for numbers, kernels in self.groups:
            us[numbers] = find_cost(kernels, machine).us
        return np.bincount(self.place, self.times * us[self.kernel], len(self.all))


def _stack(kernels: list[Kernel]) -> Kernel:
    """Return kernels of one kind as one whose sizes are arrays."""
    read, written, macs, rows = (
        np.array([float(getattr(kernel, name)) for kernel in kernels])
        for name in ("read", "written", "macs", "rows")
    )
    products = [kernel.product for kernel in kernels if kernel.product]
    product = (
        Product(*(np.array(column, float) for column in zip(*products, strict=True))) if products else None
    )
    return Kernel(kernels[0].kind, read, written, product, macs, rows)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return what a file of JSON lines has."""
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def list_network(
    name: str, size: int, batch: int, dtype: str, *, fused: bool = False
) -> tuple[Mapping[Kernel, int], int]:
    """Return how often each kernel runs in a network, and its MACs."""
    report = archcalc.analyze(archcalc.load(name), input=f"3x{size}x{size}", batch=batch, dtype=dtype)
    launched = list_kernels(report.run)
    if fused:
        launched = fuse(report.run, launched).launched
    unknown = [node.name for node, kernels in zip(report.run.nodes, launched, strict=True) if kernels is None]
    if unknown:
        raise SystemExit(f"{name}: nobody knows the kernels of {unknown[0]}")
    return Counter(kernel for kernels in launched for kernel in kernels or ()), report.totals.macs


def read_networks(path: Path, mode: str) -> list[Measured]:
    """Return the whole networks of a file."""
    return [
        Measured(kernels, line[f"{mode}_ms"] * 1000, dtype, line["net"], line["batch"], macs)
        for line in read_lines(path)
        if line["kind"] == "latency"
        for dtype in [DTYPES[line["dtype"]]]
        for kernels, macs in [
            list_network(NAMES.get(line["net"], line["net"]), line["size"], line["batch"], dtype)
        ]
    ]


def read_convolutions(path: Path) -> list[Measured]:
    """Return single convolutions; of those larger than 5x5 only grouped ones.

    For the others cuDNN takes kernels that are up to 25 times slower than those for the next smaller window.
    """
    found = []
    for line in read_lines(path):
        if line["k"] > LARGEST and line["g"] == 1:
            continue
        k, x = line["k"], (line["b"], line["c"], line["h"], line["h"])
        op = Conv(out=line["o"], kernel=k, stride=line["s"], padding=k // 2, groups=line["g"], bias=False)
        at = Shapes((x,), op.output(Shapes((x,))))
        kernels = op.kernels(at, [contiguous(x)])
        found.append(Measured(dict.fromkeys(kernels, 1), line["us"], DTYPES[line["dtype"]], line["type"]))
    return found


def read_modules(path: Path) -> list[Measured]:
    """Return modules of one kernel each, the median of those that are alike."""
    alike: dict[Kernel, list[float]] = {}
    for line in read_lines(path):
        for row in line["rows"].values():
            if "i" not in row or row["cls"] not in CLASSES or row["us"] < LEAST:
                continue
            x, y, kind = row["i"], row["o"], CLASSES[row["cls"]]
            if kind == "rows" and x[-2] == PARTITION:
                continue
            rows = {"rows": prod(x[:-1]), "maxpool": prod(y), "avgpool": prod(y)}.get(kind, 0)
            alike.setdefault(Kernel(kind, prod(x), prod(y), rows=rows), []).append(row["us"])
    return [
        Measured({kernel: 1}, float(np.median(us)) + BEFORE, "float16", kernel.kind)
        for kernel, us in alike.items()
    ]


def read_peaks(path: Path, device: str) -> list[Measured]:
    """Return square products and streams of a device."""
    found = []
    for line in read_lines(path):
        if line.get("on", device) != device:
            continue
        if line["kind"] == "gemm" and line["dtype"] in DTYPES:
            n = line["n"]
            kernel = Kernel("product", 2 * n * n, n * n, Product(n, n, n))
            found.append(Measured({kernel: 1}, line["ms"] * 1000, DTYPES[line["dtype"]], "gemm"))
        if line["kind"] == "stream":
            kernel = Kernel("elementwise", line["bytes"] // 4, line["bytes"] // 4)
            found.append(Measured({kernel: 1}, line["us"] + BEFORE, "float16", "stream"))
    return found


def read_timm(path: Path, dtype: str, *, fused: bool) -> list[Measured]:
    """Return the networks of one of timm's tables of inference that archcalc knows."""
    found = []
    with path.open(newline="") as lines:
        for line in csv.DictReader(lines):
            name = TIMM.get(line["model"].split(".")[0])
            if name is None:
                continue
            size, batch = int(line["infer_img_size"]), int(line["infer_batch_size"])
            try:
                kernels, macs = list_network(name, size, batch, dtype, fused=fused)
            except archcalc.ArchcalcError:
                continue  # this size does not suit the network
            found.append(Measured(kernels, float(line["infer_step_time"]) * 1000, dtype, name, batch, macs))
    return found
