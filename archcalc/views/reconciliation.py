"""One network in every tool's units: the pages of reconcile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from archcalc.analysis.report import Report
from archcalc.questions.reconcile.ingredients import AMOUNTS, FACTORS
from archcalc.questions.reconcile.reconcile import KindCount, Reconciliation, Summand
from archcalc.sheet.kinds import COUNT, TEXT, WORDS
from archcalc.sheet.numbers import group_digits
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.page import facts, subtitle

PREFIXES = {
    "b": "bias of ",
    "e": "roots of ",
    "f": "parameters left of ",
    "p": "parameters of ",
    "u": "buffers of ",
    "w": "weights of ",
}
"""What an amount is called where it is not the elements of the layers themselves."""
MOST = 3
"""How many layers of a type are named."""


OVERVIEW = (
    Column("tool", "tool", TEXT, "the tool's name"),
    Column("figure", "its figure", TEXT, "what it calls the figure"),
    Column("unit", "unit", TEXT, "what it counts: MAC, FLOP, parameter", 1),
    Column("value", "it prints", COUNT, "the figure"),
    Column("difference", "beside MACs", COUNT, "the figure without multiply-accumulates", 2),
    Column("sum", "the sum that makes it", WORDS, "the sum that makes it"),
)
DETAILS = (
    Column("tool", "tool", TEXT, "the tool's name", 3),
    Column("figure", "its figure", TEXT, "what it calls the figure", 2),
    Column("op", "layer type", TEXT, "the layers' type"),
    Column("layers", "layers", COUNT, "how many there are", 1),
    Column("rule", "rule", WORDS, "the tool's rule for them"),
    Column("numbers", "in numbers", WORDS, "the rule in numbers"),
    Column("value", "counted", COUNT, "what it comes to"),
)


def overview(report: Report, reconciliations: Sequence[Reconciliation]) -> Sheet:
    """Return a row for every figure: what the tool prints, and the sum that makes it."""
    return Sheet(
        columns=OVERVIEW,
        rows=tuple(
            (
                reconciliation.tool,
                reconciliation.name,
                reconciliation.unit,
                reconciliation.value,
                _beside(reconciliation),
                total(reconciliation),
            )
            for reconciliation in reconciliations
            if reconciliation.value != 0
        ),
        title=report.title or report.name,
        subtitle=subtitle(report),
        summary=(
            ("MACs here", group_digits(report.totals.macs)),
            (
                "FLOPs here",
                f"{group_digits(report.totals.flops)}, two for each MAC and every other operation",
            ),
            (
                "so",
                "tools near the first take a multiply-accumulate for one operation, those near the second for two",
            ),
        ),
        notes=(_BESIDE, *_batch(report, reconciliations), *_peculiarities(reconciliations)),
        facts=facts(report),
    )


_BESIDE = "beside MACs: what a figure has more than pure multiply-accumulates, or than two for each of them in FLOPs"


def _beside(reconciliation: Reconciliation) -> int | str | None:
    """Return the difference to MACs, nothing where the unit has none, None where the figure is unknown."""
    return (
        ""
        if reconciliation.difference is None and reconciliation.value is not None
        else reconciliation.difference
    )


def details(report: Report, reconciliations: Sequence[Reconciliation]) -> Sheet:
    """Return a row for every layer type and figure: the tool's rule and what it comes to."""
    shares = [
        (reconciliation, share)
        for reconciliation in reconciliations
        for share in reconciliation.shares
        if share.matters or share.parts
    ]
    alone = len(reconciliations) == 1
    return Sheet(
        columns=DETAILS if alone else (DETAILS[0]._replace(priority=0), *DETAILS[1:]),
        rows=tuple(
            (
                reconciliation.tool,
                reconciliation.name,
                share.kind,
                len(share.layers),
                _rule(share),
                _numbers(share),
                share.value,
            )
            for reconciliation, share in shares
        ),
        footer=("total", "", "", "", "", "", reconciliations[0].value) if alone else None,
        title=report.title or report.name,
        subtitle=(
            *subtitle(report),
            *dict.fromkeys(
                f"{reconciliation.title}: {reconciliation.source}" for reconciliation in reconciliations
            ),
        ),
        summary=tuple(
            (
                f"{reconciliation.tool} {reconciliation.name}",
                f"{COUNT.text(reconciliation.value)} {reconciliation.unit} = {total(reconciliation)}",
            )
            for reconciliation in reconciliations
        ),
        notes=(
            *_legend([share for _, share in shares]),
            *_batch(report, reconciliations),
            *_peculiarities(reconciliations),
        ),
        facts=facts(report),
    )


