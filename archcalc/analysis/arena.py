"""Where activations lie in memory while a network runs: from when until when each is needed, and how a planner lays them out."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple

from archcalc.analysis.run import Run
from archcalc.network.liveness import last_uses, overwriting, storages

ALIGNED = 16
"""What every address is a multiple of."""
MOST_PAIRS = 5_000_000
"""How many pairs of tensors that are alive together a plan is made for."""


class Lifetime(NamedTuple):
    """What the layer at `born` stores, which nobody needs behind the layer at `dies`; it holds so many numbers."""

    born: int
    dies: int
    numbers: int


def lifetimes(run: Run, *, in_place: bool = False) -> list[Lifetime]:
    """Return the tensors of a run in the order in which they are born; with `in_place` layers write over their input where they can.

    A view keeps its input's memory alive and adds none; a weight is in memory all along and counted there.
    """
    inputs = [node.inputs for node in run.nodes]
    owners = storages(run.nodes, overwriting(run.nodes, run.outputs) if in_place else ())
    last = last_uses(inputs, run.outputs, owners)
    return [
        Lifetime(position, min(last[position], len(inputs) - 1), facts.held)
        for position, (owner, facts) in enumerate(zip(owners, run.facts, strict=True))
        if owner == position and facts.held
    ]


def count_alive(tensors: Sequence[Lifetime], layers: int) -> list[int]:
    """Return the numbers alive while each layer runs, freeing every tensor after its last use."""
    changes = [0] * (layers + 1)
    for born, dies, numbers in tensors:
        changes[born] += numbers
        changes[dies + 1] -= numbers
    alive, most = 0, []
    for change in changes[:-1]:
        alive += change
        most.append(alive)
    return most


def lay_out(tensors: Sequence[Lifetime], each: int) -> list[int] | None:
    """Return the address of each tensor of numbers of `each` bytes in one arena; None where too many are alive together.

    The largest comes first; each gets the lowest address that is free all its life. Its bytes are rounded up to 16.
    Source: the greedy planner of TensorFlow Lite for Microcontrollers; Pisarchyk & Lee 2020, Efficient memory management for
    deep neural net inference.
    """
    beside = _neighbours(tensors)
    if beside is None:
        return None
    sizes = [_align(tensor.numbers * each) for tensor in tensors]
    addresses: list[int] = [-1] * len(tensors)
    for place in sorted(range(len(tensors)), key=lambda place: -sizes[place]):
        taken: list[tuple[int, int]] = []
        for other in beside[place]:
            if addresses[other] >= 0:
                insort(taken, (addresses[other], addresses[other] + sizes[other]))
        addresses[place] = _first_gap(taken, sizes[place])
    return addresses


def measure_arena(tensors: Sequence[Lifetime], each: int) -> int | None:
    """Return the bytes of the arena that tensors are laid out in; None where that is not worked out."""
    addresses = lay_out(tensors, each)
    if addresses is None:
        return None
    ends = (
        address + _align(tensor.numbers * each) for address, tensor in zip(addresses, tensors, strict=True)
    )
    return max(ends, default=0)


def _align(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED


def _neighbours(tensors: Sequence[Lifetime]) -> list[list[int]] | None:
    """Return with which others each tensor is alive; None where these are too many."""
    beside: list[list[int]] = [[] for _ in tensors]
    pairs = 0
    alive: list[int] = []
    for place, tensor in enumerate(tensors):
        alive = [other for other in alive if tensors[other].dies >= tensor.born]
        pairs += len(alive)
        if pairs > MOST_PAIRS:
            return None
        for other in alive:
            beside[other].append(place)
        beside[place] += alive
        alive.append(place)
    return beside


def _first_gap(taken: Sequence[tuple[int, int]], size: int) -> int:
    """Return the lowest address behind which there is room, beside what is taken, in order of the addresses."""
    address = 0
    for begin, end in taken:
        if begin - address >= size:
            break
        address = max(address, end)
    return address
