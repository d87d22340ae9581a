"""A step of training as PyTorch's eager mode and autograd run it.

Forward, a layer's output lives until nobody needs it: no later layer, and no layer's backward pass. Backward, in the opposite
order, a layer takes the gradient of its output, makes those of its inputs and its weights, and drops what it kept, and then
that gradient. Where several layers read one output their gradients are added up, in place where the first is nobody else's.

Of a checkpointed segment only what goes into it is kept; before its backward pass it runs forward once more (Chen et al. 2016,
Training deep nets with sublinear memory cost). Of several ranks each has a share of the optimizer's states, of gradients and of
weights (Rajbhandari et al. 2020, ZeRO); shares of weights are put together for one layer at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archcalc.analysis.run import Run
from archcalc.analysis.training.keeping import Keeping, KeptTensor
from archcalc.analysis.training.optimizers import find_optimizer
from archcalc.analysis.training.schedule import Clock, Instant, Part, Phase, Schedule
from archcalc.analysis.training.segments import find_entering, find_segments
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.types import SIZES
from archcalc.network.liveness import last_uses
from archcalc.op.site import Sizes


def schedule(run: Run, keeping: Keeping, step: TrainingStep) -> Schedule:
    """Return what is born and what dies in a step of training, after a first one that made the optimizer's state."""
    course = _Course(run, keeping, step)
    resident = course.settle()
    segments = find_segments(run, keeping, step.checkpoint)
    for segment, is_kept in segments:
        course.go_forward(segment, is_kept=is_kept)
    course.begin_backward()
    for segment, is_kept in reversed(segments):
        if not is_kept:
            course.go_again(segment)
        course.go_backward(segment)
    course.update()
    learnt = [(position, prod(sizes)) for position, sizes in course.learnt]
    return Schedule(course.clock.tensors, course.clock.events, resident, learnt, segments)


