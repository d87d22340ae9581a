"""What takes memory, and how much."""

from __future__ import annotations

from math import prod

from archcalc.analysis.arena import lifetimes, measure_arena
from archcalc.analysis.figures.vocabulary import FIGURES, Figure, Traced, figure
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.sheet.kinds import BYTES, COUNT, MATRIX


def _weights(row: Row) -> int:
    return row.params + row.fixed + row.buffers


def _arena(report: Report) -> int | None:
    return measure_arena(lifetimes(report.run), report.bytes_each)


def _where_in_memory(report: Report) -> str | None:
    """Return the layer with the most weights, or where activations take more than these that while which most is alive."""
    if report.weight_bytes > report.peak_bytes:
        return FIGURES["weight_bytes"].find_most(report)
    return report.busiest


figure(
    Figure(
        "activations",
        COUNT,
        "numbers that the layer's output stores; a view such as flatten stores none",
        title="numbers",
        heading="activations",
        of=lambda r, _: r.activations,
        total=lambda t: t.totals.activations,
        listed=True,
        expect="both",
        limit=True,
        of_outputs=True,
        formula=Traced.stored,
        meaning="numbers in the output",
    )
)
figure(
    Figure(
        "weight_bytes",
        BYTES,
        "bytes of parameters, fixed weights and buffers",
        label="weight memory",
        title="weights",
        of=lambda r, t: _weights(r) * t.bytes_each_weight,
        total=lambda t: t.weight_bytes,
        listed=True,
        limit=True,
    )
)
figure(
    Figure(
        "activation_bytes",
        BYTES,
        "bytes of the output; the total is as if nothing were freed",
        title="activations",
        label="activation memory",
        of=lambda r, t: r.activations * t.bytes_each,
        total=lambda t: t.activation_bytes,
        priority=8,
        listed=True,
        limit=True,
        of_outputs=True,
        formula=lambda traced: traced.stored() * traced.each,
        unit="B",
        meaning="bytes of the output",
    )
)
figure(
    Figure(
        "in_place",
        BYTES,
        "bytes of the output where activations such as ReLU overwrite their input",
        title="in place",
        of=lambda r, t: r.in_place * t.bytes_each,
        total=lambda t: t.totals.in_place * t.bytes_each,
    )
)
figure(
    Figure(
        "alive",
        BYTES,
        "bytes of all activations in memory while the layer runs; the total is the peak",
        of=lambda r, t: r.alive * t.bytes_each,
        total=lambda t: t.peak_bytes,
        measured="bytes alive",
    )
)
figure(
    Figure(
        "peak_bytes",
        BYTES,
        "bytes of the largest set of activations alive at once",
        label="most alive at once",
        heading="peak memory",
        total=lambda t: t.peak_bytes,
        listed=True,
        limit=True,
        of_outputs=True,
        where=lambda t: t.busiest,
    )
)
figure(
    Figure(
        "arena_bytes",
        BYTES,
        "bytes of one arena that a planner lays all activations out in, greedy by size; nothing where too many live together",
        label="arena",
        heading="arena",
        total=lambda t: t.once(_arena),
        known=lambda t: t.once(_arena) or t.peak_bytes,
        limit=True,
        of_outputs=True,
        where=lambda t: t.busiest,
    )
)
figure(
    Figure(
        "memory_bytes",
        BYTES,
        "bytes of all weights and of the largest set of activations alive at once, what serving needs",
        heading="memory",
        total=lambda t: t.weight_bytes + t.peak_bytes,
        listed=True,
        limit=True,
        of_outputs=True,
        where=_where_in_memory,
    )
)
figure(
    Figure(
        "im2col",
        MATRIX,
        "rows and columns of the matrix that im2col makes of the input",
        of=lambda r, _: r.unfolded or "",
    )
)
figure(
    Figure(
        "im2col_rows",
        COUNT,
        "rows of the matrix that im2col makes of the input",
        label="im2col rows",
        formula=lambda traced: (traced.matrix() or (None, None))[0],
        meaning="windows laid out as rows of a matrix",
    )
)
figure(
    Figure(
        "im2col_columns",
        COUNT,
        "columns of the matrix that im2col makes of the input",
        label="im2col columns",
        formula=lambda traced: (traced.matrix() or (None, None))[1],
        meaning="numbers in a window",
    )
)
figure(
    Figure(
        "im2col_bytes",
        BYTES,
        "bytes of the matrix that im2col makes of the input",
        title="unfolded",
        label="im2col memory",
        of=lambda r, t: prod(r.unfolded) * t.bytes_each if r.unfolded else 0,
        formula=lambda traced: matrix[0] * matrix[1] * traced.each if (matrix := traced.matrix()) else None,
        unit="B",
        meaning="bytes of that matrix",
    )
)
