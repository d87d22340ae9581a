"""What comes again and again in a network without names: the pieces that save most lines as a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.program.pieces import Form, PieceMaker, Pieces, lines, uses

OVERHEAD = 3
"""The lines that a block takes beside what it does."""
FEWEST_LAYERS = 3
"""The fewest layers that are worth a block of their own, however it is called."""
LONGEST = 32
"""The most pieces that are looked at for a block; what is longer is made of blocks."""
ROUNDS = 24
"""How often blocks are looked for: each time those that save nearly as much as the best."""

Place = tuple[int, int]
"""A body, and where something starts in it."""


class _Segment(NamedTuple):
    """Pieces in a row, from a place on, which take `source` from outside.

    `sign` is equal for those that do the same with other settings.
    """

    place: Place
    sign: int
    source: int | None


class _Pattern(NamedTuple):
    """Pieces that come at several places: how many they are, and how many lines they take."""

    length: int
    height: int
    places: Sequence[Place]

    def saved(self, count: int) -> int:
        """Return the lines that are saved where so many places call a block."""
        return self.height * count - (self.height + count + OVERHEAD)


MAIN = -1
"""The body that no block has: that of the network."""


def blocks_among(maker: PieceMaker, pieces: Pieces) -> Mapping[int, Mapping[int, int]]:
    """Return what should become blocks, by the callee of the block that it stands in: the starts and the lengths.

    These save most lines, and others that save at least half as many; nothing where no block would save any.
    """
    bodies = {MAIN: pieces, **{callee: use.inner for callee, (use, *_) in uses(pieces).items()}}
    patterns = sorted(_patterns(maker, bodies), key=lambda pattern: -pattern.saved(len(pattern.places)))
    free = {callee: [True] * len(body) for callee, body in bodies.items()}
    chosen: dict[int, dict[int, int]] = {}
    least = 1
    for pattern in patterns:
        if pattern.saved(len(pattern.places)) < least:
            break
        places = list(_apart(maker, bodies, pattern, free))
        saved = pattern.saved(len(places))
        if saved < least:
            continue
        least = max(least, saved // 2)
        for callee, start in places:
            chosen.setdefault(callee, {})[start] = pattern.length
            free[callee][start : start + pattern.length] = [False] * pattern.length
    return chosen


def _apart(
    maker: PieceMaker, bodies: Mapping[int, Pieces], pattern: _Pattern, free: Mapping[int, Sequence[bool]]
) -> Iterator[Place]:
    """Yield the places of a pattern that nothing else has taken, and where its pieces are closed."""
    for callee, start in pattern.places:
        end = start + pattern.length
        if all(free[callee][start:end]) and maker.is_closed(bodies[callee][start:end]):
            yield callee, start


def _patterns(maker: PieceMaker, bodies: Mapping[int, Pieces]) -> Iterator[_Pattern]:
    """Yield what closed pieces come at several places, shorter ones first: the longer ones begin with them."""
    where = {callee: {piece.value: at for at, piece in enumerate(body)} for callee, body in bodies.items()}
    segments = [
        _Segment((callee, at), -1, None) for callee, body in bodies.items() for at in range(len(body))
    ]
    for length in range(1, LONGEST + 1):
        alike: dict[int, list[_Segment]] = {}
        for segment in segments:
            callee = segment.place[0]
            longer = _longer(maker, bodies[callee], where[callee], segment, length)
            if longer is not None:
                alike.setdefault(longer.sign, []).append(longer)
        several = [same for same in alike.values() if len(same) > 1]
        segments = [segment for same in several for segment in same]
        for same in several:
            places = [segment.place for segment in same]
            callee, start = places[0]
            body = bodies[callee][start : start + length]
            if _is_worthwhile(body):
                yield _Pattern(length, lines(body), places)


def _longer(
    maker: PieceMaker, body: Pieces, where: Mapping[int, int], segment: _Segment, length: int
) -> _Segment | None:
    """Return a segment with one more piece; None where there is none, or they would take two values from outside."""
    (callee, start), sign, source = segment
    place = start + length - 1
    if place == len(body):
        return None
    piece = body[place]
    inputs = [where.get(value, -1) for value in piece.inputs]
    outside = {value for value, at in zip(piece.inputs, inputs, strict=True) if at < start}
    if source is not None:
        outside.add(source)
    if len(outside) > 1:
        return None
    tied = maker.tied(piece)
    back = [place - at if at >= start else 0 for at in inputs]
    longer = maker.number(sign, piece.callee, *back, None if tied is None else place - where.get(tied, -1))
    return _Segment((callee, start), longer, next(iter(outside), None))


def _is_worthwhile(pieces: Pieces) -> bool:
    """Tell whether pieces are enough for a block. What ends as it begins could as well begin a little later."""
    layers = sum(FEWEST_LAYERS if piece.inner else 1 for piece in pieces)
    kinds = [piece.callee for piece in pieces]
    is_bordered = any(kinds[:length] == kinds[-length:] for length in range(1, len(kinds)))
    return len(pieces) > 1 and layers >= FEWEST_LAYERS and not is_bordered


def with_blocks(
    maker: PieceMaker, pieces: Pieces, chosen: Mapping[int, Mapping[int, int]], callee: int = MAIN
) -> Pieces:
    """Return pieces, those in blocks, too, with blocks where they were chosen."""
    own = chosen.get(callee, {})
    inner = [
        maker.again(piece, changed) if changed != piece.inner else piece
        for piece in pieces
        for changed in [with_blocks(maker, piece.inner, chosen, piece.callee)]
    ]
    replaced = []
    place = 0
    while place < len(inner):
        length = own.get(place, 1)
        segment = tuple(inner[place : place + length])
        replaced.append(segment[0] if length == 1 else maker.joined(Form.BLOCK, segment))
        place += length
    return tuple(replaced)