class _Course:
    """One step on its way: the outputs that are there, what each layer keeps, and the gradients that wait."""

    def __init__(self, run: Run, keeping: Keeping, step: TrainingStep) -> None:
        self.run, self.keeping, self.step = run, keeping, step
        self.optimizer = find_optimizer(step.optimizer)
        self.clock = Clock()
        count = len(run.nodes)
        self.owned = [self._find_owned(position) for position in range(count)]
        self.learning = [self._find_learning(position) for position in range(count)]
        self.learnt = [(position, sizes) for position in range(count) for sizes in self.learning[position]]
        self.last = last_uses([node.inputs for node in run.nodes], keeping.ends)
        self.made: list[list[KeptTensor]] = [[] for _ in range(count)]
        self.held: list[list[int]] = [[] for _ in range(count)]  # storages that a layer's backward needs
        for tensor in keeping.tensors:
            if tensor.source is None:
                self.made[tensor.layers[0]].append(tensor)
            else:
                for layer in tensor.layers:
                    self.held[layer].append(tensor.source)
        self.memory: dict[int, int] = {}  # the tensor of each storage
        self.kept: list[list[int]] = [[] for _ in range(count)]
        self.gradients: dict[int, int] = {}
        self.inputs: dict[int, list[int]] = {}  # what goes into a checkpointed segment, by its first layer

    def settle(self) -> int:
        """Bear what is there before the step, and return how many tensors that are."""
        clock, step = self.clock, self.step
        each = SIZES[self.keeping.types.weights]
        for position in range(len(self.run.nodes)):
            for sizes in self.owned[position].values():
                clock.bear("weights", step.share("weights", prod(sizes) * each), position)
        for position, facts in enumerate(self.run.facts):
            for group in facts.tensors[1:]:
                for sizes in group.values():
                    clock.bear("buffers", prod(sizes) * each, position)
        for tensor in self.keeping.inputs:
            self.memory[tensor.source or 0] = clock.bear("input", tensor.bytes, tensor.source)
        for position, sizes in self.learnt:
            clock.bear("optimizer", step.share("optimizer", int(self.optimizer.state(sizes, each))), position)
            if step.accumulate > 1:
                clock.bear("weight gradients", step.share("gradients", prod(sizes) * each), position)
        clock.bear("optimizer", self.optimizer.shared if self.learnt else 0)
        return len(clock.tensors)

    def _find_owned(self, position: int) -> dict[str, Sizes]:
        """Return the sizes of the learnable tensors that are a layer's own, frozen ones among them."""
        node = self.run.nodes[position]
        learnable = self.run.facts[position].tensors[0]
        return {name: sizes for name, sizes in learnable.items() if node.owns(name)}

    def _find_learning(self, position: int) -> list[Sizes]:
        """Return the sizes of those of a layer's own tensors that learn."""
        learnt = self.keeping.learnt[position]
        return [sizes for name, sizes in self.owned[position].items() if name in learnt]

    def go_forward(self, segment: range, *, is_kept: bool) -> None:
        """Run the layers of a segment; what their backward pass needs is kept, or else what goes into it."""
        values = self.keeping.values
        if not is_kept:
            entering = find_entering(self.run, values, segment)
            self.inputs[segment.start] = [
                self.clock.hold(self.memory[storage]) for storage in entering if storage in self.memory
            ]
        for position in segment:
            self._run_layer(position, is_kept=is_kept)
            for source in dict.fromkeys(self.run.nodes[position].inputs):
                if self.last[source] == position:
                    self.clock.drop(self.memory[values[source].storage])

    def go_again(self, segment: range) -> None:
        """Run a checkpointed segment forward once more, and keep what its backward pass needs."""
        values = self.keeping.values
        own = {values[p].storage for p in segment if values[p].storage in segment}
        outside = {storage: self.memory.pop(storage) for storage in own if storage in self.memory}
        last = {p: p for p in segment} | {
            source: p for p in segment for source in self.run.nodes[p].inputs if source in segment
        }
        for position in segment:
            self._run_layer(position, is_kept=True, phase="again")
            for source in dict.fromkeys(self.run.nodes[position].inputs):
                if last.get(source) == position:
                    self.clock.drop(self.memory[values[source].storage])
        for position in segment:
            if last[position] == position:  # nobody in the segment reads it
                self.clock.drop(self.memory[values[position].storage])
        self.memory.update(outside)
        for tensor in self.inputs.pop(segment.start):
            self.clock.drop(tensor)

    def _run_layer(self, position: int, *, is_kept: bool, phase: Phase = "forward") -> None:
        """Bear a layer's output, where it has memory of its own, and what is made for its backward pass."""
        clock = self.clock
        clock.now = Instant(phase, position)
        gathered = self._gather(position)
        storage = self.keeping.values[position].storage
        if storage in self.memory:
            clock.hold(self.memory[storage])
        else:
            size = 0 if self.run.facts[storage].traits.role == "constant" else self._size(storage)
            self.memory[storage] = clock.bear("activations", size, position)
        if is_kept:
            self.kept[position] = [clock.hold(self.memory[source]) for source in self.held[position]]
            self.kept[position] += [clock.bear("kept", each.bytes, position) for each in self.made[position]]
        clock.drop(gathered)

    def _gather(self, position: int) -> int:
        """Return the weights of a layer, put together from the shares of all ranks; nothing where each has all."""
        size = 0
        if self.step.shares("weights"):
            size = sum(map(prod, self.owned[position].values())) * SIZES[self.keeping.types.weights]
        return self.clock.bear("weights", size, position)

    def _size(self, position: int) -> int:
        """Return the bytes of a layer's output; none where it is inside of a kernel."""
        if not self.keeping.values[position].made:
            return 0
        return prod(self.run.facts[position].output) * SIZES[self.keeping.values[position].dtype]

    def begin_backward(self) -> None:
        """Bear the gradients of what the step gets."""
        self.clock.now = Instant("backward", None)
        for end in self.keeping.ends:
            if self.keeping.values[end].needs_gradient:
                self.gradients[end] = self.clock.bear("gradients", self._size(end), end)

    def go_backward(self, segment: Sequence[int]) -> None:
        """Run the backward pass of the layers of a segment, the last one first."""
        for position in reversed(segment):
            gradient = self.gradients.pop(position, None)
            if gradient is not None:
                self.clock.now = Instant("backward", position)
                self._go_back_through(position, gradient)

    def _go_back_through(self, position: int, gradient: int) -> None:
        """Make the gradients of a layer's inputs and of its weights, and drop what that was done with."""
        clock, low, ran = self.clock, self._low(position), self.keeping.values[position].dtype
        workspace = clock.bear("workspace", self._workspace(position), position)
        gathered = self._gather(position)
        made = [
            (source, self._make_gradient(position, number, gradient))
            for number, source in enumerate(self.run.nodes[position].inputs)
            if self.keeping.values[source].needs_gradient
        ]
        each = SIZES[low or self.keeping.types.weights]
        weights = [
            clock.bear("weight gradients", prod(sizes) * each, position) for sizes in self.learning[position]
        ]
        for tensor in (workspace, gathered, *self.kept[position], gradient):
            clock.drop(tensor)
        for tensor in weights:
            self._finish(
                self._cast(tensor, "weight gradients", low, self.keeping.types.weights) if low else tensor
            )
        for source, tensor in made:
            self._add_up(source, self._cast(tensor, "gradients", ran, self.keeping.values[source].dtype))

    def _finish(self, tensor: int) -> None:
        """Add a gradient of weights to those of earlier batches, or leave the share of it that a rank keeps."""
        whole = self.clock.tensors[tensor]
        if self.step.accumulate > 1:
            self.clock.drop(tensor)
        elif self.step.shares("gradients"):
            self.clock.bear("weight gradients", self.step.share("gradients", whole.bytes), whole.layer)
            self.clock.drop(tensor)

    def _low(self, position: int) -> str | None:
        """Return the low type in which a layer runs with a copy of its weights; None where it does not."""
        facts, low = self.run.facts[position], self.keeping.types.low
        return low if facts.tensors[0] and facts.op.cast(facts.at, self.step.device) == "low" else None

    def _cast(self, tensor: int, part: Part, ran: str, dtype: str) -> int:
        """Return a gradient in the type of what it is of, in place of one in the type in which the layer ran."""
        if ran == dtype:
            return tensor
        before = self.clock.tensors[tensor]
        other = self.clock.bear(part, before.bytes // SIZES[ran] * SIZES[dtype], before.layer)
        self.clock.drop(tensor)
        return other

    def _workspace(self, position: int) -> int:
        """Return what a convolution's kernels need for a moment: as much as its input, its output and its weights.

        Nobody publishes what cuDNN asks for. This stands in for it: it leaves the least error over what was measured. A
        transposed convolution has the same kernels in other places: forward it runs that of a convolution's input gradient.
        """
        facts = self.run.facts[position]
        is_convolution = facts.traits.slides and facts.traits.deep
        if not is_convolution:
            return 0
        numbers = prod(facts.at.x) + prod(facts.output) + sum(map(prod, facts.tensors[0].values()))
        return numbers * SIZES[self.keeping.values[position].dtype]

    def _make_gradient(self, position: int, number: int, gradient: int) -> int:
        """Return the gradient of an input in the type in which the layer ran: the output's own, or a new tensor."""
        clock, facts = self.clock, self.run.facts[position]
        source = self.run.nodes[position].inputs[number]
        if facts.op.passes(facts.at, number):
            return clock.hold(gradient)
        ran, made = self.keeping.values[position].dtype, self.keeping.values[source].made
        size = prod(facts.at.xs[number]) * SIZES[ran] if made else 0
        if facts.op.sums_up(facts.at, number):
            whole = clock.bear("temporary", self._size(position), position)
            reduced = clock.bear("gradients", size, source)
            clock.drop(whole)
            return reduced
        return clock.bear("gradients", size, source)

    def _add_up(self, source: int, gradient: int) -> None:
        """Add a gradient to what is there of the same output, in place where that is nobody else's and not stretched."""
        clock = self.clock
        before = self.gradients.get(source)
        if before is None:
            self.gradients[source] = gradient
        elif clock.is_shared(before) or clock.tensors[before].bytes < self._size(source):
            self.gradients[source] = clock.bear("gradients", self._size(source), source)
            clock.drop(before)
            clock.drop(gradient)
        else:
            clock.drop(gradient)

    def update(self) -> None:
        """Run the optimizer's step."""
        clock = self.clock
        clock.now = Instant("step", None)
        each = SIZES[self.keeping.types.weights]
        there: list[int] = []
        for _, sizes in self.learnt:
            passing = self.optimizer.passing(sizes, each)
            for size in passing:
                there.append(clock.bear("temporary", self.step.share("optimizer", size)))
                if not self.optimizer.together and len(there) > len(passing):
                    clock.drop(there.pop(0))  # that of the tensor before, whose place this takes
        for tensor in there:
            clock.drop(tensor)
        for end in dict.fromkeys(self.keeping.ends):
            clock.drop(self.memory[self.keeping.values[end].storage])
