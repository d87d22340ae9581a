"""Fusion: passes over memory that a compiler makes one kernel of, so that nothing between them is written or read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archcalc.analysis.run import Run
from archcalc.op.kernels import Kernel, KernelKind, Kernels

PASSES: frozenset[KernelKind] = frozenset(
    ("elementwise", "function", "stretched", "bias", "batchnorm", "copy", "rows", "joined")
)
"""Kernels that take each number, or each row, as it comes."""


class Fused(NamedTuple):
    """The kernels of each layer, and the position of the layer that its first one joins, None where it joins none."""

    launched: list[Kernels | None]
    hosts: list[int | None]


def fuse(run: Run, launched: Sequence[Kernels | None]) -> Fused:
    """Return the kernels of each layer where each pass joins the one that makes what it takes, if nobody else takes that.

    A pass that joins another one reads what it takes beside, and writes in place of it.
    """
    makers: list[int] = []
    """By whose kernels each output is written: its own layer's, or of what that views."""
    fused = Fused([], [])
    for position, kernels in enumerate(launched):
        sources = run.nodes[position].inputs
        makers.append(position if kernels or not sources else makers[sources[0]])
        hosts = [
            makers[source]
            for source in sources
            if run.uses[source] == 1 and _ends_in_pass(fused.launched[makers[source]])
        ]
        joins = bool(kernels and hosts and kernels[0].kind in PASSES)
        fused.launched.append(kernels and _join_all(kernels, goes_on=joins))
        fused.hosts.append(hosts[0] if joins else None)
    return fused


def _ends_in_pass(kernels: Kernels | None) -> bool:
    return bool(kernels and kernels[-1].kind in PASSES)


def _join_all(kernels: Kernels, *, goes_on: bool) -> Kernels:
    """Return a layer's kernels with one pass where several follow each other, the first of which may go on with another layer's."""
    joined: list[Kernel] = []
    for kernel in kernels:
        kind: KernelKind = "elementwise" if kernel.kind in PASSES - {"rows"} else kernel.kind
        if joined and kernel.kind in PASSES and joined[-1].kind in PASSES:
            joined[-1] = joined[-1]._replace(written=kernel.written)
        else:
            joined.append(kernel._replace(kind=kind))
    if goes_on:
        joined[0] = _join(joined[0])
    return tuple(joined)


def _join(kernel: Kernel) -> Kernel:
    """Return what a pass adds to the one that it joins: what it reads beside that one's output, and its rows."""
    beside = kernel.read - kernel.written
    return Kernel("joined", max(0, beside), 0, rows=kernel.rows)
