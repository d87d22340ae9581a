"""`calibrate`: this machine as a device, from what was measured on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import NamedTuple

from archcalc.analysis.timing.costs import Machine
from archcalc.analysis.timing.device import Device, Stated
from archcalc.analysis.timing.machine import SECOND, find_machine
from archcalc.formats.devices import OWN, read_device
from archcalc.questions.calibrate import host
from archcalc.questions.calibrate.rounds import ROUNDS, Clock, Trial, TrialTime, time_trials
from archcalc.questions.calibrate.runtimes import Runtime

LIKE = "i9_10940x"
"""The processor whose constants stand for what is not measured."""
TITLE_LIKE = "i9-10940X"


class Stability(NamedTuple):
    """By how much the rounds of a family's trials differed, as fractions: their median, the least and the most."""

    family: str
    trials: int
    median: float
    least: float
    most: float


class Calibrated(NamedTuple):
    """A measurement, and what the device's constants make of it; None where it was not fitted."""

    timed: TrialTime
    predicted: float | None


class Calibration(NamedTuple):
    """This machine as a device, what was measured, and how stable it was."""

    device: Device
    measured: tuple[Calibrated, ...]
    stability: tuple[Stability, ...]
    library: str

    @property
    def error(self) -> float:
        """The median of |predicted / measured - 1| of what was fitted: of single layers, and not of networks."""
        return median(abs(each.predicted / each.timed.us - 1) for each in self.measured if each.predicted)


def list_trials(runtime: Runtime | None) -> list[Trial]:
    """Return what is timed: NumPy's products and streams, and layers by a library that runs networks, where there is one."""
    from archcalc.questions.calibrate.arrays import list_array_trials
    from archcalc.questions.calibrate.layers import list_layer_trials

    return [*list_array_trials(host.find_cache()), *(list_layer_trials(runtime) if runtime else ())]


def calibrate(
    name: str,
    trials: Sequence[Trial],
    seconds: float,
    *,
    progress: Callable[[], object] = lambda: None,
    clock: Clock = perf_counter,
) -> Calibration:
    """Measure this machine, and return it as a device whose constants come nearest to what was measured.

    Args:
        name: what to call the device.
        trials: what `list_trials` returned; those by the library of the last one are fitted.
        seconds: how long it may take, but for calls that take longer.
        progress: called after each trial of each round.
        clock: tells the time.
    """
    timed = time_trials(trials, seconds, progress=progress, clock=clock)
    library = trials[-1].library
    fitted = [each for each in timed if each.trial.library == library]
    device, machine = _describe(name, timed, library)
    from archcalc.questions.calibrate.fit import fit_constants, predict

    constants = fit_constants(machine.constants, fitted, machine)
    found = machine._replace(constants=constants)
    measured = tuple(
        Calibrated(each, float(predict(each.trial, found)) if each in fitted else None) for each in timed
    )
    stability = find_stability(timed)
    kept = {key: value for key, value in constants.items() if value == machine.constants[key]}
    device = device._replace(
        constants={"float32": constants},
        constants_source=_tell(len(fitted), library, stability, kept),
        constants_from=name,
        constants_origin="measured",
    )
    return Calibration(device, measured, stability, library)


def find_stability(timed: Sequence[TrialTime]) -> tuple[Stability, ...]:
    """Return by how much rounds differed, for each family in the order in which they come."""
    families: dict[str, list[float]] = {}
    for each in timed:
        families.setdefault(each.trial.family, []).append(each.spread)
    return tuple(
        Stability(family, len(spreads), median(spreads), min(spreads), max(spreads))
        for family, spreads in families.items()
    )


def _describe(name: str, timed: Sequence[TrialTime], library: str) -> tuple[Device, Machine]:
    """Return this machine with its peak and bandwidth, and as the formulas take it, with the constants to start from."""
    work, most_work = max((_count_work(each.trial) / each.us, each) for each in timed)
    cache, cores = host.find_cache(), host.count_cores()
    moved, most_moved = max((_count_traffic(each.trial, cache) / each.us, each) for each in timed)
    device = Device(
        name,
        f"{host.name_processor()}, {cores} core{'s' * (cores > 1)}",
        "cpu",
        {"float32": Stated(work * SECOND, "measured", _name(most_work, "the fastest product"))},
        Stated(moved * SECOND, "measured", _name(most_moved, "the fastest stream beyond the caches")),
        cores=Stated(cores, "measured", "cores that the process may use, by the system"),
        cache=Stated(cache, "measured", f"last level, by {host.CACHES}") if cache else None,
        constants={"float32": read_device(OWN / f"{LIKE}.yaml").constants["float32"]},
    )
    return device, find_machine(device, "float32")


def _name(timed: TrialTime, what: str) -> str:
    return f"{what}: {timed.trial.name}, {timed.trial.library}, least of {ROUNDS} rounds"


def _count_work(trial: Trial) -> int:
    """Return the operations of a trial, a multiply-add being two."""
    return 2 * sum(int(kernel.product.macs) for kernel in trial.kernels if kernel.product)


def _count_traffic(trial: Trial, cache: float | None) -> int:
    """Return the bytes that a stream reads and writes; none where caches hold them, or it is none."""
    moved = 4 * sum(
        int(kernel.read + kernel.written) for kernel in trial.kernels if kernel.kind == "elementwise"
    )
    return moved if moved > 2 * (cache or 0) else 0


def _tell(trials: int, library: str, stability: Sequence[Stability], kept: Mapping[str, float]) -> str:
    """Return in words what constants were fitted to, and how stable the machine was."""
    varied = ", ".join(f"{each.family} by {each.median:.0%}" for each in stability)
    rest = f"; as fitted on an {TITLE_LIKE} where nothing was measured: {', '.join(kept)}" if kept else ""
    return f"{trials} measurements in float32 with {library}, the least of {ROUNDS} rounds, which varied: {varied}{rest}"
