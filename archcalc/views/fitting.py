"""What still fits: a row a limit, with the largest value that keeps within it and the next one that does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Literal

from archcalc.analysis.budget import judge
from archcalc.analysis.figures import find_figure
from archcalc.analysis.figures.training import are_about_step
from archcalc.analysis.report import Report
from archcalc.analysis.training.step import TrainingStep
from archcalc.ground.quantity import size
from archcalc.network.network import FigureLimit
from archcalc.questions.fitted import Alternative, Fit, find_hindrance
from archcalc.sheet.kinds import (
    BOUND,
    BYTES,
    EXACT_BYTES,
    FIGURE,
    MIXED,
    MIXED_LINES,
    TEXT,
    TOLD_BYTES,
    VERDICT,
)
from archcalc.sheet.numbers import group_digits, short, write_bytes
from archcalc.sheet.renderers import MACHINES
from archcalc.sheet.sheet import Cell, Column, Kind, Sheet
from archcalc.views.page import facts, note_incomplete, subtitle
from archcalc.views.training import describe_step, note_ranks, weigh_again

COLUMNS = (
    Column("figure", "figure", TEXT, "what is limited"),
    Column("limit", "limit", BOUND, "the limit"),
    Column("fits", "fits", MIXED_LINES, "what it is with the largest value that fits"),
    Column("next", "next", MIXED_LINES, "what it is with the next one"),
)
"""What people get where something fits."""
FOR_MACHINES = (
    *COLUMNS,
    Column("vary", "vary", TEXT, "what is varied"),
    Column("value", "value", MIXED, "the largest value that fits; nothing where none does"),
    Column("next_value", "next value", MIXED, "the next one, or the nearest where none fits"),
)
"""What machines get: a table alone has to say the answer."""
ALLOCATED = (
    "train.peak_bytes is what PyTorch has allocated where most is, with all that is there before the step",
    "its allocator may have more than that (train.reserved_bytes), and gives free blocks back before it fails",
    "leave room beside it for CUDA's context (some 500 MiB), fragmentation and other processes",
)
INFERENCE = "this is about inference: --train asks about a step of training"


def sheet(fit: Fit, form: str = "table") -> Sheet:
    """Return a row for each limit; where nothing fits people read which limits the nearest value breaks."""
    report = fit.report or fit.over
    hindrance = find_hindrance(fit.over, fit.bounds) if fit.over else None
    is_broken = fit.value is None and form not in MACHINES
    rows: tuple[tuple[object, ...], ...] = tuple(
        _row(bound, fit, is_broken=is_broken) for bound in fit.bounds
    )
    columns: tuple[Column, ...] = COLUMNS
    if is_broken:
        columns = _name_broken(fit)
    elif fit.alternatives:
        columns = _name_checkpoints(fit)
    if form in MACHINES:
        columns = FOR_MACHINES
        rows = tuple((*row, fit.vary, _tell(fit.value), _tell(fit.next)) for row in rows)
    return Sheet(
        columns=columns,
        rows=rows,
        title=(report.title or report.name) if report else "",
        subtitle=_head(fit, report) if report else (),
        summary=tuple(_answer(fit, hindrance)),
        notes=(*_note_varied(fit, report), *_note_training(fit, report), *note_incomplete(report))
        if report
        else (),
        facts=(facts(report) if report else {})
        | {
            "vary": fit.vary,
            "value": fit.value,
            "next_value": fit.next,
            "in_the_way": hindrance,
            "left_free": None if fit.spared is None else fit.spared._asdict(),
            "looks": fit.looks,
            "alternatives": [_describe(each) for each in fit.alternatives],
        },
    )


def _name_checkpoints(fit: Fit) -> tuple[Column, ...]:
    """Return the columns where checkpoints are varied, the one that fits and the nearest that runs less again by name."""
    figure, limit, fits, over = COLUMNS
    nearest = over.title if fit.next is None else f"checkpoint {fit.next}"
    return (figure, limit, fits._replace(title=f"checkpoint {fit.value}"), over._replace(title=nearest))


def _tell(value: float | str | None) -> Cell | Literal[""]:
    """Return a value of what is varied as machines get it; nothing where there is none."""
    if value is None:
        return ""
    return Cell(TEXT if isinstance(value, str) else FIGURE, value)


def _name_broken(fit: Fit) -> tuple[Column, ...]:
    """Return the columns where nothing fits: the value that comes nearest, and whether each limit holds with it."""
    figure, limit, _, over = COLUMNS
    nearest = f"{fit.vary} {_write(fit.next or 1)}"
    return (figure, limit, over._replace(title=nearest), Column("verdict", "verdict", VERDICT))


def _head(fit: Fit, report: Report) -> tuple[str, ...]:
    """Return the conditions; where nothing fits, or all does, without what is varied, which has no value then."""
    varied = fit.vary if fit.value is None or _fits_always(fit) else ""
    step = report.run.conditions.step or TrainingStep()
    how = describe_step(step, varied) if _is_trained(fit, report) else ("inference",)
    return subtitle(report, *how, without=varied)


def _fits_always(fit: Fit) -> bool:
    """Tell whether no limit is reached, however large the value is."""
    return fit.next is None and not fit.alternatives


def _is_trained(fit: Fit, report: Report) -> bool:
    """Tell whether it is a step of training that has to fit."""
    return report.train or are_about_step(fit.bounds)


def _note_varied(fit: Fit, report: Report) -> Iterator[str]:
    """Yield which limits what is varied has no say in, and what else there is to vary."""
    numbers = {
        name: value
        for name, value in report.run.network.parameters.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name != fit.vary
    }
    others = f": --set or --vary changes the spec's {_list(numbers)}" if numbers else ""
    broken = {bound.figure for bound in fit.bounds if fit.over and judge(bound, fit.over) != "ok"}
    for key in fit.unmoved:
        if _fits_always(fit) or key in broken:
            yield f"no {fit.vary} changes {key}{others}"
    if left_out := len(fit.alternatives) - sum(1 for _ in _pick(fit.alternatives)):
        yield f"{left_out} more, every:N, take no less for as many MACs again; --format json has all"
    if not _fits_always(fit) and broken.intersection(fit.unmoved):
        yield "archcalc list --limit finds networks that keep within limits as they are"
    if fit.next is not None and fit.over is None:
        for name in fit.sides:
            yield f"the spec's '{name}' is the side of its input: --vary {name} changes all that depends on it"
    if fit.value is None and isinstance(report.run.network.parameters.get(fit.vary), int):
        yield f"'{fit.vary}' is a whole number in the spec, so that no fraction is tried"


def _list(names: Iterable[str]) -> str:
    """Return some names as a choice: width, depth or classes."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _note_training(fit: Fit, report: Report) -> Iterator[str]:
    """Yield what a limit on memory in training is held against, or that it is none."""
    step = report.run.conditions.step or TrainingStep()
    figures = {bound.figure for bound in fit.bounds}
    if _is_trained(fit, report):
        yield from note_ranks(step)
        if "train.peak_bytes" in figures and step.device == "cuda":
            yield from ALLOCATED
    elif "memory_bytes" in figures:
        yield INFERENCE


