"""What a stack of windows costs for C channels, from the layers' own formulas."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.report import Report
from archcalc.arithmetic.window import Rounding
from archcalc.op.op import Op, Work, add_up, elements
from archcalc.op.site import Shape, Site, Sizes
from archcalc.questions.stacks import Stack, layers

if TYPE_CHECKING:
    from archcalc.arithmetic.polynomial import Formula


class StackCosts(NamedTuple):
    """What a stack costs for C channels, and what an output element sees.

    `weights` are without biases; `by_layer` are those of each layer, and `largest` the most of them: several where
    it depends on C. `work` is that of one output position by kind, without the biases of convolutions and what
    follows them; `macs_on_input` are those on the whole input and batch, where its size is known. A non-linearity
    follows each convolution. `discarded` is the share of the input's numbers that pooling alone leaves out. C is a
    multiple of `multiple`.
    """

    weights: Formula
    with_biases: Formula
    by_layer: tuple[Formula, ...]
    largest: tuple[Formula, ...]
    work: Mapping[str, Formula]
    macs_on_input: Formula | None
    field: tuple[int, ...]
    jump: tuple[int, ...]
    layers: int
    nonlinearities: int
    discarded: float | None
    multiple: int


def cost(stack: Stack, size: Sizes, rounding: Rounding | None, report: Report) -> StackCosts:
    """Run the layers' own formulas on C; the receptive field and the batch are the report's."""
    from archcalc.arithmetic.polynomial import Formula, channels

    ops = [op if rounding is None else op.rounded(rounding) for op in layers(stack, channels())]
    shapes = _through(ops, (report.batch, channels(), *(size or stack.least)))
    extents = report.rows[-1].extents
    jump = tuple(int(extent.stride) for extent in extents)
    nonlinearities = sum(layer.is_convolution for layer in stack.layers)
    bare = [
        op.replace(bias=False) if layer.is_convolution else op
        for layer, op in zip(stack.layers, ops, strict=True)
    ]
    biased = (op.weights(Site((x,))) for op, x in zip(ops, shapes, strict=False))
    by_layer = [elements(op.weights(Site((x,))).values()) for op, x in zip(bare, shapes, strict=False)]
    return StackCosts(
        weights=Formula.of(sum(by_layer)),
        with_biases=Formula.of(sum(elements(weights.values()) for weights in biased)),
        by_layer=tuple(map(Formula.of, by_layer)),
        largest=_largest(tuple(map(Formula.of, by_layer))),
        work={
            kind: Formula.of(amount)
            for kind, amount in _work(bare, _one_position(stack, shapes), shapes)._asdict().items()
        },
        macs_on_input=Formula.of(_work(bare, shapes[1:], shapes).macs) if size else None,
        field=tuple(extent.size for extent in extents),
        jump=jump,
        layers=len(ops),
        nonlinearities=nonlinearities,
        discarded=None if nonlinearities else _count_discarded(shapes, jump, size),
        multiple=stack.multiple,
    )


def _count_discarded(shapes: list[Shape], jump: Sizes, size: Sizes) -> float:
    """Return the share of the positions that are left out: on an input of a size, or else on one that is large."""
    return 1 - int(prod(shapes[-1][2:])) / prod(size) if size else 1 - 1 / prod(jump)


def _work(ops: list[Op], outputs: list[Shape], inputs: list[Shape]) -> Work:
    works = (op.work(Site((x,), y)) for op, y, x in zip(ops, outputs, inputs, strict=False))
    return add_up(work for work in works if work is not None)


def _one_position(stack: Stack, shapes: list[Shape]) -> list[Shape]:
    """Return the output shapes that one position of the last one takes: what strides later on skip is there, too."""
    sizes = [1, 1]
    outputs: list[Shape] = []
    for layer, y in zip(reversed(stack.layers), reversed(shapes), strict=False):
        outputs.append((1, y[1], *sizes))
        sizes = [size * step for size, step in zip(sizes, layer.steps, strict=True)]
    return outputs[::-1]


def _through(ops: list[Op], x: Shape) -> list[Shape]:
    """Return the input's shape and that of the output of each op, one after the other."""
    shapes = [x]
    for op in ops:
        shapes.append(op.output(Site((shapes[-1],))))
    return shapes


def _largest(formulas: tuple[Formula, ...]) -> tuple[Formula, ...]:
    """Return the formulas that no other one exceeds for every C."""
    unlike = dict.fromkeys(formulas)
    return tuple(each for each in unlike if not any(other.exceeds(each) for other in unlike))
