"""The kernels that a forward pass launches, layer after layer."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType
from typing import NamedTuple

from archcalc.analysis.run import Run
from archcalc.analysis.training.attention import Attention, find_attentions
from archcalc.analysis.training.keeping import Value
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.walk import find_kept
from archcalc.arithmetic.number import Number
from archcalc.arithmetic.term import Term
from archcalc.network.network import parts
from archcalc.op.kernels import Kernel, Kernels
from archcalc.op.op import Op
from archcalc.op.site import Site


class Stand(NamedTuple):
    """An op and where it stands, which are not a network's own: of terms, say."""

    op: Op
    at: Site


RULES = Rules("cuda")
"""By whose rules outputs lie in memory, and attentions are one kernel: on any device, since kernels are those of PyTorch there."""
NONE: Mapping[int, Stand] = MappingProxyType({})


def list_kernels(run: Run, stands: Mapping[int, Stand] = NONE) -> list[Kernels | None]:
    """Return the kernels of each layer by its position; None where nobody knows them. `stands` are in place of some layers.

    A layer whose output is its input's memory as it lies there has none, nor has one that is part of an attention in one
    kernel, which counts where the output of that is.
    """
    values = find_kept(run, RULES).values
    attentions = find_attentions(run, RULES.device)
    launched: list[Kernels | None] = []
    for position, value in enumerate(values):
        attention = attentions.get(position)
        if attention is not None:
            is_last = position == attention.layers[-1]
            launched.append((_attend(run, attention, named=position in stands),) if is_last else ())
        else:
            stand = stands.get(position) or Stand(run.facts[position].op, run.facts[position].at)
            launched.append(_launch(run, values, position, value, stand))
    return launched


def _launch(run: Run, values: tuple[Value, ...], position: int, value: Value, stand: Stand) -> Kernels | None:
    """Return the kernels of a layer by itself."""
    node, facts = run.nodes[position], run.facts[position]
    if facts.traits.role == "input" or (value.storage != position and not value.overwrites):
        return ()
    return stand.op.kernels(stand.at, [values[source].strides for source in node.inputs])


def _attend(run: Run, attention: Attention, *, named: bool) -> Kernel:
    """Return the kernel of an attention: it reads q, k and v and writes the output, without a trace of the scores.

    If they are `named`, its numbers are terms that say which layers they are of.
    """

    def of(position: int, count: int, what: str) -> int | Term:
        return Term(count, f"{what} of {parts(run.nodes[position].name)[-1]}") if named else count

    read: Number = 0
    macs: Number = 0
    last = attention.layers[-1]
    for position in attention.inputs:
        read = read + of(position, prod(run.facts[position].output), "numbers")
    for position in attention.layers:
        work = run.facts[position].work
        macs = macs + of(position, int(work.macs), "MACs") if work and work.macs else macs
    return Kernel("attention", read, of(last, prod(run.facts[last].output), "numbers"), macs=macs)
