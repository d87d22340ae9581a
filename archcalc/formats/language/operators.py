"""What expressions compute with: the operators, the functions, and the checks on their operands."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from archcalc.ground import limits
from archcalc.op.settings import show


def number(value: Any) -> Any:
    """Return `value` if it is a number; a TypeError says that it is none."""
    if isinstance(value, int | float | Fraction):
        return value
    raise TypeError(f"{show(value)} is no number")


def apply(name: str, arguments: list[Any]) -> Any:
    """Return the value of a function; a TypeError says how many numbers it takes."""
    function, least, most = FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        takes = f"{least} number{'s' if least > 1 else ''}"
        raise TypeError(
            f"{name} takes {takes if least == most else f'at least {takes}'}, not {len(arguments)}"
        )
    return bound(function(*arguments))


def _comparison(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compare(left: Any, right: Any) -> Any:
        try:
            return function(left, right)
        except TypeError:
            raise TypeError(f"{show(left)} and {show(right)} do not compare") from None

    return compare


def bound(value: Any) -> Any:
    """Return `value` if it is within the limits; else an OverflowError."""
    if not abs(value) <= limits.MAGNITUDE:
        raise OverflowError("a number is too large")
    return value


def item(values: Any, index: Any) -> Any:
    """Return an item of a list; a TypeError or IndexError says what is wrong."""
    if not isinstance(values, list | tuple):
        raise TypeError(f"{show(values)} is no list")
    if isinstance(index, bool) or not isinstance(index, int):
        raise TypeError(f"{show(index)} is no index")
    if not -len(values) <= index < len(values):
        raise IndexError(f"there is no item {index} in a list of {len(values)}")
    return values[index]


def round_to(value: float, step: int) -> int:
    """Return the multiple of `step` nearest to `value`, at least `step`, and never less than 90% of `value`.

    Source: MobileNet's `make_divisible` (Sandler et al. 2018).
    """
    rounded = max(step, int(value + step / 2) // step * step)
    return rounded + step if rounded < 0.9 * value else rounded


def sqrt(value: float) -> float:
    """Return the square root of `value`; a ValueError says that it has none."""
    if value < 0:
        raise ValueError(f"{show(value)} has no square root")
    return math.sqrt(value)


MANY = sys.maxsize
FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (min, 2, MANY),
    "max": (max, 2, MANY),
    "round": (round, 1, 1),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "sqrt": (sqrt, 1, 1),
    "round_to": (round_to, 2, 2),
}
"""Each function and the least and the most numbers that it takes."""
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": _comparison(operator.lt),
    "<=": _comparison(operator.le),
    ">": _comparison(operator.gt),
    ">=": _comparison(operator.ge),
}
