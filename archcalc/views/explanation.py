"""How figures come about: the page of explain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod

from archcalc.checks import Finding
from archcalc.columns import COLUMNS
from archcalc.derivation import Derivation, Explanation
from archcalc.folding import folded, path
from archcalc.formats import described, figure, grouped, percent, shaped
from archcalc.report import Report, Row
from archcalc.sheet import Column, Sheet
from archcalc.views.page import facts, notes, subtitle

HEAVIEST = 3
"""How many layers are singled out for their parameters, and how many for their work."""


def layer(explanation: Explanation, report: Report) -> Sheet:
    """Return every figure of a layer with its derivation."""
    row = explanation.row
    sources = ", ".join(
        f"{name} {shaped(shape)}" for name, shape in zip(row.inputs, row.input_shapes, strict=True)
    )
    settings = described(row.settings)
    return Sheet(
        columns=(
            Column("figure", "figure", "text"),
            Column("derivation", "symbols = numbers = result", "derivation"),
        ),
        rows=tuple((derivation.figure, derivation[1:]) for derivation in explanation.derivations),
        title=f"{report.name}: {row.name}",
        subtitle=(
            f"{row.kind}{' ' if settings else ''}{settings}",
            explanation.summary,
            f"{sources or 'data'} → {shaped(row.output_shape)}",
        ),
        summary=tuple(_used(explanation)),
        notes=(*(f"does not fit evenly: {one}" for one in dict.fromkeys(row.uneven)), *_unfolding(row)),
        facts=facts(report) | {"layer": row.name, "op": row.kind},
    )


def _unfolding(row: Row) -> Iterator[str]:
    """Yield how much larger the matrix of im2col is than the input."""
    if row.unfolded:
        rows, columns = row.unfolded
        growth = rows * columns / prod(row.input_shapes[0])
        yield (
            f"im2col lays the windows out as a matrix of {grouped(rows)} × {grouped(columns)}, "
            f"{growth:.3g} times as many numbers as the input has"
        )


def _used(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """Yield the letters that occur in the derivations, with their meaning."""
    text = " ".join(derivation.symbols for derivation in explanation.derivations).replace("bytes", "")
    for letters, meaning in explanation.legend.items():
        if any(letter in text for letter in letters.split(", ")):
            yield letters, meaning


def network(report: Report, derived: dict[str, list[Derivation]], claims: Sequence[Finding]) -> Sheet:
    """Return what a network is made of, where its parameters and its work sit, and why there.

    `derived` holds the derivations of its heaviest layers, by name, `claims` what others say of it.
    """
    keys = ("params", "params_share", "macs", "macs_share")
    blocks = folded(report, 1).rows
    return Sheet(
        columns=(
            Column("layer", "layer or block", "text"),
            Column("made_of", "made of", "words"),
            Column("output", "output", "shape", priority=3),
            *(
                Column(key, COLUMNS[key].title, COLUMNS[key].kind, priority=COLUMNS[key].priority)
                for key in keys
            ),
        ),
        rows=tuple(
            (
                row.name,
                made_of(report, row),
                row.output_shape,
                *(COLUMNS[key].of_row(row, report) for key in keys),
            )
            for row in blocks
        ),
        footer=("total", "", "", *(COLUMNS[key].of_total(report) for key in keys)),
        title=report.title or report.name,
        subtitle=subtitle(report),
        summary=(
            *_reasons("parameters", report, derived),
            *_reasons("MACs", report, derived),
            *(_claimed(finding) for finding in claims),
        ),
        notes=(*notes(report), f"archcalc explain {report.name} LAYER derives every figure of a layer"),
        facts=facts(report),
    )


def made_of(report: Report, block: Row) -> str:
    """Return what is in a block, one level down and equal things counted; of a layer, its op and settings."""
    inside = [row for row in report.rows if row.name.startswith(f"{block.name}.")]
    if not inside:
        return f"{block.kind} {described(block.settings)}".strip()
    level = block.name.count(".") + 2
    members = dict.fromkeys(path(row, level) for row in inside)
    kinds = Counter(_unnumbered(member.rpartition(".")[2]) for member in members)
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in kinds.items())


def _unnumbered(name: str) -> str:
    """Return a name without the number at its end, unless it is a size such as 3x3."""
    stem = name.rstrip("0123456789")
    return name if not stem or any(character.isdigit() for character in stem) else stem


def heaviest(report: Report) -> list[Row]:
    """Return the layers with the most parameters and those with the most work."""
    by_params = sorted(report.rows, key=lambda row: -row.params)[:HEAVIEST]
    by_work = sorted(report.rows, key=lambda row: -(row.macs or 0))[:HEAVIEST]
    return list({row.name: row for row in (*by_params, *by_work)}.values())


def _claimed(finding: Finding) -> tuple[str, str]:
    """Return a claim, what the arithmetic gives, and the verdict."""
    subject = f" for {finding.layer}" if finding.layer else ""
    return (
        f"claim {finding.verdict}",
        f"{finding.claim}{subject} ({finding.source}); the arithmetic gives {figure(finding.computed)}",
    )


def _reasons(kind: str, report: Report, derived: dict[str, list[Derivation]]) -> Iterator[tuple[str, str]]:
    """Yield the heaviest layers for a figure: their share and the arithmetic that makes it."""
    total = report.totals.params if kind == "parameters" else report.totals.macs
    found = [
        (name, one) for name, derivations in derived.items() for one in derivations if one.figure == kind
    ]
    for name, one in sorted(found, key=lambda item: -item[1].result)[:HEAVIEST]:
        share = percent(one.result / total) if total else ""
        yield (
            f"{share} of {kind}",
            f"{name}: {one.symbols} = {one.numbers} = {grouped(one.result)}",
        )


__all__: Sequence[str] = ("heaviest", "layer", "made_of", "network")
