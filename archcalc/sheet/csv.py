"""A sheet for spreadsheets and scripts: values with commas or tabs between them."""

from __future__ import annotations

from csv import writer
from io import StringIO

from archcalc.ground.errors import printable
from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import Sheet

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes a cell a formula where a spreadsheet opens it; OWASP, CSV injection."""


@renderer("csv")
def csv(sheet: Sheet) -> str:
    """The rows under a header line, numbers plain; no totals, so that a spreadsheet can add them up."""
    return _separate(sheet, ",")


@renderer("tsv")
def tsv(sheet: Sheet) -> str:
    """The same with tabs; no cell holds one."""
    return _separate(sheet, "\t")


def _separate(sheet: Sheet, delimiter: str) -> str:
    buffer = StringIO()
    lines = writer(buffer, delimiter=delimiter, lineterminator="\n")
    lines.writerow(_harmless(column.key) for column in sheet.columns)
    for row in sheet.rows:
        cells = (column.kind.csv(value) for column, value in zip(sheet.columns, row, strict=True))
        lines.writerow(map(_harmless, cells))
    return buffer.getvalue()


def _harmless(cell: object) -> object:
    """Return a cell whose text is on one line, and none that a spreadsheet runs."""
    if not isinstance(cell, str):
        return cell
    text = printable(" ".join(cell.split()))
    return f"'{text}" if text.startswith(FORMULA) else text
