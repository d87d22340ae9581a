"""A row an expectation or a limit: the page of check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from archcalc.analysis.conditions import Conditions, DType
from archcalc.analysis.figures import find_figure
from archcalc.analysis.figures.training import TRAINED
from archcalc.analysis.report import Report
from archcalc.analysis.training.step import TrainingStep
from archcalc.questions.finding import Finding
from archcalc.sheet.kinds import (
    AMOUNTS,
    BOUND,
    BYTES,
    EXACT_BYTES,
    FIGURE,
    MIXED,
    MIXED_LINES,
    TEXT,
    VERDICT,
    WORDS,
)
from archcalc.sheet.renderers import MACHINES
from archcalc.sheet.sheet import Cell, Column, Sheet
from archcalc.views import claimed
from archcalc.views.claimed import write_computed, write_verdict
from archcalc.views.page import subtitle
from archcalc.views.training import describe_step

COLUMNS = (
    Column("network", "network", TEXT, "the network's name", 3),
    Column("layer", "layer", WORDS, "the layer that it is about; nothing for the whole network"),
    Column("figure", "figure", WORDS, "what was compared; limits that are joined as they are written"),
    Column(
        "operator", "operator", TEXT, "of a limit, as in computed <= expected; of joined ones the word", 9
    ),
    Column("expected", "expected", MIXED, "what the spec expects, or the limit", 2),
    Column("claimed", "claimed", WORDS, "what is claimed, word for word", 2),
    Column("computed", "computed", MIXED_LINES, "what it is; of joined limits each figure by its key"),
    Column("verdict", "verdict", VERDICT, "ok, wrong or unknown; of a claim upheld or refuted", 1),
    Column(
        "reading", "reading", WORDS, "how a claim has to be read so that it holds: as MiB, cut not rounded", 9
    ),
    Column("source", "source", WORDS, "who says so", 4),
    Column(
        "arithmetic",
        "arithmetic",
        WORDS,
        "how what is computed comes about, of a claim that does not hold as it stands",
        9,
    ),
)

EXPECTED = "expected figures are about the network as its spec states it: one sample of its own input"


def findings(
    judged: Sequence[Finding], sound: int, broken: Sequence[str], unjudged: Sequence[str], form: str
) -> Sheet:
    """Return a row for every expectation, claim and limit; of several networks people get those that do not hold.

    `sound` is how many networks are, `broken` what is wrong with the others, `unjudged` why claims cannot be judged.
    """
    claims = [finding for finding in judged if finding.claim is not None]
    is_whole = form != "table" or sound <= 1
    shown = (
        judged
        if is_whole
        else [finding for finding in judged if finding.claim is not None or not finding.holds]
    )
    if claims and len(claims) == len(judged) and form not in MACHINES:
        sheet = claimed.table(claims)
    else:
        sheet = _table(shown, claims, is_for_people=form not in MACHINES)
    conditions = _describe_limits(judged)
    return sheet._replace(
        subtitle=conditions,
        notes=(
            *((EXPECTED,) if conditions and any(map(_is_expectation, judged)) else ()),
            *_outcome(judged, sound, len(broken), len(unjudged)),
        ),
        facts={
            "checked": len(judged) - len(claims),
            "wrong": sum(finding.verdict == "wrong" for finding in judged),
            "unknown": sum(finding.verdict == "unknown" for finding in judged),
            "claims": len(claims),
            "refuted": sum(not finding.holds for finding in claims),
            "sound": sound,
            "errors": [*broken, *unjudged],
        },
    )


def _is_expectation(finding: Finding) -> bool:
    return finding.operator is None and finding.claim is None


def _describe_limits(judged: Sequence[Finding]) -> tuple[str, ...]:
    """Return the conditions that limits are held under, where these are not those of the spec; nothing elsewhere.

    The inputs of several networks may be several, and are then left out.
    """
    limits = [finding for finding in judged if finding.report is not None]
    is_trained = any(TRAINED in finding.figure for finding in limits)
    reports = [finding.report for finding in limits if finding.report is not None]
    if not is_trained and all(map(_is_usual, reports)):
        return ()
    without = "input" if len({report.name for report in reports}) > 1 else ""
    step = reports[0].run.conditions.step or TrainingStep()
    how = describe_step(step) if is_trained else ()
    return (f"limits: {subtitle(reports[0], *how, without=without)[0]}",)


def _is_usual(report: Report) -> bool:
    """Tell whether a report is of one sample of the usual input in the type that a network says."""
    dtype, conditions = report.run.network.dtype or "float32", report.run.conditions
    usual = Conditions({}, None, cast("DType", dtype), None, train=False, place=conditions.place)
    return conditions == usual


def _table(shown: Sequence[Finding], claims: Sequence[Finding], *, is_for_people: bool) -> Sheet:
    """Return a row for each finding; people read the arithmetic of claims below."""
    idle = {"operator", "reading", "arithmetic"} if is_for_people else set()
    if is_for_people and not claims:
        idle.add("claimed")
    kept = [place for place, column in enumerate(COLUMNS) if column.key not in idle]
    return Sheet(
        columns=tuple(COLUMNS[place] for place in kept),
        rows=tuple(
            tuple(_cells(finding, is_for_people=is_for_people)[place] for place in kept) for finding in shown
        ),
        summary=(
            *_say_most(shown),
            *((write_verdict(finding), _explain(finding)) for finding in claims if finding.arithmetic),
        ),
    )


def _explain(finding: Finding) -> str:
    """Return a claim and the arithmetic that it is judged by."""
    about = ", ".join(filter(None, (finding.network, finding.layer)))
    return f"{finding.claim} for the {finding.figure}{about and f' of {about}'}: {finding.arithmetic}"


def _cells(finding: Finding, *, is_for_people: bool) -> tuple[object, ...]:
    expected, computed = _write_limited(finding) if finding.operator else _write_stated(finding)
    return (
        finding.network or "",
        finding.layer or "",
        finding.figure,
        finding.operator or "",
        expected,
        finding.claim or "",
        computed,
        write_verdict(finding) if is_for_people else finding.verdict,
        finding.reading or "",
        finding.source,
        finding.arithmetic or "",
    )


def _say_most(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Yield where most is of what breaks a limit: at which layer, or when."""
    several = len({finding.network for finding in findings}) > 1
    for finding in findings:
        if finding.most_at and not finding.holds:
            of = f" of {finding.network}" if several else ""
            yield "in the way", f"{finding.most_at}: most of {finding.figure}{of}"


