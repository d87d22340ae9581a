"""Weights of a file that several layers take: whose they are, and what that means for the count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archcalc.formats.onnx.builder import Builder
from archcalc.network.network import Node


def tied(builder: Builder, order: Iterable[int]) -> Iterator[Node]:
    """Yield the nodes in an order, those that take all weights of one earlier layer of their kind as tied to it."""
    for position in order:
        node = builder.nodes[position]
        owner = _owner(builder, position) if node.shared else None
        yield node if owner is None else node._replace(tied=owner, shared=frozenset())


def _owner(builder: Builder, position: int) -> int | None:
    """Return the layer whose weights are all of this one's, under the same names and for the same op; None if none."""
    node, weights = builder.nodes[position], builder.weights[position]
    owners = {builder.owners[weight.root] for weight in weights.values()}
    if node.shared != weights.keys() or len(owners) != 1:
        return None
    (owner,) = owners
    theirs = {name: weight.root for name, weight in builder.weights[owner].items()}
    is_alike = theirs == {name: weight.root for name, weight in weights.items()}
    return owner if is_alike and builder.nodes[owner].op == node.op else None


def sharing(builder: Builder) -> Iterator[str]:
    """Yield what a reader must know where layers share weights: how much would count more if they did not."""
    sizes = [
        builder.weights[position][name].size
        for position, node in enumerate(builder.nodes)
        for name in node.shared
        if builder.weights[position][name].is_learnt
    ]
    if sizes:
        yield (
            f"{len(sizes)} weights are those of another layer and count once; {sum(sizes):,} numbers more if each layer "
            "had its own: exporters merge weights that are equal"
        )
