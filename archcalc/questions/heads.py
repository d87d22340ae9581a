"""What the heads that exist only in training add to a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.network.network import Node, parts, prefix


class Heads(NamedTuple):
    """Auxiliary heads: what they are called, and what they have together; None for work that is not known.

    `losses` are the weights of their losses, by their names, where the network says them.
    """

    names: tuple[str, ...]
    params: int
    macs: int | None
    losses: Mapping[str, float]


def heads_of(report: Report) -> Heads | None:
    """Return what the auxiliary heads of a network add; None where it has none, or they do not suit the input."""
    run = report.run
    auxiliary = {node.name for node in run.network.nodes if node.auxiliary}
    trained = report.in_training
    if not auxiliary or trained is None:
        return None
    rows = [row for row in trained.rows if row.name in auxiliary]
    macs = [row.macs for row in rows if row.macs is not None]
    return Heads(
        names=_names(run.network.nodes),
        params=sum(row.params for row in rows),
        macs=sum(macs) if len(macs) == len(rows) else None,
        losses=run.network.losses,
    )


def _names(nodes: Sequence[Node]) -> tuple[str, ...]:
    """Return the largest blocks in which all layers are auxiliary."""
    lasting = {block for node in nodes if not node.auxiliary for block in _blocks(node.name)}
    heads = (node.name for node in nodes if node.auxiliary)
    return tuple(
        dict.fromkeys(next(block for block in _blocks(name) if block not in lasting) for name in heads)
    )


def _blocks(name: str) -> list[str]:
    """Return the blocks that a layer stands in, from the outermost to itself."""
    return [prefix(name, levels) for levels in range(1, len(parts(name)) + 1)]
