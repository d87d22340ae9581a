"""Limits on figures as people state them, in a budget or on a command line: peak_bytes <= 256KiB.

Those that are joined are either = both {"or" both}, both = negated {"and" negated},
negated = {"not"} (KEY OP VALUE | "(" either ")").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from operator import eq, ge, gt, le, lt
from typing import Literal

from archcalc.analysis.figures import FIGURES, Figure, find_figure, without_device
from archcalc.analysis.report import Report
from archcalc.ground import limits, quantity
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.ground.measures import MICROSECONDS, measure
from archcalc.network.network import FigureLimit, JoinedLimits, Limit
from archcalc.sheet.kinds import BYTES, COUNT, DURATION
from archcalc.sheet.sheet import Kind

OPERATORS: dict[str, Callable[[float, float], bool]] = {"<=": le, "<": lt, ">=": ge, ">": gt, "==": eq}


def _microseconds(text: str) -> float:
    """Return a time such as 5ms in microseconds, as a whole number where it is one."""
    us = measure(text, MICROSECONDS)
    return int(us) if us.denominator == 1 else float(us)


READERS: dict[Kind, Callable[[str], float]] = {
    COUNT: quantity.count,
    BYTES: quantity.size,
    DURATION: _microseconds,
}
"""What reads a quantity, by the kind of the figure."""
STATED = re.compile(r"\s*([^\s<>=!]+)\s*(<=|>=|==|<|>)(?!=)\s*(\S.*?)\s*")
JOINTS = re.compile(r"([()]|\b(?:and|or|not)\b)")
FORM = "KEY OP VALUE, such as params <= 5M or peak_bytes <= 256KiB; OP is <=, <, >=, > or =="
JOINED = "and, or, not join limits, as in macs <= 1G and not (depth > 20 or params > 5M)"
Outcome = Literal["ok", "wrong", "unknown"]
OPPOSITE: dict[Outcome, Outcome] = {"ok": "wrong", "wrong": "ok", "unknown": "unknown"}


def limitable() -> tuple[str, ...]:
    """Return the keys of the figures that a limit may be on."""
    return tuple(key for key, figure in FIGURES.items() if figure.limit)


def limit(text: str, source: str = "limit") -> Limit:
    """Return the limit that a text states, or those that it joins; a number without a unit is in the figure's own.

    Args:
        text: a figure's key, an operator and a quantity: macs < 1.5G, memory_bytes <= 64MiB, depth >= 18; several
            joined by `and`, `or` and `not`, with brackets.
        source: who states it, as `check` says beside it.

    Raises:
        ArchcalcError: the text is no limit, its figure cannot be limited, its quantity is none of the figure's, or
            it is too long or nested too deeply.
    """
    if len(text) > limits.EXPRESSION.value:
        raise ArchcalcError(f"a limit has {len(text):,} characters", hint=limits.EXPRESSION.hint)
    return _Reader(text, source).limit()


class _Reader:
    """Recursive descent over limits and what joins them; each method returns what its rule of the grammar reads."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.pieces = [*filter(None, map(str.strip, JOINTS.split(text))), ""]
        self.position = 0
        self.depth = 0

    def limit(self) -> Limit:
        stated = self.either()
        if self.pieces[self.position]:
            piece = self.pieces[self.position]
            is_closed = piece == ")"
            raise self.malformed(
                f"a {piece} closes nothing" if is_closed else f"nothing joins '{piece}' to it"
            )
        return stated

    def either(self) -> Limit:
        return self.joined("or", self.both)

    def both(self) -> Limit:
        return self.joined("and", self.negated)

    def joined(self, word: Literal["and", "or"], part: Callable[[], Limit]) -> Limit:
        start = self.position
        parts = [part()]
        while self.take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else self.since(start, word, *parts)

    def negated(self) -> Limit:
        start, is_negated = self.position, False
        while self.take("not"):
            is_negated = not is_negated
        part = self.part()
        return self.since(start, "not", part) if is_negated else part

    def part(self) -> Limit:
        if self.take("("):
            self.depth += 1
            if self.depth > limits.BRACKETS.value:
                raise ArchcalcError(
                    f"a limit is nested more than {limits.BRACKETS.value} deep", hint=limits.BRACKETS.hint
                )
            inner = self.either()
            if not self.take(")"):
                raise self.malformed("a ( is not closed")
            self.depth -= 1
            return inner
        piece = self.pieces[self.position]
        if JOINTS.fullmatch(piece) or not piece:
            where = f"before '{piece}'" if piece else "at the end"
            raise self.malformed(f"a limit is missing {where}" if self.text.strip() else "")
        self.position += 1
        return _single(piece, self.source)

    def take(self, piece: str) -> bool:
        """Move past the next piece if it is this one."""
        is_next = self.pieces[self.position] == piece
        self.position += is_next
        return is_next

    def since(self, start: int, word: Literal["and", "or", "not"], *parts: Limit) -> JoinedLimits:
        written = " ".join(self.pieces[start : self.position]).replace("( ", "(").replace(" )", ")")
        return JoinedLimits(word, parts, written, self.source)

    def malformed(self, why: str) -> ArchcalcError:
        return ArchcalcError(f"'{self.text}' is no limit{why and f': {why}'}", hint=JOINED if why else FORM)


