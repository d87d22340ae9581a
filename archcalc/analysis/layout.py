"""How the sizes of an input are stated: channels first unless a spec says otherwise, and without the batch.

Sizes in another order make sense to every formula and to nobody else, so what looks like them is refused. That is
asked only where windows slide over the input before anything gives its axes another meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archcalc.arithmetic.sight import Kept, Regrouped
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Layout, Network, Node
from archcalc.op.op import Op
from archcalc.op.site import Shapes, Sizes

PICTURES = (1, 3, 4)
"""How many channels pictures have."""


class Misread(NamedTuple):
    """What is wrong with the sizes of an input.

    `meant` are the sizes to state instead, and `otherwise` says how a spec keeps those that it has.
    """

    fact: str
    meant: str
    otherwise: str


def turn_channels_first(shape: Sizes, layout: Layout | None) -> Sizes:
    """Return the sizes of an input with the channels first, of sizes that are stated in a layout."""
    return (shape[-1], *shape[:-1]) if layout == "channels_last" else shape


def state_sizes(shape: Sizes, layout: Layout | None) -> Sizes:
    """Return the sizes of an input as a layout states them, of sizes with the channels first."""
    return (*shape[1:], shape[0]) if layout == "channels_last" else shape


def misread(network: Network, name: str, shape: Sizes) -> Misread | None:
    """Return what is wrong with the sizes of an input, as they are stated; None where they are meant, or may be."""
    if network.layout == "channels_first" or len(shape) not in (3, 4):
        return None
    layer = _first_sliding(network.nodes, name, turn_channels_first(shape, network.layout))
    if layer is None:
        return None
    if len(shape) == 4:
        return _with_a_batch(shape, _count_axes(layer), network.layout)
    if network.layout is None and _ends_with_channels(shape):
        return Misread(
            f"{_write(shape)} has its channels last",
            _write(turn_channels_first(shape, "channels_last")),
            f"'layout: channels_last' reads it as it stands, 'layout: channels_first' says that it is {shape[-1]} wide",
        )
    return None


def check_input(network: Network, name: str, shape: Sizes) -> None:
    """Raise a fact where an input of a network is given sizes, as they are stated, that cannot have been meant."""
    if mistake := misread(network, name, shape):
        order = "last here" if network.layout == "channels_last" else "first"
        apart = f"; --batch {shape[0]} says how many" if len(shape) == 4 else ""
        raise ArchcalcError(
            f"input {mistake.fact}", hint=f"channels come {order}, and no batch: {mistake.meant}{apart}"
        )


def _write(shape: Sizes) -> str:
    return "x".join(map(str, shape))


def _ends_with_channels(shape: Sizes) -> bool:
    """Tell whether the last of some sizes is that of channels and not of an axis of a picture."""
    return shape[-1] in PICTURES and shape[-1] < min(shape[-3:-1])


def _with_a_batch(shape: Sizes, axes: int | None, layout: Layout | None) -> Misread | None:
    """Return what is wrong with four sizes under a layer that slides over so many axes, None where it does not say."""
    if axes == 3:
        return None
    batch, channels, *picture = shape
    last = _ends_with_channels(shape) and (layout is None or batch == 1)
    first = channels in PICTURES and channels < min(picture) and (batch == 1 or channels != 4)
    if not (axes == 2 or last or (first and layout is None)):
        return None
    return Misread(
        f"{_write(shape)} begins with a batch",
        _write(turn_channels_first(shape[1:], "channels_last" if last and layout is None else None)),
        "where layers slide over three axes, their kernel says so, as in 'kernel: 3x3x3'",
    )


def _count_axes(op: Op) -> int | None:
    """Return over how many axes an op slides; None where each of its settings has one number for all of them."""
    values = (op.__dict__[s.attribute] for s in op.declared.values() if s.kind in ("size", "padding"))
    return max((len(value) for value in values if isinstance(value, tuple) and len(value) > 1), default=None)


def _first_sliding(nodes: Sequence[Node], name: str, shape: Sizes) -> Op | None:
    """Return the first op that slides windows over an input; None where there is none, or the axes change before it."""
    at = next(position for position, node in enumerate(nodes) if node.name == name)
    shape = (1, *shape)
    for position, node in enumerate(nodes):
        if at not in node.inputs:
            continue
        if node.op.traits.slides:
            return node.op
        if len(node.inputs) > 1 or not _keeps_axes(node.op, shape):
            return None
        at, shape = position, node.op.output_sizes(shape)
    return None


def _keeps_axes(op: Op, shape: Sizes) -> bool:
    """Tell whether each axis of an op's output is that of its input, longer or shorter perhaps."""
    site = Shapes((shape,))
    try:
        op.check(site)
    except ArchcalcError:
        return False
    match op.field(site):
        case Kept() as kept:
            return kept.sources == tuple(range(len(shape)))
        case "whole" | Regrouped():
            return False
        case _:
            return True
