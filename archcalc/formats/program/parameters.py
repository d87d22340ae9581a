"""What differs between the uses of a block becomes its parameters, as few as there can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from math import gcd
from typing import NamedTuple

from archcalc.op.setting import REQUIRED

TIMES = "times"
"""The setting of a repeat."""
USUAL = 1.5
"""A value is a parameter's default where one use in so many gives it at least."""
RESERVED = frozenset(
    ("name", "title", "source", "input", "shared", "min", "max", "round", "floor", "ceil", "round_to", "self")
)
"""Words that cannot be the name of a parameter, in a spec or in a program."""


class Variable(NamedTuple):
    """A setting that is a parameter of the block, or a whole multiple of it."""

    name: str
    factor: int = 1


class Rising(NamedTuple):
    """A setting that goes up by `step` from time to time in a loop."""

    start: int
    step: int


class _Vector(NamedTuple):
    """The values of a setting, one for each use; those of different tags are different things even if equal."""

    values: tuple[object, ...]
    tag: str


class Parameters:
    """The parameters of one block.

    `holes` are the things in the block that have settings: for each a label, and its settings in every use.
    """

    def __init__(self, holes: Sequence[tuple[str, Sequence[Mapping[str, object]]]]) -> None:
        self.wanted: dict[_Vector, list[tuple[str, str]]] = {}
        self.bases: dict[_Vector, int] = {}
        for label, uses in holes:
            for setting in uses[0]:
                vector, factor = _vector(setting, uses)
                if vector is not None:
                    self.wanted.setdefault(vector, []).append((setting, label))
                    self.bases[vector] = gcd(self.bases.get(vector, 0), factor)
        self.names = _names(self.wanted)

    def said(self, uses: Sequence[Mapping[str, object]]) -> dict[str, object]:
        """Return a thing's settings: values where all uses agree, parameters where they differ."""
        found = {}
        for setting in uses[0]:
            vector, factor = _vector(setting, uses)
            if vector is None:
                found[setting] = uses[0][setting]
            else:
                found[setting] = Variable(self.names[vector], factor // self.bases[vector])
        return found

    def arguments(self, use: int) -> dict[str, object]:
        """Return the values that one use gives to the parameters."""
        return {name: self._value(vector, vector.values[use]) for vector, name in self.names.items()}

    def _value(self, vector: _Vector, value: object) -> object:
        """Return a value with the factor that all places of its parameter have in common."""
        return value * self.bases[vector] if isinstance(value, int) and self.bases[vector] > 1 else value

    def defaults(self) -> dict[str, object]:
        """Return every parameter with the value that most uses give it, REQUIRED where there is no such value."""
        found = {}
        for vector, name in self.names.items():
            value, count = Counter(vector.values).most_common(1)[0]
            usual = value is not None and USUAL * count >= len(vector.values)
            found[name] = self._value(vector, value) if usual and vector.tag != TIMES else REQUIRED
        return dict(sorted(found.items(), key=lambda item: item[1] is not REQUIRED))


def _vector(setting: str, uses: Sequence[Mapping[str, object]]) -> tuple[_Vector | None, int]:
    """Return the values of a setting without their common factor, and that factor; None where all agree."""
    values = tuple(use[setting] for use in uses)
    if all(value == values[0] for value in values):
        return None, 1
    numbers = [value for value in values if type(value) is int]
    if setting == TIMES or len(numbers) < len(values):
        return _Vector(values, setting), 1
    factor = gcd(*numbers) or 1
    return _Vector(tuple(number // factor for number in numbers), "whole numbers"), factor


def _names(wanted: Mapping[_Vector, list[tuple[str, str]]]) -> dict[_Vector, str]:
    """Return a name for every parameter: that of the setting, with where it stands if several are called so."""
    settings = {vector: places[0][0].rstrip("0123456789") for vector, places in wanted.items()}
    several = Counter(settings.values())
    labels = Counter((settings[vector], places[0][1]) for vector, places in wanted.items())
    found: dict[_Vector, str] = {}
    numbers: Counter[str] = Counter()
    for vector, places in wanted.items():
        setting, label = settings[vector], places[0][1]
        name = setting
        if several[setting] > 1 and label and labels[setting, label] == 1:
            name = f"{setting}_{label}"
        elif several[setting] > 1:
            numbers[setting] += 1
            name = f"{setting}{numbers[setting]}"
        while name in found.values() or name in RESERVED or (iskeyword(name) and name != "in"):
            name += "_"
        found[vector] = name
    return found
