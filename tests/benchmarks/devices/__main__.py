"""Constants of devices, fitted to measurements, and how far predictions are off, beside what simpler ones reach.

    python tests/benchmarks/devices FOLDER [h100] [rtx4090] [i9_10940x] [--held-out]

FOLDER has gpu/h100_latency.jsonl, gpu/h100_convs.jsonl, gpu/h100_layers.jsonl and gpu/peaks.jsonl, whose lines `measured`
describes, and timm's tables of inference in timm/. For each device come constants as its file in archcalc/data/devices
has them, and errors by mode, type and batch: of the fit, with `--held-out` of each family of networks by constants that
were fitted without it (some minutes), of MACs times a constant, and of the roofline, which knows no constants.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from fitting import Fit, Part
from measured import (
    DTYPES,
    NAMES,
    Measured,
    Measurements,
    read_convolutions,
    read_lines,
    read_modules,
    read_networks,
    read_peaks,
    read_timm,
)

import archcalc
from archcalc.analysis.timing.costs import Machine
from archcalc.analysis.timing.machine import find_machine
from archcalc.analysis.timing.timing import find_range, time_report
from archcalc.formats.devices import read_device

SHARED = (
    *(
        "start",
        "traffic",
        "cached",
        "mean_step",
        "rows_each",
        "maxpool_each",
        "avgpool_each",
        "function_traffic",
    ),
    *("window_start", "grouped_start", "mean_start", "maxpool_start", "attention_start", "product_start"),
)
TYPED = (
    *(
        "product_reach",
        "convolution_reach",
        "grouped_reach",
        "uneven_reach",
        "depthwise_reach",
        "attention_reach",
    ),
    *("edge", "prologue", "split", "wave", "batchnorm_start", "batchnorm_traffic", "batchnorm_each"),
    *("group_start", "depthwise_start", "copy_traffic"),
)
START = {
    "start": 2.3,
    "traffic": 0.9,
    "cached": 1.3,
    "mean_step": 0.27,
    "rows_each": 0.47,
    "maxpool_each": 0.008,
    "avgpool_each": 0.017,
    "function_traffic": 0.7,
    "window_start": 4.7,
    "grouped_start": 6.5,
    "mean_start": 4.2,
    "maxpool_start": 19.0,
    "attention_start": 20.0,
    "product_start": 2.8,
    "product_reach": 0.75,
    "convolution_reach": 0.65,
    "grouped_reach": 0.2,
    "uneven_reach": 0.33,
    "depthwise_reach": 0.15,
    "attention_reach": 0.4,
    "edge": 150.0,
    "prologue": 1.0,
    "split": 5.0,
    "wave": 0.3,
    "batchnorm_start": 5.0,
    "batchnorm_traffic": 0.5,
    "batchnorm_each": 0.002,
    "group_start": 2.0,
    "depthwise_start": 4.0,
    "copy_traffic": 0.3,
}
"""Where a fit starts: about what an H100 was found to take."""
SINGLE = {"convolutions": 0.075, "modules": 0.04, "peaks": 0.01}
"""How much all single kernels of a kind weigh beside all whole networks."""
FAMILY = re.compile(
    "efficientnet|convnext|densenet|googlenet|maxvit|mnasnet|mobilenet|regnet|res|shuffle|squeeze|swin|vgg|vit|alex|inception"
)
DISPATCH = (29.0, 16.0, 50.0)
"""Microseconds for each kernel called from Python: the median of 80 networks, and what one in twenty is below and above."""


def family(name: str) -> str:
    """Return the family of a network, by which it is held out: wide ResNets and ResNeXts are ResNets."""
    found = FAMILY.search(name)
    return found[0] if found else name


def part(dtype: str, machine: Machine, measured: list[Measured], weight: float | None = None) -> Part:
    """Return measurements that weigh so much together, or as whole networks do, each 1."""
    each = 1.0 if weight is None else weight / len(measured)
    return Part(dtype, Measurements(measured), machine, np.full(len(measured), each))


def bare(device: str, dtype: str) -> Machine:
    """Return a device without constants."""
    read = read_device(device)
    known = {name: dict(START) for name in read.peaks}
    return find_machine(read._replace(constants=known), dtype)


def fit_h100(folder: Path, *, held_out: bool) -> None:
    """Fit float16 and TF32 to whole networks and to single kernels together; float32 to single kernels afterwards."""
    gpu = folder / "gpu"
    networks = read_networks(gpu / "h100_latency.jsonl", "graph")
    convolutions, modules = (
        read_convolutions(gpu / "h100_convs.jsonl"),
        read_modules(gpu / "h100_layers.jsonl"),
    )
    peaks = read_peaks(gpu / "peaks.jsonl", "h100")
    alike = {"float16": ("float16", "bfloat16"), "tf32": ("tf32",), "float32": ("float32",)}

    def parts(dtype: str, total: int) -> list[Part]:
        def chosen(measured: Iterable[Measured]) -> list[Measured]:
            return [each for each in measured if each.dtype in alike[dtype]]

        singles = (("convolutions", convolutions), ("modules", modules), ("peaks", peaks))
        return [
            *[part(dtype, bare("h100", dtype), chosen(m)) for m in (networks,) if chosen(m)],
            *[
                part(dtype, bare("h100", dtype), chosen(m), total * SINGLE[name])
                for name, m in singles
                if chosen(m)
            ],
        ]

    fit = Fit(
        parts("float16", len(networks)) + parts("tf32", len(networks)),
        SHARED,
        TYPED,
        _starts(("float16", "tf32")),
    )
    x = fit.run()
    found = {dtype: fit.constants(x, dtype) for dtype in ("float16", "tf32")}
    shared = {name: found["tf32"][name] for name in SHARED}
    alone = [each._replace(machine=each.machine._replace(constants=shared)) for each in parts("float32", 1)]
    plain = Fit(alone, (), TYPED, {("float32", name): found["tf32"][name] for name in TYPED})
    y = plain.run()
    print_constants({**found, "float32": {**shared, **plain.constants(y, "float32")}}, dispatched=True)
    report(fit, x, "graph", held_out=held_out)
    report_eager(gpu / "h100_latency.jsonl")


def report_eager(path: Path) -> None:
    """Print how far predictions are off, by the constants of the device's file, where the host calls layer by layer."""
    found = []
    for line in read_lines(path):
        size, name = line["size"], NAMES.get(line["net"], line["net"])
        report = archcalc.analyze(
            archcalc.load(name),
            input=f"3x{size}x{size}",
            batch=line["batch"],
            dtype=DTYPES[line["dtype"]],
            device=archcalc.place("h100", "eager"),
        )
        placement, us = report.run.conditions.placement, line["eager_ms"] * 1000
        within = find_range(report, placement)
        is_bound = line["graph_ms"] > GPU_BOUND * line["eager_ms"]
        inside = within and within[0] <= us <= within[1]
        found.append((report.dtype, is_bound, time_report(report, placement).us / us - 1, inside))
    print(f"\n{'eager':24s}{'n':>5}{'error':>8}")
    groups = {
        "GPU is the bound": [e for _, bound, e, _ in found if bound],
        "host is": [e for _, bound, e, _ in found if not bound],
    }
    groups |= {
        dtype: [e for own, _, e, _ in found if own == dtype]
        for dtype in dict.fromkeys(own for own, *_ in found)
    }
    for name, errors in groups.items():
        print(f"{name:24s}{len(errors):5d}{np.abs(errors).mean():8.1%}")
    ranges = [inside for *_, inside in found if inside is not None]
    print(f"within the range that is stated: {np.mean(ranges):.0%} of {len(ranges)}")


