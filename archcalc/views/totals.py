"""A row a figure: the pages of params, flops and memory, and the arithmetic behind the parameters."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from archcalc.analysis.deployed import deploy
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.ground.collector import pause_collector
from archcalc.questions.explain import parameter_formulas
from archcalc.questions.memory import find_most_unfolded, inference
from archcalc.sheet.kinds import BYTES, COUNT, SHARE, TEXT, WORDS
from archcalc.sheet.numbers import group_digits, percent, write_bytes
from archcalc.sheet.sheet import Column, Sheet
from archcalc.views.layers import MEMORY as BY_LAYER
from archcalc.views.layers import WORK, layers
from archcalc.views.page import facts, mixed_notes, notes, subtitle

PARAMS = ("params", "fixed", "buffers", "weight_bytes")
"""The figures of `params`."""

TOTALS = (
    Column("figure", "figure", TEXT, "a column of show"),
    Column("value", "total", COUNT, "its total"),
    Column("meaning", "meaning", WORDS, "what it counts"),
)
FORMULAS = (
    Column("layer", "layer", TEXT, "a layer with parameters"),
    Column("symbols", "in symbols", TEXT, "the arithmetic in symbols", 2),
    Column("formula", "in numbers", WORDS, "the arithmetic in numbers"),
    Column("params", "params", COUNT, "learnable parameters"),
)
MEMORY = (
    Column("name", "what", TEXT, "what takes memory"),
    Column("numbers", "numbers", COUNT, "how many numbers", 1),
    Column("bytes", "memory", BYTES, "their bytes"),
    Column("share", "of all", SHARE, "share of all memory", 2),
    Column("meaning", "meaning", WORDS, "what they are"),
)
WORK_TOTALS = tuple(key for key in WORK if key not in ("layer", "output", "macs_share"))


def totals(report: Report, keys: tuple[str, ...]) -> Sheet:
    """Return the totals alone, one figure a row."""
    return Sheet(
        columns=TOTALS,
        rows=tuple((key, FIGURES[key].of_total(report), _meaning(key, report)) for key in keys),
        title=report.title or report.name,
        subtitle=subtitle(report),
        notes=notes(report),
        facts=facts(report),
    )


def _meaning(key: str, report: Report) -> str:
    figure = FIGURES[key]
    readable = f" ({write_bytes(int(figure.amount(report)))})" if figure.kind is BYTES else ""
    return figure.help + readable


def work(report: Report) -> Sheet:
    """Return the totals of work by kind, and of a training step where the report is about one."""
    return _trained(totals(report, _work_keys(WORK_TOTALS, report)), report)


def work_by_layer(report: Report, depth: int | None) -> Sheet:
    """Return the work of every layer, and in a training step where the report is about one."""
    about = "train.macs" if report.train else "macs_share"
    return _trained(layers(report, _work_keys(WORK, report), depth, about), report)


def _work_keys(keys: tuple[str, ...], report: Report) -> tuple[str, ...]:
    """Return the figures of work, that of a training step behind that of a forward pass."""
    if not report.train:
        return keys
    place = keys.index("macs") + 1
    return (*keys[:place], "train.macs", *keys[place:])


def _trained(sheet: Sheet, report: Report) -> Sheet:
    """Return a page that says how the work of a training step is counted, where it has that."""
    if not report.train:
        return sheet
    untrained = [row.name for row in report.rows if row.trained_macs is None and row.work is not None]
    unknown = f"the backward pass of {', '.join(untrained)} is not known"
    return sheet._replace(
        summary=(*_share_of_backward(report), *sheet.summary),
        notes=(BACKWARD, *((unknown,) if untrained else ()), *sheet.notes),
    )


def _share_of_backward(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the work of the backward pass, and how many times that of the forward pass it is, where it is known."""
    forward, both = report.totals.macs, FIGURES["train.macs"].of_total(report)
    if forward and isinstance(both, int):
        backward = both - forward
        share = f"{percent(backward / both)} of the step, {backward / forward:.3g} times the forward pass"
        yield ("backward", f"{group_digits(backward)} MACs, {share}")


BACKWARD = (
    "train.macs: macs, and as many again for the gradient of each layer's weights and for that of its input, "
    "unless nothing is learnt before it"
)


