"""What a program computes, step by step, and which values stand within others instead of having a variable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from archcalc.formats.program.code import WIDTH

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


class Flow:
    """The steps that somebody needs, without those that are others under another name.

    `called` is what such a one calls its value; `users` is the number of the last step that takes a value, that
    after all for what is returned.
    """

    def __init__(self, steps: Sequence[Step], outputs: Sequence[int]) -> None:
        same: dict[int, int] = {}
        self.called: dict[int, str] = {}
        kept = []
        for step in steps:
            real = step._replace(inputs=tuple(same.get(ref, ref) for ref in step.inputs))
            if step.is_alias:
                same[step.output] = real.inputs[0]
                self.called.setdefault(real.inputs[0], step.name)
            else:
                kept.append(real)
        self.outputs = [same.get(ref, ref) for ref in outputs]
        self.steps = _find_needed(kept, self.outputs)
        self.makers = {step.output: step for step in self.steps}
        self.count = Counter(ref for step in self.steps for ref in step.inputs) + Counter(self.outputs)
        self.users = {ref: number for number, step in enumerate(self.steps) for ref in step.inputs}
        self.users |= dict.fromkeys(self.outputs, len(self.steps))

    def name(self, ref: int) -> str:
        """Return what a value is called by itself."""
        if ref in self.called:
            return self.called[ref]
        return self.makers[ref].name if ref in self.makers else "start"


def _find_needed(steps: Sequence[Step], outputs: Sequence[int]) -> list[Step]:
    """Return the steps whose values somebody takes."""
    taken = set(outputs)
    needed = []
    for step in reversed(steps):
        if step.output in taken:
            taken.update(step.inputs)
            needed.append(step)
    return needed[::-1]


def roots(flow: Flow) -> list[Step]:
    """Return the steps that become statements; each holds what could stand in it and comes right before it."""
    fitting = _fitting(flow)
    statements: list[Step] = []
    within: set[int] = {len(flow.steps)}
    for number in range(len(flow.steps) - 1, -1, -1):
        step = flow.steps[number]
        if step.output in fitting and flow.users[step.output] in within:
            within.add(number)
        else:
            statements.append(step)
            within = {number}
    return statements[::-1]


def _fitting(flow: Flow) -> set[int]:
    """Return the values that may stand where they are used, because a line has room for them."""
    fitting: set[int] = set()
    texts: dict[int, str] = {}
    widths = [_width(flow, step) for step in flow.steps]
    for number, step in enumerate(flow.steps):
        inner = (texts[ref] if ref in fitting else "x" for ref in step.inputs)
        text = texts[step.output] = step.form.format(*inner)
        if flow.count[step.output] == 1 and _has_room(flow, number, text, widths):
            fitting.add(step.output)
    return fitting


def _width(flow: Flow, step: Step) -> int:
    """Return about how long a step is with all that it takes in it."""
    return len(step.form) + sum(len(flow.makers[ref].form) for ref in step.inputs if ref in flow.makers)


def _has_room(flow: Flow, number: int, text: str, widths: Sequence[int]) -> bool:
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
        return len(text) < MARGIN and widths[place] < WIDTH - MARGIN
    return is_next and step.function and len(text) < MARGIN
