"""Numbers as people read them: with separators, in units, in percent."""

from __future__ import annotations

UNITS = ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
BYTE_UNITS = ((2**50, "PiB"), (2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def group_digits(number: int) -> str:
    """Return a whole number with thousands separators: 62,378,344."""
    return f"{number:,}"


def write_real(value: float) -> str:
    """Return a number to four digits, or whole where it has more: 0.000321, 4.73, 150,528."""
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "−")


def short(number: int, units: tuple[tuple[int, str], ...] = UNITS) -> str:
    """Return a count to three digits with its prefix: 62.4 M."""
    return _scale(number, units) or str(number)


def write_bytes(number: int) -> str:
    """Return bytes in binary units: 237.9 MiB."""
    return _scale(number, BYTE_UNITS) or f"{number} B"


def _scale(number: int, units: tuple[tuple[int, str], ...]) -> str | None:
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
        if count_steps(number, size, decimals) < 1000:
            return write_in_unit(number, size, decimals)
    return write_in_unit(number, size, 0)


def count_steps(number: int, size: int, decimals: int) -> int:
    """Return number/size, rounded half up, in units of its last decimal."""
    steps: int = 10**decimals
    return (2 * number * steps + size) // (2 * size)


def write_in_unit(number: int, size: int, decimals: int) -> str:
    """Return number/size, rounded half up to some decimals: 1,234.50."""
    whole, rest = divmod(count_steps(number, size, decimals), 10**decimals)
    return f"{group_digits(whole)}.{rest:0{decimals}d}" if decimals else group_digits(whole)


def percent(share: float) -> str:
    """Return a share in percent with one decimal, and never 0.0 for something: <0.1%."""
    return "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
