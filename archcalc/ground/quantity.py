"""Quantities as people write them: 5M parameters, 1.5G MACs, 64MiB; exact, or as precise as they are written."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, NamedTuple

from archcalc.ground.errors import ArchcalcError

COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
BYTES = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgtp", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgtp", 1)},
}
WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
"""A whole number; commas stand between groups of three digits."""
NUMBER = rf"({WHOLE})(?:\.([0-9]+))?"
PATTERN = re.compile(NUMBER + r"\s*([A-Za-z]*)")
LONGEST = 100
"""The longest quantity or claim, in characters."""
GROUPS = re.compile(r"[0-9],(?![0-9]{3}(?![0-9]))")
"""A comma that parts no group of three digits."""
BITS = re.compile(r"[KMGTP]i?b")
"""Units of bits: the small letter is not that of bytes."""
HALF_UNITS = re.compile(r"[KMGTP]i?b?", re.IGNORECASE)
"""What may be meant for a unit of bytes and is none: 24G and 24Gb can be GiB and GB."""


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


ABOUT = r"(?:~|≈|about |around |almost |nearly |roughly )?\s*"
CLAIM = re.compile(ABOUT + NUMBER + r"(\s*)([A-Za-z]*)(?:[\s-][\w\s-]*)?")
WORK = re.compile(r"(?<=.)(?:flops?|macs?|madds?|ops?)$")
"""What may be written onto a unit: 81 MFLOPs, 1.5GMACs."""
CLAIM_UNITS = {**COUNTS, "thousand": 10**3, "million": 10**6, "billion": 10**9}
COUNTED = 1000
"""Whole numbers below this were counted one by one: 22 layers are 22, not about 20."""


class Claim(NamedTuple):
    """A number and the step to which it was stated: 60M is 60,000,000 to the ten million; a step of 0 is exact.

    `unit` is how a unit of bytes was read where it can be read in two ways.
    """

    value: int | Fraction
    step: int | Fraction
    unit: str = ""

    def rounds_from(self, exact: float | Fraction) -> bool:
        """Tell whether the exact number, rounded half up to the step, is what is claimed."""
        if not self.step:
            return exact == self.value
        return (2 * exact + self.step) // (2 * self.step) * self.step == self.value

    def cut_from(self, exact: float | Fraction) -> bool:
        """Tell whether the exact number with its last digits cut off is what is claimed."""
        return bool(self.step) and exact // self.step * self.step == self.value


def claim(text: str) -> Claim:
    """Return a claim such as `60M parameters`, `22 layers` or `51.3M` with the precision in which it is made.

    Digits after the point count, zeros at the end of a whole number do not (110M is to the ten
    million), unless it is a small number without a unit. Words that follow say what is counted.

    Raises:
        ArchcalcError: it does not begin with a number, or the number is not whole.
    """
    match = _match(CLAIM, text)
    word = WORK.sub("", match[4].lower()) if match else ""
    is_bytes = word in BYTES and word not in CLAIM_UNITS
    if match is None or is_bytes or (not match[3] and word not in CLAIM_UNITS):
        raise _no_claim(text, _mend(text) or "such as 60M parameters, 22 layers or 51.3M")
    stated = _claim(match[1], match[2] or "", CLAIM_UNITS.get(word, 1))
    if stated.value % 1:
        raise ArchcalcError(f"'{text}' claims no whole number")
    return Claim(int(stated.value), int(stated.step) or 1)


class SizeClaim(NamedTuple):
    """A number of bytes, in every way in which it can be read, as it is written first."""

    readings: tuple[Claim, ...]


def size_claim(text: str) -> SizeClaim:
    """Return what a claim such as `164 MB` can mean: of a unit that some mean the power of 1024 by, both.

    Raises:
        ArchcalcError: it does not begin with a number of bytes.
    """
    match = _match(CLAIM, text)
    unit = "" if match is None or match[4].lower() in ("byte", "bytes") else match[4]
    if match is None or BITS.fullmatch(unit) or unit.lower() not in BYTES:
        raise _no_claim(text, _mend(text, unit) or "such as 164 MB, 97.8 MiB or 512 bytes", "bytes")
    readings = [unit] if len(unit) != 2 else [unit, f"{unit[0].upper()}iB"]
    claims = (_claim(match[1], match[2] or "", BYTES[each.lower()]) for each in readings)
    return SizeClaim(tuple(each._replace(unit=readings[1] if n else "") for n, each in enumerate(claims)))


Relation = Literal["times", "times fewer", "% more", "% fewer", "%", "more", "fewer"]
PART = re.compile(r"([0-9]{1,18})\s*/\s*([0-9]{1,18})(?:\s+(more|fewer|less))?(?:[\s-][\w\s-]*)?")
TIMES = re.compile(
    ABOUT
    + r"(?:[x×]\s*"
    + NUMBER
    + "|"
    + NUMBER
    + r"\s*(?:times|[x×](?!\w)))(?:\s+(?:as many|as much|more|(fewer|less)))?(?:\s[\w\s-]*)?"
)
PERCENT = re.compile(ABOUT + NUMBER + r"\s*(?:%|per\s?cent\b)(?:\s*(more|fewer|less))?(?:\s[\w\s-]*)?")
DIFFERENCE = re.compile(r"(.*?)\s+(more|fewer|less)(?:\s[\w\s-]*)?")


class Relative(NamedTuple):
    """What is claimed of an amount beside another one: 9 times fewer, 81% more, 5M more."""

    claim: Claim
    relation: Relation

    def measure(self, amount: int | Fraction, other: int | Fraction) -> Fraction:
        """Return what the claim is about: 81.48… where it says so many percent more.

        Raises:
            ZeroDivisionError: there is nothing of what the amount is put in relation to.
        """
        if self.relation in ("more", "fewer"):
            return Fraction(amount - other) * (1 if self.relation == "more" else -1)
        if self.relation == "times fewer":
            return Fraction(other) / Fraction(amount)
        ratio = Fraction(amount) / Fraction(other)
        of_ratio = {
            "times": ratio,
            "%": 100 * ratio,
            "% more": 100 * (ratio - 1),
            "% fewer": 100 * (1 - ratio),
        }
        return of_ratio[self.relation]


def relative(text: str) -> Relative:
    """Return a claim about two amounts: `81% more`, `9 times fewer`, `×2.13`, `1/4`, `5M more`.

    Raises:
        ArchcalcError: it is none of these.
    """
    if (match := _match(PART, text)) and int(match[2]):
        part = Fraction(int(match[1]), int(match[2]))
        return (
            Relative(Claim(100 * part, 0), _percent(match[3]))
            if match[3]
            else Relative(Claim(part, 0), "times")
        )
    if match := _match(TIMES, text):
        stated = _claim(match[1] or match[3], match[2] or match[4] or "", 1)
        return Relative(stated, "times fewer" if match[5] else "times")
    if match := _match(PERCENT, text):
        return Relative(_claim(match[1], match[2] or "", 1), _percent(match[3]))
    if match := _match(DIFFERENCE, text):
        return Relative(claim(match[1]), "more" if match[2] == "more" else "fewer")
    raise _no_claim(text, _mend(text) or "such as 81% more, 9 times fewer, 1/4 or 5M more", "relation")


def _percent(direction: str | None) -> Relation:
    """Return what a share says where a word follows it, such as more."""
    return "%" if direction is None else "% more" if direction == "more" else "% fewer"


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.fullmatch(text.strip()) if len(text) <= LONGEST else None


def _no_claim(text: str, hint: str, what: str = "number") -> ArchcalcError:
    return ArchcalcError(f"'{_shorten(text)}' claims no {what}", hint=hint)


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _mend(text: str, unit: str | None = None) -> str | None:
    """Return how to write a number whose commas or whose unit mean something else; None where it has none of these."""
    if unit and BITS.fullmatch(unit):
        return f"{unit} are bits: bytes are written {unit[:-1]}B"
    if GROUPS.search(text):
        return "a comma parts groups of three digits, a point the decimals: 13.8M, or 13,800,000"
    return None


def _offer_units(match: re.Match[str]) -> str | None:
    """Return the units of bytes that a letter may stand for; None where it is none of theirs."""
    if not HALF_UNITS.fullmatch(match[3]):
        return None
    prefix, number = match[3][0].upper(), match[0].removesuffix(match[3]).strip()
    power = "KMGT".index(prefix) + 1
    bits = f"{match[3]} are bits: " if BITS.fullmatch(match[3]) else ""
    return f"{bits}{number}{prefix}iB (2^{10 * power}) or {number}{prefix}B (10^{3 * power})"


def _claim(whole: str, decimals: str, unit: int) -> Claim:
    """Return digits before and after the point, and a unit, as a number to the step that they state."""
    digits = whole.replace(",", "")
    value = Fraction(int(digits + decimals) * unit, 10 ** len(decimals))
    if decimals:
        return Claim(value, Fraction(unit, 10 ** len(decimals)))
    if unit == 1 and value < COUNTED:
        return Claim(int(value), 1)
    zeros = len(digits) - len(digits.rstrip("0"))
    return Claim(int(value), 10**zeros * unit if value else 1)


def _quantity(text: str, units: dict[str, int], example: str) -> int:
    match = _match(PATTERN, text.replace("_", ""))
    if match is None or BITS.fullmatch(match[3]) or match[3].lower() not in units:
        offered = _offer_units(match) if match and units is BYTES else None
        hint = offered or _mend(text, match and match[3])
        raise ArchcalcError(f"'{_shorten(text)}' is no quantity such as {example}", hint=hint)
    whole, fraction, unit = match[1].replace(",", ""), match[2] or "", units[match[3].lower()]
    if unit == 1 and fraction.strip("0"):
        raise ArchcalcError(f"'{text}' is no whole number", hint=f"a unit may follow, as in {example}")
    return int(whole + fraction) * unit // int("1" + "0" * len(fraction))
