"""Fully connected layers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING, Self

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import INPUT, Backward, Cast, Device, Keeps, Saved, gradient_of, regroup
from archcalc.op.kernels import Kernel, Kernels, Product
from archcalc.op.op import Op, Weights, Work, elements, extents_of, op
from archcalc.op.setting import only
from archcalc.op.settings import axis, count, flag, size
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import across, check_not_batch, others, place, replace_axis
from archcalc.ops.windows.conv import check_channels

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


class Dense(Op):
    """Base of the ops that connect every input number with every output number."""

    traits = Traits(deep=True)

    out: int = count("M", "number of outputs")
    in_: int | None = count("C", "the number of inputs, checked where stated", default=None)

    def check(self, at: Spot) -> None:
        if len(at.x) != 2:
            raise ArchcalcError(
                f"takes a flat input, but gets {extents_of(at.x)}",
                hint="put '- flatten' before it, or say axis: -1 to connect the last axis alone",
            )
        check_channels(at.x, self.in_)

    def output(self, at: Site) -> Shape:
        return (at.x[0], self.out)

    def field(self, at: Site) -> Field:
        return "whole"


@op("linear", also="dense fc fullyconnected gemm innerproduct", main="out", example=("9216", {"out": 4096}))
class Linear(Dense):
    """Connect every input number with every output number: y = Wx + b.

    (N, C) -> (N, M)

    `axis: -1` does so along the last of several axes, at each position by itself: (N, *A, C) -> (N, *A, M).
    Source: torch.nn.Linear.
    """

    traits = Traits(deep=True, gathers="products")

    bias: bool = flag("add a number per output", default=True)
    axis: int = axis("the axis whose numbers are connected", default=1)
    zero_bias: tuple[int, ...] | None = only(
        size(
            "",
            "from which output up to which, without it, the bias is 0 whatever is learnt; it counts all the same",
            default=None,
            least=0,
        ),
        "bias",
        True,
    )

    def check(self, at: Spot) -> None:
        if self.zero_bias is not None:
            self._check_range(self.zero_bias)
        if self.axis == 1:
            super().check(at)
        else:
            check_not_batch(self.axis, len(at.x))
            check_channels((1, at.x[self.axis]), self.in_)

    def _check_range(self, ends: tuple[int, ...]) -> None:
        if len(ends) != 2 or not ends[0] < ends[1] <= self.out:
            raise ArchcalcError(
                f"{'x'.join(map(str, ends))} is no range of the {self.out} outputs",
                setting="zero_bias",
                hint="write [start, stop], as [64, 128] for the second 64",
            )

    def with_bias(self, at: Spot) -> Self | None:
        return self.replace(bias=True) if place(self.axis, len(at.x)) == 1 else None

    def output(self, at: Site) -> Shape:
        return replace_axis(at.x, self.axis, self.out)

    def weights(self, at: Site) -> Weights:
        tensors: Weights = {"weight": (self.out, at.x[self.axis])}
        if self.bias:
            tensors["bias"] = (self.out,)
        return tensors

    def field(self, at: Site) -> Field:
        return across(at.x, (self.axis,))

    def work(self, at: Site) -> Work:
        return Work(
            macs=prod(others(at.x, self.axis)) * elements([self.weights(at)["weight"]]),
            additions=prod(at.y) if self.bias else 0,
        )

    def gradients(self, at: Site, needed: Sequence[bool], learnt: Collection[str]) -> Number:
        return self.work(at).macs * (("weight" in learnt) + sum(needed))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return the rows of the input for the gradient of the weight, and the weight for theirs; rows that do not lie so are copied."""
        rows = (prod(others(at.x, self.axis)), at.x[self.axis])
        lie = regroup(at.x, step.strides[0], rows) is not None
        why = gradient_of("the weight")
        taken = (
            INPUT if lie else Saved("copy", at.x, f"{why}; its rows laid in order, as a product takes them")
        )
        return Keeps(
            *[taken] * ("weight" in step.learnt),
            weights={"weight": gradient_of("the input")} if step.needed[0] else {},
            why=why,
        )

    def cast(self, at: Site, device: Device) -> Cast:
        return "low"

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return the product, whose kernel adds the bias, after a copy of rows that do not lie in order."""
        rows, depth = prod(others(at.x, self.axis)), at.x[self.axis]
        lie = regroup(at.x, strides[0], (rows, depth)) is not None
        product = Product(rows, self.out, depth)
        weights = elements(self.weights(at).values())
        return (
            *[Kernel("copy", prod(at.x), prod(at.x))] * (not lie),
            Kernel("product", prod(at.x) + weights, prod(at.y), product),
        )

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.kernels import product
        from archcalc.arrays.tensors import contiguous

        y = product(x.swapaxes(self.axis, -1), weights["weight"].T)
        return contiguous((y + self.added(weights["bias"]) if self.bias else y).swapaxes(self.axis, -1))

    def added(self, bias: Array) -> Array:
        """Return what of a bias is added."""
        if self.zero_bias is None:
            return bias
        start, stop = self.zero_bias
        y: Array = bias.copy()
        y[start:stop] = 0
        return y


@op("rbf", main="out", example=("84", {"out": 10}))
class Rbf(Dense):
    """Measure the squared Euclidean distance to each of `out` fixed patterns: Σ (x - w)².

    (N, C) -> (N, M)

    The patterns are drawn by hand and set once, so they count as fixed and not as learnt weights.
    Each distance takes C subtractions, C squares and C - 1 additions: multiplications and no MACs, as in `l2norm`.
    Source: LeCun, Bottou, Bengio & Haffner 1998, "Gradient-based learning applied to document recognition", II.B.
    """

    def fixed(self, at: Site) -> Weights:
        return {"pattern": (self.out, at.x[1])}

    def work(self, at: Site) -> Work:
        pairs = at.x[0] * elements(self.fixed(at).values())
        return Work(multiplications=pairs, additions=pairs + (pairs - prod(at.y)))

    def widens(self, at: Site, device: Device) -> bool:
        return True

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps(
            Saved(
                "wide",
                (*at.y, at.x[1]),
                f"{gradient_of('the input')}: the differences, before they are squared",
            )
        )

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        differences = (*at.y, at.x[1])
        each = prod(differences)
        return (
            Kernel("stretched", prod(at.x) + elements(self.fixed(at).values()), each),
            Kernel("elementwise", each, each),
            Kernel("rows", each, prod(at.y), rows=prod(at.y)),
        )

    def forward(self, x: Array, pattern: Array) -> Array:
        from archcalc.arrays.tensors import REDUCTIONS

        return REDUCTIONS["sum_squares"](x[:, None] - pattern, (2,))[..., 0]
