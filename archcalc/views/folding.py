"""What is said of batch normalisations that are folded into the layers before them."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.analysis.batchnorm import Folding
from archcalc.sheet.numbers import group_digits
from archcalc.sheet.sheet import Sheet

MOST_NAMED = 3
"""How many layers that stay are named for each reason."""


def with_folding(sheet: Sheet, folding: Folding | None) -> Sheet:
    """Return a page about what is left of a network, with what was folded and what stays; null where nothing was asked."""
    return sheet._replace(
        facts={**sheet.facts, "folding": folding and _plain(folding)},
        notes=(*(_notes(folding) if folding else ()), *sheet.notes),
    )


def _plain(folding: Folding) -> dict[str, object]:
    """Return what machines are told of a folding."""
    return {
        "folded": [{"layer": layer, "into": home} for layer, home in folding.folded.items()],
        "kept": [{"layer": layer, "reason": reason} for layer, reason in folding.kept.items()],
    }


def _notes(folding: Folding) -> Iterator[str]:
    """Yield how many batch normalisations are folded, and which are not and why."""
    if not folding.folded and not folding.kept:
        yield "there is no batch normalisation to fold"
        return
    yield f"{_normalisations(len(folding.folded))} folded into the layer before"
    by_reason: dict[str, list[str]] = {}
    for layer, reason in folding.kept.items():
        by_reason.setdefault(reason, []).append(layer)
    for reason, layers in by_reason.items():
        more = len(layers) - MOST_NAMED
        named = ", ".join(layers[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield f"{_normalisations(len(layers))} not folded, as {reason}: {named}"


def _normalisations(count: int) -> str:
    return f"{group_digits(count)} batch normalisation{'s' * (count != 1)}"
