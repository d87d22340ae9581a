"""A report's graph for pictures: a vertex for each layer or folded block, an edge for each tensor between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archcalc.analysis.blocks import fitting_depth, group, groups, scope
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.ground.errors import visible
from archcalc.op.site import Sizes
from archcalc.sheet.kinds import SETTINGS, SHAPE
from archcalc.sheet.numbers import short


class Vertex(NamedTuple):
    """A layer, or the `layers` of a block folded into one; `row` is its row of the folded report."""

    row: Row
    layers: int
    is_input: bool = False

    @property
    def is_block(self) -> bool:
        """Whether layers are folded into it."""
        return self.layers > 1


class Edge(NamedTuple):
    """A tensor on its way from one vertex to another, by their positions.

    `head` is None where the tensor leaves the network. `source` is the layer that makes it, where that
    is not the last one of the block that it comes from.
    """

    tail: int
    head: int | None
    shape: Sizes
    source: str = ""


class Picture(NamedTuple):
    """What a picture of a network shows, in the order of the report; every edge goes forward."""

    title: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]


def graph(report: Report, depth: int | None) -> Picture:
    """Return the graph of a report with the blocks below `depth` levels folded; None folds as a screen does.

    A block whose layers do not follow one another is several vertices: folded into one it could stand
    before and after another at once, and arrows would go round.
    """
    levels = (fitting_depth(report) if depth is None else depth) + scope(report.rows)
    folded = list(groups(report.rows, levels))
    inputs = {row.name for row in report.inputs}
    return Picture(
        title=report.title or report.name,
        vertices=tuple(_vertex(name, rows, inputs) for name, rows in folded),
        edges=tuple(_edges(report, [rows for _, rows in folded])),
    )


def _vertex(name: str, rows: Sequence[Row], inputs: set[str]) -> Vertex:
    if len(rows) == 1:
        return Vertex(rows[0]._replace(name=name), 1, rows[0].name in inputs)
    return Vertex(group(name, rows), len(rows))


def _edges(report: Report, blocks: Sequence[Sequence[Row]]) -> Iterator[Edge]:
    """Yield a block's tensors from others as they come in; after them all, those that leave the network."""
    place = {row.name: position for position, rows in enumerate(blocks) for row in rows}
    made_by = {row.name: row for row in report.rows}
    used: set[str] = set()

    def edge(name: str, head: int | None) -> Edge:
        tail = place[name]
        is_inner = name != blocks[tail][-1].name
        return Edge(tail, head, made_by[name].output_shape, name if is_inner else "")

    for head, rows in enumerate(blocks):
        tensors = [name for row in rows for name in row.inputs]
        used.update(tensors)
        for name in tensors if len(rows) == 1 else dict.fromkeys(tensors):
            if place[name] != head:
                yield edge(name, head)
    unused = made_by.keys() - used - {row.name for row in report.inputs}
    leaving = {row.name for row in report.outputs} | unused
    for row in report.rows:
        if row.name in leaving:
            yield edge(row.name, None)


def lines(vertex: Vertex) -> list[str]:
    """Return what stands in a vertex: its name, what it is, its parameters; safe to print."""
    row = vertex.row
    stated = f"{row.kind} {SETTINGS.text(row.settings)}".strip()
    what = "" if vertex.is_input else f"{vertex.layers} layers" if vertex.is_block else stated
    params = f"{short(row.params)} parameter{'s' if row.params != 1 else ''}" if row.params else ""
    return [visible(line) for line in (row.name, what, params) if line]


def label(edge: Edge) -> str:
    """Return what stands at an arrow: the shape of the tensor without its batch, and which one it is in a block."""
    shape = SHAPE.text(edge.shape)
    return visible(f"{edge.source} {shape}" if edge.source else shape)
