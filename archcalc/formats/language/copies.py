"""Blocks are written out once, and copied where they are used in the same way again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Scope
from typing import NamedTuple

from archcalc.formats.language.bounds import Growth
from archcalc.formats.language.maker import Maker
from archcalc.formats.language.names import Head, Paths
from archcalc.formats.language.scope import Use
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.ground.errors import Origin, Place
from archcalc.network.network import Node

WORD = re.compile(r"\w+")
"""What the name of a parameter is."""


class BlockSpec(NamedTuple):
    """An op that the spec defines: its parameters' defaults and its layers."""

    name: str
    parameters: Scope[str, Tree]
    layers: Listing


class ReadUse:
    """A layer as a line of a spec has it, wherever the block is used that the line stands in; `size` are its values."""

    __slots__ = ("item", "size", "use")

    def __init__(self, item: Tree, use: Use) -> None:
        self.item = item  # kept, so that no other has its identity
        self.use = use
        self.size = sum(tree.size for tree in use.settings.values())

    def used(self, used_by: Place | None) -> Use:
        """Return the layer where the block is used."""
        return Use(self.use.kind, self.use.settings, self.use.keys, used_by)


class Frame(NamedTuple):
    """Where expansion stands: parameters in scope, the dotted prefix of names, who used this block."""

    scope: Scope[str, object]
    prefix: str = ""
    used_by: Place | None = None
    inside: tuple[str, ...] = ()
    depth: int = 0
    auxiliary: bool = False


class Moment:
    """How many nodes, names and heads a network has so far, and how far it has grown."""

    def __init__(self, expanded: Expanded) -> None:
        self.nodes = len(expanded.nodes)
        self.names = len(expanded.names.order)
        self.starts = len(expanded.names.blocks)
        self.heads = len(expanded.heads)
        self.grown = expanded.bounds.so_far()


class Written:
    """A block in the network that it was written out in: what came about since a moment `before`, and who used it.

    `start` and `end` are the nodes that it starts from and ends on; each of its names begins with `prefix`.
    """

    def __init__(
        self, expanded: Expanded, before: Moment, prefix: str, start: int, end: int, used_by: Place
    ) -> None:
        self.expanded = expanded
        self.before = before
        self.after = Moment(expanded)
        self.prefix = prefix
        self.start = start
        self.end = end
        self.used_by = used_by


class Expanded:
    """A network while its layers are written out."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names = Paths()
        self.heads: list[Head] = []
        self.bounds = Growth()

    @property
    def losses(self) -> dict[str, float]:
        """The weights of the losses of heads, by their names, where anybody says them."""
        return {head.name: head.weight for head in self.heads if head.weight is not None}

    def copy(self, written: Written, frame: Frame, start: int) -> int | None:
        """Add a block as it is written elsewhere, and return the node that it ends on; None where there is no room."""
        expanded, before, after = written.expanded, written.before, written.after
        if not self.bounds.repeat(before.grown, after.grown):
            return None
        first = before.nodes
        shift = len(self.nodes) - first

        def moved(position: int) -> int:
            return position + shift if position >= first else start

        self.nodes += _copies(written, frame, moved)
        self.names.copy(
            expanded.names,
            (before.names, after.names),
            (before.starts, after.starts),
            (written.prefix, frame.prefix),
            moved,
        )
        self.heads += (
            Head(frame.prefix + head.name[len(written.prefix) :], moved(head.end), head.weight)
            for head in expanded.heads[before.heads : after.heads]
        )
        return moved(written.end)


def _copies(written: Written, frame: Frame, moved: Callable[[int], int]) -> Iterator[Node]:
    """Yield the nodes of a block as they are in another frame and from another start."""
    prefix, cut = frame.prefix, len(written.prefix)
    used_by = frame.used_by or written.used_by
    is_same = used_by.is_same(written.used_by)
    nodes = written.expanded.nodes[written.before.nodes : written.after.nodes]
    for name, op, inputs, labels, tied, auxiliary, shared, origin in nodes:
        yield Node(
            prefix + name[cut:],
            op,
            tuple(map(moved, inputs)),
            tuple([prefix + label[cut:] for label in labels]) if labels else (),
            None if tied is None else moved(tied),
            auxiliary,
            shared,
            origin if is_same or not origin else Copied(origin, written.used_by, used_by),
        )


class Copied:
    """The origin of a copied node: that of the first one, in a block that is used elsewhere."""

    __slots__ = ("first", "origin", "used_by")

    def __init__(self, origin: Origin, first: Place, used_by: Place) -> None:
        self.origin = origin
        self.first = first
        self.used_by = used_by

    def place(self, setting: str | None = None) -> Place:
        """Return where it stands, in the block as it is used here."""
        return self.origin.place(setting).within(self.first, self.used_by)


class Copies:
    """What the networks of a spec have in common: its lines, blocks that are written out already, and ops."""

    def __init__(self, blocks: Scope[str, BlockSpec], parameters: Scope[str, Tree]) -> None:
        """Take the blocks and the parameters of a spec."""
        self.blocks = blocks
        self.maker = Maker()
        self.uses: dict[int, ReadUse] = {}
        self.written: dict[str, Written] = {}
        words = _words(blocks)
        self.telling = {
            name: tuple(block.parameters.keys() | (words[name] & parameters.keys()))
            for name, block in blocks.items()
        }

    def key(self, block: BlockSpec, scope: Scope[str, object], where: object) -> str:
        """Return what tells a use of a block from others: where it is, and the parameters in `scope` that make a difference."""
        return repr((block.name, where, [scope[name] for name in self.telling[block.name]]))


def _words(blocks: Scope[str, BlockSpec]) -> dict[str, frozenset[str]]:
    """Return the words in each block and in those that it uses: blocks written before it, or else all."""
    stated = {name: frozenset(_find_words(block)) for name, block in blocks.items()}
    every = frozenset[str]().union(*stated.values())
    words: dict[str, frozenset[str]] = {}
    for name, own in stated.items():
        used = own & stated.keys()
        words[name] = own.union(*(words[block] for block in used)) if used <= words.keys() else every
    return words


def _find_words(block: BlockSpec) -> Iterator[str]:
    """Yield every word in a block that may be a parameter or another block."""
    trees: list[Tree] = [block.layers, *block.parameters.values()]
    while trees:
        tree = trees.pop()
        if isinstance(tree, Scalar):
            yield tree.text
            yield from WORD.findall(tree.text)
        elif isinstance(tree, Listing):
            trees += tree.items
        elif isinstance(tree, Mapping):
            yield from tree.entries
            trees += tree.entries.values()
