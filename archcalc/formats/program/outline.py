"""A network as a person would write it: blocks with parameters, repeats, merges with their branches.

Writers of programs and of specs put an outline into words; it holds no more than what they have in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from archcalc.formats.program.marking import Marker, Settings
from archcalc.formats.program.naming import BlockNames, agreed, is_numbered, is_repeated, local_name
from archcalc.formats.program.parameters import TIMES, Parameters, Variable
from archcalc.formats.program.scopes import Scopes
from archcalc.formats.program.structure import Form, Piece, Pieces, structured
from archcalc.network.network import Network
from archcalc.op.setting import REQUIRED

__all__ = [
    "Auxiliary",
    "Block",
    "BlockCall",
    "Branch",
    "Call",
    "Merge",
    "Outline",
    "Repeat",
    "Variable",
    "bodies",
    "every",
    "outlined",
    "own_settings",
]


class Call(NamedTuple):
    """One layer. In a block, `position` is that of its first use and settings may be parameters of the block.

    `name` is empty where it has none that all uses share. `sources` are the positions of the layers, merges
    or calls in the same body that it takes its inputs from; None where that is the item above, or the
    start of the sequence. `tied` is the position of the layer whose weights it shares.
    """

    position: int
    kind: str
    settings: Mapping[str, Any]
    name: str = ""
    sources: tuple[int, ...] | None = None
    tied: int | None = None


class Branch(NamedTuple):
    """One of a merge's inputs; without items it is the identity."""

    name: str
    items: Items


class Merge(NamedTuple):
    """A layer with the branches that it brings together; they start from the item above, or from `sources`."""

    position: int
    kind: str
    settings: Mapping[str, Any]
    branches: tuple[Branch, ...]
    name: str = ""
    sources: tuple[int, ...] | None = None


class BlockCall(NamedTuple):
    """A use of a block. `position` is that of the node it ends on; `arguments` are those that are no default."""

    position: int
    block: str
    arguments: Mapping[str, Any]
    name: str = ""
    sources: tuple[int, ...] | None = None


class Repeat(NamedTuple):
    """The same items several times, each time starting from the end of the time before."""

    position: int
    times: int | Variable
    items: Items


class Auxiliary(NamedTuple):
    """A head that exists only in training; what comes after it starts where it started."""

    position: int
    name: str
    items: Items
    sources: tuple[int, ...] | None = None


Item = Call | Merge | BlockCall | Repeat | Auxiliary
Items = tuple[Item, ...]


class Block(NamedTuple):
    """Items that are used in several places. `start` is the position that the first use starts from.

    `parameters` have their defaults, REQUIRED (of archcalc.settings) where there is none.
    """

    name: str
    parameters: Mapping[str, Any]
    items: Items
    start: int


class Outline(NamedTuple):
    """A network: the blocks, each after those that it uses, and the items that use them."""

    blocks: tuple[Block, ...]
    items: Items


def bodies(item: Item) -> list[Items]:
    """Return the sequences within an item."""
    if isinstance(item, Merge):
        return [branch.items for branch in item.branches]
    return [item.items] if isinstance(item, Repeat | Auxiliary) else []


def every(items: Items) -> Iterator[Item]:
    """Yield items, each before those within it, but a repeat behind: how often stands at the end of it."""
    for item in items:
        if not isinstance(item, Repeat):
            yield item
        for inner in bodies(item):
            yield from every(inner)
        if isinstance(item, Repeat):
            yield item


def outlined(network: Network, settings: Settings | None = None) -> Outline:
    """Return the outline of a network.

    Args:
        network: what to write.
        settings: what a writer says of the layer at a position: names and values, defaults too, the same
            names for every layer of a kind. A block gets a parameter for what differs between its uses.
    """
    chosen = settings or own_settings(network)
    marker = Marker(network, chosen)
    pieces = Scopes(network, marker).found(structured(network))
    return _Writer(network, chosen).outline(pieces)


def own_settings(network: Network) -> Settings:
    """Return what says the settings of the op at a position, by their names in a spec."""

    def settings(position: int) -> Mapping[str, Any]:
        op = network.nodes[position].op
        return {name: op.__dict__[setting.attribute] for name, setting in op.declared.items()}

    return settings


class _Place(NamedTuple):
    """A piece where it is written: what to say of it, and the names that all uses of its block share."""

    said: Mapping[str, Any]
    name: str
    labels: tuple[str, ...]


