"""A sheet to text that machines and papers take: JSON, CSV, Markdown, LaTeX. Pure strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archcalc.sheet.kinds import LEFT, derivation, described, written
from archcalc.sheet.sheet import Kind, Sheet

SCHEMA = "archcalc-report/1"
"""What the JSON output satisfies; the number is raised when a field changes its meaning or goes away."""

Render = Callable[[Sheet], str]
RENDERERS: dict[str, Render] = {}
"""Every text format by the name that `--format` takes."""


def renderer(name: str) -> Callable[[Render], Render]:
    """Register a function as the format `name`."""

    def register(function: Render) -> Render:
        RENDERERS[name] = function
        return function

    return register


@renderer("json")
def json(sheet: Sheet) -> str:
    """Everything, with raw numbers, and the name of the schema that it satisfies."""
    from json import dumps

    keys = [column.key for column in sheet.columns]
    kinds = [column.kind for column in sheet.columns]

    def named(values: tuple[Any, ...]) -> dict[str, Any]:
        return {key: _plain(kind, value) for key, kind, value in zip(keys, kinds, values, strict=True)}

    data: dict[str, Any] = {"schema": SCHEMA, **sheet.facts}
    data["rows"] = [named(row) for row in sheet.rows]
    if sheet.notes:
        data["notes"] = list(sheet.notes)
    return dumps(data, indent=2, ensure_ascii=False) + "\n"


def _plain(kind: Kind, value: Any) -> Any:
    if value is None or value == "":
        return value
    if kind == "mixed":
        return _plain(*value)
    if kind == "shape":
        return list(value[1:])
    if kind == "derivation":
        return dict(zip(("symbols", "numbers", "result", "unit"), value, strict=True))
    if kind == "field":
        return "whole" if value[0] is None else value[0]
    return round(value, 6) if isinstance(value, float) else value


@renderer("csv")
def csv(sheet: Sheet) -> str:
    """The rows under a header line, numbers plain; no totals, so that a spreadsheet can add them up."""
    from csv import writer
    from io import StringIO

    buffer = StringIO()
    lines = writer(buffer, lineterminator="\n")
    lines.writerow(_harmless(column.key) for column in sheet.columns)
    for row in sheet.rows:
        lines.writerow(
            _csv_cell(column.kind, value) for column, value in zip(sheet.columns, row, strict=True)
        )
    return buffer.getvalue()


def _csv_cell(kind: Kind, value: Any) -> Any:
    if value is None or value == "":
        return ""
    if kind == "mixed":
        return _csv_cell(*value)
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
    return _harmless(text) if isinstance(text, str) else text


FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What makes a cell a formula where a spreadsheet opens it; OWASP, CSV injection."""


def _harmless(text: str) -> str:
    """Return a text on one line that no spreadsheet runs."""
    text = " ".join(text.split())
    return f"'{text}" if text.startswith(FORMULA) else text


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
    parts += [f"{_paragraph(line)}\n" for line in sheet.subtitle if line]
    parts += ["| " + " | ".join(cells) + " |" for cells in lines]
    parts += ["", *(f"- {_escaped(label)}: {_escaped(text)}" for label, text in sheet.summary)]
    parts += [f"\n{_paragraph(note)}" for note in sheet.notes]
    return "\n".join(parts) + "\n"


MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*|[]~$"} | {"<": "&lt;", "&": "&amp;"})


def _escaped(text: str) -> str:
    """Return text that stays in its cell and means nothing to Markdown."""
    from re import sub

    line = " ".join(text.translate(MARKDOWN).split())
    return sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", line)


def _paragraph(text: str) -> str:
    """Return text that stands on a line of its own and is no heading, list, quotation or rule."""
    from re import sub

    return sub(r"^(\d*)([-+=#>.)])", r"\1\\\2", _escaped(text))


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
    title, *notes = (f"% {' '.join(text.split())}" for text in (sheet.title, *sheet.notes))
    return "\n".join([*([title] if sheet.title else []), *table, *notes]) + "\n"


def _latex_row(kinds: list[Kind], row: tuple[Any, ...]) -> str:
    cells = ("" if value == "" else _latex_cell(kind, value) for kind, value in zip(kinds, row, strict=True))
    return " & ".join(cells) + r" \\"


def _latex_cell(kind: Kind, value: Any) -> str:
    text = " ".join(written(kind, value).split())
    if kind == "derivation" and value is not None:
        steps, equals, result = text.rpartition("= ")
        return f"${(steps + equals).translate(MATHS)}$ {result.translate(LATEX)}".replace(
            "bytes", r"\text{bytes}"
        )
    return text.translate(LATEX)
