"""Repeats as programs have them: few layers are written out, what branches becomes a block of its own."""

from __future__ import annotations

from collections.abc import Container, Sequence

from archcalc.formats.program.code import unused
from archcalc.formats.program.naming import local_name
from archcalc.formats.program.outline import (
    Auxiliary,
    Block,
    BlockCall,
    Branch,
    Call,
    Item,
    Items,
    Merge,
    Outline,
    Repeat,
    every,
)
from archcalc.formats.program.parameters import Variable
from archcalc.network.network import Node
from archcalc.op.setting import REQUIRED

START = -1
"""The value that such a block starts from: no node's position."""


MOST_LAYERS = 12
"""The most layers that are written out, so that each keeps its name."""


def enclosed(outline: Outline, nodes: Sequence[Node], apart: Container[int]) -> Outline:
    """Return an outline in which a repeat holds nothing that branches, no few layers, and none of those `apart`."""
    encloser = _Encloser({block.name for block in outline.blocks}, nodes, apart)
    for block in outline.blocks:
        items = encloser.items(block.items)
        encloser.blocks.append(block._replace(items=items))
    items = encloser.items(outline.items)
    return Outline(tuple(encloser.blocks), items)


class _Encloser:
    """Collects the blocks, each after those that it uses."""

    def __init__(self, names: set[str], nodes: Sequence[Node], apart: Container[int]) -> None:
        self.names = names
        self.nodes = nodes
        self.apart = apart
        self.blocks: list[Block] = []

    def items(self, items: Items) -> Items:
        return tuple(found for item in items for found in (self._written_out(item) or (self._item(item),)))

    def _written_out(self, item: Item) -> Items:
        """Return the layers of a repeat one after the other; nothing if it holds others, or too many."""
        if not isinstance(item, Repeat) or not isinstance(item.times, int):
            return ()
        inner = [layer for layer in item.items if isinstance(layer, Call) and layer.sources is None]
        if len(inner) < len(item.items) or len(inner) * item.times > MOST_LAYERS:
            return ()
        period = (item.position - inner[-1].position) // (item.times - 1)
        return tuple(
            layer._replace(position=position, name=local_name(self.nodes[position]))
            for time in range(item.times)
            for layer, position in ((layer, layer.position + time * period) for layer in inner)
        )

    def _item(self, item: Item) -> Item:
        if isinstance(item, Merge):
            return item._replace(
                branches=tuple(Branch(branch.name, self.items(branch.items)) for branch in item.branches)
            )
        if isinstance(item, Auxiliary):
            return item._replace(items=self.items(item.items))
        if isinstance(item, Repeat):
            inner = self.items(item.items)
            return item._replace(items=inner if all(map(self._is_plain, inner)) else (self._called(inner),))
        return item

    def _is_plain(self, item: Item) -> bool:
        if isinstance(item, Call) and item.position in self.apart:
            return False
        return not isinstance(item, Merge | Auxiliary) and (isinstance(item, Repeat) or item.sources is None)

    def _called(self, items: Items) -> BlockCall:
        """Return a call of a new block that holds some items; what is a parameter around it is one of it, too."""
        name = unused("unit", self.names)
        self.names.add(name)
        variables = dict.fromkeys(_variables(items))
        self.blocks.append(Block(name, dict.fromkeys(variables, REQUIRED), items, START))
        return BlockCall(items[-1].position, name, {variable: Variable(variable) for variable in variables})


def _variables(items: Items) -> list[str]:
    """Return the parameters that some items name, in order."""
    values: list[object] = []
    for item in every(items):
        if isinstance(item, Call | Merge):
            values += item.settings.values()
        elif isinstance(item, BlockCall):
            values += item.arguments.values()
        elif isinstance(item, Repeat):
            values.append(item.times)
    return [value.name for value in values if isinstance(value, Variable)]
