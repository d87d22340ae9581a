"""A network really run, on random numbers: are the figures that analysis states those of real arrays?

The run is the reference (`Op.forward`) of every layer in float32 with NumPy. What it computes means nothing;
what is compared is how large the arrays are, how many products are formed, what is alive, and how far a
part of the input, made not a number, spreads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.figures import FIGURES, Figure, figure
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.analysis.run import Layer
from archcalc.ground.errors import ArchcalcError
from archcalc.network.liveness import last_uses
from archcalc.op.op import Op
from archcalc.op.site import Shape, Site, Sizes, sizes_of
from archcalc.questions.verify.marks import Mark, Seen, choose, find_marked, part, sights
from archcalc.sheet.kinds import COUNT

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array

FLOAT_BYTES = 4
TEMPORARIES = 3
"""How many times its inputs and its output a layer takes beside them while it runs, at most."""

figure(
    Figure(
        "values",
        COUNT,
        "numbers that are not those of ONNX Runtime, which runs a file, too",
        measured="values",
    )
)
Progress = Callable[[str], None]
Value = Sizes | int | str
"""A shape, a count, or stretches of elements."""


class Measured(NamedTuple):
    """A figure of a layer as predicted and as it really was; `key` is that of the figure."""

    layer: str
    key: str
    predicted: Value
    real: Value

    @property
    def figure(self) -> str:
        """What the figure is called where it is measured."""
        return FIGURES[self.key].measured

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return bool(self.predicted == self.real)


class Verification(NamedTuple):
    """Everything that was compared, layer after layer. `complete` is false where a wrong shape ended it."""

    comparisons: tuple[Measured, ...]
    complete: bool = True

    @property
    def disagreements(self) -> tuple[Measured, ...]:
        """What was not as predicted, the first one first."""
        return tuple(comparison for comparison in self.comparisons if not comparison.agrees)


def memory_bound(report: Report) -> int:
    """Return the most bytes of arrays that `verify` has at once: what is alive, a layer's weights, its workspace."""
    from archcalc.arrays.kernels import WORKSPACE

    def working(row: Row) -> int:
        numbers = TEMPORARIES * (prod(row.output_shape) + sum(map(prod, row.input_shapes)))
        numbers += sum(map(prod, row.weights.values())) + row.buffers
        if row.unfolded is not None:  # at least one row of the output at a time
            return numbers * FLOAT_BYTES + max(
                WORKSPACE, FLOAT_BYTES * prod(row.unfolded) // prod(row.output_shape[2:3])
            )
        if row.macs:  # a transposed convolution lays out every product before it adds them up
            numbers += row.macs // prod(row.input_shapes[0][1:2])
        return numbers * FLOAT_BYTES

    return report.totals.peak * FLOAT_BYTES + max(map(working, report.rows))


