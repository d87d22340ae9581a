"""Random expressions: their value is that of the tree they were written from."""

import math
import operator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from archcalc import ArchcalcError
from archcalc.formats.language.expressions import value_of
from archcalc.ground.limits import EXPRESSION, MAGNITUDE

SCOPE = {"n": 7, "i": 0, "wide": True, "ratio": 0.5, "depths": (3, 4, 6, 3), "mode": "same"}


class UndefinedError(Exception):
    """The reference has no value: a division by zero, or a number past the bound."""


LEVELS = ("if", "or", "and", "not", "compare", "sum", "product", "minus", "atom")
BINARY = {
    "+": ("sum", operator.add),
    "-": ("sum", operator.sub),
    "*": ("product", operator.mul),
    "/": ("product", operator.truediv),
    "//": ("product", operator.floordiv),
    "%": ("product", operator.mod),
    **{
        sign: ("compare", function)
        for sign, function in zip(
            ("==", "!=", "<", "<=", ">", ">="),
            (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge),
            strict=True,
        )
    },
}
CALLS = {"min": min, "max": max, "round": round, "floor": math.floor, "ceil": math.ceil}

LEAVES = st.one_of(
    st.integers(0, 40).map(lambda number: ("constant", str(number), number)),
    st.integers(0, 80).map(lambda eighths: ("constant", str(eighths / 8), eighths / 8)),
    st.sampled_from(("n", "i", "wide", "ratio")).map(lambda name: ("constant", name, SCOPE[name])),
    st.sampled_from((("constant", "true", True), ("constant", "false", False))),
    st.integers(-4, 3).map(lambda index: ("constant", f"depths[{index}]", SCOPE["depths"][index])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(tuple(BINARY)), inner, inner),
        st.tuples(st.sampled_from(("and", "or")), inner, inner),
        st.tuples(st.sampled_from(("not", "minus")), inner),
        st.tuples(st.just("if"), inner, inner, inner),
        st.tuples(st.sampled_from(("min", "max")), inner, inner),
        st.tuples(st.sampled_from(("round", "floor", "ceil")), inner),
    ),
    max_leaves=12,
)


def written(tree, at_least="if"):
    """Return a tree as text, in brackets where it binds less tightly than its surroundings ask."""
    kind, *parts = tree
    if kind == "constant":
        level, text = "atom", parts[0]
    elif kind in BINARY:
        level = BINARY[kind][0]
        tighter = LEVELS[LEVELS.index(level) + 1]
        left = tighter if level == "compare" else level
        text = f"{written(parts[0], left)} {kind} {written(parts[1], tighter)}"
    elif kind in ("and", "or"):
        level, tighter = kind, LEVELS[LEVELS.index(kind) + 1]
        text = f"{written(parts[0], level)} {kind} {written(parts[1], tighter)}"
    elif kind in ("not", "minus"):
        level = kind
        text = f"{'-' if kind == 'minus' else 'not '}{written(parts[0], level)}"
    elif kind == "if":
        level = "if"
        text = f"{written(parts[0], 'or')} if {written(parts[1], 'or')} else {written(parts[2], 'if')}"
    else:
        level, text = "atom", f"{kind}({', '.join(map(written, parts))})"
    return text if LEVELS.index(level) >= LEVELS.index(at_least) else f"({text})"


def reference(tree):
    """Return a tree's value by Python's rules, or raise UndefinedError."""
    kind, *parts = tree
    if kind == "constant":
        return parts[1]
    if kind == "if":
        return reference(parts[0] if reference(parts[1]) else parts[2])
    if kind == "and":
        return reference(parts[0]) and reference(parts[1])
    if kind == "or":
        return reference(parts[0]) or reference(parts[1])
    values = [reference(part) for part in parts]
    if kind == "not":
        return not values[0]
    if kind == "minus":
        return -values[0]
    function = CALLS[kind] if kind in CALLS else BINARY[kind][1]
    try:
        value = function(*values)
    except ZeroDivisionError:
        raise UndefinedError from None
    if abs(value) > MAGNITUDE:
        raise UndefinedError
    return value


@settings(deadline=None)
@given(TREES)
def test_a_random_expression_has_the_value_of_its_tree(tree):
    text = written(tree)
    assume(len(text) <= EXPRESSION.default)
    try:
        expected = reference(tree)
    except UndefinedError:
        with pytest.raises(ArchcalcError):
            value_of(text, SCOPE)
    else:
        found = value_of(text, SCOPE)
        assert (type(found), found) == (type(expected), expected), text
