"""The rows of a report, one a layer, and their totals, drawn from the layers as they ran."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.analysis.backward import gradients
from archcalc.analysis.row import Row, Totals
from archcalc.analysis.run import Layer
from archcalc.analysis.sights import extents, sights
from archcalc.analysis.split import NOTHING, split
from archcalc.arithmetic.sight import Sight
from archcalc.ground.collector import pause_collector
from archcalc.op.op import add_up, elements


@pause_collector()
def rows_of(layers: Sequence[Layer]) -> tuple[Row, ...]:
    """Return a row for every layer."""
    rows: list[Row] = []
    drawn = zip(
        layers,
        _in_place(layers),
        _alive(layers),
        _depths(layers),
        sights(layers),
        gradients(layers),
        strict=True,
    )
    for layer, in_place, alive, depth, (sight, gateless), backward in drawn:
        node, op, facts = layer.node, layer.op, layer.facts
        params, fixed, buffers = _count_own(layer)
        apart = split(facts.tensors[0], op, node.shared) if params else NOTHING
        rows.append(
            Row(
                name=node.name,
                kind=op.kind,
                role=op.traits.role,
                settings=facts.settings,
                inputs=tuple([rows[source].name for source in node.inputs]),
                input_shapes=layer.at.xs,
                output_shape=facts.output,
                weights=facts.weights,
                params=params,
                fixed=fixed,
                buffers=buffers,
                work=facts.work,
                activations=facts.stored,
                in_place=in_place,
                alive=alive,
                uneven=facts.uneven,
                unfolded=facts.unfolded,
                depth=depth,
                field=extents(sight),
                gateless=extents(gateless),
                places=sight.places if isinstance(sight, Sight) else None,
                biases=apart.biases,
                others=apart.others,
                gradients=backward,
            )
        )
    return tuple(rows)


def _in_place(layers: Sequence[Layer]) -> list[int]:
    """Return the numbers that each layer stores anew, none where it writes over its input: it can, and nobody needs that any more."""
    return [
        0
        if layer.op.traits.storage == "overwrite"
        and layers[layers[layer.node.inputs[0]].storage].last_use == position
        else layer.facts.stored
        for position, layer in enumerate(layers)
    ]


def _depths(layers: Sequence[Layer]) -> list[int]:
    """Return the weighted layers on the longest path up to each layer."""
    depths: list[int] = []
    for layer in layers:
        inputs = layer.node.inputs
        before = depths[inputs[0]] if len(inputs) == 1 else max([depths[i] for i in inputs], default=0)
        depths.append(before + layer.op.traits.deep)
    return depths


def _count_own(layer: Layer) -> tuple[int, ...]:
    """Return how many learnable, fixed and kept numbers are a layer's own and not an earlier one's."""
    node = layer.node
    if node.tied is not None:
        return (0, 0, 0)
    if not node.shared:
        return layer.facts.counts
    return tuple(
        int(elements(shape for name, shape in group.items() if name not in node.shared))
        for group in layer.facts.tensors
    )


def _alive(layers: Sequence[Layer]) -> list[int]:
    """Return the numbers alive while each layer runs, freeing every tensor after its last use.

    A view keeps its input's memory alive and adds none; a weight is in memory all along and counted there.
    """
    expiring = [0] * (len(layers) + 1)
    for position, layer in enumerate(layers):
        if layer.storage == position:
            expiring[layer.last_use] += layer.facts.held
    alive = 0
    most = []
    for position, layer in enumerate(layers):
        if layer.storage == position:
            alive += layer.facts.held
        most.append(alive)
        alive -= expiring[position]
    return most


def totals_of(layers: Sequence[Layer]) -> Totals:
    """Return the sums over all layers, and what the deepest and the fullest moment have."""
    params, fixed, buffers = map(sum, zip(*map(_count_own, layers), strict=True))
    works = [layer.facts.work for layer in layers]
    return Totals(
        params=params,
        fixed=fixed,
        buffers=buffers,
        work=add_up(work for work in works if work is not None),
        activations=sum([layer.facts.stored for layer in layers]),
        in_place=sum(_in_place(layers)),
        peak=max(_alive(layers)),
        depth=max(_depths(layers)),
        incomplete=tuple(layer.node.name for layer, work in zip(layers, works, strict=True) if work is None),
    )
