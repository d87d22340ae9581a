"""Every column that a report can show, in one table."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

from archcalc.analysis.report import Report, Row
from archcalc.arithmetic.window import Extent
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.op.site import Shape
from archcalc.sheet.kinds import BYTES, COUNT, FIELD, FIGURE, SETTINGS, SHAPE, SHARE, TEXT
from archcalc.sheet.sheet import Column, Kind


class Figure(NamedTuple):
    """A column of a report: what a row says, and what the totals say where they say something."""

    title: str
    kind: Kind
    of_row: Callable[[Row, Report], Any]
    of_total: Callable[[Report], Any]
    help: str
    priority: int = 0


def _nothing(report: Report) -> str:
    return ""


def _share(part: int | None, whole: int) -> float | None:
    return None if part is None else part / whole if whole else 0.0


def _work(kind: str) -> tuple[Callable[[Row, Report], Any], Callable[[Report], Any]]:
    """Return one kind of work, of a row and in total."""
    return (
        lambda row, report: None if row.work is None else getattr(row.work, kind),
        lambda report: getattr(report.totals.work, kind),
    )


def _weights(row: Row) -> int:
    return row.params + row.fixed + row.buffers


def _rounded(row: Row, report: Report) -> str:
    return ", ".join(map(str, dict.fromkeys(row.uneven)))


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


def _first(row: Row, report: Report) -> Any:
    return _shape(row.input_shapes[0], report) if row.input_shapes else ""


def _shape(shape: Shape, report: Report) -> Shape | None:
    """Return a shape whose first axis is left out: the batch, or nothing where its first axis is something else."""
    if not shape:
        return None
    return shape if shape[0] == report.batch else (0, *shape)


COLUMNS: dict[str, Figure] = {
    "layer": Figure("layer", TEXT, lambda r, _: r.name, lambda _: "total", "the layer's name"),
    "op": Figure("op", TEXT, lambda r, _: r.kind, _nothing, "the layer's type", 8),
    "settings": Figure(
        "settings", SETTINGS, lambda r, _: r.settings, lambda _: {}, "settings beside the defaults", 7
    ),
    "from": Figure(
        "from", TEXT, lambda r, _: ", ".join(r.inputs), _nothing, "where the layer takes its input", 9
    ),
    "input": Figure("input", SHAPE, _first, _nothing, "shape of the (first) input", 9),
    "output": Figure(
        "output",
        SHAPE,
        lambda r, t: _shape(r.output_shape, t),
        _nothing,
        "shape of the output, without the batch; all axes where another one is the first",
        2,
    ),
    "rounded": Figure(
        "rounded", TEXT, _rounded, _nothing, "sizes before and after rounding, where it was needed", 6
    ),
    "params": Figure(
        "params", COUNT, lambda r, _: r.params, lambda t: t.totals.params, "learnable parameters", 1
    ),
    "params_share": Figure(
        "of params",
        SHARE,
        lambda r, t: _share(r.params, t.totals.params),
        _nothing,
        "share of all parameters",
        4,
    ),
    "fixed": Figure(
        "fixed", COUNT, lambda r, _: r.fixed, lambda t: t.totals.fixed, "weights that are not learnt", 9
    ),
    "buffers": Figure(
        "buffers",
        COUNT,
        lambda r, _: r.buffers,
        lambda t: t.totals.buffers,
        "numbers kept beside the weights, such as running statistics",
        9,
    ),
    "macs": Figure(
        "MACs",
        COUNT,
        lambda r, _: r.macs,
        lambda t: t.totals.macs,
        "multiply-accumulates of convolutions and linear layers, without bias",
    ),
    "macs_share": Figure(
        "of MACs",
        SHARE,
        lambda r, t: _share(r.macs, t.totals.macs),
        _nothing,
        "share of all multiply-accumulates",
        3,
    ),
    "flops": Figure(
        "FLOPs",
        COUNT,
        lambda r, _: r.flops,
        lambda t: t.totals.flops,
        "2 · MACs + every other operation",
        4,
    ),
    "additions": Figure("add", COUNT, *_work("additions"), "additions and subtractions, beside MACs", 5),
    "multiplications": Figure(
        "multiply", COUNT, *_work("multiplications"), "multiplications, beside MACs", 5
    ),
    "comparisons": Figure("compare", COUNT, *_work("comparisons"), "comparisons", 5),
    "divisions": Figure("divide", COUNT, *_work("divisions"), "divisions", 5),
    "exponentials": Figure("exp", COUNT, *_work("exponentials"), "exp, log, tanh, erf, powers and roots", 5),
    "activations": Figure(
        "numbers",
        COUNT,
        lambda r, _: r.activations,
        lambda t: t.totals.activations,
        "numbers that the layer's output stores; a view such as flatten stores none",
        9,
    ),
    "weight_bytes": Figure(
        "weights",
        BYTES,
        lambda r, t: _weights(r) * t.bytes_each,
        lambda t: t.weight_bytes,
        "bytes of parameters, fixed weights and buffers",
        9,
    ),
    "activation_bytes": Figure(
        "activations",
        BYTES,
        lambda r, t: r.activations * t.bytes_each,
        lambda t: t.activation_bytes,
        "bytes of the output; the total is as if nothing were freed",
        8,
    ),
    "in_place": Figure(
        "in place",
        BYTES,
        lambda r, t: r.in_place * t.bytes_each,
        lambda t: t.totals.in_place * t.bytes_each,
        "bytes of the output where activations such as ReLU overwrite their input",
        9,
    ),
    "alive": Figure(
        "alive",
        BYTES,
        lambda r, t: r.alive * t.bytes_each,
        lambda t: t.peak_bytes,
        "bytes of all activations in memory while the layer runs; the total is the peak",
        9,
    ),
    "im2col": Figure(
        "im2col",
        FIGURE,
        lambda r, _: r.unfolded or "",
        _nothing,
        "rows and columns of the matrix that im2col makes of the input",
        9,
    ),
    "im2col_bytes": Figure(
        "unfolded",
        BYTES,
        lambda r, t: prod(r.unfolded) * t.bytes_each if r.unfolded else 0,
        _nothing,
        "bytes of the matrix that im2col makes of the input",
        9,
    ),
    "depth": Figure(
        "depth",
        COUNT,
        lambda r, _: r.depth,
        lambda t: t.totals.depth,
        "weighted layers on the longest path up to here",
        9,
    ),
    "field": Figure(
        "field",
        FIELD,
        _field,
        _nothing,
        "receptive field: how much of the input one output element sees; * where it is larger than the input",
        7,
    ),
    "jump": Figure("jump", FIGURE, _jump, _nothing, "distance in the input between neighbouring fields", 9),
    "centre": Figure(
        "centre", FIGURE, _centre, _nothing, "position in the input of the middle of the first field", 9
    ),
    "smallest": Figure(
        "smallest", FIGURE, _smallest, _nothing, "receptive field along the path that sees least", 9
    ),
}


def figures(keys: tuple[str, ...]) -> tuple[Column, ...]:
    """Return the columns called `keys`.

    Raises:
        ArchcalcError: there is no such column.
    """
    for key in keys:
        if key not in COLUMNS:
            raise ArchcalcError(
                f"there is no column '{key}'",
                hint=nearest(key, list(COLUMNS)) or f"choose from {', '.join(COLUMNS)}",
            )
    return tuple(
        Column(key, figure.title, figure.kind, figure.help, figure.priority)
        for key, figure in ((key, COLUMNS[key]) for key in keys)
    )