def _single(text: str, source: str) -> FigureLimit:
    stated = STATED.fullmatch(text)
    if stated is None:
        raise ArchcalcError(f"'{text}' is no limit", hint=FORM)
    key, operator, amount = stated.groups()
    figure = FIGURES.get(without_device(key))
    if figure is None or not figure.limit:
        raise ArchcalcError(
            f"there is no limit on '{key}'",
            hint=nearest(key, limitable()) or f"choose from {', '.join(limitable())}",
        )
    try:
        bound = READERS[figure.kind](amount)
    except ArchcalcError as error:
        is_several = any(operator in amount for operator in OPERATORS)
        hint = JOINED if is_several else error.hint
        raise ArchcalcError(f"limit on {key}: {error.fact}", hint=hint) from None
    return FigureLimit(key, operator, bound, amount, source)


def singles(limit: Limit) -> Iterator[FigureLimit]:
    """Yield each limit on a single figure, in the order in which they are written."""
    if isinstance(limit, FigureLimit):
        yield limit
    else:
        for part in limit.parts:
            yield from singles(part)


def judge(limit: Limit, report: Report) -> Outcome:
    """Return whether a limit holds."""
    if isinstance(limit, FigureLimit):
        return _judge_alone(limit, report)
    return _join(limit.word, {judge(part, report) for part in limit.parts})


def judge_all(limits: Iterable[Limit], report: Report) -> Outcome:
    """Return whether all of some limits hold."""
    return _join("and", {judge(limit, report) for limit in limits})


def _join(word: Literal["and", "or", "not"], outcomes: set[Outcome]) -> Outcome:
    """Return what comes of several outcomes; what is unknown counts only where it can change the answer.

    Source: Kleene's strong logic of three values.
    """
    if word == "not":
        return OPPOSITE[outcomes.pop()]
    decisive: Outcome = "wrong" if word == "and" else "ok"
    for outcome in (decisive, "unknown"):
        if outcome in outcomes:
            return outcome
    return OPPOSITE[decisive]


def _judge_alone(limit: FigureLimit, report: Report) -> Outcome:
    """Return whether a limit on one figure holds.

    What is not known of a network only adds to what is. So the known part alone can break an upper bound, or keep a
    lower one; all else is unknown.
    """
    figure = find_figure(limit.figure)
    known = figure.amount(report)
    holds = OPERATORS[limit.operator](known, limit.bound)
    if is_complete(figure, report):
        return "ok" if holds else "wrong"
    if limit.operator in (">", ">="):
        return "ok" if holds else "unknown"
    is_broken = known > limit.bound if limit.operator == "==" else not holds
    return "wrong" if is_broken else "unknown"


def is_complete(figure: Figure, report: Report) -> bool:
    """Tell whether every row says how much it has of a figure, and how large its output is where that counts."""
    if figure.known and (figure.of_total(report) is None or not figure.of_outputs):
        return figure.of_total(report) is not None
    if not report.totals.incomplete:  # where a size or a figure is not known, work is not known, either
        return True
    if figure.of_outputs and not all(row.output_shape for row in report.rows):
        return False
    return all(figure.of_row(row, report) is not None for row in report.rows)