GPU_BOUND = 0.9
"""Which part of the time kernels must take so that they are the bound, and not the host."""


def fit_table(device: str, tables: Mapping[str, Path], dtype: str, *, held_out: bool) -> None:
    """Fit one type of a device to timm's tables, which say of whole networks alone how long they take."""
    machine = bare(device, dtype)
    parts = [
        part(dtype, machine, read_timm(path, dtype, fused=mode == "fused")) for mode, path in tables.items()
    ]
    fit = Fit(
        parts,
        (),
        (*SHARED, *TYPED, *ALONE.get(device, ())),
        {(dtype, name): value for name, value in {**START, **OTHERWISE[device]}.items()},
    )
    x = fit.run(pull=PULL)
    print_constants({dtype: fit.constants(x, dtype)}, dispatched="eager" in tables)
    report(fit, x, " and ".join(tables), held_out=held_out, pull=PULL)


PULL = 0.01
ALONE = {"i9_10940x": ("product_traffic",)}
"""Constants that a device needs beside those of all: on this one a matrix meets single rows slowly."""
OTHERWISE: Mapping[str, Mapping[str, float]] = {
    "rtx4090": {
        "edge": 15.0,
        "convolution_reach": 0.9,
        "batchnorm_traffic": 0.9,
        "copy_traffic": 0.5,
        "prologue": 0.2,
    },
    "i9_10940x": {
        "start": 20.0,
        "traffic": 0.6,
        "product_traffic": 0.1,
        "cached": 3.0,
        "batchnorm_each": 1e-6,
        "mean_step": 0.01,
        "rows_each": 1.0,
        "maxpool_each": 0.1,
        "avgpool_each": 0.1,
        "convolution_reach": 0.5,
        "product_reach": 0.4,
        "edge": 5.0,
        "grouped_reach": 0.5,
        "uneven_reach": 0.5,
        "depthwise_reach": 0.05,
        "attention_reach": 0.2,
        "prologue": 1.0,
        **dict.fromkeys(
            ("window_start", "grouped_start", "mean_start", "maxpool_start", "attention_start"), 20.0
        ),
        **dict.fromkeys(("product_start", "batchnorm_start", "depthwise_start"), 20.0),
        "group_start": 1.0,
        "split": 5.0,
        "function_traffic": 0.3,
        "copy_traffic": 0.3,
        "batchnorm_traffic": 0.5,
    },
}
"""Where a fit starts on another device than an H100."""


