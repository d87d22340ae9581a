"""A `Term` is the integer that it stands for, and what it prints says how it was made."""

from __future__ import annotations

import operator
import re
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcalc.arithmetic.term import Term, name_numbers
from archcalc.op.site import Site
from archcalc.ops import REGISTRY
from archcalc.questions import explain as derivation

BINARY = [operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod]
SYMBOLS = {"H": 227, "C": 96, "k": 11, "s": 4, "p": 2, "g": 1, "o": 0, "a": -3}
PYTHON = {"·": "*", "−": "-", "⌊": "floor(", "⌉": ")", "⌈": "ceil(", "⌋": ")", "mod": "%"}


def worth(text, symbols=SYMBOLS):
    """Return what a printed derivation comes to when a person works it out, exactly."""
    for sign, meaning in PYTHON.items():
        text = text.replace(sign, meaning)
    text = re.sub(r"\b\d+", r"Fraction(\g<0>)", text)
    values = {name: Fraction(value) for name, value in symbols.items()}
    return eval(text, {"Fraction": Fraction, "floor": floor, "ceil": ceil} | values)  # noqa: S307 (what a Term prints)


def rounded_up(top, bottom):
    return -(-top // bottom)


leaves = st.one_of(
    st.integers(-9, 99).map(lambda value: (Term(value), value)),
    st.sampled_from(list(SYMBOLS)).map(lambda name: (Term(SYMBOLS[name], name), SYMBOLS[name])),
)


@st.composite
def pairs(draw, depth=4):
    """Draw some arithmetic, and do it on terms and on integers side by side."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(leaves)
    term, value = draw(pairs(depth=depth - 1))
    operate = draw(st.sampled_from([*BINARY, rounded_up, operator.neg]))
    if operate is operator.neg:
        return -term, -value
    other, number = draw(st.one_of(pairs(depth=depth - 1), st.integers(-9, 99).map(lambda n: (n, n))))
    if operate in (operator.floordiv, operator.mod, rounded_up) and number == 0:
        operate = operator.add
    if draw(st.booleans()) and (value or operate in (operator.add, operator.sub, operator.mul)):
        return operate(other, term), operate(number, value)
    return operate(term, other), operate(value, number)


@given(pairs())
def test_arithmetic_on_terms_is_arithmetic_on_integers(pair):
    term, value = pair
    assert int(term) == value
    assert term == value
    assert hash(term) == hash(value)
    assert bool(term) == bool(value)
    assert range(value, value + 2)[0] == operator.index(term)


@given(pairs(depth=2), pairs(depth=2))
def test_terms_compare_like_integers(one, other):
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        assert compare(one[0], other[0]) == compare(one[0], other[1]) == compare(one[1], other[1])


@given(pairs())
def test_the_printed_numbers_come_to_the_value(pair):
    term, value = pair
    assert worth(term.numbers(), {}) == value


@given(pairs())
def test_the_printed_symbols_come_to_the_value(pair):
    term, value = pair
    assert worth(term.symbols()) == value


@pytest.mark.parametrize(
    "compute", [lambda x: x + 0, lambda x: x - 0, lambda x: x * 1, lambda x: 1 * x, lambda x: x // 1]
)
def test_neutral_operands_leave_no_trace(compute):
    assert compute(Term(5, "k")).symbols() == "k"


def test_dividing_by_zero_is_an_error_as_with_integers():
    with pytest.raises(ZeroDivisionError):
        Term(1) // Term(0)


a, b, c = Term(7, "a"), Term(2, "b"), Term(3, "c")


@pytest.mark.parametrize(
    ("term", "symbols", "numbers"),
    [
        (a + a, "2·a", "2·7"),
        (a - (b + c), "a − (b + c)", "7 − (2 + 3)"),
        (a - b + c, "a − b + c", "7 − 2 + 3"),
        ((a + b) * c, "(a + b)·c", "(7 + 2)·3"),
        (a * b + c, "a·b + c", "7·2 + 3"),
        (a // b, "⌊a/b⌋", "⌊7/2⌋"),
        ((a - 1) // b, "(a − 1)/b", "(7 − 1)/2"),
        (-(-a // b), "⌈a/b⌉", "⌈7/2⌉"),
        (-a, "−a", "−7"),
        (a // (b * c), "⌊a/(b·c)⌋", "⌊7/(2·3)⌋"),
        (a % b, "a mod b", "7 mod 2"),
        (a * (b % c), "a·(b mod c)", "7·(2 mod 3)"),
    ],
)
def test_a_term_prints_as_people_write_it(term, symbols, numbers):
    assert (term.symbols(), term.numbers()) == (symbols, numbers)


def test_a_setting_is_named_once_where_its_values_agree_and_by_axis_where_they_differ():
    (before, after), (first, second) = name_numbers((2, 2), "p"), name_numbers((3, 5), "k")
    assert (before + after).symbols() == "2·p"
    assert [first.symbols(), second.symbols()] == ["k₁", "k₂"]
    assert name_numbers(True, "b") is True
    assert name_numbers("same", "p") == "same"


@pytest.mark.parametrize(
    ("kind", "settings", "shape", "symbols", "numbers"),
    [
        ("conv", {"out": 6, "kernel": 5}, (1, 1, 32, 32), "(k·k·C + 1)·M", "(5·5·1 + 1)·6"),  # LeNet's C1: 156
        ("conv", {"out": 6, "kernel": 5, "bias": False}, (1, 1, 32, 32), "k·k·C·M", "5·5·1·6"),
        ("conv", {"out": 256, "kernel": 5, "groups": 2}, (1, 96, 27, 27), "(k·k·C/g + 1)·M", "(5·5·96/2 + 1)·256"),
        ("conv", {"out": 16, "kernel": 3}, (1, 3, 50), "(k·C + 1)·M", "(3·3 + 1)·16"),
        ("conv", {"out": 8, "kernel": 3}, (1, 2, 5, 5, 5), "(k·k·k·C + 1)·M", "(3·3·3·2 + 1)·8"),
        ("linear", {"out": 84}, (1, 120), "(C + 1)·M", "(120 + 1)·84"),  # LeNet's F6: 10164
        ("batchnorm", {}, (1, 64, 56, 56), "2·C", "2·64"),
        ("subsample", {"kernel": 2}, (1, 6, 28, 28), "2·C", "2·6"),  # LeNet's S2: 12
    ],
)  # fmt: skip
def test_parameters_are_derived_as_the_textbook_writes_them(kind, settings, shape, symbols, numbers):
    term = derivation.parameters(REGISTRY[kind](**settings), (shape,))
    assert (term.symbols(), term.numbers()) == (symbols, numbers)


@pytest.mark.parametrize(
    ("settings", "size", "symbols", "numbers"),
    [
        ({"kernel": 11, "stride": 4}, 227, "(H + 2·p − k)/s + 1", "(227 + 2·0 − 11)/4 + 1"),
        ({"kernel": 11, "stride": 4}, 224, "⌊(H + 2·p − k)/s⌋ + 1", "⌊(224 + 2·0 − 11)/4⌋ + 1"),
        ({"kernel": 11, "stride": 4, "rounding": "ceil"}, 224, "⌈(H + 2·p − k)/s⌉ + 1", "⌈(224 + 2·0 − 11)/4⌉ + 1"),
        ({"kernel": 3, "dilation": 2}, 7, "(H + 2·p − (d·(k − 1) + 1))/s + 1", "(7 + 2·0 − (2·(3 − 1) + 1))/1 + 1"),
    ],
)  # fmt: skip
def test_the_output_size_is_derived_as_the_textbook_writes_it(settings, size, symbols, numbers):
    term = (
        REGISTRY["conv"](out=96, **settings)
        .trace()
        .output(Site((derivation.symbolic((1, 3, size, size)),)))[2]
    )
    assert (term.symbols(), term.numbers()) == (symbols, numbers)


def test_the_work_of_a_convolution_is_its_weights_at_every_position():
    op, shape = REGISTRY["conv"](out=96, kernel=11, stride=4), (1, 3, 227, 227)
    term = derivation.macs(op, (shape,))
    assert term.symbols() == "H′·W′·k·k·C·M"
    assert term.numbers() == "55·55·11·11·3·96"
    assert term == 105_415_200


def test_a_batch_of_one_leaves_no_trace_and_a_larger_one_is_n():
    op = REGISTRY["linear"](out=84)
    assert derivation.macs(op, ((1, 120),)).symbols() == "C·M"
    assert derivation.macs(op, ((8, 120),)).symbols() == "N·C·M"
