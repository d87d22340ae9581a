"""Kinds of cells that hold an amount: counts, bytes, shares, ratios, bounds."""

from __future__ import annotations

from collections.abc import Mapping

from archcalc.sheet.numbers import BYTE_UNITS, UNITS, group_digits, percent, short, write_bytes, write_in_unit
from archcalc.sheet.sheet import Cell, Kind, Schema


class Count(Kind):
    """A whole number."""

    is_amount = True
    units = (*UNITS, (1, ""))

    def write(self, value: int) -> str:
        """Return 62,378,344."""
        return group_digits(value)


class Agreeing(Count):
    """How many of some comparisons agree."""

    def write(self, value: int) -> str:
        """Return 64 agree."""
        return f"{group_digits(value)} agree"


class Bytes(Count):
    """A whole number of bytes."""

    units = (*BYTE_UNITS, (1, "B"))

    def write(self, value: int) -> str:
        """Return 237.9 MiB."""
        return write_bytes(value)


class ExactBytes(Count):
    """A whole number of bytes, to the byte."""

    def write(self, value: int) -> str:
        """Return 284,456 B."""
        return f"{group_digits(value)} B"


class ToldBytes(ExactBytes):
    """A whole number of bytes, to the byte and as people read it."""

    def write(self, value: int) -> str:
        """Return 25,717,283,840 B, and on a line of its own (23.95 GiB)."""
        exact = super().write(value)
        unit = next(((size, sign) for size, sign in BYTE_UNITS if value >= size), None)
        return f"{exact}\n({write_in_unit(value, unit[0], 2)} {unit[1]})" if unit else exact


class Rate(Kind):
    """A whole number of something a second, in powers of 1000 up to 10^12."""

    is_amount = True

    def __init__(self, name: str, schema: Schema, sign: str) -> None:
        """Take the sign of the unit, too, to which prefixes are added: OP/s, B/s, Hz."""
        super().__init__(name, schema)
        self.sign = sign

    def write(self, value: int) -> str:
        """Return 1,979 TOP/s, 3.35 TB/s, 1.98 GHz."""
        amount = short(value, UNITS[1:])
        return f"{amount}{self.sign}" if " " in amount else f"{amount} {self.sign}"


class Duration(Kind):
    """Microseconds."""

    is_amount = True

    def write(self, value: float) -> str:
        """Return three digits of it: 45.6 µs, 1.23 ms, 2.05 s."""
        for size, unit in ((1e6, "s"), (1e3, "ms")):
            if value >= size * (1 - 1e-9):
                return f"{_three_digits(value / size)} {unit}"
        return f"{_three_digits(value)} µs"


def _three_digits(value: float) -> str:
    """Return a number to three digits, whole ones in full."""
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f}"


class Power(Kind):
    """Watts."""

    is_amount = True

    def write(self, value: float) -> str:
        """Return 700 W."""
        return f"{value:g} W"


class ExactNumber(Kind):
    """A number of any size, to all its digits."""

    def write(self, value: float) -> str:
        """Return 1.9 or 2e-09."""
        return f"{value:g}"

    def reduce(self, value: float) -> float:
        """Return it as it is, not rounded."""
        return value


class Share(Kind):
    """A fraction of the whole."""

    has_bar = True

    def write(self, value: float) -> str:
        """Return 12.3%."""
        return percent(value)


class Ratio(Kind):
    """A factor, or words where it is no number."""

    def write(self, value: float | str) -> str:
        """Return a factor to three digits, ×1 only where it is one: ×1.81, ×0.0467, ×1,235."""
        if isinstance(value, str) or value == 1:
            return str(value) if isinstance(value, str) else "×1"
        rounded = float(f"{value:.3g}")
        return f"×{value:,.0f}" if rounded >= 1000 else f"×{value:.2f}" if rounded == 1 else f"×{rounded:g}"


class Threshold(Kind):
    """An operator, and the cell that it is followed by."""

    SIGNS: Mapping[str, str] = {"<=": "≤", ">=": "≥", "==": "="}

    def write(self, value: tuple[str, Cell]) -> str:
        """Return ≤ 256 KiB."""
        operator, (kind, bound) = value
        return f"{self.SIGNS.get(operator, operator)} {kind.text(bound)}"

    def reduce(self, value: tuple[str, Cell]) -> object:
        """Return the bound alone."""
        return value[1].kind.plain(value[1].value)

    def flatten(self, value: tuple[str, Cell]) -> object:
        """Return the bound alone."""
        return value[1].kind.csv(value[1].value)


class Amounts(Kind):
    """Several amounts by name, each a cell."""

    def write(self, value: Mapping[str, Cell]) -> str:
        """Return params 61,706 and peak_bytes 36.8 KiB, on a line each."""
        return ",\n".join(f"{name} {kind.text(amount)}" for name, (kind, amount) in value.items())

    def reduce(self, value: Mapping[str, Cell]) -> dict[str, object]:
        """Return them by name."""
        return {name: kind.plain(amount) for name, (kind, amount) in value.items()}

    def flatten(self, value: Mapping[str, Cell]) -> str:
        """Return them as they are written, without separators or units: params 61706, peak_bytes 37632."""
        return ", ".join(f"{name} {kind.csv(amount)}".rstrip() for name, (kind, amount) in value.items())
