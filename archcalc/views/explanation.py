"""How figures come about: the page of explain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archcalc.analysis.blocks import KIND, fold, group
from archcalc.analysis.figures import FIGURES, columns
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.network.network import members, parts, prefix
from archcalc.questions.explain import Derivation, Explanation
from archcalc.questions.finding import Finding
from archcalc.questions.heads import heads_of
from archcalc.sheet.kinds import DERIVATION, MIXED, SETTINGS, SHAPE, SHARE, TEXT, WORDS
from archcalc.sheet.numbers import group_digits, percent
from archcalc.sheet.pages import page_of
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.claimed import write_computed
from archcalc.views.page import (
    about,
    facts,
    mixed_notes,
    notes,
    shape_kind,
    subtitle,
    used_letters,
    with_batch,
)
from archcalc.views.particulars import plain_heads, plain_remarks, remarks, tensors, training_heads

LETTERS = "C input channels · M filters or outputs · k window · g groups · H′, W′ output height and width"


LAYER = (
    Column("figure", "figure", TEXT, "the figure's name"),
    Column("derivation", "symbols = numbers = result", DERIVATION, "how it comes about"),
    Column("meaning", "what it is", WORDS, "what it is", 1),
)
BLOCK = (
    Column("layer", "layer", TEXT, "the layer's name inside the block"),
    Column("output", "output", SHAPE, "shape of the output, without the batch", 2),
    Column("params", "parameters", DERIVATION, "how its learnable parameters come about"),
    Column("macs", "MACs", DERIVATION, "how its multiply-accumulates come about", 1),
)
SHARES = ("params", "params_share", "macs", "macs_share")
NETWORK = (
    Column("layer", "layer or block", TEXT, "the layer's or the block's name"),
    Column("made_of", "made of", WORDS, "what is in it"),
    Column("output", "output", SHAPE, "shape of the output, without the batch", 1),
    *(column._replace(priority=3 if column.kind is SHARE else 0) for column in columns(SHARES)),
)


class Heavy(NamedTuple):
    """Layers that are alike and heavy, and the derivations of one of them."""

    rows: Sequence[Row]
    derivations: Sequence[Derivation]


HEAVIEST = 3
"""How many layers are singled out for their parameters, and how many for their work."""


@page_of("Explanation")
def show(explanation: Explanation, form: str) -> Sheet:
    """Return what `explain` shows of a layer."""
    return layer(explanation)


def layer(explanation: Explanation) -> Sheet:
    """Return every figure of a layer with its derivation."""
    row, report = explanation.row, explanation.report
    formulas = " ".join(one.symbols + one.numbers for one in explanation.derivations)
    legend = used_letters(formulas, explanation.legend)
    kind, flow = introduce(row, report)
    return Sheet(
        columns=LAYER,
        rows=tuple(
            (derivation.figure, derivation.steps, _meaning(derivation))
            for derivation in explanation.derivations
        ),
        title=f"{report.name}: {row.name}",
        subtitle=(kind, explanation.summary, flow, *tensors(row)),
        summary=tuple(legend.items()),
        notes=(
            *remarks(explanation),
            *(
                mixed_notes(report)
                if any(one.key == "activation_bytes" for one in explanation.derivations)
                else ()
            ),
        ),
        facts=facts(report)
        | {
            "layer": row.name,
            **about(row, report),
            **plain_remarks(explanation),
            "legend": [
                {"symbols": letters.split(", "), "meaning": meaning} for letters, meaning in legend.items()
            ],
        },
    )


def introduce(row: Row, report: Report) -> tuple[str, str]:
    """Return what a layer is, and what goes in and comes out."""
    shape_text = shape_kind(report).text
    sources = ", ".join(
        f"{name} {shape_text(shape)}" for name, shape in zip(row.inputs, row.input_shapes, strict=True)
    )
    kind = f"{row.kind} {SETTINGS.text(row.settings)}".strip()
    return kind, f"{sources or 'data'} → {shape_text(row.output_shape)}"


def _meaning(derivation: Derivation) -> str:
    """Return what a figure is, in a few words; what is said of a size is its name."""
    return FIGURES[derivation.key].meaning


def block(name: str, explanations: Sequence[Explanation], report: Report) -> Sheet:
    """Return a block as the sum of its layers: the derivations of their parameters and their work."""
    derived = [
        (explanation.row, {derivation.key: derivation.steps for derivation in explanation.derivations})
        for explanation in explanations
    ]
    rows = [row for row, _ in derived]
    whole = group(name, rows)
    shape_text = shape_kind(report).text
    return Sheet(
        columns=with_batch(BLOCK, report),
        rows=tuple(
            (
                row.name.removeprefix(f"{name}."),
                row.output_shape,
                by.get("params", ""),
                by.get("macs", ""),
            )
            for row, by in derived
            if row.params or row.macs
        ),
        title=f"{report.name}: {name}",
        subtitle=(
            f"a block of {len(rows)} layers: {describe_parts(whole, rows)}",
            f"{', '.join(map(shape_text, whole.input_shapes))} → {shape_text(whole.output_shape)}",
        ),
        summary=(
            ("parameters", f"{group_digits(whole.params)}, the sum of its layers"),
            (
                "MACs",
                "not known" if whole.macs is None else f"{group_digits(whole.macs)}, the sum of its layers",
            ),
        ),
        notes=(f"archcalc explain {report.name} {rows[0].name} derives every figure of a layer",),
        facts=facts(report)
        | {
            "block": name,
            "layers": len(rows),
            **{
                key: FIGURES[key].kind.plain(FIGURES[key].of_row(whole, report))
                for key in ("inputs", "output", "params", "macs")
            },
        },
    )


def network(report: Report, derived: Sequence[Heavy], claims: Sequence[Finding]) -> Sheet:
    """Return what a network is made of, where its parameters and its work sit, and why there.

    `derived` holds its heaviest layers with their derivations, `claims` what others say of it.
    """
    blocks = fold(report, 1)
    heads = heads_of(report)
    reasons = [*_reasons("params", report, derived), *_reasons("macs", report, derived)]
    places = members((row.name for row in report.rows), {row.name for row in blocks})
    return Sheet(
        columns=with_batch(NETWORK, report),
        rows=tuple(
            (
                row.name,
                describe_parts(row, [report.rows[place] for place in places[row.name]]),
                row.output_shape,
                *(FIGURES[key].of_row(row, report) for key in SHARES),
            )
            for row in blocks
        ),
        footer=("total", "", "", *(FIGURES[key].of_total(report) for key in SHARES)),
        title=report.title or report.name,
        subtitle=subtitle(report),
        summary=(
            *(reason.in_words for reason in reasons),
            *_parameters(report),
            *training_heads(heads),
            *(_judge(finding) for finding in claims),
        ),
        notes=(
            *notes(report),
            LETTERS,
            f"archcalc explain {report.name} LAYER derives every figure of a layer",
        ),
        facts=facts(report)
        | {
            "reasons": [reason._asdict() | {"share": SHARE.plain(reason.share)} for reason in reasons],
            "claims": [_plain(finding) for finding in claims],
            "heads": plain_heads(heads),
        },
    )


def _parameters(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the parameters of the spec and their values, where it has some."""
    if report.parameters:
        named = ", ".join(f"{name} {_write_value(value)}" for name, value in report.parameters.items())
        yield ("spec parameters", f"{named}; --set changes them")


