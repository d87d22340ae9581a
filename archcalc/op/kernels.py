"""What a forward pass runs for an op on a device: its kernels, what each reads and writes, and what it multiplies.

The kernels are those that PyTorch launches at inference, read from profiles of networks layer by layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar, Literal, NamedTuple

from archcalc.arithmetic.number import Number
from archcalc.op.site import Shape, Site

KernelKind = Literal[
    "elementwise",
    "joined",
    "function",
    "stretched",
    "bias",
    "copy",
    "batchnorm",
    "rows",
    "mean",
    "avgpool",
    "maxpool",
    "product",
    "convolution",
    "window",
    "grouped",
    "uneven",
    "depthwise",
    "attention",
]
"""Kinds of kernels, each with its own costs.

Of the passes over memory, one that is joined to the pass before it adds what it reads beside; a function is transcendental; stretched is an operation one of whose sides is stretched over the
other, as a gate is; rows are normalised one by one, as in a softmax; mean makes one number of many, and the pools of each window. Of those
that multiply, a convolution is one of 1x1 on all channels and a window any larger one, whose rows overlap in memory.
"""


class Product(NamedTuple):
    """`groups` products of matrices, (rows x depth)·(depth x columns).

    In a convolution the depth is so many `taps`, each with as many numbers as there are channels that a filter sees.
    """

    rows: Number
    columns: Number
    depth: Number
    groups: Number = 1
    taps: Number = 1

    @property
    def macs(self) -> Number:
        """Its multiply-accumulates."""
        return self.groups * self.rows * self.columns * self.depth


class Kernel(NamedTuple):
    """A kernel: how many numbers it reads and writes, and what it multiplies, if anything.

    `macs` are those of a kernel that multiplies something else than matrices alone, `rows` how many rows or windows it goes
    through one by one.
    """

    kind: KernelKind
    read: Number
    written: Number
    product: Product | None = None
    macs: Number = 0
    rows: Number = 0

    @property
    def all_macs(self) -> Number:
        """Its multiply-accumulates, those of its product among them."""
        return self.product.macs if self.product else self.macs

    @property
    def moved(self) -> Number:
        """How many numbers it reads and writes."""
        return self.read + self.written


Kernels = tuple[Kernel, ...]


def pass_over(kind: KernelKind, at: Site, rows: Number = 0) -> Kernel:
    """Return the kernel that reads the inputs and writes the output, row by row if it has to."""
    return Kernel(kind, sum(prod(x) for x in at.xs), prod(at.y), rows=rows)


class Timed:
    """What any op can say of its kernels. Unless it does so, nobody knows them, nor how long it takes."""

    runs_as: ClassVar[KernelKind | None] = None
    """The kind of its kernel, where that is a single one that reads the inputs and writes the output."""

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels | None:
        """Return its kernels where the output is a new tensor, for inputs that lie so in memory; None where nobody knows them."""
        return None if self.runs_as is None else (pass_over(self.runs_as, at),)
