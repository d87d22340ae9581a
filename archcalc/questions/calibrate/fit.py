"""Constants of a machine: those by which the time model comes nearest to what was measured on it.

One constant after the other is tried at many values at a time, by the formulas that predict. What an error weighs is its
logarithm's size, so that a single odd measurement does not pull; a weak pull to where the fit starts settles what no
measurement says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
TOGETHER: tuple[Mapping[str, int], ...] = (
    {"cached": -1, "traffic": 1, "function_traffic": 1, "batchnorm_traffic": 1, "copy_traffic": 1},
    {"product_reach": 1, "edge": 1},
)
"""Constants that move together, one up where the other goes down if its sign says so: what one does the other undoes."""
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
    moves: list[Mapping[str, int]] = [*({name: 1} for name in constants), *TOGETHER]
    bearing = [(move, _find_bearing(move, constants, timed, machine)) for move in moves]
    for width in WIDTHS:
        for move, depending in bearing:
            if not depending:
                continue
            values = _spread(move, constants, width)
            errors = sum(
                abs(np.log(us / each.us)) for each, us in _predict_all(depending, constants, values, machine)
            )
            pulled = PULL * sum(np.log(tried / start[name]) ** 2 for name, tried in values.items())
            best = int(np.argmin(errors / len(timed) + pulled / len(start)))
            constants |= {name: float(tried[best]) for name, tried in values.items()}
    return constants


def predict(trial: Trial, machine: Machine) -> Numbers:
    """Return the microseconds of a trial by the formulas; several where a constant has several values."""
    return np.asarray(sum(find_cost(kernel, machine).us for kernel in trial.kernels), float)


def _predict_all(
    timed: Sequence[TrialTime],
    constants: Mapping[str, float],
    values: Mapping[str, Numbers],
    machine: Machine,
) -> Iterator[tuple[TrialTime, Numbers]]:
    """Yield measurements and what is predicted of them for many values of some constants."""
    tried = machine._replace(constants={**constants, **values})
    for each in timed:
        yield each, np.broadcast_to(predict(each.trial, tried), TRIED)


def _find_bearing(
    move: Mapping[str, int], constants: Mapping[str, float], timed: Sequence[TrialTime], machine: Machine
) -> list[TrialTime]:
    """Return the measurements whose predictions change with some constants."""
    values = _spread(move, constants, WIDTHS[0])
    return [each for each, us in _predict_all(timed, constants, values, machine) if np.ptp(us) > 0]


def _spread(move: Mapping[str, int], constants: Mapping[str, float], width: float) -> dict[str, Numbers]:
    """Return values of constants around what they are, so far apart as logarithms are, within what each may be."""
    factors = np.geomspace(1 / width, width, TRIED)
    return {
        name: np.clip(constants[name] * factors**sign, LOWEST.get(name, 0.0), _find_highest(name))
        for name, sign in move.items()
    }


def _find_highest(name: str) -> float:
    """Return the most that a constant may be: parts of a peak, and of the bandwidth, are no more than it."""
    return HIGHEST.get(name, 1.0 if name.endswith(("_reach", "traffic")) else np.inf)
