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


def derivation(value: tuple[str, str, int, str]) -> str:
    """Return a derivation on lines of its own: symbols, numbers, result; what would stand twice, once."""
    symbols, numbers, result, unit = value
    readable = (
        f"{grouped(result)} B ({sized(result)})" if unit == "B" else f"{grouped(result)} {unit}".rstrip()
    )
    steps = dict.fromkeys((symbols, numbers))
    if str(result) in steps:
        del steps[str(result)]
    return "\n= ".join((*steps, readable))


def ratio(value: float | str) -> str:
    """Return a factor to three digits, ×1 only where it is one: ×1.81, ×0.0467, ×1,235."""
    if isinstance(value, str) or value == 1:
        return str(value) if isinstance(value, str) else "×1"
    rounded = float(f"{value:.3g}")
    return f"×{value:,.0f}" if rounded >= 1000 else f"×{value:.2f}" if rounded == 1 else f"×{rounded:g}"


UNKNOWN = "?"


def percent(share: float) -> str:
    """Return a share in percent with one decimal, and never 0.0 for something: <0.1%."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


LEFT: tuple[Kind, ...] = ("text", "words", "settings", "derivation", "verdict")
"""Kinds that are aligned to the left."""
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
    "derivation": derivation,
    "verdict": str,
    "ratio": ratio,
    "mixed": lambda cell: written(*cell),
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
    if kind == "mixed" and value != "":
        return _plain(*value)
    if kind == "shape" and value is not None:
        return list(value[1:])
    if kind == "derivation":
        return dict(zip(("symbols", "numbers", "result", "unit"), value, strict=True))
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
    if kind == "mixed" and value != "":
        return _csv_cell(*value)
    if value is None:
        return ""
    if kind == "shape":
        return "x".join(map(str, value[1:]))
    if kind == "derivation":
        return derivation(value).replace("\n", " ")
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
    aligned = ["---" if c.kind in LEFT else "--:" for c in sheet.columns]
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
    parts = [f"**{_escaped(sheet.title)}**\n"] if sheet.title else []
    parts += [f"{_escaped(line)}\n" for line in sheet.subtitle if line]
    parts += ["| " + " | ".join(cells) + " |" for cells in lines]
    parts += [f"\n{_escaped(note)}" for note in sheet.notes]
    return "\n".join(parts) + "\n"


MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*|"} | {"<": "&lt;"})


def _escaped(text: str) -> str:
    """Return text that stays in its cell and means nothing to Markdown."""
    return " ".join(text.translate(MARKDOWN).split())


LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "→": r"$\to$",
        "²": r"\textsuperscript{2}",
        "−": r"$-$",
        "█": "",
    }
)
MATHS = str.maketrans(
    {
        "·": r"\cdot ",
        "−": "-",
        "⌊": r"\lfloor ",
        "⌋": r"\rfloor ",
        "⌈": r"\lceil ",
        "⌉": r"\rceil ",
        "′": "'",
        ",": "{,}",
    }
    | {subscript: f"_{number}" for number, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")}
)


@renderer("latex")
def latex(sheet: Sheet) -> str:
    """A tabular for a paper; derivations are set as mathematics. Needs the package booktabs."""
    kinds = [column.kind for column in sheet.columns]
    lines = [" & ".join(column.title.translate(LATEX) for column in sheet.columns) + r" \\", r"\midrule"]
    lines += [_latex_row(kinds, row) for row in sheet.rows]
    if sheet.footer:
        lines += [r"\midrule", _latex_row(kinds, sheet.footer)]
    layout = "".join("l" if kind in LEFT else "r" for kind in kinds)
    table = [rf"\begin{{tabular}}{{{layout}}}", r"\toprule", *lines, r"\bottomrule", r"\end{tabular}"]
    title = [f"% {sheet.title}"] if sheet.title else []
    return "\n".join([*title, *table, *(f"% {note}" for note in sheet.notes)]) + "\n"


def _latex_row(kinds: list[Kind], row: tuple[Any, ...]) -> str:
    cells = ("" if value == "" else _latex_cell(kind, value) for kind, value in zip(kinds, row, strict=True))
    return " & ".join(cells) + r" \\"


def _latex_cell(kind: Kind, value: Any) -> str:
    text = " ".join(written(kind, value).split())
    if kind == "derivation" and value is not None:
        return f"${text.translate(MATHS)}$"
    return text.translate(LATEX)
