"""What sources claim, for people: under each source a row a claim, with the arithmetic of what does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby

from archcalc.analysis.figures import FIGURES
from archcalc.questions.finding import Finding
from archcalc.sheet.kinds import BYTES, FIGURE, MIXED, VERDICT, WORDS
from archcalc.sheet.sheet import Cell, Column, Sheet

COLUMNS = (
    Column("verdict", "verdict", VERDICT, "upheld or refuted"),
    Column("about", "about", WORDS, "the network and the layers that it is about; above them who claims it"),
    Column("claimed", "claimed", WORDS, "the figure, and what is claimed of it word for word"),
    Column("computed", "computed", WORDS, "what it is, and how it comes about where the claim does not hold"),
)


def table(claims: Sequence[Finding]) -> Sheet:
    """Return a row for each claim, those of a source below its name."""
    return Sheet(columns=COLUMNS, rows=tuple(_rows(claims)))


def _rows(claims: Sequence[Finding]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each claim, those of a source below its name."""
    for source, alike in groupby(claims, key=lambda finding: finding.source):
        yield ("", f"{source}:", "", "")
        for finding in alike:
            about = filter(None, (finding.network, finding.layer))
            yield (
                write_verdict(finding),
                ", ".join(about),
                f"{finding.figure}: {finding.claim}",
                finding.arithmetic or MIXED.text(write_computed(finding)),
            )


def write_verdict(finding: Finding) -> str:
    """Return the verdict, and how a claim has to be read for it: "upheld, as MiB"."""
    return ", ".join(filter(None, (finding.verdict, finding.reading)))


def write_computed(finding: Finding) -> Cell:
    """Return what is computed for an expectation or a claim: a formula, bytes, or a number or several."""
    computed = finding.computed
    if isinstance(computed, Fraction):
        return Cell(FIGURE, float(computed))
    if isinstance(computed, str):
        return Cell(WORDS, computed)
    figure = FIGURES.get(finding.figure)
    return Cell(BYTES if figure is not None and figure.kind is BYTES else FIGURE, computed)
