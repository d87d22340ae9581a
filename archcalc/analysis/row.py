"""One layer's figures, and their sums over a network: what analysis finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from archcalc.analysis.backward import add_forward
from archcalc.arithmetic.extent import Extent
from archcalc.arithmetic.places import Places
from archcalc.arithmetic.window import Uneven
from archcalc.op.op import Work
from archcalc.op.site import Sizes
from archcalc.op.traits import Role

ReceptiveField = tuple[Extent, ...] | Literal["unknown"] | None
"""One extent an axis; None once an element sees the whole input, () where it sees none of it: a weight."""


class Row(NamedTuple):
    """One layer's figures. Shapes have the batch first; counts are for the whole batch.

    `params` are learnable, `fixed` set once, `buffers` kept but not learnt; tied weights count where
    they first stand. `work` is None where the op cannot say. `activations` are the numbers that the
    layer stores anew: none for a view such as flatten; `in_place` are those that are left where
    activations overwrite their input. `alive` are the numbers in memory while the layer runs: its
    inputs, its output and what later layers need. `unfolded` are rows and columns of the matrix that im2col makes
    of the input; None for what is no convolution. `depth` counts the weighted layers up to here. `gateless` is
    the field without gates: numbers that see everything and hold for all positions of a map alike. `places` say which axes of the output the field is along; None where these are the spatial axes.
    `biases` are those of `params` that convolutions, linear and recurrent layers add, `others` those that are neither
    these nor what such layers multiply by. `gradients` are the MACs of the backward pass, None where nobody can say. `members` are the names of the layers that the row stands for, nothing where it stands for the one that it names.
    """

    name: str
    kind: str
    role: Role
    settings: Mapping[str, object]
    inputs: tuple[str, ...]
    input_shapes: tuple[Sizes, ...]
    output_shape: Sizes
    weights: Mapping[str, Sizes]
    params: int
    fixed: int
    buffers: int
    work: Work | None
    activations: int
    in_place: int
    alive: int
    uneven: tuple[Uneven, ...]
    unfolded: tuple[int, int] | None
    depth: int
    field: ReceptiveField
    gateless: ReceptiveField = None
    places: Places | None = None
    biases: int = 0
    others: int = 0
    gradients: int | None = None
    members: tuple[str, ...] = ()

    @property
    def extents(self) -> tuple[Extent, ...]:
        """What an element sees along each axis; nothing where that is the whole input, or not known."""
        return self.field if isinstance(self.field, tuple) else ()

    @property
    def layers(self) -> int:
        """How many layers the row stands for: more than one where a block is folded."""
        return len(self.members) or 1

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates, or None where they are not known."""
        return int(self.work.macs) if self.work else None

    @property
    def flops(self) -> int | None:
        """2 · MACs + every other operation, or None where they are not known."""
        return int(self.work.flops) if self.work else None

    @property
    def trained_macs(self) -> int | None:
        """Multiply-accumulates of a training step, forward and backward, or None where they are not known."""
        return add_forward(self.work, self.gradients)


class Totals(NamedTuple):
    """The sums over all rows. `incomplete` names the rows whose work is not known and thus left out."""

    params: int
    fixed: int
    buffers: int
    work: Work
    activations: int
    in_place: int
    peak: int
    depth: int
    incomplete: tuple[str, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions, linear layers and matrix products, without bias."""
        return int(self.work.macs)

    @property
    def flops(self) -> int:
        """2 · MACs + every other operation."""
        return int(self.work.flops)
