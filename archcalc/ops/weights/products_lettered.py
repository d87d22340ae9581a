"""Products of tensors whose axes are named by letters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate
from math import prod
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import Backward, Cast, Device, Keeps, Saved, regroup
from archcalc.op.kernels import Kernel, Kernels, Product
from archcalc.op.op import NO_WORK, Op, Work, add_up, extents_of, op
from archcalc.op.settings import words
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.axes import remaining

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array
from archcalc.ops.weights.products import LAID, OTHER_SIDE

LETTERS = "a letter for each axis, the inputs set apart by commas, as in ij,jk->ik"


class Contraction(NamedTuple):
    """Two tensors become one: the letters of their axes, and those that are kept."""

    left: str
    right: str
    kept: str


@op("einsum", example=(("4x8x6", "4x10x6"), {"equation": "nhid,nhjd->nhij"}))
class Einsum(Op):
    """Multiply tensors whose axes are named by letters, and add up over the letters that the output lacks.

    (N, *A), (N, *B) -> (N, *O)

    Two inputs make one multiply-accumulate for every choice of all indices, or one multiplication where
    nothing is added up; three are taken two at a time from the left. The letters of a single input are
    added up. Source: numpy.einsum, torch.einsum.
    """

    traits = Traits(takes=(1, 3), least_axes=1)

    equation: str = words(f"the axes: {LETTERS}")

    def _letters(self) -> tuple[list[str], str]:
        """Return the letters of each input, and of the output: those that occur once unless it is stated."""
        inputs, arrow, output = self.equation.replace(" ", "").partition("->")
        once = sorted(letter for letter in {*inputs} - {","} if inputs.count(letter) == 1)
        return inputs.split(","), output if arrow else "".join(once)

    def _steps(self) -> Iterator[Contraction]:
        inputs, output = self._letters()
        left = inputs[0]
        for number, right in enumerate(inputs[1:], 2):
            needed = {*output}.union(*inputs[number:])
            last = number == len(inputs)
            kept = output if last else "".join(i for i in dict.fromkeys(left + right) if i in needed)
            yield Contraction(left, right, kept)
            left = kept

    def _sizes(self, xs: tuple[Shape, ...]) -> dict[str, Number]:
        inputs, _ = self._letters()
        return {
            i: size for letters, x in zip(inputs, xs, strict=True) for i, size in zip(letters, x, strict=True)
        }

    def check(self, at: Spot) -> None:
        if not re.fullmatch(r"[A-Za-z]+(,[A-Za-z]+)*(->[A-Za-z]*)?", self.equation.replace(" ", "")):
            raise ArchcalcError(
                f"'{self.equation}' is no equation", setting="equation", hint=f"it has {LETTERS}"
            )
        inputs, output = self._letters()
        sizes = _check_sizes(inputs, at.xs)
        if len({*output}) < len(output) or not {*output} <= sizes.keys():
            raise ArchcalcError(
                f"the output '{output}' must name letters of the inputs, each once", setting="equation"
            )

    def output(self, at: Site) -> Shape:
        sizes = self._sizes(at.xs)
        return remaining(sizes[letter] for letter in self._letters()[1])

    def field(self, at: Site) -> Field:
        return "whole"

    def work(self, at: Site) -> Work:
        sizes = self._sizes(at.xs)
        if len(at.xs) == 1:
            return Work(additions=prod(sizes.values()) - prod(at.y))
        return add_up(self._work(step, sizes) for step in self._steps())

    def gradients(self, at: Site, needed: Sequence[bool], learnt: Collection[str]) -> Number:
        total: Number = 0
        sizes, left = self._sizes(at.xs), needed[0]
        for step, right in zip(self._steps(), needed[1:], strict=True):
            total = total + self._work(step, sizes).macs * (left + right)
            left = left or right
        return total

    def _work(self, step: Contraction, sizes: dict[str, Number]) -> Work:
        letters = dict.fromkeys(step.left + step.right)
        choices = prod(sizes[letter] for letter in letters)
        if letters.keys() <= {*step.kept}:
            return NO_WORK._replace(multiplications=choices)
        return NO_WORK._replace(macs=choices)

    def keeps(self, at: Site, step: Backward) -> Keeps | None:
        """Return each side that the other's gradient needs, as torch.bmm takes it, or as it is where nothing is added up.

        Of a diagonal, and of three inputs of which only two are taken by torch.bmm, nobody knows.
        """
        inputs, _ = self._letters()
        sums = {self._adds_up(contraction, at) for contraction in self._steps()}
        if len(inputs) > 1 and (any(len({*each}) < len(each) for each in inputs) or len(sums) > 1):
            return None
        sides: list[int | Saved] = []
        needed = list(accumulate(step.needed, or_))
        for right, contraction in enumerate(self._steps(), 1):
            if step.needed[right] and right == 1:
                sides.append(self._take_side(0, contraction, at, step))
            elif step.needed[right]:
                sides.append(Saved("temporary", self._shape(contraction.left, at)))
            if needed[right - 1]:
                sides.append(self._take_side(right, contraction, at, step))
        return Keeps(*sides, why=OTHER_SIDE)

    def _take_side(self, number: int, contraction: Contraction, at: Site, step: Backward) -> int | Saved:
        """Return what is kept of an input: itself, what is left where its own letters are added up first, or a copy in order."""
        inputs, output = self._letters()
        own, other = inputs[number], contraction.left if number else contraction.right
        stays = [letter for letter in own if letter in other + contraction.kept]
        if len(stays) < len(own):
            return Saved("temporary", self._shape(stays, at))
        if not self._adds_up(contraction, at):
            return number
        order = [*output, *sorted({*own} - {*output})]
        common = [letter for letter in order if letter in own and letter in other]
        both = [letter for letter in common if letter in contraction.kept]
        summed = [letter for letter in common if letter not in contraction.kept]
        alone = [letter for letter in order if letter in own and letter not in other]
        groups = (both, summed, alone) if number else (both, alone, summed)
        return _grouped(number, own, groups, at.xs[number], step.strides[number])

    def _shape(self, letters: Iterable[str], at: Site) -> Shape:
        sizes = self._sizes(at.xs)
        return tuple(sizes[letter] for letter in letters)

    def _adds_up(self, contraction: Contraction, at: Site) -> bool:
        """Tell whether products are added up, by torch.bmm: over a letter of both that is longer than 1."""
        gone = {*contraction.left} & {*contraction.right} - {*contraction.kept}
        return any(size != 1 for size in self._shape(gone, at))

    def passes(self, at: Site, number: int) -> bool:
        """A sum hands the output's gradient on, stretched along what was added up; a diagonal makes another one."""
        letters = self._letters()[0][0]
        return len(at.xs) == 1 and len({*letters}) == len(letters)

    def cast(self, at: Site, device: Device) -> Cast:
        return "low" if any(self._adds_up(contraction, at) for contraction in self._steps()) else "as comes"

    def widens(self, at: Site, device: Device) -> bool:
        return device == "cuda" and len(at.xs) == 1 and len(at.y) < len(at.x)  # a sum

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return a product for each two inputs, with what is added up as its depth; or the sum over a single input."""
        sizes = self._sizes(at.xs)
        if len(at.xs) == 1:
            return (Kernel("rows", prod(at.x), prod(at.y), rows=prod(at.y)),)
        return tuple([_multiply(step, sizes) for step in self._steps()])

    def forward(self, *xs: Array) -> Array:
        from archcalc.arrays.tensors import contract, sum_over

        inputs, output = self._letters()
        product = xs[0] if len(xs) > 1 else sum_over(xs[0], inputs[0], output)
        for step, x in zip(self._steps(), xs[1:], strict=True):
            product = contract(product, x, step.left, step.right, step.kept)
        return product.reshape(self.output_sizes(*(x.shape for x in xs)))


def _multiply(step: Contraction, sizes: dict[str, Number]) -> Kernel:
    """Return the kernel that multiplies two tensors, as stacks of matrices."""
    groups: dict[tuple[bool, bool, bool], Number] = {}
    for letter in dict.fromkeys(step.left + step.right):
        where = letter in step.left, letter in step.right, letter in step.kept
        groups[where] = groups.get(where, 1) * sizes[letter]
    product = Product(
        groups.get((True, False, True), 1),
        groups.get((False, True, True), 1),
        groups.get((True, True, False), 1),
        groups.get((True, True, True), 1),
    )
    read = sum(prod(sizes[letter] for letter in side) for side in (step.left, step.right))
    return Kernel("product", read, prod(sizes[letter] for letter in step.kept), product)


def _grouped(
    number: int, letters: str, groups: tuple[list[str], ...], x: Shape, strides: Shape
) -> int | Saved:
    """Return what is kept of an input whose axes are brought into three groups: itself, or a copy."""
    order = [letters.index(letter) for group in groups for letter in group]
    sizes = tuple(x[axis] for axis in order)
    wanted = tuple(prod(x[letters.index(letter)] for letter in group) for group in groups)
    lies = regroup(sizes, tuple(strides[axis] for axis in order), wanted) is not None
    return number if lies else Saved("copy", x, LAID)


def _check_sizes(inputs: list[str], xs: tuple[Shape, ...]) -> dict[str, Number]:
    """Return what each letter stands for, or raise a fact where the letters do not suit the inputs."""
    if len(inputs) != len(xs):
        raise ArchcalcError(
            f"the equation is about {len(inputs)} inputs, but gets {len(xs)}", setting="equation"
        )
    sizes: dict[str, Number] = {}
    for letters, x in zip(inputs, xs, strict=True):
        if len(letters) != len(x):
            raise ArchcalcError(
                f"'{letters}' names {len(letters)} axes, but there are {len(x)}: the batch and {extents_of(x)}",
                setting="equation",
            )
        for letter, size in zip(letters, x, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise ArchcalcError(f"'{letter}' is {sizes[letter]} and {size} long", setting="equation")
    return sizes