def _write_stated(finding: Finding) -> tuple[Cell | Literal[""], Cell]:
    """Return what is expected and what is computed; a claim is shown word for word instead."""
    expected: Cell | Literal[""] = "" if finding.claim is not None else Cell(FIGURE, finding.expected)
    return expected, write_computed(finding)


def _write_limited(finding: Finding) -> tuple[Cell | Literal[""], Cell]:
    """Return a limit and what it is held against, to the byte where they would read alike and are not."""
    if isinstance(finding.computed, Mapping):
        amounts = {key: Cell(find_figure(key).kind, value) for key, value in finding.computed.items()}
        return "", Cell(AMOUNTS, amounts)
    kind = find_figure(finding.figure).kind
    numbers = finding.expected, finding.computed
    if kind is BYTES and len(set(numbers)) > len(set(map(kind.text, numbers))):
        kind = EXACT_BYTES
    return Cell(BOUND, (finding.operator, Cell(kind, finding.expected))), Cell(kind, finding.computed)


def _outcome(judged: Sequence[Finding], sound: int, broken: int, unjudged: int) -> Iterator[str]:
    """Yield what came out of it all, in words."""
    claims = [finding for finding in judged if finding.claim is not None]
    limits = sum(finding.operator is not None for finding in judged)
    figures = len(judged) - len(claims) - limits
    refuted = sum(not finding.holds for finding in claims)
    if sound:
        subject = f"{sound} network{'s' if sound > 1 else ''} sound"
        checked = [
            f"{count} {what}{'s' if count > 1 else ''}"
            for count, what in ((limits, "limit"), (figures, "figure"))
            if count
        ]
        outcome = f"{' and '.join(checked)} checked, {_count_failed(judged)}"
        yield f"{subject}; {outcome if checked else 'there are no figures to check'}"
    if claims:
        verdict = f"{refuted} refuted" if refuted else "all upheld"
        yield f"{len(claims)} claim{'s' if len(claims) > 1 else ''} judged, {verdict}; claims never change the exit status"
    if not (sound or claims or broken or unjudged):
        yield "nothing is claimed here"
    if unjudged:
        yield f"{unjudged} claim{'s' if unjudged > 1 else ''} cannot be judged"
    if broken:
        yield f"{broken} spec{'s' if broken > 1 else ''} not sound"


def _count_failed(judged: Sequence[Finding]) -> str:
    """Return how many do not hold, and of how many that is not known."""
    failed = [(sum(finding.verdict == word for finding in judged), word) for word in ("wrong", "unknown")]
    return ", ".join(f"{count} {word}" for count, word in failed if count) or "all hold"
