"""Holds a network against what its spec expects and against a budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from archcalc.analysis.analyze import analyze
from archcalc.analysis.blocks import group
from archcalc.analysis.conditions import DType, Input
from archcalc.analysis.figures import FIGURES, Figure
from archcalc.analysis.report import Report, Row
from archcalc.arithmetic.window import Rounding
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.ground.quantity import Claim
from archcalc.network.network import Expectation, Network, members
from archcalc.sheet.kinds import COUNT

Verdict = Literal["ok", "wrong", "unknown", "upheld", "upheld, cut not rounded", "refuted"]
"""What comes of a comparison: an expectation is ok or wrong, a claim upheld or refuted at its own precision.

Whether a limit holds is unknown where something is not known that counts against it.
"""


class Finding(NamedTuple):
    """One comparison: `layer` is None where it is about the whole network; `source` says who expects it.

    `claim` is what the source says word for word where it is a claim; `expected` is then its number.
    """

    network: str
    layer: str | None
    figure: str
    expected: object
    computed: object
    verdict: Verdict
    source: str
    claim: str | None = None

    @property
    def holds(self) -> bool:
        """Whether what was computed is what was expected or claimed."""
        return self.verdict not in ("wrong", "unknown", "refuted")

    @property
    def fails(self) -> bool:
        """Whether the spec or the network has to be mended: a refuted claim is its author's mistake."""
        return self.verdict in ("wrong", "unknown")


Limits = Mapping[str, int]
"""The most that a network may have of a figure, by the figure's key, in its own unit."""


def check(
    network: Network,
    limits: Limits | None = None,
    *,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
) -> list[Finding]:
    """Return every expectation and claim of the spec and every limit, held or not.

    Expectations are about one sample of the usual input; limits are for the conditions, which are those of
    `analyze`.

    Raises:
        ArchcalcError: a layer does not suit its input, an expectation is about a layer that does not exist, or a
            limit about what is no figure.
    """
    modes = {expectation.train for expectation in network.expectations}
    wanted = {expectation.layer for expectation in network.expectations if expectation.layer}
    reports = {train: analyze(network, train=train) for train in modes}
    places = {train: members((row.name for row in report.rows), wanted) for train, report in reports.items()}
    expected = [
        _expected(expectation, reports[expectation.train], places[expectation.train])
        for expectation in network.expectations
    ]
    if not limits:
        return expected
    report = analyze(network, input=input, batch=batch, dtype=dtype, rounding=rounding, train=train)
    return expected + [_limited(report, key, most) for key, most in limits.items()]


def _expected(expectation: Expectation, report: Report, places: Mapping[str, list[int]]) -> Finding:
    computed = _computed(expectation, report, places)
    return Finding(
        network=report.name,
        layer=expectation.layer,
        figure=f"{expectation.figure} in training" if expectation.train else expectation.figure,
        expected=expectation.value.value if isinstance(expectation.value, Claim) else expectation.value,
        computed=computed,
        verdict=_verdict(expectation, computed),
        source=expectation.source,
        claim=expectation.claim,
    )


def _verdict(expectation: Expectation, computed: object) -> Verdict:
    claim = expectation.value
    if not isinstance(claim, Claim):
        return "ok" if computed == claim else "wrong"
    if not isinstance(computed, int | float):
        return "refuted"
    if claim.rounds_from(computed):
        return "upheld"
    return "upheld, cut not rounded" if claim.cut_from(computed) else "refuted"


def _computed(expectation: Expectation, report: Report, places: Mapping[str, list[int]]) -> object:
    """Return what is computed of a network, a layer, or a block folded into one row; None where it is not known."""
    name, figure = expectation.layer, FIGURES[expectation.figure]
    if name is None and figure.total is not None:
        return figure.of_total(report)
    value = figure.of_row(_row(name, expectation, report, places), report)
    return None if value is None or value == "" else figure.kind.stated(value)


def _row(name: str | None, expectation: Expectation, report: Report, places: Mapping[str, list[int]]) -> Row:
    """Return the row that an expectation is about: the last one where it names none."""
    if name is None:
        return report.output
    if places[name]:
        return group(name, [report.rows[place] for place in places[name]])
    raise ArchcalcError(
        f"expect is about '{name}', but there is no such layer or block",
        place=expectation.origin.place() if expectation.origin else None,
        hint=nearest(name, [row.name for row in report.rows]),
    )


def _limited(report: Report, key: str, most: int) -> Finding:
    """Return whether a limit holds: what is known already may break it, but cannot prove that it holds."""
    figure = FIGURES.get(key)
    if figure is None or not figure.limit:
        known = [name for name, one in FIGURES.items() if one.limit]
        raise ArchcalcError(
            f"there is no limit on '{key}'", hint=nearest(key, known) or f"choose from {', '.join(known)}"
        )
    need = figure.amount(report)
    verdict: Verdict = "wrong" if need > most else "ok" if _is_complete(figure, report) else "unknown"
    computed = None if verdict == "unknown" else need
    return Finding(report.name, None, key, most, computed, verdict, "budget: at most")


def _is_complete(figure: Figure, report: Report) -> bool:
    """Tell whether every row says how much it has of a figure, and how large its output is where bytes are meant."""
    rows = [figure.of_row(row, report) for row in report.rows]
    return None not in rows and (figure.kind is COUNT or all(row.output_shape for row in report.rows))
