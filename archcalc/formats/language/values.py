"""Small arrays that somebody writes down, as lists within lists: numbers and nothing else, never run as code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archcalc.formats.language.contents import check_length
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.formats.language.yaml import read
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, SourceText, visible
from archcalc.op.site import Sizes

MOST_NUMBERS = 4096
"""The most numbers of an array that is written down."""
LARGEST = 10**6
"""The largest of them: sums of products of so many whole ones are exact in float64."""
ALIKE = "all items of a list are numbers, or all are lists"
EXAMPLE = "such as '[[1, 2], [3, 4]]'"


class Values(NamedTuple):
    """An array as it was written: its sizes, the outermost first, and its numbers in their order."""

    shape: Sizes
    numbers: tuple[float, ...]


Given = Values | dict[str, Values]
"""An array, or several by the names of the tensors that they are."""


def read_values(name: str, given: object) -> Values:
    """Read an array.

    Args:
        name: what to call it in a message.
        given: a number or lists within lists, as text in JSON's or YAML's form, or as Python has them.

    Raises:
        ArchcalcError: it holds something else than numbers, too many, too large ones, or rows of unlike lengths.
    """
    return _values(_tree(name, given), name)


def read_tensors(name: str, given: object) -> Given:
    """Read an array, or a mapping of the names of tensors to an array each.

    Raises:
        ArchcalcError: as `read_values`.
    """
    tree = _tree(name, given)
    if isinstance(tree, Mapping):
        return {key: _values(entry, name) for key, entry in tree.entries.items()}
    return _values(tree, name)


def _tree(name: str, given: object) -> Tree:
    """Return what was given as a tree, whose places are those in its text."""
    limits.check()
    text = given if isinstance(given, str) else _written(name, given)
    check_length(name, len(text))
    if not text.strip():
        raise ArchcalcError(f"{name} is empty", hint=f"write numbers as lists within lists, {EXAMPLE}")
    return read(SourceText(name, text))


def _written(name: str, given: object) -> str:
    """Return what Python holds as text: numbers, sequences of them, arrays, mappings."""
    from json import dumps

    try:
        return dumps(given, default=lambda array: array.tolist())
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise ArchcalcError(
            f"{name} is a number or lists of numbers, not {visible(repr(given)[:40])}"
        ) from None


def _values(tree: Tree, name: str) -> Values:
    """Return the array that a tree is."""
    if tree.size > 2 * MOST_NUMBERS:
        raise ArchcalcError(
            f"{name} holds more than {MOST_NUMBERS:,} numbers",
            place=tree.place(),
            hint="a layer is worked out on a small input: a few rows and channels show all that there is to see",
        )
    shape = _shape(tree)
    if len(shape) > limits.AXES:
        raise ArchcalcError(f"lists within lists have at most {limits.AXES} levels", place=tree.place())
    numbers = tuple(_numbers(tree, shape))
    if len(numbers) > MOST_NUMBERS:
        raise ArchcalcError(
            f"{name} holds {len(numbers):,} numbers; the most are {MOST_NUMBERS:,}", place=tree.place()
        )
    return Values(shape, numbers)


def _shape(tree: Tree) -> Sizes:
    """Return the sizes that the first item at each level has."""
    sizes: list[int] = []
    while isinstance(tree, Listing):
        if not tree.items:
            raise ArchcalcError("an empty list has no numbers", place=tree.place())
        sizes.append(len(tree.items))
        tree = tree.items[0]
    return tuple(sizes)


def _numbers(tree: Tree, shape: Sizes) -> Iterator[float]:
    """Yield the numbers of a tree that is to have these sizes."""
    if not shape:
        yield _number(tree)
        return
    if not isinstance(tree, Listing):
        raise ArchcalcError(
            f"here is {tree.noun}, where there was a list before",
            place=tree.place(),
            hint=ALIKE,
        )
    if len(tree.items) != shape[0]:
        raise ArchcalcError(
            f"a list of {len(tree.items)}, but the first of its level has {shape[0]}",
            place=tree.place(),
            hint="all rows are equally long, and all channels equally large",
        )
    for item in tree.items:
        yield from _numbers(item, shape[1:])


def _number(tree: Tree) -> float:
    """Return the number that stands at a place."""
    value = tree.value if isinstance(tree, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = ALIKE if isinstance(tree, Listing) else f"write numbers as lists within lists, {EXAMPLE}"
        raise ArchcalcError(f"{tree.noun} is no number", place=tree.place(), hint=hint)
    if abs(value) > LARGEST:
        raise ArchcalcError(
            f"{tree.noun} is too large: the most is {LARGEST:,}".replace("'", ""), place=tree.place()
        )
    return value
