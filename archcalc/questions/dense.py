"""A fully connected layer behind a flattened map, as the convolution that it is."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from archcalc.analysis.run import Layer, Run
from archcalc.analysis.split import part_of
from archcalc.op.site import Sizes


class DenseConvolution(NamedTuple):
    """The convolution that a fully connected layer is: each filter is as large as the map, so that it fits once.

    `source` is the layer that makes the map, `map` its shape without the batch, (C, *I); `kernel` is *I.
    """

    source: str
    map: Sizes
    filters: int

    @property
    def kernel(self) -> Sizes:
        """The window, which covers the map."""
        return self.map[1:]

    @property
    def weights(self) -> int:
        """The numbers in all filters."""
        return self.filters * prod(self.map)


def convolution_of(run: Run, position: int) -> DenseConvolution | None:
    """Return the convolution that a layer is; None where it connects no flattened map with each of its outputs.

    Between the map and the layer stand views that keep all numbers in their order, such as flatten and dropout.
    """
    layer = run.layers[position]
    if not _connects_all(layer):
        return None
    source = run.layers[layer.node.inputs[0]]
    while len(source.at.y) < 3:
        if source.op.traits.storage != "view" or prod(source.at.x) != prod(source.at.y):
            return None
        source = run.layers[source.node.inputs[0]]
    if source.at.y[0] != layer.at.y[0]:
        return None
    return DenseConvolution(source.node.name, source.at.y[1:], layer.at.y[1])


def _connects_all(layer: Layer) -> bool:
    """Tell whether each output of a layer is the dot product of all inputs of a sample with weights of its own."""
    at, facts = layer.at, layer.facts
    if len(at.xs) != 1 or len(at.x) != 2 or len(at.y) != 2 or facts.work is None:
        return False
    weights = [shape for name, shape in facts.tensors[0].items() if part_of(name, layer.op) == "weights"]
    return weights == [(at.y[1], at.x[1])] and facts.work.macs == at.x[0] * prod(weights[0])
