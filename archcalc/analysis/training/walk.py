"""The walk that finds what autograd keeps: layer after layer, in which type each runs and in whose memory its output lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archcalc.analysis.engine import Facts
from archcalc.analysis.frozen import find_flow, find_learnt
from archcalc.analysis.run import Run
from archcalc.analysis.training.attention import find_attentions, keep_of_attention, lay_attention
from archcalc.analysis.training.keeping import AskedRule, Keeping, KeptTensor, Value, list_made
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.types import FULL, SIZES, Types, widest
from archcalc.network.liveness import last_uses
from archcalc.network.network import Node
from archcalc.op.keeps import Backward, Keeps, Saved, contiguous
from archcalc.op.site import Shape, Sizes, sizes_of


def find_kept(run: Run, rules: Rules) -> Keeping:
    """Return what is kept between the forward and the backward pass of a step of training."""
    walk = _Walk(run, rules)
    for position in range(len(run.nodes)):
        walk.take(position)
    return walk.keeping()


class _Layer(NamedTuple):
    """A layer on its way: what goes in and its shapes, the types in which it runs and of its output, and that to which inputs are cast."""

    position: int
    node: Node
    facts: Facts
    inputs: tuple[Value, ...]
    shapes: tuple[Sizes, ...]
    running: str
    made: str
    cast: str | None
    learnt: frozenset[str]

    @property
    def needed(self) -> tuple[bool, ...]:
        """For which inputs a gradient is needed."""
        return tuple([value.needs_gradient for value in self.inputs])

    @property
    def learns(self) -> bool:
        """Whether it has a backward pass: it learns, or something before it does."""
        return bool(self.learnt) or any(self.needed)


class _Walk:
    """What is known of the layers passed so far: their outputs, and what is kept by whom."""

    def __init__(self, run: Run, rules: Rules) -> None:
        self.run, self.rules = run, rules
        self.types = Types.of(run.conditions.dtype)
        self.learnt = find_learnt(run, rules.frozen)
        self.flow = find_flow(run, self.learnt)
        self.values: list[Value] = []
        self.until = last_uses([node.inputs for node in run.nodes], run.outputs)
        """After which layer nobody needs a value any more; of one that owns its storage, whatever lies in that."""
        self.outputs: dict[int, list[tuple[int, str]]] = {}
        """The layers that keep an output, and what for, by its storage."""
        self.made: list[KeptTensor] = []
        self.copied: dict[tuple[int, str], int] = {}
        """The copies of weights among those made, by whose weight it is."""
        self.unknown: list[int] = []
        self.attentions = find_attentions(run, rules.device) if rules.fused_attention else {}
        self.answers: dict[tuple[int, Backward], Keeps | None] = {}
        self.asked: dict[int, AskedRule] = {}

    def take(self, position: int) -> None:
        """Go through one more layer."""
        layer = self._look_at(position)
        attention = self.attentions.get(position)
        if attention is None:
            in_place = self._overwrites(layer)
            self._place(layer, in_place=in_place)
            keeps = self._ask(layer, in_place=in_place) if layer.learns else Keeps()
        elif position == attention.layers[-1]:
            layer = self._look_at(position, attention.inputs)
            kept = self._attend(layer)
            keeps = kept if layer.learns else Keeps()
        else:  # what a kernel does not make
            self._put(layer, position, layer.made, contiguous(layer.facts.output))
            self.values[position] = self.values[position]._replace(made=False)
            keeps = Keeps()
        if keeps is None:
            self.unknown.append(position)
        else:
            self._keep(layer, keeps)

    def _attend(self, layer: _Layer) -> Keeps:
        """Return what the kernel of an attention keeps, and say where its output lies."""
        y, device, is_low = layer.facts.output, self.rules.device, SIZES[layer.running] < SIZES[FULL]
        self._put(layer, layer.position, layer.made, lay_attention(y, device, is_low=is_low))
        return keep_of_attention(y, device, is_low=is_low)

    def _look_at(self, position: int, sources: tuple[int, ...] | None = None) -> _Layer:
        """Return a layer with its inputs, which are other `sources` where it stands for several."""
        node, facts = self.run.nodes[position], self.run.facts[position]
        sources = node.inputs if sources is None else sources
        inputs = tuple([self.values[source] for source in sources])
        shapes = tuple([self.run.facts[source].output for source in sources])
        cast = self.types.chosen(facts.op.cast(facts.at, self.rules.device)) if inputs else None
        running = cast or widest([value.dtype for value in inputs] or [self.types.weights])
        made = self._find_type(facts, inputs, running)
        return _Layer(position, node, facts, inputs, shapes, running, made, cast, self.learnt[position])

    def _find_type(self, facts: Facts, inputs: Sequence[Value], running: str) -> str:
        """Return the type of a layer's output."""
        if self.types.low and facts.op.widens(facts.at, self.rules.device):
            return widest((running, FULL))
        told = facts.op.typed_by(facts.at, self.rules.device)
        return widest([inputs[number].dtype for number in told]) if told else running

    def _overwrites(self, layer: _Layer) -> bool:
        """Tell whether a layer overwrites its input: it is told to, and nobody needs that any more, nor keeps it."""
        if not self.rules.overwrites(layer.facts.op, self.run.network):
            return False
        storage = layer.inputs[0].storage
        is_free = self.until[storage] <= layer.position and storage not in self.outputs
        return is_free and not self._is_weight(storage)

    def _is_weight(self, position: int) -> bool:
        return self.run.facts[position].traits.role == "constant"

    def _place(self, layer: _Layer, *, in_place: bool) -> None:
        """Say where a layer's output lies: in its first input's memory, or in new memory."""
        first, op, at = next(iter(layer.inputs), None), layer.facts.op, layer.facts.at
        if first is None:
            self._put(layer, layer.position, layer.made, contiguous(at.y))
        elif in_place:
            self._put(layer, first.storage, first.dtype, first.strides)
            self.values[layer.position] = self.values[layer.position]._replace(overwrites=True)
        elif (strides := op.alias(at, first.strides)) is not None:
            self._put(layer, first.storage, first.dtype, strides)
        else:
            self._put(layer, layer.position, layer.made, op.laid(at, first.strides))

    def _put(self, layer: _Layer, storage: int, dtype: str, strides: Shape) -> None:
        self.values.append(Value(storage, dtype, strides, self.flow[layer.position]))
        self.until[storage] = max(self.until[storage], self.until[layer.position])

    def _ask(self, layer: _Layer, *, in_place: bool) -> Keeps | None:
        """Return what an op says that it keeps, each asked once for the same circumstances."""
        step = Backward(
            layer.needed,
            layer.learnt,
            tuple([value.strides for value in layer.inputs]),
            self.rules.device,
            in_place,
        )
        self.asked[layer.position] = AskedRule(step, layer.cast)
        key = id(layer.facts), step
        if key not in self.answers:
            self.answers[key] = layer.facts.op.keeps(layer.facts.at, step)
        return self.answers[key]

    def _keep(self, layer: _Layer, keeps: Keeps) -> None:
        for number in keeps.inputs:
            value = layer.inputs[number]
            if layer.cast in (None, value.dtype) and not self._is_weight(value.storage):
                self._hold(value.storage, layer.position, keeps.why)
        if keeps.output:
            self._hold(self.values[layer.position].storage, layer.position, keeps.why)
        for tensor in list_made(keeps, layer.inputs, layer.shapes, layer.cast):
            self._make(layer, tensor)
        if layer.cast == self.types.low is not None:
            for name, why in keeps.weights.items():
                self._copy(layer, name, f"{why}; cast by autocast")

    def _hold(self, storage: int, position: int, why: str) -> None:
        self.outputs.setdefault(storage, []).append((position, why))

    def _make(self, layer: _Layer, tensor: Saved) -> None:
        """Add a tensor that is made for the backward pass."""
        dtype = self.types.of_role(tensor.role, layer.running)
        shape = sizes_of(tensor.shape)
        self.made.append(KeptTensor((layer.position,), None, tensor.role, dtype, shape, (tensor.why,)))

    def _copy(self, layer: _Layer, name: str, why: str) -> None:
        """Add a copy of a weight in the low type; of one that learns autocast makes one, however many layers share it."""
        owner = self.run.owner(layer.position)
        if name in layer.learnt and (owner, name) in self.copied:
            number = self.copied[owner, name]
            copy = self.made[number]
            self.made[number] = copy._replace(layers=(*copy.layers, layer.position), whys=(*copy.whys, why))
            return
        self.copied[owner, name] = len(self.made)
        shape = layer.facts.weights[name]
        self.made.append(KeptTensor((layer.position,), None, "weight", layer.running, shape, (why,), name))

    def keeping(self) -> Keeping:
        """Return what is kept, after the last layer."""
        entering = [p for p, facts in enumerate(self.run.facts) if facts.traits.role == "input"]
        ends = self.run.ends
        owners = dict.fromkeys(self.values[position].storage for position in ends)
        return Keeping(
            tuple(
                [self._describe(storage, keepers) for storage, keepers in self.outputs.items()] + self.made
            ),
            tuple([self._describe(position, []) for position in entering]),
            tuple([self._describe(position, []) for position in owners if not self._is_weight(position)]),
            tuple(self.unknown),
            ends,
            self.types,
            tuple(self.values),
            self.learnt,
            self.asked,
        )

    def _describe(self, storage: int, keepers: list[tuple[int, str]]) -> KeptTensor:
        """Return the tensor that lies in a storage."""
        shape = self.run.facts[storage].output
        layers, whys = tuple(position for position, _ in keepers), tuple(why for _, why in keepers)
        return KeptTensor(layers, storage, "activation", self.values[storage].dtype, shape, whys)
