"""Reports to sheets: what each command puts on the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcalc import quantity
from archcalc.checks import Budget, Finding
from archcalc.columns import COLUMNS, figures
from archcalc.derivation import parameter_formulas
from archcalc.formats import grouped, shaped, short, sized
from archcalc.network import Network
from archcalc.op import Work
from archcalc.report import Report
from archcalc.sheet import Column, Sheet

SHOWN = (
    "layer",
    "op",
    "settings",
    "output",
    "params",
    "params_share",
    "macs",
    "macs_share",
    "activation_bytes",
    "field",
)
"""The columns of `show` where there is room for all."""
PARAMS = ("layer", "op", "settings", "output", "params", "params_share", "fixed", "buffers", "weight_bytes")
"""The columns of `params --per-layer`."""
WORK = (
    "layer",
    "output",
    "macs",
    "macs_share",
    "additions",
    "multiplications",
    "comparisons",
    "divisions",
    "exponentials",
    "flops",
)
"""The columns of `flops --per-layer`."""
WORK_TOTALS = tuple(key for key in WORK if key not in ("layer", "output", "macs_share"))


def layers(report: Report, keys: tuple[str, ...] = SHOWN) -> Sheet:
    """Return a row for every layer and the totals."""
    columns = figures(keys)
    return Sheet(
        columns=columns,
        rows=tuple(tuple(COLUMNS[key].of_row(row, report) for key in keys) for row in report.rows),
        footer=tuple(COLUMNS[key].of_total(report) for key in keys),
        title=report.title or report.name,
        subtitle=_subtitle(report),
        summary=_summary(report),
        notes=_notes(report),
        facts=facts(report),
    )


def chosen(columns: str | None, form: str) -> tuple[str, ...]:
    """Return the keys of the columns asked for: what suits a screen, or everything where a machine reads."""
    if columns == "all" or (columns is None and form in ("json", "csv")):
        return tuple(COLUMNS)
    if columns is None:
        return SHOWN
    return tuple(key.strip().lower() for key in columns.split(","))


def totals(report: Report, keys: tuple[str, ...]) -> Sheet:
    """Return the totals alone, one figure a row."""
    return Sheet(
        columns=(
            Column("figure", "figure", "text"),
            Column("value", "total", "count"),
            Column("meaning", "meaning", "words"),
        ),
        rows=tuple((key, COLUMNS[key].of_total(report), _meaning(key, report)) for key in keys),
        title=report.title or report.name,
        subtitle=_subtitle(report),
        notes=_notes(report),
        facts=facts(report),
    )


def _meaning(key: str, report: Report) -> str:
    figure = COLUMNS[key]
    readable = f" ({sized(figure.of_total(report))})" if figure.kind == "bytes" else ""
    return figure.help + readable


def formulas(network: Network, report: Report) -> Sheet:
    """Return the arithmetic behind every layer's parameters."""
    terms = parameter_formulas(network, report)
    return Sheet(
        columns=(
            Column("layer", "layer", "text"),
            Column("symbols", "in symbols", "text", priority=1),
            Column("formula", "in numbers", "text"),
            Column("params", "params", "count"),
        ),
        rows=tuple(
            (row.name, terms[row.name].symbols(), terms[row.name].numbers(), row.params)
            for row in report.rows
            if row.name in terms
        ),
        footer=("total", "", "", report.totals.params),
        title=report.title or report.name,
        subtitle=_subtitle(report),
        notes=("M filters or outputs · C input channels · k kernel · g groups",),
        facts=facts(report),
    )


def findings(found: Sequence[Finding]) -> Sheet:
    """Return a row for every expectation and limit."""
    failed = sum(not finding.holds for finding in found)
    return Sheet(
        columns=(
            Column("network", "network", "text"),
            Column("layer", "layer", "text"),
            Column("figure", "figure", "text"),
            Column("expected", "expected", "text"),
            Column("computed", "computed", "text"),
            Column("verdict", "", "verdict"),
            Column("source", "source", "words", priority=1),
        ),
        rows=tuple(
            (
                finding.network,
                finding.layer or "",
                finding.figure,
                _figure(finding.expected),
                _figure(finding.computed),
                "ok" if finding.holds else "wrong",
                finding.source,
            )
            for finding in found
        ),
        notes=(f"{len(found)} figures checked, {failed} wrong",),
        facts={"checked": len(found), "wrong": failed},
    )


