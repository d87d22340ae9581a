"""The page of `latency --measure`: what was predicted beside what a network really took on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.analysis.report import Report
from archcalc.analysis.timing.timing import Timing
from archcalc.ground.errors import visible
from archcalc.questions.measure import Measurement
from archcalc.sheet.kinds import COUNT, DURATION, RATIO, TEXT
from archcalc.sheet.numbers import percent
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views import page

COLUMNS = (
    Column(
        "layer",
        "layer",
        TEXT,
        "the last layer of what ran as one; the network itself where layers are not told",
    ),
    Column("op", "op", TEXT, "its type; null for the network"),
    Column(
        "layers", "layers", COUNT, "how many layers ran as one: it, and those before it without a time", 1
    ),
    Column("time_us", "predicted", DURATION, "what was predicted of them; null where it is not known"),
    Column("measured_us", "measured", DURATION, "what they took; null where the runtime does not say"),
    Column("ratio", "ratio", RATIO, "predicted over measured"),
)


def measurement(report: Report, timing: Timing, found: Measurement) -> Sheet:
    """Return what was predicted beside what was measured: a row for each layer that has a time, else one in all."""
    facts = page.facts(report)
    totals = facts["totals"]
    return Sheet(
        columns=COLUMNS,
        rows=tuple(_rows(report, timing, found)),
        title=f"{report.name} measured",
        subtitle=page.subtitle(report, found.runtime),
        summary=tuple(_sum_up(timing, found)),
        notes=(*found.notes, *_notes(timing, found)),
        facts={
            **facts,
            "device": page.state_placement(timing.placement),
            "runtime": found.runtime,
            "totals": {
                **(totals if isinstance(totals, dict) else {}),
                "time_us": timing.us,
                "measured_us": found.us,
                "least_us": min(found.runs),
                "most_us": max(found.runs),
                "runs": len(found.runs),
                "ratio": None if timing.us is None else timing.us / found.us,
                "unknown": list(timing.unknown),
            },
        },
    )


def _rows(report: Report, timing: Timing, found: Measurement) -> Iterator[tuple[object, ...]]:
    for each in found.layers:
        yield (*each, _divide(each.predicted, each.measured))
    if not found.layers:
        yield (
            report.name,
            "",
            len(report.rows) - len(report.inputs),
            timing.us,
            found.us,
            _divide(timing.us, found.us),
        )


def _divide(predicted: float | None, measured: float | None) -> float | None:
    return predicted / measured if predicted is not None and measured else None


def _sum_up(timing: Timing, found: Measurement) -> Iterator[tuple[str, str]]:
    us = timing.us
    yield "predicted", "not known" if us is None else DURATION.text(us)
    least, most = DURATION.text(min(found.runs)), DURATION.text(max(found.runs))
    yield (
        "measured",
        f"{DURATION.text(found.us)}, the median of {len(found.runs)} runs from {least} to {most}",
    )
    if us is not None:
        yield "off by", f"{_tell(us / found.us)} the median, {_tell(us / min(found.runs))} the shortest run"


def _tell(ratio: float) -> str:
    return f"{percent(abs(ratio - 1))} {'above' if ratio > 1 else 'below'}"


def _notes(timing: Timing, found: Measurement) -> Iterator[str]:
    if timing.unknown:
        yield f"nobody knows how long these take: {', '.join(map(visible, timing.unknown))}"
    if found.layers:
        yield (
            "a row is a layer that the runtime's profiler times by its name, and those before it that it does not: they are "
            "fused into this one or the one before, or into nodes of other names, whose time is left out"
        )
    if max(found.runs) > UNSTABLE * min(found.runs):
        yield "runs differ much: something else ran on the machine meanwhile"


UNSTABLE = 1.3
"""How many times the shortest run the longest one may take on a machine that nothing disturbs."""
