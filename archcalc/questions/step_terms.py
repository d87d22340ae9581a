"""A layer of a training step on terms, so that what is said of its tensors and their bytes cannot disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from archcalc.analysis.row import Row
from archcalc.analysis.run import Layer
from archcalc.analysis.training.keeping import Keeping, Value, list_made
from archcalc.arithmetic.number import Number
from archcalc.arithmetic.term import as_term
from archcalc.op.keeps import Keeps
from archcalc.op.op import Op
from archcalc.op.site import Shape, Site
from archcalc.questions.explain import Derivation, symbolic_inputs, symbolic_output


class TracedLayer:
    """A layer whose sizes are terms, and what its op says that autograd keeps of these."""

    def __init__(self, layer: Layer, row: Row, keeping: Keeping, position: int) -> None:
        self.layer, self.keeping = layer, keeping
        self.op: Op = layer.op.trace()
        at = Site(symbolic_inputs(row.input_shapes, layer.op.letters))
        self.at = at._replace(y=symbolic_output(self.op.output(at), layer.op.letters))
        self.asked = keeping.asked.get(position)

    def keeps(self) -> Keeps:
        """Return what the op keeps; nothing where it has no backward pass, or its rule is not known or not its own."""
        return (self.asked and self.op.keeps(self.at, self.asked.step)) or Keeps()

    def list_made(self) -> Sequence[Shape]:
        """Return the shapes of the tensors that are made for the backward pass, weights aside."""
        inputs = [self.keeping.values[source] for source in self.layer.node.inputs]
        cast = self.asked.cast if self.asked else None
        return [tensor.shape for tensor in list_made(self.keeps(), inputs, self.at.xs, cast)]

    def list_needed(self) -> Mapping[str, str]:
        """Return what the backward pass works out with weights, by their names."""
        return self.keeps().weights


def find_overwriting(values: Sequence[Value]) -> Mapping[int, Sequence[int]]:
    """Return the positions of the layers that write over what lies in a storage, by the storage."""
    overwriting: dict[int, list[int]] = {}
    for position, value in enumerate(values):
        if value.overwrites:
            overwriting.setdefault(value.storage, []).append(position)
    return overwriting


def shown(shape: Shape) -> Shape:
    """Return a shape of which those sizes that have no symbols show in a derivation, too."""
    return tuple(map(as_term, shape))


def add_up(sizes: Iterable[Number]) -> Number:
    """Return the sum of some sizes."""
    total: Number = 0
    for size in sizes:
        total = total + size
    return total


def derive(size: Number) -> Derivation | None:
    """Return how bytes come about; None where there are none."""
    term = as_term(size)
    return Derivation("", term.symbols(), term.numbers(), term.value, "B") if term.value else None
