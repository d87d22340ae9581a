"""Constants of a device, fitted to what was measured on it: those by which predictions are off least on average.

Errors are logarithms of predicted over measured; their size is what is made small, not their square, so that a network
for which some kernel is unlike all others does not pull. Steps are those of Gauss and Newton, damped as Levenberg and
Marquardt do, with weights that make squares of sizes. A weak pull to where the fit starts settles what nothing measured says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from measured import Measurements

    from archcalc.analysis.timing.costs import Machine

SHARP = 0.08
"""Below which the size of an error is rounded off, so that it has a slope everywhere."""
STEP = 0.02
FARTHEST = 0.7
"""How far a logarithm is moved to find slopes, and at most in a step."""
MOST, LEAST_PART = 0.97, 0.02
"""Parts of a peak and of the bandwidth are below 1."""


class Part(NamedTuple):
    """Measurements with numbers of one type, the machine that they are predicted for, and the weight of each."""

    dtype: str
    measurements: Measurements
    machine: Machine
    weights: np.ndarray


class Fit:
    """Constants to be fitted: those `shared` by all types, and those of each `typed`; a key is a type, or "", and a name."""

    def __init__(
        self,
        parts: Sequence[Part],
        shared: Sequence[str],
        typed: Sequence[str],
        start: Mapping[tuple[str, str], float],
    ) -> None:
        self.parts = parts
        dtypes = dict.fromkeys(part.dtype for part in parts)
        self.keys = [("", name) for name in shared] + [(dtype, name) for dtype in dtypes for name in typed]
        self.start = np.log([start[key] for key in self.keys])
        self.highest = np.array([_highest(name) for _, name in self.keys])
        self.lowest = np.array([_lowest(name) for _, name in self.keys])

    def constants(self, x: np.ndarray, dtype: str) -> dict[str, float]:
        """Return the constants for numbers of one type."""
        return {
            name: float(np.exp(value))
            for (of, name), value in zip(self.keys, x, strict=True)
            if of in ("", dtype)
        }

    def errors(self, x: np.ndarray) -> np.ndarray:
        """Return the logarithms of predicted over measured, part after part."""
        return np.concatenate([self.errors_of(x, part) for part in self.parts])

    def errors_of(self, x: np.ndarray, part: Part) -> np.ndarray:
        """Return those of one part."""
        machine = part.machine._replace(constants={**part.machine.constants, **self.constants(x, part.dtype)})
        return np.log(part.measurements.predict(machine) / part.measurements.us)

    def run(
        self,
        x: np.ndarray | None = None,
        masks: Sequence[np.ndarray] | None = None,
        pull: float = 0.02,
        steps: int = 25,
    ) -> np.ndarray:
        """Return the logarithms of the constants that fit best; what `masks` leave out does not count."""
        x = np.clip(self.start if x is None else x, self.lowest, self.highest)
        weights = np.concatenate(
            [part.weights * (1 if masks is None else masks[n]) for n, part in enumerate(self.parts)]
        )
        pulled = 2 * pull * weights.sum() / len(x)

        def cost(e: np.ndarray, x: np.ndarray) -> float:
            return float(
                (weights * (np.hypot(e, SHARP) - SHARP)).sum() + pulled / 2 * ((x - self.start) ** 2).sum()
            )

        e = self.errors(x)
        best, damping = cost(e, x), 1e-2
        for _ in range(steps):
            slopes = self._slopes(x, e)
            w = weights / np.hypot(e, SHARP)
            matrix = (slopes * w[:, None]).T @ slopes
            gradient = (slopes * w[:, None]).T @ e + pulled * (x - self.start)
            before = best
            for _ in range(6):
                damped = matrix + np.diag(damping * np.diag(matrix) + pulled + 1e-9)
                step = np.clip(-np.linalg.solve(damped, gradient), -FARTHEST, FARTHEST)
                y = np.clip(x + step, self.lowest, self.highest)
                e_there = self.errors(y)
                if cost(e_there, y) < best:
                    x, e, best, damping = y, e_there, cost(e_there, y), max(damping / 3, 1e-5)
                    break
                damping *= 4
            if before - best < 1e-4 * best:
                break
        return x

    def _slopes(self, x: np.ndarray, e: np.ndarray) -> np.ndarray:
        slopes = np.empty((len(e), len(x)))
        for number in range(len(x)):
            moved, by = x.copy(), STEP if x[number] + STEP <= self.highest[number] else -STEP
            moved[number] += by
            slopes[:, number] = (self.errors(moved) - e) / by
        return slopes


def _highest(name: str) -> float:
    return np.log(1.0) if name == "wave" else np.log(MOST) if name.endswith(("_reach", "traffic")) else np.inf


def _lowest(name: str) -> float:
    return {"cached": 0.0, "wave": np.log(LEAST_PART)}.get(name, -np.inf)
