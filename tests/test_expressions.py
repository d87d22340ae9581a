"""Expressions over a spec's parameters: what they are worth, what is none, and that nothing gets out of hand."""

import pytest

from archcalc import ArchcalcError
from archcalc.formats.language.expressions import value_of, work_out
from archcalc.formats.language.habits import OFFER
from archcalc.ground.limits import EXPRESSION, MAGNITUDE

SCOPE = {"n": 7, "i": 0, "wide": True, "ratio": 0.5, "depths": (3, 4, 6, 3), "mode": "same", "if_": 2}

VALUES = [
    # arithmetic, as in Python: left to right, products before sums, // and % round towards minus infinity
    ("3", 3),
    ("-3", -3),
    ("2 + 3 * 4", 14),
    ("(2 + 3) * 4", 20),
    ("2 - 3 - 4", -5),
    ("24 // 5 // 2", 2),
    ("24 / 5", 4.8),
    ("24 / 6", 4.0),
    ("24 - 5 % 3", 22),
    ("-7 // 2", -4),
    ("-7 % 3", 2),
    ("2 - -3", 5),
    ("--3", 3),
    ("2*n", 14),
    (" 2 *n ", 14),
    (".5 + 1.", 1.5),
    # comparisons and logic
    ("i == 0", True),
    ("i != 0", False),
    ("n < 7", False),
    ("n <= 7", True),
    ("n > 7", False),
    ("n >= 7", True),
    ("1 + 1 == 2", True),
    ("mode == mode", True),
    ("not wide", False),
    ("not not wide", True),
    ("not n == 7", False),
    ("true or false and false", True),
    ("(true or false) and false", False),
    ("not true or true", True),
    ("wide and n > 6", True),
    # choices
    ("2 if i == 0 else 1", 2),
    ("2 if i else 1", 1),
    ("1 if false else 2 if false else 3", 3),
    ("(1 if true else 2) + 4", 5),
    ("1 if true else 2 + 4", 1),
    ("mode if wide else n", "same"),
    # only the chosen side is worked out
    ("1 if true else 1 // 0", 1),
    ("i == 0 or n // i", True),
    ("i != 0 and n // i", False),
    # lists
    ("depths[1]", 4),
    ("depths[-1]", 3),
    ("depths[i + 2] * 2", 12),
    ("depths[depths[0]]", 3),
    ("depths", (3, 4, 6, 3)),
    # functions
    ("min(3, n, 5)", 3),
    ("max(3, n, 5)", 7),
    ("round(2.5)", 2),
    ("round(3.5)", 4),
    ("round(7 / 3)", 2),
    ("floor(-1.5)", -2),
    ("ceil(-1.5)", -1),
    ("ceil(n * ratio)", 4),
    ("sqrt(64)", 8.0),
    ("1 / sqrt(n + 9)", 0.25),
    ("max(min(n, 5), 2)", 5),
    # words and sizes stand for themselves, and a word that is a parameter for its value
    ("same", "same"),
    ("mode", "same"),
    ("3x3", "3x3"),
    ("3x224x224", "3x224x224"),
    ("min", "min"),
    ("a-b c", "a-b c"),
    ("if_", 2),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text, value):
    found = value_of(text, SCOPE)
    assert (type(found), found) == (type(value), value)


ROUND_TO = [
    # channels x width multiplier -> channels, from the layers of MobileNet V2 in TF-Slim's and torchvision's zoos
    ("round_to(32 * 0.75, 8)", 24),
    ("round_to(32 * 0.35, 8)", 16),  # 11.2: 8 would be less than 90%
    ("round_to(16 * 0.35, 8)", 8),  # never less than the step
    ("round_to(24 * 0.35, 8)", 8),
    ("round_to(64 * 0.35, 8)", 24),
    ("round_to(96 * 1.4, 8)", 136),
    ("round_to(320 * 1.4, 8)", 448),
    ("round_to(1280 * 1.4, 8)", 1792),
    ("round_to(20, 8)", 24),  # halfway goes up
]