def _write_value(value: object) -> str:
    """Return a parameter's value as --set takes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_write_value, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe_parts(block: Row, inside: Sequence[Row]) -> str:
    """Return what is in a block, one level down and equal things counted; of a layer, its op and settings."""
    if block.kind != KIND:
        return f"{block.kind} {SETTINGS.text(block.settings)}".strip()
    level = len(parts(block.name)) + 1
    members = dict.fromkeys(prefix(row.name, level) for row in inside)
    kinds = Counter(_strip_number(parts(member)[-1]) for member in members)
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items())


def _strip_number(name: str) -> str:
    """Return a name without the number at its end, unless it is a size such as 3x3."""
    stem = name.rstrip("0123456789")
    return name if not stem or any(character.isdigit() for character in stem) else stem


def heaviest(report: Report) -> list[list[Row]]:
    """Return the layers with the most parameters and those with the most work, equal ones together."""
    alike: dict[str, list[Row]] = {}
    for row in report.rows:
        alike.setdefault(f"{row.kind} {row.settings} {row.input_shapes} {row.params}", []).append(row)
    rows = list(alike.values())
    by_params = sorted(rows, key=lambda same: -sum(row.params for row in same))[:HEAVIEST]
    by_work = sorted(rows, key=lambda same: -sum(row.macs or 0 for row in same))[:HEAVIEST]
    return list({same[0].name: same for same in (*by_params, *by_work)}.values())


def _judge(finding: Finding) -> tuple[str, str]:
    """Return a claim, what the arithmetic gives, and the verdict."""
    subject = f" for {finding.layer}" if finding.layer else ""
    return (
        f"claim {finding.verdict}",
        f"{finding.claim}{subject} ({finding.source}); the arithmetic gives {finding.arithmetic or MIXED.text(write_computed(finding))}",
    )


def _plain(finding: Finding) -> dict[str, object]:
    """Return a claim as machines are told it."""
    return {
        "layer": finding.layer,
        "figure": finding.figure,
        "claimed": finding.claim,
        "computed": MIXED.plain(write_computed(finding)),
        "verdict": finding.verdict,
        "source": finding.source,
    }


class Reason(NamedTuple):
    """Layers that are alike, their share of a figure, and the arithmetic that makes it."""

    figure: str
    layers: Sequence[str]
    share: float
    symbols: str
    numbers: str
    result: int

    @property
    def in_words(self) -> tuple[str, str]:
        """The share, and the arithmetic with the first of the layers."""
        first, *others = self.layers
        label = f"{first} and {len(others)} like it" if others else first
        return (
            f"{percent(self.share)} of {FIGURES[self.figure].name}",
            f"{label}: {self.symbols} = {self.numbers} = {group_digits(self.result)}",
        )


def _reasons(key: str, report: Report, derived: Sequence[Heavy]) -> Iterator[Reason]:
    """Yield the heaviest layers for a figure."""
    total = FIGURES[key].amount(report)
    candidates = [
        (derivation.result * len(heavy.rows), heavy, derivation)
        for heavy in derived
        for derivation in heavy.derivations
        if derivation.key == key
    ]
    for result, heavy, heaviest_step in sorted(candidates, key=lambda item: -item[0])[:HEAVIEST]:
        times = f"{len(heavy.rows)} · " if len(heavy.rows) > 1 else ""
        symbols, numbers = (
            f"{times}{_hold_together(text, times)}" for text in (heaviest_step.symbols, heaviest_step.numbers)
        )
        yield Reason(key, [row.name for row in heavy.rows], result / total, symbols, numbers, result)


def _hold_together(text: str, times: str) -> str:
    """Return a sum in brackets where it is multiplied."""
    return f"({text})" if times and (" + " in text or " − " in text) and not text.endswith(")") else text
