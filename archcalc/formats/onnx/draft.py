"""Nodes of an ONNX graph as plain values: what a layer does, said in ONNX's operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

BOOL, INT64 = 9, 7
"""Element types of onnx.proto."""


class SmallTensor(NamedTuple):
    """A small tensor that an operator takes; `number` is of the type that the whole network has."""

    values: tuple[float, ...]
    dims: tuple[int, ...]
    dtype: Literal["number", "float32", "int64"]


def number(value: float) -> SmallTensor:
    """Return one number."""
    return SmallTensor((value,), (), "number")


def index(value: int) -> SmallTensor:
    """Return one whole number."""
    return SmallTensor((value,), (), "int64")


def ints(values: Iterable[int]) -> SmallTensor:
    """Return whole numbers in a row: sizes, axes, positions."""
    row = tuple(int(value) for value in values)
    return SmallTensor(row, (len(row),), "int64")


def floats(values: Iterable[float]) -> SmallTensor:
    """Return numbers in a row that an operator wants in 32 bits, whatever the network has."""
    row = tuple(float(value) for value in values)
    return SmallTensor(row, (len(row),), "float32")


class Operation(NamedTuple):
    """One operator, what it takes, and what its output is called; an input that is left out is an empty word.

    In the graph it has a name and takes no tensors; of archcalc's `domain` it is a function.
    """

    operator: str
    inputs: tuple[str | SmallTensor, ...]
    output: str
    attributes: Mapping[str, object]
    name: str | None = None
    domain: str = ""


class Draft:
    """The operators of one layer, in their order.

    `inputs` are the names of its data, `weights` those of its weights, both as the steps call them; `is_whole` says
    that they become a function, whatever becomes of others of their kind.
    """

    def __init__(self, inputs: int, weights: Iterable[str]) -> None:
        self.inputs = ("x",) if inputs == 1 else tuple(f"x{place}" for place in range(1, inputs + 1))
        self.weights = tuple(weights)
        self.steps: list[Operation] = []
        self.is_whole = False

    def call(self, operator: str, *inputs: str | SmallTensor, **attributes: object) -> str:
        """Append an operator and return what its output is called."""
        output = f"t{len(self.steps) + 1}"
        self.steps.append(Operation(operator, inputs, output, attributes))
        return output

    def take(self, operator: str, **attributes: object) -> str:
        """Append an operator that takes the layer's data and its weights, in this order."""
        return self.call(operator, *self.inputs, *self.weights, **attributes)

    def reshape(self, x: str, shape: Iterable[int]) -> str:
        """Give a tensor another shape; 0 keeps the size of its axis, -1 stands for what is left over."""
        return self.call("Reshape", x, ints(shape))

    def transpose(self, x: str, order: Iterable[int]) -> str:
        """Put the axes of a tensor in another order."""
        return self.call("Transpose", x, perm=tuple(order))

    def along(self, weight: str, axis: int, rank: int) -> str:
        """Return a weight in a shape that stretches over data of `rank` axes: a number for each position of one."""
        behind = rank - 1 - axis % rank
        return self.reshape(weight, (-1, *(1,) * behind)) if behind else weight

    def truth(self, x: str | SmallTensor) -> str:
        """Return where a tensor is not 0, as ONNX's logical operators want it."""
        return self.call("Cast", x, to=BOOL)

    def like(self, x: str, data: str) -> str:
        """Return truths or whole numbers as numbers of the type that the data have."""
        return self.call("CastLike", x, data)
