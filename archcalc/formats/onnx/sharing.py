"""Which of the layers read from a file it takes, and the weights that several of them take: whose they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from archcalc.formats.onnx.builder import Builder
from archcalc.network.network import Node

Shared = Mapping[int, frozenset[str]]
"""The names of the weights of a layer that are an earlier one's, by its position."""
MOST_NAMED = 3
"""The most layers that a note names."""


def find_needed(builder: Builder, results: Collection[int]) -> set[int]:
    """Return the positions of the inputs, and of the layers that results come from; all where there are no results."""
    if not results:
        return {*range(len(builder.nodes))}
    inputs = {position for position, node in enumerate(builder.nodes) if node.op.traits.role == "input"}
    wanted = inputs.union(results)
    for position in reversed(range(len(builder.nodes))):
        if position in wanted:
            wanted.update(builder.nodes[position].inputs)
    return wanted


def find_shared(builder: Builder, order: Iterable[int]) -> tuple[Shared, dict[str, int]]:
    """Return what layers share with those before them in an order, and the layer that each weight of the file is of."""
    owners: dict[str, int] = {}
    shared = {}
    for position in order:
        weights = builder.weights.get(position, {})
        shared[position] = frozenset(name for name, weight in weights.items() if weight.root in owners)
        for weight in weights.values():
            owners.setdefault(weight.root, position)
    return shared, owners


def tie(builder: Builder, shared: Shared, owners: Mapping[str, int]) -> Iterator[Node]:
    """Yield the layers with what they share, those that take all weights of one of their kind as tied to it."""
    for position, names in shared.items():
        owner = _owner(builder, position, names, owners) if names else None
        node = builder.nodes[position]
        yield node._replace(shared=names) if owner is None else node._replace(tied=owner)


def _owner(builder: Builder, position: int, shared: Collection[str], owners: Mapping[str, int]) -> int | None:
    """Return the layer whose weights are all of this one's, under the same names and for the same op; None if none."""
    node, weights = builder.nodes[position], builder.weights[position]
    theirs = {owners[weight.root] for weight in weights.values()}
    if shared != weights.keys() or len(theirs) != 1:
        return None
    (owner,) = theirs
    roots = {name: weight.root for name, weight in builder.weights[owner].items()}
    is_alike = roots == {name: weight.root for name, weight in weights.items()}
    return owner if is_alike and builder.nodes[owner].op == node.op else None


def sharing(builder: Builder, shared: Shared) -> Iterator[str]:
    """Yield what a reader must know where layers share weights: how much would count more if they did not."""
    sizes = [
        builder.weights[position][name].size
        for position, names in shared.items()
        for name in names
        if builder.weights[position][name].is_learnt
    ]
    if sizes:
        yield (
            f"{len(sizes)} weights are those of another layer and count once; {sum(sizes):,} numbers more if each layer "
            "had its own: exporters merge weights that are equal"
        )


def idle(builder: Builder, kept: Collection[int]) -> Iterator[str]:
    """Yield what a reader must know where no output needs some of the weights of a file."""
    names = [
        f"'{node.name}'"
        for position, node in enumerate(builder.nodes)
        if position not in kept and any(w.is_learnt for w in builder.weights.get(position, {}).values())
    ]
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield f"no output needs {', '.join(names[:MOST_NAMED])}{more}: left out, as whatever runs the file does"