def _figure(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else grouped(value)


def budget(params: str | None, macs: str | None, memory: str | None) -> Budget:
    """Return the budget that the options of `check` state."""
    return Budget(
        None if params is None else quantity.count(params),
        None if macs is None else quantity.count(macs),
        None if memory is None else quantity.size(memory),
    )


def facts(report: Report) -> dict[str, Any]:
    """Return what machines are told of a report beside its rows."""
    totals = report.totals
    return {
        "network": report.name,
        "title": report.title,
        "source": report.source,
        "input": list(report.input_shape),
        "batch": report.batch,
        "dtype": report.dtype,
        "totals": {
            "params": totals.params,
            "fixed": totals.fixed,
            "buffers": totals.buffers,
            "macs": totals.macs,
            "flops": totals.flops,
            "work": totals.work._asdict(),
            "activations": totals.activations,
            "depth": totals.depth,
            "weight_bytes": report.weight_bytes,
            "activation_bytes": report.activation_bytes,
            "peak_bytes": report.peak_bytes,
            "complete": not totals.incomplete,
        },
    }


def _subtitle(report: Report) -> tuple[str, ...]:
    setting = f"input {shaped((0, *report.input_shape))} · batch {report.batch} · {report.dtype}"
    return (setting, report.source) if report.source else (setting,)


def _summary(report: Report) -> tuple[tuple[str, str], ...]:
    totals = report.totals
    apart = [
        f"{grouped(count)} {what}"
        for count, what in ((totals.fixed, "fixed"), (totals.buffers, "buffers"))
        if count
    ]
    beside = f" and {', '.join(apart)}" if apart else ""
    return (
        (
            "parameters",
            f"{grouped(totals.params)} ({short(totals.params)}){beside}, {sized(report.weight_bytes)}",
        ),
        ("MACs", f"{grouped(totals.macs)} ({short(totals.macs)})"),
        ("FLOPs", f"{grouped(totals.flops)} = 2 · MACs + {other_work(totals.work)}"),
        (
            "activations",
            f"{grouped(totals.activations)}, {sized(report.activation_bytes)}; at most {sized(report.peak_bytes)} alive at once",
        ),
        ("depth", f"{totals.depth} weighted layers"),
    )


def other_work(work: Work) -> str:
    """Return the operations beside MACs, by kind."""
    kinds = {
        "additions": "add",
        "multiplications": "multiply",
        "comparisons": "compare",
        "divisions": "divide",
        "exponentials": "exp",
    }
    counts = ((getattr(work, name), word) for name, word in kinds.items())
    return " + ".join(f"{short(count)} {word}" for count, word in counts if count) or "0"


def _notes(report: Report) -> tuple[str, ...]:
    notes = [
        f"{row.name}: the window does not fit evenly, {', '.join(map(str, dict.fromkeys(row.uneven)))}"
        for row in report.rows
        if row.uneven
    ]
    if report.totals.incomplete:
        missing = ", ".join(report.totals.incomplete)
        notes.append(f"incomplete: the work of {missing} is not known and not in the totals")
    return tuple(notes)


def catalogue(reports: Sequence[Report]) -> Sheet:
    """Return a row for every network."""
    return Sheet(
        columns=(
            Column("name", "name", "text"),
            Column("title", "title", "text", priority=2),
            Column("input", "input", "shape", priority=1),
            Column("params", "params", "count"),
            Column("macs", "MACs", "count"),
            Column("depth", "depth", "count"),
        ),
        rows=tuple(
            (
                report.name,
                report.title,
                (1, *report.input_shape),
                report.totals.params,
                report.totals.macs,
                report.totals.depth,
            )
            for report in reports
        ),
    )
