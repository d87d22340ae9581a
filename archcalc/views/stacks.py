"""What compare says of kernel stacks: formulas in C, and numbers where C is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from archcalc.analysis.figures import FIGURES
from archcalc.questions.compare import Contrast
from archcalc.questions.costs import StackCosts
from archcalc.sheet.kinds import AXES, COUNT, FIGURE, SHAPE, SHARE, TEXT
from archcalc.sheet.numbers import group_digits
from archcalc.sheet.sheet import Cell
from archcalc.views.lines import Line, join_names, line, total

if TYPE_CHECKING:
    from archcalc.arithmetic.polynomial import Formula


def of_stacks(contrast: Contrast) -> Iterator[Line]:
    """Yield the figures of stacks in C, and below them in numbers where C is known."""
    costs = contrast.stacks
    yield line("layers", "", FIGURE, [cost.layers for cost in costs])
    yield line("receptive field", "", AXES, [cost.field for cost in costs])
    if any(cost.jump != (1, 1) for cost in costs):
        yield line("stride", "", AXES, [cost.jump for cost in costs])
    pools = any(cost.nonlinearities < cost.layers for cost in costs)
    if pools:
        yield line("overlap of neighbours", "", AXES, [_overlap(cost) for cost in costs])
    yield line("non-linearities", "", FIGURE, [cost.nonlinearities for cost in costs])
    if any(any(cost.weights.coefficients) for cost in costs):
        weights, *numbers = _formulas(contrast, "weights", [(cost.weights,) for cost in costs])
        by_layer = line("weights", "layer by layer", TEXT, [_add_up(cost.by_layer) for cost in costs])
        yield from (weights, by_layer, *numbers)
        yield from _formulas(contrast, "with biases", [(cost.with_biases,) for cost in costs])
        yield from _formulas(contrast, "largest layer", [cost.largest for cost in costs])
    for kind in _kinds(costs) if pools else ("macs",):
        name = f"{FIGURES[kind].name} per output position"
        yield from _formulas(contrast, name, [(cost.work[kind],) for cost in costs])
    if any(cost.discarded is not None for cost in costs):
        yield line(
            "discarded", "", SHARE, ["" if cost.discarded is None else cost.discarded for cost in costs]
        )
    on_input = [
        (cost.macs_on_input,) for cost in costs if cost.macs_on_input and any(cost.macs_on_input.coefficients)
    ]
    if on_input:
        yield from _formulas(contrast, f"MACs on {'×'.join(map(str, contrast.size))}", on_input)
    if contrast.reports:
        yield line("output", "", SHAPE, [report.rows[-1].output_shape for report in contrast.reports])
        for key in ("flops", "activation_bytes"):
            yield total(key, contrast.reports)


def _overlap(cost: StackCosts) -> tuple[int, ...]:
    """Return how many elements the fields of neighbours share along each axis."""
    return tuple(max(size - step, 0) for size, step in zip(cost.field, cost.jump, strict=True))


def _kinds(costs: Sequence[StackCosts]) -> list[str]:
    """Return the kinds of work that any of the stacks does."""
    return [kind for kind in costs[0].work if any(any(cost.work[kind].coefficients) for cost in costs)]


def _formulas(contrast: Contrast, figure: str, formulas: Sequence[tuple[Formula, ...]]) -> Iterator[Line]:
    """Yield a figure in C, and in numbers where C is known; several formulas are its candidates for the most."""
    first, *others = formulas
    yield Line(
        figure,
        "",
        tuple(Cell(TEXT, " or ".join(map(str, some))) for some in formulas),
        tuple(_plain(some[0].over(first[0])) if len(some) == len(first) == 1 else "" for some in others),
    )
    if contrast.channels:
        numbers = [max(formula.at(contrast.channels) for formula in some) for some in formulas]
        yield line(figure, f"C = {group_digits(contrast.channels)}", COUNT, numbers)


def _plain(ratio: Fraction | str) -> float | str:
    return ratio if isinstance(ratio, str) else float(ratio)


def _add_up(formulas: Iterable[Formula]) -> str:
    """Return a sum with equal neighbours counted: 3 · 9C²."""
    heavy = [formula for formula in formulas if any(formula.coefficients)]
    runs = [(str(formula), len(list(same))) for formula, same in groupby(heavy)]
    return " + ".join(text if times == 1 else f"{times} · {text}" for text, times in runs) or "0"


def notes_on_stacks(contrast: Contrast) -> Iterator[str]:
    """Yield the ratios to the first as they are worked out, and what each sees."""
    first, *others = contrast.stacks
    for label, other in zip(contrast.labels[1:], others, strict=True):
        yield f"{label} against {contrast.labels[0]}: {'; '.join([*_ratios(contrast.channels, other, first), _find_field(other, first)])}"
    multiple = [cost.multiple for cost in contrast.stacks if cost.multiple > 1]
    if multiple and not contrast.channels:
        yield f"C is a multiple of {join_names(map(str, dict.fromkeys(multiple)))}"


def _ratios(channels: int | None, other: StackCosts, first: StackCosts) -> Iterator[str]:
    """Yield the ratios of what both have: of weights, and of each kind of work that is not alike."""
    texts = {
        FIGURES[kind].name: _ratio(channels, other.work[kind], first.work[kind])
        for kind in _kinds([first])
        if kind in _kinds([other])
    }
    if any(first.weights.coefficients) and any(other.weights.coefficients):
        texts = {"weights": _ratio(channels, other.weights, first.weights)} | texts
    for text, names in groupby(texts, key=texts.__getitem__):
        yield f"{join_names(names)} {text}"


def _ratio(channels: int | None, other: Formula, first: Formula) -> str:
    """Return a ratio as it is worked out and in words: 49C² / 27C² = 1.81, 81% more."""
    ratio = other.over(first)
    texts = str(other), str(first)
    if isinstance(ratio, str) and channels:
        numbers = other.at(channels), first.at(channels)
        texts, ratio = (group_digits(numbers[0]), group_digits(numbers[1])), Fraction(*numbers)
    top, bottom = (f"({text})" if {*" /"} & {*text} else text for text in texts)
    if isinstance(ratio, str):
        return f"{top} / {bottom} {ratio if ratio[0].isalpha() else f'= {ratio}'} times as many"
    return f"{top} / {bottom} = {_in_words(ratio)}"


def _in_words(ratio: Fraction) -> str:
    """Return a ratio to three digits: 1.81, 81% more; 5.44 times as many."""
    number = f"{float(ratio):.3g}"
    if ratio == 1 or ratio >= 2:
        return f"{number}, as many" if ratio == 1 else f"{number} times as many"
    share = abs(ratio - 1)
    percent = "less than 1%" if share < Fraction(1, 100) else f"{float(share):.0%}"
    return f"{number}, {percent} {'more' if ratio > 1 else 'fewer'}"


def _find_field(other: StackCosts, first: StackCosts) -> str:
    field, usual = ("×".join(f"{size:g}" for size in cost.field) for cost in (other, first))
    sees = f"both see {field}" if field == usual else f"it sees {field} in place of {usual}"
    number, before = other.nonlinearities, first.nonlinearities
    if number == before:
        return sees
    return f"{sees}; {number} non-linearit{'y' if number == 1 else 'ies'} in place of {before}"