def formulas(report: Report) -> Sheet:
    """Return the arithmetic behind every layer's parameters."""
    terms = parameter_formulas(report)
    return Sheet(
        columns=FORMULAS,
        rows=tuple(
            (row.name, terms[row.name].symbols(), terms[row.name].numbers(), row.params)
            for row in report.rows
            if row.name in terms
        ),
        footer=("total", "", "", report.totals.params),
        title=report.title or report.name,
        subtitle=subtitle(report),
        notes=("M filters or outputs · C input channels · k kernel · g groups",),
        facts=facts(report),
    )


def memory(report: Report) -> Sheet:
    """Return what inference needs in memory."""
    needs = inference(report)
    numbers, total = sum(need.numbers for need in needs), sum(need.bytes for need in needs)
    return Sheet(
        columns=MEMORY,
        rows=tuple(
            (need.name, need.numbers, need.bytes, need.bytes / total if total else 0.0, need.meaning)
            for need in needs
        ),
        footer=("total", numbers, total, "", ""),
        title=report.title or report.name,
        subtitle=subtitle(report),
        summary=(*sum_activations(report), *_lay_out(report), *_find_unfolded(report)),
        notes=mixed_notes(report),
        facts=facts(report) | {"inference": at_inference(report), "training": None},
    )


def sum_activations(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what all layers store, alone, with the input and with a gradient for each, and what is left in place."""
    each, entered = report.bytes_each, sum(map(prod, report.input_shapes))

    def counted(numbers: int) -> str:
        return f"{group_digits(numbers)}, {write_bytes(numbers * each)}"

    stored, in_place = report.totals.activations, report.totals.in_place
    gradients = f"; {write_bytes(2 * stored * each)} with a gradient for each" if report.train else ""
    never = ", which no step does" if report.train else ""
    yield (
        "all activations",
        f"{counted(stored)}, as if nothing were freed{never}; {counted(stored + entered)} with the input{gradients}",
    )
    overwritten = f"{counted(in_place)}, where activations such as ReLU overwrite their input"
    yield ("in place", f"{overwritten}; {counted(in_place + entered)} with the input")


def _lay_out(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what one arena takes for all activations, and what is left of it in programs that only run a network."""
    arena = FIGURES["arena_bytes"].of_total(report)
    if arena is not None:
        yield "arena", f"{BYTES.text(arena)}, as a planner lays the activations out, greedy by size"
    deployed = report.once(deploy)
    planned = f"; arena {BYTES.text(deployed.arena_bytes)}" if deployed.arena_bytes is not None else ""
    alive = f"{BYTES.text(deployed.peak_bytes)} alive at once while {deployed.peak_at} runs{planned}"
    weights = BYTES.text(deployed.report.weight_bytes)
    yield "deployed", f"{alive}; weights {weights}: in place, batch normalisation folded"


def memory_by_layer(report: Report, depth: int | None) -> Sheet:
    """Return what is in memory at inference, layer by layer."""
    sheet = layers(report, BY_LAYER, depth)
    return sheet._replace(facts={**sheet.facts, "inference": at_inference(report), "training": None})


@pause_collector()
def at_inference(report: Report) -> dict[str, object]:
    """Return what machines are told of memory at inference."""
    deployed = report.once(deploy)
    return {
        "peak_bytes": report.peak_bytes,
        "peak_at": report.busiest,
        "arena_bytes": FIGURES["arena_bytes"].of_total(report),
        "memory_bytes": report.weight_bytes + report.peak_bytes,
        "in_place_bytes": report.totals.in_place * report.bytes_each,
        "deployed": {
            "weight_bytes": deployed.report.weight_bytes,
            "peak_bytes": deployed.peak_bytes,
            "peak_at": deployed.peak_at,
            "arena_bytes": deployed.arena_bytes,
        },
        "im2col": _largest_matrix(report),
    }


def _largest_matrix(report: Report) -> dict[str, object] | None:
    """Return the largest matrix that im2col would make; None where there are no convolutions."""
    found = find_most_unfolded(report)
    if found is None:
        return None
    layer, (height, width) = found
    return {
        "layer": layer,
        "rows": height,
        "columns": width,
        "bytes": height * width * report.bytes_each,
    }


def _find_unfolded(report: Report) -> tuple[tuple[str, str], ...]:
    """Return the largest matrix that im2col would make; nothing where there are no convolutions."""
    found = find_most_unfolded(report)
    if found is None:
        return ()
    layer, (height, width) = found
    size = write_bytes(height * width * report.bytes_each)
    return (("im2col", f"{size} for the largest unfolded input, {height} × {width} at {layer}"),)
