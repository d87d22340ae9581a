"""What a layer does beside its figures: what each group of its channels sees and makes, what training leaves out."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from archcalc.analysis.row import Row
from archcalc.analysis.run import Layer
from archcalc.op.site import Sizes

WEIGHT = "weight"
"""What the filters of a convolution are called among its tensors."""


class Groups(NamedTuple):
    """Independent groups of channels: how many; of how many channels each sees and makes how many, with which filters."""

    number: int
    sees: int
    makes: int
    weight: Sizes


class LeftOut(NamedTuple):
    """What training leaves out at random: each number with a probability, and how many numbers there are.

    Those that stay are scaled up, so that their sum is the same on average.
    """

    probability: float
    numbers: int

    @property
    def kept(self) -> float:
        """How many numbers stay on average."""
        return self.numbers - self.numbers * self.probability

    @property
    def scale(self) -> float | None:
        """What those that stay are multiplied by; None where none do."""
        return self.numbers / self.kept if self.kept else None


def groups_of(row: Row) -> Groups | None:
    """Return the groups of a convolution; None for other layers, and where all channels are one group."""
    weight = row.weights.get(WEIGHT)
    if row.unfolded is None or weight is None:
        return None
    number = row.input_shapes[0][1] // weight[1]
    if number == 1:
        return None
    makes = row.output_shape[1] // number
    return Groups(number, weight[1], makes, (makes, *weight[1:]))


def left_out_by(layer: Layer) -> LeftOut | None:
    """Return what a layer leaves out in training; None where it leaves out nothing."""
    probability = layer.op.drops()
    return LeftOut(probability, prod(layer.at.x)) if probability else None
