"""Products of matrices and of tensors in general, both sides of which are computed: attention is made of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import AttentionPart, Backward, Cast, Device, Keeps, Saved, gradient_of, regroup
from archcalc.op.kernels import Kernel, Kernels, Product
from archcalc.op.op import Op, Work, op
from archcalc.op.settings import flag
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import check_stretches, stretch

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


OTHER_SIDE = gradient_of("the other side")
LAID = f"{OTHER_SIDE}; laid as a stack of matrices, which the product takes"
"""What a side is kept for, and why it is a copy."""


@op("matmul", example=(("8x16x12", "8x12x10"), {}))
class MatMul(Op):
    """Multiply two stacks of matrices: each output element is the dot product of a row and a column.

    (N, *A, n, K), (N, *A, K, m) -> (N, *A, n, m)

    Axes before the last two stretch where one side has 1 or none. `transposed` turns the matrices on the
    right first, (N, *A, m, K): a·bᵀ, the scores of attention. Source: torch.matmul; Vaswani et al. 2017.
    """

    traits = Traits(takes=(2, 2))

    transposed: bool = flag("turn the right side: a·bᵀ", default=False)

    def check(self, at: Spot) -> None:
        a, b = at.xs
        if min(len(a), len(b)) < 2:
            raise ArchcalcError("multiplies matrices, but one side has a single axis")
        if a[-1] != self._terms(b):
            raise ArchcalcError(
                f"rows of {a[-1]} numbers do not meet columns of {self._terms(b)}",
                setting="transposed" if self.transposed else None,
                hint="transposed: true turns the right side"
                if not self.transposed and a[-1] == b[-1]
                else f"a row on the left must be as long as a column on the right: {a[-1]}",
            )
        check_stretches(a[:-2], b[:-2])

    def _terms(self, b: Shape) -> Number:
        return b[-1] if self.transposed else b[-2]

    def output(self, at: Site) -> Shape:
        a, b = at.xs
        return (*stretch(a[:-2], b[:-2]), a[-2], b[-2] if self.transposed else b[-1])

    def field(self, at: Site) -> Field:
        return "whole"

    def work(self, at: Site) -> Work:
        return Work(macs=prod(at.y) * at.x[-1])

    def gradients(self, at: Site, needed: Sequence[bool], learnt: Collection[str]) -> Number:
        return self.work(at).macs * sum(needed)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return each side that the other's gradient needs; one that does not lie as a stack of matrices is copied."""
        (a, b), (lie_a, lie_b) = at.xs, step.strides
        if self.transposed:
            b, lie_b = _turned(b), _turned(lie_b)
        stack = at.y[:-2] if len(b) > 2 else ()  # a single matrix on the right meets all rows at once
        sides = ((0, a, lie_a, stack or a[:-2]), (1, b, lie_b, stack))
        needed = reversed(step.needed)
        kept = (_stacked(*side) for side, is_needed in zip(sides, needed, strict=True) if is_needed)
        return Keeps(*kept, why=OTHER_SIDE)

    def cast(self, at: Site, device: Device) -> Cast:
        return "low"

    def attends(self, at: Site) -> AttentionPart:
        return "scores" if self.transposed else "mix"

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return the product, after copies of the sides whose matrices do not lie in order."""
        (*_, rows, columns), depth = at.y, at.x[-1]
        sides = zip(at.xs, strides, strict=True)
        copied = [Kernel("copy", prod(x), prod(x)) for x, lie in sides if not _is_stack(x, lie)]
        product = Product(rows, columns, depth, prod(at.y[:-2]))
        return (*copied, Kernel("product", sum(map(prod, at.xs)), prod(at.y), product))

    def forward(self, a: Array, b: Array) -> Array:
        from archcalc.arrays.kernels import product

        return product(a, b.swapaxes(-1, -2) if self.transposed else b)


def _turned(sizes: Shape) -> Shape:
    """Return sizes or strides of matrices that are transposed."""
    return (*sizes[:-2], sizes[-1], sizes[-2])


def _stacked(number: int, x: Shape, strides: Shape, stack: Shape) -> int | Saved:
    """Return what is kept of an input whose matrices make a stack: itself, or a copy where it does not lie so."""
    added = len(stack) + 2 - len(x)
    whole = (*stack, *x[-2:])
    stretched = (*(0 for _ in range(added)), *strides)
    sizes = (*(1 for _ in range(added)), *x)
    stretched = tuple(0 if old != new else s for old, new, s in zip(sizes, whole, stretched, strict=True))
    lies = regroup(whole, stretched, (prod(stack), *x[-2:])) is not None
    return number if lies else Saved("copy", whole, LAID)


def _is_stack(x: Shape, strides: Shape) -> bool:
    """Tell whether matrices lie as a stack, their rows or their columns in order, so that a product takes them as they are."""
    stacked = regroup(x[:-2], strides[:-2], (prod(x[:-2]),)) is not None
    return stacked and any(bool(stride == 1) for stride in strides[-2:])
