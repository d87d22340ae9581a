"""Calls of one block in a row, with arguments that go up by the same steps: they are written as a loop."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from archcalc.formats.program.code import Code
from archcalc.formats.program.outline import Block, BlockCall, Item, Items, Outline, every
from archcalc.formats.program.parameters import Variable

FEWEST = 3
"""The fewest calls that become a loop."""
Rows = Mapping[str, Block]
"""Blocks that hold nothing but such calls, by name: each use is a loop, and the block itself is not written."""


class Series(NamedTuple):
    """Calls of one block in a row, with arguments that go up by the same steps."""

    uses: tuple[BlockCall, ...]

    @property
    def position(self) -> int:
        """The position of the last one."""
        return self.uses[-1].position

    def counted(self) -> BlockCall:
        """Return the call as it stands in a loop over i."""
        first, second = self.uses[:2]
        arguments = {
            key: start
            if second.arguments[key] == start
            else Code(_line(start, second.arguments[key] - start))
            for key, start in first.arguments.items()
        }
        return first._replace(arguments=arguments)


def _line(start: int, step: int) -> str:
    """Return start + step · i."""
    product = "i" if abs(step) == 1 else f"{abs(step)} * i"
    return f"{start} {'+' if step > 0 else '-'} {product}"


def series(items: Items, rows: Rows) -> list[Item | Series]:
    """Return items with every series of calls as one."""
    found: list[Item | Series] = []
    for item in items:
        if isinstance(item, BlockCall) and item.block in rows:
            found.append(_within(item, rows[item.block]))
            continue
        found.append(item)
        uses = _run(found)
        if len(uses) >= FEWEST:
            found[-2 if isinstance(found[-2], Series) else -FEWEST :] = [Series(uses)]
    return found


def rows_among(outline: Outline) -> Rows:
    """Return the blocks whose every use is a series of calls."""
    called: dict[str, list[BlockCall]] = {}
    for items in (outline.items, *(block.items for block in outline.blocks)):
        for item in every(items):
            if isinstance(item, BlockCall):
                called.setdefault(item.block, []).append(item)
    return {
        block.name: block
        for block in outline.blocks
        if len(block.items) >= FEWEST
        and all(isinstance(item, BlockCall) and not item.sources for item in block.items)
        and all(_is_whole(_within(use, block)) for use in called[block.name])
    }


def _within(use: BlockCall, block: Block) -> Series:
    """Return the calls in a block as one use of it makes them."""

    def argument(found: Any) -> Any:
        if not isinstance(found, Variable):
            return found
        given = use.arguments.get(found.name, block.parameters[found.name])
        return given * found.factor if found.factor > 1 else given

    return Series(
        tuple(
            item._replace(
                position=use.position,
                name=use.name,
                arguments={key: argument(found) for key, found in item.arguments.items()},
                sources=use.sources,
            )
            for item in block.items
            if isinstance(item, BlockCall)
        )
    )


def _is_whole(row: Series) -> bool:
    return row.uses[0].sources is None and all(
        _is_series(row.uses[at : at + FEWEST]) for at in range(len(row.uses) - FEWEST + 1)
    )


def _run(found: list[Item | Series]) -> tuple[BlockCall, ...]:
    """Return the calls at the end of a list that are one series."""
    last, before = found[-1], found[-2:-1]
    if not isinstance(last, BlockCall) or last.sources or not before:
        return ()
    if isinstance(before[0], Series):
        uses = (*before[0].uses, last)
        return uses if _is_series(uses[-3:]) else ()
    uses = tuple(item for item in found[-FEWEST:] if isinstance(item, BlockCall))
    return uses if len(uses) == FEWEST and _is_series(uses) else ()


def _is_series(uses: tuple[BlockCall, ...]) -> bool:
    """Tell whether three calls follow one another, with arguments that go up by the same steps."""
    first = uses[0]
    return all(
        use.block == first.block and use.arguments.keys() == first.arguments.keys() and not use.sources
        for use in uses[1:]
    ) and all(_is_step([use.arguments[key] for use in uses]) for key in first.arguments)


def _is_step(values: list[Any]) -> bool:
    if all(type(found) is int for found in values):
        return len({after - before for before, after in pairwise(values)}) == 1
    return all(type(found) is type(values[0]) and found == values[0] for found in values)
