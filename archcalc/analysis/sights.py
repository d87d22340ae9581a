"""What the layers of a run see of its input: from each layer to the next, with gates and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archcalc.analysis.row import ReceptiveField
from archcalc.analysis.run import Layer
from archcalc.arithmetic.sight import Field, Inputs, Sight, Sighted, as_they_are, see, without_gates
from archcalc.ground import limits
from archcalc.op.site import Sizes

Seen = Sighted | None
"""None where nothing of the input is seen."""


def sights(layers: Sequence[Layer]) -> list[tuple[Seen, Seen]]:
    """Return what each layer sees, and what it sees where gates do not count."""
    every: list[Seen] = []
    gateless: list[Seen] = []
    for layer in layers:
        sight = _sight(layer, every, as_they_are)
        sources = layer.node.inputs
        is_alike = all(every[source] is gateless[source] for source in sources)
        is_alike = is_alike and (sight != "whole" or len(sources) < 2)
        gateless.append(sight if is_alike else _sight(layer, gateless, without_gates))
        every.append(sight)
    return list(zip(every, gateless, strict=True))


def extents(sight: Seen) -> ReceptiveField:
    """Return the receptive field along each axis, None for the whole input, () for nothing of it."""
    if isinstance(sight, Sight):
        return sight.extents
    return () if sight is None else None if sight == "whole" else sight


def _sight(layer: Layer, sights: Sequence[Seen], taken: Callable[[Field, Inputs, Sizes], Inputs]) -> Seen:
    """Return what a layer's output sees of the input, over those inputs that are `taken`; None where none sees any."""
    field, output = layer.facts.field, layer.facts.output
    given = [
        (sight, shape)
        for source, shape in zip(layer.node.inputs, layer.at.xs, strict=True)
        if (sight := sights[source]) is not None
    ]
    if not given and layer.op.traits.role != "input":
        return None
    sight = see(field, taken(field, given, output), output)
    if not isinstance(sight, Sight) or any(sight is known for known, _ in given):
        return sight
    if any(extent.size == 0 for extent in sight.extents):  # nothing but the gaps of what was spread
        return None
    numbers = (abs(number) for extent in sight.extents for number in extent.numbers())
    return "unknown" if max(numbers, default=0) > limits.MAGNITUDE else sight
