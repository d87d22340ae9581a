"""im2col: a convolution or a pooling as matrices, forward and backward, and where each of their entries comes from.

The sizes are the op's own formulas on terms: its output, its weights, its windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.analysis.run import Layer
from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import windows
from archcalc.arithmetic.term import Term, as_term
from archcalc.arithmetic.window import Window
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.op.site import Shape, Site, Sizes, sizes_of
from archcalc.questions.explain import SPATIAL, explain, symbolic_inputs, symbolic_output
from archcalc.questions.worked.given import BIAS, WEIGHT
from archcalc.questions.worked.steps import OutputStep
from archcalc.questions.worked.worked import Worked
from archcalc.sheet.grids import Grid
from archcalc.sheet.pages import Paged

FORWARD, BACKWARD = "forward", "backward"


class Stage(NamedTuple):
    """An array on the way through the layer or back: what it is called, how it is made, its sizes."""

    way: str
    name: str
    made: str
    shape: Shape

    @property
    def symbols(self) -> str:
        """Its sizes in symbols."""
        return _tuple([as_term(size).symbols() for size in self.shape])

    @property
    def sizes(self) -> Sizes:
        """Its sizes."""
        return sizes_of(self.shape)


class MatrixEntry(NamedTuple):
    """Where an entry of a matrix comes from: its row and its column, and the element that it is, by their indices."""

    matrix: str
    row: tuple[str, ...]
    column: tuple[str, ...]
    element: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.matrix}[{_tuple(self.row)}, {_tuple(self.column)}] = x[{', '.join(self.element)}]"


class UnfoldingFields(NamedTuple):
    """What a layer that is laid out consists of."""

    report: Report
    row: Row
    stages: tuple[Stage, ...]
    entry: MatrixEntry
    groups: int
    matrices: Mapping[str, Grid]
    legend: Mapping[str, str]


class Unfolding(UnfoldingFields, Paged):
    """A layer laid out by im2col: its stages in their order, where the entries of `col` come from, and those matrices.

    `groups` are as many independent convolutions, whose stages these are each. `matrices` are by their names, a
    list of them for several groups; none without values. `legend` says what the letters of sizes stand for.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        layer = f"{visible(self.row.name)} of {visible(self.report.name)}"
        return f"<Unfolding of {layer}: {len(self.stages)} arrays>"


def unfold(report: Report, layer: str, worked: Worked | None = None) -> Unfolding:
    """Lay a layer out as the matrices of im2col.

    Args:
        report: what `analyze` returned.
        layer: the layer's name.
        worked: the same layer worked out on values, for the matrices themselves.

    Raises:
        ArchcalcError: there is no such layer, or no windows slide over its input.
    """
    position = report.position(layer)
    ran, row = report.run.layers[position], report.rows[position]
    slides = windows(ran.facts.field)
    gathers = ran.op.traits.gathers
    is_pool = gathers in ("largest", "mean")
    if not all(isinstance(each, Window) for each in slides) or not slides or not gathers:
        raise ArchcalcError(
            f"im2col lays out what sliding windows see, and {ran.op.kind} '{layer}' has none",
            hint="it is for conv, maxpool and avgpool",
        )
    if not is_pool and WEIGHT not in row.weights:
        raise ArchcalcError(
            f"the filters of {ran.op.kind} '{layer}' see unlike channels: there is no one matrix for them all",
            hint="without 'connections' there is",
        )
    groups = 1 if is_pool else ran.at.x[1] // row.weights[WEIGHT][1]
    return Unfolding(
        report=report,
        row=row,
        stages=tuple(_pooled(ran, gathers) if is_pool else _convolved(ran, groups)),
        entry=_entry(slides, is_pool),
        groups=groups,
        matrices={} if worked is None else _matrices(worked, groups, is_pool),
        legend=explain(report, layer).legend,
    )


def _traced(ran: Layer) -> tuple[Site, Sequence[Number], Shape]:
    """Return a layer's shapes as terms, its kernel's sizes, and the shape of its weights, if it has some."""
    traced = ran.op.trace()
    at = Site(symbolic_inputs(ran.at.xs, traced.letters))
    at = at._replace(y=symbolic_output(traced.output(at), traced.letters))
    kernel = [slide.kernel for slide in windows(traced.field(at)) if isinstance(slide, Window)]
    return at, kernel, traced.weights(at).get(WEIGHT, ())


