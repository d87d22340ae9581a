"""Side by side: the page of compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from archcalc.ground.errors import ArchcalcError
from archcalc.questions.compare import Contrast
from archcalc.questions.costs import StackCosts
from archcalc.questions.differences import share_stages
from archcalc.sheet.kinds import COUNT, MIXED, RATIO, TEXT
from archcalc.sheet.numbers import group_digits, short
from archcalc.sheet.pages import page_of
from archcalc.sheet.renderers import MACHINES, PAPERS
from archcalc.sheet.sheet import Cell, Column, Sheet
from archcalc.sheet.units import in_units
from archcalc.views import page
from archcalc.views.catalogue import cells, columns
from archcalc.views.lines import Line, join_names
from archcalc.views.networks import (
    SMALL,
    By,
    change,
    notes_on_fields,
    notes_on_networks,
    of_networks,
    whole_fields,
)
from archcalc.views.stacks import notes_on_stacks, of_stacks

MODEL = ("params", "macs", "flops", "depth", "peak_bytes")
"""The figures of a row a network."""
MOST_EXACT = 3
"""How many are compared with all digits on a screen."""


@page_of("Contrast")
def comparison(contrast: Contrast, form: str) -> Sheet:
    """Return what `compare` shows unless told."""
    return side_by_side(contrast, form)


def side_by_side(contrast: Contrast, form: str, by: By | None = None) -> Sheet:
    """Return a column for everything compared, with its ratio to the first; small parts as one, but for machines.

    Papers get a row a network where there are no parts.

    Args:
        contrast: what is compared.
        form: the format of the page.
        by: into which parts the parameters and the MACs of networks are split; stages unless told, if most of them are
            shared, or machines read it.

    Raises:
        ArchcalcError: stacks have no such parts.
    """
    by = _part(contrast, form, by)
    if by == "none" and form in PAPERS:
        return _models(contrast)
    least = 0.0 if form in MACHINES else SMALL
    lines = list(of_networks(contrast.reports, by, least) if by else of_stacks(contrast))
    if form in MACHINES and contrast.reports and not contrast.stacks:
        lines.append(whole_fields(contrast.reports))
    first, *others = contrast.labels
    shown = [Column("figure", "", TEXT)] + ([Column("part", "", TEXT)] if form != "table" else [])
    shown.append(Column(first, first, MIXED))
    for label in others:
        shown += [Column(label, label, MIXED), Column(f"{label} ratio", "ratio", RATIO, "", 3)]
    stated = _names(lines) if form == "table" else [(line.figure, line.part) for line in lines]
    notes = list(notes_on_stacks(contrast) if contrast.stacks else notes_on_networks(contrast))
    notes += [] if contrast.stacks else notes_on_fields(contrast.reports)
    if form == "table" and len(contrast.labels) > MOST_EXACT:
        lines = [line._replace(cells=tuple(map(_brief, line.cells))) for line in lines]
        notes.append("counts to three digits; --format csv has them all")
    return Sheet(
        columns=tuple(shown),
        rows=tuple((*name, *_weave(line)) for name, line in zip(stated, lines, strict=True)),
        title=_title(contrast),
        subtitle=_conditions(contrast),
        notes=tuple(notes),
        facts=_facts(contrast, by),
    )


def _part(contrast: Contrast, form: str, by: By | None) -> By | None:
    """Return what a part of networks is; nothing of stacks."""
    if contrast.stacks:
        if by is not None:
            raise ArchcalcError("parts are of networks, and all of these are stacks", hint="leave out --by")
        return None
    return by or ("stage" if form in MACHINES or share_stages(contrast.reports) else "none")


def _models(contrast: Contrast) -> Sheet:
    """Return a row for each network, its figures in units."""
    names, shapes = (
        {report.name for report in contrast.reports},
        {each.input_shape for each in contrast.reports},
    )
    is_said = len(shapes) == 1 or len(names) < len(contrast.reports)
    timed = ("time_us",) if any(report.run.conditions.placement for report in contrast.reports) else ()
    keys = (*MODEL, *timed) if is_said else ("inputs", *MODEL, *timed)
    sheet = Sheet(
        columns=columns(("name", *keys)),
        rows=tuple(
            (label, *cells(report, keys))
            for label, report in zip(contrast.labels, contrast.reports, strict=True)
        ),
        title=_title(contrast),
        subtitle=_conditions(contrast),
        notes=tuple(notes_on_networks(contrast)),
    )
    return in_units(sheet)


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
    placed = page.tell_placement(first.run.conditions.placement)
    return (" · ".join([*input, f"batch {first.batch}", first.dtype, *placed]),)


def _rules(stacks: Sequence[StackCosts]) -> str:
    if all(cost.nonlinearities == cost.layers for cost in stacks):
        return "padded to keep the size; a non-linearity after each layer"
    return "convolutions padded to keep the size, a non-linearity after each; pooling without padding"


def _facts(contrast: Contrast, by: By | None) -> dict[str, object]:
    """Return what machines are told beside the rows: null is what is left open, or is no matter of these."""
    return {
        "compared": list(contrast.labels),
        "by": by,
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
