"""A device with numbers of one type, as the formulas of time take it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast, get_args

from archcalc.analysis.conditions import AUTOCAST, BYTES, DType
from archcalc.analysis.timing.costs import Machine
from archcalc.analysis.timing.device import Device, NumberType, Stated
from archcalc.ground.errors import CallError, list_names
from archcalc.op.kernels import KernelKind

SECOND = 10**6
"""Microseconds of a second."""
ALIKE: Mapping[NumberType, NumberType] = {"bfloat16": "float16"}
"""Types that cost what another one does where nothing is stated of them."""
CONSTANTS: Mapping[str, str] = {
    "start": "µs of a kernel that does next to nothing; …_start those of one kind",
    "traffic": "part of the bandwidth that a kernel reaches; …_traffic that of one kind",
    "cached": "how much faster what the last cache holds is read and written",
    "rows_each": "ns of a row that is normalised",
    "maxpool_each": "ns of a window whose largest number is taken",
    "avgpool_each": "ns of a window whose mean is taken",
    "batchnorm_each": "ns of a number of one sample, all samples at a time",
    "mean_step": "µs by which a mean over n numbers takes longer, for each of √n",
    "product_reach": "part of the peak that matrix products reach in their largest parts",
    "convolution_reach": "part of the peak that convolutions reach in their largest parts",
    "grouped_reach": "part of the peak that convolutions reach in groups of 32 channels; narrower groups reach less in proportion",
    "uneven_reach": "part of the peak of float32 that groups of 32 would reach whose channels are no power of two",
    "depthwise_reach": "part of the peak of float32 that depthwise convolutions reach",
    "attention_reach": "part of the peak that an attention in one kernel reaches",
    "group_start": "µs by which each of the first groups adds to the start, where their channels are no power of two",
    "edge": "how much slower small parts of a product are: for each of edge over area, in numbers",
    "prologue": "µs of a part of a product before it multiplies",
    "split": "µs that it takes to add up what several cores made of a part",
    "wave": "how much of a last wave of parts counts that does not fill all cores: 1 is all",
    "dispatch": "µs that the host takes for each kernel when layers are called one by one",
    "dispatch_least": "the same, at the low end of what was measured",
    "dispatch_most": "the same, at the high end of what was measured",
}
"""What the formulas take of a device, by name: what it is, and in which unit."""
NEEDED = tuple(name for name in CONSTANTS if not name.endswith("_each") and not name.startswith("dispatch"))
"""Those without which nothing can be timed; of the others there is a general one, or they are then nothing."""
PART = re.compile(r"([a-z0-9_]+_)?(reach|traffic)", re.ASCII)
"""Constants that are parts of a peak or of the bandwidth."""


LEAST_PART = 1e-6
"""Below which no part of a peak or of the bandwidth, and no factor, is meant."""


def list_constants() -> list[str]:
    """Return the names of all constants that the formulas take, among them the start and the traffic of each kind of kernels."""
    kinds = get_args(KernelKind)
    return list(
        dict.fromkeys([*CONSTANTS, *(f"{kind}_{what}" for what in ("start", "traffic") for kind in kinds)])
    )


def find_fault(name: str, value: float) -> str | None:
    """Return what a constant must be and is not, which would make a kernel faster than physics allows; None where it is right."""
    if PART.fullmatch(name):
        is_right = LEAST_PART <= value <= 1
        return None if is_right else f"is a part of what the device can do: from {LEAST_PART:g} to 1"
    if name == "wave":
        return None if 0 <= value <= 1 else "is a part of a wave: from 0 to 1"
    if name == "cached":
        return None if value >= LEAST_PART else f"is a factor: at least {LEAST_PART:g}"
    return None if value >= 0 else "is no time or factor below 0"


def say_what(constant: str) -> str:
    """Return what a constant is, and in which unit; one of a kind of kernels is what its like of all kinds is."""
    kind, _, name = ("", "", constant) if constant in CONSTANTS else constant.rpartition("_")
    meaning = CONSTANTS[name].partition("; …")[0]
    return f"{meaning}, of the kind {kind}" if kind else meaning


def name_type(dtype: DType) -> NumberType:
    """Return the number type in which a network multiplies: under mixed precision the low one."""
    return cast("NumberType", AUTOCAST.get(dtype, dtype))


def find_machine(device: Device, dtype: DType) -> Machine:
    """Return a device as the formulas take it.

    Raises:
        ArchcalcError: nothing is known of how it deals with numbers of this type, or of what kernels reach on it.
    """
    name = name_type(dtype)
    if not device.constants:
        raise CallError(
            f"nobody has measured what kernels reach on {device.title}",
            hint="archcalc calibrate measures a machine; or name a device that is like it: constants: h100",
        )
    known = [key for key in get_args(NumberType) if find_constants(device, key) and key in device.peaks]
    if name not in known:
        raise CallError(
            f"there are no constants for {name} on {device.title}",
            hint=list_names("types that have constants and a peak", known),
        )
    constants = find_constants(device, name)
    lacking = [each for each in NEEDED if each not in constants]
    if lacking:
        raise CallError(
            f"the constants of {device.title} for {name} lack '{lacking[0]}': {CONSTANTS[lacking[0]]}",
            hint=list_names("those that are needed", NEEDED),
        )
    if device.cores is None or device.cache is None:
        raise CallError(
            f"{device.title} does not say its {'cores' if device.cores is None else 'cache'}",
            hint="times need bandwidth, cores, cache and a peak",
        )
    peak = _macs(device.peaks[name])
    plain = _macs(device.peaks.get("float32", device.peaks[name]))
    return Machine(
        size=BYTES[dtype].activation,
        peak=peak,
        plain_peak=min(plain, peak),
        bandwidth=device.bandwidth.value / SECOND,
        cache=device.cache.value,
        cores=device.cores.value,
        constants=constants,
    )


def find_constants(device: Device, name: NumberType) -> Mapping[str, float]:
    """Return the constants of a device for numbers of one type; none where there are none."""
    return device.constants.get(name) or device.constants.get(ALIKE.get(name, name), {})


def _macs(peak: Stated) -> float:
    """Return the multiply-accumulates a microsecond, two operations each."""
    return peak.value / 2 / SECOND
