"""A sheet as JSON: everything, with raw numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from json import dumps

from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import Column, Sheet

SCHEMA = "archcalc-report/2"
"""What the JSON output satisfies; the number is raised when a field changes its meaning or goes away."""


HEAD = ("command", "network", "conditions")
"""What every document says before all else, null where there is no such thing."""


@renderer("json")
def json(sheet: Sheet) -> str:
    """Everything, with raw numbers, and the name of the schema that it satisfies."""
    return _escape(dumps(document(sheet), indent=2, ensure_ascii=False)) + "\n"


def document(sheet: Sheet) -> dict[str, object]:
    """Return a sheet as JSON holds it: lists are lists, and what is absent or not known is null."""
    facts = dict.fromkeys(HEAD) | dict(sheet.facts)
    totals = facts.pop("totals", None)
    rows = [dict(_cells(sheet.columns, row)) for row in sheet.rows]
    return {"schema": SCHEMA, **facts, "rows": rows, "totals": totals, "notes": list(sheet.notes)}


def _cells(columns: Sequence[Column], row: Sequence[object]) -> Iterator[tuple[str, object]]:
    """Yield the cells of a row by their keys, and what is said beside them."""
    for column, value in zip(columns, row, strict=True):
        yield column.key, column.kind.plain(value)
        for name, noted in column.kind.beside(value).items():
            yield f"{column.key}_{name}", noted


def _escape(text: str) -> str:
    """Return JSON with the signs escaped that are safe for a parser and not for a terminal, such as U+009B."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(sign if sign == "\n" or sign.isprintable() else dumps(sign)[1:-1] for sign in text)
