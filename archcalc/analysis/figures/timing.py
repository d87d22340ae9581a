"""How long a network takes on the device that the conditions name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.ground.errors import CallError
from archcalc.sheet.kinds import COUNT, DURATION, SHARE, TEXT

if TYPE_CHECKING:
    from archcalc.analysis.timing.timing import LayerTime, Timing


def find_timing(report: Report) -> Timing | None:
    """Return how long a network takes; None where no device is named."""
    return report.once(_time) if report.run.conditions.placement else None


def _time(report: Report) -> Timing:
    from archcalc.analysis.timing.timing import time_report

    placement = report.run.conditions.placement
    if placement is None:  # which is asked before
        raise ValueError("no device is named")
    return time_report(report, placement)


def need_timing(report: Report) -> Timing:
    """Return how long a network takes.

    Raises:
        ArchcalcError: no device is named.
    """
    timing = find_timing(report)
    if timing is None:
        raise CallError(
            "nobody says on which device time_us is",
            hint="name it with --device h100, or write time_us@h100; archcalc devices lists them",
        )
    return timing


def _layers_of(row: Row, report: Report) -> list[LayerTime] | None:
    """Return the times of the layers of a row; None where some are not known, or no device is named."""
    timing = find_timing(report)
    if timing is None:
        return None
    positions = report.run.positions
    times = [timing.layers[positions[name]] for name in row.members or (row.name,)]
    known = [each for each in times if each is not None]
    return known if len(known) == len(times) else None


def _of_row(measure: Callable[[list[LayerTime]], object], row: Row, report: Report) -> object:
    layers = _layers_of(row, report)
    return None if layers is None else measure(layers)


def _us(layers: list[LayerTime]) -> float:
    return sum(layer.us for layer in layers)


def _bound(layers: list[LayerTime]) -> float:
    return sum(layer.bound_us for layer in layers)


def _kernels(layers: list[LayerTime]) -> int:
    return sum(layer.launches for layer in layers)


def _efficiency(layers: list[LayerTime]) -> object:
    us = _us(layers)
    return _bound(layers) / us if us else ""


def _binds(layers: list[LayerTime]) -> str:
    from archcalc.analysis.timing.timing import find_binding

    return find_binding(layers) or ""


def _share(row: Row, report: Report) -> float | None:
    timing, layers = find_timing(report), _layers_of(row, report)
    if timing is None or layers is None or not timing.us:
        return None
    return _us(layers) / timing.us


def _total(measure: Callable[[Timing], object]) -> Callable[[Report], object]:
    """Return what asks something of how long the whole network takes; None where no device is named."""

    def asked(report: Report) -> object:
        timing = find_timing(report)
        return None if timing is None else measure(timing)

    return asked


figure(
    Figure(
        "kernels",
        COUNT,
        "kernels that the device runs for it; none for a view, for a part of another kernel, and for what is fused with one",
        of=partial(_of_row, _kernels),
        total=_total(lambda timing: timing.launches),
        priority=5,
        asked=True,
        on_device=True,
    )
)
figure(
    Figure(
        "time_us",
        DURATION,
        "time of a forward pass on the device that --device names",
        title="time",
        label="time",
        of=partial(_of_row, _us),
        total=_total(lambda timing: timing.us),
        known=lambda report: need_timing(report).known_us,
        priority=1,
        listed=True,
        limit=True,
        asked=True,
        on_device=True,
    )
)
figure(
    Figure(
        "time_share",
        SHARE,
        "share of the time of all layers",
        title="share",
        of=_share,
        total=lambda report: 1.0 if (timing := find_timing(report)) and timing.us else None,
        priority=2,
        asked=True,
        on_device=True,
    )
)
figure(
    Figure(
        "bound_by",
        TEXT,
        "what takes longest: that kernels start (launch), products at the peak (compute), reading and writing (memory), or that "
        "the host calls them (host)",
        title="bound by",
        of=partial(_of_row, _binds),
        priority=3,
        asked=True,
        on_device=True,
    )
)
figure(
    Figure(
        "bound_us",
        DURATION,
        "the least time that physics allows: all products at the peak, or all traffic beyond the cache at full bandwidth",
        title="physical bound",
        of=partial(_of_row, _bound),
        total=_total(lambda timing: timing.bound_us),
        priority=4,
        listed=True,
        asked=True,
        on_device=True,
    )
)
figure(
    Figure(
        "efficiency",
        SHARE,
        "the physical bound as a share of the time",
        of=partial(_of_row, _efficiency),
        total=_total(lambda timing: timing.bound_us / timing.known_us if timing.known_us else None),
        priority=4,
        asked=True,
        on_device=True,
    )
)
