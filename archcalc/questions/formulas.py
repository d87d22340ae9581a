"""Whether a formula that somebody states gives what is worked out: tried on small cases, with the first one that it fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import product
from math import isclose
from typing import NamedTuple

from archcalc.arithmetic.term import Term
from archcalc.arithmetic.window import Rounding, Window, uneven
from archcalc.formats.language.expressions import SIGNS, value_of
from archcalc.ground.errors import ArchcalcError
from archcalc.op.settings import show
from archcalc.questions.explain import symbolic_inputs
from archcalc.questions.selection import Selection
from archcalc.questions.size import output
from archcalc.sheet.numbers import group_digits

LETTERS = {
    "size": ("N", "n", "H", "W", "L", "I"),
    "kernel": ("F", "FH", "FW", "K", "k", "f"),
    "padding": ("P", "p"),
    "stride": ("S", "s"),
    "dilation": ("D", "d"),
}
"""What sources call the numbers that an output size follows from."""
TOGETHER = re.compile(r"(?<![\w.])([0-9]+)(?=[A-Za-z(])")
POWER = re.compile(r"([A-Za-z]+|(?<![\w.])[0-9]+)\s*(?:\^\s*2|²)")
SIZES, KERNELS, PADDINGS, STRIDES = range(1, 11), range(1, 8), range(4), range(1, 5)
CHANNELS = range(1, 9)
"""Of how many multiples of what its groups ask for a stack's formula is tried."""


class Tried(NamedTuple):
    """What is really so, as people read it, and the first case in which a formula fails, None where it never does."""

    really: object
    counterexample: str | None


def plain(formula: str) -> str:
    """Return a formula as expressions are written: 2·C for 2C, C·C for C² or C^2.

    Signs that only print are those of expressions.
    """
    squared = POWER.sub(r"(\1*\1)", formula.translate(SIGNS))
    return TOGETHER.sub(r"\1*", squared)


def work_out(formula: str, scope: Mapping[str, object]) -> int | float:
    """Return what a formula comes to.

    Raises:
        ArchcalcError: it is none, has a letter that stands for nothing, or comes to no number.
    """
    value = value_of(plain(formula), scope)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArchcalcError(f"'{formula}' comes to no number: {show(value)}")
    return value


def try_on_windows(formula: str, rounding: Rounding | None, fixed: Mapping[str, object]) -> Tried:
    """Try a formula for an output size on small windows: those that fit evenly, or all where sizes are rounded.

    Letters that are `fixed` stand for one number in all of them.

    Raises:
        ArchcalcError: it is no formula.
    """
    for letter in fixed:
        if letter not in {each for letters in LETTERS.values() for each in letters}:
            raise ArchcalcError(
                f"'{letter}' stands for nothing in a window", hint="such as P for its padding"
            )
    usual = output(5, Window(3, 1, 1, 1), rounding or "floor").term
    really = usual.symbols()
    for size, kernel, padding, stride in _windows():
        window = Window(kernel, stride, padding, padding)
        if rounding is None and uneven(size, window, "floor"):
            continue
        numbers = {"size": size, "kernel": kernel, "padding": padding, "stride": stride, "dilation": 1}
        scope = {letter: numbers[what] for what, letters in LETTERS.items() for letter in letters}
        if any(scope.get(letter, value) != value for letter, value in fixed.items()):
            continue
        claimed = work_out(formula, scope)
        term = output(size, window, rounding or "floor").term
        if not isclose(claimed, term.value):
            where = f"N = {size}, F = {kernel}, P = {padding}, S = {stride}"
            return Tried(really, _contrast(where, claimed, term.value, term.numbers()))
    return Tried(really, None)


@cache
def _windows() -> tuple[tuple[int, ...], ...]:
    """Return input sizes, kernels, paddings and strides, the smallest numbers first: padding is less than the kernel."""
    every = product(SIZES, KERNELS, PADDINGS, STRIDES)
    return tuple(
        sorted((each for each in every if each[2] < each[1] <= each[0]), key=lambda each: (sum(each), each))
    )


def try_on_stack(formula: str, selection: Selection, key: str) -> Tried:
    """Try a formula in C on what a stack costs.

    Raises:
        ArchcalcError: it is no formula, or the figure has none in C.
    """
    in_channels = selection.formula(key)
    if in_channels is None or selection.costs is None:
        raise ArchcalcError(f"{key} of a stack is no formula in C", hint="with 'input' it is a number")
    for times in CHANNELS:
        channels = times * selection.costs.multiple
        claimed, value = work_out(formula, {"C": channels}), in_channels.at(channels)
        if not isclose(claimed, value):
            return Tried(str(in_channels), _contrast(f"C = {channels}", claimed, value, str(in_channels)))
    return Tried(str(in_channels), None)


def try_on_layer(formula: str, selection: Selection, key: str) -> Tried:
    """Try a formula on the numbers of a layer, whose letters are those of its derivations.

    Raises:
        ArchcalcError: it is no formula, or the figure is no single number.
    """
    value = selection.value(key)
    if isinstance(value, tuple) and len({*value[1:]}) == 1:
        value = value[-1]
    if not isinstance(value, int):
        raise ArchcalcError(f"{key} is no single number here", hint="a formula equals one")
    claimed = work_out(formula, letters_of(selection))
    if isclose(claimed, value):
        return Tried(value, None)
    return Tried(value, _contrast("", claimed, value, selection.derive(key) or ""))


def letters_of(selection: Selection) -> Mapping[str, object]:
    """Return what the letters of a single layer's derivations stand for; none where there are several layers."""
    if len(selection.places) != 1:
        return {}
    layer = selection.report.run.layers[selection.places[0]]
    settings = {s.symbol: layer.op.__dict__[s.attribute] for s in layer.op.declared.values() if s.symbol}
    numbers = {symbol: number for symbol, value in settings.items() if (number := _single(value)) is not None}
    shapes = symbolic_inputs(layer.at.xs, layer.op.letters)
    return numbers | {size.symbol: size.value for shape in shapes for size in shape if isinstance(size, Term)}


def _single(value: object) -> int | None:
    """Return a setting that is one number, or the same along every axis and at both sides."""
    while isinstance(value, tuple) and len({*value}) == 1:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _contrast(where: str, claimed: float, value: int, numbers: str) -> str:
    """Return what is claimed in a case and what is so."""
    stated = group_digits(int(claimed)) if isclose(claimed, int(claimed)) else f"{claimed:.6g}"
    really = group_digits(value)
    equals = "" if numbers.startswith(f"{really} = ") or numbers == really else f" = {really}"
    return f"{where + ': ' if where else ''}claimed {stated}, really {numbers}{equals}"
