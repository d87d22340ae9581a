"""What a step of training takes in memory, from what autograd keeps and when each tensor is born and dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.training.course import schedule
from archcalc.analysis.training.keeping import Keeping
from archcalc.analysis.training.optimizers import Optimizer, find_optimizer
from archcalc.analysis.training.replay import Peak, replay
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.schedule import Instant, Part, Schedule
from archcalc.analysis.training.segments import find_again
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.types import SIZES
from archcalc.analysis.training.walk import find_kept
from archcalc.ground.collector import pause_collector
from archcalc.ground.errors import CallError


class Training(NamedTuple):
    """What a step of training takes.

    `keeping` is what is kept for the backward pass, `schedule` what is born and dies in the step, `peak` the most that is
    alive at once, None where a layer is among the `unknown`: nobody knows what it keeps. `resident` are the bytes of what is
    there before the step, by what it is, `learnt` is how many parameters learn, and `gradients` are the bytes of their
    gradients by the position of the layer; `recomputed` are the MACs of what is run again, None where they are not known.
    """

    step: TrainingStep
    keeping: Keeping
    schedule: Schedule
    unknown: tuple[str, ...]
    peak: Peak | None
    resident: Mapping[Part, int]
    learnt: int
    gradients: Mapping[int, int]
    recomputed: int | None
    peak_at: str | None

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer."""
        return find_optimizer(self.step.optimizer)

    @property
    def optimizer_bytes(self) -> int:
        """The bytes of the optimizer's state."""
        return self.resident["optimizer"]

    @property
    def gradients_bytes(self) -> int:
        """The bytes of the gradients of all weights after the backward pass."""
        return sum(self.gradients.values())

    @property
    def kept_bytes(self) -> int | None:
        """The bytes between the forward and the backward pass beside weights, buffers and the optimizer's state.

        That is what is kept, the input and the output: in the blocks of PyTorch's allocator on CUDA, else as it is asked for.
        """
        return None if self.peak is None else self.peak.kept + self.resident["input"]

    @property
    def requested_bytes(self) -> int | None:
        """The same as it was asked for."""
        return None if self.unknown else self.schedule.sum_kept(("input", "activations", "kept"))

    @property
    def peak_bytes(self) -> int | None:
        """The most bytes at once of the whole step, all that is there included."""
        return None if self.peak is None else self.peak.bytes

    @property
    def reserved_bytes(self) -> int | None:
        """The bytes of all blocks that the allocator has after two steps; without one what is there, None where that is not known."""
        return None if self.peak is None else self.peak.reserved

    @property
    def rounding(self) -> int:
        """The bytes at the peak that the allocator's blocks have beyond what was asked for."""
        return 0 if self.peak is None else self.peak.bytes - sum(self.peak.parts.values())


@pause_collector()
def train(report: Report, step: TrainingStep | None = None) -> Training:
    """Work out what a step of training takes, by PyTorch's rules.

    Args:
        report: of the network with its auxiliary heads, which training has.
        step: how the step is done; as the report's conditions say unless told.

    Raises:
        ArchcalcError: there is no such optimizer, or the like; or nobody knows what is trained in the type of its numbers.
    """
    run = report.run
    step = step or run.conditions.step or TrainingStep()
    step.check()
    check_type(report.dtype)
    keeping = find_kept(run, Rules(step.device, step.in_place, frozen=step.frozen))
    course = schedule(run, keeping, step)
    resident: dict[Part, int] = dict.fromkeys(("weights", "buffers", "input", "optimizer"), 0)
    for tensor in course.tensors[: course.resident]:
        resident[tensor.part] = resident.get(tensor.part, 0) + tensor.bytes
    each = SIZES[keeping.types.weights]
    gradients: Counter[int] = Counter()
    for position, count in course.learnt:
        gradients[position] += step.share("gradients", count * each)
    unknown = tuple(run.nodes[position].name for position in keeping.unknown)
    peak = None if unknown else replay(course, as_allocated=step.device == "cuda")
    return Training(
        step,
        keeping,
        course,
        unknown,
        peak,
        resident,
        sum(count for _, count in course.learnt),
        gradients,
        _count_again(report, course),
        None if peak is None else name_moment(peak.moment, lambda layer: run.nodes[layer].name),
    )


def can_train(dtype: str) -> bool:
    """Tell whether a step of training runs in a type: PyTorch has no gradients of integers."""
    return not dtype.startswith("int")


def check_type(dtype: str) -> None:
    """Raise an error where nobody knows what would be trained in a type."""
    if not can_train(dtype):
        raise CallError(
            f"what would be trained in {dtype} is not known: gradients are no integers",
            hint="float32, or --dtype amp-bfloat16 for mixed precision; without --train it is about inference",
        )


def name_moment(moment: Instant, name: Callable[[int], str]) -> str:
    """Return when something happens, in words: "backward of fc6"; `name` says what a layer at a position is called."""
    phase, layer = moment
    if layer is None:
        return "the optimizer's step" if phase == "step" else phase
    return f"{'forward again' if phase == 'again' else phase} of {name(layer)}"


def _count_again(report: Report, course: Schedule) -> int | None:
    """Return the MACs of the layers that run again."""
    works = [report.run.facts[position].work for position in find_again(course.segments)]
    return None if None in works else sum(int(work.macs) for work in works if work is not None)
