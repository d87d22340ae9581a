"""The order in which a program computes: which value has a name of its own, and which stands where it is used."""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from archcalc.formats.program.code import WIDTH, unused

MAIN = "x"
"""The variable that goes along the main path."""
MOST_CALLS = 3
"""The most calls that stand within each other on one line."""
WORD = re.compile(r"(?<![\w.])\w+")
"""What may be a variable: no attribute."""
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


class Flow:
    """Writes steps as statements, one after the other."""

    def __init__(
        self,
        steps: Sequence[Step],
        inputs: Mapping[int, str],
        outputs: Sequence[int],
        *,
        nested: bool,
        reserved: Collection[str] = (),
    ) -> None:
        """Take the steps of a function, its arguments by what they stand for, and what it returns.

        `nested` says whether a value that is used once may stand where it is used; no variable is `reserved`.
        """
        self.reserved = {MAIN, *reserved, *dir(builtins)}
        self.alias: dict[int, int] = {}
        self.called: dict[int, str] = {}
        self.steps = []
        for step in steps:
            found = step._replace(inputs=tuple(self.alias.get(ref, ref) for ref in step.inputs))
            if step.is_alias:
                self.alias[step.output] = found.inputs[0]
                self.called.setdefault(found.inputs[0], step.name)
            else:
                self.steps.append(found)
        self.outputs = [self.alias.get(ref, ref) for ref in outputs]
        self.left = Counter(ref for step in self.steps for ref in step.inputs)
        self.left.update(self.outputs)
        self.nested = nested
        self.variables = dict(inputs)
        self.pending: dict[int, str] = {}
        self.makers = {step.output: step for step in self.steps}
        self.users: dict[int, int] = {}
        for number, step in enumerate(self.steps):
            self.users |= dict.fromkeys(step.inputs, number)
        self.parked: set[int] = set()
        self.found: list[Statement] = []

    def statements(self) -> tuple[list[Statement], list[str]]:
        """Return the statements, and the texts of what is returned."""
        for number, step in enumerate(self.steps):
            if not self.left[step.output]:
                self._used(step)  # nobody takes it
                continue
            text = step.form.format(*self._arguments(step))
            if self._is_nested(number, step, text):
                self._used(step)
                self.pending[step.output] = text
            else:
                self._assign(number, step)
        return self.found, [self._text(ref) for ref in self.outputs]

    def _arguments(self, step: Step) -> tuple[str, ...]:
        return tuple(self._text(ref, step) for ref in step.inputs)

    def _text(self, ref: int, user: Step | None = None) -> str:
        if ref not in self.pending:
            return self.variables[ref]
        is_part = user is not None and user.function and self.makers[ref].is_operation
        return f"({self.pending[ref]})" if is_part else self.pending[ref]

    def _used(self, step: Step) -> None:
        """Forget the values that a step was the last to take."""
        for ref in step.inputs:
            self.left[ref] -= 1
            self.pending.pop(ref, None)
            if not self.left[ref]:
                self.variables.pop(ref, None)

    def _is_nested(self, number: int, step: Step, text: str) -> bool:
        """Tell whether a value stands where it is used, and not in a variable."""
        ref = step.output
        if not self.nested or self.left[ref] != 1:
            return False
        if ref in self.outputs:
            return step is self.steps[-1]
        user = self.steps[self.users[ref]]
        is_next = user is self.steps[number + 1]
        if user.light:
            return is_next and text.count("(") < MOST_CALLS and len(text) + len(user.form) < WIDTH - MARGIN
        if user.function:
            room = WIDTH - MARGIN - len(user.form)
            if len(text) >= MARGIN or room <= 0:
                return False
            return sum(len(self.makers[ref].form) for ref in user.inputs if ref in self.makers) < room
        return is_next and step.function and len(text) < MARGIN

    def _assign(self, number: int, step: Step) -> None:
        """Write a step as a statement of its own."""
        start = self._lane(step)
        if not step.lane and self.users.get(step.output) == number + 1 and not self._is_parked(number):
            self._free(step)
        arguments = self._arguments(step)
        self._used(step)
        variable = self._lane_variable(step, start) if step.lane else self._variable(number, step)
        self._settle(variable, arguments)
        self.variables[step.output] = variable
        self.found.append(Statement(variable, step.form.format(*arguments), step, arguments))

    def _lane(self, step: Step) -> str:
        """Return the variable of the step before in the same branch; empty where there is none."""
        ref = step.inputs[0] if len(step.inputs) == 1 else None
        is_before = ref in self.makers and self.makers[ref].lane == step.lane
        return self.variables.get(ref, "") if ref is not None and is_before else ""

    def _lane_variable(self, step: Step, start: str) -> str:
        """Return the variable of a value in a branch: the one that goes along it, once nobody else needs it."""
        if not start:
            return self._own(step.lane)
        return start if start not in self.variables.values() else self._own(step.name)

    def _is_parked(self, number: int) -> bool:
        """Tell whether what comes next takes this value beside others that wait for it."""
        return bool(self.parked.intersection(self.steps[number + 1].inputs))

    def _variable(self, number: int, step: Step) -> str:
        """Return the variable of a value: the main one where it is free."""
        user = self.users.get(step.output, -1)
        if user >= 0 and self.parked.intersection(self.steps[user].inputs):
            return self._own(step.name)
        if MAIN in self.variables.values():
            self.parked.add(step.output)
            return self._own(step.name)
        return MAIN

    def _free(self, step: Step) -> None:
        """Give the value on the main path a name of its own, if others take it after a step."""
        for ref, name in self.variables.items():
            if name == MAIN and self.left[ref] > step.inputs.count(ref):
                break
        else:
            return
        own = self._own(self.called.get(ref) or self._name(ref))
        self.variables[ref] = own
        is_last = bool(self.found) and self.found[-1].step is self.makers.get(ref)
        if is_last and not any(_mentions(text, MAIN) for text in self.pending.values()):
            self.found[-1] = self.found[-1]._replace(variable=own)
        else:
            self.found.append(Statement(own, MAIN))

    def _settle(self, variable: str, arguments: Sequence[str]) -> None:
        """Compute what stands nowhere yet and would change with a variable.

        It happens before the statement that has these arguments, so it writes neither what they read nor what that
        statement writes.
        """
        for ref, text in list(self.pending.items()):
            if _mentions(text, variable):
                name = self._own(self._name(ref), (variable, *arguments))
                self.variables[ref] = name
                del self.pending[ref]
                self.found.append(Statement(name, text))

    def _own(self, name: str, read: Sequence[str] = ()) -> str:
        """Return a variable that holds nothing that is still needed, by what stands nowhere yet or by texts to `read`."""
        needed = {word for text in (*self.pending.values(), *read) for word in WORD.findall(text)}
        return unused(name, {*self.variables.values(), *self.reserved, *needed})

    def _name(self, ref: int) -> str:
        return self.makers[ref].name if ref in self.makers else "start"


def _mentions(text: str, variable: str) -> bool:
    """Tell whether a text reads a variable; an attribute of that name is none."""
    return variable in text and variable in WORD.findall(text)
