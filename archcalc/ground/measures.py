"""Measures as people write them: 989.4 TFLOP/s, 3.35 TB/s, 1.98 GHz, 700 W, 5ms.

Beside `quantity`, which reads counts and bytes, these units tell small letters from large ones: mW is not MW, and Gb/s
are bits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.ground.quantity import LONGEST, NUMBER

PATTERN = re.compile(NUMBER + r"\s*([A-Za-zµμ/]*)")
PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
BINARY = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}


class Units(NamedTuple):
    """The units of a measure, each in its base unit, and an example."""

    sizes: Mapping[str, int | Fraction]
    example: str


WORK_RATES = Units(
    {
        f"{prefix}{unit}": size
        for unit in ("FLOP/s", "OP/s", "FLOPS", "OPS")
        for prefix, size in PREFIXES.items()
    },
    "989.4 TFLOP/s or 242 TOP/s",
)
BYTE_RATES = Units(
    {f"{prefix}B/s": size for prefix, size in {**PREFIXES, **BINARY}.items()}, "3.35 TB/s or 17.1 GB/s"
)
FREQUENCIES = Units({f"{prefix}Hz": size for prefix, size in PREFIXES.items()}, "1.98 GHz or 216 MHz")
POWERS = Units({"mW": Fraction(1, 1000), "W": 1, "kW": 1000}, "700 W or 500 mW")
MICROSECONDS = Units(
    {"": 1, "ns": Fraction(1, 1000), "us": 1, "µs": 1, "μs": 1, "ms": 1000, "s": 10**6}, "5ms or 250us"
)
"""Times in microseconds, which a number without a unit is in, too."""


def measure(text: str, units: Units) -> Fraction:
    """Return a number with one of some units in their base unit, exactly.

    Raises:
        ArchcalcError: it is no such number, or has another unit.
    """
    match = PATTERN.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None or match[3] not in units.sizes:
        shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
        raise ArchcalcError(f"'{shown}' is no quantity such as {units.example}", hint=_hint(match, units))
    decimals = match[2] or ""
    return Fraction(int(match[1].replace(",", "") + decimals), 10 ** len(decimals)) * units.sizes[match[3]]


def _hint(match: re.Match[str] | None, units: Units) -> str | None:
    """Return the unit that may be meant, or all of them where a number has none."""
    if match is None:
        return None
    listed = ", ".join(unit for unit in units.sizes if unit.isascii() and unit)
    return (match[3] and nearest(match[3], units.sizes)) or f"the units are {listed}"
