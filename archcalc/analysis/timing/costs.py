"""What a kernel costs on a device: a start, and then its work or its traffic, whichever takes longer.

The formulas take single numbers, arrays of them, so that constants are fitted by the same formulas that predict, and numbers
that remember how they were made, so that they explain by the same ones, too: `call` says what a step is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from archcalc.arithmetic.calculated import call, larger, least, smaller
from archcalc.op.kernels import Kernel, KernelKind

TILES = ((256, 128), (128, 256), (128, 128), (128, 64), (64, 128), (64, 64), (64, 32), (32, 32))
"""The parts of a product, in rows and columns, that one core works out at a time."""
LEAST_EDGE = (256 + 128) / (256 * 128)
"""Edge to area of the largest part: what is read for each product in it."""
SPLITS = (1, 2, 4, 8, 16)
"""Among how many cores the depth of a part may be split."""
TAP_BYTES = 64
"""To how many bytes the numbers of a tap are padded."""
SHORTEST = 32
"""The least depth that a core works through."""
FULL_GROUP, WIDEST_GROUP = 32, 64
"""Channels of a group that fill what works on it, and beyond which more of them make it no faster."""
WIDEST_UNEVEN = 150
"""The same where the channels are no power of two."""
FEW_GROUPS = 8
"""Groups that are worked on at a time where their channels are no power of two."""

Real = Any
"""A number, an array of them, or one that remembers how it was made."""


class Machine(NamedTuple):
    """A device as the formulas take it, with numbers of one type.

    Attributes:
        size: bytes of a number.
        peak: multiply-accumulates a microsecond.
        plain_peak: those of the cores that multiply no matrices, no more than that.
        bandwidth: bytes a microsecond.
        cache: bytes of the last cache.
        cores: how many parts of a product are worked out at a time.
        constants: by name, see `CONSTANTS`.
    """

    size: Real
    peak: Real
    plain_peak: Real
    bandwidth: Real
    cache: Real
    cores: Real
    constants: Mapping[str, Real]

    def start(self, kind: KernelKind) -> Real:
        """Return the microseconds that a kernel takes however little it does; none where it is part of another one."""
        return 0 if kind == "joined" else self.constants.get(f"{kind}_start", self.constants["start"])

    def speed(self, kind: KernelKind) -> Real:
        """Return the bytes a microsecond that a kernel reads and writes."""
        return self.bandwidth * self.constants.get(f"{kind}_traffic", self.constants["traffic"])


class KernelCost(NamedTuple):
    """The microseconds of a kernel: its start, its multiplications, and what it reads and writes meanwhile."""

    start: Real
    work: Real
    traffic: Real

    @property
    def us(self) -> Real:
        """All of it."""
        return self.start + larger(self.work, self.traffic)


def find_cost(kernel: Kernel, machine: Machine) -> KernelCost:
    """Return what a kernel costs."""
    start: Real = machine.start(kernel.kind)
    if kernel.kind == "uneven" and kernel.product:
        groups = smaller(kernel.product.groups, FEW_GROUPS)
        start = start + machine.constants["group_start"] * groups
    work, traffic = time_work(kernel, machine), time_traffic(kernel, machine)
    return KernelCost(start, call("work", work, "µs"), call("moving", traffic, "µs"))


def find_bound(kernel: Kernel, machine: Machine) -> Real:
    """Return the least microseconds that physics allows: at the peak, or with all but what the cache may hold from memory."""
    macs: Real = kernel.all_macs
    return larger(
        macs / machine.peak, larger((_move(kernel, machine) - machine.cache) / machine.bandwidth, 0)
    )


def _move(kernel: Kernel, machine: Machine) -> Real:
    """Return the bytes that a kernel reads and writes."""
    moved: Real = kernel.moved
    return call("moved", moved * machine.size, "B")


def time_traffic(kernel: Kernel, machine: Machine) -> Real:
    """Return the microseconds in which a kernel reads and writes; what the cache holds is faster, each row or window takes its time."""
    constants = machine.constants
    moved = _move(kernel, machine)
    held = call("held", smaller(moved, machine.cache), "B")
    passed = (held / constants["cached"] + (moved - held)) / machine.speed(kernel.kind)
    if kernel.kind == "mean":
        read: Real = kernel.read
        return passed + constants["mean_step"] * (read / kernel.written) ** 0.5
    rows: Real = kernel.rows
    return passed + rows * constants.get(f"{kernel.kind}_each", 0) / 1000


def time_work(kernel: Kernel, machine: Machine) -> Real:
    """Return the microseconds in which a kernel multiplies."""
    product: Real = kernel.product
    macs: Real = kernel.macs
    constants = machine.constants
    if product is None:
        return macs / (machine.peak * constants["attention_reach"])
    width = call("width", product.depth / product.taps)
    match kernel.kind:
        case "grouped":
            reach = smaller(1, constants["grouped_reach"] * smaller(width, WIDEST_GROUP) / FULL_GROUP)
            return product.macs / (machine.peak * call("reach", reach))
        case "uneven":
            reach = call("reach", constants["uneven_reach"] * smaller(width, WIDEST_UNEVEN) / FULL_GROUP)
            return product.macs / call("rate", smaller(machine.peak, machine.plain_peak * reach))
        case "depthwise":
            return product.macs / (machine.plain_peak * constants["depthwise_reach"])
        case _:
            return time_product(product, machine, find_reach(kernel.kind, machine))


def find_reach(kind: KernelKind, machine: Machine) -> Real:
    """Return what part of the peak a product of matrices reaches in its largest parts."""
    return machine.constants["product_reach" if kind == "product" else "convolution_reach"]


def time_product(product: Real, machine: Machine, reach: Real) -> Real:
    """Return the microseconds of a `Product` of matrices, cut into the parts that suit them best."""
    best: Real = None
    for us, _, _ in list_cuts(product, machine, reach):
        best = us if best is None else least(best, us)
    return best


def list_cuts(product: Real, machine: Machine, reach: Real) -> Iterator[tuple[Real, tuple[int, int], int]]:
    """Yield the microseconds of a product for each size of its parts and each number of cores that share the depth of one."""
    step = call("step", TAP_BYTES // machine.size, "numbers")
    width = call("width", product.depth // product.taps)
    depth = call("padded", -(-width // step) * step * product.taps)
    depths = [(split, larger(-(-depth // split), SHORTEST)) for split in SPLITS]
    for rows, columns in TILES:
        parts = call("parts", -(-product.rows // rows) * -(-product.columns // columns) * product.groups)
        work = rows * columns / call("speed", _find_speed(machine, reach, rows, columns), "MACs/µs")
        for split, deep in depths:
            yield _time_waves(parts, work * deep, split, machine), (rows, columns), split


def _find_speed(machine: Machine, reach: Real, rows: int, columns: int) -> Real:
    """Return the multiply-accumulates a microsecond of a core that works on parts of one size; small ones are slower."""
    edge = machine.constants["edge"]
    here = 1 + edge * (rows + columns) / (rows * columns)
    return machine.peak * reach / machine.cores * (1 + edge * LEAST_EDGE) / here


def _time_waves(parts: Real, work: Real, split: int, machine: Machine) -> Real:
    """Return the microseconds of a product's parts, each of which takes a prologue and its work: waves of them over all cores."""
    constants = machine.constants
    share = call("share", parts * split / machine.cores)
    whole = -(-share // 1)
    waves = call("waves", larger(1, whole - (1 - constants["wave"]) * (whole - share)))
    part = call("part", work + constants["prologue"], "µs")
    return waves * part + (constants["split"] if split > 1 else 0)
