"""Axes as settings, counted with the batch as axis 0 and from the end where negative, and shapes that stretch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field, Kept
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Shape


def place(axis: int, rank: int) -> int:
    """Return an axis of a tensor with `rank` axes, counted from the front."""
    return axis if axis >= 0 else rank + axis


def places(axes: Iterable[int], rank: int) -> tuple[int, ...]:
    """Return axes counted from the front."""
    return tuple(place(axis, rank) for axis in axes)


def check_axis(axis: int, rank: int, setting: str = "axis") -> None:
    """Raise a fact where a tensor has no such axis."""
    if not -rank <= axis < rank:
        raise ArchcalcError(
            f"there is no axis {axis}: the input has axes 0 to {rank - 1}, the batch among them",
            setting=setting,
            hint=f"negative ones count from the end: -1 is axis {rank - 1}",
        )


def check_not_batch(axis: int, rank: int) -> None:
    """Raise a fact where a tensor has no such axis, or it is the batch: what is learnt does not grow with it."""
    check_axis(axis, rank)
    if place(axis, rank) == 0:
        raise ArchcalcError(
            "axis 0 is the batch, of which a layer has as much as it is given",
            setting="axis",
            hint="axis 1 is the channels, axis: -1 the last one",
        )


def check_each(axes: Iterable[int], rank: int) -> None:
    """Raise a fact where a tensor does not have one of the `axes`, or one is named twice."""
    named: set[int] = set()
    for axis in axes:
        check_axis(axis, rank, "axes")
        if place(axis, rank) in named:
            raise ArchcalcError(
                f"names axis {axis} twice", setting="axes", hint="negative ones count from the end"
            )
        named.add(place(axis, rank))


def check_last(axes: int, x: Shape) -> None:
    """Raise a fact where a sample does not have so many axes."""
    if axes >= len(x):
        raise ArchcalcError(
            f"takes the last {axes} axes, but a sample has {len(x) - 1}",
            setting="axes",
            hint="it says how many axes, the batch not among them, and not which",
        )


def remaining(sizes: Iterable[Number]) -> Shape:
    """Return the shape of what is left of a tensor: a single number keeps one axis, of size 1."""
    return tuple(sizes) or (1,)


def replace_axis(x: Shape, axis: int, size: Number) -> Shape:
    """Return a shape with another size on an axis."""
    at = place(axis, len(x))
    return (*x[:at], size, *x[at + 1 :])


def others(x: Shape, axis: int) -> Shape:
    """Return a shape without an axis."""
    at = place(axis, len(x))
    return (*x[:at], *x[at + 1 :])


def across(x: Shape, axes: Iterable[int], *, keep: bool = True) -> Field:
    """Return the field of an element that sees all of some axes, each of which keeps its place or goes.

    Of a flat input that is the whole.
    """
    mixed = tuple(axis for axis in places(axes, len(x)) if axis > 0)
    if mixed and len(x) < 3:
        return "whole"
    gone = () if keep else places(axes, len(x))
    sources = tuple(axis for axis in range(len(x)) if axis not in gone)
    return Kept(sources, mixed=mixed) if mixed or gone else "pointwise"


def moving(x: Shape, *axes: int) -> Field:
    """Return the field of an element that another one was along some axes, and the same one along the others."""
    return Kept(tuple(range(len(x))), moved=places(axes, len(x)))


def stretch(*shapes: Shape) -> Shape:
    """Return the shape to which axes of size 1 and missing ones in front stretch, as in NumPy, PyTorch and ONNX."""
    aligned = zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
    return tuple(_largest(sizes) for sizes in aligned)[::-1]


def _largest(sizes: Shape) -> Number:
    """Return the first size that is not 1: arithmetic that any kind of number survives."""
    return next((size for size in sizes if size != 1), sizes[0])


def check_stretches(*shapes: Shape) -> None:
    """Raise a fact where an axis, counted from the last, has two sizes beside 1."""
    aligned = zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
    if any(len({*sizes} - {1}) > 1 for sizes in aligned):
        raise ArchcalcError(
            "the shapes differ", hint="each axis must have the same size in every branch, or 1"
        )


def check_axes(name: str, values: Sequence[object], spatial: Sequence[object]) -> None:
    """Raise a fact where a setting has neither one value nor one for each spatial axis."""
    if len(values) not in (1, len(spatial)):
        raise ArchcalcError(
            f"'{name}' has {len(values)} numbers, but the input has {len(spatial)} spatial ax{'i' if len(spatial) == 1 else 'e'}s",
            setting=name,
            hint="give one number for all axes, or one for each"
            + ("; the first size of an input is its channels" if len(values) == len(spatial) + 1 else ""),
        )
