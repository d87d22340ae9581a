"""Text that fits a width: sentences wrapped between words, names cut in their middle, settings by whole ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from rich.cells import cell_len, chop_cells, set_cell_size

WORD = re.compile(r"\S+")
NUMBER = re.compile(r"[0-9]+$")
DOT = re.compile(r"(?<=\w)\.(?!\d)")
"""A dot between the parts of a name; that of a number has a digit behind it."""


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
            while cell_len(text[start:end]) > width:
                stop = start + _length_of_line(text[start:end], width)
                yield start, stop
                start = stop
        yield start, end
        place += len(paragraph) + 1


def _length_of_line(word: str, width: int) -> int:
    """Return how much of a word that is too long goes on a line: of a name whole parts, up to the last dot that has room."""
    room = max(len(chop_cells(word, width)[0]), 1)
    dots = [dot.end() for dot in DOT.finditer(word, 0, room)]
    return dots[-1] if dots else room


def clip(text: str, width: int, mark: str = "…") -> str:
    """Return text that fits the width: words from their beginning, and of a name both ends, which tell layers apart.

    The end of a name is as many whole parts between its dots as have room beside the first one, and the number of the part before
    them, as in `conv2_x.bottl…1.residual`. A `mark` says what is left out.
    """
    room = width - cell_len(mark)
    if cell_len(text) <= width or room < 1:
        return text if cell_len(text) <= width else set_cell_size(text, width)
    if " " in text:
        return set_cell_size(text, room) + mark
    first, *parts = text.split(".")
    ends = (end for place in range(len(parts)) for end in _list_ends(parts[place:]))
    rest = next((end for end in ends if cell_len(first) + cell_len(end) <= room), "") or _end_of(
        text, room // 2
    )
    return set_cell_size(text, room - cell_len(rest)) + mark + rest


def tell_apart(names: Iterable[str], width: int, mark: str = "…") -> dict[str, str]:
    """Return names as they fit the width; where several would look alike, with the last part in which they differ."""
    cut = {name: clip(name, width, mark) for name in names}
    alike: dict[str, list[str]] = {}
    for name, short in cut.items():
        alike.setdefault(short, []).append(name)
    for group in alike.values():
        if len(group) > 1:
            backwards = zip(*[reversed(name.split(".")) for name in group], strict=False)
            tail = len(list(takewhile(lambda parts: len({*parts}) == 1, backwards)))
            cut |= {name: _cut_around(name, tail, width, mark) for name in group}
    return cut


def _cut_around(name: str, tail: int, width: int, mark: str) -> str:
    """Return a name with the part before a tail of so many: with all before it where there is room, else cut on both sides."""
    parts = name.split(".")
    own, end = ".".join(parts[: len(parts) - tail]), ".".join(parts[len(parts) - tail :])
    room = width - cell_len(mark) - cell_len(own)
    if room > 0:
        return own + mark + _end_of(end, room)
    own = parts[-tail - 1]
    room = width - 2 * cell_len(mark) - cell_len(own)
    if room < 2:
        return clip(name, width, mark)
    end = _end_of(end, room - room // 3)
    return set_cell_size(name, room - cell_len(end)) + mark + own + mark + end


def _list_ends(parts: Sequence[str]) -> Iterator[str]:
    """Yield the ends of a name whose first part may be cut, the longest first: all of it, and its number with what follows."""
    yield ".".join(parts)
    number = NUMBER.search(parts[0])
    if number and parts[1:]:
        yield ".".join((number[0], *parts[1:]))


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
