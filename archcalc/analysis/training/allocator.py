"""PyTorch's caching allocator on a GPU: the blocks that it really hands out, and what it has reserved for them.

Sizes are rounded up to 512 bytes. Up to 1 MiB they come from segments of 2 MiB; from there on from segments of 20 MiB, and from
10 MiB on from segments of their own in steps of 2 MiB. The smallest free block that is large enough is taken, and split where
what remains is worth it: 512 bytes in small segments, more than 1 MiB in large ones. Free neighbours become one block.

Source: c10/cuda/CUDACachingAllocator.cpp of PyTorch 2 with its usual configuration, one stream.
"""

from __future__ import annotations

from bisect import bisect_left, insort

MIB = 2**20
UNIT = 512
"""What every size is rounded up to, and the least that is split off in small segments."""
SMALL = MIB
"""The largest block of a small segment, and the most that is not split off in large ones."""
SMALL_SEGMENT, LARGE_SEGMENT, STEP = 2 * MIB, 20 * MIB, 2 * MIB
OWN = 10 * MIB
"""The least that gets a segment of its own."""


class Chunk:
    """A block: a part of a segment, in use or free, between its neighbours."""

    __slots__ = ("after", "before", "is_free", "is_small", "size", "start")

    def __init__(self, start: int, size: int, *, is_small: bool) -> None:
        self.start = start
        self.size = size
        self.is_small = is_small
        self.is_free = False
        self.before: Chunk | None = None
        self.after: Chunk | None = None


class CachingAllocator:
    """Hands out blocks and takes them back, as PyTorch's does; a block counts with all its bytes, also those not asked for."""

    def __init__(self) -> None:
        self.allocated = 0
        self.reserved = 0
        self._free: dict[bool, list[tuple[int, int]]] = {True: [], False: []}  # sizes and places, in order
        self._chunks: dict[int, Chunk] = {}  # the free ones by their place
        self._end = 0

    def allocate(self, size: int) -> Chunk | None:
        """Return a block of at least `size` bytes; None for nothing at all."""
        if not size:
            return None
        rounded = -(-size // UNIT) * UNIT
        is_small = rounded <= SMALL
        block = self._take(rounded, is_small=is_small) or self._reserve(rounded, is_small=is_small)
        rest = block.size - rounded
        if rest >= UNIT if is_small else rest > SMALL:
            self._split(block, rounded)
        block.is_free = False
        self.allocated += block.size
        return block

    def free(self, block: Chunk | None) -> None:
        """Take a block back; it becomes one with free neighbours."""
        if block is None:
            return
        self.allocated -= block.size
        before, after = block.before, block.after
        if before is not None and before.is_free:
            self._forget(before)
            before.size += block.size
            before.after = after
            if after is not None:
                after.before = before
            block = before
        if after is not None and after.is_free:
            self._forget(after)
            block.size += after.size
            block.after = after.after
            if after.after is not None:
                after.after.before = block
        self._offer(block)

    def _take(self, size: int, *, is_small: bool) -> Chunk | None:
        """Return the smallest free block that is large enough, the first of several; None where there is none."""
        free = self._free[is_small]
        place = bisect_left(free, (size, -1))
        return self._chunks.pop(free.pop(place)[1]) if place < len(free) else None

    def _reserve(self, size: int, *, is_small: bool) -> Chunk:
        """Return a new segment."""
        if is_small:
            length = SMALL_SEGMENT
        elif size < OWN:
            length = LARGE_SEGMENT
        else:
            length = -(-size // STEP) * STEP
        block = Chunk(self._end, length, is_small=is_small)
        self._end += length + STEP  # segments are no neighbours
        self.reserved += length
        return block

    def _split(self, block: Chunk, size: int) -> None:
        rest = Chunk(block.start + size, block.size - size, is_small=block.is_small)
        rest.before, rest.after = block, block.after
        if block.after is not None:
            block.after.before = rest
        block.after, block.size = rest, size
        self._offer(rest)

    def _offer(self, block: Chunk) -> None:
        block.is_free = True
        insort(self._free[block.is_small], (block.size, block.start))
        self._chunks[block.start] = block

    def _forget(self, block: Chunk) -> None:
        free = self._free[block.is_small]
        free.pop(bisect_left(free, (block.size, block.start)))
        del self._chunks[block.start]
