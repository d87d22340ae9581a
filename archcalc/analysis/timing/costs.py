"""What a kernel costs on a device: a start, and then the work or the traffic, whichever takes longer.

The formulas take single numbers as well as arrays of them, so that constants are fitted by the same formulas that predict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from archcalc.op.kernels import Kernel, KernelKind, Product

TILES = ((256, 128), (128, 256), (128, 128), (128, 64), (64, 128), (64, 64), (64, 32), (32, 32))
"""The parts of a product, in rows and columns, that one core works out at a time."""
LEAST_EDGE = (256 + 128) / (256 * 128)
"""Edge to area of the largest part: what is read for each product in it."""
SPLITS = (1, 2, 4, 8, 16)
"""Among how many cores the depth of a part may be split."""
ROW_BYTES = 64
"""To how many bytes the numbers of a tap are padded."""
SHORTEST = 32
"""The least depth that a core works through."""
WIDEST_GROUP = 64
FULL_GROUP = 32
SHARPNESS = 4
"""How little work and traffic get into each other's way: the power of the norm that adds them up."""

Real = Any
"""A number, or an array of them."""


class Machine(NamedTuple):
    """A device as the formulas take it, with numbers of one type.

    Attributes:
        size: bytes of a number.
        peak: multiply-accumulates a microsecond.
        plain_peak: those of the cores that multiply no matrices.
        bandwidth: bytes a microsecond.
        cache: bytes of the last cache.
        cores: how many parts of a product are worked out at a time.
        constants: see `CONSTANTS`.
    """

    size: int
    peak: float
    plain_peak: float
    bandwidth: float
    cache: float
    cores: float
    constants: Mapping[str, float]

    def start(self, kind: KernelKind) -> float:
        """Return the microseconds that a kernel takes however little it does."""
        c = self.constants
        return 0 if kind == "joined" else c.get(f"{kind}_start", c["start"])

    def speed(self, kind: KernelKind) -> float:
        """Return the bytes a microsecond that a kernel moves."""
        c = self.constants
        return self.bandwidth * c.get(f"{kind}_traffic", c["traffic"])


def smaller(a: Real, b: Real) -> Real:
    """Return the smaller of two numbers."""
    return (a + b - abs(a - b)) / 2


def larger(a: Real, b: Real) -> Real:
    """Return the larger of two numbers."""
    return (a + b + abs(a - b)) / 2


def time_kernel(kernel: Kernel, machine: Machine) -> Real:
    """Return the microseconds of a kernel."""
    work, traffic = time_work(kernel, machine), time_traffic(kernel, machine)
    start = machine.start(kernel.kind)
    if kernel.kind == "uneven":
        start = start + machine.constants["uneven_start"] * smaller(kernel.product.groups / 8, 1)
    return start + (work**SHARPNESS + traffic**SHARPNESS) ** (1 / SHARPNESS)


def time_traffic(kernel: Kernel, machine: Machine) -> Real:
    """Return the microseconds in which a kernel reads and writes; what the cache holds is faster."""
    moved = (kernel.read + kernel.written) * machine.size
    cached = smaller(moved, machine.cache)
    passed = (cached / machine.constants["cached"] + (moved - cached)) / machine.speed(kernel.kind)
    if kernel.kind == "mean":
        return passed + machine.constants["mean_each"] * (kernel.read / kernel.written) ** 0.5
    return passed + kernel.rows * machine.constants.get(f"{kernel.kind}_each", 0) / 1000


def time_work(kernel: Kernel, machine: Machine) -> Real:
    """Return the microseconds in which a kernel multiplies."""
    c, product = machine.constants, kernel.product
    match kernel.kind:
        case "product":
            return time_product(product, machine, c["product_reach"])
        case "convolution" | "window":
            return time_product(product, machine, c["convolution_reach"])
        case "grouped":
            width = product.depth / product.taps
            return product.macs / (
                machine.peak * c["grouped_reach"] * smaller(width, WIDEST_GROUP) / FULL_GROUP
            )
        case "uneven":
            width = product.depth / product.taps
            return product.macs / (
                machine.plain_peak * c["uneven_reach"] * smaller(width, c["uneven_widest"]) / FULL_GROUP
            )
        case "depthwise":
            return product.macs / (machine.plain_peak * c["depthwise_reach"])
        case "attention":
            return kernel.macs / (machine.peak * c["attention_reach"])
        case _:
            return 0


def time_product(product: Product, machine: Machine, reach: float) -> Real:
    """Return the microseconds of matrix products, cut into the parts that suit them best."""
    c = machine.constants
    step = ROW_BYTES // machine.size
    depth = -(-product.depth // product.taps // step) * step * product.taps
    best: Real = None
    for rows, columns in TILES:
        parts = -(-product.rows // rows) * -(-product.columns // columns) * product.groups
        slower = (1 + c["tile"] * (rows + columns) / (rows * columns)) / (1 + c["tile"] * LEAST_EDGE)
        speed = machine.peak * reach / machine.cores / slower
        for split in SPLITS:
            share = parts * split / machine.cores
            whole = -(-share // 1)
            waves = larger(1, whole - (1 - c["wave"]) * (whole - share))
            each = rows * columns * larger(-(-depth // split), SHORTEST) / speed + c["prologue"]
            total = waves * each + (c["split"] if split > 1 else 0)
            best = total if best is None else smaller(best, total)
    return best
