"""What explain does with the name of a layer: names that pages have cut, and the page of its time on a device."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

import archcalc
from archcalc.commands.options import ModelOptions, analyze_model
from archcalc.commands.placing import PlaceOptions
from archcalc.commands.worked import only_layer
from archcalc.network.network import is_inside

if TYPE_CHECKING:
    from archcalc.analysis.report import Report
    from archcalc.analysis.training.step import TrainingStep
    from archcalc.sheet.sheet import Sheet

WHOLE_NUMBER = ".*(?:(?<![0-9])|(?![0-9]))"
"""What has been cut out of a name, as a pattern: it does not end within a number."""


MOST_CUTS = 2
"""How often a page cuts a name."""


def complete_name(layer: str, report: Report) -> str:
    """Return the whole name of a layer that a page has cut, where there is just one; else what was typed."""
    start, *others = layer.replace("...", "…").split("…")
    if not 1 <= len(others) <= MOST_CUTS or not others[-1]:
        return layer
    names: list[str] = []
    for gap in (WHOLE_NUMBER, ".*"):
        pattern = re.compile(gap.join(map(re.escape, (start, *others))))
        names = names or [node.name for node in report.run.nodes if pattern.fullmatch(node.name)]
    whole = [name for name in names if name.removeprefix(start).startswith(".")]
    found = whole if len(whole) == 1 else names
    return found[0] if len(found) == 1 else layer


def explain_time(
    model: ModelOptions, layer: str | None, place: PlaceOptions, step: TrainingStep | None
) -> Sheet:
    """Return the page of a layer on a device."""
    if model["train"] or step is not None:
        raise click.UsageError("--device explains the time of a forward pass: leave out options of training")
    from archcalc.formats.library import is_inline
    from archcalc.views.duration import of_layer

    report = analyze_model(**model, **place)
    if layer is None and is_inline(model["model"]):
        layer = only_layer(report)
    shown = f"archcalc latency {model['model']} --device {place['device']}"
    if layer is None:
        raise click.UsageError(
            f"--device explains the time of a LAYER: name one; {shown} shows which take most"
        )
    layer = complete_name(layer, report)
    if layer not in report.run.positions and any(is_inside(row.name, layer) for row in report.rows):
        raise click.UsageError(
            f"{layer!r} is a block, and --device explains the time of a LAYER: name one in it; {shown} shows them"
        )
    return of_layer(archcalc.explain_time(report, layer))
