"""What stands for a sign where the output's encoding lacks it."""

from __future__ import annotations

import re
from collections.abc import Callable

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ˣᵈᵖᵀ", "0123456789-+xdpT")
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SEPARATOR = " · (?=[a-z]{2})"
"""A point between two phrases, not between two factors."""
POWER = "[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ˣᵈᵖᵀ]+"
INDEX = "[₀₁₂₃₄₅₆₇₈₉]+"
SIGNS = str.maketrans(
    {
        **dict(zip("×·−–′…≈≤≥", ("x", "*", "-", "-", "'", "...", "~", "<=", ">="), strict=True)),
        **dict(zip("→⌊⌋⌈⌉√", ("->", "floor(", ")", "ceil(", ")", "sqrt"), strict=True)),
        **dict(zip("αβλπΣ∞", ("alpha", "beta", "lambda", "pi", "sum ", "inf"), strict=True)),
        **dict(zip("γμσ\u0302", ("gamma", "mu", "sigma", "_hat"), strict=True)),
        **dict(zip("─│├└█▉▊▋▌▍▎▏", "-||`########", strict=True)),
        "╱": "/",
        "µ": "u",
        **dict(zip("▁▂▃▄▅▆▇", "_.-:=+*", strict=True)),
    }
)


def spell(text: str) -> str:
    """Return text in ASCII, as far as there is something that stands for each sign: 27C^2, C_1, floor(54.25) -> 54."""
    text = re.sub(SEPARATOR, " - ", text)
    raised = re.sub(POWER, lambda power: f"^{power[0].translate(RAISED)}", text)
    return re.sub(INDEX, lambda index: f"_{index[0].translate(LOWERED)}", raised).translate(SIGNS)


def speller(encoding: str) -> Callable[[str], str]:
    """Return what puts text in signs that an encoding has."""

    def spelled(text: str) -> str:
        if text.isascii():
            return text
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            return spell(text)
        return text

    return spelled
