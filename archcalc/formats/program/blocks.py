"""Pieces become calls, and equal ones calls of one block, with parameters for what differs between its uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.program.calls import Block, Call, Calls, Program
from archcalc.formats.program.grouping import Style, grouped
from archcalc.formats.program.naming import BlockNames, agreed, is_numbered, is_repeated, local_name
from archcalc.formats.program.parameters import TIMES, Parameters, Rising, Variable
from archcalc.formats.program.pieces import Form, Piece, Pieces, held, layers, uses
from archcalc.network.network import Network, parts, prefix


def programmed(network: Network, style: Style) -> Program:
    """Return a network as a program; a block gets a parameter for what differs between its uses."""
    return _Writer(network, style).program(grouped(network, style))


class _Place(NamedTuple):
    """A piece where it is written: what to say of it, and the names that all uses of its block share."""

    settings: Mapping[str, object]
    name: str
    labels: tuple[str, ...]


class _Writer:
    """Makes blocks of pieces: one for each kind, with parameters for what differs."""

    def __init__(self, network: Network, style: Style) -> None:
        self.nodes = network.nodes
        self.style = style
        self.branches = {label for node in self.nodes for label in node.labels}
        self.arguments: dict[tuple[int, int], Mapping[str, object]] = {}
        self.blocks: dict[int, Block] = {}

    def program(self, main: Pieces) -> Program:
        every = uses(main)
        names = BlockNames(self.nodes)
        frequent = sorted(every, key=lambda callee: -len(every[callee]))
        chosen = {callee: names.chosen(every[callee]) for callee in frequent}
        for callee, same in every.items():
            self.blocks[callee] = self._block(chosen[callee], same)
        places = (self._place([written]) for written in _written(main))
        calls = self._calls(main, places)
        return Program(tuple(self.blocks.values()), tuple(map(self._in_head, calls)))

    def _block(self, name: str, same: Sequence[Piece]) -> Block:
        """Return the block for its uses, and note the arguments of each."""
        columns = list(zip(*(_written(use.inner) for use in same), strict=True))
        level = _shared_level([self.nodes[layer.value].name for layer in layers(same[0].inner)])
        parameters = Parameters(
            [
                (self._label(column[0][0], level), [self._settings(*each) for each in column])
                for column in columns
            ]
        )
        for number, use in enumerate(same):
            self.arguments[use.callee, use.value] = parameters.arguments(number)
        places = (self._place(column, parameters) for column in columns)
        calls = self._calls(same[0].inner, places)
        return Block(name, parameters.defaults(), same[0].inputs[0], calls)

    def _place(self, column: Sequence[_Written], parameters: Parameters | None = None) -> _Place:
        """Return what is written of a piece, of which a column holds one for each use of its block."""
        settings = [self._settings(*each) for each in column]
        names = [self._name(piece) for piece, _ in column]
        labels = zip(*(self._labels(piece) for piece, _ in column), strict=True)
        return _Place(
            parameters.said(settings) if parameters else settings[0],
            agreed(names),
            tuple(map(agreed, labels)),
        )

    def _settings(self, piece: Piece, after: Piece | None) -> Mapping[str, object]:
        """Return the settings of a piece: of a use of a block its arguments, of a loop how often."""
        if piece.form is Form.LOOP:
            return {TIMES: len(piece.inner)}
        if piece.form is Form.LAYER:
            return self.style.settings(piece.value)
        own = self.arguments[piece.callee, piece.value]
        if after is None:
            return own
        return {
            key: _rising(given, self.arguments[after.callee, after.value][key]) for key, given in own.items()
        }

    def _name(self, piece: Piece) -> str:
        return local_name(self.nodes[piece.value]) if piece.form is Form.LAYER else piece.name

    def _labels(self, piece: Piece) -> tuple[str, ...]:
        labels = self.nodes[piece.value].labels if piece.form is Form.LAYER else ()
        return tuple(parts(label)[-1] for label in labels)

    def _label(self, piece: Piece, level: int) -> str:
        """Return a word for where a piece stands in its block: its branches and its name, if they say something."""
        path = self.nodes[piece.value].name
        words = [
            word
            for depth, word in enumerate(parts(path), 1)
            if depth > level and prefix(path, depth) in self.branches and not is_numbered(word, "branch")
        ]
        name, kind = self._name(piece), self.nodes[piece.value].op.kind
        own = "" if name == kind or is_numbered(name, kind) or name in words else name
        return "_".join(filter(None, (*words, own))).replace("-", "_")

    def _calls(self, written: Pieces, places: Iterator[_Place]) -> Calls:
        return tuple(call for piece in written for call in self._called(piece, next(places), places))

    def _called(self, piece: Piece, place: _Place, places: Iterator[_Place]) -> Calls:
        """Return a piece as a call, or as several where a loop is written out; `places` go on with what is in it."""
        if piece.form is Form.BLOCK:
            block = self.blocks[piece.callee]
            arguments = {k: v for k, v in place.settings.items() if not _is_same(v, block.parameters[k])}
            name = "" if is_repeated(place.name, block.name) else place.name
            return (Call(block.name, arguments, piece.inputs, piece.value, name=name),)
        if piece.form is Form.LAYER:
            node = self.nodes[piece.value]
            own = Call(
                node.op.kind, place.settings, piece.inputs, piece.value, name=place.name, labels=place.labels
            )
            return (own._replace(tied=node.tied),)
        body = self._calls(held(piece), places)
        times = place.settings[TIMES]
        assert isinstance(times, int | Variable)  # noqa: S101  # what a loop says is how often
        if self._is_written_out(piece, times):
            return tuple(
                self._own(*each) for turn in piece.inner for each in zip(body, layers((turn,)), strict=True)
            )
        loop = body[0] if len(body) == 1 and body[0].times == 1 else Call("", {}, (), 0, body=body)
        return (loop._replace(inputs=piece.inputs, value=piece.value, times=times, name=place.name),)

    def _is_written_out(self, loop: Piece, times: int | Variable) -> bool:
        own = all(piece.form is Form.LAYER for piece in held(loop))
        return own and isinstance(times, int) and len(held(loop)) * times <= self.style.most_written_out

    def _own(self, call: Call, layer: Piece) -> Call:
        """Return the call of a layer for another one with the same settings."""
        return call._replace(inputs=layer.inputs, value=layer.value, name=local_name(self.nodes[layer.value]))

    def _in_head(self, call: Call) -> Call:
        """Return a call of the network itself with the name of its head, if it is in one."""
        node = self.nodes[call.value]
        path = parts(node.name)
        return call._replace(head=path[0] if len(path) > 1 else "") if node.auxiliary else call


_Written = tuple[Piece, Piece | None]


def _written(body: Pieces) -> Iterator[_Written]:
    """Yield the pieces that are written in one body, in the order of writing: all but those within blocks.

    With what a loop whose settings go up does the first time comes what it does the second time.
    """
    for piece in body:
        yield piece, None
        if piece.form is Form.LOOP:
            yield from [(piece.inner[0], piece.inner[1])] if piece.is_rising else _written(held(piece))


def _rising(first: object, second: object) -> object:
    if isinstance(first, int) and isinstance(second, int) and first != second:
        return Rising(first, second - first)
    return first


def _shared_level(names: Sequence[str]) -> int:
    """Return how many parts all names begin with alike."""
    columns = zip(*map(parts, names), strict=False)
    return next((level for level, words in enumerate(columns) if len(set(words)) > 1), 0)


def _is_same(value: object, default: object) -> bool:
    return type(value) is type(default) and value == default
