"""What analysis finds: frozen rows and totals. Renderers see this and never an op."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from archcalc.analysis.conditions import BYTES, DType
from archcalc.analysis.run import Run
from archcalc.arithmetic.extent import Extent
from archcalc.arithmetic.places import Places
from archcalc.arithmetic.window import Rounding, Uneven
from archcalc.ground.errors import ArchcalcError, nearest, visible
from archcalc.network.network import blocks
from archcalc.op.op import Work
from archcalc.op.site import Sizes
from archcalc.op.traits import Role
from archcalc.sheet.numbers import short
from archcalc.sheet.pages import Paged

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

    @property
    def extents(self) -> tuple[Extent, ...]:
        """What an element sees along each axis; nothing where that is the whole input, or not known."""
        return self.field if isinstance(self.field, tuple) else ()

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates, or None where they are not known."""
        return int(self.work.macs) if self.work else None

    @property
    def flops(self) -> int | None:
        """2 · MACs + every other operation, or None where they are not known."""
        return int(self.work.flops) if self.work else None


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


class ReportFields(NamedTuple):
    """What a report consists of."""

    name: str
    title: str
    source: str
    input_shape: Sizes
    outputs: tuple[Row, ...]
    batch: int
    dtype: DType
    rows: tuple[Row, ...]
    totals: Totals
    run: Run


class Report(ReportFields, Paged):
    """What analysis found: a row for every layer, in the order of the network, and the totals.

    `outputs` are the rows whose outputs are the network's; `dtype` says how many bytes a number takes; `batch` how
    many samples go through at once; `run` is what all of this was drawn from.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        totals = self.totals
        figures = f"{short(totals.params)} parameters, {short(totals.macs)} MACs"
        return f"<Report of {visible(self.name)}: {len(self.rows)} layers, {figures}, batch {self.batch}, {self.dtype}>"

    def position(self, layer: str) -> int:
        """Return where a layer stands.

        Raises:
            ArchcalcError: there is no such layer.
        """
        positions = self.run.positions
        if layer not in positions:
            raise ArchcalcError(
                f"{self.name} has no layer '{layer}'",
                hint=nearest(layer, [*blocks(positions), *positions])
                or "archcalc show lists the layers; --depth all shows those in blocks",
            )
        return positions[layer]

    @property
    def rounding(self) -> Rounding | None:
        """How sizes are rounded in layers that say none; None where it is as the op has it."""
        return self.run.network.rounding

    @property
    def train(self) -> bool:
        """Whether the heads are there that exist only in training."""
        return self.run.conditions.train

    @property
    def parameters(self) -> Mapping[str, object]:
        """The values of the spec's own parameters."""
        return self.run.network.parameters

    @property
    def output(self) -> Row:
        """The row of the first output."""
        return self.outputs[0]

    @property
    def inputs(self) -> tuple[Row, ...]:
        """The rows where data enters."""
        return tuple(row for row in self.rows if row.role == "input")

    @property
    def bytes_each(self) -> int:
        """The bytes of one number."""
        return BYTES[self.dtype]

    @property
    def weight_bytes(self) -> int:
        """The bytes of all weights: learnable, fixed and buffers."""
        totals = self.totals
        return (totals.params + totals.fixed + totals.buffers) * self.bytes_each

    @property
    def activation_bytes(self) -> int:
        """The bytes of all activations together, as if none were freed."""
        return self.totals.activations * self.bytes_each

    @property
    def peak_bytes(self) -> int:
        """The bytes of the largest set of activations alive at once.

        Layers run in the order of the rows; a tensor is freed after its last use; a layer's inputs and
        its output are alive together; the input counts.
        """
        return self.totals.peak * self.bytes_each
