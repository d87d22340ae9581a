"""Kinds of cells that hold a number along each axis: shapes, sizes, receptive fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcalc.sheet.numbers import group_digits
from archcalc.sheet.sheet import UNKNOWN, Kind, Schema, round_off

NumberOrNumbers = int | float | tuple[int | float, ...]
"""A number, or one an axis."""
Sizes = tuple[int, ...]


def once(values: tuple[int | float, ...]) -> NumberOrNumbers:
    """Return the numbers, one an axis; a number alone where all axes agree."""
    return values[0] if len(set(values)) == 1 else values


def _write(value: NumberOrNumbers) -> str:
    """Return 1,234, 1.5, or 3×5."""
    if isinstance(value, tuple):
        return "×".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else group_digits(value)


def _flat(value: NumberOrNumbers) -> object:
    """Return the number, or 3x5."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else round_off(value)


class Shape(Kind):
    """Sizes, the batch first; they are written without it."""

    def stated(self, value: Sizes) -> Sizes:
        """Return the sizes."""
        return value[1:]

    def write(self, value: Sizes) -> str:
        """Return 96×55×55."""
        return "×".join(map(str, value[1:]))

    def reduce(self, value: Sizes) -> list[int]:
        """Return the sizes as a list."""
        return list(value[1:])

    def flatten(self, value: Sizes) -> str:
        """Return 96x55x55."""
        return "x".join(map(str, value[1:]))


class WholeShape(Shape):
    """Sizes, the batch first; people read that, too, where the first axis is the batch. Machines get the same as ever."""

    def write(self, value: Sizes) -> str:
        """Return 10×96×55×55."""
        return _whole(value)


def _whole(shape: Sizes) -> str:
    """Return all sizes of a shape; a 0 stands for no batch."""
    return "×".join(map(str, shape[1:] if shape[:1] == (0,) else shape))


class ShapeList(Kind):
    """Shapes; None for one that is not known."""

    wraps = True
    liked = 24

    def write(self, value: Sequence[Sizes | None]) -> str:
        """Return 96×55×55, 3×227×227."""
        return ", ".join(UNKNOWN if shape is None else "×".join(map(str, shape[1:])) for shape in value)

    def reduce(self, value: Sequence[Sizes | None]) -> list[object]:
        """Return the shapes as a list."""
        return [None if shape is None else list(shape[1:]) for shape in value]

    def flatten(self, value: Sequence[Sizes | None]) -> str:
        """Return 96x55x55, 3x227x227."""
        return self.write(value).replace("×", "x")


class WholeShapeList(ShapeList):
    """Shapes, which people read with the batch."""

    def write(self, value: Sequence[Sizes | None]) -> str:
        """Return 10×96×55×55, 10×3×227×227."""
        return ", ".join(UNKNOWN if shape is None else _whole(shape) for shape in value)

    def flatten(self, value: Sequence[Sizes | None]) -> str:
        """Return 96x55x55, 3x227x227."""
        return super().write(value).replace("×", "x")


class Numbers(Kind):
    """A number, or one an axis."""

    def write(self, value: NumberOrNumbers) -> str:
        """Return 1,234, 1.5, or 3×5."""
        return _write(value)

    def reduce(self, value: NumberOrNumbers) -> object:
        """Return the number, or a list of them."""
        return list(map(round_off, value)) if isinstance(value, tuple) else round_off(value)

    def flatten(self, value: NumberOrNumbers) -> object:
        """Return the number, or 3x5."""
        return _flat(value)


class Axes(Kind):
    """A number an axis, which people read once where all axes agree."""

    def stated(self, value: tuple[int | float, ...]) -> NumberOrNumbers:
        """Return 1.5, or (3, 5)."""
        return once(value)

    def write(self, value: tuple[int | float, ...]) -> str:
        """Return 1.5, or 3×5."""
        return _write(once(value))

    def reduce(self, value: tuple[int | float, ...]) -> list[object]:
        """Return the numbers as a list, one an axis."""
        return list(map(round_off, value))

    def flatten(self, value: tuple[int | float, ...]) -> object:
        """Return 1.5, or 3x5."""
        return _flat(once(value))


class Field(Kind):
    """A receptive field, an extent an axis or None for the whole input, and whether it is larger than the input."""

    aside: Mapping[str, Schema] = {
        "whole": {
            "type": ["boolean", "null"],
            "description": "whether it is the whole input; null where the field is not known",
        }
    }

    def is_larger(self, value: object) -> bool:
        """Tell whether a field is larger than the input."""
        return isinstance(value, tuple) and value[1] is True

    def stated(self, value: tuple[Sizes | None, bool]) -> object:
        """Return the field alone, None where it is the whole input."""
        return None if value[0] is None else once(value[0])

    def write(self, value: tuple[Sizes | None, bool]) -> str:
        """Return the field, with a mark where it is larger than the input."""
        sizes, larger = value
        return ("whole" if sizes is None else _write(once(sizes))) + ("*" if larger else "")

    def reduce(self, value: tuple[Sizes | None, bool]) -> object:
        """Return the field alone, null where it is the whole input."""
        return None if value[0] is None else list(value[0])

    def note(self, value: tuple[Sizes | None, bool]) -> Mapping[str, object]:
        """Return whether it is the whole input."""
        return {"whole": value[0] is None}

    def flatten(self, value: tuple[Sizes | None, bool]) -> object:
        """Return the field alone."""
        return "whole" if value[0] is None else _flat(once(value[0]))
