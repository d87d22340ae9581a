"""The variables of a program: each statement takes one that nobody needs any more, and only then there is text."""

from __future__ import annotations

import builtins
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.program.code import find_unused
from archcalc.formats.program.nesting import Flow, Step, roots
from archcalc.network.liveness import last_uses

MAIN = "x"
"""The variable that goes along the main path."""


class Statement(NamedTuple):
    """`variable` takes the value of `text`, which is the step's form with `arguments`."""

    variable: str
    text: str
    step: Step | None = None
    arguments: tuple[str, ...] = ()


def statements(
    steps: Sequence[Step],
    inputs: Mapping[int, str],
    outputs: Sequence[int],
    *,
    nested: bool,
    reserved: Collection[str] = (),
) -> tuple[list[Statement], list[str]]:
    """Return steps as statements, one after the other, and the texts of what is returned.

    Args:
        steps: what a function computes.
        inputs: the variables of its arguments.
        outputs: the values that it returns.
        nested: whether a value that is used once may stand where it is used.
        reserved: what no variable may be called.
    """
    flow = Flow(steps, outputs)
    own = roots(flow) if nested else flow.steps
    return _Variables(flow, own, inputs, {MAIN, *reserved, *dir(builtins)}).written()


class _Variables:
    """Gives a variable to each statement: one that holds nothing which is needed later."""

    def __init__(
        self, flow: Flow, own: Sequence[Step], inputs: Mapping[int, str], reserved: set[str]
    ) -> None:
        self.flow = flow
        self.roots = own
        self.reserved = reserved
        self.taken = {*reserved}
        self.variables: dict[int, str] = {}
        self.held: dict[str, int] = {}
        made = {step.output for step in own}
        self.nested = {step.output: step for step in flow.steps if step.output not in made}
        self.reads = [self._reads(step.inputs) for step in own]
        self.last = self._last([*inputs])
        self.ending: dict[int, list[int]] = {}
        for ref, last in self.last.items():
            self.ending.setdefault(last, []).append(ref)
        self.main = [number for number in range(len(own)) if self._goes_on(number)]
        self.parked: set[int] = set()
        for ref, variable in inputs.items():
            self._hold(ref, variable)
            if self.last[ref] < 0:
                self._release(ref)

    def _reads(self, refs: Sequence[int]) -> tuple[int, ...]:
        """Return the variables' values that are read for some values."""
        variables: dict[int, None] = {}
        for ref in refs:
            inner = self._reads(self.nested[ref].inputs) if ref in self.nested else (ref,)
            variables |= dict.fromkeys(inner)
        return tuple(variables)

    def _last(self, inputs: Sequence[int]) -> dict[int, int]:
        """Return for each value the number of the last statement that reads it."""
        refs = [*inputs, *(step.output for step in self.roots)]
        places = {ref: place for place, ref in enumerate(refs)}
        read = [tuple(places[ref] for ref in refs) for refs in self.reads]
        returned = [places[ref] for ref in self._reads(self.flow.outputs)]
        last = last_uses([*((),) * len(inputs), *read], returned)
        return {ref: last[place] - len(inputs) for ref, place in places.items()}

    def written(self) -> tuple[list[Statement], list[str]]:
        """Return the statements and the texts of what is returned."""
        made: list[Statement] = []
        for number, step in enumerate(self.roots):
            moved = self._move(number)
            if moved:
                made.append(Statement(moved, MAIN))
            arguments = tuple(self._text(ref, step) for ref in step.inputs)
            for ref in self.ending.get(number, ()):
                self._release(ref)
            variable = self._lane(number) if step.lane else self._main(number)
            self._hold(step.output, variable)
            made.append(Statement(variable, step.form.format(*arguments), step, arguments))
        return made, [self._text(ref) for ref in self.flow.outputs]

    def _text(self, ref: int, user: Step | None = None) -> str:
        if ref not in self.nested:
            return self.variables[ref]
        step = self.nested[ref]
        text = step.form.format(*(self._text(inner, step) for inner in step.inputs))
        return f"({text})" if user is not None and user.function and step.is_operation else text

    def _hold(self, ref: int, variable: str) -> None:
        self.variables[ref] = variable
        self.held[variable] = ref
        self.taken.add(variable)

    def _release(self, ref: int) -> None:
        """Let the variable of a value hold another: nobody needs the value any more."""
        variable = self.variables[ref]
        if self.held.get(variable) == ref:
            del self.held[variable]
            self.taken -= {variable} - self.reserved

    def _own(self, name: str) -> str:
        return find_unused(name, self.taken)

    def _lane(self, number: int) -> str:
        """Return the variable of a value in a branch: the one that goes along it, once nobody else needs it.

        A value that waits while the branch goes on has its own.
        """
        step = self.roots[number]
        last = self.last[step.output]
        if number + 1 < last < len(self.roots) and self.roots[last].lane == step.lane:
            return self._own(step.name)
        before = self.reads[number][0] if len(self.reads[number]) == 1 else None
        if before not in self.flow.makers or self.flow.makers[before].lane != step.lane:
            return self._own(step.lane)
        variable = self.variables[before]
        return self._own(step.name) if variable in self.held else variable

    def _main(self, number: int) -> str:
        """Return the variable of a value: the main one, unless somebody needs that, or other values wait beside it."""
        ref = self.roots[number].output
        name = self.flow.name(ref) if self._is_passed(ref, number) else self.roots[number].name
        if MAIN in self.held:
            self.parked.add(ref)
            return self._own(name)
        is_beside = not self.parked.isdisjoint(self._read_last(ref))
        return self._own(name) if is_beside or self._is_passed(ref, number) else MAIN

    def _read_last(self, ref: int) -> Sequence[int]:
        """Return what the last statement reads that takes a value."""
        last = self.last[ref]
        return self.reads[last] if last < len(self.roots) else self._reads(self.flow.outputs)

    def _is_passed(self, ref: int, number: int) -> bool:
        """Tell whether the main path goes on while a value waits to be read again."""
        return bisect_right(self.main, number) < bisect_left(self.main, self.last[ref])

    def _goes_on(self, number: int) -> bool:
        """Tell whether a value is on the main path: what comes next is the last to take it."""
        step = self.roots[number]
        return not step.lane and self.last[step.output] == number + 1 < len(self.roots)

    def _move(self, number: int) -> str:
        """Return a variable for an argument that waits while the main path goes on from here; empty if there is none."""
        ref = self.held.get(MAIN)
        step = self.roots[number]
        if ref is None or step.lane or self.last[ref] <= number or not self._goes_on(number):
            return ""
        if not self.parked.isdisjoint(self.reads[number + 1]):
            return ""
        own = self._own(self.flow.name(ref))
        del self.held[MAIN]
        self._hold(ref, own)
        return own
