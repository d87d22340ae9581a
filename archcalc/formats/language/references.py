"""Which layers of a spec need a name, and how others refer to them.

The reader of specs numbers what has no name; a name is written where it differs from that number, and where
somebody refers to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from archcalc.formats.language.tree import AMBIGUOUS
from archcalc.formats.program.branches import Item, Items, every
from archcalc.formats.program.naming import is_numbered
from archcalc.ground import limits
from archcalc.network.network import add_number

WORD = re.compile(r"[\w-]+")


def key(item: Item) -> int:
    """Return what tells an item from others: its position; a head ends on the same node as the last item in it."""
    return ~item.call.value if item.is_head else item.call.value


def _find_taken(items: Items) -> Iterator[int]:
    """Yield the positions that items refer to."""
    for item in every(items):
        yield from item.sources or ()
        if item.call.tied is not None:
            yield item.call.tied


class References:
    """The names to write in one body by `key`, and by position the path by which to refer to a layer.

    They are found as the reader goes through the body, name by name. `labelled` are the positions of the layers
    whose branches keep their names.
    """

    def __init__(self, items: Items, paths: Mapping[int, str], outputs: Iterable[int] = ()) -> None:
        """Take a body, the paths of what is outside it, such as inputs, and the positions of the network's outputs."""
        self.names: dict[int, str] = {}
        self.paths = dict(paths)
        self.taken: set[str] = {"input", *paths.values()}
        self.counters: Counter[str] = Counter()
        self.unsure: set[str] = set()
        self.labelled: set[int] = set()
        self.fresh: Counter[str] = Counter()
        self.require = {*_find_taken(items), *outputs} - paths.keys()
        self.common = Counter(_own_names(items))
        self._visit(items, "", numbered=True)

    def _visit(self, items: Items, prefix: str, *, numbered: bool) -> None:
        """Name the items of a sequence; not `numbered` where it is repeated, so that names cannot be given."""
        for item in items:
            if item.call.times != 1:
                self._visit(item.branches[0], prefix, numbered=False)
                self.unsure.add(prefix)
            elif item.is_head:
                path = self._name(item, item.call.name if numbered else "", prefix)
                self._visit(item.branches[0], f"{path}.", numbered=True)
            else:
                if item.branches:
                    self._branches(item, prefix, numbered=numbered)
                self._name(item, item.call.name if numbered else "", prefix)

    def _branches(self, item: Item, prefix: str, *, numbered: bool) -> None:
        labels = item.call.labels or ("",) * len(item.branches)
        is_labelled = (
            numbered and len({*labels}) == len(labels) and all(self._is_label(x, prefix) for x in labels)
        )
        if is_labelled:
            self.labelled.add(item.call.value)
        for label, branch in zip(labels, item.branches, strict=True):
            path = f"{prefix}{label}" if is_labelled else self._next(prefix, "branch")
            self.taken.add(path)
            self._visit(branch, f"{path}.", numbered=numbered)

    def _name(self, item: Item, own: str, prefix: str) -> str:
        """Choose the name of an item, note it where it must be written, and return its path."""
        kind = item.call.callee
        wanted = own if self._is_free(own, prefix) else ""
        if key(item) in self.require and not (wanted and self._is_plain(wanted, kind, prefix)):
            wanted = self._fresh(kind, prefix)
        elif not wanted or (
            prefix not in self.unsure and f"{prefix}{wanted}" == self._number(prefix, kind)[0]
        ):
            path = self._next(prefix, kind)
            if key(item) in self.require:
                self.paths[item.call.value] = path
            return path
        path = f"{prefix}{wanted}"
        self.taken.add(path)
        self.names[key(item)] = wanted
        self.paths[key(item)] = path
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

    def _next(self, prefix: str, kind: str) -> str:
        path, number = self._number(prefix, kind)
        self.counters[f"{prefix}{kind}"] = number
        self.taken.add(path)
        return path

    def _number(self, prefix: str, kind: str) -> tuple[str, int]:
        """Return the path that the reader gives to what has no name, and its number."""
        number = self.counters[f"{prefix}{kind}"] + 1
        while (path := f"{prefix}{add_number(kind, number)}") in self.taken:
            number += 1
        return path, number


def _own_names(items: Items) -> Iterator[str]:
    """Yield every name in a body, of layers, uses of blocks and branches."""
    for item in every(items):
        if item.call.times == 1:
            yield item.call.name
        if item.branches:
            yield from item.call.labels
