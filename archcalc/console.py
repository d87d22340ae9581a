"""Draws sheets and errors on a terminal: the only importer of rich."""

from __future__ import annotations

import re
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from archcalc.errors import ArchcalcError
from archcalc.formats import written
from archcalc.sheet import Column, Sheet

TRAILING_BLANKS = re.compile(" +$", re.MULTILINE)
GAP = 2
"""Blanks between columns."""
LEAST_BAR, MOST_BAR = 4, 24
LEAST_NAME = 6
MOST_WORD = 24
"""The longest word that is kept whole where there is too little room."""
FLEXIBLE = ("words", "settings")
"""Kinds of columns that wrap or are cut where there is too little room."""
HEAVY = 0.1
"""The share of the whole from which a row stands out."""
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


def page(sheet: Sheet) -> str:
    """Return a sheet as it looks on standard output: as wide as the terminal, in colour if it has colours."""
    console = Console(highlight=False)
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
        console.print(_table(sheet, console.width))
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


def _table(sheet: Sheet, width: int) -> Table:
    """Return the table with the columns that fit, one rich row for the body: rich measures it once a column."""
    cells = [_written(sheet, index) for index in range(len(sheet.columns))]
    shown, bar, name_width = _fitting(sheet, cells, width)
    heavy = [_is_heavy(sheet, row) for row in sheet.rows]
    table = Table(
        box=SIMPLE,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        show_footer=sheet.footer is not None,
    )
    bodies = []
    for index in shown:
        column = sheet.columns[index]
        left = column.kind in ("text", "words", "settings")
        body, footer = cells[index][: len(sheet.rows)], cells[index][len(sheet.rows) :]
        table.add_column(
            Text(column.title),
            Text(footer[0] if footer else ""),
            justify="left" if left or column.kind == "share" else "right",
            no_wrap=column.kind != "words",
            min_width=None if index == 0 else _least_width(column, cells[index], bar),
            width=name_width if index == 0 else None,
            overflow="fold" if column.kind == "words" else "ellipsis",
        )
        bodies.append(_body(column, body, [row[index] for row in sheet.rows], heavy, bar))
    if any(sheet.columns[index].kind == "words" for index in shown):
        for parts in zip(*(body.split("\n", allow_blank=True) for body in bodies), strict=True):
            table.add_row(*parts)
    else:
        table.add_row(*bodies)
    return table


def _least_width(column: Column, texts: list[str], bar: int) -> int:
    """Return the width that a column keeps on a narrow screen: figures are never cut, and words only between words."""
    pieces = [column.title, *texts]
    if column.kind in FLEXIBLE:
        return min(MOST_WORD, max(len(word) for piece in pieces for word in piece.split() or [""]))
    return max(map(len, pieces)) + (bar + 1 if column.kind == "share" else 0)


def _written(sheet: Sheet, index: int) -> list[str]:
    """Return a column's cells as text, the footer's last."""
    kind = sheet.columns[index].kind
    rows = [*sheet.rows, sheet.footer] if sheet.footer else sheet.rows
    return [value if value == "" else written(kind, value) for value in (row[index] for row in rows)]


def _fitting(sheet: Sheet, cells: list[list[str]], width: int) -> tuple[list[int], int, int]:
    """Return the columns that fit, dropping the least important first; a bar's length; the width of the names."""
    columns = sheet.columns
    natural = [
        max(map(len, (column.title, *texts))) + GAP + (LEAST_BAR + 1) * (column.kind == "share")
        for column, texts in zip(columns, cells, strict=True)
    ]
    shown = list(range(len(columns)))
    while sum(natural[i] for i in shown) - GAP > width:
        last = max(shown, key=lambda i: (columns[i].priority, i))
        if not columns[last].priority:
            break
        shown.remove(last)
    spare = max(0, width + GAP - sum(natural[i] for i in shown))
    bars = sum(columns[i].kind == "share" for i in shown)
    bar = min(LEAST_BAR + spare // max(bars, 1), MOST_BAR)
    others = sum(_least_width(columns[i], cells[i], LEAST_BAR) + GAP for i in shown[1:])
    name_width = max(LEAST_NAME, min(natural[0] - GAP, width - others))
    return shown, bar, name_width


def _is_heavy(sheet: Sheet, row: tuple[Any, ...]) -> bool:
    shares = (v for c, v in zip(sheet.columns, row, strict=True) if c.kind == "share" and v)
    return any(share >= HEAVY for share in shares)


def _body(column: Column, texts: list[str], values: list[Any], heavy: list[bool], bar: int) -> Text:
    body = Text(no_wrap=column.kind != "words")
    widest = max(map(len, texts), default=0)
    for number, (text, value) in enumerate(zip(texts, values, strict=True)):
        if number:
            body.append("\n")
        if column.kind == "share":
            _append_share(body, text.rjust(widest), value, bar)
        elif column.kind == "verdict":
            body.append(text, STYLES["good" if text in GOOD else "bad"])
        else:
            body.append(text, _style(column, text, value, heavy[number]))
    return body


GOOD = frozenset(("ok", "holds"))


def _style(column: Column, text: str, value: Any, heavy: bool) -> str | None:
    if text == "" or value == 0 or column.kind == "settings":
        return STYLES["quiet"]
    return STYLES["heavy"] if heavy else None


def _append_share(body: Text, text: str, share: float | None, length: int) -> None:
    if share is None:
        body.append(text.ljust(len(text) + length + 1))
        return
    if not share:
        body.append(" " * (len(text) + length + 1))
        return
    style = "bar.heavy" if share >= HEAVY else "bar"
    body.append(text, STYLES["heavy"] if share >= HEAVY else None)
    body.append(f" {drawn(share, length)}", STYLES[style])


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
