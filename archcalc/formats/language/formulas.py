"""Formulas as people write them, such as 27C^2 or (N − F)/S + 1: expressions with powers, without signs of multiplication, exact.

To the grammar of expressions they add

    product     = factor {["*" | "/" | "//" | "%"] factor}        without a sign before a name or a bracket
    factor      = {"-"} atom {"^" number}

and numbers are fractions, so that what agrees agrees to the unit. What stands right behind a divisor is refused: 1/2S may be
half of S or one over two of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from archcalc.formats.language.expressions import SIGNS, Parsed, blame, check_names, read_with
from archcalc.formats.language.grammar import (
    KEYWORDS,
    Evaluate,
    NotAnExpressionError,
    Parser,
    arithmetic,
)
from archcalc.formats.language.operators import ARITHMETIC, bound, number
from archcalc.ground.errors import ArchcalcError
from archcalc.op.settings import show

RAISED = str.maketrans({"²": "^2", "³": "^3"})
TOKEN = re.compile(r"\s*([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+|[^\W0-9]\w*|//|[=!<>]=|[-+*/%^<>()\[\],])")
MOST = 9
"""The highest power."""
WITHOUT_LETTERS = "letters are those of a single layer; of a stack C, in its params, weight_params and macs"
DIVISIONS = ("/", "//", "%")


class WrittenFormula:
    """A formula that a source states; `letters` are what it is about."""

    def __init__(self, text: str) -> None:
        """Read it.

        Raises:
            ArchcalcError: it is none, or can be read in two ways.
        """
        written = text.translate(SIGNS).translate(RAISED)
        parsed = read_with(_Grammar, written)
        if parsed is None:
            raise blame(text)
        self.text = text
        self._parsed: Parsed = parsed

    @property
    def letters(self) -> frozenset[str]:
        """The names in it."""
        return self._parsed.names

    def value(self, letters: Mapping[str, object]) -> Fraction | float | None:
        """Return what it comes to where its letters stand for numbers; None where it divides by zero.

        It is a fraction but where it has a square root.

        Raises:
            ArchcalcError: a letter stands for nothing, or it comes to no number.
        """
        check_names(self.text, self._parsed, letters, WITHOUT_LETTERS)
        try:
            value = self._parsed.evaluate(letters)
        except ZeroDivisionError:
            return None
        except (TypeError, IndexError, OverflowError, ValueError) as error:
            raise ArchcalcError(f"'{self.text}' cannot be worked out: {error}") from None
        if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
            raise ArchcalcError(f"'{self.text}' comes to no number: {show(value)}")
        return value if isinstance(value, float) else Fraction(value)


class _Grammar(Parser):
    """Expressions with powers, and without signs of multiplication."""

    token = TOKEN

    def product(self) -> Evaluate:
        left, is_divided = self.factor(), False
        while True:
            sign = self.take("*", *DIVISIONS)
            if sign is None:
                if not self.stands_beside():
                    return left
                if is_divided:
                    raise ArchcalcError(
                        "what stands right behind a divisor can be read in two ways",
                        hint="write a/(2·S) or a/2·S",
                    )
                sign = "*"
            left = _divide(left, self.factor()) if sign == "/" else arithmetic(sign, left, self.factor())
            is_divided = sign in DIVISIONS

    def stands_beside(self) -> bool:
        """Tell whether a factor follows without a sign: a bracket, or a name behind a number or a bracket."""
        token, before = self.peek(), self.tokens[self.position - 1]
        if token == "(":
            return True
        is_name = token.isidentifier() and token not in KEYWORDS
        return is_name and not before.isidentifier()

    def subscripted(self) -> Evaluate:
        value = super().subscripted()
        while self.take("^"):
            power = self.peek()
            self.position += 1
            if not power.isdecimal():
                raise NotAnExpressionError
            if int(power) > MOST:
                raise ArchcalcError(f"a power is at most {MOST}, not {power}")
            value = _raise_to(value, int(power))
        return value

    def constant(self, token: str) -> int | Fraction:
        return Fraction(token) if "." in token else int(token)


def _divide(left: Evaluate, right: Evaluate) -> Evaluate:
    def divide(scope: Mapping[str, object]) -> object:
        dividend, divisor = number(left(scope)), number(right(scope))
        is_exact = not isinstance(dividend, float) and not isinstance(divisor, float)
        return bound(Fraction(dividend, divisor) if is_exact else ARITHMETIC["/"](dividend, divisor))

    return divide


def _raise_to(base: Evaluate, power: int) -> Evaluate:
    return lambda scope: bound(number(base(scope)) ** power)
