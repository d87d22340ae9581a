"""A sheet: a table of raw values with a heading, a footer and notes. Every output format renders sheets and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal[
    "text",
    "words",
    "shape",
    "count",
    "bytes",
    "share",
    "settings",
    "figure",
    "field",
    "derivation",
    "verdict",
    "ratio",
    "mixed",
]
"""What a cell holds, which is how it is written.

`text` is cut where it is too long and `words` are wrapped; a `shape` has the batch first and is
written without it; a `share` is a fraction of the whole; a `figure` is a count or one
number an axis; a `field` is a receptive field and whether it is larger than the input; a `derivation` is symbols, numbers,
result and unit, written one below the other; a `ratio` is a factor, or words where it is no number; a `mixed`
cell is a `Cell`, which has a kind of its own; None stands for "not known".
"""


class Cell(NamedTuple):
    """A value and its kind, in a column where every row holds something else."""

    kind: Kind
    value: Any


class Column(NamedTuple):
    """A column: `key` names it in JSON, CSV and on the command line, `title` above it.

    `priority` says in what order columns give way on a narrow screen: 0 never does, the largest goes first.
    """

    key: str
    title: str
    kind: Kind
    help: str = ""
    priority: int = 0


class Sheet(NamedTuple):
    """Rows of raw values under columns.

    `facts` are what machines get beside the rows; `summary` is what people read below the table, and
    `notes` what they should know besides.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    footer: tuple[Any, ...] | None = None
    title: str = ""
    subtitle: tuple[str, ...] = ()
    summary: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}
