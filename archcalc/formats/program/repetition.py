"""What comes again and again in a network without names: the pieces that save most lines as a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.program.pieces import Form, Piece, PieceMaker, Pieces, lines, uses

OVERHEAD = 3
"""The lines that a block takes beside what it does."""
FEWEST_LAYERS = 3
"""The fewest layers that are worth a block of their own, however it is called."""
LONGEST = 32
"""The most pieces that are looked at for a block; what is longer is made of blocks."""
ROUNDS = 24
"""How often blocks are looked for: each time those that save nearly as much as the best."""
MAIN = -1
"""The body that no block has: that of the network."""

Place = tuple[int, int]
"""A body, by the callee of its block, and where something starts in it."""


class Repetition(NamedTuple):
    """Pieces that come at several places: how many they are, and how many lines they take."""

    length: int
    height: int
    places: Sequence[Place]

    @property
    def saved(self) -> int:
        """The lines that are saved where the places call a block."""
        return self.height * len(self.places) - (self.height + len(self.places) + OVERHEAD)


def worthwhile(maker: PieceMaker, pieces: Pieces) -> dict[Place, int]:
    """Return where blocks save most lines, in a network's body and in its blocks, and how long they are.

    These are the best and others that save at least half as many; none where no block would save any.
    """
    bodies = {MAIN: pieces, **{callee: use.inner for callee, (use, *_) in uses(pieces).items()}}
    lengths: dict[Place, int] = {}
    taken: set[Place] = set()
    least = 1
    for repetition in sorted(_repetitions(maker, bodies), key=lambda repetition: -repetition.saved):
        if repetition.saved < least:
            break
        length = repetition.length
        covered = {(c, start): {(c, start + n) for n in range(length)} for c, start in repetition.places}
        places = [
            (callee, start)
            for callee, start in repetition.places
            if taken.isdisjoint(covered[callee, start])
            and maker.is_closed(bodies[callee][start : start + length])
        ]
        saved = repetition._replace(places=places).saved
        if saved >= least:
            least = max(least, saved // 2)
            lengths |= dict.fromkeys(places, length)
            taken.update(*(covered[place] for place in places))
    return lengths


def _repetitions(maker: PieceMaker, bodies: Mapping[int, Pieces]) -> Iterator[Repetition]:
    """Yield what pieces come at several places, shorter ones first: the longer ones begin with them."""
    where = {callee: {piece.value: at for at, piece in enumerate(body)} for callee, body in bodies.items()}
    signs = {(callee, at): 0 for callee, body in bodies.items() for at in range(len(body))}
    for length in range(1, LONGEST + 1):
        alike: dict[int, list[Place]] = {}
        for (callee, start), sign in signs.items():
            last = start + length - 1
            if last < len(bodies[callee]):
                longer = _longer(maker, bodies[callee][last], where[callee], start, sign)
                alike.setdefault(longer, []).append((callee, start))
        several = {sign: places for sign, places in alike.items() if len(places) > 1}
        signs = {place: sign for sign, places in several.items() for place in places}
        for (callee, start), *others in several.values():
            body = bodies[callee][start : start + length]
            if _is_worthwhile(body):
                yield Repetition(length, lines(body), [(callee, start), *others])


def _longer(maker: PieceMaker, piece: Piece, where: Mapping[int, int], start: int, sign: int) -> int:
    """Return a number for pieces from a place on and one more, the same where these do the same with other settings."""
    place = where[piece.value]
    tied = maker.tied(piece)
    inputs = (where.get(value, -1) for value in piece.inputs)
    back = (place - at if at >= start else 0 for at in inputs)
    return maker.number(sign, piece.callee, *back, None if tied is None else place - where.get(tied, -1))


def _is_worthwhile(pieces: Pieces) -> bool:
    """Tell whether pieces are enough for a block. What ends as it begins could as well begin a little later."""
    layers = sum(FEWEST_LAYERS if piece.inner else 1 for piece in pieces)
    kinds = [piece.callee for piece in pieces]
    is_bordered = any(kinds[:length] == kinds[-length:] for length in range(1, len(kinds)))
    return len(pieces) > 1 and layers >= FEWEST_LAYERS and not is_bordered


def with_blocks(
    maker: PieceMaker, pieces: Pieces, lengths: Mapping[Place, int], callee: int = MAIN
) -> Pieces:
    """Return pieces with a block at each of some places."""
    replaced = []
    start = 0
    while start < len(pieces):
        length = lengths.get((callee, start), 1)
        inner = tuple(
            maker.within(piece, lambda outer: with_blocks(maker, outer.inner, lengths, outer.callee))
            for piece in pieces[start : start + length]
        )
        replaced.append(maker.joined(Form.BLOCK, inner) if length > 1 else inner[0])
        start += length
    return tuple(replaced)
