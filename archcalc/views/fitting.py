"""What still fits: a row a limit, with the largest value that keeps within it and the next one that does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from archcalc.analysis.budget import judge
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.figures.training import are_about_step
from archcalc.analysis.report import Report
from archcalc.analysis.training.step import TrainingStep
from archcalc.ground.quantity import size
from archcalc.network.network import FigureLimit
from archcalc.questions.fitted import Alternative, Fit, find_hindrance
from archcalc.sheet.kinds import BOUND, BYTES, EXACT_BYTES, MIXED_LINES, TEXT, TOLD_BYTES, VERDICT
from archcalc.sheet.numbers import group_digits, short, write_bytes
from archcalc.sheet.renderers import MACHINES
from archcalc.sheet.sheet import Cell, Column, Kind, Sheet
from archcalc.views.page import facts, note_incomplete, subtitle
from archcalc.views.training import describe_step, note_ranks

COLUMNS = (
    Column("figure", "figure", TEXT, "what is limited"),
    Column("limit", "limit", BOUND, "the limit"),
    Column("fits", "fits", MIXED_LINES, "what it is with the largest value that fits"),
    Column("next", "next", MIXED_LINES, "what it is with the next one"),
)
"""What machines get, and people where something fits."""
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
    return Sheet(
        columns=_name_broken(fit) if is_broken else COLUMNS,
        rows=tuple(_row(bound, fit, is_broken=is_broken) for bound in fit.bounds),
        title=(report.title or report.name) if report else "",
        subtitle=_head(fit, report) if report else (),
        summary=tuple(_answer(fit, hindrance)),
        notes=(*_note_training(fit, report), *note_incomplete(report)) if report else (),
        facts=(facts(report) if report else {})
        | {
            "vary": fit.vary,
            "value": fit.value,
            "next_value": fit.next,
            "in_the_way": hindrance,
            "looks": fit.looks,
            "alternatives": [_describe(each) for each in fit.alternatives],
        },
    )


def _name_broken(fit: Fit) -> tuple[Column, ...]:
    """Return the columns where nothing fits: the value that comes nearest, and whether each limit holds with it."""
    figure, limit, _, over = COLUMNS
    nearest = f"{fit.vary} {_write(fit.next or 1)}"
    return (figure, limit, over._replace(title=nearest), Column("verdict", "verdict", VERDICT))


def _head(fit: Fit, report: Report) -> tuple[str, ...]:
    """Return the conditions; where nothing fits without what is varied, which has no value then."""
    varied = fit.vary if fit.value is None else ""
    step = report.run.conditions.step or TrainingStep()
    how = describe_step(step, varied) if _is_trained(fit, report) else ("inference",)
    return subtitle(report, *how, without=varied)


def _is_trained(fit: Fit, report: Report) -> bool:
    """Tell whether it is a step of training that has to fit."""
    return report.train or are_about_step(fit.bounds)


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
    figure = FIGURES[bound.figure]
    reports = [fit.over] if is_broken else [fit.report, fit.over]
    amounts = [None if report is None else figure.amount(report) for report in reports]
    numbers = [bound.bound, *(each for each in amounts if each is not None)]
    kind = TOLD_BYTES if figure.kind is BYTES and _read_alike(numbers) else figure.kind
    cells = ["" if amount is None else Cell(kind, amount) for amount in amounts]
    if is_broken:
        cells.append("ok" if fit.over and judge(bound, fit.over) == "ok" else "broken")
    stated = (bound.operator, Cell(_exact_enough(figure.kind, bound.bound), bound.bound))
    return (bound.figure, stated, *cells)


def _read_alike(sizes: Sequence[int]) -> bool:
    """Tell whether different bytes are written alike."""
    return len(set(map(write_bytes, sizes))) < len(set(sizes))


def _exact_enough(kind: Kind, bound: int) -> Kind:
    """Return bytes to the unit where three digits do not say them all."""
    return EXACT_BYTES if kind is BYTES and size(write_bytes(bound)) != bound else kind


def _answer(fit: Fit, hindrance: str | None) -> Iterator[tuple[str, str]]:
    """Yield the value that fits, and what is in the way of the next one."""
    if fit.alternatives:
        yield (
            fit.vary,
            f"nothing fits, '{fit.next}' comes nearest" if fit.value is None else str(fit.value),
        )
    elif fit.value is None:
        yield f"largest {fit.vary}", f"none fits, not even {_write(fit.next or 1)}"
    else:
        yield f"largest {fit.vary}", _write(fit.value)
    if fit.next is not None and fit.over is None:
        yield "next", f"{_write(fit.next)} does not suit the network, nor does any between"
    elif hindrance is not None:
        yield "in the way", hindrance
    for each in _pick(fit.alternatives):
        yield str(each.value), _say(each)


def _pick(alternatives: Sequence[Alternative]) -> Iterator[Alternative]:
    """Yield the ways to checkpoint that have a name, and those lengths that take less than all that run no more again."""
    least = inf
    for each in alternatives:
        if not str(each.value).startswith("every:") or each.tightness < least:
            yield each
        least = min(least, each.tightness)


def _write(value: int | str) -> str:
    return value if isinstance(value, str) else group_digits(value)


def _describe(each: Alternative) -> dict[str, object]:
    """Return what machines are told of one way to checkpoint."""
    return {
        "value": each.value,
        "fits": each.fits,
        "recomputed_macs": each.recomputed,
        "kept_bytes": each.kept_bytes,
        "peak_bytes": each.peak_bytes,
    }


def _say(each: Alternative) -> str:
    """Return what one way to checkpoint takes."""
    peak = "a peak that is not known" if each.peak_bytes is None else write_bytes(each.peak_bytes)
    again = "an unknown number of" if each.recomputed is None else short(each.recomputed)
    return f"{peak}, {again} MACs again, {'fits' if each.fits else 'does not fit'}"
