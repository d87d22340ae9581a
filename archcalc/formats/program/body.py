"""The steps of one function of a program, as an outline's items ask for them; how to say each is left to a framework."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from archcalc.formats.program.code import Expression, identifier
from archcalc.formats.program.nesting import Step
from archcalc.formats.program.outline import Auxiliary, BlockCall, Branch, Call, Item, Items, Merge, Repeat
from archcalc.formats.program.program import Signature, Writing
from archcalc.formats.program.series import Series, series
from archcalc.network.network import parts

Called = BlockCall | Series | Repeat
"""What calls blocks: one, several of them one after the other, or the same again and again."""
Said = Call | Merge
"""What a framework has a layer or a function for."""


class Body(ABC):
    """Collects the steps; a framework says how a layer, a function and a block are made and applied."""

    def __init__(self, source: Writing, blocks: Mapping[str, Signature], names: Mapping[str, str]) -> None:
        """Take the blocks that it may use, and the names of its own block's parameters."""
        self.source = source
        self.blocks = blocks
        self.names = names
        self.steps: list[Step] = []
        self.heads: list[int] = []
        self.lane = ""

    @abstractmethod
    def layer(self, item: Said, name: str, said: Expression, sources: Sequence[int]) -> int:
        """Take in a layer that is made for itself; return its value."""

    @abstractmethod
    def function(self, item: Said, name: str, said: Expression, sources: Sequence[int]) -> int:
        """Take in what is applied where it stands, and not made before; return its value."""

    @abstractmethod
    def again(self, item: Said, owner: int, said: Expression, sources: Sequence[int]) -> int:
        """Take in a layer with the weights of an earlier one; return its value."""

    @abstractmethod
    def called(self, item: Called, name: str, sources: Sequence[int]) -> int:
        """Take in calls of blocks, or of layers in a loop; return their value."""

    def walk(self, items: Items, current: int) -> int:
        """Take in items that start from the value `current`; return the value that they end on."""
        for item in series(items, self.source.rows):
            current = self._item(item, current)
        return current

    def along(self, items: Items, name: str, start: int) -> int:
        """Take in the items of a branch, which has a variable of its own; return the value that they end on."""
        outer, self.lane = self.lane, identifier(name, prefix="branch")
        end = self.walk(items, start)
        self.lane = outer
        return end

    def add(
        self,
        name: str,
        form: str,
        sources: Sequence[int],
        value: int,
        *,
        light: bool = False,
        function: bool = False,
    ) -> int:
        """Add the step that makes a value; return the value."""
        self.steps.append(Step(identifier(name), form, tuple(sources), value, light, function, self.lane))
        return value

    def _item(self, item: Item | Series, current: int) -> int:
        sources = None if isinstance(item, Repeat | Series) else item.sources
        start = sources[0] if sources else current
        if isinstance(item, Merge):
            ends = [self._branch(branch, number, start) for number, branch in enumerate(item.branches, 1)]
            return self.said(item, item.name or item.kind, ends)
        if isinstance(item, Auxiliary):
            self.heads.append(self._branch(Branch(item.name or "auxiliary", item.items), 1, start))
            return current
        if isinstance(item, Call):
            return self.said(item, item.name or item.kind, sources or (current,))
        return self.called(item, self._called_name(item), sources or (current,))

    def said(self, item: Said, name: str, sources: Sequence[int]) -> int:
        """Take in a layer, a function, or a layer with another's weights; return its value."""
        said = self.source.saying.call(item.position, item.settings)
        if said.is_pattern:
            return self.function(item, name, said, sources)
        if isinstance(item, Call) and item.tied is not None:
            return self.again(item, item.tied, said, sources)
        return self.layer(item, name, said, sources)

    def _branch(self, branch: Branch, number: int, start: int) -> int:
        """Take in one branch; return the value that it ends on."""
        alone = branch.items[0] if len(branch.items) == 1 else None
        own = alone.name if isinstance(alone, Call | BlockCall) else ""
        name = branch.name or own or f"branch{number}"
        if not branch.items:
            return self.add(identifier(name, prefix="branch"), "{0}", (start,), -2 - len(self.steps))
        return self.along(branch.items, name, start)

    def _called_name(self, item: Called) -> str:
        """Return a name for calls: their own; of several in a row that of the block around them, or of what they are."""
        if isinstance(item, BlockCall):
            return item.name or item.block
        first = item.items[0] if isinstance(item, Repeat) else item.uses[0]
        if not isinstance(first, BlockCall):
            return "repeated"
        if first.block in self.source.rows:
            return first.name or first.block
        path = parts(self.source.network.nodes[first.position].name)
        is_inside = not self.names and first.name in path[1:]
        return path[path.index(first.name) - 1] if is_inside else f"{first.block}s"
