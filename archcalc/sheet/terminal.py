"""Draws sheets and errors on a terminal: the only importer of rich."""

from __future__ import annotations

import os
import re
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from archcalc.ground.errors import ArchcalcError
from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import HEAVY, Column, Sheet, is_heavy

TRAILING_BLANKS = re.compile(" +$", re.MULTILINE)
GAP = 2
"""Blanks between columns."""
LEAST_BAR, MOST_BAR = 4, 10
PIPED = 160
"""The width of a page that no terminal limits, in characters."""
LEAST_NAME, LONG_NAME = 6, 30
"""Names keep the one and give way to other columns from the other."""
MOST_WORD = 24
"""The longest word that is kept whole where there is too little room."""
EIGHTHS = " ▏▎▍▌▋▊▉"
STYLES = {
    "title": "bold",
    "quiet": "dim",
    "heavy": "bold",
    "bar": "cyan",
    "bar.heavy": "bold bright_cyan",
    "good": "green",
    "bad": "bold red",
}


@renderer("table")
def page(sheet: Sheet) -> str:
    """Return a sheet as it looks on standard output: as wide as the terminal, in colour if it has colours."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPED
    with console.capture() as capture:
        draw(sheet, console)
    text = capture.get()
    return text if console.is_terminal else TRAILING_BLANKS.sub("", text)


def draw(sheet: Sheet, console: Console) -> None:
    """Print a sheet: its heading, its table, what people should know besides."""
    heading, below = _heading(sheet), _below(sheet)
    for line in heading:
        console.print(line)
    if heading:
        console.print(Text())
    if sheet.rows:
        table, hidden = _table(sheet, console.width)
        console.print(table)
        if hidden:
            below = [*below, Text(f"no room for: {', '.join(dict.fromkeys(hidden))}", STYLES["quiet"])]
    if below and sheet.rows:
        console.print(Text())
    for part in below:
        console.print(part)


def _heading(sheet: Sheet) -> list[Text]:
    lines = [Text(sheet.title, STYLES["title"])] if sheet.title else []
    return lines + [Text(line, STYLES["quiet"]) for line in sheet.subtitle]


def _below(sheet: Sheet) -> list[Text | Table]:
    below: list[Text | Table] = []
    if sheet.summary:
        grid = Table.grid(padding=(0, GAP, 0, 0))
        for label, text in sheet.summary:
            grid.add_row(Text(label, STYLES["quiet"]), Text(text))
        below.append(grid)
    return below + [Text(note, STYLES["quiet"]) for note in sheet.notes]


def _table(sheet: Sheet, width: int) -> tuple[Table, list[str]]:
    """Return the table with the columns that fit, and the titles of those that do not.

    Where no cell wraps, the body is one rich row with a line a layer: rich measures it once a column.
    """
    cells = [_written(sheet, index) for index in range(len(sheet.columns))]
    widths, bar = _fitting(sheet, cells, width)
    heavy = [is_heavy(sheet.columns, row) for row in sheet.rows]
    table = Table(
        box=SIMPLE,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        show_footer=sheet.footer is not None,
    )
    bodies = []
    for index in widths:
        column = sheet.columns[index]
        body, footer = cells[index][: len(sheet.rows)], cells[index][len(sheet.rows) :]
        if column.kind.shortens:
            body = [_shortened(text, widths[index] or 0) for text in body]
        table.add_column(
            Text(column.title),
            Text(footer[0] if footer else ""),
            justify="left" if column.kind.align == "left" or column.kind.has_bar else "right",
            no_wrap=not column.kind.wraps,
            min_width=_needed(column, cells[index], bar) if widths[index] is None else None,
            width=widths[index],
            overflow="fold" if column.kind.wraps else "ellipsis",
        )
        bodies.append(_body(column, body, [row[index] for row in sheet.rows], heavy, bar))
    if any(sheet.columns[index].kind.wraps for index in widths):
        for parts in zip(*bodies, strict=True):
            table.add_row(*parts)
    else:
        table.add_row(*(Text("\n", no_wrap=True).join(body) for body in bodies))
    hidden = [column.title for index, column in enumerate(sheet.columns) if index not in widths]
    return table, hidden


def _written(sheet: Sheet, index: int) -> list[str]:
    """Return a column's cells as text, the footer's last."""
    kind = sheet.columns[index].kind
    rows = [*sheet.rows, sheet.footer] if sheet.footer else sheet.rows
    return [kind.text(row[index]) for row in rows]


def _fitting(sheet: Sheet, cells: list[list[str]], width: int) -> tuple[dict[int, int | None], int]:
    """Return the columns that fit, dropping the least important first, with their widths; and a bar's length.

    Figures have the width that they need; settings and then names take what is left; a width of None is
    for what wraps.
    """
    columns = sheet.columns
    liked = [_liked(column, texts) + GAP for column, texts in zip(columns, cells, strict=True)]
    liked[0] = min(liked[0], LONG_NAME + GAP)
    shown = list(range(len(columns)))
    while sum(liked[i] for i in shown) - GAP > width:
        last = max(shown, key=lambda i: (columns[i].priority, i))
        if not columns[last].priority:
            break
        shown.remove(last)
    wished = sum(_widest(columns[i], cells[i]) + GAP - liked[i] for i in shown if columns[i].kind.shortens)
    spare = max(0, width + GAP - sum(liked[i] for i in shown) - wished)
    bars = sum(columns[i].kind.has_bar for i in shown)
    bar = min(LEAST_BAR + spare // max(bars, 1), MOST_BAR)
    widths: dict[int, int | None] = {i: _needed(columns[i], cells[i], bar) for i in shown}
    for i in (*(i for i in shown if columns[i].kind.shortens), 0):
        room = width - sum((widths[j] or 0) + GAP for j in shown if j != i)
        widths[i] = min(_widest(columns[i], cells[i]), max(room, LEAST_NAME))
    return {i: None if columns[i].kind.wraps and i else widths[i] for i in shown}, bar


def _shortened(settings: str, width: int) -> str:
    """Return settings that fit the width: whole ones, and an ellipsis for the others."""
    kept = settings
    while len(kept) > width and kept:
        kept = kept.removesuffix(", …").rpartition(", ")[0]
        kept = f"{kept}, …" if kept else ""
    return kept if kept or not settings else "…"


def _needed(column: Column, texts: list[str], bar: int) -> int:
    """Return the width that a column cannot do without: of figures all of it, of words the longest one."""
    if column.kind.shortens:
        return min(column.kind.liked or 0, _widest(column, texts))
    if column.kind.wraps:
        return min(
            MOST_WORD, max(len(word) for text in (column.title, *texts) for word in text.split() or [""])
        )
    return _widest(column, texts) + (bar + 1 if column.kind.has_bar else 0)


def _liked(column: Column, texts: list[str]) -> int:
    """Return the width that a column would like; words and settings like no more than a short line."""
    bar = LEAST_BAR + 1 if column.kind.has_bar else 0
    widest = _widest(column, texts) + bar
    return min(widest, column.kind.liked or widest)


def _widest(column: Column, texts: list[str]) -> int:
    """Return the length of a column's longest line, its title among them."""
    return max(len(line) for text in (column.title, *texts) for line in text.split("\n"))


