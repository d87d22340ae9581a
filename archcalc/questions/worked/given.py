"""The values that a layer is worked out on: its input and its weights, held against the shapes that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

from archcalc.analysis.layout import state_sizes
from archcalc.analysis.run import Layer
from archcalc.formats.language.values import Given, Values, read_tensors, read_values
from archcalc.ground.errors import ArchcalcError, list_names, nearest, visible
from archcalc.network.network import Network
from archcalc.op.site import Sizes, sizes_of

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array

WEIGHT, BIAS = "weight", "bias"
"""What the tensors of dot products are called."""
MOST_WRITTEN = 48
"""The most numbers of an example of weights."""


def check_single(network: Network) -> None:
    """Raise a fact where a network has several layers, or several inputs."""
    if len(network.nodes) != 2 or network.nodes[0].op.traits.role != "input":
        raise ArchcalcError(
            f"values are worked out through one layer, and {network.name} has {len(network.nodes) - 1}",
            hint="write the layer in place of the model, such as archcalc explain 'conv: {out: 1, kernel: 3}' --on …",
        )


def input_sizes(network: Network, on: object, own: Sizes | None) -> str | None:
    """Return the input that values stand for, as --input states it; None where it is the network's own.

    A matrix is one channel, and so is a row where windows slide.

    Args:
        network: of one layer.
        on: the values.
        own: the sizes of its own input; None where it has none.

    Raises:
        ArchcalcError: there are several layers, or the values are none.
    """
    check_single(network)
    shape = read_values("on", on).shape or (1,)
    if own is not None:
        if _is_without_ones(shape, own):
            return None
        shape = (1,) * (len(own) - len(shape)) + shape
    elif len(shape) == 2 or (len(shape) == 1 and network.nodes[1].op.traits.slides):
        shape = (1, *shape)
    return _times(state_sizes(shape, network.layout))


def input_array(layer: Layer, on: object) -> Array:
    """Return the values of a layer's input, (1, C, *I).

    Raises:
        ArchcalcError: they are none, or not of its shape.
    """
    return _array(read_values("on", on), layer.at.x, "the input", layer.at.x[1:])


def tensors_of(layer: Layer, weights: object, bias: object) -> tuple[dict[str, Array], bool]:
    """Return the tensors that a layer takes, and whether a bias of 0 was assumed, where none is given.

    Raises:
        ArchcalcError: there are none of that name, some lack, or they are not of their shape.
    """
    declared = {name: sizes_of(shape) for name, shape in layer.op.tensors(layer.at).items()}
    given = _by_name(weights, bias)
    _check_names(f"{layer.op.kind} '{layer.node.name}'", given, declared)
    tensors = {}
    for name, shape in declared.items():
        values = given.get(name, Values((), (0,)))
        if name == BIAS and not values.shape:
            values = Values(shape, values.numbers * prod(shape))
        tensors[name] = _array(values, shape, f"'{name}'", shape)
    return tensors, BIAS in declared and BIAS not in given


def _by_name(weights: object, bias: object) -> dict[str, Values]:
    """Return the tensors that were given, by their names."""
    given: Given = {} if weights is None else read_tensors("weights", weights)
    named = given if isinstance(given, dict) else {WEIGHT: given}
    return named if bias is None else named | {BIAS: read_values("bias", bias)}


def _check_names(who: str, given: Mapping[str, Values], declared: Mapping[str, Sizes]) -> None:
    """Raise a fact where a tensor is given that a layer does not have, or one lacks that is no bias."""
    for name in given:
        if name not in declared:
            raise ArchcalcError(
                f"{who} has no tensor called '{visible(name)}'",
                hint=nearest(name, declared) or list_names("its tensors", declared),
            )
    missing = [name for name in declared if name not in given and name != BIAS]
    if missing:
        shapes = ", ".join(f"{name} {_times(declared[name])}" for name in missing)
        raise ArchcalcError(
            f"{who} needs the values of its weights: {shapes}", hint=_such_as(missing, declared)
        )


def _such_as(missing: Sequence[str], declared: Mapping[str, Sizes]) -> str:
    """Return how to give the tensors that lack."""
    if sum(prod(declared[name]) for name in missing) > MOST_WRITTEN:
        return "--weights takes them as lists within lists of that shape, the outermost size first"
    written = {name: _zeros([size for size in declared[name] if size > 1] or [1]) for name in missing}
    if missing == [WEIGHT]:
        return f"write --weights '{written[WEIGHT]}' with its own numbers"
    named = ", ".join(f"{name}: {text}" for name, text in written.items())
    return f"write --weights '{{{named}}}' with their own numbers"


def _zeros(sizes: Sequence[int]) -> str:
    return f"[{','.join([_zeros(sizes[1:])] * sizes[0])}]" if sizes else "0"


def _array(values: Values, shape: Sizes, what: str, wanted: Sizes) -> Array:
    """Return values as an array of a shape, whose sizes of 1 they may lack."""
    from archcalc.arrays.tensors import as_double

    if not _is_without_ones(values.shape, shape):
        given = _times(values.shape) if values.shape else "a single number"
        raise ArchcalcError(
            f"the values of {what} are {given}, but {_times(wanted)} are needed",
            hint="lists within lists, the outermost size first; sizes of 1 may be left out",
        )
    return as_double(values.numbers, shape)


def _times(sizes: Sizes) -> str:
    return "x".join(map(str, sizes))


def _is_without_ones(shape: Sizes, whole: Sizes) -> bool:
    """Tell whether sizes are those of a whole shape, but for sizes of 1 that are left out."""
    rest = iter(shape)
    size = next(rest, None)
    for each in whole:
        if each == size:
            size = next(rest, None)
        elif each != 1:
            return False
    return size is None
