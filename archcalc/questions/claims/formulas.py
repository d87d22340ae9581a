"""Whether a formula that somebody states gives what is worked out: tried on small cases, with the first one that it fails."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from archcalc.arithmetic.term import Term
from archcalc.arithmetic.window import Rounding, Window, output_size, span, uneven
from archcalc.formats.language.formulas import WrittenFormula
from archcalc.ground.errors import ArchcalcError
from archcalc.op.settings import whole
from archcalc.questions.claims.excerpt import Excerpt
from archcalc.questions.explain import symbolic_inputs
from archcalc.questions.size import output
from archcalc.sheet.numbers import group_digits

if TYPE_CHECKING:
    from archcalc.arithmetic.polynomial import Formula

LETTERS = {
    "size": ("N", "n", "H", "W", "L", "I"),
    "kernel": ("F", "FH", "FW", "K", "k", "f"),
    "padding": ("P", "p"),
    "stride": ("S", "s"),
    "dilation": ("D", "d"),
}
"""What sources call the numbers that an output size follows from."""
USUAL = {
    "size": range(1, 11),
    "kernel": range(1, 8),
    "padding": range(4),
    "stride": range(1, 5),
    "dilation": range(1, 4),
}
"""The windows that a formula is tried on."""
CHANNELS = range(1, 9)
"""Of how many multiples of what its groups ask for a stack's formula is tried."""


class Tried(NamedTuple):
    """What is really so, as people read it, and the first case in which a formula fails, None where it never does."""

    really: object
    counterexample: str | None


def try_on_windows(formula: str, rounding: Rounding | None, fixed: Mapping[str, object]) -> Tried:
    """Try a formula for an output size on small windows: those that fit evenly, or all where sizes are rounded.

    Letters that are `fixed` stand for one number in all of them; windows are dilated where the formula has a letter for it.

    Raises:
        ArchcalcError: it is no formula, or there is no window to try it on.
    """
    stated = WrittenFormula(formula)
    really = output(5, Window(3, 1, 1, 1), "floor").term.symbols()
    is_even = rounding in (None, "strict")
    how = "floor" if rounding is None or is_even else rounding
    cases = 0
    for numbers in _windows(stated, fixed):
        window = Window(numbers["kernel"], numbers["stride"], *2 * (numbers["padding"],), numbers["dilation"])
        size = numbers["size"]
        if is_even and uneven(size, window, "floor"):
            continue
        cases += 1
        claimed = stated.value({letter: numbers[what] for what in LETTERS for letter in LETTERS[what]})
        if claimed != output_size(size, window, how):
            term = output(size, window, how).term
            return Tried(really, _contrast(_name_case(numbers), claimed, term.value, term.numbers()))
    if not cases:
        raise ArchcalcError("there is no window to try it on", hint="one fits into its input and the padding")
    return Tried(really, None)


def _windows(stated: WrittenFormula, fixed: Mapping[str, object]) -> list[dict[str, int]]:
    """Return the windows that lie within an input and its padding, the smallest numbers first.

    Raises:
        ArchcalcError: a letter that is fixed stands for nothing in a window, or for no whole number.
    """
    ranges = {what: list(numbers) for what, numbers in USUAL.items()}
    if not stated.letters & {*LETTERS["dilation"]}:
        ranges["dilation"] = [1]
    held: set[str] = set()
    for letter, value in fixed.items():
        what = next((what for what, letters in LETTERS.items() if letter in letters), None)
        if what is None:
            raise ArchcalcError(
                f"'{letter}' stands for nothing in a window", hint="such as P for its padding"
            )
        try:
            number = whole(value, USUAL[what].start)
        except ArchcalcError as error:
            raise ArchcalcError(f"'{letter}' {error.fact}") from None
        ranges[what] = [number] if what not in held or ranges[what] == [number] else []
        held.add(what)
    cases = (dict(zip(ranges, numbers, strict=True)) for numbers in product(*ranges.values()))
    return sorted(filter(_fits, cases), key=lambda case: (sum(case.values()), *case.values()))


def _fits(case: Mapping[str, int]) -> bool:
    """Tell whether a window lies within its input and the padding, and is nowhere in the padding alone."""
    extent = span(case["kernel"], case["dilation"])
    return case["padding"] < extent <= case["size"] + 2 * case["padding"]


def _name_case(case: Mapping[str, int]) -> str:
    """Return what the letters of a window stand for; a window that is not dilated needs no D."""
    return ", ".join(
        f"{LETTERS[what][0]} = {number}" for what, number in case.items() if what != "dilation" or number > 1
    )


def try_on_stack(formula: str, in_channels: Formula, multiple: int) -> Tried:
    """Try a formula in C on what a stack really costs, for `multiple` channels and times as many.

    Raises:
        ArchcalcError: it is no formula.
    """
    stated, really = WrittenFormula(formula), str(in_channels)
    for times in CHANNELS:
        channels = times * multiple
        claimed, value = stated.value({"C": channels}), in_channels.at(channels)
        if claimed != value:
            return Tried(really, _contrast(f"C = {channels}", claimed, value, really))
    return Tried(really, None)


def try_on_layer(formula: str, excerpt: Excerpt, key: str) -> Tried:
    """Try a formula on the numbers of a layer, whose letters are those of its derivations.

    Raises:
        ArchcalcError: it is no formula, or the figure is no single number.
    """
    value = excerpt.value(key)
    if isinstance(value, tuple) and len({*value[1:]}) == 1:
        value = value[-1]
    if not isinstance(value, int):
        raise ArchcalcError(f"{key} is no single number here", hint="a formula equals one")
    claimed = WrittenFormula(formula).value(letters_of(excerpt))
    if claimed == value:
        return Tried(value, None)
    return Tried(value, _contrast("", claimed, value, excerpt.derive(key) or ""))


def letters_of(excerpt: Excerpt) -> Mapping[str, object]:
    """Return what the letters of a single layer's derivations stand for; none where there are several layers."""
    if len(excerpt.places) != 1:
        return {}
    layer = excerpt.report.run.layers[excerpt.places[0]]
    settings = {s.symbol: layer.op.__dict__[s.attribute] for s in layer.op.declared.values() if s.symbol}
    numbers = {symbol: number for symbol, value in settings.items() if (number := _single(value)) is not None}
    shapes = symbolic_inputs(layer.at.xs, layer.op.letters)
    return numbers | {size.symbol: size.value for shape in shapes for size in shape if isinstance(size, Term)}


def _single(value: object) -> int | None:
    """Return a setting that is one number, or the same along every axis and at both sides."""
    while isinstance(value, tuple) and len({*value}) == 1:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _contrast(where: str, claimed: Fraction | float | None, value: int, numbers: str) -> str:
    """Return what is claimed in a case, which may be nothing, and what is so."""
    really = group_digits(value)
    equals = "" if numbers.startswith(f"{really} = ") or numbers == really else f" = {really}"
    return f"{where + ': ' if where else ''}{_write(claimed)}, really {numbers}{equals}"


def _write(claimed: Fraction | float | None) -> str:
    if claimed is None:
        return "divides by zero"
    is_whole = isinstance(claimed, Fraction) and claimed.denominator == 1
    return f"claimed {group_digits(int(claimed)) if is_whole else f'{float(claimed):.6g}'}"
