"""Functions and arithmetic on each element: what a graph is made of where nobody gave it a name.

A comparison, a logical operation and a rounding count as a comparison each; powers, roots and whatever else is
transcendental as an exponential. Truth is 1 and falsehood 0.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf, prod
from typing import TYPE_CHECKING

from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import (
    INPUT,
    OUTPUT,
    AttentionPart,
    Backward,
    Cast,
    Device,
    Keeps,
    Saved,
    full_on_cuda,
    gradient_of,
)
from archcalc.op.kernels import Kernels, pass_over
from archcalc.op.op import NO_WORK, Work, op
from archcalc.op.setting import only
from archcalc.op.settings import choice, flag, number
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.elements.pointwise import Ends, Pointwise, keep_ends, times
from archcalc.ops.shapes.merge import Elementwise

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array

ADDITION = Work(additions=1)
MULTIPLICATION = Work(multiplications=1)
COMPARISON = Work(comparisons=1)
DIVISION = Work(divisions=1)
EXPONENTIAL = Work(exponentials=1)

FUNCTIONS: dict[str, Work] = {
    **dict.fromkeys(("exp", "log", "sqrt", "erf", "sin", "cos", "tan", "sinh", "cosh"), EXPONENTIAL),
    **dict.fromkeys(("asin", "acos", "atan", "asinh", "acosh", "atanh"), EXPONENTIAL),
    **dict.fromkeys(("abs", "sign", "floor", "ceil", "round", "not", "is_nan", "is_inf"), COMPARISON),
    "neg": ADDITION,
    "reciprocal": DIVISION,
    "square": MULTIPLICATION,
    "softplus": Work(exponentials=2, additions=1),
    "softsign": Work(comparisons=1, additions=1, divisions=1),
    "cast": NO_WORK,
}
"""The work of each function for an element."""

COMPARING = ("minimum", "maximum", "equal", "less", "less_or_equal", "greater", "greater_or_equal")
OPERATIONS: dict[str, Work] = {
    "add": ADDITION,
    "subtract": ADDITION,
    "multiply": MULTIPLICATION,
    "divide": DIVISION,
    "modulo": DIVISION,
    "power": EXPONENTIAL,
    **dict.fromkeys((*COMPARING, "and", "or", "xor"), COMPARISON),
}
"""The work of each operation on two numbers."""

COMMUTING = ("add", "multiply", "minimum", "maximum", "equal", "and", "or", "xor")
"""What comes to the same, whichever number comes first."""
ORDERED = tuple(name for name in OPERATIONS if name not in COMMUTING)
UNDEFINED = ("log", "sqrt", "asin", "acos", "acosh", "atanh", "power")
"""What makes no number of some numbers."""
TRUTHS = ("not", "is_nan", "is_inf", "and", "or", "xor", *COMPARING[2:])
"""What says whether something holds: a number, whatever goes in, and in a program for PyTorch a float32 one."""
FROM_FIRST = ("subtract", "modulo")
"""What takes something off the first number, whose gradient is the output's."""
OPAQUE = {*UNDEFINED, *TRUTHS}


FUNCTION_ENDS: dict[str, Ends] = {
    **dict.fromkeys(("exp", "sqrt", "tan", "reciprocal"), "output"),
    **dict.fromkeys(("sign", "floor", "ceil", "round", "neg", "cast", *TRUTHS[:3]), "neither"),
}
"""The functions whose gradient is not worked out from the input: derivatives.yaml of PyTorch."""
WIDENED = ["exp", "log", "tan", "sinh", "cosh", "asin", "acos", "reciprocal", "square", "softplus"]
"""The functions that CUDA's autocast runs in float32."""


@op("function", main="by", example=("64x8x8", {"by": "exp"}))
class Function(Pointwise):
    """Apply a function to each element, one out of a table.

    (N, *A) -> (N, *A)

    softplus is log(1 + eˣ), softsign x/(1 + |x|); `cast` changes the type alone and counts as nothing. Halves
    are rounded to the even side. Source: the operators of the same names of ONNX.
    """

    by: str = choice(tuple(FUNCTIONS), "which function")

    @property
    def scrambles(self) -> bool:
        return self.by in OPAQUE

    def work(self, at: Site) -> Work:
        return times(prod(at.x), FUNCTIONS[self.by])

    def keeps(self, at: Site, step: Backward) -> Keeps:
        if self.by == "softsign":
            divisor = Saved("temporary", at.x, f"{gradient_of('the quotient')}: 1 + |x|")
            return Keeps(INPUT, divisor, why=gradient_of("the absolute value and of the quotient"))
        return keep_ends(FUNCTION_ENDS.get(self.by, "input"), at, step)

    def alias(self, at: Site, strides: Shape) -> Shape | None:
        return strides if self.by == "cast" else None

    def cast(self, at: Site, device: Device) -> Cast:
        return full_on_cuda(device) if self.by in WIDENED else "as comes"

    def widens(self, at: Site, device: Device) -> bool:
        return self.by in TRUTHS

    @property
    def differentiable(self) -> bool:
        return self.by not in TRUTHS

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import FUNCTIONS as REFERENCES

        return REFERENCES[self.by](x).astype(x.dtype)


