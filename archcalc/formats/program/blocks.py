"""Pieces become calls, and equal ones calls of one block, with parameters for what differs between its uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from archcalc.formats.program.calls import Block, Call, Calls, Program
from archcalc.formats.program.grouping import Style, group
from archcalc.formats.program.naming import BlockNames, agree, is_numbered, is_repeated, local_name
from archcalc.formats.program.parameters import TIMES, Hole, Parameters, Rising, Variable
from archcalc.formats.program.pieces import Form, Piece, Pieces, find_held, layers, uses
from archcalc.network.network import Network, parts, prefix


def make_program(network: Network, style: Style) -> Program:
    """Return a network as a program; a block gets a parameter for what differs between its uses."""
    return _Writer(network, style).program(group(network, style))


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
        chosen = {callee: names.choose_name(every[callee]) for callee in frequent}
        for callee, same in every.items():
            self.blocks[callee] = self._block(chosen[callee], same)
        calls = self._calls(_columns([main]), Parameters((), usual=True))
        return Program(tuple(self.blocks.values()), tuple(map(self._in_head, calls)))

    def _block(self, name: str, same: Sequence[Piece]) -> Block:
        """Return the block for its uses, and note the arguments of each."""
        columns = list(_columns([use.inner for use in same]))
        level = _find_shared_level([self.nodes[layer.value].name for layer in layers(same[0].inner)])
        holes = [
            Hole(self._label(column[0][0], level), self._settings(column), self._defaults(column[0][0]))
            for column in _every(columns)
        ]
        parameters = Parameters(holes, usual=self.style.defaults is None)
        for number, use in enumerate(same):
            self.arguments[use.callee, use.value] = parameters.arguments(number)
        return Block(name, parameters.defaults(), same[0].inputs[0], self._calls(columns, parameters))

    def _settings(self, column: _Column) -> list[Mapping[str, object]]:
        """Return the settings of a piece in every use: of a use of a block its arguments, of a loop how often."""
        return [self._own_settings(*each) for each in column]

    def _own_settings(self, piece: Piece, after: Piece | None) -> Mapping[str, object]:
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

    def _defaults(self, piece: Piece) -> Mapping[str, object]:
        """Return what settings of a piece are by default, where that is declared."""
        if piece.form is Form.LAYER:
            return self.style.defaults(piece.value) if self.style.defaults else {}
        return self.blocks[piece.callee].parameters if piece.form is Form.BLOCK else {}

    def _name(self, piece: Piece) -> str:
        return local_name(self.nodes[piece.value]) if piece.form is Form.LAYER else piece.name

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

    def _calls(self, columns: Iterable[_Column], parameters: Parameters) -> Calls:
        """Return what columns are written as, with the settings, names and labels that all uses share."""
        return tuple(call for column in columns for call in self._call(column, parameters))

    def _call(self, column: _Column, parameters: Parameters) -> Calls:
        """Return a piece as a call, or as several where a loop is written out."""
        piece, _ = column[0]
        settings = parameters.said(self._settings(column))
        name = agree(self._name(piece) for piece, _ in column)
        own = Call("", {}, piece.inputs, piece.value, name=name)
        if piece.form is Form.BLOCK:
            block = self.blocks[piece.callee]
            arguments = {k: v for k, v in settings.items() if v != block.parameters[k]}
            name = "" if is_repeated(name, block.name) else name
            return (own._replace(callee=block.name, arguments=arguments, name=name),)
        if piece.form is Form.LAYER:
            node = self.nodes[piece.value]
            labels = zip(*(self.nodes[piece.value].labels for piece, _ in column), strict=True)
            last = tuple(agree(parts(label)[-1] for label in same) for same in labels)
            return (own._replace(callee=node.op.kind, arguments=settings, labels=last, tied=node.tied),)
        body = self._calls(_look_within(column), parameters)
        times = settings[TIMES]
        assert isinstance(times, int | Variable)  # noqa: S101  # what a loop says is how often
        if self._is_written_out(piece, times):
            return tuple(
                self._own(*each) for turn in piece.inner for each in zip(body, layers((turn,)), strict=True)
            )
        loop = body[0] if len(body) == 1 and body[0].times == 1 else own._replace(body=body)
        return (loop._replace(inputs=piece.inputs, value=piece.value, times=times, name=name),)

    def _is_written_out(self, loop: Piece, times: int | Variable) -> bool:
        own = all(piece.form is Form.LAYER for piece in find_held(loop))
        return own and isinstance(times, int) and len(find_held(loop)) * times <= self.style.most_written_out

    def _own(self, call: Call, layer: Piece) -> Call:
        """Return the call of a layer for another one with the same settings."""
        return call._replace(inputs=layer.inputs, value=layer.value, name=local_name(self.nodes[layer.value]))

    def _in_head(self, call: Call) -> Call:
        """Return a call of the network itself with the name of its head, if it is in one."""
        node = self.nodes[call.value]
        path = parts(node.name)
        return call._replace(head=path[0] if len(path) > 1 else "") if node.auxiliary else call


_Column = Sequence[tuple[Piece, Piece | None]]
"""A piece of a block in each of its uses; with what a loop whose settings go up does first, what it does next."""


def _columns(bodies: Iterable[Pieces]) -> Iterator[_Column]:
    """Yield the columns of bodies that do the same."""
    return ([(piece, None) for piece in pieces] for pieces in zip(*bodies, strict=True))


def _look_within(column: _Column) -> Iterator[_Column]:
    """Yield the columns of what loops do each time."""
    if column[0][0].is_rising:
        return iter([[(loop.inner[0], loop.inner[1]) for loop, _ in column]])
    return _columns([find_held(loop) for loop, _ in column])


def _every(columns: Iterable[_Column]) -> Iterator[_Column]:
    """Yield the columns that are written in one body, all but those within blocks, each after those that it holds."""
    for column in columns:
        if column[0][0].form is Form.LOOP:
            yield from _every(_look_within(column))
        yield column


def _rising(first: object, second: object) -> object:
    if isinstance(first, int) and isinstance(second, int) and first != second:
        return Rising(first, second - first)
    return first


def _find_shared_level(names: Sequence[str]) -> int:
    """Return how many parts all names begin with alike."""
    columns = zip(*map(parts, names), strict=False)
    return next((level for level, words in enumerate(columns) if len(set(words)) > 1), 0)
