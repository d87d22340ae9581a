"""The steps of one function of a program, one call after the other; how to say each is left to a framework."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from archcalc.formats.program.branches import Item, Items
from archcalc.formats.program.calls import Call
from archcalc.formats.program.code import Expression, identifier
from archcalc.formats.program.nesting import Step
from archcalc.formats.program.parameters import Rising
from archcalc.formats.program.program import Signature, Writing, value


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
    def layer(self, call: Call, name: str, expression: Expression, sources: Sequence[int]) -> int:
        """Take in a layer that is made for itself; return its value."""

    @abstractmethod
    def function(self, call: Call, name: str, expression: Expression, sources: Sequence[int]) -> int:
        """Take in what is applied where it stands, and not made before; return its value."""

    @abstractmethod
    def again(self, call: Call, owner: int, expression: Expression, sources: Sequence[int]) -> int:
        """Take in a layer with the weights of an earlier one; return its value."""

    @abstractmethod
    def called(self, call: Call, name: str, sources: Sequence[int]) -> int:
        """Take in calls of blocks, or of layers in a loop; return their value."""

    def walk(self, items: Items, current: int) -> int:
        """Take in items that start from the value `current`; return the value that they end on."""
        for item in items:
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

    def _item(self, item: Item, current: int) -> int:
        call, sources = item.call, item.sources or (current,)
        if item.is_head:
            self.heads.append(self._branch(item.branches[0], call.name or "auxiliary", sources[0]))
            return current
        if call.times != 1 or call.callee in self.blocks:
            return self.called(call, self._name_of_call(call), sources)
        if item.branches:
            labels = call.labels or ("",) * len(item.branches)
            named = enumerate(zip(item.branches, labels, strict=True), 1)
            sources = tuple(
                self._branch(branch, label or self._own_name(branch) or f"branch{number}", current)
                for number, (branch, label) in named
            )
        return self.apply(call, call.name or call.callee, sources)

    def apply(self, call: Call, name: str, sources: Sequence[int]) -> int:
        """Take in a layer, a function, or a layer with another's weights; return its value."""
        expression = self.source.spoken.call(call.value, call.arguments)
        if expression.is_pattern:
            return self.function(call, name, expression, sources)
        if call.tied is not None:
            return self.again(call, call.tied, expression, sources)
        return self.layer(call, name, expression, sources)

    def turns(self, call: Call) -> str:
        """Return the head of the loop around a call, which counts where settings go up."""
        is_counted = any(isinstance(given, Rising) for given in call.arguments.values())
        return f"for {'i' if is_counted else '_'} in range({value(call.times, self.names)})"

    def _branch(self, items: Items, name: str, start: int) -> int:
        """Take in one branch; return the value that it ends on."""
        if not items:
            return self.add(identifier(name, prefix="branch"), "{0}", (start,), -2 - len(self.steps))
        return self.along(items, name, start)

    def _own_name(self, branch: Items) -> str:
        """Return the name of what is alone in a branch."""
        return branch[0].call.name if len(branch) == 1 and not branch[0].branches else ""

    def _name_of_call(self, call: Call) -> str:
        """Return a name for the use of a block, or for a loop: its own, or that of what is in it."""
        if call.times == 1:
            return call.name or call.callee
        return call.name or (f"{call.callee}s" if call.callee in self.blocks else "repeated")