@op("scalar", example=("64x8x8", {"by": "multiply", "value": 0.125}))
class WithNumber(Pointwise):
    """Combine each element with one number that is the same for all and not learnt.

    (N, *A) -> (N, *A)

    A square and a cube are multiplications, as ONNX Runtime computes them; any other power is an exponential.
    """

    by: str = choice(tuple(OPERATIONS), "what is done")
    value: float = number("", "the number")
    swapped: bool = only(flag("the number comes first, as in 1 - x", default=False), "by", *ORDERED)

    @property
    def scrambles(self) -> bool:
        return self.by in OPAQUE and (self.by != "power" or self.swapped or self.value % 1 != 0)

    def work(self, at: Site) -> Work:
        each = OPERATIONS[self.by]
        if self.by == "power" and self.value in (2, 3) and not self.swapped:
            each = Work(multiplications=int(self.value) - 1)
        return times(prod(at.x), each)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        if self.by == "divide" and self.swapped:
            return Keeps(
                Saved(
                    "temporary", at.x, f"{gradient_of('the input')}: the reciprocal, before it is multiplied"
                )
            )
        if self.by == "power":
            return keep_ends("both" if self.swapped else "input", at, step)
        return keep_ends("input" if self.by in ("minimum", "maximum") else "neither", at, step)

    def passes(self, at: Site, number: int) -> bool:
        return self.by == "add" or (self.by in FROM_FIRST and not self.swapped)

    def cast(self, at: Site, device: Device) -> Cast:
        is_reciprocal = self.by == "divide" and self.swapped
        return full_on_cuda(device) if self.by == "power" or is_reciprocal else "as comes"

    def widens(self, at: Site, device: Device) -> bool:
        return self.by in TRUTHS

    @property
    def differentiable(self) -> bool:
        return self.by not in TRUTHS

    def attends(self, at: Site) -> AttentionPart | None:
        return "scale" if self.by in ("multiply", "divide") and not self.swapped else None

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.tensors import OPERATIONS as REFERENCES

        y = REFERENCES[self.by](*((self.value, x) if self.swapped else (x, self.value)))
        return y.astype(x.dtype)


@op("clip", example=("64x8x8", {"low": 0, "high": 6}))
class Clip(Pointwise):
    """Keep each element within bounds, of which one may be missing.

    (N, *A) -> (N, *A)

    Source: torch.clamp, ONNX Clip.
    """

    low: float | None = number("", "the lower bound", default=None)
    high: float | None = number("", "the upper bound", default=None)

    def check(self, at: Spot) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ArchcalcError(
                f"low is {self.low:g}, but high is {self.high:g}",
                setting="low",
                hint="low must be at most high: swap them",
            )

    def work(self, at: Site) -> Work:
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        return times(prod(at.x), Work(comparisons=len(bounds)))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        why = f"{gradient_of('the input')}, 0 where it was clipped"
        return Keeps() if self.low is self.high is None else Keeps(INPUT, why=why)

    def alias(self, at: Site, strides: Shape) -> Shape | None:
        return strides if self.low is self.high is None else None

    def forward(self, x: Array) -> Array:
        from archcalc.arrays.kernels import clip

        return clip(x, -inf if self.low is None else self.low, inf if self.high is None else self.high)


@op("combine", example=(("64x8x8", "64x1x1"), {"by": "divide"}))
class Combine(Elementwise):
    """Combine two branches element by element; `add` and `multiply` are ops of their own.

    (N, *A), (N, *A) -> (N, *A)

    The first branch comes first, as in x - y. Source: the operators of the same names of ONNX.
    """

    traits = Traits(takes=(2, 2), least_axes=1)

    by: str = choice(tuple(name for name in OPERATIONS if name not in ("add", "multiply")), "what is done")

    @property
    def scrambles(self) -> bool:
        return self.by in OPAQUE

    def work(self, at: Site) -> Work:
        return times(prod(at.y), OPERATIONS[self.by])

    def keeps(self, at: Site, step: Backward) -> Keeps:
        if self.by == "power":
            return Keeps(0, 1, OUTPUT, why=gradient_of("the base", "the exponent"))
        if self.by in ("minimum", "maximum"):
            return Keeps(0, 1, why="the gradients of both inputs: which of them was taken")
        first = self.by in ("divide", "modulo") and step.needed[1]
        kept = [*([0] if first else []), *([1] if first or self.by == "divide" else [])]
        return Keeps(*kept, why=gradient_of(*["the dividend"] * step.needed[0], *["the divisor"] * first))

    def passes(self, at: Site, number: int) -> bool:
        return self.by in FROM_FIRST and number == 0 and bool(prod(at.x) == prod(at.y))

    def sums_up(self, at: Site, number: int) -> bool:
        return super().sums_up(at, number) and not (self.by in FROM_FIRST and number == 0)

    def cast(self, at: Site, device: Device) -> Cast:
        return full_on_cuda(device) if self.by == "power" else "as comes"

    def widens(self, at: Site, device: Device) -> bool:
        return self.by in TRUTHS

    @property
    def differentiable(self) -> bool:
        return self.by not in TRUTHS

    def forward(self, *xs: Array) -> Array:
        from archcalc.arrays.tensors import OPERATIONS as REFERENCES

        return REFERENCES[self.by](*xs).astype(xs[0].dtype)


@op("where", example=(("1x8x8", "64x8x8", "64x8x8"), {}))
class Where(Elementwise):
    """Choose between two branches element by element: the second where the first holds, else the third.

    (N, *A), (N, *A), (N, *A) -> (N, *A)

    Any number but 0 holds. Axes of size 1 stretch. Source: torch.where, ONNX Where.
    """

    traits = Traits(takes=(3, 3), least_axes=1)

    def work(self, at: Site) -> Work:
        return times(prod(at.y), COMPARISON)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        chosen = Saved("truth", at.x, "the gradients of both branches: which of them was chosen")
        return Keeps(chosen) if any(step.needed[1:]) else Keeps()

    def typed_by(self, at: Site, device: Device) -> Collection[int]:
        return (1, 2)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return (pass_over("stretched" if prod(at.x) < prod(at.y) else "elementwise", at),)

    def forward(self, condition: Array, first: Array, second: Array) -> Array:
        from archcalc.arrays.kernels import where

        return where(condition != 0, first, second)
