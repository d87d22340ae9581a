"""A row an expectation or a limit: the page of check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archcalc.questions.check import Finding
from archcalc.sheet.kinds import FIGURE, TEXT, VERDICT, WORDS
from archcalc.sheet.renderers import MACHINES
from archcalc.sheet.sheet import Column, Sheet

COLUMNS = (
    Column("network", "network", TEXT, "the network's name", 3),
    Column("layer", "layer", WORDS, "the layer that it is about; nothing for the whole network"),
    Column("figure", "figure", WORDS, "what was compared"),
    Column("expected", "expected", FIGURE, "what the spec expects, or the limit", 1),
    Column("claimed", "claimed", WORDS, "what is claimed, word for word", 2),
    Column("computed", "computed", FIGURE, "what it is"),
    Column("verdict", "verdict", VERDICT, "ok, wrong, upheld or refuted", 1),
    Column("source", "source", WORDS, "who says so", 4),
)


def findings(found: Sequence[Finding], sound: int, broken: Sequence[str], form: str) -> Sheet:
    """Return a row for every expectation, claim and limit; of several networks people get those that do not hold.

    `sound` is how many networks are, `broken` what is wrong with the others.
    """
    claims = [finding for finding in found if finding.claim is not None]
    is_whole = form != "table" or sound <= 1
    shown = found if is_whole else [one for one in found if one.claim is not None or not one.holds]
    idle = set() if claims or form in MACHINES else {"claimed"}
    kept = [place for place, column in enumerate(COLUMNS) if column.key not in idle]
    return Sheet(
        columns=tuple(COLUMNS[place] for place in kept),
        rows=tuple(tuple(_cells(finding)[place] for place in kept) for finding in shown),
        notes=tuple(_outcome(found, sound, len(broken))),
        facts={
            "checked": len(found) - len(claims),
            "wrong": sum(finding.fails for finding in found),
            "claims": len(claims),
            "refuted": sum(not finding.holds for finding in claims),
            "sound": sound,
            "errors": list(broken),
        },
    )


def _cells(finding: Finding) -> tuple[object, ...]:
    is_claim = finding.claim is not None
    return (
        finding.network,
        finding.layer or "",
        finding.figure,
        "" if is_claim else finding.expected,
        finding.claim or "",
        finding.computed,
        finding.verdict,
        finding.source,
    )


def _outcome(found: Sequence[Finding], sound: int, broken: int) -> Iterator[str]:
    """Yield what came out of it all, in words."""
    claims = [finding for finding in found if finding.claim is not None]
    figures = len(found) - len(claims)
    wrong = sum(finding.fails for finding in found)
    refuted = sum(not finding.holds for finding in claims)
    if sound:
        subject = f"{sound} network{'s' if sound > 1 else ''} sound"
        checked = f"{figures} figures checked, {f'{wrong} wrong' if wrong else 'all hold'}"
        yield f"{subject}; {checked if figures else 'there are no figures to check'}"
    if claims:
        verdict = f"{refuted} refuted" if refuted else "all upheld"
        yield f"{len(claims)} claim{'s' if len(claims) > 1 else ''} judged, {verdict}; claims never change the exit status"
    if broken:
        yield f"{broken} spec{'s' if broken > 1 else ''} not sound"
