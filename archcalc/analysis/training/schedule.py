"""A step of training in time: when each tensor is born, and when it dies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from archcalc.analysis.training.segments import Segment

Part = Literal[
    "weights",
    "buffers",
    "optimizer",
    "input",
    "activations",
    "kept",
    "gradients",
    "weight gradients",
    "temporary",
    "workspace",
]
"""What a tensor of a training step is."""
Phase = Literal["before", "forward", "backward", "again", "step"]
AHEAD: tuple[Phase, ...] = ("before", "forward")
"""What comes before the backward pass."""


class Living(NamedTuple):
    """A tensor: what it is, its bytes, and the position of the layer that it belongs to, None for that of all."""

    part: Part
    bytes: int
    layer: int | None


class Instant(NamedTuple):
    """When something happens: in which phase, and at which layer."""

    phase: Phase
    layer: int | None


class Life(NamedTuple):
    """A tensor from its birth to its death; None where it stays."""

    tensor: Living
    born: Instant
    died: Instant | None

    @property
    def is_kept(self) -> bool:
        """Whether it is there between the forward and the backward pass."""
        return self.born.phase in AHEAD and (self.died is None or self.died.phase not in AHEAD)


class Schedule(NamedTuple):
    """What is born and what dies in a step, in order.

    Each event is the number of a tensor and the moment; a tensor is born at its first event and dies at its second; those
    without a second one stay. The first `resident` tensors are there before the first step. `learnt` are the position of the
    layer and the numbers of each tensor that learns, and `segments` the parts in which the network runs.
    """

    tensors: Sequence[Living]
    events: Sequence[tuple[int, Instant]]
    resident: int
    learnt: Sequence[tuple[int, int]]
    segments: Sequence[Segment]

    def sum_kept(self, parts: Collection[Part]) -> int:
        """Return the bytes of some parts that are there between the forward and the backward pass."""
        alive: set[int] = set()
        for number, moment in self.events:
            if moment.phase not in AHEAD:
                break
            alive ^= {number}
        return sum(self.tensors[number].bytes for number in alive if self.tensors[number].part in parts)

    @property
    def lives(self) -> list[Life]:
        """From when until when each tensor lives, in the order of their births."""
        moments: list[list[Instant]] = [[] for _ in self.tensors]
        for number, moment in self.events:
            moments[number].append(moment)
        return [
            Life(tensor, born, died[0] if died else None)
            for tensor, (born, *died) in zip(self.tensors, moments, strict=True)
        ]


class Clock:
    """What is alive, and who still needs it: a tensor dies when the last one lets go of it."""

    def __init__(self) -> None:
        self.tensors: list[Living] = []
        self.events: list[tuple[int, Instant]] = []
        self.holders: list[int] = []
        self.now = Instant("before", None)

    def bear(self, part: Part, size: int, layer: int | None = None) -> int:
        """Return the number of a new tensor, which one holds."""
        number = len(self.tensors)
        self.tensors.append(Living(part, size, layer))
        self.holders.append(1)
        self.events.append((number, self.now))
        return number

    def hold(self, number: int) -> int:
        """Return a tensor that one more needs."""
        self.holders[number] += 1
        return number

    def drop(self, number: int) -> None:
        """Let one go of a tensor, which dies where that was the last."""
        self.holders[number] -= 1
        if not self.holders[number]:
            self.events.append((number, self.now))

    def is_shared(self, number: int) -> bool:
        """Tell whether several need a tensor."""
        return self.holders[number] > 1
