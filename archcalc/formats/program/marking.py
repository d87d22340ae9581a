"""Which pieces of a network are the same: the same but for their settings, and the same altogether."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from itertools import chain
from typing import Any

from archcalc.formats.program.structure import Form, Piece, Pieces
from archcalc.network.liveness import last_uses
from archcalc.network.network import Network

Settings = Callable[[int], Mapping[str, Any]]
"""What to write of the layer at a position: all its settings, those with their default values, too."""
LONGEST_PERIOD = 12
"""The most pieces in a row that are looked at for a repetition."""


def layers(pieces: Pieces) -> Iterator[Piece]:
    """Yield the pieces that can be referred to by name: all but those within scopes and repeats."""
    for piece in pieces:
        if piece.form in (Form.MERGE, Form.HEAD):
            for body in piece.bodies:
                yield from layers(body)
        if piece.form is not Form.HEAD:
            yield piece


def outputs(network: Network) -> tuple[int, ...]:
    """Return the positions of a network's outputs; none where there is one and it is where the layers end."""
    last = max(position for position, node in enumerate(network.nodes) if not node.auxiliary)
    found = tuple(position % len(network.nodes) for position in network.outputs)
    return () if found == (last,) else found


class Marker:
    """Numbers what is equal, and folds what stands several times in a row."""

    def __init__(self, network: Network, settings: Settings) -> None:
        self.nodes = network.nodes
        self.settings = settings
        self.numbers: dict[Hashable, int] = {}
        ends = outputs(network)
        ties = [self.ties(position) for position in range(len(self.nodes))]
        taken = [(*node.inputs, *tied) for node, tied in zip(self.nodes, ties, strict=True)]
        self.last_use = last_uses(taken, ends)
        self.last_tie = last_uses(ties, ())
        self.referred = {*ends, *chain.from_iterable(ties)}
        self.longest = LONGEST_PERIOD

    def ties(self, position: int) -> tuple[int, ...]:
        """Return the node whose weights a node shares, if there is one."""
        tied = self.nodes[position].tied
        return () if tied is None else (tied,)

    def refer(self, pieces: Pieces) -> None:
        """Note what the pieces refer to, before they are marked."""
        for piece in pieces:
            self.referred.update(piece.sources or ())
            for body in piece.bodies:
                self.refer(body)

    def marked(self, pieces: Pieces, longest: int = LONGEST_PERIOD) -> Pieces:
        """Return the pieces with everything marked, and what is alike in a row folded into repeats.

        What is repeated has at most `longest` pieces; with 1 only scopes are folded.
        """
        self.longest = longest
        return self._sequence(pieces)

    def _sequence(self, pieces: Pieces) -> Pieces:
        return self._repeated(tuple(map(self._mark, pieces)))

    def _mark(self, piece: Piece) -> Piece:
        if piece.skeleton >= 0:
            return piece
        bodies = tuple(map(self._sequence, piece.bodies))
        own: tuple[Any, ...] = ()
        values: tuple[Any, ...] = (piece.times,)
        if piece.form in (Form.LAYER, Form.MERGE):
            settings = self.settings(piece.last)
            own = (self.nodes[piece.last].op.kind, *settings, len(self.ties(piece.last)))
            values = tuple(settings.values())
        sources = None if piece.sources is None else len(piece.sources)
        references = self._references(piece, bodies) if piece.form is Form.SCOPE else ()
        skeletons = tuple(tuple(p.skeleton for p in body) for body in bodies)
        identities = tuple(tuple(p.identity for p in body) for body in bodies)
        skeleton = self._number((piece.form, own, sources, skeletons, references))
        return piece._replace(
            bodies=bodies,
            skeleton=skeleton,
            identity=self._number((skeleton, values, identities)),
            weight=1 if piece.form is Form.SCOPE else 1 + sum(1 + weight(body) for body in bodies),
            plain=self._is_plain(piece, bodies),
        )

    def _number(self, key: Hashable) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    def _is_plain(self, piece: Piece, bodies: tuple[Pieces, ...]) -> bool:
        if piece.sources is not None or piece.last in self.referred:
            return False
        if piece.form is Form.SCOPE:
            return self.is_closed(piece)
        return not self.ties(piece.last) and all(p.plain for body in bodies for p in body)

    def _references(self, piece: Piece, bodies: tuple[Pieces, ...]) -> tuple[Any, ...]:
        """Return what refers to what in a scope, counted from its beginning."""
        ordinals = {piece.start: -1}
        found = []
        for number, inner in enumerate(layers(bodies[0])):
            ordinals.setdefault(inner.last, number)
            taken = [*(inner.sources or ())]
            if inner.form in (Form.LAYER, Form.MERGE):
                taken += self.ties(inner.last)
            if taken:
                found.append((number, *(ordinals.get(s, s - piece.first - len(self.nodes)) for s in taken)))
        return tuple(found)

    def is_closed(self, piece: Piece) -> bool:
        """Tell whether a piece takes nothing from outside but its start, and gives nothing but its end.

        Of its end it gives the value alone: whoever shares the weights of its last layer needs that by itself.
        """
        first, last, start = piece.first, piece.last, piece.start
        return all(
            all(source >= first or source == start for source in self.nodes[position].inputs)
            and all(source >= first for source in self.ties(position))
            and (position == last or self.last_use[position] <= last)
            and (first == last or self.last_tie[position] <= last)
            for position in range(first, last + 1)
        )

    def _repeated(self, pieces: Pieces) -> Pieces:
        """Return the pieces with every repetition folded into one."""
        found: list[Piece] = []
        position = 0
        while position < len(pieces):
            period, times = self._repetition(pieces, position)
            if times > 1:
                body = pieces[position : position + period]
                last = pieces[position + period * times - 1].last
                folded = Piece(Form.REPEAT, body[0].first, last, body[0].start, (body,), times=times)
                found.append(self._mark(folded))
            else:
                found.append(pieces[position])
            position += period * times
        return tuple(found)

    def _repetition(self, pieces: Pieces, at: int) -> tuple[int, int]:
        """Return the period and the times of what is repeated from here on: the one that covers most.

        Where the repetition could as well begin a little later, with more of a beginning, it does.
        """
        best = (1, 1)
        if self.longest == 1 and pieces[at].form is not Form.SCOPE:
            return best
        for period in range(1, self.longest + 1):
            run = period
            while at + run < len(pieces) and _are_equal(pieces[at + run - period], pieces[at + run]):
                run += 1
            times = run // period
            body = pieces[at : at + period]
            called = period == 1 and body[0].form is Form.SCOPE
            saves = self.longest > 1 and (times - 1) * weight(body) > 1
            if times == 1 or times * period <= best[0] * best[1] or not (called or saves):
                continue
            starts = range(at, at + run % period + 1)
            best = (
                (period, times)
                if max(starts, key=lambda start: _fall(pieces, start, period)) == at
                else (1, 1)
            )
        return best


def _fall(pieces: Pieces, start: int, period: int) -> int:
    """Return by how much the first piece of a period is more than the last."""
    return pieces[start].weight - pieces[start + period - 1].weight


def _are_equal(one: Piece, other: Piece) -> bool:
    return one.identity == other.identity and one.plain and other.plain and one.form is not Form.HEAD


def weight(pieces: Pieces) -> int:
    """Return the lines that it takes to write some pieces."""
    return sum(piece.weight for piece in pieces)
