"""Holds a report against what its spec expects and against a budget."""

from __future__ import annotations

from typing import Any, NamedTuple

from archcalc.errors import ArchcalcError, nearest
from archcalc.network import Expectation, Network
from archcalc.report import Report


class Finding(NamedTuple):
    """One comparison: `layer` is None where it is about the whole network; `source` says who expects it."""

    network: str
    layer: str | None
    figure: str
    expected: Any
    computed: Any
    holds: bool
    source: str


class Budget(NamedTuple):
    """The most that a network may need; None for no limit.

    `memory` is in bytes: all weights and the largest set of activations alive at once.
    """

    params: int | None = None
    macs: int | None = None
    memory: int | None = None


NO_BUDGET = Budget()


def check(network: Network, report: Report, budget: Budget = NO_BUDGET) -> list[Finding]:
    """Return every expectation of the spec and every limit of the budget, held or not.

    Raises:
        ArchcalcError: an expectation is about a layer that does not exist.
    """
    return [
        *(_expected(expectation, report) for expectation in network.expectations),
        *_budgeted(report, budget),
    ]


def _expected(expectation: Expectation, report: Report) -> Finding:
    subject = _subject(expectation, report)
    if expectation.figure == "output":
        row = subject if expectation.layer else report.rows[-1]
        computed = row.output_shape[1:]
    else:
        computed = getattr(subject, expectation.figure)
    return Finding(
        network=report.name,
        layer=expectation.layer,
        figure=expectation.figure,
        expected=expectation.value,
        computed=computed,
        holds=computed == expectation.value,
        source=expectation.source,
    )


def _subject(expectation: Expectation, report: Report) -> Any:
    if expectation.layer is None:
        return report.totals
    for row in report.rows:
        if row.name == expectation.layer:
            return row
    raise ArchcalcError(
        f"expect is about '{expectation.layer}', but there is no such layer",
        place=expectation.origin.place() if expectation.origin else None,
        hint=nearest(expectation.layer, [row.name for row in report.rows]),
    )


def _budgeted(report: Report, budget: Budget) -> list[Finding]:
    needs = {
        "params": report.totals.params,
        "macs": report.totals.macs,
        "memory": report.weight_bytes + report.peak_bytes,
    }
    return [
        Finding(report.name, None, figure, limit, needs[figure], needs[figure] <= limit, "budget: at most")
        for figure, limit in budget._asdict().items()
        if limit is not None
    ]
