"""How deep a layer lies, and how much of the input it sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report, Row
from archcalc.arithmetic.window import Extent
from archcalc.sheet.kinds import COUNT, FIELD, FIGURE


def _field(row: Row, report: Report) -> tuple[Any, bool]:
    """Return the size of a receptive field, None for the whole input, and whether it is larger than the input."""
    if row.field is None:
        return None, False
    sizes = zip(row.field, report.input_shape[1:], strict=False)
    return _by_axis(row, lambda extent: extent.size), any(extent.size > size for extent, size in sizes)


def _by_axis(row: Row, figure: Callable[[Extent], float]) -> Any:
    """Return a figure of the receptive field, once where all axes agree; nothing for the whole input."""
    if row.field is None:
        return ""
    values = tuple(figure(extent) for extent in row.field)
    return values[0] if len(set(values)) == 1 else values


def _jump(row: Row, report: Report) -> Any:
    return _by_axis(row, lambda extent: extent.stride)


def _centre(row: Row, report: Report) -> Any:
    return _by_axis(row, lambda extent: extent.centre)


def _smallest(row: Row, report: Report) -> Any:
    return _by_axis(row, lambda extent: extent.smallest)


figure(
    Figure(
        "depth",
        COUNT,
        "weighted layers on the longest path up to here",
        of=lambda r, _: r.depth,
        total=lambda t: t.totals.depth,
        listed=True,
        expect="both",
        limit=True,
    )
)
figure(
    Figure(
        "field",
        FIELD,
        "receptive field: how much of the input one output element sees; * where it is larger than the input",
        label="receptive field",
        of=_field,
        priority=7,
        expect="layer",
        formula=lambda traced: extent.size if (extent := traced.widened()) else None,
        meaning="how much of the input one element sees",
        measured="receptive field",
    )
)
figure(
    Figure(
        "jump",
        FIGURE,
        "distance in the input between neighbouring fields",
        of=_jump,
        expect="layer",
        formula=lambda traced: extent.stride if (extent := traced.widened()) else None,
        meaning="how far apart neighbours' fields are",
    )
)
figure(Figure("centre", FIGURE, "position in the input of the middle of the first field", of=_centre))
figure(Figure("smallest", FIGURE, "receptive field along the path that sees least", of=_smallest))
