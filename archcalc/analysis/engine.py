"""What ops say of input shapes, each asked once; the only methods that the engine knows are those of `Op`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import prod

from archcalc.arithmetic.sight import Field
from archcalc.arithmetic.window import Rounding, Uneven
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Node
from archcalc.op.op import Op, Weights, elements, extents_of
from archcalc.op.site import Shapes, Sizes, Spot, sizes_of


class Facts:
    """What an op says of given input shapes; beside what every figure needs, each answer is worked out when it is asked for.

    `settings` are those that the network states. `tensors` are the learnt ones, the fixed ones and the buffers, and
    `counts` how many numbers each of these hold. `held` are the numbers of the output in memory while it is needed, and
    `stored` those that it takes anew, where it is no view and nothing that is there already.
    """

    def __init__(self, op: Op, settings: Op, at: Spot) -> None:
        self.op = op
        self.stating = settings
        self.at = at
        self.output = at.y
        self.tensors = (_whole(op.weights(at)), _whole(op.fixed(at)), _whole(op.buffers(at)))
        self.counts = tuple([int(elements(group.values())) if group else 0 for group in self.tensors])
        self.work = op.work(at)
        self.traits = traits = op.traits
        size = prod(at.y) if at.y else 0
        self.held = 0 if traits.role == "constant" else size
        self.stored = 0 if traits.storage == "view" or traits.role in ("input", "constant") else size

    @cached_property
    def settings(self) -> Mapping[str, object]:
        """The settings that differ from their defaults."""
        return self.stating.stated()

    @cached_property
    def weights(self) -> Mapping[str, Sizes]:
        """The shapes of the weights: learnt and fixed ones."""
        return {**self.tensors[0], **self.tensors[1]}

    @cached_property
    def uneven(self) -> tuple[Uneven, ...]:
        """The axes on which the window does not fit evenly."""
        return self.op.uneven(self.at)

    @cached_property
    def unfolded(self) -> tuple[int, int] | None:
        """Rows and columns of the matrix that im2col makes of the input."""
        matrix = self.op.unfolded(self.at)
        return (int(matrix[0]), int(matrix[1])) if matrix else None

    @cached_property
    def field(self) -> Field:
        """What an output element sees of the input."""
        return self.op.field(self.at)


Ask = Callable[[Node, tuple[Sizes, ...]], Facts]
"""Asks the op of a node about input shapes."""


class Engine:
    """Asks ops, each once for the same input shapes; for one network, or for several that have much in common."""

    def __init__(self) -> None:
        self.equal: dict[tuple[Op, Rounding | None], Op] = {}
        self.facts: dict[tuple[int, tuple[Sizes, ...]], Facts] = {}  # by the identity of an op as it runs

    def under(self, rounding: Rounding | None, nodes: Sequence[Node]) -> Ask:
        """Return what asks the ops of one network: what the op of one of its nodes says of input shapes.

        Most nodes share an op with others, so that its identity tells which one it is.
        """
        ops: dict[int, Op] = {}

        def asked(node: Node, shapes: tuple[Sizes, ...]) -> Facts:
            op = ops.get(id(node.op))
            if op is None:
                op = ops[id(node.op)] = self._as_it_runs(node.op, rounding)
            facts = self.facts.get((id(op), shapes))
            if facts is None:
                try:
                    facts = self.facts[id(op), shapes] = _ask(op, node.op, Shapes(shapes))
                except ArchcalcError as error:
                    raise _locate(error, node, nodes, shapes) from None
            return facts

        return asked

    def _as_it_runs(self, op: Op, rounding: Rounding | None) -> Op:
        """Return an op under a rounding, or the first one that was equal to it."""
        runs = self.equal.get((op, rounding))
        if runs is None:
            runs = self.equal[op, rounding] = op.rounded(rounding) if rounding else op
        return runs


def _ask(op: Op, stating: Op, at: Spot) -> Facts:
    """Ask an op for everything that it says of these input shapes; () is a shape that is not known."""
    is_known = op.traits.role != "unknown"
    if () in at.xs and is_known:
        raise ArchcalcError("takes an input whose size is not known", hint="state the shape of what it takes")
    if at.xs and is_known and min(map(len, at.xs)) < op.traits.least_axes:
        raise ArchcalcError(
            "takes channels, but its input is one number a sample", hint="put '- reshape: 1' before it"
        )
    op.check(at)
    output = sizes_of(op.output(at))
    if len(output) > 1 + limits.AXES:
        raise ArchcalcError(
            f"its output has {len(output) - 1:,} axes beside the batch; the most are {limits.AXES}"
        )
    if max(output, default=0) > limits.MAGNITUDE:
        raise ArchcalcError("its output is too large: a size goes up to 10^18")
    return Facts(op, stating, Shapes(at.xs, output))


def _whole(tensors: Weights) -> dict[str, Sizes]:
    """Return tensors' shapes as the integers that they are made of."""
    return {name: sizes_of(shape) for name, shape in tensors.items()} if tensors else {}


def _locate(
    error: ArchcalcError, node: Node, nodes: Sequence[Node], shapes: tuple[Sizes, ...]
) -> ArchcalcError:
    """Return an op's fact with the layer's name and place, and with its inputs where there are several."""
    who = f"{node.op.kind} '{node.name}'"
    if len(shapes) > 1:
        names = node.labels or [nodes[source].name for source in node.inputs]
        who += ": " + " and ".join(
            f"{extents_of(shape)} from '{name}'" for name, shape in zip(names, shapes, strict=True)
        )
    return error.at(who, node.origin)