def total(reconciliation: Reconciliation) -> str:
    """Return the sum that makes a figure, with a question mark for what is not known."""
    signed = list(_summands(reconciliation.parts)) or [("+", "0")]
    text = " ".join(f"{sign} {summand}" for sign, summand in signed).removeprefix("+ ")
    return text + "".join(f" + ? {kind}" for kind in reconciliation.unknown)


def _summands(parts: Sequence[Summand]) -> Iterator[tuple[str, str]]:
    """Yield a sign and a summand such as 2·11,113,984 batchnorm; neighbours of one name share a bracket."""
    for (minus, name), members in groupby(parts, lambda part: (part.value < 0, _name(part))):
        products = [_product(part) for part in members]
        numbers = products[0] if len(products) == 1 else f"({' + '.join(products)})"
        yield "−" if minus else "+", f"{numbers} {name}"


def _name(part: Summand) -> str:
    """Return what an amount counts: the layers' elements, their biases, their parameters."""
    return PREFIXES.get(part.ingredient, "") + "+".join(part.kinds)


def _product(part: Summand) -> str:
    times = abs(part.times)
    return (
        group_digits(abs(part.amount))
        if times == 1
        else f"{group_digits(times)}·{group_digits(abs(part.amount))}"
    )


def _numbers(share: KindCount) -> str:
    """Return the summands of a layer type, without its name."""
    if share.value is None:
        return ""
    signed = [("− " if part.value < 0 else "+ ") + _product(part) for part in share.parts]
    return " ".join(signed).removeprefix("+ ")


def _rule(share: KindCount) -> str:
    """Return a rule as it is written in a formula."""
    several = len(share.rule) > 1
    texts = (f"({text})" if several and " if " in text else text for text in share.rule)
    return (
        " + ".join(texts).replace("+ -", "− ").replace(" - ", " − ").replace(" * ", "·").replace(" // ", "/")
    )


def _legend(shares: Sequence[KindCount]) -> tuple[str, ...]:
    """Return what the letters in the rules stand for."""
    used = frozenset().union(*(share.ingredients for share in shares))
    meanings = {**AMOUNTS, **FACTORS}
    return (
        (" · ".join(f"{name} {meaning}" for name, meaning in meanings.items() if name in used),)
        if used
        else ()
    )


def _batch(report: Report, reconciliations: Sequence[Reconciliation]) -> tuple[str, ...]:
    """Return which tools count one sample of a batch."""
    single = dict.fromkeys(
        reconciliation.tool for reconciliation in reconciliations if reconciliation.one_sample
    )
    return (
        (f"{', '.join(single)}: for one sample, whatever the batch",) if single and report.batch > 1 else ()
    )


def _peculiarities(reconciliations: Sequence[Reconciliation]) -> tuple[str, ...]:
    """Return what a reader should know of the tools, and where a figure lacks something."""
    quirks = {
        reconciliation.tool: "; ".join(reconciliation.quirks)
        for reconciliation in reconciliations
        if reconciliation.quirks
    }
    notes = [f"{tool}: {says}" for tool, says in quirks.items()]
    notes += [
        f"{reconciliation.tool}: does not support {', '.join(reconciliation.unsupported)}"
        for reconciliation in reconciliations
        if reconciliation.unsupported
    ]
    notes += [
        f"{reconciliation.tool}: incomplete, for what it counts for {_name_missing(reconciliation.missing)} is not known here"
        for reconciliation in reconciliations
        if reconciliation.unknown
    ]
    return tuple(dict.fromkeys(notes))


def _name_missing(missing: Sequence[KindCount]) -> str:
    """Return the layer types that are unknown, each with the names of its first layers."""
    return ", ".join(
        f"{share.kind} ({', '.join(share.layers[:MOST])}{', …' if len(share.layers) > MOST else ''})"
        for share in missing
        if share.value is None and share.rule[0] == "unknown"
    )
