"""Which layers belong together: those that share a part of their names; without names, what comes again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from archcalc.formats.program.branches import every, read_branches
from archcalc.formats.program.calls import Call
from archcalc.formats.program.pieces import Form, Piece, PieceMaker, Pieces, Settings, layers, lines, uses
from archcalc.formats.program.repetition import FEWEST_LAYERS, OVERHEAD, ROUNDS, with_blocks, worthwhile
from archcalc.formats.program.rolling import roll
from archcalc.network.network import Network, parts, prefix


class Style(NamedTuple):
    """How a format writes layers and loops.

    Attributes:
        settings: what it says of the layer at a position.
        defaults: what settings are by default where a block does not say; None where that is what most of its uses say.
        is_plain: whether settings may go up in a loop, which holds only what comes one after the other, and none of
            the layers `apart`; others hold branches, too, but have neither a name nor a place that they start from.
        apart: the positions of layers that are no links of a chain.
        most_written_out: a loop of so many layers is written out, so that each keeps its name.
    """

    settings: Settings
    defaults: Settings | None = None
    is_plain: bool = False
    apart: frozenset[int] = frozenset()
    most_written_out: int = 0


def find_named_outputs(network: Network) -> tuple[int, ...]:
    """Return the positions of a network's outputs; none where there is one and it is where the layers end."""
    last = max(position for position, node in enumerate(network.nodes) if not node.auxiliary)
    positions = tuple(position % len(network.nodes) for position in network.outputs)
    return () if positions == (last,) else positions


def group(network: Network, style: Style) -> Pieces:
    """Return a network's layers in blocks and loops."""
    return _Grouping(network, style).pieces()


class _Grouping:
    """Groups the layers of one network."""

    def __init__(self, network: Network, style: Style) -> None:
        self.nodes = network.nodes
        self.style = style
        self.maker = PieceMaker(network, style.settings)
        self.expected = {expectation.layer for expectation in network.expectations}
        self.branches = {label for node in self.nodes for label in node.labels}
        self.outputs = find_named_outputs(network)

    def pieces(self) -> Pieces:
        """Return all layers, grouped by their names or, where these say nothing, by what comes again."""
        plain = self.maker.layers()
        named = self._paying(self._roll(self._name(plain, 0)))
        if any(use.name for same in uses(named).values() for use in same):
            return self._finish(named)
        current = self._roll(plain)
        for _ in range(ROUNDS):
            lengths = worthwhile(self.maker, current)
            if not lengths:
                break
            current = self._roll_all(with_blocks(self.maker, current, lengths))
        return self._finish(self._paying(current))

    def _finish(self, members: Pieces) -> Pieces:
        return members if self.style.is_plain else self._enclose(members, 0, self.outputs)

    def _name(self, members: Pieces, level: int) -> Pieces:
        """Return pieces with a block for neighbours whose names share the part at `level`; a branch is none."""
        pieces: list[Piece] = []
        for name, group in groupby(members, key=lambda layer: self._part(layer, level)):
            if name is None:
                pieces += group
                continue
            inner = self._roll(self._name(tuple(group), level + 1))
            path = prefix(self.nodes[inner[-1].value].name, level + 1)
            if len(inner) == 1 and (inner[0].form is not Form.LOOP or self.style.is_plain):
                pieces.append(inner[0]._replace(name=inner[0].name or name))
            elif path not in self.branches and self.maker.is_closed(inner):
                pieces.append(self.maker.joined(Form.BLOCK, inner, name, kept=path in self.expected))
            else:
                pieces += inner
        return tuple(pieces)

    def _part(self, layer: Piece, level: int) -> str | None:
        """Return the part of a layer's name at `level`; None for its own name."""
        path = parts(self.nodes[layer.value].name)
        return path[level] if len(path) > level + 1 else None

    def _roll(self, members: Pieces) -> Pieces:
        return roll(self.maker, members, is_counted=self.style.is_plain)

    def _roll_all(self, members: Pieces) -> Pieces:
        """Return pieces with loops for what is equal in a row, in blocks, too."""
        return self._roll(
            tuple(self.maker.within(piece, lambda outer: self._roll_all(outer.inner)) for piece in members)
        )

    def _paying(self, members: Pieces) -> Pieces:
        """Return pieces without the blocks that save no lines: what they do stands where they were used."""
        current = members
        while idle := self._idle(current):
            current = self._without(current, idle)
        return current

    def _idle(self, members: Pieces) -> set[int]:
        """Return the blocks that save no lines, of those within each other only the inner ones."""
        blocks = uses(members)
        bodies = [members, *(same[0].inner for same in blocks.values())]
        loops = [piece for piece in _each(bodies) if piece.form is Form.LOOP]
        looped = {loop.inner[0].callee for loop in loops}
        rising = {loop.inner[0].callee for loop in loops if loop.is_rising}
        sites = Counter(_find_called(piece) for piece in _each(bodies))
        times = Counter(_uses(members))
        idle = {
            callee
            for callee, same in blocks.items()
            if not _pays(same, sites[callee], times[callee], is_looped=callee in looped)
            and (callee not in looped or (callee not in rising and self._fits_in_loop(same[0].inner)))
        }
        return {callee for callee in idle if not idle & uses(blocks[callee][0].inner).keys()}

    def _fits_in_loop(self, body: Pieces) -> bool:
        """Tell whether a loop may hold what a block does."""
        if not self.style.is_plain:
            return not _explicit(body, body[0].inputs[0])
        return self.maker.is_row(body) and all(
            piece.form is not Form.LAYER or piece.value not in self.style.apart for piece in body
        )

    def _enclose(self, members: Pieces, start: int, ends: Collection[int]) -> Pieces:
        """Return pieces with a block around every loop that somebody refers to, or that starts elsewhere."""
        explicit = _explicit(members, start) | {*ends}
        enclosed: list[Piece] = []
        for piece in members:
            own = self.maker.within(piece, lambda outer: self._enclose(outer.inner, outer.inputs[0], ()))
            is_apart = piece.form is Form.LOOP and piece.value in explicit
            enclosed.append(self.maker.joined(Form.BLOCK, (own,), piece.name) if is_apart else own)
        return tuple(enclosed)

    def _without(self, members: Pieces, idle: set[int]) -> Pieces:
        """Return pieces with what idle blocks do in their place, in a loop as what it does each time."""
        pieces: list[Piece] = []
        for piece in members:
            if piece.form is Form.LOOP and piece.inner[0].callee in idle:
                turns = tuple(self.maker.joined(Form.TURN, turn.inner) for turn in piece.inner)
                pieces.append(self.maker.loop(turns)._replace(name=piece.name))
            elif piece.form is Form.BLOCK and piece.callee in idle:
                pieces += piece.inner
            else:
                pieces.append(self.maker.within(piece, lambda outer: self._without(outer.inner, idle)))
        return tuple(pieces)


