"""A network under conditions, gone through once: what every op says there. All conclusions are drawn from this."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from archcalc.analysis.conditions import Conditions, outputs_among, without_heads
from archcalc.analysis.engine import Ask, Engine, Facts
from archcalc.arithmetic.window import Rounding
from archcalc.ground.errors import ArchcalcError, Problems, list_names, nearest
from archcalc.network.network import Network, Node, blocks, settle_ties
from archcalc.op.op import Op
from archcalc.op.site import Sizes, Spot


class Layer(NamedTuple):
    """A node as it was run.

    `node` is as the network states it, its inputs counted among the layers; `op` is the node's, fed and rounded as
    the conditions say; `at` are its shapes and `facts` what it says there.
    """

    node: Node
    op: Op
    at: Spot
    facts: Facts


class Run:
    """A network gone through under conditions.

    `network` is the whole one as the conditions make it: its inputs and its rounding are those that held, and what
    was expected of it is left out where they are not its own. `nodes` are those that ran, without the heads
    that exist only in training unless it is one, and `facts` what each of them says; `outputs` are the positions of
    the network's outputs among them.
    """

    def __init__(
        self,
        network: Network,
        conditions: Conditions,
        nodes: Sequence[Node],
        facts: Sequence[Facts],
        outputs: tuple[int, ...],
    ) -> None:
        self.network = network
        self.conditions = conditions
        self.nodes = nodes
        self.facts = facts
        self.outputs = outputs

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The nodes as they were run."""
        return tuple(
            [
                Layer(node, facts.op, facts.at, facts)
                for node, facts in zip(self.nodes, self.facts, strict=True)
            ]
        )

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The positions of all layers by name."""
        return {node.name: position for position, node in enumerate(self.nodes)}

    @cached_property
    def uses(self) -> Sequence[int]:
        """How many take each layer's output, the network's own outputs among them."""
        uses = [0] * len(self.nodes)
        for source in (*(source for node in self.nodes for source in node.inputs), *self.outputs):
            uses[source] += 1
        return uses

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The positions of what a step of training gets: the outputs, and those of auxiliary heads."""
        used = {source for node in self.nodes for source in node.inputs}
        heads = [p for p, node in enumerate(self.nodes) if node.auxiliary and p not in used]
        return (*self.outputs, *heads)

    def owner(self, position: int) -> int:
        """Return the position of the layer whose weights the one at a position has: its own unless it is tied."""
        tied = self.nodes[position].tied
        return position if tied is None else tied

    def under(self, conditions: Conditions) -> Run:
        """Return the same under conditions that change nothing of what layers say: how a step of training is done."""
        return Run(self.network, conditions, self.nodes, self.facts, self.outputs)

    @property
    def graph(self) -> Network:
        """The layers that ran as a network of their own, each op as it ran."""
        nodes = tuple(layer.node._replace(op=layer.op) for layer in self.layers)
        return self.network._replace(nodes=nodes, outputs=self.outputs)


def run(network: Network, conditions: Conditions, engine: Engine | None = None) -> Run:
    """Pass shapes through a network, layer after layer, with an engine that may have run others.

    Raises:
        ArchcalcError: a layer does not suit its input.
    """
    whole = _apply_conditions(network, conditions)
    nodes = whole.nodes if conditions.train else without_heads(whole.nodes)
    problems = Problems()
    facts = _ask_all(nodes, whole.rounding, problems, engine or Engine())
    problems.raise_noted()
    return Run(whole, conditions, nodes, list(filter(None, facts)), outputs_among(nodes, whole))


def note_misfits(network: Network, broken: Collection[int], problems: Problems) -> None:
    """Note where layers do not suit their inputs; nothing is said of nodes that are `broken`, nor of what depends on them."""
    _ask_all(network.nodes, network.rounding, problems, Engine(), broken)


