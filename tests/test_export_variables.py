"""The variables of a written program: none is reused while its value is still read."""

from __future__ import annotations

import random

import pytest

from archcalc.formats.program.nesting import Step
from archcalc.formats.program.variables import statements

LANES = ("", "", "a", "b")


def drawn(seed, *, has_lanes):
    """Return the steps of a random program; each takes some of the values shortly before it."""
    draw = random.Random(seed)  # noqa: S311  # nothing secret
    steps = []
    for output in range(1, draw.randint(2, 9) + 1):
        count = draw.choice([1, 1, 1, 2, 2, 3])
        inputs = tuple(draw.randrange(max(0, output - 4), output) for _ in range(count))
        form = f"f{output}({', '.join(f'{{{number}}}' for number in range(count))})"
        is_light, is_function = draw.random() < 0.4, draw.random() < 0.3
        lane = draw.choice(LANES) if has_lanes else ""
        steps.append(Step(f"s{draw.randint(1, 4)}", form, inputs, output, is_light, is_function, lane))
    spare = [step.output for step in steps[:-1] if draw.random() < 0.2]
    return steps, [*spare, len(steps)]


def executed(steps, outputs, *, nested):
    """Return what a program returns where every function says how it was called."""
    lines, returned = statements(steps, {0: "x"}, outputs, nested=nested)
    values = {"x": "I"}
    functions = {
        f"f{step.output}": lambda *given, name=f"f{step.output}": f"{name}({','.join(given)})"
        for step in steps
    }
    for statement in lines:
        values[statement.variable] = eval(statement.text, functions, values)  # noqa: S307  # written above
    return [eval(text, functions, values) for text in returned]  # noqa: S307


def meant(steps, outputs):
    values = {0: "I"}
    for step in steps:
        values[step.output] = f"f{step.output}({','.join(values[ref] for ref in step.inputs)})"
    return [values[ref] for ref in outputs]


@pytest.mark.parametrize(
    "seeds", [range(400), pytest.param(range(400, 4000), marks=pytest.mark.slow)], ids=len
)
@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("has_lanes", [True, False])
def test_a_program_computes_what_its_steps_say(nested, has_lanes, seeds):
    for seed in seeds:
        steps, outputs = drawn(seed, has_lanes=has_lanes)
        assert executed(steps, outputs, nested=nested) == meant(steps, outputs), seed
