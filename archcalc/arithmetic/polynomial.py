"""C, the number of channels, as a polynomial that an op's own arithmetic runs on: 27C² against 49C².

The coefficients are fractions in arrays of objects, so that nothing is ever rounded: C/32 is exact, too.
The only importer of `numpy.polynomial`.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate, zip_longest
from typing import NamedTuple, cast

from numpy.polynomial import Polynomial

from archcalc.arithmetic.number import Number

SYMBOL = "C"
POWERS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def channels() -> Number:
    """Return the polynomial C: a number to an op's formulas, which then come out in C.

    It is no `Number` to the letter: there is no order among polynomials. Formulas compare the sizes of
    spatial axes, which stay integers, and never channels.
    """
    return cast("Number", Polynomial([Fraction(0), Fraction(1)], symbol=SYMBOL))


class Formula(NamedTuple):
    """What came out: the exact coefficients of 1, C, C², …, the last of them not 0 unless it is the only one."""

    coefficients: tuple[Fraction, ...]

    @classmethod
    def of(cls, value: Number) -> Formula:
        """Return the formula of a polynomial or of a plain number."""
        coefficients = value.coef.tolist() if isinstance(value, Polynomial) else [int(value)]
        fractions = [Fraction(c) for c in coefficients]
        while len(fractions) > 1 and not fractions[-1]:
            fractions.pop()
        return cls(tuple(fractions))

    @property
    def degree(self) -> int:
        """The highest power of C."""
        return len(self.coefficients) - 1

    def at(self, channels: int) -> int:
        """Return the number that it is for so many channels.

        It is whole wherever the groups divide the channels, which the ops check.
        """
        return int(sum(c * channels**power for power, c in enumerate(self.coefficients)))

    def exceeds(self, other: Formula) -> bool:
        """Tell whether it is the larger one for every C: no coefficient is smaller, once a higher power stands for a lower."""
        rests = zip_longest(self.coefficients, other.coefficients, fillvalue=Fraction(0))
        return self != other and all(
            ahead >= 0 for ahead in accumulate(left - right for left, right in reversed([*rests]))
        )

    def __str__(self) -> str:
        """Return it as people write it: 27C² + 3C."""
        return _sum((c, power) for power, c in enumerate(self.coefficients))

    def over(self, other: Formula) -> Fraction | str:
        """Return the ratio to another: a number where it is the same for all C, else what it is in C.

        Over a single power of C that is exact, as in 1/9 + 1/C; otherwise it is what the ratio nears
        as C grows.
        """
        if not any(other.coefficients):
            return ""
        ratio = self.coefficients[-1] / other.coefficients[-1]
        if self.coefficients == tuple(ratio * c for c in other.coefficients):
            return ratio
        if not any(other.coefficients[:-1]):
            return _sum(
                (c / other.coefficients[-1], i - other.degree) for i, c in enumerate(self.coefficients)
            )
        if self.degree == other.degree:
            return f"nears {float(ratio):.3g}"
        return "nears 0" if self.degree < other.degree else "grows with C"


def _sum(terms: Iterable[tuple[Fraction, int]]) -> str:
    """Return a sum of (coefficient, power of C), the highest power first."""
    parts = [_product(coefficient, power) for coefficient, power in reversed(list(terms)) if coefficient]
    return " + ".join(parts) or "0"


def _product(coefficient: Fraction, power: int) -> str:
    """Return a term such as 27C², 25C²/32, 1/9 or 9/C."""
    top, bottom = coefficient.numerator, coefficient.denominator
    letter = "" if power == 0 else SYMBOL if abs(power) == 1 else SYMBOL + str(abs(power)).translate(POWERS)
    above = f"{top:,}" if power <= 0 or top != 1 else ""
    if power > 0:
        above += letter
    if power >= 0:
        return above if bottom == 1 else f"{above}/{bottom:,}"
    return f"{above}/{letter}" if bottom == 1 else f"{above}/({bottom:,}{letter})"
