"""A row an expectation or a limit: the page of check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archcalc.questions.check import Finding
from archcalc.sheet.kinds import FIGURE, TEXT, VERDICT, WORDS
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


def findings(found: Sequence[Finding], networks: int, broken: Sequence[str], *, all_shown: bool) -> Sheet:
    """Return a row for every expectation, claim and limit, or only for those that do not hold.

    `networks` is how many were sound, `broken` what was wrong with the others.
    """
    shown = (
        found
        if all_shown
        else [finding for finding in found if finding.claim is not None or not finding.holds]
    )
    claims = [finding for finding in found if finding.claim is not None]
    kept = [place for place, column in enumerate(COLUMNS) if claims or column.key != "claimed"]
    return Sheet(
        columns=tuple(COLUMNS[place] for place in kept),
        rows=tuple(tuple(_cells(finding)[place] for place in kept) for finding in shown),
        notes=tuple(_outcome(found, networks, len(broken))),
        facts={
            "checked": len(found) - len(claims),
            "wrong": sum(finding.fails for finding in found),
            "claims": len(claims),
            "refuted": sum(not finding.holds for finding in claims),
            "networks": networks,
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


def _outcome(found: Sequence[Finding], networks: int, broken: int) -> Iterator[str]:
    """Yield what came out of it all, in words."""
    claims = [finding for finding in found if finding.claim is not None]
    figures = len(found) - len(claims)
    wrong = sum(finding.fails for finding in found)
    refuted = sum(not finding.holds for finding in claims)
    if networks:
        subject = f"{networks} network{'s' if networks > 1 else ''} sound"
        checked = f"{figures} figures checked, {f'{wrong} wrong' if wrong else 'all hold'}"
        yield f"{subject}; {checked if figures else 'there are no figures to check'}"
    if claims:
        verdict = f"{refuted} refuted" if refuted else "all upheld"
        yield f"{len(claims)} claim{'s' if len(claims) > 1 else ''} judged, {verdict}; claims never change the exit status"
    if broken:
        yield f"{broken} spec{'s' if broken > 1 else ''} not sound"
