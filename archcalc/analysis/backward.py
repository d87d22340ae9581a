"""The multiply-accumulates of the backward pass, layer by layer.

A convolution, a linear layer or a matrix product multiplies two tensors. The gradient of each costs as many
multiply-accumulates as the product itself: backward is twice forward. Weights need a gradient, and so does an input on
the way to which something is learnt. The input of the first layer that learns needs none: nothing before it could use
it. Weights that are frozen need none, either, nor does what is before a comparison alone, from which none comes back.
Source: PyTorch's autograd, and its torch.utils.flop_counter, which counts the products that it makes.
"""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.analysis.frozen import find_flow, find_learnt
from archcalc.analysis.run import Layer, Run
from archcalc.op.op import Work


def count_training(run: Run) -> list[int | None]:
    """Return the MACs of each layer in a training step, forward and backward; None where nobody can say."""
    pairs = zip(run.facts, gradients(run), strict=True)
    return [add_forward(facts.work, backward) for facts, backward in pairs]


def add_forward(work: Work | None, backward: int | None) -> int | None:
    """Return the MACs of a layer forward and backward."""
    return None if work is None or backward is None else int(work.macs) + backward


def gradients(run: Run) -> list[int | None]:
    """Return the MACs of each layer's gradients; None where nobody can say.

    Raises:
        ArchcalcError: what is frozen is not there, or all is.
    """
    learnt = find_learnt(run, run.conditions.frozen)
    flow = find_flow(run, learnt)
    counts: list[int | None] = []
    known: dict[tuple[int, tuple[bool, ...], frozenset[str]], int | None] = {}
    for layer, names, is_reached in zip(run.layers, learnt, _find_reached(run, flow), strict=True):
        needed = tuple([is_reached and flow[source] for source in layer.node.inputs])
        own = names if is_reached else frozenset()
        key = id(layer.facts), needed, own
        if key not in known:
            known[key] = _gradients(layer, needed, own)
        counts.append(known[key])
    return counts


def _find_reached(run: Run, flow: Sequence[bool]) -> list[bool]:
    """Return for each layer whether a gradient comes back to it from what a step of training gets."""
    reached = [False] * len(flow)
    for end in run.ends:
        reached[end] = flow[end]
    for position in reversed(range(len(flow))):
        if reached[position]:
            for source in run.nodes[position].inputs:
                reached[source] = reached[source] or flow[source]
    return reached


def _gradients(layer: Layer, needed: tuple[bool, ...], learnt: frozenset[str]) -> int | None:
    """Return the MACs of a layer's gradients, where those of some of its inputs and weights are needed."""
    if layer.facts.work is None:
        return None
    if not layer.facts.work.macs or not (learnt or any(needed)):
        return 0
    count = layer.op.gradients(layer.at, needed, learnt)
    return None if count is None else int(count)
