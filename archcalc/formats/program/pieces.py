"""A network as pieces: a layer, what a block does in one of its uses, a loop; equal pieces have equal numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from enum import Enum
from itertools import chain
from typing import NamedTuple

from archcalc.network.liveness import last_uses
from archcalc.network.network import Network

Settings = Callable[[int], Mapping[str, object]]
"""What to write of the layer at a position: all its settings, those with their default values, too."""


class Form(Enum):
    """What a piece is."""

    LAYER = "one layer"
    BLOCK = "what a block does"
    TURN = "what a loop does each time, written in the loop"
    LOOP = "the same again and again, each time on what the time before returned"


class Piece(NamedTuple):
    """What is computed of `inputs`, the positions of the nodes that made them, from node `first` to node `value`.

    `inner` is what a block does, or a loop each time. `callee` is equal for pieces that differ in nothing but
    settings, `whole` for those that do not differ at all. A block is `kept` where its name is needed.
    """

    form: Form
    callee: int
    whole: int
    inputs: tuple[int, ...]
    first: int
    value: int
    is_head: bool = False
    inner: Pieces = ()
    name: str = ""
    kept: bool = False

    @property
    def is_rising(self) -> bool:
        """Whether it is a loop in which settings go up."""
        return self.form is Form.LOOP and self.inner[0].whole != self.inner[1].whole


Pieces = tuple[Piece, ...]


def layers(pieces: Pieces) -> Iterator[Piece]:
    """Yield the layers in pieces, in the order in which they run."""
    for piece in pieces:
        yield from layers(piece.inner) if piece.inner else (piece,)


def uses(pieces: Pieces) -> dict[int, list[Piece]]:
    """Return every use of each block, inner blocks first."""
    blocks: dict[int, list[Piece]] = {}
    for piece in pieces:
        for callee, inner in uses(piece.inner).items():
            blocks.setdefault(callee, []).extend(inner)
        if piece.form is Form.BLOCK:
            blocks.setdefault(piece.callee, []).append(piece)
    return blocks


def lines(pieces: Pieces) -> int:
    """Return about how many lines it takes to write pieces; those of a block stand elsewhere."""
    return sum(1 + (lines(find_held(piece)) if piece.form is Form.LOOP else 0) for piece in pieces)


def find_held(loop: Piece) -> Pieces:
    """Return the pieces that a loop does each time."""
    turn = loop.inner[0]
    return turn.inner if turn.form is Form.TURN else (turn,)


def entering(pieces: Pieces) -> tuple[int, ...]:
    """Return the values that pieces take from outside."""
    made = {piece.value for piece in pieces}
    return tuple(dict.fromkeys(value for piece in pieces for value in piece.inputs if value not in made))


class PieceMaker:
    """Makes pieces of a network's layers, and numbers what is equal."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.nodes = network.nodes
        self.settings = settings
        self.numbers: dict[Hashable, int] = {}
        outputs = [output % len(self.nodes) for output in network.outputs]
        self.last_use = last_uses([node.inputs for node in self.nodes], outputs)
        self.last_tie = {node.tied: position for position, node in enumerate(self.nodes)}

    def layers(self) -> Pieces:
        """Return a piece for each layer, without the inputs."""
        return tuple(
            self._layer(position)
            for position, node in enumerate(self.nodes)
            if node.op.traits.role != "input"
        )

    def number(self, *key: Hashable) -> int:
        """Return a number that is the same for equal keys."""
        return self.numbers.setdefault(key, len(self.numbers))

    def _layer(self, position: int) -> Piece:
        node, settings = self.nodes[position], self.settings(position)
        callee = self.number(node.op.kind, *settings, node.tied is None, node.auxiliary)
        whole = self.number(callee, *settings.values())
        return Piece(Form.LAYER, callee, whole, node.inputs, position, position, node.auxiliary)

    def joined(self, form: Form, inner: Pieces, name: str = "", *, kept: bool = False) -> Piece:
        """Return what pieces do as one, which is the use of a block or the turn of a loop."""
        callee = self.number(form, *self._pattern(inner))
        whole = self.number(callee, *(piece.whole for piece in inner))
        first, last = inner[0].first, inner[-1]
        return Piece(form, callee, whole, entering(inner), first, last.value, last.is_head, inner, name, kept)

    def loop(self, turns: Pieces) -> Piece:
        """Return equal pieces in a row as one, in which how often is a setting.

        Where the settings go up from time to time, those of the first two times are the same in all its uses.
        """
        first, second, *_ = turns
        last = turns[-1]
        steps = () if first.whole == second.whole else (first.whole, second.whole)
        callee = self.number(Form.LOOP, first.callee, *steps)
        whole = self.number(callee, len(turns), first.whole)
        return Piece(Form.LOOP, callee, whole, first.inputs, first.first, last.value, last.is_head, turns)

    def within(self, piece: Piece, change: Callable[[Piece], Pieces]) -> Piece:
        """Return a piece with what `change` makes of the pieces in it, of a loop of those of each time."""
        if piece.form is Form.LOOP:
            turns = tuple(self.within(turn, change) for turn in piece.inner)
            return piece if turns == piece.inner else self.loop(turns)._replace(name=piece.name)
        inner = change(piece) if piece.inner else ()
        same = inner == piece.inner
        return piece if same else self.joined(piece.form, inner, piece.name, kept=piece.kept)

    def _pattern(self, pieces: Pieces) -> Iterator[Hashable]:
        """Yield what is equal for pieces that do the same one after the other, with other settings."""
        places = {value: -1 - number for number, value in enumerate(entering(pieces))}
        for number, piece in enumerate(pieces):
            tied = self.tied(piece)
            yield piece.callee, tuple(places[value] for value in piece.inputs), tied and places.get(tied)
            places[piece.value] = number

    def is_closed(self, pieces: Pieces) -> bool:
        """Tell whether pieces take one value from outside, and nothing but their last value is taken from them.

        Whoever shares the weights of a layer needs that by itself, so these are inside, too.
        """
        first, last = pieces[0].first, pieces[-1].value
        alone = [piece for piece in pieces if piece.form is Form.LAYER]
        return (
            len(entering(pieces)) == 1
            and all(piece.value < self.last_use[piece.value] <= last for piece in pieces[:-1])
            and all(self.last_tie.get(piece.value, last) <= last for piece in alone)
            and all((self.tied(piece) or first) >= first for piece in alone)
            and len({piece.is_head for piece in pieces}) == 1
        )

    def tied(self, piece: Piece) -> int | None:
        """Return the node whose weights a layer shares, if there is one."""
        return self.nodes[piece.value].tied if piece.form is Form.LAYER else None

    def follows(self, piece: Piece, before: Piece) -> bool:
        """Tell whether a piece takes nothing but the value of the one before, and nobody else does."""
        is_next = piece.inputs == (before.value,) and self.last_use[before.value] <= piece.value
        return is_next and piece.is_head == before.is_head

    def is_alone(self, piece: Piece) -> bool:
        """Tell whether a piece shares no weights with others, so that it may stand in a loop."""
        return piece.form is not Form.LAYER or not (
            piece.value in self.last_tie or self.tied(piece) is not None
        )

    def is_row(self, pieces: Pieces) -> bool:
        """Tell whether pieces are one after the other, so that a loop may hold them."""
        followed = zip(pieces[1:], pieces, strict=False)
        return all(map(self.is_alone, pieces)) and all(
            self.follows(piece, before) for piece, before in followed
        )

    def values(self, piece: Piece) -> list[object]:
        """Return all settings in a piece, of a loop how often and what it does once."""
        if piece.form is Form.LAYER:
            return list(self.settings(piece.value).values())
        if piece.form is Form.LOOP:
            return [len(piece.inner), *self.values(piece.inner[0])]
        return list(chain.from_iterable(map(self.values, piece.inner)))
