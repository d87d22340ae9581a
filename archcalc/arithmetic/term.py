"""`Term`: an integer that remembers how it was made.

Run an op's arithmetic on terms and the result carries its own derivation, which prints in symbols
(`(k·k·C + 1)·M`) or in numbers (`(5·5·1 + 1)·6`). Nothing here knows what an op is.
"""

from __future__ import annotations

from archcalc.arithmetic.number import Number

SUM, PRODUCT, ATOM = 1, 2, 3
"""How tightly a printed term holds together; a looser one is put in brackets."""


class Term:
    """An exact integer and the expression that it came from.

    A leaf has a symbol or is a bare number; any other term has an operator and operands. Neutral
    operands leave no trace (`x·1`, `x + 0`, `x/1`), and `x + x` is `2·x`.
    """

    __slots__ = ("operands", "operator", "symbol", "value")

    def __init__(
        self, value: int, symbol: str = "", operator: str = "", operands: tuple[Term, ...] = ()
    ) -> None:
        self.value = value
        self.symbol = symbol
        self.operator = operator
        self.operands = operands

    def __add__(self, other: Term | int) -> Term:
        right = as_term(other)
        if right is self:
            return 2 * self
        if _is_bare(right, 0):
            return self
        if _is_bare(self, 0):
            return right
        return Term(self.value + right.value, "", "+", (self, right))

    def __radd__(self, other: int) -> Term:
        return as_term(other) + self

    def __sub__(self, other: Term | int) -> Term:
        right = as_term(other)
        if _is_bare(right, 0):
            return self
        return Term(self.value - right.value, "", "-", (self, right))

    def __rsub__(self, other: int) -> Term:
        return as_term(other) - self

    def __mul__(self, other: Term | int) -> Term:
        right = as_term(other)
        if _is_bare(right, 1):
            return self
        if _is_bare(self, 1):
            return right
        return Term(self.value * right.value, "", "*", (self, right))

    def __rmul__(self, other: int) -> Term:
        return as_term(other) * self

    def __floordiv__(self, other: Term | int) -> Term:
        right = as_term(other)
        if _is_bare(right, 1):
            return self
        return Term(self.value // right.value, "", "//", (self, right))

    def __rfloordiv__(self, other: int) -> Term:
        return as_term(other) // self

    def __mod__(self, other: Term | int) -> Term:
        right = as_term(other)
        return Term(self.value % right.value, "", "%", (self, right))

    def __rmod__(self, other: int) -> Term:
        return as_term(other) % self

    def __neg__(self) -> Term:
        if self.operator == "//" and self.operands[0].operator == "neg":
            (negated,), divisor = self.operands[0].operands, self.operands[1]
            return Term(-self.value, "", "ceil", (negated, divisor))
        return Term(-self.value, "", "neg", (self,))

    def __int__(self) -> int:
        return self.value

    __index__ = __int__

    def __float__(self) -> float:
        return float(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term | int) and self.value == int(other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __lt__(self, other: Term | int) -> bool:
        return self.value < int(other)

    def __le__(self, other: Term | int) -> bool:
        return self.value <= int(other)

    def __gt__(self, other: Term | int) -> bool:
        return self.value > int(other)

    def __ge__(self, other: Term | int) -> bool:
        return self.value >= int(other)

    def __bool__(self) -> bool:
        return self.value != 0

    def __repr__(self) -> str:
        return f"Term({self.symbols()} = {self.numbers()} = {self.value})"

    def symbols(self) -> str:
        """Return the derivation with its symbols, such as `(k·k·C + 1)·M`."""
        return _render(self, symbolic=True)[0]

    def numbers(self) -> str:
        """Return the derivation with its numbers, such as `(5·5·1 + 1)·6`."""
        return _render(self, symbolic=False)[0]


def as_term(value: Number) -> Term:
    """Return a number as a term: what has no history is a bare one."""
    return value if isinstance(value, Term) else Term(int(value))


def name_numbers(value: object, symbol: str) -> object:
    """Return a setting's value with its integers turned into terms called `symbol`.

    A tuple of several values gets an index each; a pair of equal values, such as the padding
    before and after, becomes twice the same term. What is no integer stays as it is.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return Term(value, symbol)
    if isinstance(value, tuple):
        if len(value) > 1 and all(item == value[0] for item in value):
            return (name_numbers(value[0], symbol),) * len(value)
        alone = len(value) == 1
        return tuple(
            name_numbers(v, symbol if alone else f"{symbol}{_SUBSCRIPTS[i % 10]}")
            for i, v in enumerate(value)
        )
    return value


_SUBSCRIPTS = "₁₂₃₄₅₆₇₈₉₀"


def _is_bare(term: Term, value: int) -> bool:
    """Tell whether `term` is the plain number `value`, with no symbol and no history."""
    return term.value == value and not term.symbol and not term.operator


def _render(term: Term, *, symbolic: bool) -> tuple[str, int]:
    """Return the printed term and how tightly it holds together."""
    if not term.operator:
        text = term.symbol if symbolic and term.symbol else str(term.value)
        return text, ATOM if term.value >= 0 or (symbolic and term.symbol) else SUM
    parts = [_render(operand, symbolic=symbolic) for operand in term.operands]
    if term.operator in "+-":
        (left, _), (right, tightness) = parts
        loose = term.operator == "-" and tightness == SUM
        sign = "−" if term.operator == "-" else "+"
        return f"{left} {sign} {f'({right})' if loose else right}", SUM
    if term.operator == "neg":
        return f"−{_bracket(*parts[0], PRODUCT)}", SUM
    if term.operator == "*":
        return f"{_bracket(*parts[0], PRODUCT)}·{_bracket(*parts[1], PRODUCT)}", PRODUCT
    if term.operator == "%":
        return f"{_bracket(*parts[0], ATOM)} mod {_bracket(*parts[1], ATOM)}", SUM
    quotient = f"{_bracket(*parts[0], PRODUCT)}/{_bracket(*parts[1], ATOM)}"
    top, bottom = term.operands
    if top.value % bottom.value == 0:
        return quotient, PRODUCT
    return (f"⌈{quotient}⌉" if term.operator == "ceil" else f"⌊{quotient}⌋"), ATOM


def _bracket(text: str, tightness: int, needed: int) -> str:
    return text if tightness >= needed else f"({text})"