def _explicit(members: Pieces, start: int) -> set[int]:
    """Return the values that must have a name where pieces are written as what nests, and those of who takes these."""
    is_head = all(piece.is_head for piece in members)
    heads = ("" if piece.is_head and not is_head else None for piece in members)
    pieces_and_heads = zip(members, heads, strict=True)
    calls = (Call("", {}, piece.inputs, piece.value, head=head) for piece, head in pieces_and_heads)
    items = [item for item in every(read_branches(tuple(calls), start)) if item.sources is not None]
    taken = {value for item in items for value in item.sources or ()}
    return taken | {item.call.value for item in items if not item.is_head}


def _each(bodies: Iterable[Pieces]) -> Iterable[Piece]:
    """Yield the pieces that are written in some bodies, those that a loop holds, too."""
    for body in bodies:
        for piece in body:
            yield piece
            if piece.form is Form.LOOP and piece.inner[0].form is Form.TURN:
                yield from _each([piece.inner[0].inner])


def _find_called(piece: Piece) -> int:
    """Return the block that a piece calls, once or in a loop."""
    return piece.inner[0].callee if piece.form is Form.LOOP else piece.callee


def _uses(members: Pieces) -> Iterator[int]:
    """Yield the block of every use; what a loop does counts once."""
    for piece in members:
        if piece.form is Form.BLOCK:
            yield piece.callee
        yield from _uses(piece.inner[:1] if piece.form is Form.LOOP else piece.inner)


def _pays(same: Sequence[Piece], sites: int, times: int, *, is_looped: bool) -> bool:
    """Tell whether a block is worth its lines: one that has a name where it is used again, others where they save any.

    `sites` are the places where it is written, which may be within a block that is itself used several times.
    """
    body = same[0].inner
    if any(use.kept for use in same):
        return True
    if any(use.name for use in same):
        return sum(1 for _ in layers(body)) >= FEWEST_LAYERS and (times > 1 or is_looped)
    return lines(body) * sites > lines(body) + sites + OVERHEAD
