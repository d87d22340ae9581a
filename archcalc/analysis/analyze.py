"""A network and conditions to a report: the figures of every layer, and their totals."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcalc.analysis.conditions import Conditions
from archcalc.analysis.report import Report, Row, Totals
from archcalc.analysis.run import Facts, Layer, run
from archcalc.analysis.sights import extents, sights
from archcalc.arithmetic.sight import Sight
from archcalc.ground.collector import collector_paused
from archcalc.ground.errors import ArchcalcError, listed, nearest
from archcalc.network.network import Network, Node
from archcalc.op.op import Op, added, elements


@collector_paused()
def report_on(network: Network, conditions: Conditions) -> Report:
    """Return the report on a network under conditions.

    Raises:
        ArchcalcError: a layer does not suit its input.
    """
    ran = run(network, conditions)
    rows = tuple(_rows(ran.layers))
    return Report(
        name=ran.network.name,
        title=ran.network.title,
        source=ran.network.source,
        input_shape=rows[0].output_shape[1:],
        batch=rows[0].output_shape[0],
        dtype=ran.conditions.dtype,
        rows=rows,
        outputs=tuple(rows[position] for position in ran.outputs),
        totals=_totals(rows),
        run=ran,
    )


def _rows(layers: Sequence[Layer]) -> list[Row]:
    rows: list[Row] = []
    judged = zip(layers, _alive(layers), sights(layers), strict=True)
    for position, (layer, alive, (sight, gateless)) in enumerate(judged):
        node, op, facts = layer.node, layer.op, layer.facts
        sources = [rows[source] for source in node.inputs]
        stored = prod(facts.output) if _stores(op) and facts.output else 0
        params, fixed, buffers = _owned(facts, node)
        rows.append(
            Row(
                name=node.name,
                kind=op.kind,
                role=op.traits.role,
                settings=facts.settings,
                inputs=tuple(source.name for source in sources),
                input_shapes=layer.at.xs,
                output_shape=facts.output,
                weights=facts.weights,
                params=params,
                fixed=fixed,
                buffers=buffers,
                work=facts.work,
                activations=stored,
                in_place=0 if _overwrites(layer, position, layers) else stored,
                alive=alive,
                uneven=facts.uneven,
                unfolded=facts.unfolded,
                depth=max((source.depth for source in sources), default=0) + op.traits.deep,
                field=extents(sight),
                gateless=extents(gateless),
                places=sight.places if isinstance(sight, Sight) else None,
            )
        )
    return rows


def _stores(op: Op) -> bool:
    """Tell whether the output is new memory that a layer takes: not so for a view, nor for what is there already."""
    return op.traits.storage != "view" and op.traits.role not in ("input", "constant")


def _overwrites(layer: Layer, position: int, layers: Sequence[Layer]) -> bool:
    """Tell whether a layer writes over its input: it can, and nobody needs that any more."""
    if layer.op.traits.storage != "overwrite":
        return False
    return layers[layers[layer.node.inputs[0]].storage].last_use == position


def _owned(facts: Facts, node: Node) -> tuple[int, ...]:
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
        int(elements(shape for name, shape in group.items() if name not in node.shared))
        for group in facts.tensors
    )


def _alive(layers: Sequence[Layer]) -> list[int]:
    """Return the numbers alive while each layer runs, freeing every tensor after its last use.

    A view keeps its input's memory alive and adds none; a weight is in memory all along and counted there.
    """
    sizes = [
        prod(layer.facts.output) if layer.facts.output and layer.op.traits.role != "constant" else 0
        for layer in layers
    ]
    expiring: dict[int, int] = {}
    for position, layer in enumerate(layers):
        if layer.storage == position:
            expiring[layer.last_use] = expiring.get(layer.last_use, 0) + sizes[position]
    alive = 0
    totals = []
    for position, layer in enumerate(layers):
        if layer.storage == position:
            alive += sizes[position]
        totals.append(alive)
        alive -= expiring.get(position, 0)
    return totals


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
