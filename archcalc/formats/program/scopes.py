"""Which layers belong together: those that share a part of their names, and sequences that come again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import partial
from itertools import groupby, pairwise

from archcalc.formats.program.marking import LONGEST_PERIOD, Marker, weight
from archcalc.formats.program.structure import Form, Piece, Pieces
from archcalc.network.network import Network, parts, prefix

ROUNDS = 8
"""How often the pairs of a network without any repetition are looked through."""
PAIRS = 200_000
"""How many pairs are looked at beside that; a network that repeats itself soon has few left."""
FEWEST_LAYERS = 3
"""The fewest layers that are worth a block of their own."""
WORTHWHILE = 0.7
"""What is left of the lines where blocks are looked for beside those that the names say, or it is not done."""
OVERHEAD = 3
"""The lines that a block takes beside its layers."""


class Scopes:
    """Groups a network's pieces."""

    def __init__(self, network: Network, marker: Marker) -> None:
        self.nodes = network.nodes
        self.marker = marker
        self.expected = {expectation.layer for expectation in network.expectations}

    def found(self, pieces: Pieces) -> Pieces:
        """Return the pieces grouped by their names and, where these say too little, by what comes again."""
        self.marker.refer(pieces)
        by_name = self._named(pieces, 0)
        named = self._settled(self.marker.marked(by_name), LONGEST_PERIOD)
        is_grouped = _holds(named, lambda scope: True)
        # Repetitions of several layers are folded only at the end: what is in them may be part of something else.
        joined = self._paired(named if is_grouped else _dissolved(by_name, lambda scope: True))
        closed = _dissolved(joined, lambda scope: not self.marker.is_closed(scope))
        settled = self._settled(self.marker.marked(closed, 1), 1)
        paired = self.marker.marked(_unmarked(settled))
        return named if is_grouped and _lines(paired) > WORTHWHILE * _lines(named) else paired

    def _named(self, pieces: Pieces, level: int) -> Pieces:
        """Return a sequence with a scope for neighbours whose names share the part at `level`."""
        found: list[Piece] = []
        for name, members in groupby(pieces, key=lambda piece: self._part(piece, level)):
            if name is None:
                found += (self._within(piece, level) for piece in members)
                continue
            body = self._named(tuple(members), level + 1)
            kept = prefix(self.nodes[body[-1].last].name, level + 1) in self.expected
            found += self._scope(body, name, kept)
        return tuple(found)

    def _part(self, piece: Piece, level: int) -> str | None:
        """Return the part of a piece's name at `level`; None for a layer's own name, and for a head."""
        path = parts(self.nodes[piece.last].name)
        return path[level] if len(path) > level + 1 and piece.form is not Form.HEAD else None

    def _within(self, piece: Piece, level: int) -> Piece:
        """Return a piece with the sequences in it grouped."""
        bodies, labels = [], []
        name = ""
        if piece.form is Form.HEAD:
            path = parts(self.nodes[piece.last].name)
            name, level = (path[level], level + 1) if len(path) > level + 1 else ("", level)
        for number, body in enumerate(piece.bodies):
            label = piece.labels[number] if piece.labels else ""
            shared = {self._part(inner, level) for inner in body}
            bodies.append(self._named(body, level + 1 if shared == {label} else level))
            labels.append(label)
        return piece._replace(bodies=tuple(bodies), labels=tuple(labels), name=name)

    def _scope(self, body: Pieces, name: str, kept: bool = False) -> Pieces:
        """Return a sequence as one scope; as it is where it is a single layer or tied up with its surroundings."""
        scope = _around(body)._replace(name=name, kept=kept)
        return (scope,) if scope.first < scope.last and self.marker.is_closed(scope) else body

    def _paired(self, pieces: Pieces) -> Pieces:
        """Return the pieces with pairs that come again joined, the most frequent pair first, again and again."""
        joined = self.marker.marked(pieces, 1)
        is_wrapped = False
        left = ROUNDS * len(self.nodes) + PAIRS
        while left > 0:
            pairs = list(_pairs(joined))
            left -= len(pairs) + 1
            pair = _most_frequent(pairs, _occurrences(joined, Counter()))
            if pair is not None:
                joined = self.marker.marked(_joined(joined, pair), 1)
            elif is_wrapped:
                break
            else:
                joined = self.marker.marked(_wrapped(joined, _occurrences(joined, Counter())), 1)
                is_wrapped = True
        return joined

    def _settled(self, pieces: Pieces, longest: int) -> Pieces:
        """Return the pieces without the scopes that save no lines, from the inside out."""
        done: set[int] = set()
        settled = pieces
        while idle := _idle(settled) - done:
            done |= idle
            settled = self.marker.marked(_dissolved(settled, partial(_is_among, done)), longest)
        return settled


