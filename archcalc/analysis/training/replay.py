"""A schedule played through: how much is alive at each moment, as it was asked for or as PyTorch's allocator hands it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archcalc.analysis.training.allocator import CachingAllocator, Chunk
from archcalc.analysis.training.schedule import AHEAD, Instant, Part, Schedule


class Peak(NamedTuple):
    """The most that is alive at once in a step.

    `bytes` are those of all that is there, `moment` is when, and `parts` of what, as it was asked for. `kept` are the bytes
    between forward and backward beside those before the step, and `reserved` those that the allocator has for all of it.
    `line` has the most at each moment, one after the other.
    """

    bytes: int
    moment: Instant
    parts: Mapping[Part, int]
    kept: int
    reserved: int
    line: Sequence[tuple[Instant, int]]


def replay(schedule: Schedule, *, as_allocated: bool) -> Peak:
    """Return the peak of the second of two steps: the first one finds no free blocks, and leaves some behind."""
    player = _Player(schedule, CachingAllocator() if as_allocated else None)
    player.warm_up()
    return player.play()


class _Player:
    """What is alive, and the blocks that it is in."""

    def __init__(self, schedule: Schedule, allocator: CachingAllocator | None) -> None:
        self.schedule = schedule
        self.allocator = allocator
        self.sizes = [tensor.bytes for tensor in schedule.tensors]
        self.asked = 0
        self.blocks: dict[int, Chunk | None] = {}
        for number in range(schedule.resident):
            self._turn(number)
        self.before = self.total

    @property
    def total(self) -> int:
        """The bytes of all that is alive."""
        return self.asked if self.allocator is None else self.allocator.allocated

    def warm_up(self) -> None:
        """Go through a step, and let go of what it leaves behind, as is done before the next one."""
        events, resident = self.schedule.events, self.schedule.resident
        for place in range(resident, len(events)):
            self._turn(events[place][0])
        for number in [number for number in self.blocks if number >= resident]:
            self._turn(number)

    def play(self) -> Peak:
        """Go through a step, and return its peak."""
        events = self.schedule.events
        most, when, kept, highest = 0, 0, None, 0
        line: list[tuple[Instant, int]] = []
        now: Instant | None = None
        for place in range(self.schedule.resident, len(events)):
            number, moment = events[place]
            if moment is not now:
                if now is not None:
                    line.append((now, highest))
                now, highest = moment, 0
                if kept is None and moment.phase not in AHEAD:
                    kept = self.total - self.before
            total = self._turn(number)
            if total > highest:
                highest = total
                if total > most:
                    most, when = total, place
        if now is not None:
            line.append((now, highest))
        reserved = self.asked if self.allocator is None else self.allocator.reserved
        return Peak(most, events[when][1], self._alive_at(when), kept or 0, reserved, line)

    def _turn(self, number: int) -> int:
        """Bear a tensor, or let it die where it is alive; return the bytes of all that is alive then."""
        size, allocator = self.sizes[number], self.allocator
        if number in self.blocks:
            self.asked -= size
            block = self.blocks.pop(number)
            if block is not None and allocator is not None:
                allocator.free(block)
        elif size:
            self.asked += size
            self.blocks[number] = None if allocator is None else allocator.allocate(size)
        return self.asked if allocator is None else allocator.allocated

    def _alive_at(self, when: int) -> Counter[Part]:
        """Return the bytes of what is alive behind an event, by what it is."""
        alive: set[int] = set()
        for number, _ in self.schedule.events[: when + 1]:
            alive ^= {number}
        parts: Counter[Part] = Counter()
        for number in alive:
            tensor = self.schedule.tensors[number]
            parts[tensor.part] += tensor.bytes
        return parts
