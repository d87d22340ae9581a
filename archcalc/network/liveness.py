"""Where the outputs of layers lie in memory, and until when they are needed: one rule for memory, runs and programs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from archcalc.network.network import Node


def storages(nodes: Sequence[Node], overwriting: Collection[int] = ()) -> list[int]:
    """Return for each node the position of the one that owns the memory of its output.

    A view keeps its input's, and so do those that are `overwriting` theirs.
    """
    owners: list[int] = []
    for position, node in enumerate(nodes):
        is_own = node.op.traits.storage != "view" and position not in overwriting
        owners.append(position if is_own else owners[node.inputs[0]])
    return owners


def overwriting(nodes: Sequence[Node], outputs: Iterable[int]) -> set[int]:
    """Return the positions of the nodes that can write over their input: nobody needs it any more."""
    owners = storages(nodes)
    last = last_uses([node.inputs for node in nodes], outputs, owners)
    return {
        position
        for position, node in enumerate(nodes)
        if node.op.traits.storage == "overwrite" and last[owners[node.inputs[0]]] == position
    }


def last_uses(
    inputs: Sequence[Sequence[int]], outputs: Iterable[int], owners: Sequence[int] | None = None
) -> list[int]:
    """Return for each layer after which position nobody needs its value any more, the network's outputs after all.

    Args:
        inputs: the positions that each layer takes its inputs from.
        outputs: the positions of the network's outputs.
        owners: what `storages` returned, where memory is meant and not values; then it is so for those that own theirs.
    """
    of = owners or range(len(inputs))
    last = [*range(len(inputs))]
    for position, sources in enumerate(inputs):
        for source in sources:
            last[of[source]] = position
    for output in outputs:
        last[of[output]] = len(inputs)
    return last
