"""A sheet as a table for a page or a paper in Markdown."""

from __future__ import annotations

from re import sub

from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import Sheet


@renderer("markdown")
def markdown(sheet: Sheet) -> str:
    """A table for a page or a paper, its caption as pandoc reads it."""
    aligned = ["---" if column.kind.align == "left" else "--:" for column in sheet.columns]
    rows = (*sheet.rows, *([sheet.footer] if sheet.footer else ()))
    lines = [
        [column.title for column in sheet.columns],
        aligned,
        *(
            [_escape(column.kind.text(value)) for column, value in zip(sheet.columns, row, strict=True)]
            for row in rows
        ),
    ]
    parts = [f"**{_escape(sheet.title)}**\n"] if sheet.title else []
    parts += [f"{_paragraph(line)}\n" for line in sheet.subtitle if line]
    parts += ["| " + " | ".join(cells) + " |" for cells in lines]
    if sheet.caption:
        parts += ["", f"Table: {_caption(sheet.caption)}{_name(sheet.label)}"]
    parts += ["", *(f"- {_escape(label)}: {_escape(text)}" for label, text in sheet.summary)]
    parts += [f"\n{_paragraph(note)}" for note in sheet.notes]
    return "\n".join(parts) + "\n"


MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*|[]~$"} | {"<": "&lt;", "&": "&amp;"})


def _caption(text: str) -> str:
    """Return a caption that holds no attributes."""
    return _escape(text).replace("{", r"\{")


def _name(label: str) -> str:
    """Return what a table is referred to by, as pandoc-crossref reads it: a LaTeX label tab:NAME is tbl:NAME there."""
    name = label.removeprefix("tab:").removeprefix("tbl:")
    return f" {{#tbl:{name}}}" if name else ""


def _escape(text: str) -> str:
    """Return text that stays in its cell and means nothing to Markdown."""
    line = " ".join(text.translate(MARKDOWN).split())
    return sub(r"(?<![^\W_])_|_(?![^\W_])", r"\_", line)


def _paragraph(text: str) -> str:
    """Return text that stands on a line of its own and is no heading, list, quotation or rule."""
    return sub(r"^(\d*)([-+=#>.)])", r"\1\\\2", _escape(text))
