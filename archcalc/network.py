"""A network: named ops in topological order and where each takes its input from. No YAML, no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from archcalc.errors import Origin
from archcalc.op import Op, Shape
from archcalc.window import Rounding


class Node(NamedTuple):
    """One op in its place.

    `name` is the dotted path of its blocks and itself; `inputs` are the positions of earlier nodes and
    `labels` what to call them in a message; `tied` is the position of the node whose weights it shares;
    `auxiliary` marks heads that exist only in training.
    """

    name: str
    op: Op
    inputs: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    origin: Origin | None = None
    tied: int | None = None
    auxiliary: bool = False


class Expectation(NamedTuple):
    """A published figure: `figure` of the network, or of `layer`, is `value` according to `source`.

    `train` says that it counts the heads that exist only in training. `claim` is what the source says
    word for word, where it only claims a figure, to some precision and perhaps in error.
    """

    figure: str
    value: Any
    source: str
    layer: str | None = None
    train: bool = False
    origin: Origin | None = None
    claim: str | None = None


class Network(NamedTuple):
    """A directed acyclic graph of ops, in an order in which every node comes after its inputs.

    Nodes without inputs are `Input` ops. `parameters` are the spec's own, after variants and
    overrides; `expectations` are published figures that the spec states; `rounding` is for layers that
    say none; `output` is the position of the node whose output is the network's.
    """

    name: str
    nodes: tuple[Node, ...]
    title: str = ""
    source: str = ""
    parameters: Mapping[str, Any] = {}
    expectations: tuple[Expectation, ...] = ()
    rounding: Rounding | None = None
    output: int = -1

    @property
    def input_shape(self) -> Shape:
        """The shape of the first input without the batch, (C, *I)."""
        shape: Shape = self.nodes[0].op.output()[1:]
        return shape
