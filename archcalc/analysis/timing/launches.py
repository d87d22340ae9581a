"""The kernels that a forward pass launches, layer after layer."""

from __future__ import annotations

from math import prod

from archcalc.analysis.run import Run
from archcalc.analysis.training.attention import Attention, find_attentions
from archcalc.analysis.training.keeping import Value
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.walk import find_kept
from archcalc.op.kernels import Kernel, Kernels


def list_kernels(run: Run) -> list[Kernels | None]:
    """Return the kernels of each layer by its position; None where nobody knows them.

    A layer whose output is its input's memory as it lies there has none, nor has one that is part of an attention in one
    kernel, which counts where the output of that is.
    """
    rules = Rules("cuda")
    values = find_kept(run, rules).values
    attentions = find_attentions(run, rules.device)
    launched: list[Kernels | None] = []
    for position, value in enumerate(values):
        attention = attentions.get(position)
        if attention is not None:
            is_last = position == attention.layers[-1]
            launched.append((_attend(run, attention),) if is_last else ())
        else:
            launched.append(_launch(run, values, position, value))
    return launched


def _launch(run: Run, values: tuple[Value, ...], position: int, value: Value) -> Kernels | None:
    """Return the kernels of a layer by itself."""
    node, facts = run.nodes[position], run.facts[position]
    if facts.traits.role == "input" or (value.storage != position and not value.overwrites):
        return ()
    return facts.op.kernels(facts.at, [values[source].strides for source in node.inputs])


def _attend(run: Run, attention: Attention) -> Kernel:
    """Return the kernel of an attention: it reads q, k and v and writes the output, without a trace of the scores."""
    read = sum(prod(run.facts[position].output) for position in attention.inputs)
    works = [run.facts[position].work for position in attention.layers]
    macs = sum(work.macs for work in works if work)
    return Kernel("attention", read, prod(run.facts[attention.layers[-1]].output), macs=macs)
