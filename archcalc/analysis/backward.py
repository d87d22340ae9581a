"""The multiply-accumulates of the backward pass, layer by layer.

A convolution, a linear layer or a matrix product multiplies two tensors. The gradient of each costs as many
multiply-accumulates as the product itself: backward is twice forward. Weights need a gradient, and so does an input on
the way to which something is learnt. The input of the first layer that learns needs none: nothing before it could use
it. Weights that are frozen need none, either.
Source: PyTorch's autograd, and its torch.utils.flop_counter, which counts the products that it makes.
"""

from __future__ import annotations

from archcalc.analysis.frozen import find_learnt
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
    learns: list[bool] = []
    counts: list[int | None] = []
    known: dict[tuple[int, tuple[bool, ...], frozenset[str]], int | None] = {}
    for layer, learnt in zip(run.layers, find_learnt(run, run.conditions.frozen), strict=True):
        needed = tuple([learns[source] for source in layer.node.inputs])
        learns.append(bool(learnt) or any(needed))
        key = id(layer.facts), needed, learnt
        if key not in known:
            known[key] = _gradients(layer, needed, learnt)
        counts.append(known[key])
    return counts


def _gradients(layer: Layer, needed: tuple[bool, ...], learnt: frozenset[str]) -> int | None:
    """Return the MACs of a layer's gradients, where those of some of its inputs and weights are needed."""
    if layer.facts.work is None:
        return None
    if not layer.facts.work.macs:
        return 0
    count = layer.op.gradients(layer.at, needed, learnt)
    return None if count is None else int(count)
