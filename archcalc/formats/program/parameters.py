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
    (
        "name",
        "title",
        "source",
        "input",
        "shared",
        "min",
        "max",
        "round",
        "floor",
        "ceil",
        "sqrt",
        "round_to",
        "self",
    )
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


class Hole(NamedTuple):
    """A thing in a block that has settings: a label for it, its settings in every use, what these are by default."""

    label: str
    uses: Sequence[Mapping[str, object]]
    defaults: Mapping[str, object]


class _Place(NamedTuple):
    """A setting that is a parameter, or a multiple of it by `factor`."""

    setting: str
    label: str
    factor: int
    default: object


class Parameters:
    """The parameters of one block: of the settings in its holes those that differ from use to use.

    The default of a parameter is what is `usual`, or else that of the settings that it stands for.
    """

    def __init__(self, holes: Sequence[Hole], *, usual: bool) -> None:
        self.usual = usual
        self.wanted: dict[_Vector, list[_Place]] = {}
        for label, uses, defaults in holes:
            for setting in uses[0]:
                vector, factor = _vector(setting, uses)
                if vector is not None:
                    place = _Place(setting, label, factor, defaults.get(setting, REQUIRED))
                    self.wanted.setdefault(vector, []).append(place)
        self.bases = {v: gcd(*(place.factor for place in places)) for v, places in self.wanted.items()}
        self.names = _names(self.wanted)

    def said(self, uses: Sequence[Mapping[str, object]]) -> dict[str, object]:
        """Return a thing's settings: values where all uses agree, parameters where they differ."""
        settings = {}
        for setting in uses[0]:
            vector, factor = _vector(setting, uses)
            if vector is None:
                settings[setting] = uses[0][setting]
            else:
                settings[setting] = Variable(self.names[vector], factor // self.bases[vector])
        return settings

    def arguments(self, use: int) -> dict[str, object]:
        """Return the values that one use gives to the parameters."""
        return {name: self._value(vector, vector.values[use]) for vector, name in self.names.items()}

    def _value(self, vector: _Vector, value: object) -> object:
        """Return a value with the factor that all places of its parameter have in common."""
        return value * self.bases[vector] if isinstance(value, int) and self.bases[vector] > 1 else value

    def defaults(self) -> dict[str, object]:
        """Return every parameter with its default, first those that are REQUIRED."""
        default = self._usual if self.usual else self._declare
        defaults = {name: default(vector) for vector, name in self.names.items()}
        return dict(sorted(defaults.items(), key=lambda item: item[1] is not REQUIRED))

    def _usual(self, vector: _Vector) -> object:
        """Return the value that most uses give to a parameter; REQUIRED where there is no such value."""
        value, count = Counter(vector.values).most_common(1)[0]
        is_usual = value is not None and USUAL * count >= len(vector.values)
        return self._value(vector, value) if is_usual and vector.tag != TIMES else REQUIRED

    def _declare(self, vector: _Vector) -> object:
        """Return the default of all settings that are a parameter; REQUIRED where they differ, or are multiples."""
        places = self.wanted[vector]
        default = places[0].default
        is_shared = all(p.factor == self.bases[vector] and p.default == default for p in places)
        return default if is_shared else REQUIRED


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


def _names(wanted: Mapping[_Vector, Sequence[_Place]]) -> dict[_Vector, str]:
    """Return a name for every parameter: that of the setting, with where it stands if several are called so."""
    settings = {vector: places[0].setting.rstrip("0123456789") for vector, places in wanted.items()}
    several = Counter(settings.values())
    labels = Counter((settings[vector], places[0].label) for vector, places in wanted.items())
    names: dict[_Vector, str] = {}
    numbers: Counter[str] = Counter()
    for vector, places in wanted.items():
        setting, label = settings[vector], places[0].label
        name = setting
        if several[setting] > 1 and label and labels[setting, label] == 1:
            name = f"{setting}_{label}"
        elif several[setting] > 1:
            numbers[setting] += 1
            name = f"{setting}{numbers[setting]}"
        while name in names.values() or name in RESERVED or (iskeyword(name) and name != "in"):
            name += "_"
        names[vector] = name
    return names
