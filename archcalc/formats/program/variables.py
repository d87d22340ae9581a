"""The order in which a program computes: which value has a variable, and which stands where it is used.

First it is decided which values stand within others, then each statement takes a variable that nobody needs any
more, and only then there is text.
"""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.program.code import WIDTH, unused
from archcalc.network.liveness import last_uses

MAIN = "x"
"""The variable that goes along the main path."""
MOST_CALLS = 3
"""The most calls that stand within each other on one line."""
MARGIN = 30
"""The room that a line keeps for its indentation and its variable."""


class Step(NamedTuple):
    """One value that is computed, known by `output` from the values `inputs`.

    `form` is the text with {0}, {1} for the inputs. A step that is `light`, such as an activation, may
    stand around what makes its input; a `function` takes its inputs from where they are made. `lane` is
    the variable that goes along a branch.
    """

    name: str
    form: str
    inputs: tuple[int, ...]
    output: int
    light: bool = False
    function: bool = False
    lane: str = ""

    @property
    def is_operation(self) -> bool:
        """Whether it stands between signs such as +, so that it needs brackets within another one."""
        return self.function and " " in re.sub(r"\(.*\)|\[.*\]", "", self.form)

    @property
    def is_alias(self) -> bool:
        """Whether it is its input under another name."""
        return self.form == "{0}"


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
    flow = _Flow(steps, outputs)
    roots = _roots(flow) if nested else flow.steps
    return _Variables(flow, roots, inputs, {MAIN, *reserved, *dir(builtins)}).written()


class _Flow:
    """The steps that somebody needs, without those that are others under another name.

    `called` is what such a one calls its value; `users` is the number of the last step that takes a value, that
    after all for what is returned.
    """

    def __init__(self, steps: Sequence[Step], outputs: Sequence[int]) -> None:
        same: dict[int, int] = {}
        self.called: dict[int, str] = {}
        found = []
        for step in steps:
            real = step._replace(inputs=tuple(same.get(ref, ref) for ref in step.inputs))
            if step.is_alias:
                same[step.output] = real.inputs[0]
                self.called.setdefault(real.inputs[0], step.name)
            else:
                found.append(real)
        self.outputs = [same.get(ref, ref) for ref in outputs]
        self.steps = _needed(found, self.outputs)
        self.makers = {step.output: step for step in self.steps}
        self.count = Counter(ref for step in self.steps for ref in step.inputs) + Counter(self.outputs)
        self.users = {ref: number for number, step in enumerate(self.steps) for ref in step.inputs}
        self.users |= dict.fromkeys(self.outputs, len(self.steps))

    def name(self, ref: int) -> str:
        """Return what a value is called by itself."""
        if ref in self.called:
            return self.called[ref]
        return self.makers[ref].name if ref in self.makers else "start"


def _needed(steps: Sequence[Step], outputs: Sequence[int]) -> list[Step]:
    """Return the steps whose values somebody takes."""
    taken = set(outputs)
    found = []
    for step in reversed(steps):
        if step.output in taken:
            taken.update(step.inputs)
            found.append(step)
    return found[::-1]


def _roots(flow: _Flow) -> list[Step]:
    """Return the steps that become statements; each holds what could stand in it and comes right before it."""
    fitting = _fitting(flow)
    found: list[Step] = []
    within: set[int] = {len(flow.steps)}
    for number in range(len(flow.steps) - 1, -1, -1):
        step = flow.steps[number]
        if step.output in fitting and flow.users[step.output] in within:
            within.add(number)
        else:
            found.append(step)
            within = {number}
    return found[::-1]


def _fitting(flow: _Flow) -> set[int]:
    """Return the values that may stand where they are used, because a line has room for them."""
    found: set[int] = set()
    texts: dict[int, str] = {}
    for number, step in enumerate(flow.steps):
        inner = (texts[ref] if ref in found else "x" for ref in step.inputs)
        text = texts[step.output] = step.form.format(*inner)
        if flow.count[step.output] == 1 and _has_room(flow, number, text):
            found.add(step.output)
    return found


def _has_room(flow: _Flow, number: int, text: str) -> bool:
    """Tell whether the text of a step may stand in the only one that takes it."""
    step = flow.steps[number]
    place = flow.users[step.output]
    is_next = place == number + 1
    if place == len(flow.steps):
        return is_next
    user = flow.steps[place]
    if user.light:
        return is_next and text.count("(") < MOST_CALLS and len(text) + len(user.form) < WIDTH - MARGIN
    if user.function:
        others = sum(len(flow.makers[ref].form) for ref in user.inputs if ref in flow.makers)
        return len(text) < MARGIN and others + len(user.form) < WIDTH - MARGIN
    return is_next and step.function and len(text) < MARGIN