def _is_among(skeletons: set[int], scope: Piece) -> bool:
    return scope.skeleton in skeletons


def _around(body: Pieces) -> Piece:
    """Return a scope around a sequence; where it begins elsewhere, the scope does."""
    head = body[0]
    sources = head.sources if head.sources and len(head.sources) == 1 else None
    start = sources[0] if sources else head.start
    inner = (head._replace(sources=None, start=start, skeleton=-1), *body[1:]) if sources else body
    return Piece(Form.SCOPE, head.first, body[-1].last, start, (inner,), sources=sources)


def _pairs(pieces: Pieces) -> Iterator[tuple[Piece, Piece]]:
    """Yield the neighbours in a sequence and in those of its merges."""
    for piece in pieces:
        if _is_open(piece):
            for body in piece.bodies:
                yield from _pairs(body)
    yield from (pair for pair in pairwise(pieces) if Form.HEAD not in (pair[0].form, pair[1].form))


def _kind(one: Piece, other: Piece) -> Hashable:
    """Return what is equal for pairs that look the same, with how far back they take their inputs from."""
    if one.sources is None and other.sources is None:
        return (one.skeleton, other.skeleton)
    reach = tuple(tuple(piece.first - source for source in piece.sources or ()) for piece in (one, other))
    return (one.skeleton, other.skeleton, reach)


def _occurrences(pieces: Pieces, found: Counter[int]) -> Counter[int]:
    """Count how often each kind of merge or scope stands in a sequence and in those of its merges."""
    for piece in pieces:
        if _is_open(piece):
            for body in piece.bodies:
                _occurrences(body, found)
        if piece.form in (Form.MERGE, Form.SCOPE):
            found[piece.skeleton] += 1
    return found


def _most_frequent(pairs: Iterable[tuple[Piece, Piece]], alone: Counter[int]) -> Hashable | None:
    """Return the pair that comes most often, None where none comes again.

    `alone` says how often merges and scopes stand anywhere. One that mostly stands without the other is not joined with it, nor are two of the same kind. Among
    pairs that are as frequent, it is the merge and the activation after it, not the one before it.
    """
    counts: Counter[Hashable] = Counter()
    fall: dict[Hashable, int] = {}
    skeletons: dict[Hashable, tuple[int, int]] = {}
    for one, other in pairs:
        kind = _kind(one, other)
        counts[kind] += 1
        fall[kind] = one.weight - other.weight
        skeletons[kind] = (one.skeleton, other.skeleton)
    fit = (
        kind
        for kind, count in counts.items()
        if count > 1 and all(alone[s] < 2 * count for s in skeletons[kind]) and len({*skeletons[kind]}) > 1
    )
    return max(fit, key=lambda kind: (counts[kind], fall[kind]), default=None)


def _wrapped(pieces: Pieces, counts: Counter[int]) -> Pieces:
    """Return a sequence with a scope around every merge that comes again."""
    found: list[Piece] = []
    for piece in pieces:
        current = (
            _with(piece, tuple(_wrapped(body, counts) for body in piece.bodies)) if _is_open(piece) else piece
        )
        if piece.form is Form.MERGE and counts[piece.skeleton] > 1:
            current = _around((current,))
        found.append(current)
    return tuple(found)


def _joined(pieces: Pieces, pair: Hashable) -> Pieces:
    """Return a sequence, and those in its merges, with a scope for every occurrence of a pair."""
    found: list[Piece] = []
    for piece in pieces:
        current = (
            _with(piece, tuple(_joined(body, pair) for body in piece.bodies)) if _is_open(piece) else piece
        )
        if found and _kind(found[-1], piece) == pair and piece.form is not Form.HEAD:
            current = _around((found.pop(), current))
        found.append(current)
    return tuple(found)


def _is_open(piece: Piece) -> bool:
    """Tell whether sequences are looked for in a piece."""
    return piece.form in (Form.MERGE, Form.HEAD)


