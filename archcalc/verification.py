"""A network really run, on random numbers: are the figures that analysis states those of real arrays?

The run is the reference (`Op.forward`) of every layer in float32 with NumPy. What it computes means nothing;
what is compared is how large the arrays are, how many products are formed, what is alive, and how far one
corner of the input, made not a number, spreads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import floor, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.errors import ArchcalcError, nearest
from archcalc.network import Network, Node
from archcalc.op import Op
from archcalc.report import Report, Row
from archcalc.window import Extent, Rounding, Spread

if TYPE_CHECKING:
    from archcalc.kernels import Array

FLOAT_BYTES = 4
TEMPORARIES = 3
"""How many times its inputs and its output a layer takes beside them while it runs, at most."""

FIGURES = ("output shape", "weights", "MACs", "bytes alive", "receptive field")
Progress = Callable[[str], None]


class Comparison(NamedTuple):
    """A figure of a layer as predicted and as it really was."""

    layer: str
    figure: str
    predicted: Any
    real: Any

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return bool(self.predicted == self.real)


class Verification(NamedTuple):
    """Everything that was compared, in the order in which it ran. `complete` is false where a wrong shape ended it."""

    comparisons: tuple[Comparison, ...]
    complete: bool = True

    @property
    def disagreements(self) -> tuple[Comparison, ...]:
        """What was not as predicted, the first one first."""
        return tuple(one for one in self.comparisons if not one.agrees)


def memory_bound(report: Report) -> int:
    """Return the most bytes of arrays that `verify` has at once: what is alive, a layer's weights, its workspace."""
    from archcalc.kernels import WORKSPACE

    def working(row: Row) -> int:
        numbers = TEMPORARIES * (prod(row.output_shape) + sum(map(prod, row.input_shapes)))
        numbers += sum(map(prod, row.weights.values())) + row.buffers
        if row.unfolded is not None:  # at least one row of the output at a time
            return numbers * FLOAT_BYTES + max(
                WORKSPACE, FLOAT_BYTES * prod(row.unfolded) // prod(row.output_shape[2:3])
            )
        if row.macs:  # a transposed convolution lays out every product before it adds them up
            numbers += row.macs // row.input_shapes[0][1]
        return numbers * FLOAT_BYTES

    return report.totals.peak * FLOAT_BYTES + max(map(working, report.rows))


