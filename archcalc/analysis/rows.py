"""The rows of a report, one a layer, and their totals, drawn from the layers as they ran."""

from __future__ import annotations

from archcalc.analysis.arena import count_alive, lifetimes
from archcalc.analysis.backward import gradients
from archcalc.analysis.engine import Facts
from archcalc.analysis.learnable import NOTHING, split
from archcalc.analysis.row import Row, Totals
from archcalc.analysis.run import Run
from archcalc.analysis.sights import extents, sights
from archcalc.arithmetic.sight import Sight
from archcalc.ground.collector import pause_collector
from archcalc.network.liveness import overwriting
from archcalc.network.network import Node
from archcalc.op.op import add_up, elements


@pause_collector()
def rows_of(run: Run) -> tuple[Row, ...]:
    """Return a row for every layer."""
    rows: list[Row] = []
    drawn = zip(run.layers, *_memory(run), _depths(run), sights(run.layers), gradients(run), strict=True)
    for layer, in_place, alive, depth, (sight, gateless), backward in drawn:
        node, op, facts = layer.node, layer.op, layer.facts
        params, fixed, buffers = _count_own(node, facts)
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


def _memory(run: Run) -> tuple[list[int], list[int]]:
    """Return the numbers that each layer stores anew, writing over its input where it can, and those alive while it runs."""
    in_place = overwriting(run.nodes, run.outputs)
    stored = [0 if position in in_place else facts.stored for position, facts in enumerate(run.facts)]
    return stored, count_alive(lifetimes(run), len(run.nodes))


def _depths(run: Run) -> list[int]:
    """Return the weighted layers on the longest path up to each layer."""
    depths: list[int] = []
    for node, facts in zip(run.nodes, run.facts, strict=True):
        inputs = node.inputs
        before = depths[inputs[0]] if len(inputs) == 1 else max([depths[i] for i in inputs], default=0)
        depths.append(before + facts.traits.deep)
    return depths


def _count_own(node: Node, facts: Facts) -> tuple[int, ...]:
    """Return how many learnable, fixed and kept numbers are a layer's own and not an earlier one's."""
    if node.tied is None and not node.shared:
        return facts.counts
    return tuple(
        int(elements(shape for name, shape in group.items() if node.owns(name))) for group in facts.tensors
    )


def totals_of(run: Run) -> Totals:
    """Return the sums over all layers, and what the deepest and the fullest moment have."""
    params, fixed, buffers = map(sum, zip(*map(_count_own, run.nodes, run.facts), strict=True))
    works = [facts.work for facts in run.facts]
    in_place, alive = _memory(run)
    return Totals(
        params=params,
        fixed=fixed,
        buffers=buffers,
        work=add_up([work for work in works if work is not None]),
        activations=sum([facts.stored for facts in run.facts]),
        in_place=sum(in_place),
        peak=max(alive),
        depth=max(_depths(run)),
        incomplete=tuple(node.name for node, work in zip(run.nodes, works, strict=True) if work is None),
    )
