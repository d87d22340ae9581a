"""What comes of a comparison: an expectation, a limit or a claim beside what is computed."""

from __future__ import annotations

from typing import Literal, NamedTuple

from archcalc.analysis.budget import Outcome
from archcalc.analysis.report import Report

Verdict = Outcome | Literal["upheld", "refuted"]
"""What comes of a comparison: an expectation is ok or wrong, a claim upheld or refuted at its own precision.

Whether a limit or a claim holds is unknown where something that counts for it is not known.
"""


class Finding(NamedTuple):
    """One comparison: `layer` is None where it is about the whole network; `source` says who expects it.

    `claim` is what the source says word for word where it is a claim; `expected` is then its number. `operator` is
    that of a limit, whose bound is then expected; None for what is no limit. Of limits that are joined, `figure` is how
    they are written, `operator` the word, `expected` nothing, and `computed` has each figure by its key. `arithmetic`
    is how what is computed comes about, where a claim is refuted or needs to be read in a certain way. A claim about
    two amounts is computed as a fraction, their ratio, or as their difference; one of a formula has no network. `most_at`
    is the layer that has most of what is limited, or when most of it is there; None where nobody can say. `report` is what a
    limit is held against; None for what is no limit.
    """

    network: str | None
    layer: str | None
    figure: str
    expected: object
    computed: object
    verdict: Verdict
    source: str
    claim: str | None = None
    operator: str | None = None
    reading: str | None = None
    arithmetic: str | None = None
    most_at: str | None = None
    report: Report | None = None

    @property
    def holds(self) -> bool:
        """Whether what was computed is what was expected or claimed."""
        return self.verdict not in ("wrong", "unknown", "refuted")

    @property
    def fails(self) -> bool:
        """Whether the spec or the network has to be mended: what is wrong with a claim is its author's mistake."""
        return self.claim is None and not self.holds