def _ask_all(
    nodes: Sequence[Node],
    rounding: Rounding | None,
    problems: Problems,
    engine: Engine,
    broken: Collection[int] = (),
) -> list[Facts | None]:
    """Return what each node says; None where it is wrong, which is noted, or what it takes is."""
    every: list[Facts | None] = []
    ask = engine.under(rounding, nodes)
    for position, node in enumerate(nodes):
        shapes = [source.output for place in node.inputs if (source := every[place]) is not None]
        facts = None
        if len(shapes) == len(node.inputs) and position not in broken:
            try:
                facts = _ask_there(ask, node, tuple(shapes), nodes, every)
            except ArchcalcError as error:
                problems.note(error, by_place=True)
                facts = None
        every.append(facts)
    return every


def _ask_there(
    ask: Ask, node: Node, shapes: tuple[Sizes, ...], nodes: Sequence[Node], every: Sequence[Facts | None]
) -> Facts:
    """Return what the op of a node says where it stands, behind the nodes of which `every` tells what they said.

    Raises:
        ArchcalcError: it does not suit its inputs, or the layer whose weights it shares.
    """
    facts = ask(node, shapes)
    if node.tied is not None:
        _check_tied(node, facts, nodes[node.tied], every[node.tied])
    if node.shared:
        _check_shared(node, facts)
    return facts


class Misfit(NamedTuple):
    """A layer that does not suit its inputs, and what is wrong."""

    layer: str
    error: ArchcalcError


def first_misfit(network: Network, conditions: Conditions) -> Misfit | None:
    """Return the first layer that does not suit its inputs, behind which nothing is looked at; None where all do."""
    whole = _apply_conditions(network, conditions)
    nodes = whole.nodes if conditions.train else without_heads(whole.nodes)
    ask = Engine().under(whole.rounding, nodes)
    every: list[Facts] = []
    for node in nodes:
        try:
            every.append(
                _ask_there(ask, node, tuple([every[source].output for source in node.inputs]), nodes, every)
            )
        except ArchcalcError as error:
            return Misfit(node.name, error)
    return None


def _apply_conditions(network: Network, conditions: Conditions) -> Network:
    """Return a network whose inputs and whose rounding are those of the conditions."""
    rounding = conditions.rounding or network.rounding
    nodes = tuple(settle_ties(network.nodes))
    if conditions.shapes or conditions.batch is not None:
        nodes = tuple(
            node._replace(op=node.op.fed(conditions.shapes.get(node.name), conditions.batch))
            if node.op.traits.role == "input"
            else node
            for node in nodes
        )
    is_own = rounding == network.rounding and all(
        node.op.output_sizes()[1:] == conditions.shapes[node.name]
        for node in network.nodes
        if node.name in conditions.shapes
    )
    return network._replace(
        nodes=nodes, rounding=rounding, expectations=network.expectations if is_own else ()
    )


def hint_for_layer(run: Run, name: str) -> str:
    """Return which layer or block may have been meant by a name that none has."""
    known = run.positions
    auxiliary = {node.name for node in run.network.nodes if node.name not in known}
    if name in (*auxiliary, *blocks(auxiliary)):
        return f"{name} exists only in training: --train keeps it"
    inside = next((layer for layer in known if layer.endswith(f".{name}")), None)
    alike = f"did you mean {inside}?" if inside else nearest(name, [*blocks(known), *known])
    return alike or "archcalc show lists the layers; --depth all shows those in blocks"


def _check_shared(node: Node, facts: Facts) -> None:
    """Raise a fact where a layer shares weights that it does not have."""
    names = [name for group in facts.tensors for name in group]
    for name in node.shared.difference(names):
        raise ArchcalcError(
            f"{node.op.kind} '{node.name}': it has no weights called '{name}' to share",
            place=node.origin.place("shared") if node.origin else None,
            hint=nearest(name, names) or list_names("its weights", names),
        )


def _check_tied(node: Node, facts: Facts, owner: Node, owned: Facts | None) -> None:
    """Raise a fact where a layer cannot share the weights of its owner: there are none, or they differ."""
    if owned is None or (facts.weights and facts.weights == owned.weights):
        return
    raise ArchcalcError(
        f"{node.op.kind} '{node.name}': its weights {_list(facts.weights)} cannot be those of "
        f"'{owner.name}': {_list(owned.weights)}",
        place=node.origin.place("tie") if node.origin else None,
    )


def _list(weights: Mapping[str, Sizes]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in weights.items()) or "none"
