"""Expressions over a spec's parameters: `64 * 2 // groups`, `2 if i == 0 else 1`, `depths[1]`.

    expression  = disjunction ["if" disjunction "else" expression]
    disjunction = conjunction {"or" conjunction}
    conjunction = negation {"and" negation}
    negation    = {"not"} comparison
    comparison  = sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum]
    sum         = product {("+" | "-") product}
    product     = factor {("*" | "/" | "//" | "%") factor}
    factor      = {"-"} atom {"[" expression "]"}
    atom        = number | "true" | "false" | name | function "(" expression {"," expression} ")" | "(" expression ")"

A text is parsed once into nested closures over a scope of parameters. There is nothing else to call
and nothing to reach: no attributes, no powers, and every number stays within the limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from archcalc.formats.language.operators import (
    ARITHMETIC,
    COMPARISONS,
    FUNCTIONS,
    apply,
    bound,
    item,
    number,
)
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, nearest

Scope = Mapping[str, object]
Evaluate = Callable[[Scope], object]

TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)|(?P<name>[^\W0-9]\w*)|(?P<sign>//|[=!<>]=|[-+*/%<>()\[\],]))"
)
OPERATORS = frozenset("+*/%<>=()[]^$")
"""Signs that no word has: a text with one of them was meant as an expression."""
SIGNS = str.maketrans({"·": "*", "×": "*", "−": "-", "÷": "/", "–": "-"})
"""How signs that people print are written in an expression."""
SIZE = re.compile(r"[0-9]+(\s*[x×]\s*[0-9]+)+")
DIGITS = frozenset("0123456789.")
KEYWORDS = frozenset(("if", "else", "and", "or", "not", "true", "false"))


class NotAnExpressionError(Exception):
    """The text is none, so it stands for itself."""


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
            raise _blame(text)
        return text
    if not expression.names <= scope.keys():
        name = min(expression.names - scope.keys())
        if text.strip() == name:
            return text
        known = [*scope, *FUNCTIONS]
        raise ArchcalcError(
            f"'{text}' has an unknown name '{name}'",
            hint=nearest(name, known)
            or (f"the names in scope: {', '.join(scope)}" if scope else "there are no parameters in scope"),
        )
    try:
        return expression.evaluate(scope)
    except ZeroDivisionError:
        raise ArchcalcError(f"'{text}' divides by zero") from None
    except (TypeError, IndexError, OverflowError, ValueError) as error:
        raise ArchcalcError(f"'{text}' cannot be worked out: {error}") from None


def work_out(text: str) -> object:
    """Return the value of a sum of numbers alone.

    Raises:
        ArchcalcError: it is none, or has a name in it, or what `value_of` raises.
    """
    expression = parse(text)
    if expression is None:
        raise _blame(text)
    if expression.names:
        raise ArchcalcError(
            f"'{text}' has an unknown name '{min(expression.names)}'", hint="a sum has numbers alone"
        )
    return value_of(text, {})


def _blame(text: str) -> ArchcalcError:
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
    if SIZE.fullmatch(text):
        return None
    if len(text) > limits.EXPRESSION.value:
        raise ArchcalcError(
            f"a value of {len(text):,} characters is too long: "
            f"an expression has at most {limits.EXPRESSION.value}",
            hint=limits.EXPRESSION.hint,
        )
    parser = _Parser(text)
    try:
        evaluate = parser.expression()
        parser.expect("")
    except NotAnExpressionError:
        return None
    return Parsed(evaluate, frozenset(parser.names))


class _Parser:
    """Recursive descent over the tokens; each method returns a closure for its rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.position = 0
        self.names: set[str] = set()
        self.depth = 0
        self.nesting = limits.BRACKETS.value

    def peek(self) -> str:
        return self.tokens[self.position]

    def take(self, *wanted: str) -> str | None:
        """Move past the next token if it is one of `wanted`, and return it."""
        token = self.peek()
        if token not in wanted or not token:
            return None
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.peek() != token:
            raise NotAnExpressionError
        self.position += 1

    def expression(self) -> Evaluate:
        self.depth += 1
        if self.depth > self.nesting:
            raise ArchcalcError(
                f"an expression is nested more than {self.nesting} deep", hint=limits.BRACKETS.hint
            )
        value = self.conditional()
        self.depth -= 1
        return value

    def conditional(self) -> Evaluate:
        then = self.disjunction()
        if not self.take("if"):
            return then
        condition = self.disjunction()
        self.expect("else")
        otherwise = self.expression()
        return lambda scope: then(scope) if condition(scope) else otherwise(scope)

    def disjunction(self) -> Evaluate:
        left = self.conjunction()
        while self.take("or"):
            left = _either(left, self.conjunction())
        return left

    def conjunction(self) -> Evaluate:
        left = self.negation()
        while self.take("and"):
            left = _both(left, self.negation())
        return left

    def negation(self) -> Evaluate:
        times = 0
        while self.take("not"):
            times += 1
        inner = self.comparison()
        return (lambda scope: bool(inner(scope)) != (times % 2 == 1)) if times else inner

    def comparison(self) -> Evaluate:
        left = self.sum()
        sign = self.take(*COMPARISONS)
        return _binary(COMPARISONS[sign], left, self.sum()) if sign else left

    def sum(self) -> Evaluate:
        left = self.product()
        while sign := self.take("+", "-"):
            left = _arithmetic(sign, left, self.product())
        return left

    def product(self) -> Evaluate:
        left = self.factor()
        while sign := self.take("*", "/", "//", "%"):
            left = _arithmetic(sign, left, self.factor())
        return left

    def factor(self) -> Evaluate:
        signs = 0
        while self.take("-"):
            signs += 1
        value = self.subscripted()
        return (lambda scope: (-1) ** signs * number(value(scope))) if signs else value

    def subscripted(self) -> Evaluate:
        value = self.atom()
        while self.take("["):
            value = _binary(item, value, self.expression())
            self.expect("]")
        return value

    def atom(self) -> Evaluate:
        token = self.peek()
        self.position += 1
        if token == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if token[:1] in DIGITS:
            constant = float(token) if "." in token else int(token)
            return lambda scope: bound(constant)
        if token in ("true", "false"):
            return lambda scope: token == "true"
        if not token.isidentifier() or token in KEYWORDS:
            raise NotAnExpressionError
        if token in FUNCTIONS and self.take("("):
            return self.call(token)
        self.names.add(token)
        return lambda scope: scope[token]

    def call(self, name: str) -> Evaluate:
        arguments = [self.expression()]
        while self.take(","):
            arguments.append(self.expression())
        self.expect(")")
        return lambda scope: apply(name, [number(argument(scope)) for argument in arguments])


def _tokens(text: str) -> list[str]:
    """Return the tokens and an empty one for the end."""
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            return ["?", ""]
        token = match.group("number") or match.group("name") or match.group("sign")
        if match.group("number") and text[match.end() : match.end() + 1].isalpha():
            return ["?", ""]
        tokens.append(token)
        position = match.end()
    return [*tokens, ""]


def _either(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda scope: left(scope) or right(scope)


def _both(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda scope: left(scope) and right(scope)


def _binary(function: Callable[[object, object], object], left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda scope: function(left(scope), right(scope))


def _arithmetic(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    function = ARITHMETIC[sign]
    return lambda scope: bound(function(number(left(scope)), number(right(scope))))
