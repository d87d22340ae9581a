"""Under which conditions a network is looked at: its inputs, its batch, with or without auxiliary heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcalc.analysis.report import BYTES
from archcalc.arithmetic.window import ROUNDINGS
from archcalc.ground.errors import ArchcalcError, listed, nearest
from archcalc.network.network import Network, Node
from archcalc.op.op import Shape
from archcalc.op.settings import extents, whole

Input = str | Sequence[int] | Mapping[str, str | Sequence[int]] | None
"""The shape of the first input without the batch, or shapes by the inputs' names; None for their own."""


def checked(batch: int | None, dtype: str, rounding: str | None) -> int | None:
    """Return the batch as an integer, or raise a fact where an argument is wrong."""
    try:
        batch = None if batch is None else whole(batch, 1)
    except ArchcalcError as error:
        raise ArchcalcError(f"batch {error.fact}") from None
    if dtype not in BYTES:
        raise ArchcalcError(
            f"there is no dtype '{dtype}'",
            hint=nearest(dtype, list(BYTES)) or f"choose one of {', '.join(BYTES)}",
        )
    if rounding not in (None, *ROUNDINGS):
        raise ArchcalcError(f"rounding must be {' or '.join(ROUNDINGS)}, not {rounding!r}")
    return batch


def inference(nodes: tuple[Node, ...]) -> Sequence[Node]:
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


def outputs_among(nodes: Sequence[Node], network: Network) -> list[int]:
    """Return the positions of the network's outputs among `nodes`."""
    position = {node.name: position for position, node in enumerate(nodes)}
    return [position[network.nodes[output].name] for output in network.outputs]


def shapes(input: Input, network: Network) -> dict[str, Shape]:
    """Return the shapes that a network's inputs are given, by name."""
    usual = {node.name: node.op.output()[1:] for node in network.nodes if node.op.feeds}
    return stated(input, usual, network.name)


def stated(input: Input, usual: Mapping[str, Sequence[int | str]], who: str) -> dict[str, Shape]:
    """Return the shapes that inputs are given, by name; `usual` are those that they have, a word for an open size.

    Raises:
        ArchcalcError: there is no such input, or its shape has another number of sizes.
    """
    if input is None:
        return {}
    given = input if isinstance(input, Mapping) else {next(iter(usual)): input}
    found = {}
    for name, value in given.items():
        if name not in usual:
            raise ArchcalcError(
                f"{who} has no input '{name}'",
                hint=nearest(name, list(usual)) or listed("its inputs", usual),
            )
        try:
            found[name] = extents(value)
        except ArchcalcError as error:
            raise ArchcalcError(f"input {error.fact}") from None
        if len(found[name]) != len(usual[name]):
            raise ArchcalcError(
                f"input has {len(found[name])} sizes, but {who} takes {len(usual[name])}",
                hint=f"channels first and no batch, as in {'x'.join(str(size or '?') for size in usual[name])}",
            )
    return found
