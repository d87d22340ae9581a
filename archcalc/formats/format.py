"""What is known of a format before any file of it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archcalc.formats.peek import Peek


class Format(NamedTuple):
    """A format.

    Attributes:
        name: what `--to` takes.
        title: what a file of it is, or what `--to` writes.
        suffixes: how its files are called; the first one is that of files that are written.
        holds: tells by its first bytes whether a file is one; None where only the suffix does.
        reads: the module that registers what reads it; empty where nothing does.
        writes: the module that registers what writes it; empty where nothing does.
        mend: how to get a file that can be read.
        by_bytes: whether only the bytes tell, because files of all kinds have the suffix.
        folds: whether what is written shows blocks folded, down to a depth.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    holds: Callable[[Peek], bool] | None = None
    reads: str = ""
    writes: str = ""
    mend: str = ""
    by_bytes: bool = False
    folds: bool = False
