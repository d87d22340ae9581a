"""A layer on values: the page of explain --on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from archcalc.questions.worked.given import BIAS
from archcalc.questions.worked.steps import OutputStep
from archcalc.questions.worked.worked import Worked
from archcalc.sheet.grids import Grid, flat, sizes_of_grid, written
from archcalc.sheet.kinds import GRID, INDEX, SETTINGS, SHAPE, WORDS
from archcalc.sheet.numbers import group_digits
from archcalc.sheet.pages import page_of
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.page import about, facts

PLACE = Column("place", "output", INDEX, "where the output's element stands: its channel, then its position")
BEFORE = Column("before", "before", GRID, "the input's element at the same place")
VALUE = Column("value", "value", GRID, "the output's element")
WINDOW = Column(
    "window", "window", GRID, "what the window sees, a matrix a channel; null outside the input", 2
)
ARITHMETIC = Column("arithmetic", "arithmetic", WORDS, "how the element comes about")
WINNER = Column(
    "winner", "from", INDEX, "where the largest element stands in the input, the first of several", 1
)
TURNED = (
    Column("turned", "kernel turned", WORDS, "how it comes about with the kernel turned by 180°"),
    Column("convolution", "convolution", GRID, "the element with the kernel turned"),
)
COLUMNS = (PLACE, BEFORE, WINDOW, ARITHMETIC, VALUE, WINNER, *TURNED)
"""Every column that the page may have."""


@page_of("Worked")
def shown(worked: Worked, form: str) -> Sheet:
    """Return what `explain --on` shows of a layer."""
    return on_values(worked)


def on_values(worked: Worked) -> Sheet:
    """Return a layer on values: a row for each element of the output, and the arrays below."""
    row, report = worked.row, worked.report
    columns, rows = _windows(worked) if worked.steps else _elements(worked)
    return Sheet(
        columns=columns,
        rows=rows,
        title=f"{report.name}: {row.name} on values",
        subtitle=(
            f"{row.kind} {SETTINGS.text(row.settings)}".strip(),
            f"{SHAPE.text(row.input_shapes[0])} → {SHAPE.text(row.output_shape)}",
        ),
        summary=tuple(_arrays(worked)),
        notes=tuple(_notes(worked)),
        facts=facts(report) | {"layer": row.name, **about(row, report), **_values(worked)},
    )


def _windows(worked: Worked) -> tuple[tuple[Column, ...], tuple[tuple[object, ...], ...]]:
    """Return a row for each output element with what its window sees."""
    columns = (PLACE, WINDOW, ARITHMETIC, VALUE)
    rows = [(step.place, _seen(step), _arithmetic(step, worked), step.value) for step in worked.steps]
    if worked.gathers == "largest":
        return (*columns, WINNER), tuple(
            (*row, step.largest.place) for row, step in zip(rows, worked.steps, strict=True)
        )
    if worked.turned:
        return (*columns, *TURNED), tuple(
            (*row, _arithmetic(step, worked), step.value)
            for row, step in zip(rows, worked.turned.steps, strict=True)
        )
    return columns, tuple(rows)


def _elements(worked: Worked) -> tuple[tuple[Column, ...], tuple[tuple[object, ...], ...]]:
    """Return a row for each output element, with that of the input where there is one for each."""
    x, y = sizes_of_grid(worked.input), sizes_of_grid(worked.output)
    places = list(product(*map(range, y)))
    if x == y:
        return (PLACE, BEFORE, VALUE), tuple(
            zip(places, flat(worked.input), flat(worked.output), strict=True)
        )
    return (PLACE, VALUE), tuple(zip(places, flat(worked.output), strict=True))


def _seen(step: OutputStep) -> Grid:
    """Return the numbers that a window sees, as it is shaped."""
    return _nested([tap.number for tap in step.taps], step.sizes)


def _nested(numbers: Sequence[float | None], sizes: Sequence[int]) -> Grid:
    """Return numbers as lists within lists of these sizes."""
    if len(sizes) == 1:
        return list(numbers)
    each = prod(sizes[1:])
    return [_nested(numbers[first : first + each], sizes[1:]) for first in range(0, len(numbers), each)]


def _arithmetic(step: OutputStep, worked: Worked) -> str:
    """Return how an element comes about: 1·2 + 2·0 + 3, max(1, 2), (1 + 2)/2."""
    inside = [written(tap.number) for tap in step.taps if tap.number is not None]
    if worked.gathers == "largest":
        return f"max({', '.join(inside)})"
    if worked.gathers == "mean":
        return f"({' + '.join(map(_held, inside))})/{step.divisor}"
    products = [f"{_held(written(tap.number))}·{_held(written(tap.weight))}" for tap in step.taps]
    bias = [] if step.bias is None or worked.without_bias else [_held(written(step.bias))]
    return " + ".join((*products, *bias))


def _held(number: str) -> str:
    """Return a number in brackets where it has a sign."""
    return f"({number})" if number.startswith("-") else number


def _arrays(worked: Worked) -> Iterator[tuple[str, str]]:
    """Yield the arrays with what they are called and their sizes, in the order in which they are made."""
    yield _called("x", worked.input)
    if worked.padded is not None:
        yield _called("x padded", worked.padded)
    for tensor, array in worked.weights.items():
        if tensor != BIAS or not worked.without_bias:
            yield _called(tensor, array)
    yield _called("y", worked.output)
    if worked.turned:
        yield _called("weight turned", worked.turned.weight)
        yield _called("convolution", worked.turned.output)
    if worked.shifted:
        yield _called("x shifted", worked.shifted.input)
        yield _called("y of that", worked.shifted.output)


def _called(name: str, array: Grid) -> tuple[str, str]:
    return f"{name} {'×'.join(map(str, sizes_of_grid(array)))}", GRID.text(array)


def _notes(worked: Worked) -> Iterator[str]:
    """Yield what a reader should know of how it is worked out."""
    yield from (f"does not fit evenly: {one}" for one in dict.fromkeys(worked.row.uneven))
    if worked.without_bias:
        yield "no bias is given: it is 0"
    if any(tap.number is None for step in worked.steps for tap in step.taps):
        yield "a dot lies outside the input: there is nothing"
    if worked.turned:
        yield (
            "what deep learning calls convolution is cross-correlation, here y; "
            "the convolution of mathematics turns the kernel by 180°"
        )
    elif worked.gathers == "products" and len(worked.row.output_shape) > 2:
        yield (
            "what deep learning calls convolution is cross-correlation: the kernel is not turned; "
            "--flip shows the convolution of mathematics beside it"
        )
    if worked.shifted:
        yield (
            "the input shifted by one element to the right, a zero entering each row: "
            f"{group_digits(worked.shifted.same)} of {group_digits(prod(sizes_of_grid(worked.output)))} outputs stay the same"
        )


def _values(worked: Worked) -> dict[str, object]:
    """Return the arrays as machines are told them, without the batch."""
    turned, shifted = worked.turned, worked.shifted
    return {
        "values": {
            "input": GRID.plain(worked.input),
            "padded": GRID.plain(worked.padded),
            "weights": {name: GRID.plain(array) for name, array in worked.weights.items()},
            "output": GRID.plain(worked.output),
        },
        "turned": turned and {"weight": GRID.plain(turned.weight), "output": GRID.plain(turned.output)},
        "shifted": shifted
        and {
            "input": GRID.plain(shifted.input),
            "output": GRID.plain(shifted.output),
            "same": shifted.same,
            "outputs": prod(sizes_of_grid(worked.output)),
        },
    }
