"""What a kernel costs on a device: a start, and then its work or its traffic, whichever takes longer.

The formulas take single numbers as well as arrays of them, so that constants are fitted by the same formulas that predict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

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
"""A number, or an array of them."""


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

    size: int
    peak: float
    plain_peak: float
    bandwidth: float
    cache: float
    cores: float
    constants: Mapping[str, float]

    def start(self, kind: KernelKind) -> float:
        """Return the microseconds that a kernel takes however little it does; none where it is part of another one."""
        return 0 if kind == "joined" else self.constants.get(f"{kind}_start", self.constants["start"])

    def speed(self, kind: KernelKind) -> float:
        """Return the bytes a microsecond that a kernel reads and writes."""
        return self.bandwidth * self.constants.get(f"{kind}_traffic", self.constants["traffic"])


def smaller(a: Real, b: Real) -> Real:
    """Return the smaller of two numbers."""
    return (a + b - abs(a - b)) / 2


def larger(a: Real, b: Real) -> Real:
    """Return the larger of two numbers."""
    return (a + b + abs(a - b)) / 2


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
        start = start + machine.constants["group_start"] * smaller(kernel.product.groups, FEW_GROUPS)
    return KernelCost(start, time_work(kernel, machine), time_traffic(kernel, machine))


def time_traffic(kernel: Kernel, machine: Machine) -> Real:
    """Return the microseconds in which a kernel reads and writes; what the cache holds is faster, each row or window takes its time."""
    constants = machine.constants
    read: Real = kernel.read
    written: Real = kernel.written
    rows: Real = kernel.rows
    moved = (read + written) * machine.size
    cached = smaller(moved, machine.cache)
    passed = (cached / constants["cached"] + (moved - cached)) / machine.speed(kernel.kind)
    if kernel.kind == "mean":
        return passed + constants["mean_step"] * (read / written) ** 0.5
    return passed + rows * constants.get(f"{kernel.kind}_each", 0) / 1000


def time_work(kernel: Kernel, machine: Machine) -> Real:
    """Return the microseconds in which a kernel multiplies."""
    product: Real = kernel.product
    macs: Real = kernel.macs
    constants = machine.constants
    if product is None:
        return macs / (machine.peak * constants["attention_reach"])
    width = product.depth / product.taps
    match kernel.kind:
        case "grouped":
            reach = smaller(1, constants["grouped_reach"] * smaller(width, WIDEST_GROUP) / FULL_GROUP)
            return product.macs / (machine.peak * reach)
        case "uneven":
            reach = smaller(1, constants["uneven_reach"] * smaller(width, WIDEST_UNEVEN) / FULL_GROUP)
            return product.macs / (machine.plain_peak * reach)
        case "depthwise":
            return product.macs / (machine.plain_peak * constants["depthwise_reach"])
        case _:
            name = "product_reach" if kernel.kind == "product" else "convolution_reach"
            return time_product(product, machine, constants[name])


def time_product(product: Real, machine: Machine, reach: float) -> Real:
    """Return the microseconds of a `Product` of matrices, cut into the parts that suit them best."""
    step = TAP_BYTES // machine.size
    depth = -(-product.depth // product.taps // step) * step * product.taps
    best: Real = None
    for tile in TILES:
        for split in SPLITS:
            us = time_parts(product, machine, reach, depth, tile, split)
            best = us if best is None else smaller(best, us)
    return best


def time_parts(
    product: Real, machine: Machine, reach: float, depth: Real, tile: tuple[int, int], split: int
) -> Real:
    """Return the microseconds of a product that is cut into parts of one size: waves of them over all cores."""
    constants = machine.constants
    rows, columns = tile
    parts = -(-product.rows // rows) * -(-product.columns // columns) * product.groups
    share = parts * split / machine.cores
    whole = -(-share // 1)
    waves = larger(1, whole - (1 - constants["wave"]) * (whole - share))
    edge = constants["edge"] * (rows + columns) / (rows * columns)
    speed = machine.peak * reach / machine.cores * (1 + constants["edge"] * LEAST_EDGE) / (1 + edge)
    part = rows * columns * larger(-(-depth // split), SHORTEST) / speed + constants["prologue"]
    return waves * part + (constants["split"] if split > 1 else 0)