def _with(piece: Piece, bodies: tuple[Pieces, ...]) -> Piece:
    """Return a piece with other sequences in it, to be marked anew if they are others indeed."""
    is_same = all(
        len(new) == len(old) and all(a is b for a, b in zip(new, old, strict=True))
        for new, old in zip(bodies, piece.bodies, strict=True)
    )
    return piece if is_same else piece._replace(bodies=bodies, skeleton=-1)


def _idle(pieces: Pieces) -> set[int]:
    """Return the kinds of scopes that save no lines, of those within each other only the inner ones."""
    sites: Counter[int] = Counter()
    examples: dict[int, Piece] = {}
    repeated: set[int] = set()
    _count(pieces, sites, examples, repeated, in_repeat=False)
    uses = Counter(_scopes(pieces))
    idle = {
        skeleton
        for skeleton, scope in examples.items()
        if not _is_worth_it(scope, sites[skeleton], uses[skeleton], skeleton in repeated)
    }
    return {s for s in idle if not _holds(examples[s].bodies[0], lambda scope: scope.skeleton in idle)}


def _count(
    pieces: Pieces, sites: Counter[int], examples: dict[int, Piece], repeated: set[int], *, in_repeat: bool
) -> None:
    """Count where each kind of scope is written, which is once in every block that uses it."""
    for piece in pieces:
        is_new = True
        if piece.form is Form.SCOPE:
            sites[piece.skeleton] += 1
            is_new = piece.skeleton not in examples
            if in_repeat:
                repeated.add(piece.skeleton)
            if is_new or piece.kept:
                examples[piece.skeleton] = piece
        if is_new:
            for body in piece.bodies:
                _count(body, sites, examples, repeated, in_repeat=piece.form is Form.REPEAT)


def _lines(pieces: Pieces) -> int:
    """Return about how many lines it takes to write the pieces and the blocks that they use."""
    examples: dict[int, Piece] = {}
    _count(pieces, Counter(), examples, set(), in_repeat=False)
    return weight(pieces) + sum(OVERHEAD + weight(scope.bodies[0]) for scope in examples.values())


def _scopes(pieces: Pieces) -> Iterator[int]:
    """Yield the kind of every scope in the network."""
    for piece in pieces:
        if piece.form is Form.SCOPE:
            yield piece.skeleton
        for body in piece.bodies:
            yield from _scopes(body)


def _is_worth_it(scope: Piece, sites: int, uses: int, in_repeat: bool) -> bool:
    """Tell whether a scope becomes a block: one that has a name where it is used again, others where that saves lines.

    `sites` are the places where it is written, which may be within a block that is itself used several times.
    """
    body = scope.bodies[0]
    if scope.kept or (in_repeat and not all(piece.plain for piece in body)):
        return True
    if scope.last - scope.first + 1 < FEWEST_LAYERS:
        return False
    if scope.name:
        return uses > 1 or in_repeat
    return weight(body) * (sites - 1) > sites + OVERHEAD


def _holds(pieces: Pieces, is_one: Callable[[Piece], bool]) -> bool:
    """Tell whether there is a scope of some sort among the pieces, or within them."""
    return any(
        (piece.form is Form.SCOPE and is_one(piece)) or any(_holds(body, is_one) for body in piece.bodies)
        for piece in pieces
    )


def _dissolved(pieces: Pieces, is_idle: Callable[[Piece], bool]) -> Pieces:
    """Return the pieces with what is in the idle scopes in their place."""
    found: list[Piece] = []
    for piece in pieces:
        bodies = tuple(_dissolved(body, is_idle) for body in piece.bodies)
        if piece.form is Form.SCOPE and is_idle(piece) and not (piece.sources and _has_no_from(bodies[0][0])):
            head = bodies[0][0]
            head = head._replace(sources=piece.sources, skeleton=-1) if piece.sources else head
            found += (head, *bodies[0][1:])
        else:
            found.append(_with(piece, bodies))
    return tuple(found)


def _unmarked(pieces: Pieces) -> Pieces:
    """Return the pieces without their marks."""
    return tuple(p._replace(bodies=tuple(map(_unmarked, p.bodies)), skeleton=-1) for p in pieces)


def _has_no_from(piece: Piece) -> bool:
    return piece.form is Form.REPEAT or piece.sources is not None
