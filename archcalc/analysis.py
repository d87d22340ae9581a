"""A network and an input to a report: every row's figures and their totals.

The engine knows only the methods of `Op`. Equal ops on equal shapes are worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from archcalc import limits
from archcalc.errors import ArchcalcError, nearest
from archcalc.network import Network, Node
from archcalc.op import Field, Op, Shape, Work, added, elements, extents_of
from archcalc.pause import collector_paused
from archcalc.report import BYTES, DType, ReceptiveField, Report, Row, Totals
from archcalc.settings import extents, whole
from archcalc.window import POINT, ROUNDINGS, Rounding, Uneven


@collector_paused()
def analyze(
    network: Network,
    *,
    input: str | Sequence[int] | None = None,
    batch: int = 1,
    dtype: DType = "float32",
    rounding: Rounding | None = None,
    train: bool = False,
) -> Report:
    """Work out every figure of a network.

    Args:
        network: what `load` returned.
        input: another input shape without the batch, such as "3x256x256".
        batch: samples that go through at once; work and activations scale with it.
        dtype: the type of weights and activations.
        rounding: for layers that say none; "strict" holds for all and makes rounding an error.
        train: keep the auxiliary heads that exist only in training.

    Raises:
        ArchcalcError: a layer does not suit its input, or an argument is wrong.
    """
    batch = _checked(batch, dtype, rounding)
    shape = None if input is None else _shape(input, network)
    nodes = network.nodes if train else _inference(network.nodes)
    engine = _Engine(shape, batch, rounding or network.rounding)
    rows = _alive(engine.rows(nodes), nodes, _output(nodes, network))
    return Report(
        name=network.name,
        title=network.title,
        source=network.source,
        input_shape=rows[0].output_shape[1:],
        batch=batch,
        dtype=dtype,
        rows=tuple(rows),
        output=rows[_output(nodes, network)],
        totals=_totals(rows),
    )


def _checked(batch: int, dtype: str, rounding: str | None) -> int:
    """Return the batch as an integer, or raise a fact where an argument is wrong."""
    try:
        batch = whole(batch, 1)
    except ArchcalcError as error:
        raise ArchcalcError(f"batch {error.fact}") from None
    if dtype not in BYTES:
        raise ArchcalcError(
            f"there is no dtype '{dtype}'",
            hint=nearest(dtype, list(BYTES)) or f"choose one of {', '.join(BYTES)}",
        )
    if rounding not in (None, *ROUNDINGS):
        raise ArchcalcError(f"rounding must be {' or '.join(ROUNDINGS)}, not {rounding!r}")
    return batch


def _inference(nodes: tuple[Node, ...]) -> Sequence[Node]:
    """Return the nodes without the auxiliary heads, positions renumbered."""
    if not any(node.auxiliary for node in nodes):
        return nodes
    kept: list[Node] = []
    position: dict[int, int] = {}
    for old, node in enumerate(nodes):
        if node.auxiliary:
            continue
        position[old] = len(kept)
        tied = None if node.tied is None else position[node.tied]
        kept.append(node._replace(inputs=tuple(position[i] for i in node.inputs), tied=tied))
    return kept


def _output(nodes: Sequence[Node], network: Network) -> int:
    """Return the position of the network's output among `nodes`."""
    name = network.nodes[network.output].name
    return next(position for position in range(len(nodes) - 1, -1, -1) if nodes[position].name == name)


def _shape(input: str | Sequence[int], network: Network) -> Shape:
    try:
        shape = extents(input)
    except ArchcalcError as error:
        raise ArchcalcError(f"input {error.fact}") from None
    usual = network.input_shape
    if len(shape) != len(usual):
        raise ArchcalcError(
            f"input has {len(shape)} sizes, but {network.name} takes {len(usual)}",
            hint=f"channels first and no batch, as in {'x'.join(map(str, usual))}",
        )
    return shape


class _Facts(NamedTuple):
    """What an op says of given input shapes."""

    output: Shape
    settings: Mapping[str, Any]
    weights: Mapping[str, Shape]
    params: int
    fixed: int
    buffers: int
    work: Work | None
    uneven: tuple[Uneven, ...]
    unfolded: tuple[int, int] | None
    field: Field


