"""Lays a sheet out as lines for people: the columns that fit, words that wrap, bars beside shares.

A line is pieces of text with the names of their styles; colours are the terminal's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from archcalc.sheet.cuts import clip, line_ends, shorten, tell_apart, wrap
from archcalc.sheet.sheet import HEAVY, Column, Line, Sheet, Span, bars, is_heavy

Spelled = Callable[[str], str]

GAP = 2
"""Blanks between columns."""
LEAST_BAR, MOST_BAR = 4, 10
PAGE = 160
"""Where sentences wrap on a page that nothing limits; all else takes what it needs there."""
LEAST_NAME, LONG_NAME = 6, 30
"""Names keep the one and give way to other columns from the other."""
LEAST_SETTINGS = 12
"""What settings are shortened to before they are left out."""
MOST_WORD = 24
"""The longest word that is kept whole where there is too little room."""
ALIKE = 1024
"""How many cells of a column are kept as they were laid out: in long tables most say what others say."""
EIGHTHS = " ▏▎▍▌▋▊▉"


def lay_out(sheet: Sheet, width: int | None, spelled: Spelled = str) -> Iterator[Line]:
    """Yield the lines of a sheet: its heading, its table, what people should know besides.

    Args:
        sheet: what to show.
        width: that of the screen in characters, None where nothing limits it.
        spelled: what puts text in signs that the screen has.
    """
    page = width or PAGE
    if sheet.title:
        yield from _paragraph(spelled(sheet.title), "title", page)
    for text in sheet.subtitle:
        yield from _paragraph(spelled(text), "quiet", page)
    if sheet.title or sheet.subtitle:
        yield ()
    notes = list(sheet.notes)
    if sheet.picture:
        for line in sheet.picture.draw(page):
            yield [(spelled(text), style) for text, style in line]
        yield ()
    elif sheet.rows:
        strips = [_strip(sheet, place, spelled) for place in range(len(sheet.columns))]
        widths, bar = fit(strips, width)
        kept = [strip for strip in strips if strip.place in widths]
        yield from _table(sheet, kept, widths, bar, spelled)
        hidden = dict.fromkeys(strip.column.title for strip in strips if strip.place not in widths)
        notes += [f"no room for: {', '.join(hidden)}"] if hidden else []
        if notes or sheet.summary:
            yield ()
    yield from _summary([(spelled(label), spelled(text)) for label, text in sheet.summary], page)
    for note in notes:
        yield from _paragraph(spelled(note), "quiet", page)


def _paragraph(text: str, style: str, width: int) -> Iterator[Line]:
    for line in wrap(text, width):
        yield ((line, style),)


def _summary(summary: Sequence[tuple[str, str]], width: int) -> Iterator[Line]:
    """Yield labels with what they say beside them."""
    widest = max((cell_len(label) for label, _ in summary), default=0)
    for label, text in summary:
        for number, line in enumerate(wrap(text, max(width - widest - GAP, LEAST_NAME))):
            yield ((set_cell_size("" if number else label, widest + GAP), "quiet"), (line, ""))


class Strip(NamedTuple):
    """A column with its cells as text, the footer's last; `widest` is the length of its longest line."""

    place: int
    column: Column
    texts: Sequence[str]
    widest: int

    @property
    def wraps(self) -> bool:
        """Whether its width is what the others leave; the first column has one of its own."""
        return self.column.kind.wraps and self.place > 0

    @property
    def liked(self) -> int:
        """The width that it would like: words and settings no more than a short line, names not a long one."""
        kind = self.column.kind
        wished = self.widest + (LEAST_BAR + 1 if kind.has_bar else 0)
        most = wished if kind.liked is None else kind.liked
        return min(wished, most if self.place else min(most, LONG_NAME))

    @property
    def least(self) -> int:
        """The width that it cannot do without: of figures all of it, of words the longest one."""
        kind = self.column.kind
        if kind.shortens:
            return min(kind.liked or 0, self.widest)
        if kind.wraps:
            words = (word for text in (self.column.title, *self.texts) for word in text.split())
            return min(MOST_WORD, max(map(cell_len, words), default=0))
        return self.widest


