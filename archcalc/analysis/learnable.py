"""Learnable numbers apart: weights that multiply what comes in, biases that are added to it, and all others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from archcalc.op.op import Op, elements
from archcalc.op.site import Shape

Part = Literal["weights", "biases", "others"]


class Split(NamedTuple):
    """How many learnable numbers are biases, and how many neither biases nor weights."""

    biases: int
    others: int


NOTHING = Split(0, 0)


def part_of(name: str, op: Op) -> Part:
    """Return what a learnable tensor of an op is called among people.

    Convolutions, linear and recurrent layers have weights and biases. What normalisation learns (γ and β), slopes,
    embeddings and learnt tensors are others.
    """
    if not op.traits.deep:
        return "others"
    return "biases" if name.startswith("bias") else "weights"


def split(tensors: Mapping[str, Shape], op: Op, others: Collection[str] = ()) -> Split:
    """Return how the learnable tensors of an op split, but for those that belong to other layers."""
    sizes = dict.fromkeys(Split._fields, 0)
    for name, shape in tensors.items():
        part = part_of(name, op)
        if part in sizes and name not in others:
            sizes[part] += int(elements([shape]))
    return Split(**sizes)
