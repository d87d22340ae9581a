"""A sheet to text: numbers as people write them, and JSON, CSV and Markdown. Pure strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archcalc.sheet import Kind, Sheet

SCHEMA_VERSION = 1
"""Of the JSON output: raised when a field changes its meaning or goes away."""

Render = Callable[[Sheet], str]
RENDERERS: dict[str, Render] = {}
"""Every text format by the name that `--format` takes."""


def renderer(name: str) -> Callable[[Render], Render]:
    """Register a function as the format `name`."""

    def register(function: Render) -> Render:
        RENDERERS[name] = function
        return function

    return register


def grouped(number: int) -> str:
    """Return a whole number with thousands separators: 62,378,344."""
    return f"{number:,}"


UNITS = ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
BYTE_UNITS = ((2**50, "PiB"), (2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def short(number: int) -> str:
    """Return a count to three digits with its prefix: 62.4 M."""
    return _scaled(number, UNITS) or str(number)


def sized(number: int) -> str:
    """Return bytes in binary units: 237.9 MiB."""
    return _scaled(number, BYTE_UNITS) or f"{number} B"


def _scaled(number: int, units: tuple[tuple[int, str], ...]) -> str | None:
    """Return a number to three digits in the largest unit that it reaches, or None where it reaches none."""
    for position, (size, unit) in enumerate(units):
        if number < size:
            continue
        text = _three_digits(number, size)
        if position and len(text.replace(".", "")) > 3 and number < units[position - 1][0]:
            # Rounding reached the next unit: 999,999 is 1.00 M.
            return f"1.00 {units[position - 1][1]}"
        return f"{text} {unit}"
    return None


def _three_digits(number: int, size: int) -> str:
    """Return number/size rounded half up to three digits, without floats, which would overflow."""
    for decimals in (2, 1):
        scale = 10**decimals
        whole, rest = divmod((2 * number * scale + size) // (2 * size), scale)
        if whole < 10 ** (3 - decimals):
            return f"{whole}.{rest:0{decimals}d}"
    return grouped((2 * number + size) // (2 * size))


def shaped(shape: tuple[int, ...]) -> str:
    """Return a shape without its batch: 96×55×55."""
    return "×".join(map(str, shape[1:]))


def described(settings: Mapping[str, Any]) -> str:
    """Return an op's settings as a person would write them: out 96, kernel 11, stride 4."""
    return ", ".join(f"{name} {_setting(value)}" for name, value in settings.items())


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if isinstance(value[0], tuple):
            return _pairs(value)
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pairs(pairs: tuple[tuple[int, ...], ...]) -> str:
    if all(len(pair) == 2 and pair[0] == pair[1] for pair in pairs):
        return "×".join(str(before) for before, _ in pairs)
    if len(pairs) > 4:
        return "table"
    return " ".join("+".join(map(str, pair)) for pair in pairs)


def figure(value: Any) -> str:
    """Return a count, or one number an axis."""
    if isinstance(value, tuple):
        return "×".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else grouped(value)


def field(value: tuple[Any, bool]) -> str:
    """Return a receptive field, with a mark where it is larger than the input."""
    sizes, larger = value
    return ("whole" if sizes is None else figure(sizes)) + ("*" if larger else "")


UNKNOWN = "?"


def percent(share: float) -> str:
    """Return a share in percent with one decimal, and never 0.0 for something: <0.1%."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


WRITERS: dict[Kind, Callable[[Any], str]] = {
    "text": str,
    "words": str,
    "shape": shaped,
    "count": grouped,
    "bytes": sized,
    "share": percent,
    "settings": described,
    "figure": figure,
    "field": field,
    "verdict": str,
}


def written(kind: Kind, value: Any) -> str:
    """Return a cell as people read it."""
    return UNKNOWN if value is None else WRITERS[kind](value)


@renderer("json")
def json(sheet: Sheet) -> str:
    """Everything, with raw numbers and a schema version."""
    from json import dumps

    keys = [column.key for column in sheet.columns]
    kinds = [column.kind for column in sheet.columns]

    def named(values: tuple[Any, ...]) -> dict[str, Any]:
        return {key: _plain(kind, value) for key, kind, value in zip(keys, kinds, values, strict=True)}

    data: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **sheet.facts}
    data["rows"] = [named(row) for row in sheet.rows]
    if sheet.notes:
        data["notes"] = list(sheet.notes)
    return dumps(data, indent=2, ensure_ascii=False) + "\n"


def _plain(kind: Kind, value: Any) -> Any:
    if kind == "shape" and value is not None:
        return list(value[1:])
    if kind == "field" and value is not None:
        return "whole" if value[0] is None else value[0]
    return round(value, 6) if isinstance(value, float) else value


@renderer("csv")
def csv(sheet: Sheet) -> str:
    """The rows under a header line, numbers plain; no totals, so that a spreadsheet can add them up."""
    from csv import writer
    from io import StringIO

    buffer = StringIO()
    lines = writer(buffer, lineterminator="\n")
    lines.writerow(column.key for column in sheet.columns)
    for row in sheet.rows:
        lines.writerow(
            _csv_cell(column.kind, value) for column, value in zip(sheet.columns, row, strict=True)
        )
    return buffer.getvalue()


def _csv_cell(kind: Kind, value: Any) -> Any:
    if value is None:
        return ""
    if kind == "shape":
        return "x".join(map(str, value[1:]))
    if kind == "field":
        value = "whole" if value[0] is None else value[0]
    if kind in ("figure", "field") and isinstance(value, tuple):
        return "x".join(map(str, value))
    if isinstance(value, float):
        return round(value, 6)
    text = described(value) if kind == "settings" else value
    if isinstance(text, str):
        text = " ".join(text.split())
    # A cell that starts like a formula would run as one in a spreadsheet.
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@") else text


@renderer("markdown")
def markdown(sheet: Sheet) -> str:
    """A table for a page or a paper."""
    aligned = ["---" if c.kind in ("text", "words", "settings") else "--:" for c in sheet.columns]
    rows = (*sheet.rows, *([sheet.footer] if sheet.footer else ()))
    lines = [
        [column.title for column in sheet.columns],
        aligned,
        *(
            [
                "" if value == "" else _escaped(written(column.kind, value))
                for column, value in zip(sheet.columns, row, strict=True)
            ]
            for row in rows
        ),
    ]
    parts = [f"**{sheet.title}**\n"] if sheet.title else []
    parts += ["| " + " | ".join(cells) + " |" for cells in lines]
    parts += [f"\n{note}" for note in sheet.notes]
    return "\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    """Return text that stays in its cell."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())
