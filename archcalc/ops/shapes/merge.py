"""Ops that bring branches together, and those that take channels apart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from math import prod
from operator import add, mul, or_
from typing import TYPE_CHECKING

from archcalc.arithmetic.number import add_in_pairs
from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import Backward, Keeps, Saved, contiguous, follow, gradient_of
from archcalc.op.kernels import Kernel, Kernels
from archcalc.op.op import Op, Work, op
from archcalc.op.settings import axis, count
from archcalc.op.site import Shape, Site, Spot, sizes_of
from archcalc.op.traits import Traits
from archcalc.ops.axes import check_axis, check_stretches, moving, others, place, replace_axis, stretch
from archcalc.ops.windows.conv import check_groups

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


class Elementwise(Op):
    """Base of the ops that combine branches element by element.

    Axes of size 1 stretch to the others' size, so that a gate of one number a channel acts on whole maps.
    Axes are matched from the last, and missing ones in front stretch, too, as in NumPy, PyTorch and ONNX.
    """

    traits = Traits(takes=(2, None), least_axes=1)

    def check(self, at: Spot) -> None:
        check_stretches(*at.xs)

    def output(self, at: Site) -> Shape:
        return stretch(*at.xs)

    def sums_up(self, at: Site, number: int) -> bool:
        return bool(prod(at.xs[number]) < prod(at.y))  # it was stretched, as a gate is

    def laid(self, at: Site, strides: Shape) -> Shape:
        return follow(at.y, strides) if len(strides) == len(at.y) else contiguous(at.y)

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return a kernel for each two inputs, the first of which is what came out before."""
        made = list(accumulate(at.xs, stretch))
        return tuple(
            [_combine(left, right, y) for left, right, y in zip(made[:-1], at.xs[1:], made[1:], strict=True)]
        )


def _combine(left: Shape, right: Shape, y: Shape) -> Kernel:
    """Return the kernel that combines two inputs."""
    read, written = prod(left) + prod(right), prod(y)
    return Kernel("stretched" if read < 2 * written else "elementwise", read, written)


@op("add", also="eltwise residual shortcut skip sum", example=(("256x56x56", "256x56x56"), {}))
class Add(Elementwise):
    """Add the branches element by element; an empty branch is the identity, which makes a residual block.

    (N, C, *I), (N, C, *I), … -> (N, C, *I)

    Source: He et al. 2015, "Deep residual learning".
    """

    def work(self, at: Site) -> Work:
        return Work(additions=prod(at.y) * (len(at.xs) - 1))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def passes(self, at: Site, number: int) -> bool:
        return bool(prod(at.xs[number]) == prod(at.y))

    def sums_up(self, at: Site, number: int) -> bool:
        return False  # the gradient of the output itself is summed up

    def forward(self, *xs: Array) -> Array:
        return reduce(add, xs)


@op("multiply", also="mul product", example=(("64x56x56", "64x1x1"), {}))
class Multiply(Elementwise):
    """Multiply the branches element by element; a branch of one number a channel is a gate.

    (N, C, *I), (N, C, *I), … -> (N, C, *I)

    Source: Hu, Shen & Sun 2017, "Squeeze-and-excitation networks".
    """

    def work(self, at: Site) -> Work:
        return Work(multiplications=prod(at.y) * (len(at.xs) - 1))

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return what the others' gradients are multiplied by: each branch, and the product of those before it."""
        before = list(accumulate(step.needed, or_))
        inputs = [n for n in range(len(at.xs)) if (before[n - 1] if n else step.needed[1])]
        others = "the other input" if len(at.xs) == 2 else "the other inputs"
        why = f"{gradient_of(others)}: a factor of it"
        products = [
            Saved("temporary", product, f"{gradient_of(f'input {n + 1}')}: the product of those before it")
            for n, product in enumerate(accumulate(at.xs, stretch), 1)
            if 1 < n < len(at.xs) and step.needed[n]
        ]
        return Keeps(*inputs, *products, why=why)

    def forward(self, *xs: Array) -> Array:
        return reduce(mul, xs)


