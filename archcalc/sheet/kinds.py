"""Cells as people read them: counts with separators, bytes in binary units, shapes, settings, derivations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archcalc.sheet.sheet import Kind


def grouped(number: int) -> str:
    """Return a whole number with thousands separators: 62,378,344."""
    return f"{number:,}"


UNITS = ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
BYTE_UNITS = ((2**50, "PiB"), (2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def short(number: int) -> str:
    """Return a count to three digits with its prefix: 62.4 M."""
    return _scaled(number, UNITS) or str(number)


def sized(number: int) -> str:
    """Return bytes in binary units: 237.9 MiB."""
    return _scaled(number, BYTE_UNITS) or f"{number} B"


def _scaled(number: int, units: tuple[tuple[int, str], ...]) -> str | None:
    """Return a number to three digits in the largest unit that it reaches, or None where it reaches none."""
    for position, (size, unit) in enumerate(units):
        if number < size:
            continue
        if position and (2 * number + size) // (2 * size) * size >= units[position - 1][0]:
            # Rounding reaches the next unit: 999,999 is 1.00 M.
            return f"1.00 {units[position - 1][1]}"
        return f"{_three_digits(number, size)} {unit}"
    return None


def _three_digits(number: int, size: int) -> str:
    """Return number/size rounded half up to three digits, without floats, which would overflow."""
    for decimals in (2, 1):
        scale = 10**decimals
        whole, rest = divmod((2 * number * scale + size) // (2 * size), scale)
        if whole < 10 ** (3 - decimals):
            return f"{whole}.{rest:0{decimals}d}"
    return grouped((2 * number + size) // (2 * size))


def shaped(shape: tuple[int, ...]) -> str:
    """Return a shape without its batch: 96×55×55."""
    return "×".join(map(str, shape[1:]))


def described(settings: Mapping[str, Any]) -> str:
    """Return an op's settings as a person would write them: out 96, kernel 11, stride 4."""
    return ", ".join(f"{name} {_setting(value)}" for name, value in settings.items())


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if isinstance(value[0], tuple):
            return _pairs(value)
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pairs(pairs: tuple[tuple[int, ...], ...]) -> str:
    if all(len(pair) == 2 and pair[0] == pair[1] for pair in pairs):
        return "×".join(str(before) for before, _ in pairs)
    if len(pairs) > 4:
        return "table"
    return " ".join("+".join(map(str, pair)) for pair in pairs)


def figure(value: Any) -> str:
    """Return a count, or one number an axis."""
    if isinstance(value, tuple):
        return "×".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else grouped(value)


def field(value: tuple[Any, bool]) -> str:
    """Return a receptive field, with a mark where it is larger than the input."""
    sizes, larger = value
    return ("whole" if sizes is None else figure(sizes)) + ("*" if larger else "")


def derivation(value: tuple[str, str, int, str]) -> str:
    """Return a derivation on lines of its own: symbols, numbers, result; what would stand twice, once."""
    symbols, numbers, result, unit = value
    readable = (
        f"{grouped(result)} B ({sized(result)})" if unit == "B" else f"{grouped(result)} {unit}".rstrip()
    )
    steps = dict.fromkeys((symbols, numbers))
    if str(result) in steps:
        del steps[str(result)]
    return "\n= ".join((*steps, readable))


def ratio(value: float | str) -> str:
    """Return a factor to three digits, ×1 only where it is one: ×1.81, ×0.0467, ×1,235."""
    if isinstance(value, str) or value == 1:
        return str(value) if isinstance(value, str) else "×1"
    rounded = float(f"{value:.3g}")
    return f"×{value:,.0f}" if rounded >= 1000 else f"×{value:.2f}" if rounded == 1 else f"×{rounded:g}"


UNKNOWN = "?"


def percent(share: float) -> str:
    """Return a share in percent with one decimal, and never 0.0 for something: <0.1%."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


LEFT: tuple[Kind, ...] = ("text", "words", "settings", "derivation", "verdict")
"""Kinds that are aligned to the left."""
WRITERS: dict[Kind, Callable[[Any], str]] = {
    "text": str,
    "words": str,
    "shape": shaped,
    "count": grouped,
    "bytes": sized,
    "share": percent,
    "settings": described,
    "figure": figure,
    "field": field,
    "derivation": derivation,
    "verdict": str,
    "ratio": ratio,
    "mixed": lambda cell: written(*cell),
}


def written(kind: Kind, value: Any) -> str:
    """Return a cell as people read it."""
    return UNKNOWN if value is None else WRITERS[kind](value)
