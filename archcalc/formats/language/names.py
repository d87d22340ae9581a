"""The names of layers, blocks and branches: made unique, and found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from archcalc.formats.language.scope import Use, word
from archcalc.network.network import add_number

PENDING = -1
"""The end of a layer that has a name but is not yet written out."""


class Head(NamedTuple):
    """A head that exists only in training, by its block's name: the node that it ends on, and how much its loss counts.

    The weight is None where nobody says it.
    """

    name: str
    end: int
    weight: float | None


class Paths:
    """Which node every dotted path ends on, and for blocks which node they start from.

    `order` are the paths as they were taken, and `blocks` those of where blocks start; `outermost` is the length of the shortest prefix under which a name was
    looked up since somebody set it.
    """

    def __init__(self) -> None:
        self.ends: dict[str, int] = {}
        self.starts: dict[str, int] = {}
        self.counters: dict[tuple[str, str], int] = {}
        self.order: list[str] = []
        self.blocks: list[str] = []
        self.outermost = 0

    def name(self, use: Use, prefix: str) -> str:
        """Return the layer's path: its own name, or its op and the next free number."""
        own = word(use, "name")
        return self.number(use.kind.text, prefix) if own is None else self.claim(use, prefix + own)

    def number(self, kind: str, prefix: str) -> str:
        """Return the path of a thing without a name of its own."""
        key = (prefix, kind)
        number = self.counters.get(key, 0) + 1
        while (path := f"{prefix}{add_number(kind, number)}") in self.ends:
            number += 1
        self.counters[key] = number
        self.ends[path] = PENDING
        self.order.append(path)
        return path

    def claim(self, use: Use, path: str) -> str:
        """Take a path that the spec gives, or raise where it is taken."""
        if path in self.ends:
            raise use.error(f"two layers are called '{path}'", "name", "give one of them another name")
        self.ends[path] = PENDING
        self.order.append(path)
        return path

    def start(self, path: str, position: int) -> None:
        """Note the node that a block starts from."""
        self.starts[path] = position
        self.blocks.append(path)

    def copy(
        self,
        names: Paths,
        paths: tuple[int, int],
        starts: tuple[int, int],
        prefixes: tuple[str, str],
        moved: Callable[[int], int],
    ) -> None:
        """Take names of a block once more, under another prefix: `paths` and `starts` are those from one to another in `names`."""
        old, new = prefixes
        cut = len(old)
        taken = names.order[slice(*paths)]
        copied = [new + path[cut:] for path in taken]
        self.ends.update(zip(copied, [moved(names.ends[path]) for path in taken], strict=True))
        self.order += copied
        for path in names.blocks[slice(*starts)]:
            self.start(new + path[cut:], moved(names.starts[path]))

    def find(self, name: str, prefix: str) -> int | None:
        """Return the node that a name means: looked up in this block, then in the ones around it.

        `input` in a block is what the block starts from. None where there is no such name yet.
        """
        while True:
            self.outermost = min(self.outermost, len(prefix))
            if (start := self.starts.get(f"{prefix}{name}")) is not None:
                return start
            if (position := self.ends.get(f"{prefix}{name}", PENDING)) != PENDING:
                return position
            if not prefix:
                return None
            outer = prefix[:-1].rpartition(".")[0]
            prefix = f"{outer}." if outer else ""

    def finish(self) -> Iterator[str]:
        """Yield the paths that can be taken from."""
        return (path for path, end in self.ends.items() if end != PENDING)
