"""A network and conditions to a report: the figures of every layer, and their totals. Renderers see this and never an op."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from archcalc.analysis.arena import count_alive, lifetimes
from archcalc.analysis.conditions import BYTES, Conditions, DType
from archcalc.analysis.engine import Engine
from archcalc.analysis.row import Row, Totals
from archcalc.analysis.rows import rows_of, totals_of
from archcalc.analysis.run import Run, hint_for_layer, run
from archcalc.arithmetic.window import Rounding
from archcalc.ground.collector import pause_collector
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.network.network import Network
from archcalc.op.site import Sizes
from archcalc.sheet.numbers import short
from archcalc.sheet.pages import Paged

if TYPE_CHECKING:
    from archcalc.analysis.training.step import TrainingStep

Answer = TypeVar("Answer")
FIELDS = ("name", "title", "source", "input_shape", "outputs", "batch", "dtype", "rows", "totals")
"""What makes two reports equal."""


@pause_collector()
def report_on(network: Network, conditions: Conditions, engine: Engine | None = None) -> Report:
    """Return the report on a network under conditions; an `engine` that has run others knows what they have in common.

    Raises:
        ArchcalcError: a layer does not suit its input, or shares weights that there are not.
    """
    return Report(run(network, conditions, engine))


class Report(Paged):
    """What analysis found: a row for every layer, in the order of the network, and the totals.

    `run` is what all of this is drawn from, each field when it is asked for.
    """

    run: Run

    def __init__(self, run: Run) -> None:
        self.__dict__["run"] = run

    def _replace(self, **changes: object) -> Report:
        """Return a report that differs in some fields."""
        changed = Report(self.run)
        changed.__dict__.update(self.__dict__ | changes)
        return changed

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a report does not change")

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for every layer."""
        return rows_of(self.run)

    @cached_property
    def totals(self) -> Totals:
        """The sums over all layers."""
        return totals_of(self.run)

    @property
    def in_training(self) -> Report | None:
        """The same with the heads that exist only in training; None where these do not suit the input."""
        has_heads = not self.train and any(node.auxiliary for node in self.run.network.nodes)
        return self._with_heads if has_heads else self

    @cached_property
    def _with_heads(self) -> Report | None:
        try:
            return report_on(self.run.network, self.run.conditions._replace(train=True))
        except ArchcalcError:
            return None

    def done_by(self, step: TrainingStep) -> Report:
        """Return the report on the same network with a step of training that is done otherwise."""
        return Report(self.run.under(self.run.conditions._replace(step=step)))

    def on(self, device: str) -> Report:
        """Return the same network on a device, by its name or the path of its file.

        Raises:
            ArchcalcError: there is no such device, or its file cannot be read.
        """
        if device not in self._elsewhere:
            self._elsewhere[device] = Report(self.run.under(self.run.conditions.on(device)))
        return self._elsewhere[device]

    @cached_property
    def _elsewhere(self) -> dict[str, Report]:
        return {}

    def once(self, ask: Callable[[Report], Answer]) -> Answer:
        """Return what a function says of the report, which is asked once however many figures are read from it."""
        if ask not in self._answers:
            self._answers[ask] = ask(self)
        return cast("Answer", self._answers[ask])

    @cached_property
    def _answers(self) -> dict[Callable[[Report], object], object]:
        return {}

    @cached_property
    def outputs(self) -> tuple[Row, ...]:
        """The rows whose outputs are the network's."""
        return tuple(self.rows[position] for position in self.run.outputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and all(getattr(self, key) == getattr(other, key) for key in FIELDS)

    __hash__ = None  # type: ignore[assignment]  # what a network expects may be lists

    def __repr__(self) -> str:
        totals = self.totals
        figures = f"{short(totals.params)} parameters, {short(totals.macs)} MACs"
        return f"<Report of {visible(self.name)}: {len(self.run.nodes)} layers, {figures}, batch {self.batch}, {self.dtype}>"

    def position(self, layer: str) -> int:
        """Return where a layer stands.

        Raises:
            ArchcalcError: there is no such layer.
        """
        positions = self.run.positions
        if layer not in positions:
            raise ArchcalcError(
                f"{self.name} has no layer '{layer}'",
                hint=hint_for_layer(self.run, layer),
            )
        return positions[layer]

    @cached_property
    def name(self) -> str:
        """The network's name."""
        return self.run.network.name

    @cached_property
    def title(self) -> str:
        """The network's title; empty where it has none."""
        return self.run.network.title

    @cached_property
    def source(self) -> str:
        """Where the network comes from; empty where it does not say."""
        return self.run.network.source

    @cached_property
    def input_shape(self) -> Sizes:
        """The shape of the first input without the batch, (C, *I)."""
        return self.run.facts[0].output[1:]

    @cached_property
    def batch(self) -> int:
        """How many samples go through at once."""
        return self.run.facts[0].output[0]

    @cached_property
    def dtype(self) -> DType:
        """The type of weights and activations, which says how many bytes a number takes."""
        return self.run.conditions.dtype

    @property
    def rounding(self) -> Rounding | None:
        """How sizes are rounded in layers that say none; None where it is as the op has it."""
        return self.run.network.rounding

    @property
    def train(self) -> bool:
        """Whether the heads are there that exist only in training."""
        return self.run.conditions.train

    @property
    def busiest(self) -> str:
        """The name of the layer while which most is alive."""
        alive = count_alive(lifetimes(self.run), len(self.run.nodes))
        return self.run.nodes[alive.index(max(alive))].name

    @property
    def parameters(self) -> Mapping[str, object]:
        """The values of the spec's own parameters."""
        return self.run.network.parameters

    @property
    def output(self) -> Row:
        """The row of the first output."""
        return self.outputs[0]

    @property
    def inputs(self) -> tuple[Row, ...]:
        """The rows where data enters."""
        return tuple(row for row in self.rows if row.role == "input")

    @property
    def entries(self) -> tuple[tuple[str, Sizes], ...]:
        """The name and the shape, batch first, of each input."""
        names = (
            node.name
            for node, facts in zip(self.run.nodes, self.run.facts, strict=True)
            if facts.traits.role == "input"
        )
        return tuple(zip(names, self.input_shapes, strict=True))

    @property
    def input_shapes(self) -> tuple[Sizes, ...]:
        """The shapes of the inputs, batch first."""
        return tuple(facts.output for facts in self.run.facts if facts.traits.role == "input")

    @property
    def bytes_each(self) -> int:
        """The bytes of one number that a layer stores, as far as they are of the low type in mixed precision."""
        return BYTES[self.dtype].activation

    @property
    def bytes_each_weight(self) -> int:
        """The bytes of one weight."""
        return BYTES[self.dtype].weight

    @property
    def weight_bytes(self) -> int:
        """The bytes of all weights: learnable, fixed and buffers."""
        totals = self.totals
        return (totals.params + totals.fixed + totals.buffers) * self.bytes_each_weight

    @property
    def activation_bytes(self) -> int:
        """The bytes of all activations together, as if none were freed."""
        return self.totals.activations * self.bytes_each

    @property
    def peak_bytes(self) -> int:
        """The bytes of the largest set of activations alive at once.

        Layers run in the order of the rows; a tensor is freed after its last use; a layer's inputs and
        its output are alive together; the input counts.
        """
        return self.totals.peak * self.bytes_each
