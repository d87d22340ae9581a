"""Limits on figures as people state them, in a budget or on a command line: peak_bytes <= 256KiB."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt
from typing import Literal

from archcalc.analysis.figures import FIGURES, Figure
from archcalc.analysis.report import Report
from archcalc.ground import quantity
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.network.network import FigureLimit
from archcalc.sheet.kinds import BYTES, COUNT
from archcalc.sheet.sheet import Kind

OPERATORS: dict[str, Callable[[int, int], bool]] = {"<=": le, "<": lt, ">=": ge, ">": gt, "==": eq}
READERS: dict[Kind, Callable[[str], int]] = {COUNT: quantity.count, BYTES: quantity.size}
"""What reads a quantity, by the kind of the figure."""
STATED = re.compile(r"\s*([^\s<>=!]+)\s*(<=|>=|==|<|>)(?!=)\s*(\S.*?)\s*")
FORM = "KEY OP VALUE, such as params <= 5M or peak_bytes <= 256KiB; OP is <=, <, >=, > or =="
Outcome = Literal["ok", "wrong", "unknown"]


def limitable() -> tuple[str, ...]:
    """Return the keys of the figures that a limit may be on."""
    return tuple(key for key, one in FIGURES.items() if one.limit)


def limit(text: str, source: str = "limit") -> FigureLimit:
    """Return the limit that a text states; a number without a unit is in the figure's own.

    Args:
        text: a figure's key, an operator and a quantity: macs < 1.5G, memory_bytes <= 64MiB, depth >= 18.
        source: who states it, as `check` says beside it.

    Raises:
        ArchcalcError: the text is no limit, its figure cannot be limited, or its quantity is none of the figure's.
    """
    stated = STATED.fullmatch(text)
    if stated is None:
        raise ArchcalcError(f"'{text}' is no limit", hint=FORM)
    key, operator, amount = stated.groups()
    figure = FIGURES.get(key)
    if figure is None or not figure.limit:
        raise ArchcalcError(
            f"there is no limit on '{key}'",
            hint=nearest(key, limitable()) or f"choose from {', '.join(limitable())}",
        )
    try:
        bound = READERS[figure.kind](amount)
    except ArchcalcError as error:
        is_several = any(operator in amount for operator in OPERATORS)
        hint = "state each limit by itself" if is_several else error.hint
        raise ArchcalcError(f"limit on {key}: {error.fact}", hint=hint) from None
    return FigureLimit(key, operator, bound, amount, source)


def judged(limit: FigureLimit, report: Report) -> Outcome:
    """Return whether a limit holds.

    What is not known of a network only adds to what is. So the known part alone can break an upper bound, or keep a
    lower one; all else is unknown.
    """
    figure = FIGURES[limit.figure]
    known = figure.amount(report)
    holds = OPERATORS[limit.operator](known, limit.bound)
    if _is_complete(figure, report):
        return "ok" if holds else "wrong"
    if limit.operator in (">", ">="):
        return "ok" if holds else "unknown"
    is_broken = known > limit.bound if limit.operator == "==" else not holds
    return "wrong" if is_broken else "unknown"


def _is_complete(figure: Figure, report: Report) -> bool:
    """Tell whether every row says how much it has of a figure, and how large its output is where that counts."""
    if figure.of_outputs and not all(row.output_shape for row in report.rows):
        return False
    return all(figure.of_row(row, report) is not None for row in report.rows)
