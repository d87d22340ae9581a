"""What compare says of networks: totals and stages, and the layers that they do not share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Literal

from archcalc.analysis.blocks import by_op, group, groups
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.questions.compare import Contrast
from archcalc.questions.differences import Difference, share_stages
from archcalc.sheet.kinds import FIELD, FIGURE, FLAG, SETTINGS, SHAPE
from archcalc.views.lines import Line, join_names, line, total
from archcalc.views.page import REACHES

SMALL = 0.02
"""The share of the whole below which parts are added up where there are too many."""
MOST_PARTS = 12
"""How many parts are shown one by one, however small."""
MOST_DIFFERENCES = 4
"""How many changed layers, and how many added or missing ones, are named for each network."""


By = Literal["none", "stage", "op", "layer"]
"""What parts stand beside the totals: blocks at the top, layers of one type, layers."""


def of_networks(reports: Sequence[Report], by: By, least: float) -> Iterator[Line]:
    """Yield totals, parameters and MACs with the parts that they are in; of many, those of `least` of the whole."""
    parts = [_parts(report, by) for report in reports]
    if len({report.input_shape for report in reports}) > 1:
        yield line("input", "", SHAPE, [(0, *report.input_shape) for report in reports])
    yield line("output", "", SHAPE, [report.rows[-1].output_shape for report in reports])
    yield line("layers", "", FIGURE, [len(report.rows) for report in reports])
    if by == "op":
        for kind, counts in _count("layers", reports, parts).items():
            yield line("layers", kind, FIGURE, counts)
    yield total("depth", reports)
    yield from _fields(reports)
    yield from _split("params", reports, parts, least)
    for key in ("fixed", "buffers"):
        if any(FIGURES[key].of_total(report) for report in reports):
            yield total(key, reports)
    yield from _split("macs", reports, parts, least)
    yield total("flops", reports)
    if any(report.run.conditions.placement for report in reports):
        yield total("time_us", reports)
    yield total("weight_bytes", reports)
    yield total("activation_bytes", reports)
    yield total("peak_bytes", reports)


def _fields(reports: Sequence[Report]) -> Iterator[Line]:
    """Yield the receptive field, and where that is the whole for the sake of gates alone, that without them."""
    for key, part in (("field", ""), ("gateless", FIGURES["gateless"].name)):
        if not part or any(
            _find_field("gateless", report) != _find_field("field", report) for report in reports
        ):
            yield line(FIGURES["field"].name, part, FIELD, [_find_field(key, report) for report in reports])


def whole_fields(reports: Sequence[Report]) -> Line:
    """Return whether each receptive field is the whole input, which the numbers alone do not say."""
    seen = [FIELD.beside(_find_field("field", report))["whole"] for report in reports]
    return line(FIGURES["field"].name, "whole", FLAG, seen)


def _find_field(key: str, report: Report) -> object:
    """Return the receptive field of a network, as `key` has it: that of what its head is given.

    This is its last map: the last layer with more than one position, or one behind it that does not see everything
    if gates do not count.
    """
    last = [row for row in report.rows if row.gateless or prod(row.output_shape[2:]) > 1]
    return FIGURES[key].of_row(last[-1], report) if last else (None, False)


def _parts(report: Report, by: By) -> dict[str, Row]:
    """Return the parts of a network by name, each as a row."""
    if by == "none":
        return {}
    if by == "op":
        return {row.kind: row for row in by_op(report)}
    return {row.name: row for row in report.rows} if by == "layer" else dict(_stages(report))


def _stages(report: Report) -> Iterator[tuple[str, Row]]:
    for name, rows in groups(report.rows, 1):
        yield name, group(name, rows)


def _count(
    key: str, reports: Sequence[Report], parts: Sequence[Mapping[str, Row]]
) -> dict[str, list[object]]:
    """Return the cells of a figure by part; "" where a network has no such part."""
    figure = FIGURES[key]
    return {
        part: [
            figure.of_row(rows[part], report) if part in rows else ""
            for rows, report in zip(parts, reports, strict=True)
        ]
        for part in _merge(map(list, parts))
    }


def _split(
    key: str, reports: Sequence[Report], parts: Sequence[Mapping[str, Row]], least: float
) -> Iterator[Line]:
    """Yield a total and the parts in which something of it is; of many, those of `least` of it and the rest."""
    figure = FIGURES[key]
    yield total(key, reports)
    shown = {
        part: counts
        for part, counts in _count(key, reports, parts).items()
        if any(count not in ("", 0) for count in counts)
    }
    totals = [figure.amount(report) for report in reports]
    small = {part for part, counts in shown.items() if _are_small(counts, totals, least)}
    if len(shown) <= MOST_PARTS or len(small) <= 1:
        small = set()
    for part, counts in shown.items():
        if part not in small:
            yield line(figure.name, part, figure.kind, counts)
    if small:
        rest = [
            sum(count for count in column if isinstance(count, int))
            for column in zip(*(shown[part] for part in small), strict=True)
        ]
        yield line(figure.name, f"{len(small)} below {SMALL:.0%} each", figure.kind, rest)


def _are_small(counts: Sequence[object], totals: Sequence[float], least: float) -> bool:
    """Tell whether a part is less than a share of every network; what is not known is not small."""
    return all(
        count == "" or (isinstance(count, int) and count < least * total)
        for count, total in zip(counts, totals, strict=True)
    )


def _merge(orders: Iterable[list[str]]) -> list[str]:
    """Return every name once: each list's own names stand together, before the next one that is there already, or at the end."""
    following, preceding = {"": ""}, {"": ""}  # a ring, which the empty name closes
    for order in orders:
        own: list[str] = []
        for name in (*order, ""):
            if name not in following:
                own.append(name)
                continue
            for each in own:
                before = preceding[name]
                following[before] = preceding[name] = each
                following[each], preceding[each] = name, before
            own = []
    merged: list[str] = []
    while name := following[merged[-1] if merged else ""]:
        merged.append(name)
    return merged


