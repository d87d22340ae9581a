"""Fully connected layers behind a flattened map, as the convolutions that they are."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from archcalc.analysis.learnable import part_of
from archcalc.analysis.run import Layer, Run
from archcalc.arithmetic.sight import windows
from archcalc.arithmetic.window import Division
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


class Converted(NamedTuple):
    """A fully connected layer turned into a convolution: its window, and its output without the batch, (C, *I)."""

    layer: str
    kernel: Sizes
    output: Sizes


class Conversion(NamedTuple):
    """The fully connected layers from a map to a layer, turned into convolutions that slide over the map.

    `source` is the layer that makes the map, `map` its shape without the batch, (C, *I), and `without` the pooling to a
    given size that stands behind it and is left out; None where none does.
    """

    source: str
    map: Sizes
    without: str | None
    layers: tuple[Converted, ...]


def convolution_of(run: Run, position: int) -> DenseConvolution | None:
    """Return the convolution that a layer is; None where it connects no flattened map with each of its outputs.

    Between the map and the layer stand views that keep all numbers in their order, such as flatten and dropout.
    """
    layer = run.layers[position]
    source = _map_before(run, layer)
    if source is None:
        return None
    return DenseConvolution(source.node.name, source.at.y[1:], layer.at.y[1])


def convert(run: Run, position: int) -> Conversion | None:
    """Return the fully connected layers from a map to this one, turned into convolutions.

    They slide over the map before a pooling to a given size, which may be larger than their windows. None where the
    layer does not come from a map in a single line of such layers.
    """
    chain: list[Layer] = []
    layer = run.layers[position]
    while (source := _map_before(run, layer)) is None:
        before = _dense_before(run, layer)
        if before is None:
            return None
        chain.append(layer)
        layer = before
    size, without = source.at.y[2:], None
    parted = windows(source.op.field(source.at))
    if parted and all(isinstance(window, Division) for window in parted):
        without = source.node.name
        source = run.layers[source.node.inputs[0]]
    slid = tuple(whole - part + 1 for whole, part in zip(source.at.y[2:], size, strict=True))
    if min(slid) < 1:
        return None
    layers = tuple(_slide(slid, size, [layer, *reversed(chain)]))
    return Conversion(source.node.name, source.at.y[1:], without, layers)


def _slide(slid: Sizes, size: Sizes, chain: list[Layer]) -> Iterator[Converted]:
    """Yield the layer whose window has this size, and those behind it with windows of 1."""
    for layer in chain:
        yield Converted(layer.node.name, size, (layer.at.y[1], *slid))
        size = (1,) * len(size)


def _map_before(run: Run, layer: Layer) -> Layer | None:
    """Return the layer whose map another one connects with each of its outputs; None where it is no such layer."""
    if not _connects_all(layer):
        return None
    source = run.layers[layer.node.inputs[0]]
    while len(source.at.y) < 3:
        if source.op.traits.storage != "view" or prod(source.at.x) != prod(source.at.y):
            return None
        source = run.layers[source.node.inputs[0]]
    return source if source.at.y[0] == layer.at.y[0] else None


def _dense_before(run: Run, layer: Layer) -> Layer | None:
    """Return the fully connected layer before another, with nothing but element by element between them."""
    if not _connects_all(layer):
        return None
    source = run.layers[layer.node.inputs[0]]
    while not _connects_all(source):
        if len(source.at.xs) != 1 or source.op.field(source.at) != "pointwise" or source.at.x != source.at.y:
            return None
        source = run.layers[source.node.inputs[0]]
    return source


def _connects_all(layer: Layer) -> bool:
    """Tell whether each output of a layer is the dot product of all inputs of a sample with weights of its own."""
    at, facts = layer.at, layer.facts
    if len(at.xs) != 1 or len(at.x) != 2 or len(at.y) != 2 or facts.work is None:
        return False
    weights = [shape for name, shape in facts.tensors[0].items() if part_of(name, layer.op) == "weights"]
    return weights == [(at.y[1], at.x[1])] and facts.work.macs == at.x[0] * prod(weights[0])
