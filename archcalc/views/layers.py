"""A row a layer or a block: the pages of show, tree, rf and the --per-layer options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from archcalc.analysis.blocks import by_op, deepest, fitting_depth, fold
from archcalc.analysis.blocks import tree as treed
from archcalc.analysis.figures import FIGURES, check_columns, column_keys, columns, find_figure, name_key
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.op.op import Work
from archcalc.sheet import kinds
from archcalc.sheet.pages import page_of
from archcalc.sheet.renderers import MACHINES
from archcalc.sheet.sheet import Sheet
from archcalc.views.page import REACHES, facts, mixed_notes, notes, subtitle, summary, with_batch

SHOWN = (
    "layer",
    "op",
    "settings",
    "output",
    "params",
    "params_share",
    "macs",
    "macs_share",
    "activation_bytes",
    "field",
)
"""The columns of `show` where there is room for all."""
PARAMS = ("layer", "op", "settings", "output", "params", "params_share", "fixed", "buffers", "weight_bytes")
"""The columns of `params --per-layer`."""
PARTS = ("weight_params", "bias_params", "other_params", "params")
"""The columns of `params --split` behind what a row is: a layer type, or a layer."""
WORK = (
    "layer",
    "output",
    "macs",
    "macs_share",
    "additions",
    "multiplications",
    "comparisons",
    "divisions",
    "exponentials",
    "flops",
)
"""The columns of `flops --per-layer`."""
MEMORY = (
    "layer",
    "op",
    "output",
    "params",
    "weight_bytes",
    "activation_bytes",
    "in_place",
    "alive",
    "im2col",
    "im2col_bytes",
)
"""The columns of `memory --per-layer`."""
FIELD = ("layer", "field", "gateless", "smallest", "jump", "centre", "output", "op", "settings")
"""The columns of `rf`."""
TREE = tuple(key for key in SHOWN if key not in ("op", "settings", "field"))
"""The columns of `tree`."""

SUMS = (
    "op",
    "layers",
    "params",
    "params_share",
    "weight_params",
    "bias_params",
    "other_params",
    "fixed",
    "buffers",
    "weight_bytes",
    "macs",
    "macs_share",
    "flops",
    *(kind for kind in Work._fields if kind != "macs"),
    "activations",
    "activation_bytes",
    "in_place",
)
"""The columns that `show --by op` may have: a layer type, and what adds up over its layers."""
STORED = frozenset(("activation_bytes", "in_place", "alive"))
"""The columns whose bytes are of the low type in mixed precision."""
STEP: tuple[str, ...] = (
    "train.requested_bytes",
    "train.kept_share",
    "train.output_bytes",
    "train.copy_bytes",
    "train.beside_bytes",
    "train.weight_bytes",
    "train.buffer_bytes",
    "train.gradients_bytes",
    "train.optimizer_bytes",
    "train.recomputed_macs",
)
"""The columns of a layer's part in the memory of a training step; they add up, too."""
TIMED: tuple[str, ...] = ("kernels", "time_us", "time_share", "bound_by", "bound_us", "efficiency")
"""The columns of a layer's time on a device; those of all layers of a type are theirs together."""
BY_OP: tuple[str, ...] = (
    "op",
    "layers",
    "params",
    "params_share",
    "macs",
    "macs_share",
    "weight_bytes",
    "activation_bytes",
)
"""The columns of `show --by op` unless told."""


def choose(columns: str | None, form: str) -> tuple[str, ...]:
    """Return the keys of the columns asked for: what suits a screen, or where a machine reads all but a training step's."""
    if columns == "all":
        return column_keys()
    if columns is None:
        return tuple(key for key in column_keys() if not FIGURES[key].asked) if form in MACHINES else SHOWN
    return tuple(map(name_key, columns.split(",")))


def level(report: Report, depth: int | None, form: str) -> int:
    """Return how many levels of blocks to show: what was asked for, what fits a screen, or all for a machine."""
    if depth is not None:
        return depth
    return deepest(report) if form in MACHINES else fitting_depth(report)


@page_of("Report")
def show(report: Report, form: str) -> Sheet:
    """Return what `show` shows unless told: the columns and the rows that suit the format."""
    return layers(report, choose(None, form), level(report, None, form))


def layers(
    report: Report, keys: tuple[str, ...] = SHOWN, depth: int | None = None, about: str | None = None
) -> Sheet:
    """Return a row for every layer and the totals, blocks below `depth` levels folded.

    The column that the page is `about` does not give way to others.
    """
    rows = report.rows if depth is None else fold(report, depth)
    sheet = _table(report, rows, keys)
    shown = tuple(each._replace(priority=0) if each.key == about else each for each in sheet.columns)
    return sheet._replace(columns=shown, notes=(*note_folding(report, len(rows)), *sheet.notes))