def _body(column: Column, texts: list[str], values: list[Any], heavy: list[bool], bar: int) -> list[Text]:
    """Return a column's cells, styled."""
    widest = max(map(len, texts), default=0)
    return [
        _cell(column, text.rjust(widest) if column.kind.has_bar else text, value, is_heavy, bar)
        for text, value, is_heavy in zip(texts, values, heavy, strict=True)
    ]


def _cell(column: Column, text: str, value: Any, heavy: bool, bar: int) -> Text:
    if column.kind.has_bar:
        return _share(text, value, bar)
    spans = column.kind.spans(text, value, heavy=heavy)
    return Text.assemble(*((piece, STYLES[style] if style else "") for piece, style in spans))


def _share(text: str, share: float | None, length: int) -> Text:
    """Return a share and its bar; nothing where there is none, and no bar where it is not known."""
    if share is None:
        return Text(text.ljust(len(text) + length + 1))
    if not share:
        return Text(" " * (len(text) + length + 1))
    is_heavy = share >= HEAVY
    bar = (f" {drawn(share, length)}", STYLES["bar.heavy" if is_heavy else "bar"])
    return Text.assemble((text, STYLES["heavy"] if is_heavy else ""), bar)


def drawn(share: float, width: int) -> str:
    """Return a bar of `width` characters, filled to the nearest eighth of one; something is never nothing."""
    eighths = max(1, round(min(share, 1.0) * width * 8))
    full, part = divmod(eighths, 8)
    bar = "█" * full + (EIGHTHS[part] if part else "")
    return bar.ljust(width)


def complain(error: ArchcalcError) -> None:
    """Print an error on standard error, the fact and the caret in colour on a terminal."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for number, line in enumerate(str(error).split("\n")):
        if number == 0:
            place, _, fact = line.partition(": ") if error.place else ("", "", line)
            console.print(Text.assemble((f"{place}: " if place else "", "bold"), (fact, "bold red")))
        elif line.startswith("hint: "):
            console.print(Text.assemble(("hint: ", "bold cyan"), line[6:]))
        elif line.strip(" |^") == "" and "^" in line:
            console.print(Text(line, "red"))
        else:
            console.print(Text(line))
