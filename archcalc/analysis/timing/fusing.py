"""Fusion: passes over memory that a compiler makes one kernel of, so that nothing between them is written or read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archcalc.analysis.run import Run
from archcalc.op.kernels import Kernel, KernelKind, Kernels

JOINING: frozenset[KernelKind] = frozenset(
    ("elementwise", "function", "stretched", "bias", "batchnorm", "copy", "joined")
)
"""Kernels that take each number as it comes, so that they can go on with the one that makes it."""
PASSES: frozenset[KernelKind] = JOINING | {"rows"}
"""Kernels with which those can go on."""


class Fused(NamedTuple):
    """The kernels of each layer, and the position of the layer that its first one joins, None where it joins none."""

    launched: list[Kernels | None]
    hosts: list[int | None]


def fuse(run: Run, launched: Sequence[Kernels | None]) -> Fused:
    """Return the kernels of each layer where each pass joins the one that makes what it takes, if nobody else takes that.

    A pass that joins another one makes a number of each that this one makes: it reads what it takes beside, and writes in
    place of it.
    """
    walk = _Walk(run)
    for position, kernels in enumerate(launched):
        walk.take(position, kernels)
    return walk.fused


class _Walk:
    """What is known of the layers passed so far.

    `makers` are those by whose kernels each output is written, its own layer or that of what it views; `sole` says
    whether a single layer takes what was written there; `written` is how many numbers that are.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.fused = Fused([], [])
        self.makers: list[int] = []
        self.sole: list[bool] = []
        self.written: list[int] = []

    def take(self, position: int, kernels: Kernels | None) -> None:
        """Go through one more layer."""
        sources = self.run.nodes[position].inputs
        is_view = kernels == () and bool(sources)
        self.makers.append(self.makers[sources[0]] if is_view else position)
        alone = self.run.uses[position] == 1
        self.sole.append(alone and (not is_view or self.sole[sources[0]]))
        joined = _join_within(kernels) if kernels else kernels
        host = next((self.makers[s] for s in sources if joined and self._goes_on(joined[0], s)), None)
        self.written.append(int(joined[-1].written) if joined else 0)
        if joined and host is not None:
            beside = int(joined[0].read) - self.written[host]
            joined = (Kernel("joined", max(0, beside), 0), *joined[1:])
        self.fused.launched.append(joined)
        self.fused.hosts.append(host)

    def _goes_on(self, kernel: Kernel, source: int) -> bool:
        """Tell whether a pass goes on with the kernel that makes one of its inputs."""
        maker = self.makers[source]
        before = self.fused.launched[maker]
        return (
            kernel.kind in JOINING
            and self.sole[source]
            and bool(before and before[-1].kind in PASSES)
            and int(kernel.written) == self.written[maker]
        )


def _join_within(kernels: Kernels) -> Kernels:
    """Return a layer's kernels with one pass where several follow each other on as many numbers."""
    joined: list[Kernel] = []
    for kernel in kernels:
        kind: KernelKind = "elementwise" if kernel.kind in JOINING else kernel.kind
        last = joined[-1] if joined else None
        if last and kernel.kind in JOINING and last.kind in PASSES and last.written == kernel.written:
            joined[-1] = last._replace(read=last.read + kernel.read - last.written)
        else:
            joined.append(kernel._replace(kind=kind))
    return tuple(joined)
