"""What still fits: a row a limit, with the largest value that keeps within it and the next one that does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.network.network import FigureLimit
from archcalc.questions.fitted import Alternative, Fit, find_hindrance
from archcalc.sheet.kinds import BOUND, BYTES, EXACT_BYTES, MIXED, TEXT
from archcalc.sheet.numbers import group_digits, short, write_bytes
from archcalc.sheet.sheet import Cell, Column, Kind, Sheet
from archcalc.views.page import facts, notes, subtitle

COLUMNS = (
    Column("figure", "figure", TEXT, "what is limited"),
    Column("limit", "limit", BOUND, "the limit"),
    Column("fits", "fits", MIXED, "what it is with the largest value that fits"),
    Column("next", "next", MIXED, "what it is with the next one"),
)


def sheet(fit: Fit) -> Sheet:
    """Return a row for each limit."""
    report = fit.report or fit.over
    shown = [fit.report, fit.over]
    hindrance = find_hindrance(fit.over, fit.bounds) if fit.over else None
    return Sheet(
        columns=COLUMNS,
        rows=tuple(_row(bound, shown) for bound in fit.bounds),
        title=(report.title or report.name) if report else "",
        subtitle=subtitle(report) if report else (),
        summary=tuple(_answer(fit, hindrance)),
        notes=notes(report) if report else (),
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


def _row(bound: FigureLimit, reports: Sequence[Report | None]) -> tuple[object, ...]:
    figure = FIGURES[bound.figure]
    amounts = [None if report is None else figure.amount(report) for report in reports]
    kind = _exact_enough(figure.kind, [bound.bound, *(each for each in amounts if each is not None)])
    cells = ["" if amount is None else Cell(kind, amount) for amount in amounts]
    return (bound.figure, (bound.operator, Cell(kind, bound.bound)), *cells)


def _exact_enough(kind: Kind, numbers: Sequence[int]) -> Kind:
    """Return bytes to the unit where different ones would read alike."""
    reads_alike = kind is BYTES and len(set(map(kind.text, numbers))) < len(set(numbers))
    return EXACT_BYTES if reads_alike else kind


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
