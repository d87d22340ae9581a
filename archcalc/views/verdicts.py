"""A row an expectation or a limit: the page of check."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc import quantity
from archcalc.checks import Budget, Finding
from archcalc.sheet import Column, Sheet


def findings(found: Sequence[Finding], form: str) -> Sheet:
    """Return a row for every expectation and limit; for people and several networks, only for those that fail."""
    wrong = [finding for finding in found if not finding.holds]
    several = len({finding.network for finding in found}) > 1
    shown = wrong if several and form == "table" else found
    return Sheet(
        columns=(
            Column("network", "network", "text", priority=3),
            Column("layer", "layer", "words"),
            Column("figure", "figure", "words"),
            Column("expected", "expected", "figure", priority=1),
            Column("computed", "computed", "figure"),
            Column("verdict", "", "verdict"),
            Column("source", "source", "words", priority=4),
        ),
        rows=tuple(
            (
                finding.network,
                finding.layer or "",
                finding.figure,
                finding.expected,
                finding.computed,
                "ok" if finding.holds else "wrong",
                finding.source,
            )
            for finding in shown
        ),
        notes=(_verdict(found, wrong),),
        facts={"checked": len(found), "wrong": len(wrong)},
    )


def _verdict(found: Sequence[Finding], wrong: Sequence[Finding]) -> str:
    networks = len({finding.network for finding in found})
    failed = f"{len(wrong)} wrong" if wrong else "all hold"
    return f"{len(found)} figures of {networks} network{'s' if networks != 1 else ''} checked, {failed}"


def budget(params: str | None, macs: str | None, memory: str | None) -> Budget:
    """Return the budget that the options of `check` state."""
    return Budget(
        None if params is None else quantity.count(params),
        None if macs is None else quantity.count(macs),
        None if memory is None else quantity.size(memory),
    )