def _strip(sheet: Sheet, place: int, spelled: Spelled) -> Strip:
    column = sheet.columns[place]
    rows = [*sheet.rows, sheet.footer] if sheet.footer else sheet.rows
    texts = [spelled(column.kind.text(row[place])) for row in rows]
    lines = (line for text in (column.title, *dict.fromkeys(texts)) for line in text.split("\n"))
    return Strip(place, column, texts, max(map(cell_len, lines)))


def fit(strips: Sequence[Strip], width: int | None) -> tuple[dict[int, int], int]:
    """Return the width of each column that fits, the least important left out first, and the length of a bar.

    Figures have the width that they need; settings, then names, then sentences take what is left.
    """
    shown = _keep(strips, width)
    bar = _bar_length(shown, width)
    widths = {strip.place: strip.least + (bar + 1 if strip.column.kind.has_bar else 0) for strip in shown}

    def room_for(own: Sequence[Strip]) -> int:
        others = sum(widths.values()) - sum(widths[strip.place] for strip in own)
        return (width or PAGE) - others - GAP * (len(shown) - 1)

    for strip in (*(strip for strip in shown if strip.column.kind.shortens), shown[0]):
        room = strip.widest if width is None else max(room_for([strip]), LEAST_NAME)
        widths[strip.place] = min(strip.widest, room)
    wrapping = sorted((strip for strip in shown if strip.wraps), key=lambda strip: strip.widest)
    room = room_for(wrapping)
    for left, strip in zip(range(len(wrapping), 0, -1), wrapping, strict=True):
        widths[strip.place] = max(strip.least, min(strip.widest, room // left))
        room -= widths[strip.place]
    return widths, bar


def _keep(strips: Sequence[Strip], width: int | None) -> list[Strip]:
    """Return the columns that have room side by side; settings are shortened before they are left out."""
    shown = list(strips)
    while width is not None and (lacking := sum(strip.liked + GAP for strip in shown) - GAP - width) > 0:
        last = max(shown, key=lambda strip: (strip.column.priority, strip.place))
        if not last.column.priority or (last.column.kind.shortens and last.liked - lacking >= LEAST_SETTINGS):
            break
        shown.remove(last)
    return shown


def _bar_length(shown: Sequence[Strip], width: int | None) -> int:
    """Return how long a bar can be once settings have all that they need."""
    bars = sum(strip.column.kind.has_bar for strip in shown)
    if width is None or not bars:
        return MOST_BAR
    wished = sum(strip.widest - strip.liked for strip in shown if strip.column.kind.shortens)
    spare = width + GAP - sum(strip.liked + GAP for strip in shown) - wished
    return min(LEAST_BAR + max(0, spare) // bars, MOST_BAR)


def _table(
    sheet: Sheet, strips: Sequence[Strip], widths: Mapping[int, int], bar: int, spelled: Spelled
) -> Iterator[Line]:
    columns = [_Cells(strip, widths[strip.place], bar, spelled) for strip in strips]
    each = [column.width for column in columns]
    rule = ((spelled("─") * (sum(each) + GAP * (len(each) - 1)), ""),)
    shares = bars(sheet.columns)
    yield from _row([column.head(column.strip.column.title) for column in columns], each, at_bottom=True)
    yield rule
    for number, row in enumerate(sheet.rows):
        heavy = is_heavy(shares, row)
        yield from _row(
            [column.body(number, row[column.strip.place], heavy=heavy) for column in columns], each
        )
    if sheet.footer:
        yield rule
        yield from _row([column.head(column.strip.texts[-1]) for column in columns], each)


class _Cells:
    """The cells of a column at their width."""

    def __init__(self, strip: Strip, width: int, bar: int, spelled: Spelled) -> None:
        self.strip = strip
        self.kind = strip.column.kind
        self.width = width
        self.bar = bar
        self.spelled = spelled
        self.mark = spelled("…")
        self.figures = max(map(len, strip.texts), default=0)
        self.names = {} if strip.place or self.kind.wraps else tell_apart(strip.texts, width, self.mark)
        self.is_right = self.kind.align == "right" and not self.kind.has_bar
        self.lay_out = lru_cache(ALIKE)(self._lay_out)
        self.draw = lru_cache(ALIKE)(self._draw)

    def head(self, text: str) -> Sequence[Line]:
        """Return a title, or what stands in the footer."""
        return [self._pad([(line, "title")]) for line in self._lines(text)]

    def body(self, row: int, value: object, *, heavy: bool) -> Sequence[Line]:
        """Return a cell in as many lines as it takes."""
        text = self.strip.texts[row]
        if self.kind.has_bar:
            return self.draw(text, value)
        return self.lay_out(text, value == 0, heavy)

    def _lay_out(self, text: str, is_nothing: bool, heavy: bool) -> Sequence[Line]:
        """Return a text in as many lines as it takes."""
        if self.kind.shortens:
            text = shorten(text, self.width)
        spans = self.kind.spans(text, is_nothing=is_nothing, heavy=heavy)
        if "\n" not in text and cell_len(text) <= self.width:
            return [self._pad(spans)]
        if not self.kind.wraps:
            cut = self.names.get(text) or clip(text, self.width, self.mark)
            return [self._pad([(cut, spans[0][1])])]
        return [self._pad(list(_cut_out(spans, *ends))) for ends in line_ends(text, self.width)]

    def _lines(self, text: str) -> list[str]:
        if self.kind.wraps:
            return wrap(text, self.width)
        return [clip(text, self.width, self.mark)]

    def _pad(self, spans: Sequence[Span]) -> Line:
        blanks = " " * (self.width - sum([cell_len(text) for text, _ in spans]))
        spelled = [(self.spelled(text), style) for text, style in spans]
        return [(blanks, ""), *spelled] if self.is_right else [*spelled, (blanks, "")]

    def _draw(self, text: str, share: object) -> Sequence[Line]:
        """Return a share and its bar; nothing where there is none, and no bar where it is not known."""
        if not isinstance(share, int | float) or not share:
            return [[(("" if share is not None else text).rjust(self.figures).ljust(self.width), "")]]
        is_heavy = share >= HEAVY
        figure = (text.rjust(self.figures), "heavy" if is_heavy else "")
        bar = self.spelled(f" {draw_bar(share, self.bar)}".ljust(self.width - self.figures))
        return [[figure, (bar, "bar.heavy" if is_heavy else "bar")]]


SPACE = (" " * GAP, "")
"""What stands between two columns."""


def _row(
    cells: Sequence[Sequence[Line]], widths: Sequence[int], *, at_bottom: bool = False
) -> Iterator[Line]:
    """Yield the lines of cells side by side; shorter cells stand at the top."""
    most = max(map(len, cells))
    for number in range(most):
        line: list[Span] = []
        for lines, width in zip(cells, widths, strict=True):
            place = number - (most - len(lines)) if at_bottom else number
            line += lines[place] if 0 <= place < len(lines) else ((" " * width, ""),)
            line.append(SPACE)
        yield line[:-1]


def _cut_out(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """Yield what of some spans lies between two places in their text."""
    place = 0
    for text, style in spans:
        piece = text[max(0, start - place) : max(0, end - place)]
        if piece:
            yield piece, style
        place += len(text)


def draw_bar(share: float, width: int) -> str:
    """Return a bar of `width` characters, filled to the nearest eighth of one; something is never nothing."""
    eighths = max(1, round(min(share, 1.0) * width * 8))
    full, part = divmod(eighths, 8)
    bar = "█" * full + (EIGHTHS[part] if part else "")
    return bar.ljust(width)
