"""Layers that a library is timed at, each a network by itself; their kernels are those that the time model takes them for."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.analysis.timing.launches import list_kernels
from archcalc.questions.analyze import analyze
from archcalc.questions.calibrate.rounds import Trial
from archcalc.questions.calibrate.runtimes import Runtime

LAYERS: tuple[tuple[str, str, str], ...] = (
    ("calls", "relu", "8"),
    ("products", "linear: {out: 1000}", "2048"),
    ("products", "linear: {out: 4096}", "4096"),
    ("products", "linear: {out: 3072, axis: -1}", "196x768"),
    ("products", "linear: {out: 768, axis: -1}", "196x3072"),
    ("products", "linear: {out: 512, axis: -1}", "49x512"),
    ("convolutions 1x1", "conv: {out: 64, kernel: 1, bias: false}", "256x56x56"),
    ("convolutions 1x1", "conv: {out: 256, kernel: 1, bias: false}", "64x56x56"),
    ("convolutions 1x1", "conv: {out: 24, kernel: 1, bias: false}", "96x56x56"),
    ("convolutions 1x1", "conv: {out: 512, kernel: 1, stride: 2, bias: false}", "256x56x56"),
    ("convolutions 1x1", "conv: {out: 64, kernel: 1, bias: false}", "384x14x14"),
    ("convolutions 1x1", "conv: {out: 160, kernel: 1, bias: false}", "960x7x7"),
    ("convolutions 1x1", "conv: {out: 2048, kernel: 1, bias: false}", "512x7x7"),
    ("convolutions 3x3", "conv: {out: 64, kernel: 3, padding: 1, bias: false}", "64x56x56"),
    ("convolutions 3x3", "conv: {out: 128, kernel: 3, padding: 1, bias: false}", "128x28x28"),
    ("convolutions 3x3", "conv: {out: 256, kernel: 3, padding: 1, bias: false}", "256x14x14"),
    ("convolutions 3x3", "conv: {out: 512, kernel: 3, padding: 1, bias: false}", "512x7x7"),
    ("convolutions 3x3", "conv: {out: 128, kernel: 3, stride: 2, padding: 1, bias: false}", "64x56x56"),
    ("convolutions 3x3", "conv: {out: 128, kernel: 3, padding: 1}", "64x112x112"),
    ("convolutions 3x3", "conv: {out: 512, kernel: 3, padding: 1}", "512x14x14"),
    ("convolutions 3x3", "conv: {out: 64, kernel: 7, stride: 2, padding: 3, bias: false}", "3x224x224"),
    ("convolutions 3x3", "conv: {out: 32, kernel: 3, stride: 2, padding: 1, bias: false}", "3x224x224"),
    ("grouped", "conv: {out: 128, kernel: 3, padding: 1, groups: 32, bias: false}", "128x56x56"),
    ("grouped", "conv: {out: 256, kernel: 3, padding: 1, groups: 8, bias: false}", "256x28x28"),
    ("grouped", "conv: {out: 512, kernel: 3, padding: 1, groups: 32, bias: false}", "512x14x14"),
    ("grouped", "conv: {out: 120, kernel: 3, padding: 1, groups: 5, bias: false}", "120x28x28"),
    ("grouped", "conv: {out: 168, kernel: 3, padding: 1, groups: 7, bias: false}", "168x28x28"),
    ("depthwise", "conv: {out: 32, kernel: 3, padding: 1, groups: 32, bias: false}", "32x112x112"),
    ("depthwise", "conv: {out: 96, kernel: 3, stride: 2, padding: 1, groups: 96, bias: false}", "96x112x112"),
    ("depthwise", "conv: {out: 144, kernel: 3, padding: 1, groups: 144, bias: false}", "144x56x56"),
    ("depthwise", "conv: {out: 384, kernel: 3, padding: 1, groups: 384, bias: false}", "384x14x14"),
    ("depthwise", "conv: {out: 240, kernel: 5, padding: 2, groups: 240, bias: false}", "240x28x28"),
    ("depthwise", "conv: {out: 960, kernel: 3, padding: 1, groups: 960, bias: false}", "960x7x7"),
    ("batch norm", "batchnorm", "64x112x112"),
    ("batch norm", "batchnorm", "256x28x28"),
    ("batch norm", "batchnorm", "512x7x7"),
    ("normalised rows", "layernorm: {over: last}", "196x768"),
    ("normalised rows", "softmax: {axis: -1}", "12x196x196"),
    ("pooling", "maxpool: {kernel: 3, stride: 2, padding: 1}", "64x112x112"),
    ("pooling", "maxpool: {kernel: 2}", "128x112x112"),
    ("pooling", "maxpool: {kernel: 2}", "64x14x14"),
    ("pooling", "avgpool: {kernel: 2}", "128x56x56"),
    ("pooling", "global_avgpool", "512x7x7"),
    ("pooling", "global_avgpool", "64x56x56"),
    ("streams", "relu", "512x7x7"),
    ("streams", "relu", "256x28x28"),
    ("streams", "relu", "64x112x112"),
    ("streams", "relu", "64x512x512"),
    ("streams", "shuffle: {groups: 2}", "116x28x28"),
    ("functions", "gelu", "196x3072"),
    ("functions", "sigmoid", "96x56x56"),
)
"""Family, layer and input, of sizes that well-known networks have."""


def list_layer_trials(runtime: Runtime) -> Iterator[Trial]:
    """Yield what a library that runs networks is timed at."""
    for family, layer, size in LAYERS:
        report = analyze(f"[{layer}]", input=size)
        kernels = [kernel for launched in list_kernels(report.run) for kernel in launched or ()]
        yield Trial(f"{layer} on {size}", family, runtime.title, tuple(kernels), runtime.prepare(report))
