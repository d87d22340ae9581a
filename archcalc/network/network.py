"""A network: named ops in topological order and where each takes its input from. No YAML, no arithmetic."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from archcalc.arithmetic.window import Rounding
from archcalc.ground.errors import Origin, visible
from archcalc.op.op import Op
from archcalc.op.site import Sizes

Layout = Literal["channels_first", "channels_last"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
"""In which order the sizes of an input are stated; the engine itself has the channels first."""
MARK = re.compile("[./]")
"""What stands between the parts of a name."""


def parts(name: str) -> list[str]:
    """Return the parts of a name, its blocks and itself: separated by slashes if it holds one, by dots otherwise.

    Specs write stage1.conv; files of other programs /layer1/layer1.0/conv1/Conv.
    """
    return name.strip("/").split("/") if "/" in name else name.split(".")


def prefix(name: str, levels: int) -> str:
    """Return the first `levels` parts of a name, written as the name is."""
    mark = "/" if "/" in name else "."
    start = mark if name.startswith("/") else ""
    return start + mark.join(parts(name)[:levels])


def add_number(name: str, number: int) -> str:
    """Return a name with a number, apart from one that it ends with: conv1, s1_2."""
    return f"{name}{'_' if name[-1:].isdigit() else ''}{number}"


def is_inside(name: str, block: str) -> bool:
    """Tell whether a layer of this name stands in the block."""
    return name.startswith((f"{block}.", f"{block}/"))


def blocks(names: Iterable[str]) -> list[str]:
    """Return the blocks in which layers of these names stand, each once."""
    return list(dict.fromkeys(name[: mark.start()] for name in names for mark in MARK.finditer(name, 1)))


def members(names: Iterable[str], wanted: Collection[str]) -> dict[str, list[int]]:
    """Return for each name that is wanted the positions of the layers that it means: its own, or those of its block."""
    positions: dict[str, list[int]] = {name: [] for name in wanted}
    longest = max(map(len, wanted), default=0)
    for position, name in enumerate(names):
        ends = (mark.start() for mark in MARK.finditer(name, 1, longest + 1))
        for end in (*ends, len(name)):
            if (own := positions.get(name[:end])) is not None:
                own.append(position)
    return positions


class Node(NamedTuple):
    """One op in its place; where it was read makes no difference to whether two are equal.

    `name` is the path of its blocks and itself; `inputs` are the positions of earlier nodes and
    `labels` what to call them in a message; `tied` is the position of the node whose weights it shares, all
    of them, and `shared` are the names of single weights that belong to an earlier node;
    `auxiliary` marks heads that exist only in training.
    """

    name: str
    op: Op
    inputs: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    tied: int | None = None
    auxiliary: bool = False
    shared: frozenset[str] = frozenset()
    origin: Origin | None = None

    def owns(self, name: str) -> bool:
        """Tell whether one of its weights is its own and not an earlier node's, where it counts."""
        return self.tied is None and name not in self.shared

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self[:-1] == other[:-1]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:-1])


def settle_ties(nodes: Sequence[Node]) -> Sequence[Node]:
    """Return nodes each of which is tied to the one that has the weights, and to none that is tied itself."""
    if all(node.tied is None for node in nodes):
        return nodes
    settled: list[Node] = []
    for node in nodes:
        owner = None if node.tied is None else settled[node.tied].tied
        settled.append(node if owner is None else node._replace(tied=owner))
    return tuple(settled)


class Expectation(NamedTuple):
    """A published figure: `figure` of the network, or of `layer`, is `value` according to `source`.

    `train` says that it counts the heads that exist only in training. `claim` is what the source says
    word for word, where it only claims a figure, to some precision and perhaps in error.
    """

    figure: str
    value: object
    source: str
    layer: str | None = None
    train: bool = False
    claim: str | None = None
    origin: Origin | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expectation) and self[:-1] == other[:-1]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:-1])


class FigureLimit(NamedTuple):
    """A bound that a network is held to: `figure` `operator` `bound`, in the figure's own unit and as it is `written`."""

    figure: str
    operator: str
    bound: float
    written: str
    source: str


class JoinedLimits(NamedTuple):
    """Limits that a `word` joins: `and`, `or`, or `not` before a single one; as they are `written`."""

    word: Literal["and", "or", "not"]
    parts: tuple[Limit, ...]
    written: str
    source: str


Limit = FigureLimit | JoinedLimits
"""What a budget or --limit states."""


class Network(NamedTuple):
    """A directed acyclic graph of ops, in an order in which every node comes after its inputs.

    The first node is an input. `parameters` are the spec's own, after variants and
    overrides; `expectations` are published figures that the spec states, `budget` the limits that it sets itself; `rounding` is for layers that
    say none; `outputs` are the positions of the nodes whose outputs are the network's; `dtype` is that of
    its weights, where its file says one; `notes` are what its reader had to assume; `layout` is how the sizes of its
    inputs are stated, where anybody says that: of others they are looked at; `losses` are the weights that the losses
    of heads have in training, by the heads' names, where anybody says them; `in_place` says that activations overwrite
    their input in training, unless one says otherwise.
    """

    name: str
    nodes: tuple[Node, ...]
    title: str = ""
    source: str = ""
    parameters: Mapping[str, object] = {}
    expectations: tuple[Expectation, ...] = ()
    rounding: Rounding | None = None
    outputs: tuple[int, ...] = (-1,)
    dtype: str | None = None
    notes: tuple[str, ...] = ()
    budget: tuple[Limit, ...] = ()
    layout: Layout | None = None
    losses: Mapping[str, float] = {}
    in_place: bool = False

    def __hash__(self) -> int:
        """Return a number that equal networks share; parameters and figures, which may be lists, are left to `==`."""
        return hash((self.name, self.nodes, self.rounding, self.outputs))

    def __repr__(self) -> str:
        return f"<Network {visible(self.name)}: {len(self.nodes)} layers>"

    @property
    def output(self) -> int:
        """The position of the first output."""
        return self.outputs[0]

    @property
    def input_shape(self) -> Sizes:
        """The shape of the first input without the batch, (C, *I)."""
        return self.nodes[0].op.output_sizes()[1:]
