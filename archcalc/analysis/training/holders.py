"""Who holds what in a step of training, what for, and from when until when: of outputs by their storage, and of what is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archcalc.analysis.run import Run
from archcalc.analysis.training.keeping import Keeping, KeptTensor
from archcalc.analysis.training.schedule import Life, Part, Schedule
from archcalc.analysis.training.segments import find_again, find_entering

COPIES = ("copy", "weight")
"""The roles of what is a copy of an input or a weight."""
STORED: tuple[Part, ...] = ("activations", "input")
"""The parts of a step whose tensors are storages of outputs."""


class Holder(NamedTuple):
    """The position of a layer that needs a tensor, and what for; None where nobody knows whether it does."""

    layer: int
    why: str | None


class Held(NamedTuple):
    """A tensor that a step holds.

    `lives` are from when until when it is there: more than once where it is made again. `holders` need it behind the
    forward pass, and `home` is the position of the layer where it counts: the first that keeps it, or that whose output it is.
    """

    lives: Sequence[Life]
    holders: tuple[Holder, ...]
    home: int

    @property
    def kept(self) -> int:
        """Its bytes between the forward and the backward pass."""
        return sum(life.tensor.bytes for life in self.lives if life.is_kept)

    @property
    def is_again(self) -> bool:
        """Whether it is made once more before the backward pass, and not kept until then."""
        return not self.kept and any(life.born.phase == "again" for life in self.lives)


class KeptBytes(NamedTuple):
    """What counts at a layer of the bytes between the forward and the backward pass.

    `outputs` are those of outputs of layers and of the network's inputs, `copies` those of copies of inputs and weights, and
    `beside` those of all else that is made for the backward pass alone: statistics, masks, indices and the like.
    """

    outputs: int = 0
    copies: int = 0
    beside: int = 0

    @property
    def whole(self) -> int:
        """All of them."""
        return sum(self)


class Holding(NamedTuple):
    """What a step holds: outputs by the position of the layer that owns the storage, and what each layer makes beside."""

    storages: Mapping[int, Held]
    made: Mapping[int, Sequence[tuple[KeptTensor, Held]]]

    def count_kept(self) -> dict[int, KeptBytes]:
        """Return what counts at the layers, by their positions: each storage at one alone, so that they add up to all.

        A layer at which nothing counts is not among them.
        """
        counted: dict[int, KeptBytes] = {}
        for held in self.storages.values():
            before = counted.get(held.home, KeptBytes())
            counted[held.home] = before._replace(outputs=before.outputs + held.kept)
        for position, made in self.made.items():
            for tensor, held in made:
                if held.home == position:
                    before = counted.get(position, KeptBytes())
                    kind = "copies" if tensor.role in COPIES else "beside"
                    counted[position] = before._replace(**{kind: getattr(before, kind) + held.kept})
        return counted


def find_holders(run: Run, keeping: Keeping, schedule: Schedule) -> Holding:
    """Return who holds what in a step of training.

    Args:
        run: the network.
        keeping: what autograd keeps of it.
        schedule: what is born and dies in the step.
    """
    storages: dict[int, list[Life]] = {}
    made: dict[int, list[Life]] = {}
    for life in schedule.lives:
        tensor = life.tensor
        if tensor.layer is not None and tensor.part in STORED:
            storages.setdefault(tensor.layer, []).append(life)
        elif tensor.layer is not None and tensor.part == "kept":
            made.setdefault(tensor.layer, []).append(life)
    holders = _list_holders(run, keeping, schedule)
    again = set(find_again(schedule.segments))
    return Holding(
        {
            storage: Held(
                lives, tuple(holders.get(storage, ())), _find_home(storage, holders.get(storage, ()), again)
            )
            for storage, lives in storages.items()
        },
        _list_made(keeping, made),
    )


def _list_holders(run: Run, keeping: Keeping, schedule: Schedule) -> dict[int, list[Holder]]:
    """Return by storage the segments that run again from it, the layers that keep it, and those of which nobody knows that."""
    holders: dict[int, list[Holder]] = {}
    for segment, is_kept in schedule.segments:
        for storage in () if is_kept else find_entering(run, keeping.values, segment):
            if storage not in segment:
                first, last = (run.nodes[place].name for place in (segment[0], segment[-1]))
                again = f"running {first} to {last} forward once more"
                holders.setdefault(storage, []).append(Holder(segment[0], again))
    for tensor in keeping.tensors:
        if tensor.source is not None:
            found = holders.setdefault(tensor.source, [])
            found += dict.fromkeys(map(Holder, tensor.layers, tensor.whys))
    for position in keeping.unknown:
        for place in dict.fromkeys((*run.nodes[position].inputs, position)):
            storage = keeping.values[place].storage
            holders.setdefault(storage, []).append(Holder(position, None))
    return holders


def _find_home(storage: int, holders: Sequence[Holder], again: set[int]) -> int:
    """Return where a storage counts: at the first layer that keeps it and does not run `again`, else where it is made."""
    keepers = [holder.layer for holder in holders if holder.why is not None and holder.layer not in again]
    return min(keepers, default=storage)


def _list_made(
    keeping: Keeping, made: Mapping[int, Sequence[Life]]
) -> dict[int, list[tuple[KeptTensor, Held]]]:
    """Return what is made for the backward pass alone, at every layer that keeps it."""
    found: dict[int, list[tuple[KeptTensor, Held]]] = {}
    born = {position: iter(lives) for position, lives in made.items()}
    for tensor in keeping.tensors:
        if tensor.source is None:
            home = tensor.layers[0]
            held = Held((next(born[home]),), tuple(map(Holder, tensor.layers, tensor.whys)), home)
            for layer in dict.fromkeys(tensor.layers):
                found.setdefault(layer, []).append((tensor, held))
    return found