def notes_on_networks(contrast: Contrast) -> Iterator[str]:
    """Yield what is the same, and, of networks that have most stages in common, what is not; and what is not known."""
    if contrast.differences:
        yield _prefix(contrast)
    if contrast.differences and share_stages(contrast.reports):
        for label, unlike in zip(contrast.labels[1:], contrast.differences[1:], strict=True):
            yield from _unlike(contrast.labels[0], label, unlike)
    if contrast.differences:
        yield from _own_types(contrast)
    for label, report in zip(contrast.labels, contrast.reports, strict=True):
        if report.totals.incomplete:
            yield f"{label}: the work of {', '.join(report.totals.incomplete)} is not known and not in the totals"


def notes_on_fields(reports: Sequence[Report]) -> Iterator[str]:
    """Yield what the mark at a receptive field stands for, if there is one."""
    if any(FIELD.is_larger(_find_field("gateless", report)) for report in reports):
        yield REACHES


def _prefix(contrast: Contrast) -> str:
    rows = contrast.reports[0].rows
    if contrast.shared == max(len(report.rows) for report in contrast.reports):
        return f"all {contrast.shared} layers are the same; only sizes may differ"
    if contrast.shared <= 1:
        return "the first layer after the input differs already"
    names = [report.rows[contrast.shared - 1].name for report in contrast.reports]
    return f"the first {contrast.shared} layers are the same, up to {join_names(dict.fromkeys(names)) if rows else ''}"


def _unlike(first: str, label: str, unlike: Sequence[Difference]) -> Iterator[str]:
    """Yield a line for the layers that changed, for those that only one has, and for those that only the other has."""
    designed = [
        difference
        for difference in unlike
        if difference.before and difference.after and _design(difference.before, difference.after)
    ]
    changed = [difference for difference in unlike if change(difference) == "changed"]
    if designed:
        yield f"{label} changes {_some([_describe(difference) for difference in designed])}"
    if len(changed) > len(designed):
        count = len(changed) - len(designed)
        yield f"{label}: {count} more layer{'s have' if count > 1 else ' has'} other weights, as another size comes in"
    for how, who in (("missing", first), ("added", label)):
        runs = [difference for difference in unlike if change(difference) == how]
        if runs:
            layers = sum(run.layers for run in runs)
            yield f"only in {who}: {layers} layer{'s' if layers > 1 else ''}, {_some([_run(run) for run in runs])}"


def _own_types(contrast: Contrast) -> Iterator[str]:
    """Yield the layer types that only one of the networks has."""
    kinds = [dict.fromkeys(row.kind for row in report.rows) for report in contrast.reports]
    for label, own in zip(contrast.labels, kinds, strict=True):
        alone = [kind for kind in own if sum(kind in others for others in kinds) == 1]
        if alone:
            yield f"layer types of {label} alone: {', '.join(alone)}"


def _describe(difference: Difference) -> str:
    return (
        f"{difference.name} ({_design(difference.before, difference.after)})"
        if difference.before and difference.after
        else difference.name
    )


def _design(before: Row, after: Row) -> str:
    """Return what a layer's settings were and are; nothing where only its input changed."""
    if before.kind != after.kind:
        return f"{before.kind} → {after.kind}"
    keys = dict.fromkeys((*before.settings, *after.settings))
    return ", ".join(
        _change_of(key, before.settings, after.settings)
        for key in keys
        if before.settings.get(key) != after.settings.get(key)
    )


def _change_of(key: str, before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Return what a setting was and is; only stated settings are known, not defaults."""
    if key not in before:
        return f"with {SETTINGS.text({key: after[key]})}"
    was = SETTINGS.text({key: before[key]})
    if key not in after:
        return f"without {was}"
    return f"{was} → {SETTINGS.text({key: after[key]}).removeprefix(f'{key} ')}"


def _run(difference: Difference) -> str:
    return (
        difference.name
        if difference.name == difference.last
        else f"{difference.name} to {difference.last.rpartition('.')[2]}"
    )


def _some(texts: Sequence[str]) -> str:
    """Return the first few and how many there are besides."""
    more = len(texts) - MOST_DIFFERENCES
    return ", ".join(texts[:MOST_DIFFERENCES]) + (f" and {more} more" if more > 0 else "")


def change(difference: Difference) -> str:
    """Return whether layers were added, are missing or were changed."""
    return "added" if difference.before is None else "missing" if difference.after is None else "changed"
