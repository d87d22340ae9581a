"""Quantities as people write them: 5M parameters, 1.5G MACs, 64MiB; exact, or as precise as they are written."""

from __future__ import annotations

import re
from typing import NamedTuple

from archcalc.ground.errors import ArchcalcError

COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
BYTES = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}
PATTERN = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?\s*([A-Za-z]*)")


def count(text: str) -> int:
    """Return a count such as 5M or 1.5G, rounded down to a whole number.

    Raises:
        ArchcalcError: it is no number, or the unit is none of k, M, G (or B), T.
    """
    return _quantity(text, COUNTS, "5M or 1.5G")


def size(text: str) -> int:
    """Return a number of bytes such as 64MiB or 1.5GB, rounded down.

    Raises:
        ArchcalcError: it is no number, or the unit is none of B, kB, KiB, MB, MiB, …
    """
    return _quantity(text, BYTES, "64MiB or 1.5GB")


CLAIM = re.compile(
    r"(?:~|≈|about |around )?\s*([0-9][0-9,]*)(?:\.([0-9]+))?(\s*)([A-Za-z]*)(?:[\s-][\w\s-]*)?"
)
LONGEST_CLAIM = 100
"""The longest text of a claim, in characters."""
CLAIM_UNITS = {**COUNTS, "thousand": 10**3, "million": 10**6, "billion": 10**9}
COUNTED = 1000
"""Whole numbers below this were counted one by one: 22 layers are 22, not about 20."""


class Claim(NamedTuple):
    """A number and the step to which it was stated: 60M is 60,000,000 to the ten million."""

    value: int
    step: int

    def rounds_from(self, exact: float) -> bool:
        """Tell whether the exact number, rounded half up to the step, is what is claimed."""
        return (2 * exact + self.step) // (2 * self.step) * self.step == self.value

    def cut_from(self, exact: float) -> bool:
        """Tell whether the exact number with its last digits cut off is what is claimed."""
        return exact // self.step * self.step == self.value


def claim(text: str) -> Claim:
    """Return a claim such as `60M parameters`, `22 layers` or `51.3M` with the precision in which it is made.

    Digits after the point count, zeros at the end of a whole number do not (110M is to the ten
    million), unless it is a small number without a unit. Words that follow say what is counted.

    Raises:
        ArchcalcError: it does not begin with a number, or the number is not whole.
    """
    match = CLAIM.fullmatch(text.strip()) if len(text) <= LONGEST_CLAIM else None
    if match is None or (not match[3] and match[4].lower() not in CLAIM_UNITS):
        shown = text if len(text) <= LONGEST_CLAIM else f"{text[:LONGEST_CLAIM]}…"
        raise ArchcalcError(f"'{shown}' claims no number", hint="such as 60M parameters, 22 layers or 51.3M")
    digits, decimals, word = match[1].replace(",", ""), match[2] or "", match[4].lower()
    unit = CLAIM_UNITS.get(word, 1)
    value, rest = divmod(int(digits + decimals) * unit, 10 ** len(decimals))
    if rest:
        raise ArchcalcError(f"'{text}' claims no whole number")
    if decimals:
        return Claim(value, unit // 10 ** len(decimals) or 1)
    if unit == 1 and value < COUNTED:
        return Claim(value, 1)
    zeros = len(digits) - len(digits.rstrip("0"))
    return Claim(value, 10**zeros * unit if value else 1)


def _quantity(text: str, units: dict[str, int], example: str) -> int:
    match = PATTERN.fullmatch(text.strip().replace(",", "").replace("_", ""))
    if match is None or match[3].lower() not in units:
        raise ArchcalcError(f"'{text}' is no quantity such as {example}")
    whole, fraction, unit = match[1], match[2] or "", units[match[3].lower()]
    if unit == 1 and fraction.strip("0"):
        raise ArchcalcError(f"'{text}' is no whole number", hint=f"a unit may follow, as in {example}")
    return int(whole + fraction) * unit // int("1" + "0" * len(fraction))
