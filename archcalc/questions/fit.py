"""What still fits: the largest batch, input or parameter of a network, or the least checkpoint, within limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from archcalc.analysis.budget import limit, singles
from archcalc.analysis.conditions import Asked, Conditions, DType, Input
from archcalc.analysis.figures.training import SAYS_NOTHING, are_about_step
from archcalc.analysis.report import Report, report_on
from archcalc.analysis.training.step import TrainingStep
from archcalc.arithmetic.window import Rounding
from archcalc.formats.library import Model, as_network
from archcalc.ground.errors import ArchcalcError, CallError, nearest
from archcalc.network.network import FigureLimit, Limit, Network
from archcalc.questions.analyze import place, place_any
from archcalc.questions.checkpoints import CHECKPOINT, fit_checkpoint
from archcalc.questions.fitted import CONTEXT, Fit, Spared, leave_free
from archcalc.questions.search import Search

if TYPE_CHECKING:
    from archcalc.analysis.timing.device import Placement

BATCH, SIDE = "batch", "input"
PARTS = 100
"""The parts of one in which a parameter is varied that may be a fraction."""


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
    device: str | Path | Placement | None = None,
) -> Fit:
    """Find the largest batch, square input or parameter with which a network keeps within limits, or the least checkpoint.

    Args:
        model: whatever `load` takes, or where no parameter is varied what it returned.
        limits: upper bounds on figures, such as "memory_bytes <= 24GiB".
        vary: "batch", "input", "checkpoint", or a parameter of the spec, in hundredths where it is no whole number.
        parameters: values in place of those of the spec's others.
        input: as `analyze` takes it, where it is not what is varied.
        batch: likewise.
        dtype: likewise.
        rounding: likewise.
        train: likewise.
        step: how a step of training is done, for limits on its memory; plain SGD unless told.
        device: what it runs on, for limits on time_us.

    Raises:
        ArchcalcError: a limit is no upper bound, or on what is not known; nothing of this name can be varied, or it is given.
    """
    bounds = _upper_bounds(limits)
    _check_asked(vary, bounds, parameters or {}, step)
    load = partial(as_network, model, input=input, batch=batch)
    network = load(parameters=parameters)
    asked = Asked(batch=batch, dtype=dtype, rounding=rounding, train=train)
    whole = Conditions.of(network, input=input, step=step, placement=place_any(device), place=place, **asked)
    return _vary(vary, network, whole, bounds, partial(_with_parameter, load, whole, parameters or {}, vary))


def _vary(
    vary: str,
    network: Network,
    whole: Conditions,
    bounds: Sequence[FigureLimit],
    make: Callable[[float], Report],
) -> Fit:
    """Return what fits of a checkpoint, a batch, an input or of a parameter, of which `make` makes reports."""
    if vary == CHECKPOINT:
        return fit_checkpoint(report_on(network, whole._replace(train=True)), bounds)
    if vary == BATCH:
        return _run(lambda size: report_on(network, whole._replace(batch=int(size))), bounds, vary, 1)
    if vary == SIDE:
        return _fit_side(network, whole, bounds)
    start = _parameter(network, vary)
    return _run(make, bounds, vary, start, PARTS if isinstance(start, float) else 1)


def _with_parameter(
    load: partial[Network], whole: Conditions, given: Mapping[str, object], name: str, value: float
) -> Report:
    """Return the report on a network with a value of a parameter beside those that are given."""
    return report_on(load(parameters={**given, name: value}), whole)


def _fit_side(network: Network, whole: Conditions, bounds: Sequence[FigureLimit]) -> Fit:
    """Return the largest square input, and the parameters of the spec that are as large as its own."""
    side = _side(network, whole)
    found = _run(_squares(network, whole), bounds, SIDE, side)
    return found._replace(sides=[name for name, value in network.parameters.items() if value == side])


def _run(
    make: Callable[[float], Report], bounds: Sequence[FigureLimit], vary: str, start: float, parts: int = 1
) -> Fit:
    """Return the largest value that fits, and what fits with some memory left free where that is a GPU's."""
    search = Search(make, bounds, vary, power=2 if vary == SIDE else 1, parts=parts)
    found = search.run(start)
    looked = found.report or found.over
    spare = leave_free(search.bounds, looked.run.conditions.step if looked else None)
    if spare is None:
        return found
    value = None if found.value is None else search.within(spare, float(found.value))
    return found._replace(spared=Spared(CONTEXT, value))


def _check_asked(
    vary: str, bounds: Sequence[FigureLimit], parameters: Mapping[str, object], step: TrainingStep | None
) -> None:
    """Raise an error where something that is asked has no say in the answer."""
    if vary in parameters:
        raise CallError(
            f"'{vary}' is what is varied, and given, too", hint="leave it out, or vary something else"
        )
    if are_about_step(bounds):
        return
    hint = "such as --limit 'train.peak_bytes <= 24GiB', or --memory 24GiB"
    if step is not None:
        raise CallError(SAYS_NOTHING, hint=hint)
    if vary == CHECKPOINT:
        raise CallError("what runs again in a step of training changes nothing that is limited", hint=hint)


def _upper_bounds(stated: Sequence[str | Limit]) -> list[FigureLimit]:
    """Return the limits, each on one figure.

    Raises:
        ArchcalcError: there are none, or one is something else than an upper bound.
    """
    limits = [limit(each) if isinstance(each, str) else each for each in stated]
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


def _squares(network: Network, whole: Conditions) -> Callable[[int | float], Report]:
    """Return what makes the report for inputs whose axes are all so long."""
    shapes = _shapes(network, whole)

    def make(side: float) -> Report:
        square = {name: (*shape[:1], *(int(side) for _ in shape[1:])) for name, shape in shapes.items()}
        return report_on(network, whole._replace(shapes=square))

    return make


def _parameter(network: Network, name: str) -> int | float:
    """Return the value of a parameter.

    Raises:
        ArchcalcError: there is none called so, or it is no number.
    """
    if name not in network.parameters:
        known = [BATCH, SIDE, CHECKPOINT, *network.parameters]
        raise ArchcalcError(
            f"{network.name} has no parameter '{name}' to vary",
            hint=nearest(name, known) or f"choose from {', '.join(known)}",
        )
    value = network.parameters[name]
    is_fraction = isinstance(value, float) and 0 < value < inf
    is_whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not isinstance(value, int | float) or not (is_fraction or is_whole):
        raise ArchcalcError(f"'{name}' is no number above 0", hint="only such a parameter is varied")
    return value