def _starts(dtypes: Iterable[str]) -> dict[tuple[str, str], float]:
    return {(dtype, name): value for dtype in ("", *dtypes) for name, value in START.items()}


def print_constants(found: Mapping[str, Mapping[str, float]], *, dispatched: bool) -> None:
    """Print constants as a device's file has them."""
    print("constants:\n  from: fitted\n  source: …")
    names = ("dispatch", "dispatch_least", "dispatch_most")
    for dtype, constants in found.items():
        host = dict(zip(names, DISPATCH, strict=True)) if dispatched else {}
        print(f"  {dtype}:")
        for name, value in {**constants, **host}.items():
            print(f"    {name}: {value:.3g}")


def report(fit: Fit, x: np.ndarray, mode: str, *, held_out: bool, pull: float = 0.02) -> None:
    """Print how far predictions are off, by type and batch."""
    networks = [n for n, each in enumerate(fit.parts) if each.measurements.all[0].macs]
    outside = hold_out(fit, x, networks, pull) if held_out else {}
    print(
        f"\n{mode:24s}{'n':>5}{'fit':>8}{'held out':>10}{'9 of 10':>9}{'rank':>8}{'MACs':>8}{'roofline':>10}"
    )
    for number in networks:
        each = fit.parts[number]
        e = np.expm1(fit.errors_of(x, each))
        held = np.expm1(outside[number]) if held_out else np.full(len(e), np.nan)
        simple, roof = _proportional(each), _roofline(each)
        groups: dict[tuple[object, ...], list[int]] = {("all",): list(range(len(e)))}
        for place, measured in enumerate(each.measurements.all):
            groups.setdefault((measured.dtype, measured.batch), []).append(place)
        for group, places in groups.items():
            if len(groups) > 9 and group != ("all",):
                continue
            us = each.measurements.us[places]
            best = held if held_out else e
            rank = _rank((1 + best[places]) * us, us)
            shown = [np.abs(v[places]).mean() for v in (e, held)] + [np.quantile(np.abs(best[places]), 0.9)]
            tail = [np.abs(v[places]).mean() for v in (simple, roof)]
            name = " ".join(map(str, (each.dtype, *group)))
            print(
                f"{name:24s}{len(places):5d}{shown[0]:8.1%}{shown[1]:10.1%}{shown[2]:9.1%}{rank:8.3f}{tail[0]:8.1%}{tail[1]:10.1%}"
            )
        if held_out:
            worst = np.argsort(-np.abs(held))[:8]
            print(
                "worst:",
                ", ".join(
                    f"{each.measurements.all[n].what} {each.measurements.all[n].batch} {held[n]:+.0%}"
                    for n in worst
                ),
            )
    if held_out:
        print(
            f"all held out: {np.mean(np.abs(np.expm1(np.concatenate([outside[n] for n in networks])))):.1%}"
        )


