"""A network's graph as nested structure: chains, merges with their branches, and heads that exist only in training.

Nodes keep their order, so a branch is a stretch of nodes without a gap. What is not nested so keeps the positions
that it takes its inputs from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from archcalc.network.liveness import last_uses
from archcalc.network.network import Network, Node, parts

NESTING = 10
"""The deepest nesting of merges that is looked for; deeper ones are written with references."""


class Form(Enum):
    """What a piece is."""

    LAYER = "one layer"
    MERGE = "a layer with the branches that it brings together"
    HEAD = "an auxiliary head"
    SCOPE = "layers that belong together"
    REPEAT = "the same several times"


class Piece(NamedTuple):
    """A stretch of a network: the nodes from `first` to `last`, whose output is its own.

    `bodies` are the sequences in it: the branches of a merge, one sequence for the others, none for a
    layer. `labels` name the branches. `sources` are the positions that it takes its inputs from, None where
    that is what stands before it. `start` is the position before the piece, -1 where there is none.
    `skeleton` is equal for pieces that differ in nothing but settings, `identity` for those that do not differ.
    `weight` are the lines that it takes to write; `plain` says that nothing in it is referred to or refers; a
    scope is `kept` where its name is needed.
    """

    form: Form
    first: int
    last: int
    start: int = -1
    bodies: tuple[Pieces, ...] = ()
    name: str = ""
    labels: tuple[str, ...] = ()
    sources: tuple[int, ...] | None = None
    times: int = 1
    skeleton: int = -1
    identity: int = -1
    weight: int = 1
    plain: bool = True
    kept: bool = False


Pieces = tuple[Piece, ...]


def structured(network: Network) -> Pieces:
    """Return a network's nodes as nested pieces, without the inputs."""
    nodes = network.nodes
    inputs = {position for position, node in enumerate(nodes) if node.op.traits.role == "input"}
    return _Parser(nodes, inputs).sequence(0, len(nodes) - 1, 0, 0)


class _Parser:
    """Finds the merges whose branches start from one place."""

    def __init__(self, nodes: Sequence[Node], inputs: set[int]) -> None:
        self.nodes = nodes
        self.inputs = inputs
        self.heads = dict(_heads(nodes))
        self.last_use = last_uses([node.inputs for node in nodes], ())
        self.merges: dict[int, list[int]] = {}
        for position in range(len(nodes) - 1, -1, -1):
            for start in self._starts(position):
                self.merges.setdefault(start, []).append(position)

    def _starts(self, merge: int) -> set[int]:
        """Return where the branches of a node with several inputs may start: at most one for each input."""
        inputs = self.nodes[merge].inputs
        if len(inputs) < 2:
            return set()
        after = (self.nodes[end + 1].inputs for end in inputs[:-1] if end + 1 < merge)
        return {min(inputs), *(sources[0] for sources in after if sources)}

    def sequence(self, first: int, last: int, start: int, depth: int) -> Pieces:
        """Return the nodes from `first` to `last` as a sequence that starts from node `start`."""
        found = []
        position, current = first, start
        while position <= last:
            if position in self.inputs:
                position += 1
                continue
            end = self.heads.pop(position, None)
            if end is not None:
                piece = self._head(position, end, current, depth)
            else:
                piece = self._merge(position, last, current, depth) or self._layer(position, current)
                current = piece.last
            found.append(piece)
            position = piece.last + 1
        return tuple(found)

    def _layer(self, position: int, current: int) -> Piece:
        node = self.nodes[position]
        sources = None if node.inputs == (current,) or node.op.traits.role == "constant" else node.inputs
        return Piece(Form.LAYER, position, position, current, sources=sources)

    def _head(self, first: int, last: int, current: int, depth: int) -> Piece:
        """Return the auxiliary head from node `first` to node `last`."""
        start = self.nodes[first].inputs[0]
        body = self.sequence(first, last, start, depth + 1)
        sources = None if start == current else (start,)
        return Piece(Form.HEAD, first, last, start, (body,), sources=sources)

    def _merge(self, first: int, last: int, start: int, depth: int) -> Piece | None:
        """Return the widest merge of branches from `start`, the first of which begins with node `first`."""
        if depth >= NESTING:
            return None
        for merge in self.merges.get(start, ()):
            if first < merge <= last:
                ranges = list(self._ranges(merge, first, start))
                ends = self.nodes[merge].inputs
                if len(ranges) > len(ends) and all(
                    begin == start or self._is_branch(begin, end, start, merge)
                    for begin, end in zip(ranges, ends, strict=False)
                ):
                    return self._merged(merge, ranges[:-1], start, depth)
        return None

    def _is_branch(self, first: int, last: int, start: int, merge: int) -> bool:
        """Tell whether some nodes take nothing but `start` and give nothing but their end, and that to the merge."""
        return self.last_use[last] <= merge and all(
            (position == last or self.last_use[position] <= last)
            and all(source == start or source >= first for source in self.nodes[position].inputs)
            for position in range(first, last + 1)
        )

    def _ranges(self, merge: int, first: int, start: int) -> Iterator[int]:
        """Yield where each branch begins, the merge itself at last; an empty branch begins at `start`.

        Nothing more comes where the branches do not follow each other without a gap.
        """
        position = first
        for end in self.nodes[merge].inputs:
            if end == start:
                yield start
            elif position <= end < merge and end not in self.inputs:
                yield position
                position = end + 1
            else:
                return
        if position == merge:
            yield position

    def _merged(self, merge: int, begins: Sequence[int], start: int, depth: int) -> Piece:
        node = self.nodes[merge]
        branches = tuple(
            () if begin == start else self.sequence(begin, end, start, depth + 1)
            for begin, end in zip(begins, node.inputs, strict=True)
        )
        filled = [branch[0].first for branch in branches if branch]
        labels = tuple(parts(label)[-1] for label in node.labels) or ("",) * len(branches)
        return Piece(Form.MERGE, min(filled), merge, start, branches, labels=labels)


def _heads(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last node of every auxiliary head: it ends where nobody takes the output."""
    used = {source for node in nodes for source in node.inputs}
    first = None
    for position, node in enumerate(nodes):
        if not node.auxiliary:
            continue
        first = position if first is None else first
        if position not in used:
            yield first, position
            first = None
