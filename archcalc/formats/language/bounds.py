"""How far the layers of a spec may grow."""

from __future__ import annotations

from collections import Counter

from archcalc.formats.language.scope import Use
from archcalc.ground import limits
from archcalc.ground.errors import ExceededError
from archcalc.ops import REGISTRY

LAYERS = "layers"
ROUNDS = "blocks and rounds of repeats"
"""What writes layers and is none."""


Grown = tuple[int, int, int]
"""How many values, layers, and rounds of what writes layers a spec was written out to."""


class Growth:
    """Counts what a spec is written out to."""

    def __init__(self) -> None:
        self.values = 0
        self.counts: Counter[str] = Counter()
        self.most_values = limits.VALUES.value
        self.most = limits.LAYERS.value

    def step(self, use: Use, size: int) -> None:
        """Count one more layer, whose settings hold `size` values, or one more use of what writes layers.

        Raises:
            ExceededError: there are too many of them, or of the values in all.
        """
        self.values += size
        if self.values > self.most_values:
            raise ExceededError(
                f"the network grows past {self.most_values:,} values",
                place=use.place(),
                hint=limits.VALUES.hint,
            )
        self.count(use, LAYERS if use.kind.text in REGISTRY else ROUNDS)

    def count(self, use: Use, what: str, more: int = 1) -> None:
        """Count so many more of a sort, before they are written out.

        Raises:
            ExceededError: there are too many.
        """
        self.counts[what] += more
        if self.counts[what] > self.most:
            raise ExceededError(
                f"the network grows past {self.most:,} {what}",
                place=use.place(),
                hint=f"does a repeat run more often than it should? If not, {limits.LAYERS.hint}",
            )

    def so_far(self) -> Grown:
        """Return what has been counted."""
        return self.values, self.counts[LAYERS], self.counts[ROUNDS]

    def repeat(self, before: Grown, after: Grown) -> bool:
        """Count once more what was counted between two moments, or return False where there is no room for it."""
        values, layers, rounds = (
            now + new - old for now, old, new in zip(self.so_far(), before, after, strict=True)
        )
        if values > self.most_values or max(layers, rounds) > self.most:
            return False
        self.values, self.counts[LAYERS], self.counts[ROUNDS] = values, layers, rounds
        return True