def _convolved(ran: Layer, groups: int) -> Iterator[Stage]:
    """Yield what a convolution is made of, of one of its groups, and the way back."""
    at, _, weight = _traced(ran)
    samples, filters, *slots = at.y
    if groups > 1:
        filters = as_term(filters) // Term(groups, "g")
    rows, columns = samples * prod(slots), prod(reversed(weight[1:]))
    order, back = _axes(len(slots))
    x = (samples, weight[1], *at.x[2:])
    w = (filters, *weight[1:])
    yield Stage(FORWARD, "x", "the input", x)
    yield Stage(FORWARD, "col", "im2col(x): a row for each window", (rows, columns))
    yield Stage(FORWARD, "W", "the filters", w)
    yield Stage(
        FORWARD, "col_W", f"W.reshape({int(filters)}, -1).T: a column for each filter", (columns, filters)
    )
    bias = [filters] if BIAS in ran.facts.weights else []
    yield Stage(FORWARD, "out", "col · col_W + b" if bias else "col · col_W", (rows, filters))
    apart = (samples, *slots, filters)
    yield Stage(FORWARD, "out, reshaped", f"out.reshape({_listed(apart[:-1])}, -1)", apart)
    yield Stage(FORWARD, "y", f"transpose({order}): channels first", (samples, filters, *slots))
    yield Stage(BACKWARD, "dout", f"dy.transpose({back}).reshape(-1, {int(filters)})", (rows, filters))
    yield from (Stage(BACKWARD, "db", "the sum over the rows of dout", (each,)) for each in bias)
    yield Stage(BACKWARD, "dcol_W", "colᵀ · dout", (columns, filters))
    yield Stage(BACKWARD, "dW", f"dcol_W.T.reshape({_listed(w)})", w)
    yield Stage(BACKWARD, "dcol", "dout · col_Wᵀ", (rows, columns))
    yield Stage(BACKWARD, "dx", "col2im(dcol): entries of one element are added up", x)


REDUCED = {
    "largest": ("the largest of each row", "dout where the row has its largest, else 0"),
    "mean": ("the mean of each row", "dout over what the mean divides by, in every column"),
}
"""What pooling makes of the rows of its matrix, and what goes back to them."""


def _pooled(ran: Layer, gathers: str) -> Iterator[Stage]:
    """Yield what a pooling is made of, and the way back."""
    at, kernel, _ = _traced(ran)
    samples, channels, *slots = at.y
    rows, columns = samples * prod(slots) * channels, prod(kernel)
    order, back = _axes(len(slots))
    ahead, backwards = REDUCED[gathers]
    yield Stage(FORWARD, "x", "the input", at.x)
    yield Stage(FORWARD, "col", "im2col(x): a row for each window of each channel", (rows, columns))
    yield Stage(FORWARD, "out", ahead, (rows,))
    apart = (samples, *slots, channels)
    yield Stage(FORWARD, "out, reshaped", f"out.reshape({_listed(apart)})", apart)
    yield Stage(FORWARD, "y", f"transpose({order}): channels first", at.y)
    yield Stage(BACKWARD, "dout", f"dy.transpose({back}).reshape(-1)", (rows,))
    yield Stage(BACKWARD, "dcol", backwards, (rows, columns))
    yield Stage(BACKWARD, "dx", "col2im(dcol): entries of one element are added up", at.x)


def _axes(spatial: int) -> tuple[str, str]:
    """Return the orders of axes that bring the channels behind the samples, and behind all."""
    behind = range(2, 2 + spatial)
    return _comma([0, 1 + spatial, *range(1, 1 + spatial)]), _comma([0, *behind, 1])


def _entry(slides: Sequence[object], is_pool: bool) -> MatrixEntry:
    """Return where an entry of `col` comes from, in this layer's numbers."""
    axes = [axis.lower() for axis in SPATIAL.get(len(slides), map(str, range(len(slides))))]
    slots, taps = ([f"{letter}{axis}" for axis in axes] for letter in "ok")
    element = [
        as_term(slide.element(Term(0, slot), Term(0, tap))).symbols()
        for slide, slot, tap in zip(slides, slots, taps, strict=True)
        if isinstance(slide, Window)
    ]
    channel = ("c",)
    if is_pool:
        return MatrixEntry("col", ("n", *slots, *channel), tuple(taps), ("n", "c", *element))
    return MatrixEntry("col", ("n", *slots), (*channel, *taps), ("n", "c", *element))


def _matrices(worked: Worked, groups: int, is_pool: bool) -> dict[str, Grid]:
    """Return the matrices of a layer that is worked out, those of each group."""
    if is_pool:
        steps = sorted(worked.steps, key=lambda step: (step.place[1:], step.place[0]))
        return {"col": _rows(steps), "out": tuple((step.value,) for step in steps)}
    filters: dict[int, list[OutputStep]] = {}
    for step in worked.steps:
        filters.setdefault(step.place[0], []).append(step)
    each = len(filters) // groups
    cut = [[filters[m] for m in range(first, first + each)] for first in range(0, len(filters), each)]
    made: dict[str, tuple[Grid, ...]] = {
        "col": tuple(_rows(group[0]) for group in cut),
        "col_W": tuple(_turned([tap.weight for tap in steps[0].taps] for steps in group) for group in cut),
        "out": tuple(_turned([step.value for step in steps] for steps in group) for group in cut),
    }
    return {name: matrices if groups > 1 else matrices[0] for name, matrices in made.items()}


def _turned(columns: Iterable[Sequence[Grid]]) -> Grid:
    """Return the matrix of some columns."""
    return tuple(zip(*columns, strict=True))


def _rows(steps: Sequence[OutputStep]) -> Grid:
    """Return the elements that each window sees as the rows of a matrix."""
    return tuple(tuple(tap.number for tap in step.taps) for step in steps)


def _listed(shape: Shape) -> str:
    return _comma(sizes_of(shape))


def _comma(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


def _tuple(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
