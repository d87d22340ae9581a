"""Shows sheets and errors on a terminal, in its width and its colours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console
from rich.text import Text

from archcalc.ground.errors import ArchcalcError, each_of
from archcalc.sheet.layout import lay_out
from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import Line, Sheet
from archcalc.sheet.signs import speller

USUAL = 80
"""The width of a terminal that does not say it."""
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
    return draw(sheet, Console(highlight=False))


def write_plain(sheet: Sheet) -> str:
    """Return a sheet as it looks on standard output, without colours."""
    return _join(_lines(sheet, Console(highlight=False)))


def draw(sheet: Sheet, console: Console) -> str:
    """Return a sheet as it looks on a console; what no terminal shows is as wide as it needs to be."""
    lines = _lines(sheet, console)
    if not console.is_terminal:
        return _join(lines)
    paint = {style: _painter(console, name) for style, name in STYLES.items()}
    return "".join(f"{_paint(line, paint)}\n" for line in lines)


def _lines(sheet: Sheet, console: Console) -> Iterator[Line]:
    is_limited = console.is_terminal or bool(os.environ.get("COLUMNS"))
    return lay_out(sheet, (console.width or USUAL) if is_limited else None, speller(console.encoding))


def _join(lines: Iterable[Line]) -> str:
    return "".join("".join(text for text, _ in line).rstrip(" ") + "\n" for line in lines)


def _paint(line: Line, paint: Mapping[str, tuple[str, str]]) -> str:
    pieces = ((text, paint.get(style, ("", ""))) for text, style in line)
    return "".join(f"{before}{text}{after}" for text, (before, after) in pieces)


def _painter(console: Console, style: str) -> tuple[str, str]:
    """Return what goes before and after text of a style on a console."""
    with console.capture() as capture:
        console.print(Text("x", style), end="")
    before, _, after = capture.get().partition("x")
    return before, after


def render_markdown(text: str) -> str:
    """Return a page in Markdown as a terminal shows it; what no terminal shows stays as it is."""
    console = Console(highlight=False)
    if not console.is_terminal:
        return text
    from rich.markdown import Markdown

    with console.capture() as capture:
        console.print(Markdown(text))
    return capture.get()


def complain(error: ArchcalcError) -> None:
    """Print an error on standard error, the fact and the caret in colour on a terminal; of several each, and how many."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.width = console.width or USUAL
    errors = each_of(error)
    for each in errors:
        _complain(each, console)
        if len(errors) > 1:
            console.print(Text())
    if len(errors) > 1:
        console.print(Text(f"{len(errors)} errors", "bold red"))


def _complain(error: ArchcalcError, console: Console) -> None:
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
