"""What of a step's memory is a layer's: a part of what is kept, of weights, their gradients and the optimizer's state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.training.holders import KeptBytes, find_holders
from archcalc.analysis.training.schedule import Part
from archcalc.analysis.training.segments import find_again
from archcalc.analysis.training.training import Training, train


class LayerShare(NamedTuple):
    """What of a step's memory is a layer's, in bytes of a rank, as it is asked for.

    `kept` is what counts at it between the forward and the backward pass, None where nobody knows what the layer keeps.
    `gradients` are those of its weights after the backward pass. `recomputed` are its MACs where it runs again, 0 where it does
    not, None where they are not known.
    """

    kept: KeptBytes | None
    weights: int
    buffers: int
    gradients: int
    optimizer: int
    recomputed: int | None


def share_out(report: Report) -> dict[str, LayerShare]:
    """Return by name what of a step's memory is each layer's; the step is done as the report's conditions say.

    They add up to what the step takes: what is kept to `requested_bytes`, and the rest to weights, buffers, gradients and states,
    but for what the optimizer keeps once for all layers.

    Args:
        report: of the network with its auxiliary heads, which training has.
    """
    training = report.once(train)
    run, keeping = report.run, training.keeping
    kept = find_holders(run, keeping, training.schedule).count_kept()
    resident = _sum_resident(training)
    unknown, again = set(keeping.unknown), set(find_again(training.schedule.segments))
    shares: dict[str, LayerShare] = {}
    for position, (node, facts) in enumerate(zip(run.nodes, run.facts, strict=True)):
        work = None if facts.work is None else int(facts.work.macs)
        shares[node.name] = LayerShare(
            None if position in unknown else kept.get(position, KeptBytes()),
            resident["weights", position],
            resident["buffers", position],
            training.gradients.get(position, 0),
            resident["optimizer", position],
            work if position in again else 0,
        )
    return shares


def _sum_resident(training: Training) -> Counter[tuple[Part, int | None]]:
    """Return the bytes of what is there before the step, by what it is and by the layer's position."""
    sizes: Counter[tuple[Part, int | None]] = Counter()
    for tensor in training.schedule.tensors[: training.schedule.resident]:
        sizes[tensor.part, tensor.layer] += tensor.bytes
    return sizes


def add_shares(shares: Mapping[str, LayerShare], names: Iterable[str], part: str) -> int | None:
    """Return what some layers have of a part together: a field of `LayerShare`, or of `KeptBytes`; None where it is not known."""
    whole = 0
    for name in names:
        share = shares[name]
        amount = getattr(share.kept if part in KEPT else share, part, None)
        if amount is None:
            return None
        whole += amount
    return whole


KEPT = (*KeptBytes._fields, "whole")
"""The parts of what is kept."""
