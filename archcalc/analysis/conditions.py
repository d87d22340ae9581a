"""Under which conditions a network is looked at, as one value that every question takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, Self, TypedDict, cast, get_args

from archcalc.analysis.layout import check_input, state_sizes, turn_channels_first
from archcalc.arithmetic.window import ROUNDINGS, Rounding
from archcalc.ground.errors import ArchcalcError, list_names, nearest
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents, whole
from archcalc.op.site import Sizes

if TYPE_CHECKING:
    from archcalc.analysis.timing.device import Mode, Placement
    from archcalc.analysis.training.step import TrainingStep

DType = Literal["float64", "float32", "tf32", "float16", "bfloat16", "amp-float16", "amp-bfloat16", "int8"]


class NumberBytes(NamedTuple):
    """The bytes of one number among weights, and of one among activations."""

    weight: int
    activation: int


BYTES: dict[str, NumberBytes] = {
    "float64": NumberBytes(8, 8),
    "float32": NumberBytes(4, 4),
    "tf32": NumberBytes(4, 4),
    "float16": NumberBytes(2, 2),
    "bfloat16": NumberBytes(2, 2),
    "amp-float16": NumberBytes(4, 2),
    "amp-bfloat16": NumberBytes(4, 2),
    "int8": NumberBytes(1, 1),
}
"""The bytes of one number, by dtype; tf32 is float32 with products in TF32, amp mixed precision, in which weights stay in float32."""
AUTOCAST: dict[str, str] = {f"amp-{low}": low for low in ("float16", "bfloat16")}
"""The low type that mixed precision runs most of the work in, by dtype."""

Input = str | Sequence[int] | Mapping[str, str | Sequence[int]] | None
"""The shape of the first input without the batch, or shapes by the inputs' names; None for their own."""


class Asked(TypedDict):
    """What the questions take as keywords beside the input."""

    batch: int | None
    dtype: DType | None
    rounding: Rounding | None
    train: bool


class Conditions(NamedTuple):
    """Under which conditions a network is looked at.

    `shapes` are those that its inputs are given, by name and without the batch; `batch` and `rounding` are None
    where they are the network's own; `train` keeps the heads that exist only in training, and `step` says how a step of
    training is done, None as usual, and `placement` on which device it runs, None where nobody says; `place` finds the
    devices that figures name.
    """

    shapes: Mapping[str, Sizes]
    batch: int | None
    dtype: DType
    rounding: Rounding | None
    train: bool
    step: TrainingStep | None = None
    placement: Placement | None = None
    place: Callable[[str, Mode | None], Placement] | None = None

    @property
    def frozen(self) -> tuple[str, ...]:
        """The patterns of the weights that do not learn in a step of training."""
        return self.step.frozen if self.step else ()

    def on(self, device: str) -> Self:
        """Return the same on a device by its name or path, in the mode that is told, or as is usual there.

        Raises:
            ArchcalcError: there is no such device, or its file cannot be read.
        """
        if self.place is None:
            raise ValueError("nobody says where devices are")
        mode = self.placement.mode if self.placement and self.placement.is_told else None
        return self._replace(placement=self.place(device, mode))

    @classmethod
    def of(
        cls,
        network: Network,
        *,
        input: Input = None,
        batch: int | None = None,
        dtype: str | None = None,
        rounding: str | None = None,
        train: bool = False,
        step: TrainingStep | None = None,
        placement: Placement | None = None,
        place: Callable[[str, Mode | None], Placement] | None = None,
    ) -> Self:
        """Return the conditions as `analyze` takes them, for this network.

        Raises:
            ArchcalcError: one of them is wrong, or the network has no such input.
        """
        return cls(
            shapes=_shapes(input, network),
            batch=_batch(batch),
            dtype=_dtype(dtype or network.dtype or "float32"),
            rounding=_rounding(rounding),
            train=train,
            step=_step(step),
            placement=placement,
            place=place,
        )


