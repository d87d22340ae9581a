"""`Calculated`: a real number that remembers how it was made, and what its steps are called.

Run a formula on such numbers and its result carries each step, which prints in symbols (`start + max(work, moving)`)
or in numbers (`4.73 + max(9.1, 3.2)`). Nothing here knows what a formula is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

SUM, PRODUCT, ATOM = 1, 2, 3
"""How tightly a printed number holds together; a looser one is put in brackets."""
SIGNS = {"+": ("+", SUM), "-": ("−", SUM), "*": ("·", PRODUCT), "/": ("/", PRODUCT)}
Operand = Any
"""A `Calculated`, or a plain number."""
Writer = Callable[[float], str]
"""How a number is written."""


class Calculated:
    """A number, and the expression that it came from.

    A leaf has a symbol or is bare. A step has a symbol, a unit and, as its only operand, the expression that it is called
    after. Any other has an operator and operands. The value is what plain numbers would come to, to the last bit.
    """

    __slots__ = ("operands", "operator", "symbol", "unit", "value")

    def __init__(
        self,
        value: float,
        symbol: str = "",
        operator: str = "",
        operands: tuple[Calculated, ...] = (),
        unit: str = "",
    ) -> None:
        self.value = value
        self.symbol = symbol
        self.operator = operator
        self.operands = operands
        self.unit = unit

    def __add__(self, other: Operand) -> Calculated:
        right = as_calculated(other)
        if _is_bare(right, 0):
            return self
        return right if _is_bare(self, 0) else _combine(self.value + right.value, "+", self, right)

    def __radd__(self, other: Operand) -> Calculated:
        return as_calculated(other) + self

    def __sub__(self, other: Operand) -> Calculated:
        right = as_calculated(other)
        return self if _is_bare(right, 0) else _combine(self.value - right.value, "-", self, right)

    def __rsub__(self, other: Operand) -> Calculated:
        return as_calculated(other) - self

    def __mul__(self, other: Operand) -> Calculated:
        right = as_calculated(other)
        if _is_bare(self, 0) or _is_bare(right, 0):
            return Calculated(self.value * right.value)
        if _is_bare(right, 1):
            return self
        return right if _is_bare(self, 1) else _combine(self.value * right.value, "*", self, right)

    def __rmul__(self, other: Operand) -> Calculated:
        return as_calculated(other) * self

    def __truediv__(self, other: Operand) -> Calculated:
        right = as_calculated(other)
        if _is_bare(self, 0):
            return Calculated(self.value / right.value)
        return self if _is_bare(right, 1) else _combine(self.value / right.value, "/", self, right)

    def __rtruediv__(self, other: Operand) -> Calculated:
        return as_calculated(other) / self

    def __floordiv__(self, other: Operand) -> Calculated:
        right = as_calculated(other)
        is_whole = _is_bare(right, 1) and self.value % 1 == 0 and self.operator != "neg"
        return self if is_whole else _combine(self.value // right.value, "//", self, right)

    def __rfloordiv__(self, other: Operand) -> Calculated:
        return as_calculated(other) // self

    def __pow__(self, power: float) -> Calculated:
        return _combine(self.value**power, "**", self, Calculated(power))

    def __neg__(self) -> Calculated:
        if self.operator == "//" and self.operands[0].operator == "neg":
            (negated,), divisor = self.operands[0].operands, self.operands[1]
            return _combine(-self.value, "ceil", negated, divisor)
        return _combine(-self.value, "neg", self)

    def __float__(self) -> float:
        return float(self.value)

    def __repr__(self) -> str:
        return f"Calculated({self.symbols()} = {self.numbers()} = {self.value})"

    def symbols(self, write: Writer = str) -> str:
        """Return how it comes about in symbols, of a step what it is called after; bare numbers as `write` has them."""
        return _render(self._made, write, symbolic=True)[0]

    def numbers(self, write: Writer = str) -> str:
        """Return how it comes about in numbers, each as `write` has it."""
        return _render(self._made, write, symbolic=False)[0]

    @property
    def _made(self) -> Calculated:
        return self.operands[0] if self.operator == "=" else self

    def steps(self) -> Iterator[Calculated]:
        """Yield the steps that it is made of, each once and after those that it needs; itself last if it is one."""
        seen: set[int] = set()
        yield from _walk(self, seen)

    def leaves(self) -> Iterator[Calculated]:
        """Yield the leaves with symbols that it is made of, as they occur."""
        if self.symbol and not self.operator:
            yield self
        for operand in self.operands:
            yield from operand.leaves()


def as_calculated(value: Operand) -> Calculated:
    """Return a number as a `Calculated`: what has no history is a bare one."""
    return value if isinstance(value, Calculated) else Calculated(value)


def call(symbol: str, value: Operand, unit: str = "") -> Operand:
    """Return a number as a step that has a name; what remembers nothing as it is."""
    if isinstance(value, Calculated) and not _is_bare(value, 0):
        return Calculated(value.value, symbol, "=", (value,), unit)
    return value


def smaller(a: Operand, b: Operand) -> Operand:
    """Return the smaller of two numbers, or of each two in arrays of them."""
    if isinstance(a, Calculated) or isinstance(b, Calculated):
        left, right = as_calculated(a), as_calculated(b)
        return _combine(smaller(left.value, right.value), "min", left, right)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return min(a, b)
    return (a + b - abs(a - b)) / 2


def larger(a: Operand, b: Operand) -> Operand:
    """Return the larger of two numbers, or of each two in arrays of them; nothing leaves no trace before what is more."""
    if isinstance(a, Calculated) or isinstance(b, Calculated):
        left, right = as_calculated(a), as_calculated(b)
        if _is_bare(left, 0) and right.value >= 0:
            return right
        others = right.operands if right.operator == "max" else (right,)
        return _combine(larger(left.value, right.value), "max", left, *others)
    if isinstance(a, int | float) and isinstance(b, int | float):
        return max(a, b)
    return (a + b + abs(a - b)) / 2


def least(a: Operand, b: Operand) -> Operand:
    """Return the smaller of two alternatives: what remembers how it was made remembers nothing of the other one."""
    if isinstance(a, Calculated):
        return b if b.value < a.value else a
    if isinstance(a, float) and isinstance(b, float):
        return min(a, b)
    return (a + b - abs(a - b)) / 2


def _combine(value: float, operator: str, *operands: Calculated) -> Calculated:
    return Calculated(value, "", operator, operands)


def _is_bare(number: Calculated, value: float) -> bool:
    """Tell whether a number is the plain `value`, with no symbol and no history."""
    return number.value == value and not number.symbol and not number.operator


def _walk(number: Calculated, seen: set[int]) -> Iterator[Calculated]:
    if id(number) in seen:
        return
    seen.add(id(number))
    for operand in number.operands:
        yield from _walk(operand, seen)
    if number.operator == "=":
        yield number


def _render(number: Calculated, write: Writer, *, symbolic: bool) -> tuple[str, int]:
    """Return a printed number and how tightly it holds together."""
    if number.operator in ("", "="):
        text = number.symbol if symbolic and number.symbol else write(number.value)
        return text, SUM if number.value < 0 else ATOM
    parts = [_render(operand, write, symbolic=symbolic) for operand in number.operands]
    texts = [text for text, _ in parts]
    match number.operator:
        case "min" | "max":
            return f"{number.operator}({', '.join(texts)})", ATOM
        case "neg":
            return f"−{_bracket(*parts[0], PRODUCT)}", SUM
        case "**":
            return f"√{_bracket(*parts[0], ATOM)}", PRODUCT
        case "//" | "ceil" as rounded:
            top, bottom = number.operands
            quotient = texts[0] if _is_bare(bottom, 1) else "/".join(_sides(parts))
            opening, closing = "⌈⌉" if rounded == "ceil" else "⌊⌋"
            return (
                (quotient, PRODUCT)
                if top.value % bottom.value == 0
                else (f"{opening}{quotient}{closing}", ATOM)
            )
        case operator:
            sign, tightness = SIGNS[operator]
            if tightness == PRODUCT:
                return sign.join(
                    _sides(parts) if sign == "/" else [_bracket(*part, PRODUCT) for part in parts]
                ), PRODUCT
            (left, _), (right, held) = parts
            return f"{left} {sign} {f'({right})' if held == SUM else right}", SUM


def _sides(parts: list[tuple[str, int]]) -> list[str]:
    """Return both sides of a quotient."""
    top, bottom = parts
    return [_bracket(*top, PRODUCT), _bracket(*bottom, ATOM)]


def _bracket(text: str, tightness: int, needed: int) -> str:
    return text if tightness >= needed else f"({text})"
