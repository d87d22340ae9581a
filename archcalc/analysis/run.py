"""A network and an input to a report: every row's figures and their totals.

The engine knows only the methods of `Op`. Equal ops on equal shapes are worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple, cast

from archcalc.analysis.conditions import Input, checked, inference, outputs_among, shapes
from archcalc.analysis.report import DType, ReceptiveField, Report, Row, Totals
from archcalc.arithmetic.window import POINT, Rounding, Uneven
from archcalc.ground import limits
from archcalc.ground.collector import collector_paused
from archcalc.ground.errors import ArchcalcError, listed, nearest
from archcalc.network.network import Network, Node
from archcalc.op.op import Field, Op, Shape, Work, added, elements, extents_of


@collector_paused()
def analyze(
    network: Network,
    *,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
) -> Report:
    """Work out every figure of a network.

    Args:
        network: what `load` returned.
        input: another input shape without the batch, such as "3x256x256"; of a network with several inputs
            that of the first, or shapes by the inputs' names.
        batch: samples that go through at once; work and activations scale with it. 1 unless a file fixes it.
        dtype: the type of weights and activations; that of the network's file, or float32.
        rounding: for layers that say none; "strict" holds for all and makes rounding an error.
        train: keep the auxiliary heads that exist only in training.

    Raises:
        ArchcalcError: a layer does not suit its input, or an argument is wrong.
    """
    dtype = dtype or cast("DType", network.dtype) or "float32"
    batch = checked(batch, dtype, rounding)
    nodes = network.nodes if train else inference(network.nodes)
    engine = _Engine(shapes(input, network), batch, rounding or network.rounding)
    outputs = outputs_among(nodes, network)
    rows = _alive(engine.rows(nodes), nodes, outputs)
    return Report(
        name=network.name,
        title=network.title,
        source=network.source,
        input_shape=rows[0].output_shape[1:],
        batch=rows[0].output_shape[0],
        dtype=dtype,
        rows=tuple(rows),
        outputs=tuple(rows[position] for position in outputs),
        totals=_totals(rows),
    )


class _Facts(NamedTuple):
    """What an op says of given input shapes.

    `tensors` are the learnt ones, the fixed ones and the buffers, and `counts` how many numbers each of these hold.
    """

    output: Shape
    settings: Mapping[str, Any]
    weights: Mapping[str, Shape]
    tensors: tuple[Mapping[str, Shape], ...]
    counts: tuple[int, ...]
    work: Work | None
    uneven: tuple[Uneven, ...]
    unfolded: tuple[int, int] | None
    field: Field


class _Engine:
    """Passes shapes through the nodes, one after the other."""

    def __init__(self, shapes: Mapping[str, Shape], batch: int | None, rounding: Rounding | None) -> None:
        self.shapes = shapes
        self.batch = batch
        self.rounding = rounding
        self.facts: dict[tuple[int, tuple[Shape, ...]], _Facts] = {}

    def rows(self, nodes: Sequence[Node]) -> list[Row]:
        rows: list[Row] = []
        blind: set[int] = set()  # they see nothing of the input
        for position, node in enumerate(nodes):
            sources = [rows[source] for source in node.inputs]
            shapes = tuple(source.output_shape for source in sources)
            facts = self._facts(node, shapes, sources)
            if not node.op.feeds and blind.issuperset(node.inputs):
                blind.add(position)
            seen = [rows[source].field for source in node.inputs if source not in blind]
            stored = prod(facts.output) if node.op.stores and facts.output else 0
            if node.tied is not None:
                _check_tied(node, facts, rows[node.tied])
            params, fixed, buffers = _owned(facts, node)
            rows.append(
                Row(
                    name=node.name,
                    kind=node.op.kind,
                    settings=facts.settings,
                    inputs=tuple(source.name for source in sources),
                    input_shapes=shapes,
                    output_shape=facts.output,
                    weights=facts.weights,
                    params=params,
                    fixed=fixed,
                    buffers=buffers,
                    work=facts.work,
                    activations=stored,
                    in_place=0 if node.op.in_place else stored,
                    alive=0,
                    uneven=facts.uneven,
                    unfolded=facts.unfolded,
                    depth=max((s.depth for s in sources), default=0) + node.op.weighted,
                    field=() if position in blind else _field(facts, seen),
                )
            )
        return rows

    def _facts(self, node: Node, shapes: tuple[Shape, ...], sources: list[Row]) -> _Facts:
        key = (id(node.op), shapes)
        facts = self.facts.get(key)
        if facts is None:
            try:
                facts = self.facts[key] = _stated(self._prepared(node), node.op.stated(), shapes)
            except ArchcalcError as error:
                raise _located(error, node, sources) from None
        return facts

    def _prepared(self, node: Node) -> Op:
        fed = node.op.fed(self.shapes.get(node.name), self.batch)
        return fed.rounded(self.rounding) if self.rounding else fed


def _stated(op: Op, settings: Mapping[str, Any], shapes: tuple[Shape, ...]) -> _Facts:
    """Ask an op for everything that it says of these input shapes; () is a shape that is not known."""
    if () in shapes and op.knows:
        raise ArchcalcError("takes an input whose size is not known", hint="state the shape of what it takes")
    if shapes and op.knows and min(map(len, shapes)) < op.least_axes:
        raise ArchcalcError(
            "takes channels, but its input is one number a sample", hint="put '- reshape: 1' before it"
        )
    op.check(*shapes)
    output = op.output(*shapes)
    if len(output) > 1 + limits.AXES:
        raise ArchcalcError(
            f"its output has {len(output) - 1:,} axes beside the batch; the most are {limits.AXES}"
        )
    if max(output, default=0) > limits.MAGNITUDE:
        raise ArchcalcError("its output is too large: a size goes up to 10^18")
    tensors = (op.weights(*shapes), op.fixed(*shapes), op.buffers(*shapes))
    return _Facts(
        output=output,
        settings=settings,
        weights=tensors[0] | tensors[1],
        tensors=tensors,
        counts=tuple(elements(group.values()) for group in tensors),
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


def _owned(facts: _Facts, node: Node) -> tuple[int, ...]:
    """Return how many learnable, fixed and kept numbers are a layer's own and not an earlier one's."""
    if node.tied is not None:
        return (0, 0, 0)
    if not node.shared:
        return facts.counts
    names = [name for group in facts.tensors for name in group]
    for name in node.shared.difference(names):
        raise ArchcalcError(
            f"{node.op.kind} '{node.name}': it has no weights called '{name}' to share",
            place=node.origin.place("shared") if node.origin else None,
            hint=nearest(name, names) or listed("its weights", names),
        )
    return tuple(
        elements(shape for name, shape in group.items() if name not in node.shared) for group in facts.tensors
    )


def _field(facts: _Facts, seen: Sequence[ReceptiveField]) -> ReceptiveField:
    """Return the receptive field of a row's output, the largest over the inputs that see anything."""
    if not seen:
        return (POINT,) * (len(facts.output) - 2)
    fields = [field for field in seen if field is not None]
    if facts.field == "whole" or len(fields) < len(seen) or len({len(field) for field in fields}) > 1:
        return None
    joined = fields[0]
    for field in fields[1:]:
        joined = tuple(a.joined(b) for a, b in zip(joined, field, strict=True))
    if facts.field == "pointwise":
        return joined
    if len(joined) != len(facts.field):
        return None
    found = tuple(window.seen(extent) for window, extent in zip(facts.field, joined, strict=True))
    return found if all(abs(value) <= limits.MAGNITUDE for extent in found for value in extent) else None


def _alive(rows: Sequence[Row], nodes: Sequence[Node], outputs: Sequence[int]) -> list[Row]:
    """Return the rows with the numbers alive while each runs, freeing every tensor after its last use.

    A view keeps its input's memory alive and adds none; a weight is in memory all along and counted there.
    The network's outputs live to the end.
    """
    sizes = [
        prod(row.output_shape) if row.output_shape and not node.op.constant else 0
        for row, node in zip(rows, nodes, strict=True)
    ]
    storage: list[int] = []
    last_use: dict[int, int] = {}
    for position, node in enumerate(nodes):
        is_view = not node.op.stores and len(node.inputs) > 0
        storage.append(storage[node.inputs[0]] if is_view else position)
        for source in (position, *node.inputs):
            last_use[storage[source]] = position
    last_use |= {storage[output]: len(nodes) for output in outputs}
    expiring: dict[int, int] = {}
    for owner, position in last_use.items():
        expiring[position] = expiring.get(position, 0) + sizes[owner]
    alive = 0
    found = []
    for position, row in enumerate(rows):
        if storage[position] == position:
            alive += sizes[position]
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
