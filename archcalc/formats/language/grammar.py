"""The grammar of expressions.

    expression  = disjunction ["if" disjunction "else" expression]
    disjunction = conjunction {"or" conjunction}
    conjunction = negation {"and" negation}
    negation    = {"not"} comparison
    comparison  = sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum]
    sum         = product {("+" | "-") product}
    product     = factor {("*" | "/" | "//" | "%") factor}
    factor      = {"-"} atom {"[" expression "]"}
    atom        = number | "true" | "false" | name | function "(" expression {"," expression} ")" | "(" expression ")"

A text is read once into nested closures over a scope of parameters. There is nothing else to call
and nothing to reach: no attributes, no powers, and every number stays within the limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

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
from archcalc.ground.errors import ArchcalcError

Scope = Mapping[str, object]
Evaluate = Callable[[Scope], object]

TOKEN = re.compile(
    r"\s*((?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?![^\W\d_])|[^\W0-9]\w*|//|[=!<>]=|[-+*/%<>()\[\],])"
)
"""A number that no letter touches, a name or a sign."""
DIGITS = frozenset("0123456789.")
KEYWORDS = frozenset(("if", "else", "and", "or", "not", "true", "false"))


class NotAnExpressionError(Exception):
    """The text is none, so it stands for itself."""


class Parser:
    """Recursive descent over the tokens; each method returns a closure for its rule of the grammar."""

    token: ClassVar = TOKEN
    """What a token is: the first group."""

    def __init__(self, text: str) -> None:
        self.tokens = self.split(text)
        self.position = 0
        self.names: set[str] = set()
        self.depth = 0
        self.nesting = limits.BRACKETS.value

    def split(self, text: str) -> list[str]:
        """Return the tokens of a text and an empty one for its end."""
        tokens, position = [], 0
        text = text.rstrip()
        while position < len(text):
            match = self.token.match(text, position)
            if match is None:
                return ["?", ""]
            tokens.append(match[1])
            position = match.end()
        return [*tokens, ""]

    def constant(self, token: str) -> object:
        """Return the number that is written so."""
        return float(token) if "." in token else int(token)

    def peek(self) -> str:
        """Return the next token, an empty one at the end."""
        return self.tokens[self.position]

    def take(self, *wanted: str) -> str | None:
        """Move past the next token if it is one of `wanted`, and return it."""
        token = self.peek()
        if token not in wanted or not token:
            return None
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        """Move past the next token, which must be this one."""
        if self.peek() != token:
            raise NotAnExpressionError
        self.position += 1

    def expression(self) -> Evaluate:
        """Read an expression, which brackets may hold."""
        self.depth += 1
        if self.depth > self.nesting:
            raise ArchcalcError(
                f"an expression is nested more than {self.nesting} deep", hint=limits.BRACKETS.hint
            )
        value = self.conditional()
        self.depth -= 1
        return value

    def conditional(self) -> Evaluate:
        """Read one value or the other, by a condition."""
        then = self.disjunction()
        if not self.take("if"):
            return then
        condition = self.disjunction()
        self.expect("else")
        otherwise = self.expression()
        return lambda scope: then(scope) if condition(scope) else otherwise(scope)

    def disjunction(self) -> Evaluate:
        """Read what `or` joins."""
        left = self.conjunction()
        while self.take("or"):
            left = _either(left, self.conjunction())
        return left

    def conjunction(self) -> Evaluate:
        """Read what `and` joins."""
        left = self.negation()
        while self.take("and"):
            left = _both(left, self.negation())
        return left

    def negation(self) -> Evaluate:
        """Read what `not` may stand before."""
        times = 0
        while self.take("not"):
            times += 1
        inner = self.comparison()
        return (lambda scope: bool(inner(scope)) != (times % 2 == 1)) if times else inner

    def comparison(self) -> Evaluate:
        """Read two sums with a sign between them, or a single one."""
        left = self.sum()
        sign = self.take(*COMPARISONS)
        return _binary(COMPARISONS[sign], left, self.sum()) if sign else left

    def sum(self) -> Evaluate:
        """Read products that are added up."""
        left = self.product()
        while sign := self.take("+", "-"):
            left = arithmetic(sign, left, self.product())
        return left

    def product(self) -> Evaluate:
        """Read factors that are multiplied or divided."""
        left = self.factor()
        while sign := self.take("*", "/", "//", "%"):
            left = arithmetic(sign, left, self.factor())
        return left

    def factor(self) -> Evaluate:
        """Read a factor with its signs."""
        signs = 0
        while self.take("-"):
            signs += 1
        value = self.subscripted()
        return (lambda scope: (-1) ** signs * number(value(scope))) if signs else value

    def subscripted(self) -> Evaluate:
        """Read a value, or an item of it."""
        value = self.atom()
        while self.take("["):
            value = _binary(item, value, self.expression())
            self.expect("]")
        return value

    def atom(self) -> Evaluate:
        """Read a number, a name, a call or an expression in brackets."""
        token = self.peek()
        self.position += 1
        if token == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if token[:1] in DIGITS:
            constant = self.constant(token)
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
        """Read the arguments of a function."""
        arguments = [self.expression()]
        while self.take(","):
            arguments.append(self.expression())
        self.expect(")")
        return lambda scope: apply(name, [number(argument(scope)) for argument in arguments])


def _either(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda scope: left(scope) or right(scope)


def _both(left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda scope: left(scope) and right(scope)


def _binary(function: Callable[[object, object], object], left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda scope: function(left(scope), right(scope))


def arithmetic(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """Return the closure of two closures' sum, difference, product or quotient."""
    function = ARITHMETIC[sign]
    return lambda scope: bound(function(number(left(scope)), number(right(scope))))
