"""A layer as the matrices of im2col: the page of explain --im2col."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from archcalc.questions.worked.unfolded import Unfolding
from archcalc.sheet.kinds import ARRAY_SIZES, GRID, SETTINGS, SHAPE, TEXT, WORDS
from archcalc.sheet.pages import page_of
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.page import about, facts, used_letters

COLUMNS = (
    Column("way", "way", TEXT, "forward, or backward from the gradient of the output", 2),
    Column("array", "array", TEXT, "what the array is called"),
    Column("made", "how it is made", WORDS, "how the array is made of those before it"),
    Column("symbols", "in symbols", TEXT, "its sizes in symbols", 1),
    Column("sizes", "sizes", ARRAY_SIZES, "its sizes"),
)
PLACES = {
    "n, c": "sample and channel, counted from 0",
    "ol, oh, ow, od": "position in the output",
    "kl, kh, kw, kd": "position in the window",
}
"""What the letters of an entry's place stand for."""


@page_of("Unfolding")
def shown(unfolding: Unfolding, form: str) -> Sheet:
    """Return what `explain --im2col` shows of a layer."""
    return unfolded(unfolding)


def unfolded(unfolding: Unfolding) -> Sheet:
    """Return a row for each array of a layer that is laid out by im2col, forward and backward."""
    row, report = unfolding.row, unfolding.report
    formulas = " ".join(stage.symbols for stage in unfolding.stages)
    indices = {*unfolding.entry.row, *unfolding.entry.column}
    legend = used_letters(formulas, unfolding.legend) | {
        ", ".join(known): meaning
        for letters, meaning in PLACES.items()
        if (known := [letter for letter in letters.split(", ") if letter in indices])
    }
    entry = str(unfolding.entry).partition(" = ")
    return Sheet(
        columns=COLUMNS,
        rows=tuple(
            (stage.way, stage.name, stage.made, stage.symbols, stage.sizes) for stage in unfolding.stages
        ),
        title=f"{report.name}: {row.name} as matrices",
        subtitle=(
            f"{row.kind} {SETTINGS.text(row.settings)}".strip(),
            f"{SHAPE.text(row.input_shapes[0])} → {SHAPE.text(row.output_shape)} · batch {report.batch}",
        ),
        summary=(
            (entry[0], f"{entry[2]}; outside the input it is padding"),
            *legend.items(),
            *((name, GRID.text(matrix)) for name, matrix in unfolding.matrices.items()),
        ),
        notes=tuple(_notes(unfolding)),
        facts=facts(report)
        | {
            "layer": row.name,
            **about(row, report),
            "entry": {
                key: list(letters) for key, letters in unfolding.entry._asdict().items() if key != "matrix"
            },
            "groups": unfolding.groups,
            "legend": [
                {"symbols": letters.split(", "), "meaning": meaning} for letters, meaning in legend.items()
            ],
            "matrices": {name: GRID.plain(matrix) for name, matrix in unfolding.matrices.items()},
        },
    )


def _notes(unfolding: Unfolding) -> Iterator[str]:
    """Yield what a reader should know of the matrices."""
    if unfolding.groups > 1:
        yield f"these are the arrays of each of the {unfolding.groups} groups, which are independent of each other"
    forward = {stage.name: stage.sizes for stage in unfolding.stages}
    numbers, whole = (prod(forward[name]) for name in ("col", "x"))
    if numbers != whole:
        yield f"col has {numbers / whole:.3g} times as many numbers as x"