def hold_out(fit: Fit, x: np.ndarray, networks: list[int], pull: float) -> dict[int, np.ndarray]:
    """Return the errors of each family of networks by constants that were fitted without it."""
    families = {n: np.array([family(m.what) for m in fit.parts[n].measurements.all]) for n in networks}
    outside = {n: np.zeros(len(names)) for n, names in families.items()}
    for name in sorted({name for names in families.values() for name in names}):
        masks = [
            families[n] != name if n in families else np.ones(len(each.weights))
            for n, each in enumerate(fit.parts)
        ]
        y = fit.run(x, masks, pull, steps=6)
        for n, names in families.items():
            outside[n][names == name] = fit.errors_of(y, fit.parts[n])[names == name]
    return outside


def _proportional(each: Part) -> np.ndarray:
    """Return the errors of MACs times the constant that suits best."""
    macs = np.array([m.macs for m in each.measurements.all], float)
    return np.expm1((d := np.log(macs / each.measurements.us)) - np.median(d))


def _roofline(each: Part) -> np.ndarray:
    """Return the errors of the roofline: of each kernel its work at the peak or its traffic at full bandwidth."""
    ideal = dict.fromkeys([*SHARED, *TYPED], 1e-12) | {
        "traffic": 1.0,
        "cached": 1.0,
        "edge": 1e-12,
        "wave": 1.0,
    }
    ideal |= {name: 1.0 for name in TYPED + SHARED if name.endswith(("_reach", "_traffic"))}
    machine = each.machine._replace(constants=ideal, plain_peak=each.machine.peak)
    return each.measurements.predict(machine) / each.measurements.us - 1


def _rank(one: np.ndarray, other: np.ndarray) -> float:
    """Return the rank correlation."""
    ranks = (np.argsort(np.argsort(one)), np.argsort(np.argsort(other)))
    return float(np.corrcoef(*ranks)[0, 1])


def main() -> None:
    """Fit the devices that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("devices", nargs="*", default=["h100", "rtx4090", "i9_10940x"])
    parser.add_argument("--held-out", action="store_true")
    options = parser.parse_args()
    timm = options.folder / "timm"
    for device in options.devices:
        print(f"\n{device}")
        if device == "h100":
            fit_h100(options.folder, held_out=options.held_out)
        elif device == "rtx4090":
            tables = {
                "eager": timm / "benchmark-infer-amp-nhwc-pt240-cu124-rtx4090.csv",
                "fused": timm / "benchmark-infer-amp-nchw-pt240-cu124-rtx4090-dynamo.csv",
            }
            fit_table(device, tables, "float16", held_out=options.held_out)
        else:
            tables = {"fused": timm / "benchmark-infer-fp32-nchw-pt240-cpu-i9_10940x-dynamo.csv"}
            fit_table(device, tables, "float32", held_out=options.held_out)


if __name__ == "__main__":
    main()