@op("concat", also="cat concatenate concatenation join merge route", example=(("64x28x28", "128x28x28"), {}))
class Concat(Op):
    """Lay the branches one behind the other along the channels, or along another `axis`.

    (N, C1, *I), (N, C2, *I), … -> (N, C1 + C2 + …, *I)

    A branch that is the same for all samples, such as a learnt token, stands before or behind each of them.
    Source: Szegedy et al. 2014, "Going deeper with convolutions".
    """

    runs_as = "copy"
    traits = Traits(takes=(2, None), least_axes=1)

    axis: int = axis("the axis along which they lie", default=1)

    def check(self, at: Spot) -> None:
        if len({len(x) for x in at.xs}) == 1:
            check_axis(self.axis, len(at.xs[0]))
            if len({others(x, self.axis) for x in self._for_each_sample(at.xs)}) == 1:
                return
        if self.axis == 1:
            raise ArchcalcError(
                "the shapes differ beside the channels",
                hint="every branch must end with the same spatial size",
            )
        raise ArchcalcError(
            f"the shapes differ beside axis {self.axis}",
            setting="axis",
            hint="along every other axis the branches must have the same size",
        )

    def _for_each_sample(self, xs: tuple[Shape, ...]) -> list[Shape]:
        """Return the shapes with the largest batch in place of a batch of 1, unless that is the axis."""
        if place(self.axis, len(xs[0])) == 0:
            return list(xs)
        (batch,) = stretch(*(x[:1] for x in xs))
        return [(batch if x[0] == 1 else x[0], *x[1:]) for x in xs]

    def output(self, at: Site) -> Shape:
        whole = add_in_pairs([x[self.axis] for x in at.xs])
        return replace_axis(self._for_each_sample(at.xs)[0], self.axis, whole)

    def field(self, at: Site) -> Field:
        return moving(at.x, self.axis)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def passes(self, at: Site, number: int) -> bool:
        return True

    def forward(self, *xs: Array) -> Array:
        from archcalc.arrays.kernels import concatenate
        from archcalc.arrays.tensors import broadcast_to

        shapes = map(sizes_of, self._for_each_sample(tuple(x.shape for x in xs)))
        return concatenate([broadcast_to(x, s) for x, s in zip(xs, shapes, strict=True)], axis=self.axis)


@op("channels", example=("116x28x28", {"start": 58, "stop": 116}))
class Channels(Op):
    """Take the channels from `start` up to but not including `stop`; the rest is left out.

    (N, C, *I) -> (N, stop - start, *I)

    A view: nothing is copied. Source: the channel split of ShuffleNet V2 (Ma et al. 2018).
    """

    runs_as = "copy"
    traits = Traits(storage="view")

    start: int = count("a", "first channel, counted from 0", default=0, least=0)
    stop: int | None = count("b", "the channel after the last; all that follow unless told", default=None)

    def check(self, at: Spot) -> None:
        stop = at.x[1] if self.stop is None else self.stop
        if not self.start < stop <= at.x[1]:
            raise ArchcalcError(
                f"channels {self.start} to {stop} are not among the {at.x[1]} that come in",
                setting="start" if self.stop is None else "stop",
                hint=f"channels count from 0; 'stop' comes after 'start' and is at most {at.x[1]}",
            )

    def output(self, at: Site) -> Shape:
        stop = at.x[1] if self.stop is None else self.stop
        return (at.x[0], stop - self.start, *at.x[2:])

    def field(self, at: Site) -> Field:
        return moving(at.x, 1)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def alias(self, at: Site, strides: Shape) -> Shape:
        return strides

    def forward(self, x: Array) -> Array:
        return x[:, self.start : self.stop]


@op("shuffle", also="channelshuffle", main="groups", example=("116x28x28", {"groups": 2}))
class Shuffle(Op):
    """Deal the channels out anew, like cards, so that the next groups see all of the last ones.

    (N, C, *I) -> (N, C, *I)

    Source: Zhang et al. 2017, ShuffleNet.
    """

    runs_as = "copy"

    groups: int = count("g", "number of groups the channels come in")

    def check(self, at: Spot) -> None:
        check_groups(at.x[1], self.groups)

    def field(self, at: Site) -> Field:
        return moving(at.x, 1)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def forward(self, x: Array) -> Array:
        dealt = x.reshape(len(x), self.groups, -1, *x.shape[2:]).swapaxes(1, 2).copy()
        return dealt.reshape(x.shape)
