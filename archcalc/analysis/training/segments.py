"""The segments of a network that are checkpointed: what each runs again before its backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isqrt

from archcalc.analysis.run import Run
from archcalc.analysis.training.keeping import Keeping, Value
from archcalc.analysis.training.step import read_length
from archcalc.ground.errors import CallError
from archcalc.network.network import parts

LENGTHS = 17
"""How many lengths of segments are worth a look."""
Segment = tuple[range, bool]
"""Positions of layers, and whether all that their backward pass needs is kept."""


def list_checkpoints(run: Run) -> tuple[str, ...]:
    """Return the ways to checkpoint a network that are worth a look, at most 20.

    They are nothing at all, blocks where there are any, as many layers as the square root of all, and numbers of layers
    from 2 to half of them, each larger by the same factor than the one before.
    """
    count = len(run.nodes)
    growth = (max(count, 4) / 4) ** (1 / (LENGTHS - 1))
    lengths = {round(2 * growth**number) for number in range(LENGTHS)} - {isqrt(count)}
    return (
        "none",
        *(["blocks"] if _has_blocks(run) else []),
        "auto",
        *(f"every:{length}" for length in sorted(lengths)),
    )


def find_segments(run: Run, keeping: Keeping, checkpoint: str) -> list[Segment]:
    """Return the segments in order; nothing runs again of those that no gradient goes through.

    Blocks are those at the top of the layers' names; layers outside of blocks keep what they need. Otherwise a segment is so many
    layers, or for "auto" the square root of all (Chen et al. 2016).

    Raises:
        CallError: a segment would have more layers than there are, or there are no blocks.
    """
    needs = [value.needs_gradient for value in keeping.values]
    return [
        (segment, is_kept or not any(needs[segment.start : segment.stop]))
        for segment, is_kept in _divide(run, checkpoint)
    ]


def find_again(segments: Sequence[Segment]) -> list[int]:
    """Return the positions of the layers that run again before their backward pass, in order."""
    return [position for segment, is_kept in segments if not is_kept for position in segment]


def _divide(run: Run, checkpoint: str) -> list[Segment]:
    count = len(run.nodes)
    if checkpoint == "none":
        return [(range(count), True)]
    if checkpoint == "blocks":
        if not _has_blocks(run):
            raise CallError(
                f"{run.network.name} has no blocks, so that nothing would run again",
                hint="auto is as many layers as the square root of all, every:N is N layers",
            )
        return _blocks(run)
    length = max(isqrt(count), 1) if checkpoint == "auto" else read_length(checkpoint)
    if length > count:
        raise CallError(
            f"checkpoint {checkpoint} is longer than the network, which has {count} layers",
            hint=f"auto is every:{max(isqrt(count), 1)} here",
        )
    return [(range(start, min(start + length, count)), False) for start in range(0, count, length)]


def find_entering(run: Run, values: Sequence[Value], segment: range) -> list[int]:
    """Return the storages of what goes into a segment: all that its layers read, as it lies before the segment runs.

    Its own outputs are among them, which are not there yet.
    """
    return sorted({values[source].storage for p in segment for source in run.nodes[p].inputs})


def _blocks(run: Run) -> list[Segment]:
    segments: list[Segment] = []
    start = 0
    for name, nodes in groupby(run.nodes, key=lambda node: _top(node.name)):
        stop = start + sum(1 for _ in nodes)
        segments.append((range(start, stop), not name))
        start = stop
    return segments


def _has_blocks(run: Run) -> bool:
    return any(_top(node.name) for node in run.nodes)


def _top(name: str) -> str:
    """Return the block at the top in which a layer is; nothing where it is in none."""
    outer = parts(name)
    return outer[0] if len(outer) > 1 else ""
