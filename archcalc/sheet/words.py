"""Kinds of cells that hold words: names, sentences, verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.sheet.sheet import Kind, Span


class Text(Kind):
    """A name or a word; it is cut where it is too long."""

    align = "left"


class Words(Text):
    """A sentence; it wraps."""

    wraps = True
    liked = 32


class NameList(Words):
    """Names or words."""

    def write(self, value: Sequence[str]) -> str:
        """Return a, b."""
        return ", ".join(value)

    def reduce(self, value: Sequence[str]) -> list[str]:
        """Return the names as a list."""
        return list(value)

    def flatten(self, value: Sequence[str]) -> str:
        """Return them as they are written."""
        return self.write(value)


class Verdict(Text):
    """Whether something holds."""

    def spans(self, text: str, *, is_nothing: bool, heavy: bool) -> Sequence[Span]:
        """Return the verdict, good or bad."""
        return ((text, "good" if text == "ok" or text.startswith("upheld") else "bad"),)


class Flag(Kind):
    """Whether something is so."""

    align = "left"

    def write(self, value: bool) -> str:
        """Return yes or no."""
        return "yes" if value else "no"

    def flatten(self, value: bool) -> str:
        """Return it as it is written."""
        return self.write(value)
