"""The calls of one body as nested structure: one after the other, layers with their branches, and heads.

Calls keep their order, so a branch is a stretch of calls without a gap. What is not nested so keeps the values that
it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archcalc.formats.program.calls import Call, Calls
from archcalc.network.liveness import last_uses

NESTING = 10
"""The deepest nesting of branches that is looked for; deeper ones are written with references."""
HEAD = "auxiliary"
"""The callee of a head that exists only in training: a call whose one branch is what is in it."""


class Item(NamedTuple):
    """A call, and the branches that it brings together, which start where it stands; one may be empty.

    A loop and a head have one branch, which is what is in them. `sources` are the values that a call takes; None
    where that is the value before it, or where its branches end.
    """

    call: Call
    branches: tuple[Items, ...] = ()
    sources: tuple[int, ...] | None = None

    @property
    def is_head(self) -> bool:
        """Whether it is a head, after which the main path goes on from where it started."""
        return self.call.callee == HEAD


Items = tuple[Item, ...]


def read_branches(calls: Calls, start: int) -> Items:
    """Return the calls of one body, which starts from a value."""
    return _Parser(calls, start).sequence(0, len(calls) - 1, START, 0)


def every(items: Items) -> Iterator[Item]:
    """Yield items, each before those in its branches."""
    for item in items:
        yield item
        for branch in item.branches:
            yield from every(branch)


START, OUTSIDE = -1, -2
"""The places of the value that a body starts from, and of others from outside it."""


class _Parser:
    """Finds the merges whose branches start from one place."""

    def __init__(self, calls: Calls, start: int) -> None:
        self.calls = calls
        self.values = {START: start} | {place: call.value for place, call in enumerate(calls)}
        places = {value: place for place, value in self.values.items()}
        self.inputs = [tuple(places.get(value, OUTSIDE) for value in call.inputs) for call in calls]
        self.last_use = last_uses([[place for place in own if place >= 0] for own in self.inputs], ())
        self.heads = dict(self._heads())
        self.merges: dict[int, list[int]] = {}
        for place in range(len(calls) - 1, -1, -1):
            for begin in self._starts(place):
                self.merges.setdefault(begin, []).append(place)

    def _heads(self) -> Iterator[tuple[int, int]]:
        """Yield the first and the last place of every head: it ends where nobody takes the value."""
        first = None
        for place, call in enumerate(self.calls):
            if call.head is None:
                continue
            first = place if first is None else first
            if self.last_use[place] == place:
                yield first, place
                first = None

    def _starts(self, merge: int) -> set[int]:
        """Return where the branches of a call with several inputs may start: at most one for each input."""
        inputs = self.inputs[merge]
        if len(inputs) < 2:
            return set()
        after = (self.inputs[end + 1] for end in inputs[:-1] if -1 <= end < merge - 1)
        return {min(inputs), *(sources[0] for sources in after if sources)}

    def sequence(self, first: int, last: int, start: int, depth: int) -> Items:
        """Return the calls between two places as a sequence that starts from the value at another one."""
        items = []
        place, current = first, start
        while place <= last:
            end = self.heads.pop(place, None)
            if end is not None:
                items.append(self._head(place, end, current, depth))
                place = end + 1
                continue
            merge = self._merge(place, last, current, depth)
            place, item = merge or (place, self._plain(place, current))
            items.append(item)
            current = place
            place += 1
        return tuple(items)

    def _plain(self, place: int, current: int) -> Item:
        call = self.calls[place]
        sources = None if self.inputs[place] in ((current,), ()) else call.inputs
        if call.times == 1:
            return Item(call, sources=sources)
        inner = read_branches(call.body, call.inputs[0]) if call.body else (Item(call._replace(times=1)),)
        return Item(call, (inner,), sources)

    def _head(self, first: int, last: int, current: int, depth: int) -> Item:
        start = self.inputs[first][0]
        inner = self.sequence(first, last, start, depth + 1)
        call = self.calls[last]
        sources = (self.calls[first].inputs[0],)
        head = Call(HEAD, {}, sources, call.value, name=call.head or "")
        return Item(head, (inner,), None if start == current else sources)

    def _merge(self, first: int, last: int, start: int, depth: int) -> tuple[int, Item] | None:
        """Return the widest merge of branches from `start`, the first of which begins at `first`, and its place."""
        if depth >= NESTING:
            return None
        for merge in self.merges.get(start, ()):
            if first < merge <= last:
                begins = list(self._begins(merge, first, start))
                ends = self.inputs[merge]
                if len(begins) > len(ends) and all(
                    begin == start or self._is_branch(begin, end, start, merge)
                    for begin, end in zip(begins, ends, strict=False)
                ):
                    return merge, self._join_branches(merge, begins[:-1], start, depth)
        return None

    def _is_branch(self, first: int, last: int, start: int, merge: int) -> bool:
        """Tell whether calls take nothing but `start` and give nothing but their last value, and that to the merge."""
        return self.last_use[last] <= merge and all(
            (place == last or self.last_use[place] <= last)
            and all(source == start or source >= first for source in self.inputs[place])
            for place in range(first, last + 1)
        )

    def _begins(self, merge: int, first: int, start: int) -> Iterator[int]:
        """Yield where each branch begins, the merge itself at last; an empty branch begins at `start`.

        Nothing more comes where the branches do not follow each other without a gap.
        """
        place = first
        for end in self.inputs[merge]:
            if end == start:
                yield start
            elif place <= end < merge:
                yield place
                place = end + 1
            else:
                return
        if place == merge:
            yield place

    def _join_branches(self, merge: int, begins: Sequence[int], start: int, depth: int) -> Item:
        branches = (
            () if begin == start else self.sequence(begin, end, start, depth + 1)
            for begin, end in zip(begins, self.inputs[merge], strict=True)
        )
        return Item(self.calls[merge], tuple(branches))
