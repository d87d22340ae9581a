"""The page of a layer on a device: each kernel's time derived, which part of it is longest, and where constants come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from archcalc.analysis.timing.costs import LEAST_EDGE
from archcalc.analysis.timing.machine import name_type
from archcalc.ground.errors import visible
from archcalc.questions.duration import ExplainedKernel, TimeConstant, TimeExplanation, TimeStep
from archcalc.sheet.kinds import CALCULATION, COUNT, DURATION, TEXT, WORDS, WORK_RATE
from archcalc.sheet.numbers import percent, write_real
from archcalc.sheet.pages import page_of
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.explanation import introduce
from archcalc.views.page import about, facts, state_placement, subtitle, used_letters
from archcalc.views.particulars import tensors

COLUMNS = (
    Column("kernel", "#", COUNT, "which kernel it is of; null where it is of the layer"),
    Column("figure", "step", TEXT, "what the step is called in those that follow"),
    Column("derivation", "symbols = numbers = result", CALCULATION, "how it comes about"),
    Column("meaning", "what it is", WORDS, "what it is", 1),
)
MEANINGS = {
    "read": "what it reads",
    "written": "what it writes",
    "passes": "rows or windows that it goes through one by one",
    "macs": "what it multiplies",
    "rows": "rows of the product",
    "columns": "columns of the product",
    "depth": "depth of the product: what is added up for each number of it",
    "groups": "products side by side",
    "taps": "into how many pieces the depth is divided: positions of a filter's window",
    "start": "what it takes however little it does",
    "width": "depth of each tap: channels that a filter sees",
    "step": "to how many numbers the depth of a tap is padded",
    "padded": "depth as it is worked through",
    "parts": "parts of the product, each of so many rows and columns: what a core works out at a time",
    "share": "parts for each core",
    "waves": "how often the cores are filled; the last wave counts for less where it does not fill them",
    "speed": f"how fast a core multiplies a part of this size; slower than the largest, whose edge to area is {LEAST_EDGE:.4g}",
    "part": "time of a part: its numbers times the depth, and the prologue",
    "reach": "part of the peak that groups of so many channels reach; of that of float32 where they are no power of two",
    "rate": "MACs a microsecond, no more than the peak of the type",
    "work": "time to multiply",
    "moved": "what it reads and writes",
    "held": "what the last cache holds of it, which is faster",
    "moving": "time to read and write, at the part of the bandwidth that kernels reach",
    "time": "time of the kernel: the start, and then the longer one",
    "bound": "the least that physics allows: all at the peak, or all but the cache's at full bandwidth",
    "waiting": "what the device waits until the host has called its kernels",
}
SIZES = ("read", "written", "passes", "macs", "rows", "columns", "depth", "groups", "taps")
"""The steps that follow from shapes, in their letters; the others are made of steps and of constants."""
WORD = re.compile("[A-Za-z]{2,}")
KINDS: Mapping[str, str] = {
    "elementwise": "a pass over memory",
    "joined": "a pass that is part of another kernel",
    "function": "a pass that takes a transcendental function of each number",
    "stretched": "a pass one of whose sides is stretched over the other",
    "bias": "a pass that adds the bias",
    "copy": "a copy to memory in order",
    "batchnorm": "a pass that normalises each channel",
    "rows": "a pass row by row",
    "mean": "a mean over many numbers",
    "avgpool": "the mean of each window",
    "maxpool": "the largest of each window",
    "product": "a product of matrices",
    "convolution": "a convolution of 1×1, as a product of matrices",
    "window": "a convolution, as a product of matrices",
    "grouped": "a convolution in groups",
    "uneven": "a convolution in groups whose channels are no power of two",
    "depthwise": "a depthwise convolution",
    "attention": "an attention in one kernel",
}
LONGEST = {
    "launch": "its start takes longest",
    "compute": "multiplying takes longer than reading and writing",
    "memory": "reading and writing takes longer than multiplying",
}


@page_of("TimeExplanation")
def show(explanation: TimeExplanation, form: str) -> Sheet:
    """Return what `explain --device` shows of a layer."""
    return of_layer(explanation)


def of_layer(explanation: TimeExplanation) -> Sheet:
    """Return why a layer takes as long as it does."""
    row, report = explanation.row, explanation.report
    device = explanation.timing.placement.device
    formulas = " ".join(
        step.symbols for kernel in explanation.kernels for step in kernel.steps if step.name in SIZES
    )
    return Sheet(
        columns=COLUMNS,
        rows=(*_rows(explanation),),
        title=f"{report.name}: {row.name} on {visible(device.title)}",
        subtitle=(*introduce(row, report), *tensors(row), subtitle(report)[0]),
        summary=(
            *_sum_up(explanation),
            *used_letters(WORD.sub(" ", formulas), explanation.legend).items(),
            *((constant.name, _tell(constant)) for constant in explanation.constants),
        ),
        notes=(*_notes(explanation),),
        facts=facts(report) | {"layer": row.name, **about(row, report), **_plain(explanation)},
    )


def _rows(explanation: TimeExplanation) -> Iterator[tuple[object, ...]]:
    """Yield a row for each step of each kernel, and of their sum."""
    for number, kernel in enumerate(explanation.kernels, 1):
        for step in kernel.steps:
            yield number, step.name, _steps(step), MEANINGS[step.name]
    for step in explanation.list_sums():
        yield "", step.name, _steps(step), MEANINGS.get(step.name, "time of the layer")


def _steps(step: TimeStep) -> tuple[str, str, float, str]:
    return step.symbols, step.numbers, step.result, step.unit


def _sum_up(explanation: TimeExplanation) -> Iterator[tuple[str, str]]:
    """Yield what each kernel is, how its product is cut, and which part takes longest."""
    if explanation.nothing:
        yield "no kernel", explanation.nothing
    for number, kernel in enumerate(explanation.kernels, 1):
        yield (f"kernel {number}", "; ".join(_describe(kernel, explanation)))
    if explanation.time and explanation.kernels:
        time = explanation.time
        yield (
            "time",
            f"{DURATION.text(time.us)}, at least {DURATION.text(time.bound_us)} by the physical bound",
        )


def _describe(kernel: ExplainedKernel, explanation: TimeExplanation) -> Iterator[str]:
    """Yield what a kernel is and does."""
    timed, values = kernel.timed, kernel.values
    what = KINDS[timed.kernel.kind]
    yield f"{what}: that of {visible(explanation.host)}" if timed.kernel.kind == "joined" else what
    if kernel.tile and kernel.split:
        rows, columns = kernel.tile
        among = f", the depth of each among {kernel.split} cores" if kernel.split > 1 else ""
        cores = write_real(explanation.timing.machine.cores)
        yield (
            f"{write_real(values['parts'])} parts of {rows}×{columns}{among}, on {cores} cores "
            f"{write_real(values['waves'])} waves"
        )
    yield LONGEST[kernel.bound_by]
    if kernel.macs:
        rate = 2 * kernel.macs / timed.cost.us * 1e6
        share = kernel.macs / explanation.timing.machine.peak / timed.cost.us
        yield f"reaches {WORK_RATE.text(round(rate))}, {percent(share)} of the peak"


def _tell(constant: TimeConstant) -> str:
    """Return how much a constant is, what it means and where it comes from."""
    whence = constant.origin if constant.origin == "fitted" else f"{constant.origin}: {constant.source}"
    amount = f"{write_real(constant.value)} {constant.unit}".rstrip()
    return f"{amount}{'' if constant.unit in ('µs', 'ns') else ','} {constant.meaning} ({whence})"


def _notes(explanation: TimeExplanation) -> Iterator[str]:
    """Yield what constants were fitted to, and that others can be seen."""
    fitted = dict.fromkeys(
        constant.source for constant in explanation.constants if constant.origin == "fitted"
    )
    yield from (f"fitted to: {source}" for source in fitted)
    if "plain_peak" in {constant.name for constant in explanation.constants}:
        yield "plain_peak is that of cores without units for matrices; the physical bound takes the peak"
    yield "archcalc latency with the same options shows all layers"


def _plain(explanation: TimeExplanation) -> dict[str, object]:
    """Return what machines are told of a layer's time."""
    timing, time = explanation.timing, explanation.time
    return {
        "device": state_placement(timing.placement),
        "number_type": name_type(explanation.report.dtype),
        "time_us": DURATION.plain(time and time.us),
        "bound_us": DURATION.plain(time and time.bound_us),
        "waiting_us": DURATION.plain(time and time.waiting),
        "nothing": explanation.nothing or None,
        "joins": explanation.host or None,
        "kernels": [_plain_kernel(kernel) for kernel in explanation.kernels],
        "constants": [
            constant._asdict() | {"unit": constant.unit or None} for constant in explanation.constants
        ],
    }


def _plain_kernel(kernel: ExplainedKernel) -> dict[str, object]:
    timed = kernel.timed
    start, work, traffic = map(DURATION.plain, timed.cost)
    return {
        "kind": timed.kernel.kind,
        "start_us": start,
        "work_us": work,
        "traffic_us": traffic,
        "time_us": DURATION.plain(timed.cost.us),
        "bound_us": DURATION.plain(timed.bound),
        "bound_by": kernel.bound_by,
        "macs": kernel.macs,
        "tile": kernel.tile and list(kernel.tile),
        "split": kernel.split,
    }
