"""Kinds of cells that hold how a figure comes about: in symbols, in numbers, and the result."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.sheet.numbers import group_digits, write_bytes, write_real
from archcalc.sheet.sheet import Kind, Span, round_off


class Derived(Kind):
    """How a figure comes about: symbols, numbers, result and its unit."""

    align = "left"
    wraps = True
    is_formula = True
    KEYS = ("symbols", "numbers", "result", "unit")

    def write(self, value: tuple[str, str, int, str]) -> str:
        """Return the steps on lines of their own; what would stand twice, once."""
        symbols, numbers, result, unit = value
        readable = (
            f"{group_digits(result)} B ({write_bytes(result)})"
            if unit == "B"
            else f"{group_digits(result)} {unit}".rstrip()
        )
        steps = dict.fromkeys((symbols, numbers))
        if str(result) in steps:
            del steps[str(result)]
        return "\n= ".join((*steps, readable))

    def reduce(self, value: tuple[str, str, int, str]) -> dict[str, object]:
        """Return the parts by name."""
        symbols, numbers, result, unit = value
        return dict(zip(self.KEYS, (symbols, numbers, result, unit or None), strict=True))

    def flatten(self, value: tuple[str, str, int, str]) -> str:
        """Return the steps on one line."""
        return self.write(value).replace("\n", " ")

    def spans(self, text: str, *, is_nothing: bool, heavy: bool) -> Sequence[Span]:
        """Return the steps, and the result so that it stands out."""
        steps, equals, result = text.rpartition("= ")
        return ((steps + equals, ""), (result, "heavy"))


class Calculation(Derived):
    """How a real number comes about."""

    def write(self, value: tuple[str, str, float, str]) -> str:
        """Return the steps on lines of their own; bytes to the byte, all else to four digits."""
        symbols, numbers, result, unit = value
        if unit == "B":
            return super().write((symbols, numbers, round(result), unit))
        plain = write_real(result)
        steps = [step for step in dict.fromkeys((symbols, numbers)) if step != plain]
        return "\n= ".join((*steps, f"{plain} {unit}".rstrip()))

    def reduce(self, value: tuple[str, str, float, str]) -> dict[str, object]:
        """Return the parts by name, the result to as many places as machines get."""
        symbols, numbers, result, unit = value
        return {
            key: round_off(each)
            for key, each in zip(self.KEYS, (symbols, numbers, result, unit or None), strict=True)
        }
