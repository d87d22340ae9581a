"""What still fits: the largest batch, input or parameter of a network, or the least checkpoint, within limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf

from archcalc.analysis.budget import limit, singles
from archcalc.analysis.conditions import Conditions, DType, Input
from archcalc.analysis.report import Report, report_on
from archcalc.analysis.training.step import TrainingStep
from archcalc.arithmetic.window import Rounding
from archcalc.formats.library import Model, as_network
from archcalc.ground.errors import ArchcalcError, ExceededError, nearest
from archcalc.network.network import FigureLimit, Limit, Network
from archcalc.questions.checkpoints import CHECKPOINT, fit_checkpoint
from archcalc.questions.fitted import Fit, look_at

BATCH, SIDE = "batch", "input"
MOST = 10**12
"""The largest value that is tried."""
NEARBY = 64
"""How many values below one that suits no layer are tried in its place."""


def fit(  # noqa: PLR0913  # the conditions, each by its name
    model: Model | Network,
    limits: Sequence[str | Limit],
    vary: str = BATCH,
    *,
    parameters: Mapping[str, object] | None = None,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
    step: TrainingStep | None = None,
) -> Fit:
    """Find the largest batch, square input or parameter with which a network keeps within limits, or the least checkpoint.

    Args:
        model: whatever `load` takes, or where no parameter is varied what it returned.
        limits: upper bounds on figures, such as "memory_bytes <= 24GiB".
        vary: "batch", "input", "checkpoint", or a parameter of the spec, which is a whole number.
        parameters: values in place of those of the spec's others.
        input: as `analyze` takes it, where it is not what is varied.
        batch: likewise.
        dtype: likewise.
        rounding: likewise.
        train: likewise.
        step: how a step of training is done, for limits on its memory; plain SGD unless told.

    Raises:
        ArchcalcError: a limit is no upper bound, on what is not known, or never reached; nothing of this name can be varied.
    """
    bounds = _upper_bounds([limit(each) if isinstance(each, str) else each for each in limits])
    load = partial(as_network, model, input=input, batch=batch)
    network = load(parameters=parameters)
    whole = Conditions.of(
        network, input=input, batch=batch, dtype=dtype, rounding=rounding, train=train, step=step
    )
    if vary == CHECKPOINT:
        return fit_checkpoint(report_on(network, whole._replace(train=True)), bounds)
    if vary == BATCH:
        return _Search(lambda value: report_on(network, whole._replace(batch=value)), bounds, vary).run(1)
    if vary == SIDE:
        return _Search(_squares(network, whole), bounds, vary, power=2).run(_side(network, whole))
    return _Search(
        lambda value: report_on(load(parameters={**(parameters or {}), vary: value}), whole), bounds, vary
    ).run(_parameter(network, vary))


def _upper_bounds(limits: Sequence[Limit]) -> list[FigureLimit]:
    """Return the limits, each on one figure.

    Raises:
        ArchcalcError: there are none, or one is something else than an upper bound.
    """
    if not limits:
        raise ArchcalcError("what it has to fit into is not said", hint="such as memory_bytes <= 24GiB")
    for each in limits:
        is_joined = not isinstance(each, FigureLimit) and each.word != "and"
        if is_joined or any(single.operator not in ("<", "<=") for single in singles(each)):
            raise ArchcalcError("what fits is found for upper bounds alone", hint="such as macs <= 1G")
    return [single for each in limits for single in singles(each)]


def _side(network: Network, whole: Conditions) -> int:
    """Return how long the longest axis of an input is.

    Raises:
        ArchcalcError: none has an axis beside its channels.
    """
    sides = [side for shape in _shapes(network, whole).values() for side in shape[1:]]
    if not sides:
        raise ArchcalcError(f"{network.name} takes no image: its input has no axis beside its channels")
    return max(sides)


def _shapes(network: Network, whole: Conditions) -> dict[str, tuple[int, ...]]:
    own = {node.name: node.op.output_sizes()[1:] for node in network.nodes if node.op.traits.role == "input"}
    return {**own, **whole.shapes}


def _squares(network: Network, whole: Conditions) -> Callable[[int], Report]:
    """Return what makes the report for inputs whose axes are all so long."""
    shapes = _shapes(network, whole)

    def make(side: int) -> Report:
        square = {name: (*shape[:1], *(side for _ in shape[1:])) for name, shape in shapes.items()}
        return report_on(network, whole._replace(shapes=square))

    return make


def _parameter(network: Network, name: str) -> int:
    """Return the value of a parameter.

    Raises:
        ArchcalcError: there is none called so, or it is no whole number.
    """
    if name not in network.parameters:
        known = [BATCH, SIDE, CHECKPOINT, *network.parameters]
        raise ArchcalcError(
            f"{network.name} has no parameter '{name}' to vary",
            hint=nearest(name, known) or f"choose from {', '.join(known)}",
        )
    value = network.parameters[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArchcalcError(f"'{name}' is no whole number from 1 on", hint="only such a parameter is varied")
    return value


class _Search:
    """A search for the largest value that fits, where what fits is not followed by more that fits."""

    def __init__(
        self, make: Callable[[int], Report], bounds: Sequence[FigureLimit], vary: str, power: int = 1
    ) -> None:
        self.make = make
        self.bounds = bounds
        self.vary = vary
        self.power = power
        self.reports: dict[int, Report | None] = {}
        self.fits: dict[int, float] = {}
        self.breaks: dict[int, float] = {}

    def run(self, start: int) -> Fit:
        """Return the largest value that fits, from the first one that is tried."""
        self._look(start)
        self._bracket(start)
        self._close_in()
        if not self.fits:
            self._find_least()
        if self.fits:
            self._close_in()
        value = max(self.fits, default=None)
        above = min(self.breaks, default=None)
        return Fit(
            self.bounds,
            self.vary,
            value,
            None if value is None else self.reports[value],
            above,
            None if above is None else self.reports[above],
            sum(report is not None for report in self.reports.values()),
        )

    def _close_in(self) -> None:
        """Look between what fits and what does not until they are neighbours."""
        width = is_slow = 0
        while (left := self._above() - self._below()) > 1:
            is_slow = width and 2 * left > width
            width = left
            self._narrow(self._middle() if is_slow else self._guess())

    def _find_least(self) -> None:
        """Look for the least value that suits the network, and forget those below it, which are too small for it."""
        suiting = min(value for value in self.breaks if self.reports[value] is not None)
        unsuited = max((value for value in self.breaks if value < suiting), default=0)
        while suiting - unsuited > 1 and not self.fits:
            middle = (suiting + unsuited) // 2
            self._look_near(middle, unsuited)
            suited = [each for each in self.reports if unsuited < each < suiting and self.reports[each]]
            suiting, unsuited = (min(suited), unsuited) if suited else (suiting, middle)
        least = max(self.fits, default=suiting)
        self.breaks = {value: takes for value, takes in self.breaks.items() if value >= least}

    def _bracket(self, start: int) -> None:
        """Look at larger and larger values until one does not fit."""
        value = start
        while not self.breaks:
            value = max(2 * value, min(self._guess(), MOST))
            if value > MOST:
                raise ArchcalcError(f"no limit is reached, however large {self.vary} is")
            self._look_near(value, value // 2)

    def _below(self) -> int:
        return max(self.fits, default=0)

    def _above(self) -> int:
        return min(self.breaks)

    def _narrow(self, guess: int) -> None:
        """Look at a value between the largest that fits and the smallest that does not."""
        low, high = self._below(), self._above()
        self._look_near(min(max(guess, low + 1), high - 1), low)

    def _look_near(self, value: int, low: int) -> None:
        """Look at a value, or where it suits no layer at the next lower one that does, above `low`."""
        for each in range(value, max(low, value - NEARBY), -1):
            try:
                return self._look(each)
            except ExceededError:
                break
            except ArchcalcError:
                continue
        self.reports[value] = None
        self.breaks[value] = inf
        return None

    def _look(self, value: int) -> None:
        """Note whether a value fits, and which part of the tightest limit it takes.

        Raises:
            ArchcalcError: it suits no layer, or a figure is not known.
        """
        self.reports[value] = report = self.make(value)
        look = look_at(report, self.bounds)
        (self.fits if look.fits else self.breaks)[value] = look.tightness

    def _guess(self) -> int:
        """Return the value at which the tightest limit is reached, were it a line, or a parabola, through two that are known."""
        known = sorted((self.fits | self.breaks).items())
        fitting = [pair for pair in known if pair[0] in self.fits][-2:]
        breaking = [pair for pair in known if pair[0] in self.breaks and pair[1] < inf][:1]
        points = (fitting + breaking)[-2:]
        if len(points) < 2 or points[0][1] == points[1][1]:
            return self._middle()
        (first, tight), (second, tighter) = points
        slope = (tighter - tight) / (second**self.power - first**self.power)
        reached = (1 - tight) / slope + first**self.power
        return int(max(reached, 0) ** (1 / self.power))

    def _middle(self) -> int:
        return (self._below() + self._above()) // 2 if self.breaks else 2 * self._below()
