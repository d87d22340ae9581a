"""Text that fits a width: sentences wrapped between words, names cut in their middle, settings by whole ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells, set_cell_size

WORD = re.compile(r"\S+")


def wrap(text: str, width: int) -> list[str]:
    """Return text in lines of at most `width` characters, broken between words where that is possible."""
    return [text[start:end] for start, end in line_ends(text, width)]


def line_ends(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield where each line of a text begins and ends once it is wrapped."""
    place = 0
    for paragraph in text.split("\n"):
        start = end = place
        for word in WORD.finditer(text, place, place + len(paragraph)):
            if cell_len(text[start : word.end()]) > width and end > start:
                yield start, end
                start = word.start()
            end = word.end()
            for part in chop_cells(text[start:end], width)[:-1]:
                yield start, start + len(part)
                start += len(part)
        yield start, end
        place += len(paragraph) + 1


def clip(text: str, width: int, mark: str = "…") -> str:
    """Return text that fits the width: words from their beginning, and of a name both ends, which tell layers apart.

    The end of a name is as many whole parts between its dots as have room beside the first one. A `mark` says what is left out.
    """
    room = width - cell_len(mark)
    if cell_len(text) <= width or room < 1:
        return text if cell_len(text) <= width else set_cell_size(text, width)
    if " " in text:
        return set_cell_size(text, room) + mark
    first, _, rest = text.partition(".")
    while rest and cell_len(first) + cell_len(rest) > room:
        rest = rest.partition(".")[2]
    rest = rest or _end_of(text, room // 2)
    return set_cell_size(text, room - cell_len(rest)) + mark + rest


def _end_of(text: str, width: int) -> str:
    """Return as much of the end of a text as fits the width."""
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= width:
        start -= 1
    return text[start:]


def shorten(settings: str, width: int) -> str:
    """Return settings that fit the width: whole ones, and an ellipsis for the others."""
    kept = settings
    while len(kept) > width and kept:
        kept = kept.removesuffix(", …").rpartition(", ")[0]
        kept = f"{kept}, …" if kept else ""
    return kept if kept or not settings else "…"
