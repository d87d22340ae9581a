"""Constants of a machine: those by which the time model comes nearest to what was measured on it.

One constant after the other is tried at many values at a time, by the formulas that predict. What an error weighs is its
logarithm's size, so that a single odd measurement does not pull; a weak pull to where the fit starts settles what no
measurement says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from archcalc.analysis.timing.costs import Machine, find_cost
from archcalc.questions.calibrate.rounds import Trial, TrialTime

Numbers = NDArray[np.float64]
WIDTHS = (30.0, 8.0, 3.0, 1.5, 1.2, 1.1)
"""By which factor a constant may move up and down, from sweep to sweep."""
TRIED = 41
"""How many values of a constant are tried in a sweep."""
PULL = 0.002
"""What a constant's distance from its start weighs, squared, beside the errors of all measurements."""
HIGHEST: Mapping[str, float] = {"wave": 1.0}
LOWEST: Mapping[str, float] = {"cached": 1.0}


def fit_constants(
    start: Mapping[str, float], timed: Sequence[TrialTime], machine: Machine
) -> dict[str, float]:
    """Return the constants by which measurements are predicted best, from where they start; those that none depends on stay.

    Args:
        start: the constants to start from, by name.
        timed: what was measured.
        machine: as the formulas take it, whatever its constants.
    """
    constants = dict(start)
    bearing = {name: _find_bearing(name, constants, timed, machine) for name in constants}
    for width in WIDTHS:
        for name, depending in bearing.items():
            if not depending:
                continue
            values = _spread(name, constants[name], width)
            tried = machine._replace(constants={**constants, name: values})  # type: ignore[dict-item]
            errors = np.zeros(TRIED)
            for each in depending:
                errors += np.abs(np.log(predict(each.trial, tried) / each.us))
            pulled = PULL * np.log(values / start[name]) ** 2
            constants[name] = float(values[int(np.argmin(errors / len(timed) + pulled / len(start)))])
    return constants


def predict(trial: Trial, machine: Machine) -> Numbers:
    """Return the microseconds of a trial by the formulas; several where a constant has several values."""
    return np.asarray(sum(find_cost(kernel, machine).us for kernel in trial.kernels), float)


def _find_bearing(
    name: str, constants: Mapping[str, float], timed: Sequence[TrialTime], machine: Machine
) -> list[TrialTime]:
    """Return the measurements whose predictions change with a constant."""
    values = _spread(name, constants[name], WIDTHS[0])
    tried = machine._replace(constants={**constants, name: values})  # type: ignore[dict-item]
    return [each for each in timed if np.ptp(np.broadcast_to(predict(each.trial, tried), TRIED)) > 0]


def _spread(name: str, value: float, width: float) -> Numbers:
    """Return values around one, so far apart as logarithms are, within what the constant may be."""
    is_part = name.endswith(("_reach", "traffic"))
    highest = HIGHEST.get(name, 1.0 if is_part else np.inf)
    around = value * np.geomspace(1 / width, width, TRIED)
    return np.clip(around, LOWEST.get(name, 0.0), highest)