def verify(
    report: Report,
    *,
    layer: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Run a network and compare what really happens with a report, layer by layer.

    Args:
        report: what `analyze` returned; what it was drawn from runs.
        layer: compare this layer alone; those before it run, too.
        seed: of the random input and weights.
        progress: told the name of each layer before it runs; most run several times (see `passes`).

    Receptive fields are measured by marking a stretch of each axis of the input, then one that is shorter by
    a position on both sides, and this in as many places as it takes (see `marks`): every element of every layer
    is to be reached where its field begins or ends in the mark, and not where it lies beside it. Not measured are
    elements that see what only padding or a cut made of it; those behind an op that `scrambles`; those whose
    order is not kept; and those that see an input of another size than the one that is marked.

    Raises:
        ArchcalcError: there is no such layer, or the memory does not suffice.
    """
    runs = passes(report, layer)
    run = _Execution(report, seed)
    measured: list[Measured] = []
    for each in runs:
        for position, step in enumerate(run.steps(each, progress)):
            if layer in (None, step.row.name):
                measured += _figures(step) if each is runs[0] else ()
                measured += _fields(step, each, position)
            if tuple(step.output.shape) != step.row.output_shape:
                return Verification(tuple(measured), complete=False)
    return Verification(tuple(sorted(measured, key=lambda each: report.run.positions[each.layer])))


class Pass(NamedTuple):
    """One of the runs: what is marked on the input, what layers see along its axes, and how many layers run."""

    marks: tuple[Mark, ...]
    sights: Sequence[tuple[Seen | None, ...]]
    layers: int


def passes(report: Report, layer: str | None = None) -> tuple[Pass, ...]:
    """Return the runs: of all layers, or as far as `layer`, and with each further mark of those that have a field.

    Raises:
        ArchcalcError: there is no such layer.
    """
    seen = sights(report)
    layers = len(report.rows) if layer is None else report.position(layer) + 1
    measured = max((n for n, along in enumerate(seen[:layers], 1) if any(along)), default=0)
    marks = [each for whole in choose(report) for each in (whole, tuple(mark.shorten() for mark in whole))]
    return tuple(Pass(each, seen, measured if number else layers) for number, each in enumerate(marks))


class _Executed(NamedTuple):
    """What is left of a layer that has run."""

    row: Row
    output: Array
    weights: int
    macs: int
    alive: int
    measurable: bool


class _Execution:
    """Runs the layers in order, frees each tensor after its last use, and keeps weights no longer than their layer."""

    def __init__(self, report: Report, seed: int) -> None:
        self.seed = seed
        self.marked = find_marked(report)
        self.layers = list(zip(report.run.layers, report.rows, strict=True))
        self.last_use = last_uses([layer.node.inputs for layer in report.run.layers], report.run.outputs)

    def steps(self, probe: Pass, progress: Progress | None) -> Iterator[_Executed]:
        """Run the layers of a pass."""
        from archcalc.arrays.kernels import errstate, meter_products
        from archcalc.questions.verify.probes import Memory

        alive: dict[int, Array] = {}
        blurred: set[int] = set()
        memory = Memory()
        for position, (layer, row) in enumerate(islice(self.layers, probe.layers)):
            node, op = layer.node, layer.op
            if progress is not None:
                progress(row.name)
            xs = [alive[source] for source in node.inputs]
            is_sharp = row.output_shape[2:] == self.marked if row.role == "input" else not op.scrambles
            if not is_sharp or blurred.intersection(node.inputs):
                blurred.add(position)
            with meter_products() as meter, errstate(all="ignore"):
                output, allocated = self._output(position, layer, row, xs, probe.marks)
            alive[position] = output
            del xs
            if row.role == "constant":
                memory.hold(output)
            memory.take(output)
            yield _Executed(row, output, allocated, meter.macs, memory.bytes, position not in blurred)
            for source in {position, *node.inputs}:
                if self.last_use[source] == position:
                    memory.release(alive.pop(source))

    def _output(
        self, position: int, layer: Layer, row: Row, xs: Sequence[Array], marks: Sequence[Mark]
    ) -> tuple[Array, int]:
        """Return a layer's output and how many numbers its weights are; those of another layer count there."""
        from archcalc.questions.verify.probes import noise, unknown

        node, op = layer.node, layer.op
        if row.role == "input":
            x = noise(layer.at.y, (self.seed, position), -1, 1)
            return unknown(x, marks) if x.shape[2:] == self.marked else x, 0
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
        return output, sum(tensor.size for name, tensor in tensors.items() if node.owns(name))

    def _tensors(self, op: Op, row: Row, owner: int) -> Mapping[str, Array]:
        """Return random tensors for a layer: its weights around 0, its statistics around 1."""
        from archcalc.questions.verify.probes import noise

        at = Site(row.input_shapes)
        learnt = enumerate((op.weights(at) | op.fixed(at)).items())
        kept = enumerate(op.buffers(at).items())
        weights = {
            name: noise(sizes_of(shape), (self.seed, owner, 0, n), -_bound(shape), _bound(shape))
            for n, (name, shape) in learnt
        }
        return weights | {
            name: noise(sizes_of(shape), (self.seed, owner, 1, n), 0.5, 1.5) for n, (name, shape) in kept
        }


def _bound(shape: Shape) -> float:
    """Return the bound of uniform weights that keeps the size of what goes through them: √(3/inputs)."""
    return float((3 / max(1, int(prod(shape[1:])))) ** 0.5)


def _figures(step: _Executed) -> Iterator[Measured]:
    row = step.row
    yield Measured(row.name, "output", row.output_shape, tuple(step.output.shape))
    if row.weights or row.buffers:
        yield Measured(row.name, "params", row.params + row.fixed + row.buffers, step.weights)
    if row.macs is not None:
        yield Measured(row.name, "macs", row.macs, step.macs)
    yield Measured(row.name, "alive", row.alive * FLOAT_BYTES, step.alive)


def _fields(step: _Executed, probe: Pass, layer: int) -> Iterator[Measured]:
    """Yield for each axis which elements the marks reach; where that is not sure, it is what it is.

    It is sure of none where an element may lie beside the mark along another axis.
    """
    from archcalc.questions.verify.probes import find_reached, foreseen, stretches

    if not step.measurable or tuple(step.output.shape) != step.row.output_shape:
        return
    fields = [
        (axis, *foreseen(sight, mark))
        for axis, (sight, mark) in enumerate(zip(probe.sights[layer], probe.marks, strict=True))
        if sight is not None
    ]
    is_sure = len(fields) == len(probe.marks) and all(reaches.any() for _, reaches, _ in fields)
    for axis, reaches, misses in fields:
        if (is_sure and reaches.any()) or misses.any():
            real = find_reached(step.output, *part(step.row, axis))
            predicted = (reaches & is_sure) | (real & ~misses)
            yield Measured(step.row.name, "field", stretches(predicted), stretches(real))
