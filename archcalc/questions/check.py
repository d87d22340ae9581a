"""Holds a network against what its spec expects and against a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from archcalc.analysis.budget import judge, limit, singles
from archcalc.analysis.conditions import DType, Input
from archcalc.analysis.figures import find_figure
from archcalc.analysis.figures.training import SAYS_NOTHING, are_about_step
from archcalc.analysis.report import Report
from archcalc.analysis.training.training import check_type
from archcalc.arithmetic.window import Rounding
from archcalc.formats.language.claims import Claimed
from archcalc.formats.library import Model, as_network
from archcalc.ground.errors import ArchcalcError, CallError, nearest
from archcalc.network.network import Expectation, FigureLimit, Limit, Network, members
from archcalc.questions.analyze import analyze
from archcalc.questions.claims.excerpt import Excerpt
from archcalc.questions.claims.judge import judge_figure
from archcalc.questions.finding import Finding

if TYPE_CHECKING:
    from archcalc.analysis.timing.device import Placement
    from archcalc.analysis.training.step import TrainingStep


def check(
    model: Model | Network,
    limits: Sequence[str | Limit] = (),
    *,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
    step: TrainingStep | None = None,
    device: str | Path | Placement | None = None,
) -> list[Finding]:
    """Return every limit, those of the spec's budget first, and every expectation and claim, held or not.

    The model is whatever `load` takes, or what it returned. Limits are such as "peak_bytes <= 256KiB", for the conditions, which are
    those of `analyze`; `step` says how the step of training is done that train.peak_bytes and the like are about, and `device`
    on what time_us is. Expectations
    are about one sample of the usual input.

    Raises:
        ArchcalcError: a layer does not suit its input, an expectation is about a layer that does not exist, or a
            limit is none; or it is said how a step is done, and no limit is on what it takes.
    """
    network = as_network(model, input=input, batch=batch)
    stated = [limit(each) if isinstance(each, str) else each for each in limits]
    stated = [*network.budget, *stated]
    is_trained = _asks_about_step(stated, step)
    within: list[Finding] = []
    if stated:
        report = analyze(
            network,
            input=input,
            batch=batch,
            dtype=dtype,
            rounding=rounding,
            train=train,
            step=step,
            device=device,
        )
        if is_trained:
            check_type(report.dtype)
        within = [_judge_limit(each, report) for each in stated]
    return within + judge_expectations(network)


def _asks_about_step(limits: Sequence[Limit], step: TrainingStep | None) -> bool:
    """Tell whether a limit is on what a step of training takes, which has to be so where it is said how that is done."""
    is_trained = any(are_about_step(singles(each)) for each in limits)
    if step is not None and not is_trained:
        raise CallError(
            SAYS_NOTHING,
            hint="such as --limit 'train.peak_bytes <= 24GiB'",
        )
    return is_trained


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
    excerpt = _select(expectation, report, places)
    if expectation.claim is not None:
        finding = judge_figure(excerpt, expectation.figure, cast("Claimed", expectation.value))
    else:
        computed = excerpt.value(expectation.figure)
        finding = Finding(
            network=report.name,
            layer=expectation.layer,
            figure=expectation.figure,
            expected=expectation.value,
            computed=computed,
            verdict="ok" if computed == expectation.value else "wrong",
            source=expectation.source,
        )
    return finding._replace(
        network=report.name,
        figure=f"{expectation.figure} in training" if expectation.train else expectation.figure,
        source=expectation.source,
        claim=expectation.claim,
    )


def _select(expectation: Expectation, report: Report, places: Mapping[str, list[int]]) -> Excerpt:
    """Return what an expectation is about: a network, a layer, or a block folded into one row."""
    name = expectation.layer
    if name is None or places[name]:
        return Excerpt(report, name, places[name] if name else ())
    raise ArchcalcError(
        f"expect is about '{name}', but there is no such layer or block",
        place=expectation.origin.place() if expectation.origin else None,
        hint=nearest(name, [row.name for row in report.rows]),
    )


def _judge_limit(limit: Limit, report: Report) -> Finding:
    """Return whether a network keeps within a limit; what it comes to where that is known, or is enough to tell."""
    amounts = {
        single.figure: find_figure(single.figure).amount(report)
        for single in singles(limit)
        if _tells(single, report)
    }
    computed = {single.figure: amounts.get(single.figure) for single in singles(limit)}
    about = Finding(report.name, None, "", None, computed, judge(limit, report), limit.source, report=report)
    if isinstance(limit, FigureLimit):
        return about._replace(
            figure=limit.figure,
            expected=limit.bound,
            computed=computed[limit.figure],
            operator=limit.operator,
            most_at=find_figure(limit.figure).find_most(report),
        )
    return about._replace(figure=limit.written, operator=limit.word)


def _tells(limit: FigureLimit, report: Report) -> bool:
    """Tell whether what is known of a figure is enough to tell whether a limit on it holds."""
    return judge(limit, report) != "unknown"