@pytest.mark.parametrize(("text", "channels"), ROUND_TO)
def test_round_to_is_mobilenets_channel_rounding(text, channels):
    assert value_of(text, {}) == channels


PLAIN = ["n.real", "lambda: 3", "1 2", "1 if true", "n & 3", "~n", "0x10", "1_000", "if", "²", "same", "3x3"]
"""Words, sizes and whatever else has none of the signs of an expression."""


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_expression_stands_for_itself(text):
    assert value_of(text, SCOPE) == text


MEANT = [
    "min()",
    "[1, 2]",
    "n = 3",
    "n := 3",
    "1 < 2 < 3",
    "1)",
    "depths[]",
    "depths[1:2]",
    "n << 3",
    "1e3 + 1",
    "'a' + 'b'",
]
"""No powers, no attributes, no calls but the few functions, nothing unfinished."""


@pytest.mark.parametrize("text", MEANT)
def test_what_was_meant_as_an_expression_is_told_what_expressions_have(text):
    with pytest.raises(ArchcalcError) as caught:
        value_of(text, SCOPE)
    assert caught.value.fact == f"'{text}' is no expression"
    assert "+ - * / // %" in caught.value.hint


# fmt: off
HABITS = [  # what was meant as an expression, what is wrong with it, the hint
    ("2 ** 3", "there are no powers", "write 2*2*2"),
    ("n^2", "there are no powers", "write n*n"),
    ("n ** n", "there are no powers", OFFER),
    ("2^3^4", "there are no powers", OFFER),
    ("(3, 3)", "a list stands in brackets", "write [3, 3]"),
    ("(3", "a list stands in brackets", "write [3, 3] where Python has (3, 3)"),
    ("1,024 + 1", "a number has no comma", "write 1024 + 1"),
    ("pow(2, 3)", "there is no function 'pow'", "the functions are min, max, round, floor, ceil, sqrt, round_to"),
    ("n.bit_length()", "there is no function 'bit_length'", "the functions are min, max, round, floor, ceil, sqrt, round_to"),
    ("__import__('os')", "there is no function '__import__'", "the functions are min, max, round, floor, ceil, sqrt, round_to"),
    ("maximum(3, 4)", "there is no function 'maximum'", "the functions are min, max, round, floor, ceil, sqrt, round_to"),
    ("1 +", "it ends with '+'", "a number or a name belongs behind it"),
]
# fmt: on


@pytest.mark.parametrize(("text", "why", "hint"), HABITS)
def test_a_habit_from_elsewhere_is_told_what_to_write(text, why, hint):
    with pytest.raises(ArchcalcError) as caught:
        value_of(text, SCOPE)
    assert (caught.value.fact, caught.value.hint) == (f"'{text}' is no expression: {why}", hint)


@pytest.mark.parametrize("text", ["same", "7^2", "3x3", "word", "", "n + 1"])
def test_a_sum_is_worked_out_or_refused(text):
    with pytest.raises(ArchcalcError):
        work_out(text)
    assert work_out("10 - 3 == 7") is True