class _Engine:
    """Passes shapes through the nodes, one after the other."""

    def __init__(self, shape: Shape | None, batch: int, rounding: Rounding | None) -> None:
        self.shape = shape
        self.batch = batch
        self.rounding = rounding
        self.facts: dict[tuple[int, tuple[Shape, ...]], _Facts] = {}

    def rows(self, nodes: Sequence[Node]) -> list[Row]:
        rows: list[Row] = []
        for node in nodes:
            sources = [rows[position] for position in node.inputs]
            shapes = tuple(source.output_shape for source in sources)
            facts = self._facts(node, shapes, sources)
            owned = node.tied is None
            stored = prod(facts.output) if node.op.stores else 0
            if node.tied is not None:
                _check_tied(node, facts, rows[node.tied])
            rows.append(
                Row(
                    name=node.name,
                    kind=node.op.kind,
                    settings=facts.settings,
                    inputs=tuple(source.name for source in sources),
                    input_shapes=shapes,
                    output_shape=facts.output,
                    weights=facts.weights,
                    params=facts.params if owned else 0,
                    fixed=facts.fixed if owned else 0,
                    buffers=facts.buffers if owned else 0,
                    work=facts.work,
                    activations=stored,
                    in_place=0 if node.op.in_place else stored,
                    alive=0,
                    uneven=facts.uneven,
                    unfolded=facts.unfolded,
                    depth=max((s.depth for s in sources), default=0) + node.op.weighted,
                    field=_field(facts, sources),
                )
            )
        return rows

    def _facts(self, node: Node, shapes: tuple[Shape, ...], sources: list[Row]) -> _Facts:
        key = (id(node.op), shapes)
        facts = self.facts.get(key)
        if facts is None:
            try:
                facts = self.facts[key] = _stated(self._prepared(node.op), node.op.stated(), shapes)
            except ArchcalcError as error:
                raise _located(error, node, sources) from None
        return facts

    def _prepared(self, op: Op) -> Op:
        fed = op.fed(self.shape, self.batch)
        return fed.rounded(self.rounding) if self.rounding else fed


def _stated(op: Op, settings: Mapping[str, Any], shapes: tuple[Shape, ...]) -> _Facts:
    """Ask an op for everything that it says of these input shapes."""
    op.check(*shapes)
    output = op.output(*shapes)
    if max(output) > limits.MAGNITUDE:
        raise ArchcalcError("its output is too large: a size goes up to 10^18")
    weights = op.weights(*shapes)
    fixed = op.fixed(*shapes)
    return _Facts(
        output=output,
        settings=settings,
        weights=weights | fixed,
        params=elements(weights.values()),
        fixed=elements(fixed.values()),
        buffers=elements(op.buffers(*shapes).values()),
        work=op.work(output, *shapes),
        uneven=op.uneven(*shapes),
        unfolded=op.unfolded(output, *shapes),
        field=op.field(*shapes),
    )


def _located(error: ArchcalcError, node: Node, sources: list[Row]) -> ArchcalcError:
    """Return an op's fact with the layer's name and place, and with its inputs where there are several."""
    who = f"{node.op.kind} '{node.name}'"
    if len(sources) > 1:
        names = node.labels or [source.name for source in sources]
        who += ": " + " and ".join(
            f"{extents_of(source.output_shape)} from '{name}'"
            for name, source in zip(names, sources, strict=True)
        )
    return error.at(who, node.origin)


def _check_tied(node: Node, facts: _Facts, owner: Row) -> None:
    """Raise a fact where a layer cannot share another's weights: there are none, or they differ."""
    if facts.weights and facts.weights == owner.weights:
        return
    raise ArchcalcError(
        f"{node.op.kind} '{node.name}': its weights {_listed(facts.weights)} cannot be those of "
        f"'{owner.name}': {_listed(owner.weights)}",
        place=node.origin.place("tie") if node.origin else None,
    )


def _listed(weights: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in weights.items()) or "none"


def _field(facts: _Facts, sources: list[Row]) -> ReceptiveField:
    """Return the receptive field of a row's output, the largest over its inputs."""
    if not sources:
        return (POINT,) * (len(facts.output) - 2)
    fields = [source.field for source in sources if source.field is not None]
    if facts.field == "whole" or len(fields) < len(sources):
        return None
    joined = fields[0]
    for field in fields[1:]:
        joined = tuple(a.joined(b) for a, b in zip(joined, field, strict=True))
    if facts.field == "pointwise":
        return joined
    found = tuple(window.seen(extent) for window, extent in zip(facts.field, joined, strict=True))
    return found if all(abs(value) <= limits.MAGNITUDE for extent in found for value in extent) else None


def _alive(rows: Sequence[Row], nodes: Sequence[Node], output: int) -> list[Row]:
    """Return the rows with the numbers alive while each runs, freeing every tensor after its last use.

    A view keeps its input's memory alive and adds none. The network's output lives to the end.
    """
    storage: list[int] = []
    last_use: dict[int, int] = {}
    for position, node in enumerate(nodes):
        is_view = not node.op.stores and len(node.inputs) > 0
        storage.append(storage[node.inputs[0]] if is_view else position)
        for source in (position, *node.inputs):
            last_use[storage[source]] = position
    last_use[storage[output]] = len(nodes)
    expiring: dict[int, int] = {}
    for owner, position in last_use.items():
        expiring[position] = expiring.get(position, 0) + prod(rows[owner].output_shape)
    alive = 0
    found = []
    for position, row in enumerate(rows):
        if storage[position] == position:
            alive += prod(row.output_shape)
        found.append(row._replace(alive=alive))
        alive -= expiring.get(position, 0)
    return found


def _totals(rows: Sequence[Row]) -> Totals:
    return Totals(
        params=sum(row.params for row in rows),
        fixed=sum(row.fixed for row in rows),
        buffers=sum(row.buffers for row in rows),
        work=added(row.work for row in rows if row.work is not None),
        activations=sum(row.activations for row in rows),
        in_place=sum(row.in_place for row in rows),
        peak=max(row.alive for row in rows),
        depth=max(row.depth for row in rows),
        incomplete=tuple(row.name for row in rows if row.work is None),
    )