def verify(
    network: Network,
    report: Report,
    *,
    layer: str | None = None,
    rounding: Rounding | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Run a network and compare what really happens with a report, layer by layer.

    Args:
        network: what `load` returned.
        report: what `analyze` made of it; its input and its batch are run.
        layer: compare this layer alone; those before it run, too.
        rounding: what `analyze` was given.
        seed: of the random input and weights.
        progress: told the name of each layer before it runs; every layer runs twice.

    A receptive field is measured by marking one half of each axis of the input, then the other: the
    last element that a mark reaches says where fields start, the first one where they end, to within
    one stride. Fields that stick out of the input and those behind an enlargement are not measured.

    Raises:
        ArchcalcError: there is no such layer, or the memory does not suffice.
    """
    _check_known(layer, report)
    run = _Run(network, report, rounding, seed)
    found: list[Comparison] = []
    for first in (True, False):
        for step in run.steps(progress, first=first):
            if layer in (None, step.row.name):
                found += _figures(step) if first else ()
                found += _fields(step, report.input_shape[1:], first=first)
            if tuple(step.output.shape) != step.row.output_shape:
                return Verification(tuple(found), complete=False)
            if step.row.name == layer:
                break
    return Verification(tuple(found))


def _check_known(layer: str | None, report: Report) -> None:
    names = [row.name for row in report.rows]
    if layer is not None and layer not in names:
        raise ArchcalcError(
            f"{report.name} has no layer '{layer}'",
            hint=nearest(layer, names) or "archcalc show lists the layers; --depth all shows those in blocks",
        )


class _Step(NamedTuple):
    """What is left of a layer that has run."""

    row: Row
    output: Array
    weights: int
    macs: int
    alive: int
    measurable: bool


class _Run:
    """Runs the layers in order, frees each tensor after its last use, and keeps weights no longer than their layer."""

    def __init__(self, network: Network, report: Report, rounding: Rounding | None, seed: int) -> None:
        rows = {row.name: row for row in report.rows}
        chosen = rounding or network.rounding
        self.seed = seed
        self.nodes = {
            position: (node, _prepared(node.op, report, chosen), rows[node.name])
            for position, node in enumerate(network.nodes)
            if node.name in rows
        }
        self.last_use = {
            source: position
            for position, (node, _, _) in self.nodes.items()
            for source in (position, *node.inputs)
        }
        output = next(p for p, (node, _, _) in self.nodes.items() if node.name == report.output.name)
        self.last_use[output] = len(network.nodes)

    def steps(self, progress: Progress | None, *, first: bool) -> Iterator[_Step]:
        """Run every layer; `first` says which half of the input is marked."""
        from archcalc.kernels import errstate, metered
        from archcalc.probes import alive_bytes

        alive: dict[int, Array] = {}
        blurred: set[int] = set()
        for position, (node, op, row) in self.nodes.items():
            if progress is not None:
                progress(row.name)
            xs = [alive[source] for source in node.inputs]
            if blurred.intersection(node.inputs) or _is_spread(op, row):
                blurred.add(position)
            with metered() as meter, errstate(all="ignore"):
                output, allocated = self._layer(position, node, op, row, xs, first=first)
            alive[position] = output
            del xs
            yield _Step(
                row, output, allocated, meter.macs, alive_bytes(alive.values()), position not in blurred
            )
            for source in {position, *node.inputs}:
                if self.last_use[source] == position:
                    del alive[source]

    def _layer(
        self, position: int, node: Node, op: Op, row: Row, xs: Sequence[Array], *, first: bool
    ) -> tuple[Array, int]:
        """Return a layer's output and how many numbers its weights are; those of another layer count there."""
        from archcalc.probes import noise, unknown

        if not node.inputs:
            return unknown(noise(op.output(), (self.seed, position), -1, 1), first=first), 0
        owner = position if node.tied is None else node.tied
        try:
            tensors = self._tensors(op, row, owner)
            output = op.forward(*xs, **tensors)
        except MemoryError:
            raise ArchcalcError(
                f"{node.op.kind} '{node.name}': the memory does not suffice", hint="--input makes it smaller"
            ) from None
        except (TypeError, ValueError, IndexError) as error:
            raise ArchcalcError(
                f"{node.op.kind} '{node.name}' does not run on the tensors that it declares: {error}"
            ) from error
        return output, sum(tensor.size for tensor in tensors.values()) if owner == position else 0

    def _tensors(self, op: Op, row: Row, owner: int) -> Mapping[str, Array]:
        """Return random tensors for a layer: its weights around 0, its statistics around 1."""
        from archcalc.probes import noise

        xs = row.input_shapes
        learnt = enumerate((op.weights(*xs) | op.fixed(*xs)).items())
        kept = enumerate(op.buffers(*xs).items())
        weights = {
            name: noise(shape, (self.seed, owner, 0, n), -_bound(shape), _bound(shape))
            for n, (name, shape) in learnt
        }
        return weights | {name: noise(shape, (self.seed, owner, 1, n), 0.5, 1.5) for n, (name, shape) in kept}


def _prepared(op: Op, report: Report, rounding: Rounding | None) -> Op:
    fed = op.fed(report.input_shape, report.batch)
    return fed.rounded(rounding) if rounding else fed


def _bound(shape: Sequence[int]) -> float:
    """Return the bound of uniform weights that keeps the size of what goes through them: √(3/inputs)."""
    return float((3 / max(1, prod(shape[1:]))) ** 0.5)


def _is_spread(op: Op, row: Row) -> bool:
    """Tell whether the fields of a layer's elements differ from one to the next."""
    field = op.field(*row.input_shapes)
    return isinstance(field, tuple) and any(isinstance(window, Spread) for window in field)


def _figures(step: _Step) -> Iterator[Comparison]:
    row = step.row
    yield Comparison(row.name, "output shape", row.output_shape, tuple(step.output.shape))
    if row.weights or row.buffers:
        yield Comparison(row.name, "weights", row.params + row.fixed + row.buffers, step.weights)
    if row.macs is not None:
        yield Comparison(row.name, "MACs", row.macs, step.macs)
    yield Comparison(row.name, "bytes alive", row.alive * FLOAT_BYTES, step.alive)


def _fields(step: _Step, extents: Sequence[int], *, first: bool) -> Iterator[Comparison]:
    """Yield for each axis the last element that sees the first half, or the first one that sees the second."""
    from archcalc.probes import reached

    field = step.row.field
    if not step.measurable or field is None or len(field) != step.output.ndim - 2:
        return
    for extent, size, marks in zip(field, extents, reached(step.output), strict=True):
        expected = _edge(extent, size, len(marks), first=first)
        if expected is not None and any(marks):
            real = len(marks) - 1 - marks[::-1].index(True) if first else marks.index(True)
            yield Comparison(step.row.name, "receptive field", expected, real)


def _edge(extent: Extent, size: int, elements: int, *, first: bool) -> int | None:
    """Return the last element whose field starts in the first half, or the first one whose field ends in the second.

    None where that element's field sticks out of the input, or where every element is like it.
    """
    middle = (size - 1) // 2
    if first:
        element = floor((middle - extent.start) / extent.stride)
        lies_inside = extent.start + element * extent.stride >= 0
        return element if lies_inside and 0 <= element < elements - 1 else None
    end = extent.start + extent.size - 1
    element = -floor((end - middle) / extent.stride)
    lies_inside = end + element * extent.stride < size
    return element if lies_inside and 0 < element < elements else None
