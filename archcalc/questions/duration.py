"""Why a layer takes as long as it does on a device: the formulas of time replayed on numbers that remember their steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, cast

from archcalc.analysis.figures.timing import find_timing
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.analysis.timing.costs import Machine, find_bound, find_cost, find_reach, list_cuts
from archcalc.analysis.timing.device import Origin
from archcalc.analysis.timing.fusing import fuse
from archcalc.analysis.timing.launches import RULES, Stand, list_kernels
from archcalc.analysis.timing.machine import name_type, say_what
from archcalc.analysis.timing.timing import LayerTime, TimedKernel, Timing
from archcalc.analysis.training.attention import find_attentions
from archcalc.arithmetic.calculated import Calculated, as_calculated, call
from archcalc.arithmetic.number import Number
from archcalc.arithmetic.term import as_term
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.op.kernels import Kernel, Product
from archcalc.op.site import Site
from archcalc.questions.explain import legend_of, symbolic_inputs, symbolic_output
from archcalc.sheet.numbers import write_real
from archcalc.sheet.pages import Paged


class TimeStep(NamedTuple):
    """A step of a derivation: what it is called, symbols, numbers, and what it comes to in a unit."""

    name: str
    symbols: str
    numbers: str
    result: float
    unit: str = ""


class TimeConstant(NamedTuple):
    """What the formulas take of a device: its name there, how much it is, what it means, where it comes from, who says so."""

    name: str
    value: float
    unit: str
    meaning: str
    origin: Origin
    source: str


class ExplainedKernel(NamedTuple):
    """A kernel of a layer, and each step of its time.

    `tile` are the rows and columns of the parts that a product of matrices is cut into, and `split` the number of cores
    among which the depth of a part is split; None for other kernels. `values` are what the steps come to, by name.
    """

    timed: TimedKernel
    steps: tuple[TimeStep, ...]
    tile: tuple[int, int] | None
    split: int | None
    leaves: tuple[str, ...]

    @property
    def values(self) -> dict[str, float]:
        """What the steps come to."""
        return {step.name: step.result for step in self.steps}

    @property
    def bound_by(self) -> str:
        """What takes longest: its start, its multiplications, or what it reads and writes."""
        start, work, traffic = self.timed.cost
        return "launch" if start > max(work, traffic) else "compute" if work > traffic else "memory"

    @property
    def macs(self) -> int:
        """Its multiply-accumulates."""
        return int(self.timed.kernel.all_macs)


class TimeFields(NamedTuple):
    """What an explanation of time consists of.

    `nothing` says why a layer has no kernels, or that nobody knows them; `host` is the layer that its first kernel joins.
    """

    row: Row
    time: LayerTime | None
    kernels: tuple[ExplainedKernel, ...]
    constants: tuple[TimeConstant, ...]
    legend: Mapping[str, str]
    nothing: str
    host: str
    report: Report
    timing: Timing


class TimeExplanation(TimeFields, Paged):
    """A layer on a device: each kernel's time derived, and where each constant comes from."""

    __slots__ = ()

    def list_sums(self) -> tuple[TimeStep, ...]:
        """Return how the time of the layer follows from that of its kernels, and its physical bound; nothing where it has none."""
        time = self.time
        if time is None or not self.kernels:
            return ()
        costs = [Calculated(each.cost.us, f"time {number}") for number, each in enumerate(time.kernels, 1)]
        waiting = [Calculated(time.waiting, "waiting")] if time.waiting else []
        steps = (
            [TimeStep("waiting", "waiting", write_real(time.waiting), time.waiting, "µs")] if waiting else []
        )
        return (*steps, _write(call("layer", as_calculated(sum([*waiting, *costs])), "µs")))

    def __repr__(self) -> str:
        layer = f"{visible(self.row.name)} of {visible(self.report.name)}"
        return f"<TimeExplanation of {layer}: {len(self.kernels)} kernels>"


