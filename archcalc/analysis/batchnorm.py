"""Batch normalisation folded into the layers before it, as programs do it that only run a network.

At inference a batch normalisation is a scale and a shift of each channel by constants. A convolution or linear layer
right before it, whose output nobody else reads, takes both over: its weights are scaled, its bias is scaled and shifted,
and it gets a bias where it had none. Scale, shift, mean and variance are gone, and so is the layer.
Source: Jacob et al. 2018, Quantization and training of neural networks, 3.2; torch.nn.utils.fuse_conv_bn_eval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from archcalc.analysis.report import Report, report_on
from archcalc.analysis.run import Layer, Run
from archcalc.network.network import Network, Node
from archcalc.op.op import Op
from archcalc.op.site import Sizes


class Folding(NamedTuple):
    """A network without the batch normalisations that could be folded.

    `report` is the network then, under the same conditions; `folded` says into which layer each went, and `kept`
    why each of the others stays.
    """

    report: Report
    folded: Mapping[str, str]
    kept: Mapping[str, str]


def fold_batchnorms(report: Report) -> Folding:
    """Return what is left of a network when its batch normalisations are folded into the layers before them."""
    run = report.run
    names = [layer.node.name for layer in run.layers]
    kept: dict[str, str] = {}
    homes: dict[int, int] = {}
    ops: dict[int, Op] = {}
    readers = _Readers(run)
    for position, layer in enumerate(run.layers):
        if not layer.op.traits.folds:
            continue
        read = layer.node.inputs[0]
        home = homes.get(read, read)
        biased = run.layers[home].op.with_bias(run.layers[home].at)
        if biased is None:
            kept[names[position]] = "no convolution or linear layer is right before it"
        elif hindrance := readers.hindrance(position, read, home):
            kept[names[position]] = hindrance
        else:
            homes[position], ops[home] = home, biased
    conditions = run.conditions._replace(shapes={}, batch=None)
    return Folding(
        report=report_on(_without(run.graph, homes, ops), conditions),
        folded={names[position]: names[home] for position, home in homes.items()},
        kept=kept,
    )


class _Readers:
    """Who reads the outputs and the weights of the layers of a run."""

    def __init__(self, run: Run) -> None:
        self.layers = run.layers
        self.outputs = frozenset(run.outputs)
        self.reads = Counter(source for layer in run.layers for source in layer.node.inputs)
        self.owners = {layer.node.tied for layer in run.layers}
        self.lent = {shape for layer in run.layers for shape in _shared(layer)}

    def hindrance(self, position: int, read: int, home: int) -> str:
        """Return why a layer that reads `read` cannot be folded into `home`; nothing where it can."""
        name = self.layers[read].node.name
        if read in self.outputs:
            return f"what it takes from {name} is an output of the network, too"
        if self.reads[read] > 1:
            return f"other layers read the output of {name}, too"
        sharing = filter(None, (self.sharing(place) for place in (position, home)))
        return next(sharing, "")

    def sharing(self, place: int) -> str:
        """Return that another layer has a layer's weights, too, or may: of lent ones only the shape is known."""
        layer = self.layers[place]
        if layer.node.tied is not None or place in self.owners or layer.node.shared:
            return f"{layer.node.name} shares weights with another layer"
        if not self.lent.isdisjoint(_tensors(layer).values()):
            return f"{layer.node.name} may share weights with another layer"
        return ""


def _tensors(layer: Layer) -> dict[str, Sizes]:
    return {name: shape for group in layer.facts.tensors for name, shape in group.items()}


def _shared(layer: Layer) -> list[Sizes]:
    """Return the shapes of a layer's weights that belong to earlier layers."""
    return [shape for name, shape in _tensors(layer).items() if name in layer.node.shared]


def _without(network: Network, homes: Mapping[int, int], ops: Mapping[int, Op]) -> Network:
    """Return a network without the nodes that have a home elsewhere, and with some ops in place of others."""
    left = [position for position in range(len(network.nodes)) if position not in homes]
    new = {position: place for place, position in enumerate(left)}
    new |= {position: new[home] for position, home in homes.items()}

    def moved(position: int) -> Node:
        node = network.nodes[position]
        return node._replace(
            op=ops.get(position, node.op),
            inputs=tuple(new[source] for source in node.inputs),
            tied=None if node.tied is None else new[node.tied],
        )

    return network._replace(
        nodes=tuple(map(moved, left)),
        outputs=tuple(new[output] for output in network.outputs),
        expectations=(),
        budget=(),
    )
