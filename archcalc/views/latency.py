"""The page of `latency`: how long each layer takes on a device, why, and how far such predictions were off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archcalc.analysis.figures.timing import need_timing
from archcalc.analysis.report import Report
from archcalc.analysis.timing.device import MeasuredError
from archcalc.analysis.timing.timing import Timing, find_range
from archcalc.ground.errors import visible
from archcalc.sheet.kinds import DURATION, WORK_RATE
from archcalc.sheet.numbers import percent
from archcalc.sheet.sheet import Sheet
from archcalc.views.layers import layers
from archcalc.views.page import state_placement

COLUMNS = ("layer", "op", "output", "kernels", "time_us", "time_share", "bound_by", "bound_us", "efficiency")

HostRange = tuple[float, float] | None
"""How short and how long a pass takes where the host calls layers; None where that makes no difference."""


def latency(report: Report, depth: int | None) -> Sheet:
    """Return how long each layer takes on the device that the conditions name.

    Raises:
        ArchcalcError: the device is not known well enough, or not for the type of the numbers.
    """
    timing = need_timing(report)
    host = find_range(report, timing.placement)
    sheet = layers(report, COLUMNS, depth, "time_us")
    return sheet._replace(
        summary=tuple(_sum_up(timing, report, host)),
        notes=(*_notes(timing, report), *sheet.notes),
        facts={**sheet.facts, **_facts(sheet.facts, timing, report, host)},
    )


def _sum_up(timing: Timing, report: Report, host: HostRange) -> Iterator[tuple[str, str]]:
    """Yield the totals in words."""
    us = timing.us
    if us is None:
        yield "time", f"not known: {DURATION.text(timing.known_us)} of the layers that are"
    else:
        yield "time", f"{DURATION.text(us)}{_tell_error(timing.error)}"
        if host:
            low, high = map(DURATION.text, host)
            yield "range", f"{low} to {high}: how long the host takes to call a layer varies"
    rate, share = _throughput(us, report), _utilisation(us, timing, report)
    if rate is not None and share is not None:
        yield "throughput", f"{_round(rate)} samples a second"
        yield "utilisation", f"{percent(share)} of the peak of {_peak(timing)}"
    yield (
        "physical bound",
        f"{DURATION.text(timing.bound_us)}: each layer's products at the peak, or its traffic beyond the cache",
    )
    yield "kernels", f"{timing.launches:,}"


def _tell_error(error: MeasuredError | None) -> str:
    return (
        ""
        if error is None
        else f" ±{percent(error.error)}, the mean error of predictions for {error.networks} networks"
    )


def _notes(timing: Timing, report: Report) -> Iterator[str]:
    """Yield what is not known or was not measured."""
    if timing.unknown:
        listed = ", ".join(map(visible, timing.unknown[:MOST]))
        more = f" and {len(timing.unknown) - MOST} more" if len(timing.unknown) > MOST else ""
        yield f"nobody knows how long these take: {listed}{more}"
    if outside := _list_outside(timing, report):
        yield f"no network that was measured has these layers: {', '.join(outside)}"
    if timing.error is None:
        device, mode = timing.placement.device, timing.placement.mode
        own = device.constants_from in ("", device.name)
        borrowed = "" if own else f"; its constants are those of {visible(device.constants_from)}"
        yield f"nobody has measured how far such a prediction is off: {mode} on {visible(device.title)}, with this type and batch{borrowed}"


def _list_outside(timing: Timing, report: Report) -> list[str]:
    """Return the layer types that run something and that constants were not fitted to; none where nobody says to which."""
    measured = timing.placement.device.constants_layers
    ran = {row.kind for row, layer in zip(report.rows, timing.layers, strict=True) if layer and layer.kernels}
    return sorted(ran.difference(measured)) if measured else []


MOST = 5
"""How many layers a note lists."""


def _throughput(us: float | None, report: Report) -> float | None:
    """Return samples a second; None where the time is not known, or nothing runs."""
    return report.batch / us * 1e6 if us else None


def _round(rate: float) -> str:
    """Return a rate to three digits, or whole where it has more."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def _utilisation(us: float | None, timing: Timing, report: Report) -> float | None:
    """Return the part of the peak that the multiply-accumulates make; None where the time is not known, or nothing runs."""
    return float(report.totals.macs / timing.machine.peak / us) if us else None


def _peak(timing: Timing) -> str:
    return WORK_RATE.text(round(2 * timing.machine.peak * 1e6))


def _facts(facts: Mapping[str, object], timing: Timing, report: Report, host: HostRange) -> dict[str, object]:
    """Return what machines are told: the device, and totals that no layer has."""
    us, error = timing.us, timing.error
    totals = facts["totals"]
    return {
        "device": state_placement(timing.placement),
        "totals": {
            **(totals if isinstance(totals, dict) else {}),
            "samples_per_second": _throughput(us, report),
            "utilization": _utilisation(us, timing, report),
            "error": None if error is None else error.error,
            "error_source": None if error is None else error.source,
            "range_us": None if host is None else list(host),
            "unknown": list(timing.unknown),
        },
    }
