"""Holds a network against what its spec expects and against a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from archcalc.analysis.blocks import group
from archcalc.analysis.budget import Outcome, judge, limit, singles
from archcalc.analysis.conditions import DType, Input
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.arithmetic.window import Rounding
from archcalc.formats.library import Model, as_network
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.ground.quantity import Claim
from archcalc.network.network import Expectation, FigureLimit, Limit, Network, members
from archcalc.questions.analyze import analyze

Verdict = Outcome | Literal["upheld", "upheld, cut not rounded", "refuted"]
"""What comes of a comparison: an expectation is ok or wrong, a claim upheld or refuted at its own precision.

Whether a limit holds is unknown where something that counts for it is not known.
"""


class Finding(NamedTuple):
    """One comparison: `layer` is None where it is about the whole network; `source` says who expects it.

    `claim` is what the source says word for word where it is a claim; `expected` is then its number. `operator` is
    that of a limit, whose bound is then expected; None for what is no limit. Of limits that are joined, `figure` is how
    they are written, `operator` the word, `expected` nothing, and `computed` has each figure by its key.
    """

    network: str
    layer: str | None
    figure: str
    expected: object
    computed: object
    verdict: Verdict
    source: str
    claim: str | None = None
    operator: str | None = None

    @property
    def holds(self) -> bool:
        """Whether what was computed is what was expected or claimed."""
        return self.verdict not in ("wrong", "unknown", "refuted")

    @property
    def fails(self) -> bool:
        """Whether the spec or the network has to be mended: a refuted claim is its author's mistake."""
        return self.verdict in ("wrong", "unknown")


def check(
    model: Model | Network,
    limits: Sequence[str | Limit] = (),
    *,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
) -> list[Finding]:
    """Return every limit, those of the spec's budget first, and every expectation and claim, held or not.

    The model is whatever `load` takes, or what it returned. Limits are such as "peak_bytes <= 256KiB", for the conditions, which are those of `analyze`. Expectations are about
    one sample of the usual input.

    Raises:
        ArchcalcError: a layer does not suit its input, an expectation is about a layer that does not exist, or a
            limit is none.
    """
    network = as_network(model, input=input, batch=batch)
    stated = [limit(each) if isinstance(each, str) else each for each in limits]
    within: list[Finding] = []
    if stated or network.budget:
        report = analyze(network, input=input, batch=batch, dtype=dtype, rounding=rounding, train=train)
        within = [_judge_limit(each, report) for each in (*network.budget, *stated)]
    return within + judge_expectations(network)


def judge_expectations(network: Network) -> list[Finding]:
    """Return every expectation and claim of the spec, held or not.

    Raises:
        ArchcalcError: a layer does not suit its input, or an expectation is about a layer that does not exist.
    """
    modes = {expectation.train for expectation in network.expectations}
    wanted = {expectation.layer for expectation in network.expectations if expectation.layer}
    reports = {train: analyze(network, train=train) for train in modes}
    places = {train: members((row.name for row in report.rows), wanted) for train, report in reports.items()}
    return [
        _judge_expectation(expectation, reports[expectation.train], places[expectation.train])
        for expectation in network.expectations
    ]


def _judge_expectation(expectation: Expectation, report: Report, places: Mapping[str, list[int]]) -> Finding:
    computed = _compute(expectation, report, places)
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


def _compute(expectation: Expectation, report: Report, places: Mapping[str, list[int]]) -> object:
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


def _judge_limit(limit: Limit, report: Report) -> Finding:
    """Return whether a network keeps within a limit; what it comes to where that is known, or is enough to tell."""
    amounts = {
        single.figure: FIGURES[single.figure].amount(report)
        for single in singles(limit)
        if _tells(single, report)
    }
    computed = {single.figure: amounts.get(single.figure) for single in singles(limit)}
    about = Finding(report.name, None, "", None, computed, judge(limit, report), limit.source)
    if isinstance(limit, FigureLimit):
        return about._replace(
            figure=limit.figure,
            expected=limit.bound,
            computed=computed[limit.figure],
            operator=limit.operator,
        )
    return about._replace(figure=limit.written, operator=limit.word)


def _tells(limit: FigureLimit, report: Report) -> bool:
    """Tell whether what is known of a figure is enough to tell whether a limit on it holds."""
    return judge(limit, report) != "unknown"
