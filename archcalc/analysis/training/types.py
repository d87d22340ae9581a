"""Types of tensors in a training step, and their bytes: the one place where a role or a type becomes bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from archcalc.analysis.conditions import AUTOCAST, BYTES, DType
from archcalc.op.keeps import Cast, Role

FULL = "float32"
SIZES = {**{dtype: sizes.activation for dtype, sizes in BYTES.items()}, "bool": 1, "int64": 8}
"""The bytes of one number, by type."""


class Types(NamedTuple):
    """The types of a training step: that of the weights, and the `low` one of mixed precision; None without it."""

    weights: str
    low: str | None

    @classmethod
    def of(cls, dtype: DType) -> Types:
        """Return the types that a dtype stands for."""
        low = AUTOCAST.get(dtype)
        return cls(FULL if low else dtype, low)

    def chosen(self, cast: Cast) -> str | None:
        """Return the type in which autocast runs an op; None where it runs as its inputs come."""
        if self.low is None or cast == "as comes":
            return None
        return self.low if cast == "low" else FULL

    def of_role(self, role: Role, running: str) -> str:
        """Return the type of a tensor that is made for the backward pass by an op that runs in some type."""
        match role:
            case "mask" | "truth":
                return "bool"
            case "indices":
                return "int64"
            case "statistics" | "logsumexp":
                return widest((FULL, running))
            case "wide":
                return widest((FULL, running)) if self.low else running
            case "copy" | "temporary":
                return running


def widest(types: Iterable[str]) -> str:
    """Return the type to which some promote."""
    return max(types, key=SIZES.__getitem__)