class _Writer:
    """Makes blocks of scopes: one for each kind, with parameters for what differs."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.nodes = network.nodes
        self.settings = settings
        self.uses: dict[int, list[Piece]] = {}
        self.arguments: dict[tuple[int, int, int], Mapping[str, Any]] = {}
        self.blocks: dict[int, Block] = {}
        self.times: Counter[int] = Counter()

    def outline(self, pieces: Pieces) -> Outline:
        self._collect(pieces)
        names = BlockNames()
        frequent = sorted(self.uses, key=lambda skeleton: -self.times[skeleton])
        chosen = {skeleton: names.chosen(self.uses[skeleton], self.nodes) for skeleton in frequent}
        for skeleton, uses in self.uses.items():
            self.blocks[skeleton] = self._block(chosen[skeleton], uses)
        places = (_Place(self._said(piece), self._name(piece), piece.labels) for piece in _inside(pieces))
        return Outline(tuple(self.blocks.values()), self._items(pieces, places))

    def _collect(self, pieces: Pieces, times: int = 1) -> None:
        """Collect the uses of every kind of scope, those inside others first, and how often each kind runs."""
        for piece in pieces:
            for body in piece.bodies:
                self._collect(body, times * piece.times)
            if piece.form is Form.SCOPE:
                self.uses.setdefault(piece.skeleton, []).append(piece)
                self.times[piece.skeleton] += times

    def _said(self, piece: Piece) -> Mapping[str, Any]:
        """Return the settings of a piece: of a scope its arguments, of a repeat how often."""
        if piece.form is Form.SCOPE:
            return self.arguments[piece.skeleton, piece.first, piece.last]
        if piece.form is Form.REPEAT:
            return {TIMES: piece.times}
        return {} if piece.form is Form.HEAD else self.settings(piece.last)

    def _name(self, piece: Piece) -> str:
        if piece.form in (Form.LAYER, Form.MERGE):
            return local_name(self.nodes[piece.last])
        return piece.name

    def _block(self, name: str, uses: Sequence[Piece]) -> Block:
        """Return the block for some uses, and note the arguments of each."""
        columns = list(zip(*(_inside(use.bodies[0]) for use in uses), strict=True))
        said = [[self._said(piece) for piece in column] for column in columns]
        labels = list(self._labels(uses[0].bodies[0], ""))
        parameters = Parameters(list(zip(labels, said, strict=True)))
        for number, use in enumerate(uses):
            self.arguments[use.skeleton, use.first, use.last] = parameters.arguments(number)
        places = (
            _Place(
                parameters.said(settings),
                agreed(map(self._name, column)),
                tuple(map(agreed, zip(*(piece.labels for piece in column), strict=True))),
            )
            for column, settings in zip(columns, said, strict=True)
        )
        items = self._items(uses[0].bodies[0], places)
        return Block(name, parameters.defaults(REQUIRED), items, uses[0].start)

    def _labels(self, pieces: Pieces, branch: str) -> Iterator[str]:
        """Yield a word for where each piece stands in its block: its branch and its name, if they say something."""
        for piece in pieces:
            name, kind = self._name(piece), self.nodes[piece.last].op.kind
            own = "" if name == kind or is_numbered(name, kind) else name
            yield "_".join(filter(None, (branch, own))).replace("-", "_")
            if piece.form is not Form.SCOPE:
                labels = piece.labels or ("",) * len(piece.bodies)
                for label, body in zip(labels, piece.bodies, strict=True):
                    inner = "" if is_numbered(label, "branch") else label
                    yield from self._labels(body, "_".join(filter(None, (branch, inner))))

    def _items(self, pieces: Pieces, places: Iterator[_Place]) -> Items:
        return tuple(self._item(piece, next(places), places) for piece in pieces)

    def _item(self, piece: Piece, place: _Place, places: Iterator[_Place]) -> Item:
        """Return a piece in words; `places` go on with what is in it."""
        if piece.form is Form.SCOPE:
            block = self.blocks[piece.skeleton]
            arguments = {k: v for k, v in place.said.items() if not _same(v, block.parameters[k])}
            name = "" if is_repeated(place.name, block.name) else place.name
            return BlockCall(piece.last, block.name, arguments, name, piece.sources)
        if piece.form is Form.LAYER:
            node = self.nodes[piece.last]
            return Call(piece.last, node.op.kind, place.said, place.name, piece.sources, node.tied)
        bodies = [self._items(body, places) for body in piece.bodies]
        if piece.form is Form.REPEAT:
            return Repeat(piece.last, place.said[TIMES], bodies[0])
        if piece.form is Form.HEAD:
            return Auxiliary(piece.last, place.name, bodies[0], piece.sources)
        kind = self.nodes[piece.last].op.kind
        labels = place.labels or ("",) * len(bodies)
        branches = tuple(map(Branch, labels, bodies))
        return Merge(piece.last, kind, place.said, branches, place.name, piece.sources)


def _inside(pieces: Pieces) -> Iterator[Piece]:
    """Yield the pieces that are written in one body, in the order of writing: all but those within scopes."""
    for piece in pieces:
        yield piece
        if piece.form is not Form.SCOPE:
            for body in piece.bodies:
                yield from _inside(body)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default
