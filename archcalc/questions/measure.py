"""`latency --measure`: a network really run on this machine, beside what was predicted of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from time import perf_counter
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.timing.timing import Timing
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.questions.calibrate import host
from archcalc.questions.calibrate.rounds import Clock, time_calls
from archcalc.questions.calibrate.runtimes import Runtime

SECONDS = 10
"""How long a network runs, but for calls that take longer."""
LEAST_RUNS = 3
PROFILED = 10
"""The most runs of which layers are told."""


class LayerRun(NamedTuple):
    """What a runtime ran as one: `layer`, and those before it that have no time of their own, `layers` in all.

    Both are microseconds: what was predicted of these layers, None where that of one is not known, and what they took,
    None where the runtime does not say.
    """

    layer: str
    op: str
    layers: int
    predicted: float | None
    measured: float | None


class Measurement(NamedTuple):
    """How long a network took: the microseconds of each run, and of its layers where the runtime says so."""

    runtime: str
    runs: tuple[float, ...]
    layers: tuple[LayerRun, ...]
    notes: tuple[str, ...]

    @property
    def us(self) -> float:
        """The median of the runs."""
        return median(self.runs)


def check_measurable(report: Report, timing: Timing) -> None:
    """Raise where a network is not to run here.

    Raises:
        ArchcalcError: the device is no CPU, or the numbers are no float32.
    """
    device = timing.placement.device
    if device.kind != "cpu":
        raise ArchcalcError(
            f"what runs here is measured beside predictions for a CPU, and {visible(device.title)} is none",
            hint="archcalc calibrate makes a device of this machine: --device this",
        )
    if report.dtype != "float32":
        raise ArchcalcError(f"networks are run in float32, not in {report.dtype}", hint="leave --dtype out")


def measure(
    report: Report, timing: Timing, runtime: Runtime, *, seconds: float = SECONDS, clock: Clock = perf_counter
) -> Measurement:
    """Run a network with random weights on random numbers, and return how long it took.

    Args:
        report: of the network, whose batch runs.
        timing: what was predicted of it.
        runtime: what runs it.
        seconds: how long it runs, but for `LEAST_RUNS`, and the first one, which does not count.
        clock: tells the time.

    Raises:
        ArchcalcError: the runtime does not run the network, or see `check_measurable`.
    """
    check_measurable(report, timing)
    runs = time_calls(runtime.prepare(report), seconds, clock=clock, least=LEAST_RUNS)
    taken = runtime.profile(report, min(PROFILED, len(runs))) if runtime.profile else {}
    layers = tuple(_gather(report, timing, taken)) if taken else ()
    return Measurement(runtime.title, tuple(runs), layers, tuple(_note(timing, runtime)))


def _gather(report: Report, timing: Timing, taken: Mapping[str, float]) -> Iterator[LayerRun]:
    """Yield the layers that have a time, each with those before it that have none; the last ones may have none, too."""
    gathered: list[float | None] = []
    for row, layer in zip(report.rows, timing.layers, strict=True):
        if row.role == "input":
            continue
        gathered.append(None if layer is None else layer.us)
        if row.name in taken or row is report.rows[-1]:
            known = [us for us in gathered if us is not None]
            predicted = sum(known) if len(known) == len(gathered) else None
            yield LayerRun(row.name, row.kind, len(gathered), predicted, taken.get(row.name))
            gathered = []


def _note(timing: Timing, runtime: Runtime) -> Iterator[str]:
    """Yield where what was predicted is not about what ran."""
    device, processor = timing.placement.device, host.name_processor()
    if processor not in device.title:
        yield f"the prediction is for {visible(device.title)}, and this machine has: {visible(processor)}"
    library = runtime.title.rpartition(" ")[0]
    if library not in device.constants_source:
        yield f"it ran in {library}, and the constants are of: {visible(device.constants_source.partition(', ')[0])}"
    if runtime.profile is None and timing.placement.mode == "fused":
        yield f"{library} called layer by layer, and the prediction is for a compiled network"
    if runtime.profile is None:
        yield f"{library} says nothing of single layers: --runtime onnxruntime does, where that is installed"