def _row(bound: FigureLimit, fit: Fit, *, is_broken: bool) -> tuple[object, ...]:
    figure = find_figure(bound.figure)
    reports = [fit.over] if is_broken else [fit.report, fit.over]
    amounts = [None if report is None else figure.amount(report) for report in reports]
    numbers = [bound.bound, *(each for each in amounts if each is not None)]
    kind = TOLD_BYTES if figure.kind is BYTES and _read_alike(numbers) else figure.kind
    cells = ["" if amount is None else Cell(kind, amount) for amount in amounts]
    if is_broken:
        cells.append("ok" if fit.over and judge(bound, fit.over) == "ok" else "broken")
    stated = (bound.operator, Cell(_exact_enough(figure.kind, bound.bound), bound.bound))
    return (bound.figure, stated, *cells)


def _read_alike(sizes: Sequence[float]) -> bool:
    """Tell whether different bytes are written alike."""
    return len({write_bytes(int(size)) for size in sizes}) < len(set(sizes))


def _exact_enough(kind: Kind, bound: float) -> Kind:
    """Return bytes to the unit where three digits do not say them all."""
    return EXACT_BYTES if kind is BYTES and size(write_bytes(int(bound))) != bound else kind


def _answer(fit: Fit, hindrance: str | None) -> Iterator[tuple[str, str]]:
    """Yield the value that fits, and what is in the way of the next one."""
    if fit.alternatives:
        yield (
            fit.vary,
            f"nothing fits, '{fit.next}' comes nearest" if fit.value is None else str(fit.value),
        )
    elif fit.value is None:
        yield f"largest {fit.vary}", f"none fits, not even {_write(fit.next or 1)}"
    elif _fits_always(fit):
        yield f"largest {fit.vary}", f"any: no limit is reached up to {_write(fit.value)}"
    else:
        yield f"largest {fit.vary}", _write(fit.value)
    if fit.next is not None and fit.over is None:
        yield "next", f"{_write(fit.next)} does not suit the network, nor does any between"
    elif hindrance is not None:
        yield "in the way", hindrance
    if fit.spared is not None and fit.value is not None:
        value = "none fits" if fit.spared.value is None else _write(fit.spared.value)
        yield f"with {write_bytes(fit.spared.free)} left free", value
    report = fit.report or fit.over
    for each in _pick(fit.alternatives):
        if report is not None:
            yield str(each.value), _say(each, report)


def _pick(alternatives: Sequence[Alternative]) -> Iterator[Alternative]:
    """Yield the ways to checkpoint that have a name, and those lengths that take less than all that run no more again."""
    least = inf
    for each in alternatives:
        if not str(each.value).startswith("every:") or each.tightness < least:
            yield each
        least = min(least, each.tightness)


def _write(value: float | str) -> str:
    return group_digits(value) if isinstance(value, int) else str(value)


def _describe(each: Alternative) -> dict[str, object]:
    """Return what machines are told of one way to checkpoint."""
    return {
        "value": each.value,
        "fits": each.fits,
        "recomputed_macs": each.recomputed,
        "kept_bytes": each.kept_bytes,
        "peak_bytes": each.peak_bytes,
    }


def _say(each: Alternative, report: Report) -> str:
    """Return what one way to checkpoint takes, beside a step of which there is a report."""
    peak = "a peak that is not known" if each.peak_bytes is None else write_bytes(each.peak_bytes)
    again = "an unknown number of MACs again"
    if each.recomputed is not None:
        again = f"{short(each.recomputed)} MACs again{weigh_again(each.recomputed, report) if each.recomputed else ''}"
    return f"{peak}, {again}, {'fits' if each.fits else 'does not fit'}"