def explain_time(report: Report, layer: str) -> TimeExplanation:
    """Derive how long a layer takes on the device that the report was made for.

    Args:
        report: what `analyze` returned, with a `device`.
        layer: the layer's name.

    Raises:
        ArchcalcError: there is no such layer, no device, or the device is not known well enough.
    """
    position = report.position(layer)
    timing = find_timing(report)
    if timing is None:
        raise ArchcalcError(
            "no device is named, so that nobody knows how long a layer takes",
            hint='analyze(…, device="h100")',
        )
    run, row = report.run, report.rows[position]
    traced, host = _trace_kernels(report, timing, position)
    time = timing.layers[position]
    machine = _name_machine(timing.machine)
    kernels = tuple(
        _explain_kernel(timed, kernel, machine, timing.machine)
        for timed, kernel in zip(time.kernels if time else (), traced, strict=True)
    )
    names = dict.fromkeys(name for kernel in kernels for name in kernel.leaves)
    names |= dict.fromkeys(["dispatch"] if time and time.waiting else [])
    return TimeExplanation(
        row=row,
        time=time,
        kernels=kernels,
        constants=tuple(_source(name, timing, report) for name in names),
        legend=legend_of(
            run.facts[position].op, [report.rows[x] for x in run.nodes[position].inputs], report
        ),
        nothing="" if kernels else _say_why_none(report, timing, position),
        host=host,
        report=report,
        timing=timing,
    )


def _trace_kernels(report: Report, timing: Timing, position: int) -> tuple[tuple[Kernel, ...], str]:
    """Return the kernels of a layer with terms for their sizes, and the layer that the first of them joins."""
    run = report.run
    facts, row = run.facts[position], report.rows[position]
    op = facts.op.trace()
    at = Site(symbolic_inputs(row.input_shapes, op.letters))
    stand = Stand(op, at._replace(y=symbolic_output(op.output(at), op.letters)))
    launched, host = list_kernels(run, {position: stand}), None
    if timing.placement.mode == "fused":
        fused = fuse(run, launched)
        launched, host = fused.launched, fused.hosts[position]
    return launched[position] or (), "" if host is None else run.nodes[host].name


LEAVES = ("peak", "plain_peak", "bandwidth", "cache", "cores")
"""What is stated of a device that the formulas take beside its constants."""


def _name_machine(machine: Machine) -> Machine:
    """Return a device whose values remember what they are called."""
    return machine._replace(
        size=Calculated(machine.size, "bytes"),
        **{name: Calculated(getattr(machine, name), name) for name in LEAVES},
        constants={name: Calculated(value, name) for name, value in machine.constants.items()},
    )


def _explain_kernel(timed: TimedKernel, kernel: Kernel, machine: Machine, plain: Machine) -> ExplainedKernel:
    """Return the steps of a kernel's time; `kernel` has terms for its sizes, `plain` is the device without names."""
    sizes = _list_sizes(kernel)
    named = _name_kernel(kernel)
    cost = find_cost(named, machine)
    start = call("start", cost.start, "µs")
    us = as_calculated(call("time", cost._replace(start=start).us, "µs"))
    bound = as_calculated(call("bound", find_bound(named, machine), "µs"))
    found = dict.fromkeys(step.symbol for step in us.steps())
    tile = split = None
    if kernel.product and "parts" in found:
        cuts = list_cuts(_plain_product(kernel.product), plain, find_reach(kernel.kind, plain))
        _, tile, split = min(cuts, key=lambda cut: float(cut[0]))
    steps = [_write(step) for step in us.steps()]
    of_device = {*LEAVES, *machine.constants}
    leaves = [leaf.symbol for leaf in (*us.leaves(), *bound.leaves()) if leaf.symbol in of_device]
    return ExplainedKernel(timed, (*sizes, *steps, _write(bound)), tile, split, tuple(leaves))


