"""What becomes of a layer's tensors in a step of training: who keeps each, what for, until when, and its bytes derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Literal, NamedTuple, get_args

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.analysis.training.holders import Held, KeptBytes, find_holders
from archcalc.analysis.training.schedule import Instant
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import Training, train
from archcalc.analysis.training.types import SIZES
from archcalc.arithmetic.number import Number
from archcalc.ground.errors import visible
from archcalc.op.keeps import Role
from archcalc.op.op import elements
from archcalc.op.site import Shape, Sizes
from archcalc.questions.explain import Derivation, legend_of
from archcalc.questions.step_terms import TracedLayer, add_up, derive, find_overwriting, shown
from archcalc.sheet.pages import Paged

Piece = (
    Literal["input", "output", "taken", "weight", "weights", "buffers", "gradients", "optimizer", "rest"]
    | Role
)
"""What a tensor is to a layer.

`taken` is what a kernel takes that stands for the layer and others, `weight` a copy of one in the low type, `rest` what it
keeps beside where nobody knows that.
"""
Fate = Literal[
    "kept", "freed", "recomputed", "stays", "frozen", "made", "within", "fused", "elsewhere", "unknown"
]
"""What becomes of a tensor.

It is kept for the backward pass, freed after the forward pass, or made once more before the backward pass; it stays from step
to step, or does so and is frozen; it is made in the backward pass; it lies within the memory of another one of the layer's; it is never made, since a
kernel stands for several layers; it counts at another layer, whose weights are shared; or nobody knows.
"""
FATES: tuple[Fate, ...] = get_args(Fate)
PIECES: tuple[Piece, ...] = tuple(piece for some in get_args(Piece) for piece in get_args(some))


class Keeper(NamedTuple):
    """A layer that needs a tensor behind the forward pass, and what for; None where nobody knows whether it does."""

    layer: str
    why: str | None


class StepTensor(NamedTuple):
    """A tensor of a layer in a step of training.

    `source` is the layer whose output or whose weight it is, where that is not the layer itself, and `storage` the one in whose
    output's memory it lies, where that is another one; `names` are those of weights, and `alike` says how many tensors
    these are. `overwritten` are the layers that write over it in place. `until` says when it is freed, None where it stays;
    `special` what it is to the network: its input, or an output. `home` is the layer where its bytes count among what is kept,
    None where they do not.
    """

    piece: Piece
    fate: Fate
    source: str | None = None
    storage: str | None = None
    names: tuple[str, ...] = ()
    alike: int = 1
    dtype: str | None = None
    derivation: Derivation | None = None
    needs: tuple[Keeper, ...] = ()
    overwritten: tuple[str, ...] = ()
    until: Instant | None = None
    special: Literal["input", "output"] | None = None
    home: str | None = None

    @property
    def bytes(self) -> int | None:
        """Its bytes as it was asked for; None where they are not known, or those of another tensor."""
        return self.derivation.result if self.derivation else None


class StepFields(NamedTuple):
    """What an explanation of a layer in a step of training consists of; `kept` are the bytes that count at it."""

    row: Row
    tensors: tuple[StepTensor, ...]
    kept: int
    legend: Mapping[str, str]
    report: Report
    training: Training


class StepExplanation(StepFields, Paged):
    """A layer in a step of training: what becomes of each of its tensors."""

    __slots__ = ()

    def __repr__(self) -> str:
        layer = f"{visible(self.row.name)} of {visible(self.report.name)}"
        return f"<StepExplanation of {layer}: {len(self.tensors)} tensors>"


def explain_step(report: Report, layer: str, step: TrainingStep | None = None) -> StepExplanation:
    """Say what becomes of a layer's tensors in a step of training.

    Args:
        report: of the network with its auxiliary heads, which training has.
        layer: the layer's name.
        step: how the step is done; as the report's conditions say unless told.

    Raises:
        ArchcalcError: there is no such layer, or no such optimizer or the like.
    """
    position = report.position(layer)
    return StepStory(report, train(report, step)).tell(position)


class StepStory:
    """A step of training, of which each layer can be asked."""

    def __init__(self, report: Report, training: Training) -> None:
        self.report, self.training, self.run = report, training, report.run
        self.values = training.keeping.values
        self.holding = find_holders(self.run, training.keeping, training.schedule)
        self.counted = self.holding.count_kept()
        self.learnt = training.keeping.learnt
        self.entering = {tensor.source for tensor in training.keeping.inputs}
        self.overwriting = find_overwriting(self.values)
        self.ends = {self.values[end].storage for end in training.keeping.ends}
        parts = training.schedule.tensors
        self.grown = {tensor.layer for tensor in parts if tensor.part == "weight gradients"}
        """The layers whose weights get a gradient."""

    def tell(self, position: int) -> StepExplanation:
        """Return what becomes of the tensors of the layer at a position."""
        row, layer = self.report.rows[position], self.run.layers[position]
        sources = [self.report.rows[source] for source in layer.node.inputs]
        traced = TracedLayer(layer, row, self.training.keeping, position)
        return StepExplanation(
            row=row,
            tensors=(
                *self._list_stored(position, traced),
                *self._list_made(position, traced),
                *self._list_unknown(position),
                *self._list_weights(position, traced),
            ),
            kept=self.count_kept(position),
            legend=legend_of(layer.op, sources, self.report),
            report=self.report,
            training=self.training,
        )

    def count_kept(self, position: int) -> int:
        """Return the bytes between the forward and the backward pass that count at a layer, each storage at one alone."""
        return self.counted.get(position, KeptBytes()).whole

    def _name(self, position: int) -> str:
        return self.run.nodes[position].name

    def _list_stored(self, position: int, traced: TracedLayer) -> Iterator[StepTensor]:
        """Yield the inputs, what a kernel takes in their place, and the output, each storage once."""
        layer = self.run.layers[position]
        seen: set[int] = set()
        places = {source: number for number, source in reversed([*enumerate(layer.node.inputs)])}
        for source in dict.fromkeys(layer.node.inputs):
            number = places[source]
            storage = self.values[source].storage
            if storage in seen:
                yield StepTensor("input", "within", self._name(source), self._name(storage))
            else:
                seen.add(storage)
                yield self._describe("input", source, traced.at.xs[number], layer.at.xs[number])
        value = self.values[position]
        for tensor in self.training.keeping.tensors:
            known = (None, *seen, value.storage)
            if position in tensor.layers and tensor.source is not None and tensor.source not in known:
                seen.add(tensor.source)
                yield self._describe("taken", tensor.source, (), ())
        if value.storage in seen:
            writes = (self._name(position),) if value.overwrites else ()
            owner = self._name(value.storage)
            yield StepTensor("output", "within", storage=owner, dtype=value.dtype, overwritten=writes)
        else:
            yield self._describe("output", position, traced.at.y, layer.facts.output)

    def _describe(self, piece: Piece, position: int, symbols: Shape, sizes: Sizes) -> StepTensor:
        """Return what becomes of the output of a layer, of whose storage `symbols` are the terms where it has these sizes."""
        value = self.values[position]
        storage, shape = value.storage, self.run.facts[value.storage].output
        source = None if piece == "output" else self._name(position)
        dtype = self.values[storage].dtype
        owner = None if storage == position else self._name(storage)
        derivation = derive(prod(symbols if shape == sizes else shown(shape)) * SIZES[dtype])
        if self.run.facts[storage].traits.role == "constant":
            return StepTensor(piece, "stays", source, dtype=dtype, derivation=derivation if source else None)
        held = self.holding.storages.get(storage)
        if not value.made or held is None:
            return StepTensor(piece, "fused", source, dtype=dtype)
        others = map(self._name, self.overwriting.get(storage, ()))
        special: Literal["input", "output"] | None = None
        if storage in self.entering:
            special = "input"
        elif storage in self.ends:
            special = "output"
        return self._settle(
            StepTensor(
                piece,
                "kept",
                source,
                owner,
                dtype=dtype,
                derivation=derivation,
                special=special,
                overwritten=tuple(others),
            ),
            held,
        )

    def _settle(self, tensor: StepTensor, held: Held) -> StepTensor:
        """Return a tensor with its fate, and with who holds it until when."""
        if held.kept:
            fate: Fate = "kept"
        elif held.is_again:
            fate = "recomputed"
        else:
            fate = "unknown" if any(holder.why is None for holder in held.holders) else "freed"
        life = next((life for life in held.lives if life.is_kept), held.lives[-1])
        return tensor._replace(
            fate=fate,
            needs=tuple(Keeper(self._name(holder.layer), holder.why) for holder in held.holders),
            until=life.died,
            home=self._name(held.home) if held.kept else None,
        )

    def _list_made(self, position: int, traced: TracedLayer) -> Iterator[StepTensor]:
        """Yield what is made for the backward pass alone, those that are alike together."""
        shapes = iter(traced.list_made())
        sizes: dict[tuple[StepTensor, int], list[Number]] = {}
        for tensor, held in self.holding.made.get(position, ()):
            if tensor.role == "weight":
                size = elements([traced.op.weights(traced.at)[tensor.name]])
            else:
                size = prod(shown(next(shapes, tensor.shape)))
            one = StepTensor(
                "weight" if tensor.role == "activation" else tensor.role,
                "kept",
                names=(tensor.name,) if tensor.name else (),
                dtype=tensor.dtype,
            )
            alike = sizes.setdefault((self._settle(one, held), tensor.bytes), [])
            alike.append(size * SIZES[tensor.dtype])
        for (settled, _), alike in sizes.items():
            yield settled._replace(alike=len(alike), derivation=derive(len(alike) * alike[0]))

    def _list_unknown(self, position: int) -> Iterator[StepTensor]:
        if position in self.training.keeping.unknown:
            yield StepTensor("rest", "unknown")

    def _list_weights(self, position: int, traced: TracedLayer) -> Iterator[StepTensor]:
        """Yield weights, their gradients, the optimizer's state, and buffers."""
        layer = self.run.layers[position]
        dtype = self.training.keeping.types.weights
        learnt, *others = (
            group(traced.at) for group in (traced.op.weights, traced.op.fixed, traced.op.buffers)
        )
        owned = {name: shown(shape) for name, shape in learnt.items() if layer.node.owns(name)}
        elsewhere = tuple(name for name in learnt if name not in owned)
        if elsewhere:
            owner = None if layer.node.tied is None else self._name(layer.node.tied)
            yield StepTensor("weights", "elsewhere", source=owner, names=elsewhere, dtype=dtype)
        learning = {name: shape for name, shape in owned.items() if name in self.learnt[position]}
        frozen = {name: shape for name, shape in owned.items() if name not in learning}
        yield from self._list_owned("stays", learning, traced)
        yield from self._list_owned("frozen", frozen, traced)
        if learning and position in self.grown:
            yield from self._list_updates(position, learning, dtype)
        if fixed := {name: shown(shape) for group in others for name, shape in group.items()}:
            size = elements(fixed.values()) * SIZES[dtype]
            yield StepTensor("buffers", "stays", names=tuple(fixed), dtype=dtype, derivation=derive(size))

    def _list_owned(
        self, fate: Fate, owned: Mapping[str, Shape], traced: TracedLayer
    ) -> Iterator[StepTensor]:
        """Yield weights of a layer's own that all have one fate, if there are any."""
        if not owned:
            return
        dtype, needed = self.training.keeping.types.weights, traced.list_needed()
        needs = tuple(
            Keeper(traced.layer.node.name, f"{why} ({name})" if len(needed) > 1 or len(owned) > 1 else why)
            for name, why in needed.items()
            if name in owned
        )
        size = self._measure("weights", owned, SIZES[dtype])
        yield StepTensor("weights", fate, None, None, tuple(owned), 1, dtype, derive(size), needs)

    def _measure(self, what: str, owned: Mapping[str, Shape], each: int) -> Number:
        """Return the bytes of weights or of their gradients, or those that a rank has of each."""
        step = self.training.step
        if step.shares(what):
            return add_up(step.share(what, elements([shape]) * each) for shape in owned.values())
        return elements(owned.values()) * each

    def _list_updates(self, position: int, owned: Mapping[str, Shape], dtype: str) -> Iterator[StepTensor]:
        """Yield the gradients of weights, and what the optimizer keeps beside them."""
        step, state, each = self.training.step, self.training.optimizer.state, SIZES[dtype]
        is_sum = step.accumulate > 1
        size = self._measure("gradients", owned, each)
        yield StepTensor(
            "gradients",
            "stays" if is_sum else "made",
            names=tuple(owned),
            dtype=dtype,
            derivation=derive(size),
        )
        size = add_up(step.share("optimizer", state(shape, each)) for shape in owned.values())
        if derivation := derive(size):
            yield StepTensor("optimizer", "stays", names=tuple(owned), derivation=derivation)
