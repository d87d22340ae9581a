"""Holds a network against what its spec expects and against a budget."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from archcalc.analysis.analyze import analyze
from archcalc.analysis.blocks import group
from archcalc.analysis.conditions import DType, Input
from archcalc.analysis.report import Report, Row, Totals
from archcalc.arithmetic.window import Rounding
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.network.network import Expectation, Network, is_inside

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
    expected: Any
    computed: Any
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


class Budget(NamedTuple):
    """The most that a network may need; None for no limit.

    `memory` is in bytes: all weights and the largest set of activations alive at once.
    """

    params: int | None = None
    macs: int | None = None
    memory: int | None = None


NO_BUDGET = Budget()


def check(
    network: Network,
    budget: Budget = NO_BUDGET,
    *,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
) -> list[Finding]:
    """Return every expectation and claim of the spec and every limit of the budget, held or not.

    Expectations are about one sample of the usual input; the budget is for the conditions, which are those of
    `analyze`.

    Raises:
        ArchcalcError: a layer does not suit its input, or an expectation is about a layer that does not exist.
    """
    modes = {expectation.train for expectation in network.expectations}
    reports = {train: analyze(network, train=train) for train in modes}
    expected = [_expected(expectation, reports[expectation.train]) for expectation in network.expectations]
    return expected + _budgeted(
        analyze(network, input=input, batch=batch, dtype=dtype, rounding=rounding, train=train), budget
    )


def _expected(expectation: Expectation, report: Report) -> Finding:
    subject: Any = _subject(expectation, report)
    if expectation.figure == "output":
        computed = (report.output if subject is report.totals else subject).output_shape[1:]
    elif expectation.figure in ("field", "jump"):
        computed = _of_field(subject, expectation.figure)
    else:
        computed = getattr(subject, expectation.figure)
    return Finding(
        network=report.name,
        layer=expectation.layer,
        figure=f"{expectation.figure} in training" if expectation.train else expectation.figure,
        expected=expectation.value if expectation.claim is None else expectation.value.value,
        computed=computed,
        verdict=_verdict(expectation, computed),
        source=expectation.source,
        claim=expectation.claim,
    )


def _verdict(expectation: Expectation, computed: Any) -> Verdict:
    if expectation.claim is None:
        return "ok" if computed == expectation.value else "wrong"
    claim = expectation.value
    if computed is None:
        return "refuted"
    if claim.rounds_from(computed):
        return "upheld"
    return "upheld, cut not rounded" if claim.cut_from(computed) else "refuted"


def _subject(expectation: Expectation, report: Report) -> Row | Totals:
    """Return what an expectation is about: the totals, a layer, or a block folded into one row."""
    name = expectation.layer
    if name is None:
        return report.totals
    inside = [row for row in report.rows if row.name == name or is_inside(row.name, name)]
    if inside:
        return group(name, inside)
    raise ArchcalcError(
        f"expect is about '{name}', but there is no such layer or block",
        place=expectation.origin.place() if expectation.origin else None,
        hint=nearest(name, [row.name for row in report.rows]),
    )


def _of_field(row: Row, figure: str) -> float | None:
    """Return the size or the stride of a receptive field; None where it is the whole input."""
    if not row.field:
        return None
    return row.field[0].size if figure == "field" else row.field[0].stride


def _budgeted(report: Report, budget: Budget) -> list[Finding]:
    has_sizes = all(row.output_shape for row in report.rows)
    needs = {
        "params": (report.totals.params, True),
        "macs": (report.totals.macs, not report.totals.incomplete),
        "memory": (report.weight_bytes + report.peak_bytes, has_sizes),
    }
    return [
        _limited(report, figure, limit, *needs[figure])
        for figure, limit in budget._asdict().items()
        if limit is not None
    ]


def _limited(report: Report, figure: str, limit: int, need: int, is_complete: bool) -> Finding:
    """Return whether a limit holds: what is known already may break it, but cannot prove that it holds."""
    verdict: Verdict = "wrong" if need > limit else "ok" if is_complete else "unknown"
    computed = None if verdict == "unknown" else need
    return Finding(report.name, None, figure, limit, computed, verdict, "budget: at most")
