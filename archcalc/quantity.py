"""Quantities as people write them: 5M parameters, 1.5G MACs, 64MiB."""

from __future__ import annotations

import re

from archcalc.errors import ArchcalcError

COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
BYTES = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}
PATTERN = re.compile(r"(\d{1,18})(?:\.(\d{1,18}))?\s*([A-Za-z]*)")


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


def _quantity(text: str, units: dict[str, int], example: str) -> int:
    match = PATTERN.fullmatch(text.strip().replace(",", "").replace("_", ""))
    if match is None or match[3].lower() not in units:
        raise ArchcalcError(f"'{text}' is no quantity such as {example}")
    whole, fraction, unit = match[1], match[2] or "", units[match[3].lower()]
    return int(whole + fraction) * unit // int("1" + "0" * len(fraction))
