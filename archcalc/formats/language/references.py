"""Which layers of a spec need a name, and how others refer to them.

The reader of specs numbers what has no name; a name is written where it differs from that number, and where
somebody refers to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from archcalc.formats.language.tree import AMBIGUOUS
from archcalc.formats.program.naming import is_numbered
from archcalc.formats.program.outline import Auxiliary, BlockCall, Call, Item, Items, Merge, Repeat, every
from archcalc.ground import limits
from archcalc.network.network import numbered

WORD = re.compile(r"[\w-]+")


class References(NamedTuple):
    """The names to write in one body by `key`, and by position what to call a layer in a reference.

    `labelled` are the positions of the merges whose branches keep their names.
    """

    names: Mapping[int, str]
    references: Mapping[int, str]
    labelled: AbstractSet[int]


def called(items: Items, references: Mapping[int, str], outputs: Iterable[int] = ()) -> References:
    """Return the names in a body; `references` are those to what is outside it: inputs, the block's start.

    `outputs` are positions that need a name because the network's outputs are there.
    """
    caller = _Caller(items, references, outputs)
    caller.visit(items, "", numbered=True)
    return References(caller.names, caller.references, caller.labelled)


def key(item: Item) -> int:
    """Return what tells an item from others: its position; a head ends on the same node as the last item in it."""
    return ~item.position if isinstance(item, Auxiliary) else item.position


def kind_of(item: Item) -> str:
    """Return what an item is called by itself, before its number."""
    match item:
        case Call() | Merge():
            return item.kind
        case BlockCall():
            return item.block
        case Auxiliary():
            return "auxiliary"
        case Repeat():
            return "repeat"


def taken_from(item: Item) -> tuple[int, ...]:
    """Return the positions that an item refers to."""
    match item:
        case Repeat():
            return ()
        case Call(tied=int() as tied):
            return (*(item.sources or ()), tied)
        case _:
            return item.sources or ()


def bodies(item: Item) -> Iterator[tuple[str, Items]]:
    """Yield the sequences within an item, each with the name of its branch."""
    match item:
        case Merge():
            yield from item.branches
        case Repeat() | Auxiliary():
            yield "", item.items


class _Caller:
    """Follows the reader through a body, name by name."""

    def __init__(self, items: Items, references: Mapping[int, str], outputs: Iterable[int]) -> None:
        self.names: dict[int, str] = {}
        self.references = dict(references)
        self.taken: set[str] = {"input", *references.values()}
        self.counters: Counter[str] = Counter()
        self.unsure: set[str] = set()
        self.labelled: set[int] = set()
        self.fresh: Counter[str] = Counter()
        referred = (position for item in every(items) for position in taken_from(item))
        self.needed = {*referred, *outputs} - references.keys()
        self.common = Counter(_own_names(items))

    def visit(self, items: Items, prefix: str, *, numbered: bool) -> None:
        """Name the items of a sequence; not `numbered` where it is repeated, so that names cannot be given."""
        for item in items:
            if isinstance(item, Merge):
                self._branches(item, prefix, numbered=numbered)
            if isinstance(item, Repeat):
                self.visit(item.items, prefix, numbered=False)
                self.unsure.add(prefix)
                continue
            path = self._name(item, item.name if numbered else "", prefix)
            if isinstance(item, Auxiliary):
                self.visit(item.items, f"{path}.", numbered=True)

    def _branches(self, merge: Merge, prefix: str, *, numbered: bool) -> None:
        names = [branch.name for branch in merge.branches]
        if numbered and len(set(names)) == len(names) and all(self._is_label(name, prefix) for name in names):
            self.labelled.add(merge.position)
        for branch in merge.branches:
            is_labelled = merge.position in self.labelled
            path = f"{prefix}{branch.name}" if is_labelled else self._next(prefix, "branch")
            self.taken.add(path)
            self.visit(branch.items, f"{path}.", numbered=numbered)

    def _name(self, item: Item, own: str, prefix: str) -> str:
        """Choose the name of an item, note it where it must be written, and return its path."""
        kind = kind_of(item)
        wanted = own if self._is_free(own, prefix) else ""
        if key(item) in self.needed and not (wanted and self._is_plain(wanted, kind, prefix)):
            wanted = self._fresh(kind, prefix)
        elif not wanted or (prefix not in self.unsure and f"{prefix}{wanted}" == self._peek(prefix, kind)):
            path = self._next(prefix, kind)
            if key(item) in self.needed:
                self.references[item.position] = path
            return path
        path = f"{prefix}{wanted}"
        self.taken.add(path)
        self.names[key(item)] = wanted
        self.references[key(item)] = path
        return path

    def _is_free(self, name: str, prefix: str) -> bool:
        """Tell whether a name can be given here: one like a number only where all numbers are known."""
        unknown = prefix in self.unsure and re.search(r"\d$", name) is not None
        return (
            WORD.fullmatch(name) is not None
            and name.lower() not in AMBIGUOUS
            and len(name) <= limits.NAME.value
            and f"{prefix}{name}" not in self.taken
            and not unknown
        )

    def _is_label(self, name: str, prefix: str) -> bool:
        return self._is_free(name, prefix) and not is_numbered(name, "branch")

    def _is_plain(self, name: str, kind: str, prefix: str) -> bool:
        """Tell whether a name means the same wherever it stands: nothing else in the body is called so."""
        return self.common[name] == 1 and not (prefix in self.unsure and is_numbered(name, kind))

    def _fresh(self, kind: str, prefix: str) -> str:
        """Return a name that the reader never gives, and that is nobody else's in the body."""
        while True:
            self.fresh[kind] += 1
            name = f"{kind}-{self.fresh[kind]}"
            if f"{prefix}{name}" not in self.taken and not self.common[name]:
                return name

    def _peek(self, prefix: str, kind: str) -> str:
        return self._number(prefix, kind)[0]

    def _next(self, prefix: str, kind: str) -> str:
        path, number = self._number(prefix, kind)
        self.counters[f"{prefix}{kind}"] = number
        self.taken.add(path)
        return path

    def _number(self, prefix: str, kind: str) -> tuple[str, int]:
        """Return the path that the reader gives to what has no name, and its number."""
        number = self.counters[f"{prefix}{kind}"] + 1
        while (path := f"{prefix}{numbered(kind, number)}") in self.taken:
            number += 1
        return path, number


def _own_names(items: Items) -> Iterator[str]:
    """Yield every name in a body, of layers, calls and branches."""
    for item in items:
        if not isinstance(item, Repeat):
            yield item.name
        for name, body in bodies(item):
            yield name
            yield from _own_names(body)
