"""The page of `calibrate`: a row a measurement, what the constants make of it, and how stable the machine was."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.analysis.timing.device import Device
from archcalc.ground.errors import visible
from archcalc.questions.calibrate.calibrate import Calibration, Stability
from archcalc.questions.calibrate.rounds import ROUNDS
from archcalc.sheet.kinds import BYTE_RATE, DURATION, RATIO, TEXT, WORDS, WORK_RATE
from archcalc.sheet.numbers import percent
from archcalc.sheet.sheet import Column, Sheet

COLUMNS = (
    Column("trial", "what ran", WORDS, "what was timed"),
    Column("family", "family", TEXT, "among what it counts", 2),
    Column("library", "library", TEXT, "what ran it", 3),
    Column("measured_us", "measured", DURATION, "the fastest call of all rounds"),
    Column("varied", "varied", RATIO, "the slowest round's fastest call over that of the fastest round", 1),
    Column(
        "predicted_us", "predicted", DURATION, "what the constants make of it; null where it was not fitted"
    ),
    Column("ratio", "ratio", RATIO, "predicted over measured"),
)
UNSTABLE = 0.1
"""From which spread on a machine is said to be disturbed."""


def calibration(found: Calibration, file: str, called: str) -> Sheet:
    """Return what was measured on this machine, and the device that was written of it into a file."""
    device = found.device
    return Sheet(
        columns=COLUMNS,
        rows=tuple(_rows(found)),
        title=device.title,
        subtitle=(f"{device.name}, {device.kind}, {file}",),
        summary=tuple(_sum_up(found)),
        notes=tuple(_notes(found, called)),
        facts={
            "device": {"name": device.name, "title": device.title, "kind": device.kind, "file": file},
            "stability": [_state(each) for each in found.stability],
            "error": found.error,
        },
    )


def tell_stability(found: Calibration) -> list[str]:
    """Return in words how stable the machine was: a line for each family."""
    return [f"{each.family} {_tell(each)}" for each in found.stability]


def _rows(found: Calibration) -> Iterator[tuple[object, ...]]:
    for timed, predicted in found.measured:
        trial, us = timed.trial, timed.us
        varied = max(timed.rounds) / us
        ratio = None if predicted is None else predicted / us
        yield trial.name, trial.family, trial.library, us, varied, predicted, ratio


def _sum_up(found: Calibration) -> Iterator[tuple[str, str]]:
    device: Device = found.device
    yield "peak", WORK_RATE.text(round(device.peaks["float32"].value))
    yield "bandwidth", BYTE_RATE.text(round(device.bandwidth.value))
    yield "fitted", f"half of the predictions are within {percent(found.error)} of what {found.library} took"
    for each in found.stability:
        yield each.family, _tell(each)


def _tell(each: Stability) -> str:
    return f"varied by {percent(each.median)} ({percent(each.least)} to {percent(each.most)})"


def _notes(found: Calibration, called: str) -> Iterator[str]:
    yield f"constants are fitted to the fastest of {ROUNDS} rounds; what varies is the fastest call from round to round"
    if any(each.median > UNSTABLE for each in found.stability):
        yield "the machine was disturbed while it was measured: measure again when nothing else runs"
    yield f"archcalc latency MODEL --device {visible(called)} predicts; --measure says how far that is off"


def _state(each: Stability) -> dict[str, object]:
    return each._asdict()