def sort_rows(sheet: Sheet, by: str) -> Sheet:
    """Return a page with its rows sorted by a column, the largest first where a - stands before its key; the unknown last.

    Raises:
        ArchcalcError: there is no such column of numbers.
    """
    key = by.removeprefix("-").strip().lower()
    sums = [isinstance(cell, int | float) for cell in sheet.footer or ()]
    known = [column.key for column, is_sum in zip(sheet.columns, sums, strict=False) if is_sum]
    check_columns((key,), known, "rows cannot be sorted by")
    place = [column.key for column in sheet.columns].index(key)
    told = [row for row in sheet.rows if isinstance(row[place], int | float)]
    told.sort(key=itemgetter(place), reverse=by.startswith("-"))
    untold = [row for row in sheet.rows if not isinstance(row[place], int | float)]
    return sheet._replace(rows=(*told, *untold))


def layer_types(report: Report, stated: str | None, form: str) -> Sheet:
    """Return a row for each layer type with how many there are and what adds up over them, and the totals.

    Raises:
        ArchcalcError: a column that is `stated` is not there, or does not add up.
    """
    if stated is None and form not in MACHINES:
        keys = BY_OP
    else:
        keys = SUMS if stated in (None, "all") else choose(stated, form)
    check_columns(keys, (*SUMS, *STEP, *TIMED), "there is no sum of the column")
    return _by_op(report, by_op(report), keys)


def split_by_op(report: Report) -> Sheet:
    """Return a row for each layer type that has parameters: weights, biases and others apart."""
    return _by_op(report, [row for row in by_op(report) if row.params], ("op", *PARTS))


def split_by_layer(report: Report, depth: int | None) -> Sheet:
    """Return a row for each layer or block that has parameters: weights, biases and others apart."""
    rows = report.rows if depth is None else fold(report, depth)
    sheet = _table(report, [row for row in rows if row.params], ("layer", "weights", *PARTS))
    return sheet._replace(notes=(*note_folding(report, len(rows)), *sheet.notes))


def _by_op(report: Report, rows: Sequence[Row], keys: tuple[str, ...]) -> Sheet:
    """Return rows of layer types, and the totals."""
    sheet = _table(report, rows, keys)
    footer = ("total" if key == "op" else find_figure(key).of_column(report) for key in keys)
    return sheet._replace(footer=tuple(footer))


def _table(report: Report, rows: Sequence[Row], keys: tuple[str, ...]) -> Sheet:
    """Return some rows and the totals under columns."""
    shown = with_batch(columns(keys), report)
    figures = [find_figure(key) for key in keys]
    cells = tuple([tuple([figure.of_row(row, report) for figure in figures]) for row in rows])
    fields = [place for place, figure in enumerate(figures) if figure.kind is kinds.FIELD]
    return Sheet(
        columns=shown,
        rows=cells,
        footer=tuple(figure.of_column(report) for figure in figures),
        title=report.title or report.name,
        subtitle=subtitle(report),
        summary=summary(report),
        notes=(
            *_notes_on_fields(row[place] for row in cells for place in fields),
            *(mixed_notes(report) if STORED.intersection(keys) else ()),
            *notes(report),
        ),
        facts=facts(report),
    )


def _notes_on_fields(fields: Iterable[object]) -> tuple[str, ...]:
    """Return what the mark at a receptive field stands for, if one of some cells has one."""
    return (REACHES,) if any(map(kinds.FIELD.is_larger, fields)) else ()


def note_folding(report: Report, shown: int) -> tuple[str, ...]:
    """Return that layers are folded to so many rows; nothing where they are not."""
    if shown == len(report.rows):
        return ()
    return (f"{len(report.rows)} layers folded to {shown} rows: --depth all shows every layer",)


def tree(report: Report, depth: int, form: str) -> Sheet:
    """Return the network as a tree of blocks, each with its sums; machines get whole names and no branches."""
    lines = [(row.name if form in MACHINES else label, row) for label, row in treed(report, depth)]
    return Sheet(
        columns=with_batch(columns(TREE), report),
        rows=tuple((label, *(FIGURES[key].of_row(row, report) for key in TREE[1:])) for label, row in lines),
        footer=tuple(FIGURES[key].of_total(report) for key in TREE),
        title=report.title or report.name,
        subtitle=subtitle(report),
        notes=("a block's figures are the sums of what is in it",),
        facts=facts(report),
    )


def fields(report: Report, form: str) -> Sheet:
    """Return the layers that change the receptive field; people don't get columns that say nothing new."""
    before = {row.name: (row.field, row.gateless) for row in report.rows}
    rows = [row for row in report.rows if not row.inputs or before[row.name] != before[row.inputs[0]]]
    idle = set() if form in MACHINES else _idle(rows)
    keys = tuple(key for key in FIELD if key not in idle)
    return Sheet(
        columns=tuple(
            column._replace(priority=rank) for rank, column in enumerate(with_batch(columns(keys), report))
        ),
        rows=tuple(tuple(FIGURES[key].of_row(row, report) for key in keys) for row in rows),
        title=report.title or report.name,
        subtitle=subtitle(report),
        notes=_notes_on_fields(FIGURES["gateless"].of_row(row, report) for row in rows),
        facts=facts(report),
    )


def _idle(rows: Sequence[Row]) -> set[str]:
    """Return the columns that say of every row what the field says."""
    idle = set() if any(map(_differs, rows)) else {"smallest"}
    return idle | ({"gateless"} if all(row.gateless == row.field for row in rows) else set())


def _differs(row: Row) -> bool:
    return any(extent.smallest != extent.size for extent in row.extents)
