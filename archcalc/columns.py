"""Every column that a report can show, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from archcalc.errors import ArchcalcError, nearest
from archcalc.report import Report, Row
from archcalc.sheet import Column, Kind


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


def _field(row: Row, report: Report) -> str:
    """Return a receptive field as people write it, with a mark where it is larger than the input."""
    if row.field is None:
        return "whole"
    sizes = [extent.size for extent in row.field]
    same = len(set(sizes)) == 1
    larger = any(s > i for s, i in zip(sizes, report.input_shape[1:], strict=False))
    return (str(sizes[0]) if same and sizes else "×".join(map(str, sizes))) + ("*" if larger else "")


def _jump(row: Row, report: Report) -> str:
    if row.field is None:
        return ""
    return "×".join(map(str, dict.fromkeys(extent.stride for extent in row.field)))


def _first(row: Row, report: Report) -> Any:
    return row.input_shapes[0] if row.input_shapes else ""


COLUMNS: dict[str, Figure] = {
    "layer": Figure("layer", "text", lambda r, _: r.name, lambda _: "total", "the layer's name"),
    "op": Figure("op", "text", lambda r, _: r.kind, _nothing, "the layer's type", 6),
    "settings": Figure(
        "settings", "settings", lambda r, _: r.settings, lambda _: {}, "settings beside the defaults", 5
    ),
    "from": Figure(
        "from", "text", lambda r, _: ", ".join(r.inputs), _nothing, "where the layer takes its input", 8
    ),
    "input": Figure("input", "shape", _first, _nothing, "shape of the (first) input", 8),
    "output": Figure(
        "output", "shape", lambda r, _: r.output_shape, _nothing, "shape of the output, without the batch"
    ),
    "rounded": Figure(
        "rounded", "text", _rounded, _nothing, "sizes before and after rounding, where it was needed", 4
    ),
    "params": Figure(
        "params", "count", lambda r, _: r.params, lambda t: t.totals.params, "learnable parameters"
    ),
    "params_share": Figure(
        "of params",
        "share",
        lambda r, t: _share(r.params, t.totals.params),
        _nothing,
        "share of all parameters",
        2,
    ),
    "fixed": Figure(
        "fixed", "count", lambda r, _: r.fixed, lambda t: t.totals.fixed, "weights that are not learnt", 8
    ),
    "buffers": Figure(
        "buffers",
        "count",
        lambda r, _: r.buffers,
        lambda t: t.totals.buffers,
        "numbers kept beside the weights, such as running statistics",
        8,
    ),
    "macs": Figure(
        "MACs",
        "count",
        lambda r, _: r.macs,
        lambda t: t.totals.macs,
        "multiply-accumulates of convolutions and linear layers, without bias",
    ),
    "macs_share": Figure(
        "of MACs",
        "share",
        lambda r, t: _share(r.macs, t.totals.macs),
        _nothing,
        "share of all multiply-accumulates",
        1,
    ),
    "flops": Figure(
        "FLOPs",
        "count",
        lambda r, _: r.flops,
        lambda t: t.totals.flops,
        "2 · MACs + every other operation",
        7,
    ),
    "additions": Figure("add", "count", *_work("additions"), "additions and subtractions, beside MACs", 3),
    "multiplications": Figure(
        "multiply", "count", *_work("multiplications"), "multiplications, beside MACs", 3
    ),
    "comparisons": Figure("compare", "count", *_work("comparisons"), "comparisons", 3),
    "divisions": Figure("divide", "count", *_work("divisions"), "divisions", 3),
    "exponentials": Figure(
        "exp", "count", *_work("exponentials"), "exp, log, tanh, erf, powers and roots", 3
    ),
    "activations": Figure(
        "activations",
        "count",
        lambda r, _: r.activations,
        lambda t: t.totals.activations,
        "numbers that the layer's output stores; a view such as flatten stores none",
        7,
    ),
    "weight_bytes": Figure(
        "weights",
        "bytes",
        lambda r, t: _weights(r) * t.bytes_each,
        lambda t: t.weight_bytes,
        "bytes of parameters, fixed weights and buffers",
        8,
    ),
    "activation_bytes": Figure(
        "memory",
        "bytes",
        lambda r, t: r.activations * t.bytes_each,
        lambda t: t.activation_bytes,
        "bytes of the output; the total is as if nothing were freed",
        6,
    ),
    "depth": Figure(
        "depth",
        "count",
        lambda r, _: r.depth,
        lambda t: t.totals.depth,
        "weighted layers on the longest path up to here",
        8,
    ),
    "field": Figure(
        "field",
        "text",
        _field,
        _nothing,
        "receptive field: how much of the input one output element sees; * where it is larger than the input",
        5,
    ),
    "jump": Figure("jump", "text", _jump, _nothing, "distance in the input between neighbouring fields", 8),
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
