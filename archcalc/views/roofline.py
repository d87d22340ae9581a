"""The page of `latency --roofline`: layers over what they do with each byte, under what the device can do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archcalc.analysis.figures.timing import need_timing
from archcalc.analysis.report import Report
from archcalc.analysis.timing.timing import Bound, Timing, find_binding
from archcalc.sheet.kinds import BYTE_RATE, CONSTANT, DURATION, TEXT, WORK_RATE
from archcalc.sheet.scatter import Dot, Roof, Scatter
from archcalc.sheet.sheet import HEAVY, Column, Sheet
from archcalc.views.page import facts, state_placement, subtitle

COLUMNS = (
    Column("layer", "layer", TEXT, "a layer that multiplies"),
    Column(
        "intensity",
        "OP/B",
        CONSTANT,
        "its operations for each byte that it reads or writes, a multiply-add being two",
    ),
    Column("operations_per_second", "reached", WORK_RATE, "operations a second that it reaches"),
    Column(
        "roof", "roof", WORK_RATE, "the least of the peak and of what the bandwidth allows at its intensity"
    ),
    Column("time_us", "time", DURATION, "how long it takes"),
    Column("bound_by", "bound by", TEXT, "what takes longest: launch, compute, memory or host"),
)
LETTERS: dict[Bound, str] = {"compute": "c", "memory": "m", "launch": "s", "host": "h"}
MEANINGS = "c multiplying, m reading and writing, s the start of its kernels, h the host; a capital has a tenth of the time"


class Spot(NamedTuple):
    """A layer that multiplies: operations a byte and a second, its time and what takes longest."""

    layer: str
    intensity: float
    rate: float
    us: float
    bound: Bound


def roofline(report: Report) -> Sheet:
    """Return where the layers are under the roof of the device that the conditions name.

    Raises:
        ArchcalcError: the device is not known well enough, or not for the type of the numbers.
    """
    timing = need_timing(report)
    machine = timing.machine
    roof = Roof(machine.bandwidth * 1e6, 2 * machine.peak * 1e6)
    spots = list(_find_spots(report, timing))
    return Sheet(
        columns=COLUMNS,
        rows=tuple(
            (
                spot.layer,
                spot.intensity,
                round(spot.rate),
                round(roof.at(spot.intensity)),
                spot.us,
                spot.bound,
            )
            for spot in spots
        ),
        title=report.title or report.name,
        subtitle=subtitle(report),
        summary=tuple(_sum_up(roof)),
        notes=("over the slope is what the cache gives faster than memory does",)
        if _is_over(spots, roof)
        else (),
        facts=facts(report)
        | {
            "device": state_placement(timing.placement),
            "peak": round(roof.top),
            "bandwidth": round(roof.slope),
            "ridge": roof.top / roof.slope,
        },
        picture=_draw(spots, roof, timing),
    )


def _sum_up(roof: Roof) -> Iterator[tuple[str, str]]:
    """Yield what the roof is, and what the letters stand for."""
    peak, bandwidth = WORK_RATE.text(round(roof.top)), BYTE_RATE.text(round(roof.slope))
    yield "roof", f"{peak} and {bandwidth}, equal at {roof.top / roof.slope:.3g} OP/B"
    yield "letters", f"a layer that multiplies each, by what takes longest: {MEANINGS}"


def _find_spots(report: Report, timing: Timing) -> Iterator[Spot]:
    """Yield the layers that multiply, as far as their kernels are known."""
    for node, layer in zip(report.run.nodes, timing.layers, strict=True):
        kernels = [each.kernel for each in layer.kernels] if layer else []
        macs = sum(int(kernel.all_macs) for kernel in kernels)
        moved = sum(int(kernel.moved) for kernel in kernels) * timing.machine.size
        bound = find_binding([layer]) if layer else None
        if layer and macs and bound:
            yield Spot(node.name, 2 * macs / moved, 2 * macs / layer.us * 1e6, layer.us, bound)


def _is_over(spots: list[Spot], roof: Roof) -> bool:
    return any(spot.rate > roof.at(spot.intensity) for spot in spots)


def _draw(spots: list[Spot], roof: Roof, timing: Timing) -> Scatter | None:
    """Return the picture, the layers that take longest in front; None where no layer multiplies."""
    if not spots:
        return None
    marks = []
    for spot in sorted(spots, key=lambda spot: spot.us):
        is_heavy = spot.us >= HEAVY * timing.known_us
        letter = LETTERS[spot.bound]
        marks.append(Dot(spot.intensity, spot.rate, letter.upper() if is_heavy else letter, is_heavy))
    return Scatter(tuple(marks), roof, "operations a byte (OP/B)", "operations a second", "OP/s")
