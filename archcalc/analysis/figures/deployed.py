"""What programs need that only run a network: layers in place, batch normalisation folded."""

from __future__ import annotations

from archcalc.analysis.deployed import deploy
from archcalc.analysis.figures.vocabulary import FIGURES, Figure, figure
from archcalc.sheet.kinds import BYTES

figure(
    Figure(
        "deployed.weight_bytes",
        BYTES,
        "bytes of all weights where batch normalisation is folded, what a small device has in flash",
        label="deployed weights",
        total=lambda t: t.once(deploy).report.weight_bytes,
        limit=True,
        where=lambda t: FIGURES["weight_bytes"].find_most(t.once(deploy).report),
    )
)
figure(
    Figure(
        "deployed.peak_bytes",
        BYTES,
        "bytes of the largest set of activations alive at once, in place and with batch normalisation folded",
        label="deployed activations",
        total=lambda t: t.once(deploy).peak_bytes,
        limit=True,
        of_outputs=True,
        where=lambda t: t.once(deploy).peak_at,
    )
)
figure(
    Figure(
        "deployed.arena_bytes",
        BYTES,
        "bytes of one arena for these, greedy by size, what a small device has in RAM",
        label="deployed arena",
        total=lambda t: t.once(deploy).arena_bytes,
        known=lambda t: t.once(deploy).arena_bytes or t.once(deploy).peak_bytes,
        limit=True,
        of_outputs=True,
        where=lambda t: t.once(deploy).peak_at,
    )
)
