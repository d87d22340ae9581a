"""A sheet as JSON: everything, with raw numbers."""

from __future__ import annotations

from json import dumps

from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import Sheet

SCHEMA = "archcalc-report/1"
"""What the JSON output satisfies; the number is raised when a field changes its meaning or goes away."""


@renderer("json")
def json(sheet: Sheet) -> str:
    """Everything, with raw numbers, and the name of the schema that it satisfies."""
    data: dict[str, object] = {"schema": SCHEMA, **sheet.facts}
    data["rows"] = [
        {column.key: column.kind.plain(value) for column, value in zip(sheet.columns, row, strict=True)}
        for row in sheet.rows
    ]
    if sheet.notes:
        data["notes"] = list(sheet.notes)
    return _escaped(dumps(data, indent=2, ensure_ascii=False)) + "\n"


def _escaped(text: str) -> str:
    """Return JSON with the signs escaped that are safe for a parser and not for a terminal, such as U+009B."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(sign if sign == "\n" or sign.isprintable() else dumps(sign)[1:-1] for sign in text)