def _batch(batch: int | None) -> int | None:
    try:
        return None if batch is None else whole(batch, 1)
    except ArchcalcError as error:
        raise ArchcalcError(f"batch {error.fact}") from None


def _dtype(name: str) -> DType:
    for dtype in get_args(DType):
        if name == dtype:
            return cast("DType", dtype)
    raise ArchcalcError(
        f"there is no dtype '{name}'", hint=nearest(name, list(BYTES)) or f"choose one of {', '.join(BYTES)}"
    )


def _step(step: TrainingStep | None) -> TrainingStep | None:
    if step is not None:
        from archcalc.analysis.training.step import TrainingStep

        if not isinstance(step, TrainingStep):
            raise ArchcalcError("step is no TrainingStep", hint="such as TrainingStep('adam')")
        step.check()
    return step


def _rounding(name: str | None) -> Rounding | None:
    for rounding in (None, *ROUNDINGS):
        if name == rounding:
            return rounding
    raise ArchcalcError(f"rounding must be {' or '.join(ROUNDINGS)}, not {name!r}")


def without_heads(nodes: tuple[Node, ...]) -> Sequence[Node]:
    """Return the nodes without the auxiliary heads, positions renumbered."""
    if not any(node.auxiliary for node in nodes):
        return nodes
    kept: list[Node] = []
    position: dict[int, int] = {}
    for old, node in enumerate(nodes):
        if node.auxiliary:
            continue
        position[old] = len(kept)
        tied = None if node.tied is None else position[node.tied]
        kept.append(node._replace(inputs=tuple(position[i] for i in node.inputs), tied=tied))
    return kept


def outputs_among(nodes: Sequence[Node], network: Network) -> tuple[int, ...]:
    """Return the positions of the network's outputs among `nodes`."""
    if nodes is network.nodes:
        return tuple(output % len(nodes) for output in network.outputs)
    position = {node.name: position for position, node in enumerate(nodes)}
    return tuple(position[network.nodes[output].name] for output in network.outputs)


def _shapes(input: Input, network: Network) -> dict[str, Sizes]:
    """Return the shapes that a network's inputs are given, by name, the channels first.

    Raises:
        ArchcalcError: there is no such input, its shape has another number of sizes, or they are in another order.
    """
    if input is None:
        return {}
    layout = network.layout
    usual = {
        node.name: state_sizes(node.op.output_sizes()[1:], layout)
        for node in network.nodes
        if node.op.traits.role == "input"
    }
    shapes = read_shapes(input, usual, network.name, "last" if layout == "channels_last" else "first")
    for name, shape in shapes.items():
        check_input(network, name, shape)
    return {name: turn_channels_first(shape, layout) for name, shape in shapes.items()}


def read_shapes(
    input: Input, usual: Mapping[str, Sequence[int | str]], who: str, channels: str = "first"
) -> dict[str, Sizes]:
    """Return the shapes that inputs are given, by name; `usual` are those that they have, a word for an open size.

    `channels` says where these are among the sizes, first or last.

    Raises:
        ArchcalcError: there is no such input, or its shape has another number of sizes.
    """
    if input is None:
        return {}
    given = input if isinstance(input, Mapping) else {next(iter(usual)): input}
    shapes = {}
    for name, value in given.items():
        if name not in usual:
            raise ArchcalcError(
                f"{who} has no input '{name}'",
                hint=nearest(name, list(usual)) or list_names("its inputs", usual),
            )
        try:
            shapes[name] = extents(value)
        except ArchcalcError as error:
            raise ArchcalcError(f"input {error.fact}", hint=error.hint) from None
        if len(shapes[name]) != len(usual[name]):
            raise ArchcalcError(
                f"input has {len(shapes[name])} size{'s' * (len(shapes[name]) != 1)}, but {who} takes {len(usual[name])}",
                hint=f"channels {channels} and no batch, as in {'x'.join(str(size or '?') for size in usual[name])}",
            )
    return shapes