WRONG = [
    ("n + m", "'n + m' has an unknown name 'm'"),
    ("depth[0]", "'depth[0]' has an unknown name 'depth'"),
    ("n // i", "'n // i' divides by zero"),
    ("n % 0", "'n % 0' divides by zero"),
    ("n / 0.0", "'n / 0.0' divides by zero"),
    ("depths[4]", "'depths[4]' cannot be worked out: there is no item 4 in a list of 4"),
    ("depths[-5]", "'depths[-5]' cannot be worked out: there is no item -5 in a list of 4"),
    ("depths[0.5]", "'depths[0.5]' cannot be worked out: 0.5 is no index"),
    ("n[0]", "'n[0]' cannot be worked out: 7 is no list"),
    ("mode[0]", "'mode[0]' cannot be worked out: 'same' is no list"),
    ("mode + mode", "'mode + mode' cannot be worked out: 'same' is no number"),
    ("depths * 2", "'depths * 2' cannot be worked out: [3, 4, 6, 3] is no number"),
    ("-depths", "'-depths' cannot be worked out: [3, 4, 6, 3] is no number"),
    ("sqrt(-n)", "'sqrt(-n)' cannot be worked out: -7 has no square root"),
    ("max(depths)", "'max(depths)' cannot be worked out: [3, 4, 6, 3] is no number"),
    ("mode < n", "'mode < n' cannot be worked out: 'same' and 7 do not compare"),
    ("max(n)", "'max(n)' cannot be worked out: max takes at least 2 numbers, not 1"),
    ("floor(1, 2)", "'floor(1, 2)' cannot be worked out: floor takes 1 number, not 2"),
]


@pytest.mark.parametrize(("text", "fact"), WRONG)
def test_what_cannot_be_worked_out_is_a_fact_in_the_languages_own_words(text, fact):
    with pytest.raises(ArchcalcError) as error:
        value_of(text, SCOPE)
    assert error.value.fact == fact


TOO_LARGE = [
    f"{MAGNITUDE} + 1",
    f"-{MAGNITUDE} - 1",
    f"{MAGNITUDE} * 2",
    f"{MAGNITUDE} / 0.1",
    f"n * {MAGNITUDE}",
    f"{MAGNITUDE + 1} - 1",
    f"1 + {MAGNITUDE}0",
    f"1 + {MAGNITUDE}0.0",
    f"{'9' * 150} - {'9' * 150}",
    f"1{'0' * 330}.0 * 0",
    " * ".join(["100000"] * 40),
]


@pytest.mark.parametrize("text", TOO_LARGE)
def test_no_number_grows_past_the_bound(text):
    with pytest.raises(ArchcalcError, match="too large"):
        value_of(text, SCOPE)


@pytest.mark.parametrize(
    "text", [f"{MAGNITUDE}", f"{MAGNITUDE} - 1 + 1", f"{MAGNITUDE - 1} + 1", f"--{MAGNITUDE}"]
)
def test_the_bound_itself_is_within_it(text):
    assert value_of(text, {}) == MAGNITUDE


DEEP = {
    "brackets": "({})",
    "minus signs": "-{}",
    "negations": "not {}",
    "functions": "max(1, {})",
    "indices": "depths[{}]",
    "choices": "1 if i else {}",
    "chosen choices": "{} if wide else 0",
    "sums": "1 + {}",
    "left sums": "{} + 1",
    "disjunctions": "i or {}",
}


@pytest.mark.parametrize("nest", DEEP.values(), ids=DEEP)
def test_deep_nesting_ends_in_a_value_or_an_error(nest):
    scope = {"i": 0, "wide": True, "depths": (0, 1, 2)}
    text, value = "1", 1
    while len(deeper := nest.format(text)) <= EXPRESSION.default:
        text, value = deeper, value_of(nest.format("x"), {**scope, "x": value})
    try:
        assert value_of(text, scope) == value
    except ArchcalcError as error:
        assert "nested" in error.fact  # noqa: PT017  # either is fine


@pytest.mark.parametrize(
    "text", [" + ".join(["1"] * EXPRESSION.default), "-" * EXPRESSION.default + "1", f"{'(' * 10**5}1"]
)
def test_a_text_that_is_too_long_for_an_expression_is_an_error_that_says_how_long_it_may_be(text):
    with pytest.raises(ArchcalcError, match=f"{EXPRESSION.default}"):
        value_of(text, {})


@pytest.mark.parametrize(
    ("text", "value"), [("not 0", True), ("not not 0", False), ("not not 3", True), ("--true", 1)]
)
def test_signs_in_a_row_make_truth_values_and_numbers(text, value):
    found = value_of(text, {})
    assert (type(found), found) == (type(value), value)
