"""The names of layers, blocks and branches: made unique, and found again."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.formats.language.scope import Use, word
from archcalc.network.network import numbered

PENDING = -1
"""The end of a layer that has a name but is not yet written out."""


class Paths:
    """Which node every dotted path ends on, and for blocks which node they start from."""

    def __init__(self) -> None:
        self.ends: dict[str, int] = {}
        self.starts: dict[str, int] = {}
        self.counters: dict[tuple[str, str], int] = {}

    def name(self, use: Use, prefix: str) -> str:
        """Return the layer's path: its own name, or its op and the next free number."""
        own = word(use, "name")
        return self.number(use.kind.text, prefix) if own is None else self.claim(use, prefix + own)

    def number(self, kind: str, prefix: str) -> str:
        """Return the path of a thing without a name of its own."""
        key = (prefix, kind)
        number = self.counters.get(key, 0) + 1
        while (path := f"{prefix}{numbered(kind, number)}") in self.ends:
            number += 1
        self.counters[key] = number
        self.ends[path] = PENDING
        return path

    def claim(self, use: Use, path: str) -> str:
        """Take a path that the spec gives, or raise where it is taken."""
        if path in self.ends:
            raise use.error(f"two layers are called '{path}'", "name", "give one of them another name")
        self.ends[path] = PENDING
        return path

    def find(self, name: str, prefix: str) -> int | None:
        """Return the node that a name means: looked up in this block, then in the ones around it.

        `input` in a block is what the block starts from. None where there is no such name yet.
        """
        while True:
            if (start := self.starts.get(f"{prefix}{name}")) is not None:
                return start
            if (position := self.ends.get(f"{prefix}{name}", PENDING)) != PENDING:
                return position
            if not prefix:
                return None
            outer = prefix[:-1].rpartition(".")[0]
            prefix = f"{outer}." if outer else ""

    def finished(self) -> Iterator[str]:
        """Yield the paths that can be taken from."""
        return (path for path, end in self.ends.items() if end != PENDING)