def _write(step: Calculated) -> TimeStep:
    return TimeStep(step.symbol, step.symbols(write_real), step.numbers(write_real), step.value, step.unit)


def _list_sizes(kernel: Kernel) -> list[TimeStep]:
    """Return how the sizes of a kernel follow from shapes; without those of one and of none."""
    sizes = {"read": kernel.read, "written": kernel.written, "passes": kernel.rows, "macs": kernel.macs}
    if kernel.product:
        sizes |= kernel.product._asdict()
    units = {"read": "numbers", "written": "numbers", "macs": "MACs"}
    terms = {name: as_term(size) for name, size in sizes.items()}
    least = {"groups": 2, "taps": 2}
    return [
        TimeStep(name, term.symbols(), term.numbers(), term.value, units.get(name, ""))
        for name, term in terms.items()
        if term.value >= least.get(name, 1)
    ]


def _name_kernel(kernel: Kernel) -> Kernel:
    """Return a kernel whose sizes remember what they are called."""
    product = kernel.product and Product(
        *(_name(name, size) for name, size in kernel.product._asdict().items())
    )
    return Kernel(
        kernel.kind,
        _name("read", kernel.read),
        _name("written", kernel.written),
        product,
        _name("macs", kernel.macs),
        _name("passes", kernel.rows),
    )


def _name(name: str, size: Number) -> Number:
    """Return a size that remembers what it is called; one that is neutral leaves no trace."""
    value = int(size)
    is_neutral = value == 0 or (value == 1 and name in ("groups", "taps"))
    return cast("Number", Calculated(value, "" if is_neutral else name))


def _plain_product(product: Product) -> Product:
    return Product(*map(int, product))


def _source(name: str, timing: Timing, report: Report) -> TimeConstant:
    """Return what the formulas take of a device, and where it comes from."""
    device, machine = timing.placement.device, timing.machine
    if name in LEAVES:
        stated = {
            "peak": device.peaks.get(name_type(report.dtype)),
            "plain_peak": device.peaks.get("float32"),
        }.get(name, getattr(device, name, None))
        unit, meaning = MEANINGS[name]
        origin, source = (stated.origin, stated.source) if stated else ("assumed", "nothing is stated of it")
        return TimeConstant(name, getattr(machine, name), unit, meaning, origin, source)
    meaning = say_what(name)
    unit, _, rest = meaning.partition(" ")
    unit, meaning = (unit, rest) if unit in ("µs", "ns") else ("", meaning)
    whose = "" if device.constants_from in ("", device.name) else f" on {device.constants_from}"
    source = f"{device.constants_source}{whose}"
    return TimeConstant(name, machine.constants[name], unit, meaning, device.constants_origin, source)


MEANINGS = {
    "peak": ("MACs/µs", "multiply-accumulates at most, each of them two operations"),
    "plain_peak": (
        "MACs/µs",
        "multiply-accumulates in float32 at most, of the cores that multiply no matrices",
    ),
    "bandwidth": ("B/µs", "bytes that memory gives and takes at most"),
    "cache": ("B", "bytes of the last cache"),
    "cores": ("", "parts of a product that are worked out at a time"),
}


def _say_why_none(report: Report, timing: Timing, position: int) -> str:
    """Return why a layer runs no kernel, or that nobody knows which."""
    run = report.run
    facts, inputs = run.facts[position], run.nodes[position].inputs
    if timing.layers[position] is None:
        return "nobody knows which kernels it runs, nor how long they take"
    attention = find_attentions(run, RULES.device).get(position)
    if attention is not None:
        last = run.nodes[attention.layers[-1]].name
        return f"part of an attention that one kernel works out, whose time counts at {visible(last)}"
    if not inputs:
        return "it is there before the pass begins: nothing runs"
    source = visible(run.nodes[inputs[0]].name)
    if facts.op.drops():
        return f"it leaves numbers out in training alone: at inference its output is that of {source}"
    return f"a view: its output is that of {source} as it lies in memory, and nothing runs"
