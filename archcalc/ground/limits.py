"""How much of anything is accepted: a spec may come from a stranger.

A `Limit` only keeps a spec from filling memory or time, so an environment variable can move it. The plain numbers
are part of the language and hold always.
"""

from __future__ import annotations

import os

from archcalc.ground.errors import ArchcalcError, ExceededError, visible

MAGNITUDE = 10**18
"""The largest number in a spec or an expression."""

AXES = 8
"""The most axes that a size, a padding or a shape may have."""

DIGITS = 18
"""The longest number in a size, in digits."""

FUNCTIONS = 100
"""How deep the functions of an ONNX file may call each other: ONNX's own programs follow no more."""

OPSET = 2**31 - 1
"""The newest opset that an ONNX file may name: ONNX's own programs hold its number in 32 bits."""

CALLS = 1000
"""The deepest nesting that may be asked for: Python has calls within calls for no more, and often for less."""


class Limit:
    """The most of something, which an environment variable moves; it is read whenever the bound is asked for."""

    __slots__ = ("default", "meaning", "most", "variable")

    def __init__(self, variable: str, default: int, meaning: str, most: int = MAGNITUDE) -> None:
        self.variable = variable
        self.default = default
        self.meaning = meaning
        self.most = most

    @property
    def value(self) -> int:
        """The bound that holds now.

        Raises:
            ArchcalcError: the variable holds something else than a whole number from 1 to `most`.
        """
        given = os.environ.get(self.variable)
        if not given:
            return self.default
        is_count = given.isascii() and given.isdigit() and len(given) <= len(str(self.most))
        if not is_count or not 1 <= int(given) <= self.most:
            raise ArchcalcError(
                f"the environment variable {self.variable} is '{visible(given[:40])}': "
                f"it must be a whole number from 1 to {self.most:,}",
                hint=f"without it the bound is {self.default:,}",
            )
        return int(given)

    @property
    def hint(self) -> str:
        """How to move the bound."""
        return f"set {self.variable} to allow more"

    def check(self, amount: int, holder: str, what: str) -> None:
        """Raise an error where a holder has more than the bound of something.

        Raises:
            ExceededError: it has.
        """
        if amount > self.value:
            raise ExceededError(f"{holder} more than {self.value:,} {what}", hint=self.hint)


FILE_BYTES = Limit("ARCHCALC_MAX_FILE_BYTES", 16 * 1024 * 1024, "bytes of a spec file")
VALUES = Limit("ARCHCALC_MAX_VALUES", 4_000_000, "values in a spec")
LAYERS = Limit("ARCHCALC_MAX_LAYERS", 250_000, "layers of a network")
NESTING = Limit("ARCHCALC_MAX_NESTING", 100, "levels of lists, mappings and blocks", CALLS)
NAME = Limit("ARCHCALC_MAX_NAME", 100, "characters of a name")
EXPRESSION = Limit("ARCHCALC_MAX_EXPRESSION", 400, "characters of an expression")
BRACKETS = Limit("ARCHCALC_MAX_BRACKETS", 30, "brackets within brackets", CALLS)
STACK_LAYERS = Limit("ARCHCALC_MAX_STACK_LAYERS", 1000, "layers of a stack")
WORK = Limit("ARCHCALC_MAX_WORK", 50_000_000, "steps of reading ONNX or judging claims")

LIMITS = (FILE_BYTES, VALUES, LAYERS, NESTING, NAME, EXPRESSION, BRACKETS, STACK_LAYERS, WORK)
"""Every bound that can be moved, as `archcalc --help` lists them."""


def check() -> None:
    """Raise an error where a variable holds no bound: those who pass over specs that are wrong ask first."""
    for limit in LIMITS:
        _ = limit.value
