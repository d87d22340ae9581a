"""Expressions over a spec's parameters: `64 * 2 // groups`, `2 if i == 0 else 1`, `depths[1]`."""

from __future__ import annotations

import re
from functools import lru_cache

from archcalc.formats.language.grammar import Evaluate, NotAnExpressionError, Parser, Scope
from archcalc.formats.language.operators import FUNCTIONS
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, nearest

OPERATORS = frozenset("+*/%<>=()[]^$")
"""Signs that no word has: a text with one of them was meant as an expression."""
SIGNS = str.maketrans({"·": "*", "×": "*", "−": "-", "÷": "/", "–": "-"})
"""How signs that people print are written in an expression."""
SIZE = re.compile(r"[0-9]+(\s*[x×]\s*[0-9]+)+")


class Parsed:
    """A parsed text: `names` are the parameters that it needs."""

    __slots__ = ("evaluate", "names")

    def __init__(self, evaluate: Evaluate, names: frozenset[str]) -> None:
        self.evaluate = evaluate
        self.names = names


def value_of(text: str, scope: Scope) -> object:
    """Return the value of `text` over `scope`, or `text` itself where it is no expression.

    A single word that is no parameter is itself, too (`same`, `3x3`).

    Raises:
        ArchcalcError: an unknown name among others, a division by zero, an index out of range, a
            comparison of unlike things, a number past the limits, a text that is too long or nested
            too deeply.
    """
    expression = parse(text)
    if expression is None:
        if OPERATORS & set(text):
            raise blame(text)
        return text
    if text.strip() in expression.names - scope.keys():
        return text
    check_names(text, expression, scope)
    try:
        return expression.evaluate(scope)
    except ZeroDivisionError:
        raise ArchcalcError(f"'{text}' divides by zero") from None
    except (TypeError, IndexError, OverflowError, ValueError) as error:
        raise ArchcalcError(f"'{text}' cannot be worked out: {error}") from None


def check_names(
    text: str, expression: Parsed, scope: Scope, nothing: str = "there are no parameters in scope"
) -> None:
    """Raise an error where an expression has a name that stands for nothing; `nothing` is what to say where none does."""
    if expression.names <= scope.keys():
        return
    name = min(expression.names - scope.keys())
    in_scope = f"the names in scope: {', '.join(scope)}" if scope else nothing
    raise ArchcalcError(
        f"'{text}' has an unknown name '{name}'", hint=nearest(name, [*scope, *FUNCTIONS]) or in_scope
    )


def work_out(text: str) -> object:
    """Return the value of a sum of numbers alone.

    Raises:
        ArchcalcError: it is none, or has a name in it, or what `value_of` raises.
    """
    expression = parse(text)
    if expression is None:
        raise blame(text)
    if expression.names:
        raise ArchcalcError(
            f"'{text}' has an unknown name '{min(expression.names)}'", hint="a sum has numbers alone"
        )
    return value_of(text, {})


def blame(text: str) -> ArchcalcError:
    """Return the error for a text that was meant as an expression and is none, with the habit that it comes from."""
    from archcalc.formats.language.habits import OFFER, habits

    why, hint = next(habits(text), ("", OFFER))
    return ArchcalcError(f"'{text}' is no expression{why and f': {why}'}", hint=hint)


@lru_cache(maxsize=4096)
def parse(text: str) -> Parsed | None:
    """Return the parsed expression, or None where `text` is none.

    Raises:
        ArchcalcError: the text is too long or nested too deeply to tell.
    """
    return None if SIZE.fullmatch(text) else read_with(Parser, text)


def read_with(grammar: type[Parser], text: str) -> Parsed | None:
    """Return the expression that a text is in some grammar, or None where it is none.

    Raises:
        ArchcalcError: the text is too long or nested too deeply to tell.
    """
    if len(text) > limits.EXPRESSION.value:
        raise ArchcalcError(
            f"a value of {len(text):,} characters is too long: "
            f"an expression has at most {limits.EXPRESSION.value}",
            hint=limits.EXPRESSION.hint,
        )
    parser = grammar(text)
    try:
        evaluate = parser.expression()
        parser.expect("")
    except NotAnExpressionError:
        return None
    return Parsed(evaluate, frozenset(parser.names))
