"""Side by side: the page of compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from archcalc.questions.compare import Contrast
from archcalc.questions.costs import StackCosts
from archcalc.sheet.kinds import COUNT, MIXED, RATIO, TEXT
from archcalc.sheet.numbers import group_digits, short
from archcalc.sheet.pages import page_of
from archcalc.sheet.renderers import MACHINES
from archcalc.sheet.sheet import Cell, Column, Sheet
from archcalc.views import page
from archcalc.views.lines import Line, join_names
from archcalc.views.networks import SMALL, change, notes_on_networks, of_networks, whole_fields
from archcalc.views.stacks import notes_on_stacks, of_stacks

MOST_EXACT = 3
"""How many are compared with all digits on a screen."""


@page_of("Contrast")
def side_by_side(contrast: Contrast, form: str) -> Sheet:
    """Return a column for everything compared, with its ratio to the first; small stages as one, but for machines."""
    least = 0.0 if form in MACHINES else SMALL
    lines = list(of_stacks(contrast) if contrast.stacks else of_networks(contrast.reports, least))
    if form in MACHINES and contrast.reports and not contrast.stacks:
        lines.append(whole_fields(contrast.reports))
    first, *others = contrast.labels
    columns = [Column("figure", "", TEXT)] + ([Column("part", "", TEXT)] if form != "table" else [])
    columns.append(Column(first, first, MIXED))
    for label in others:
        columns += [Column(label, label, MIXED), Column(f"{label} ratio", "ratio", RATIO, "", 3)]
    stated = _names(lines) if form == "table" else [(line.figure, line.part) for line in lines]
    notes = list(notes_on_stacks(contrast) if contrast.stacks else notes_on_networks(contrast))
    if form == "table" and len(contrast.labels) > MOST_EXACT:
        lines = [line._replace(cells=tuple(map(_brief, line.cells))) for line in lines]
        notes.append("counts to three digits; --format csv has them all")
    return Sheet(
        columns=tuple(columns),
        rows=tuple((*name, *_weave(line)) for name, line in zip(stated, lines, strict=True)),
        title=_title(contrast),
        subtitle=_conditions(contrast),
        notes=tuple(notes),
        facts=_facts(contrast),
    )


def _title(contrast: Contrast) -> str:
    first, *others = contrast.labels
    names = {report.name for report in contrast.reports}
    of = f"{contrast.reports[0].name}: " if len(names) == 1 and first not in names else ""
    return f"{of}{first} against {join_names(others)}" if others else f"{of}{first}"


def _names(lines: Sequence[Line]) -> list[tuple[str]]:
    """Return what stands before each line on a screen: a figure, or a branch to a part of it."""
    following = [*lines[1:], Line("", "", (), ())]
    return [
        (f"{'├─' if after.part else '└─'} {line.part}" if line.part else line.figure,)
        for line, after in zip(lines, following, strict=True)
    ]


def _brief(cell: Cell | Literal[""]) -> Cell | Literal[""]:
    """Return a count to three digits, so that more of them have room side by side."""
    if cell == "" or cell.kind is not COUNT or not isinstance(cell.value, int) or not cell.value:
        return cell
    return Cell(TEXT, short(cell.value))


def _weave(line: Line) -> Iterator[object]:
    yield line.cells[0]
    for pair in zip(line.cells[1:], line.ratios, strict=True):
        yield from pair


def _conditions(contrast: Contrast) -> tuple[str, ...]:
    if contrast.stacks:
        size = [f"input {'×'.join(map(str, contrast.size))}"] if contrast.size else []
        size += [f"batch {report.batch} · {report.dtype}" for report in contrast.reports[:1]]
        number = f"C = {group_digits(contrast.channels)}" if contrast.channels else "C"
        return (
            " · ".join([f"{number} channels in, and out where no width is given", *size]),
            _rules(contrast.stacks),
        )
    first = contrast.reports[0]
    shapes = {"×".join(map(str, report.input_shape)) for report in contrast.reports}
    input = [f"input {shapes.pop()}"] if len(shapes) == 1 else []
    return (" · ".join([*input, f"batch {first.batch}", first.dtype]),)


def _rules(stacks: Sequence[StackCosts]) -> str:
    if all(cost.nonlinearities == cost.layers for cost in stacks):
        return "padded to keep the size; a non-linearity after each layer"
    return "convolutions padded to keep the size, a non-linearity after each; pooling without padding"


def _facts(contrast: Contrast) -> dict[str, object]:
    """Return what machines are told beside the rows: null is what is left open, or is no matter of these."""
    return {
        "compared": list(contrast.labels),
        "channels": contrast.channels,
        "size": list(contrast.size) or None,
        "formulas": [_coefficients(cost) for cost in contrast.stacks] or None,
        "networks": [page.facts(report) for report in contrast.reports],
        "shared_prefix": contrast.shared if contrast.differences else None,
        "differences": _differences(contrast) if contrast.differences else None,
    }


def _differences(contrast: Contrast) -> list[dict[str, object]]:
    return [
        {
            "network": label,
            "name": difference.name,
            "last": difference.last,
            "layers": difference.layers,
            "change": change(difference),
        }
        for label, unlike in zip(contrast.labels, contrast.differences, strict=True)
        for difference in unlike
    ]


def _coefficients(cost: StackCosts) -> dict[str, list[str]]:
    """Return the coefficients of 1, C, C², …, exact: a fraction as 9/32."""
    formulas = {
        "weights": cost.weights,
        "weights_and_biases": cost.with_biases,
        **{f"{kind}_per_position": formula for kind, formula in cost.work.items()},
    }
    return {name: list(map(str, formula.coefficients)) for name, formula in formulas.items()}
