"""How deep a layer lies, and how much of the input it sees."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from operator import gt

from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report
from archcalc.analysis.row import ReceptiveField, Row
from archcalc.arithmetic.extent import Extent
from archcalc.arithmetic.number import Number
from archcalc.sheet.kinds import AXES, COUNT, FIELD


def _field(row: Row, report: Report) -> object:
    return _measure(row.field, report)


def _gateless(row: Row, report: Report) -> object:
    return _measure(row.gateless, report)


def _measure(field: ReceptiveField, report: Report) -> tuple[tuple[int, ...] | None, bool] | None:
    """Return the size of a receptive field along each axis, None for the whole input, and whether it is larger than the input.

    Nothing where it is not known.
    """
    if field is None:
        return None, False
    if field == "unknown":
        return None
    sizes = tuple(extent.size for extent in field)
    return sizes, any(map(gt, sizes, report.input_shape[1:]))


def _by_axis(row: Row, figure: Callable[[Extent], Number]) -> object:
    """Return a figure of the receptive field along each axis; nothing for the whole input."""
    if row.field == "unknown":
        return None
    return "" if row.field is None else tuple(map(figure, row.field))


def _jump(row: Row, report: Report) -> object:
    return _by_axis(row, lambda extent: _plain(extent.stride))


def _plain(number: Fraction) -> float:
    """Return a fraction as an integer where it is one."""
    return number.numerator if number.denominator == 1 else float(number)


def _centre(row: Row, report: Report) -> object:
    return _by_axis(row, lambda extent: extent.centre)


def _smallest(row: Row, report: Report) -> object:
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
        "receptive field: how much of the input one output element sees, of those that differ the one that sees most; * where it is larger than the input",
        label="receptive field",
        of=_field,
        priority=7,
        expect="layer",
        formula=lambda traced: traced.widened(),
        meaning="how much of the input one element sees",
        measured="receptive field",
    )
)
figure(
    Figure(
        "jump",
        AXES,
        "distance in the input between neighbouring fields, on average where these differ",
        of=_jump,
        expect="layer",
        formula=lambda traced: traced.moved(),
        meaning="how far apart neighbours' fields are",
    )
)
figure(Figure("centre", AXES, "position in the input of the middle of the first field", of=_centre))
figure(Figure("smallest", AXES, "receptive field along the path that sees least", of=_smallest))
figure(
    Figure(
        "gateless",
        FIELD,
        "receptive field without gates, which see the whole input and say one number for all positions of a map",
        title="without gates",
        label="without gates",
        of=_gateless,
    )
)