class _Variables:
    """Gives a variable to each statement: one that holds nothing which is needed later."""

    def __init__(
        self, flow: _Flow, roots: Sequence[Step], inputs: Mapping[int, str], reserved: set[str]
    ) -> None:
        self.flow = flow
        self.roots = roots
        self.reserved = reserved
        self.variables = dict(inputs)
        self.held = {variable: ref for ref, variable in inputs.items()}
        own = {step.output for step in roots}
        self.nested = {step.output: step for step in flow.steps if step.output not in own}
        self.reads = [self._reads(step.inputs) for step in roots]
        self.last = self._last([*inputs])
        self.parked: set[int] = set()

    def _reads(self, refs: Sequence[int]) -> tuple[int, ...]:
        """Return the variables' values that are read for some values."""
        found: dict[int, None] = {}
        for ref in refs:
            inner = self._reads(self.nested[ref].inputs) if ref in self.nested else (ref,)
            found |= dict.fromkeys(inner)
        return tuple(found)

    def _last(self, inputs: Sequence[int]) -> dict[int, int]:
        """Return for each value the number of the last statement that reads it."""
        refs = [*inputs, *(step.output for step in self.roots)]
        places = {ref: place for place, ref in enumerate(refs)}
        read = [tuple(places[ref] for ref in refs) for refs in self.reads]
        returned = [places[ref] for ref in self._reads(self.flow.outputs)]
        found = last_uses([*((),) * len(inputs), *read], returned)
        return {ref: found[place] - len(inputs) for ref, place in places.items()}

    def written(self) -> tuple[list[Statement], list[str]]:
        """Return the statements and the texts of what is returned."""
        found: list[Statement] = []
        for number, step in enumerate(self.roots):
            moved = self._moved(number)
            if moved:
                found.append(Statement(moved, MAIN))
            arguments = tuple(self._text(ref, step) for ref in step.inputs)
            variable = self._lane(number) if step.lane else self._main(number)
            self._hold(step.output, variable)
            found.append(Statement(variable, step.form.format(*arguments), step, arguments))
        return found, [self._text(ref) for ref in self.flow.outputs]

    def _text(self, ref: int, user: Step | None = None) -> str:
        if ref not in self.nested:
            return self.variables[ref]
        step = self.nested[ref]
        text = step.form.format(*(self._text(inner, step) for inner in step.inputs))
        return f"({text})" if user is not None and user.function and step.is_operation else text

    def _hold(self, ref: int, variable: str) -> None:
        self.variables[ref] = variable
        self.held[variable] = ref

    def _is_free(self, variable: str, number: int) -> bool:
        """Tell whether nobody needs what a variable holds after a statement."""
        return variable not in self.held or self.last[self.held[variable]] <= number

    def _own(self, name: str, number: int) -> str:
        self.held = {v: ref for v, ref in self.held.items() if not self._is_free(v, number)}
        return unused(name, self.held.keys() | self.reserved)

    def _lane(self, number: int) -> str:
        """Return the variable of a value in a branch: the one that goes along it, once nobody else needs it.

        A value that waits while the branch goes on has its own.
        """
        step = self.roots[number]
        last = self.last[step.output]
        if number + 1 < last < len(self.roots) and self.roots[last].lane == step.lane:
            return self._own(step.name, number)
        before = self.reads[number][0] if len(self.reads[number]) == 1 else None
        if before not in self.flow.makers or self.flow.makers[before].lane != step.lane:
            return self._own(step.lane, number)
        variable = self.variables[before]
        return variable if self._is_free(variable, number) else self._own(step.name, number)

    def _main(self, number: int) -> str:
        """Return the variable of a value: the main one, unless somebody needs that, or other values wait beside it."""
        ref = self.roots[number].output
        name = self.flow.name(ref) if self._is_passed(ref, number) else self.roots[number].name
        if not self._is_free(MAIN, number):
            self.parked.add(ref)
            return self._own(name, number)
        is_beside = not self.parked.isdisjoint(self._read_last(ref))
        return self._own(name, number) if is_beside or self._is_passed(ref, number) else MAIN

    def _read_last(self, ref: int) -> Sequence[int]:
        """Return what the last statement reads that takes a value."""
        last = self.last[ref]
        return self.reads[last] if last < len(self.roots) else self._reads(self.flow.outputs)

    def _is_passed(self, ref: int, number: int) -> bool:
        """Tell whether the main path goes on while a value waits to be read again."""
        return any(self._goes_on(later) for later in range(number + 1, self.last[ref]))

    def _goes_on(self, number: int) -> bool:
        """Tell whether a value is on the main path: what comes next is the last to take it."""
        step = self.roots[number]
        return not step.lane and self.last[step.output] == number + 1 < len(self.roots)

    def _moved(self, number: int) -> str:
        """Return a variable for an argument that waits while the main path goes on from here; empty if there is none."""
        ref = self.held.get(MAIN)
        step = self.roots[number]
        if ref is None or step.lane or self.last[ref] <= number or not self._goes_on(number):
            return ""
        if not self.parked.isdisjoint(self.reads[number + 1]):
            return ""
        own = self._own(self.flow.name(ref), number - 1)
        del self.held[MAIN]
        self._hold(ref, own)
        return own
