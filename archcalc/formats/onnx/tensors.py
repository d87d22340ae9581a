"""What a name in an ONNX graph stands for: the output of a layer, or a constant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from struct import calcsize, unpack
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from archcalc.formats.onnx.budget import A_STEP, LOOK, VIEW, Budget
from archcalc.op.site import Sizes

if TYPE_CHECKING:
    from numpy import floating, integer
    from numpy.typing import NDArray

    Array = NDArray[floating]

FLOAT, UINT8, INT8, INT32, INT64, BOOL, FLOAT16, DOUBLE, BFLOAT16 = 1, 2, 3, 6, 7, 9, 10, 11, 16
FLOATS = {FLOAT: "float32", FLOAT16: "float16", DOUBLE: "float64", BFLOAT16: "bfloat16"}
"""Element types of onnx.proto that hold weights, and what they are called in a report."""
RANGES = {
    UINT8: (0, 255),
    INT8: (-128, 127),
    4: (0, 65535),
    5: (-32768, 32767),
    21: (0, 15),
    22: (-8, 7),
    25: (0, 3),
    26: (-2, 1),
}
"""The least and the greatest number of each integer type that numbers are quantised to: 8, 16, 4 and 2 bits."""
MOST_FILLED = 1 << 16
"""The most numbers of a filled constant that are written out."""

Step = Callable[["Array"], "Array"]


class Steps:
    """What is done to the numbers of a constant, one step after another; a view of a view shares those before."""

    __slots__ = ("before", "last")

    def __init__(self, before: Steps | None, last: Step) -> None:
        self.before = before
        self.last = last

    def __iter__(self) -> Iterator[Step]:
        """Yield the steps, the first one first."""
        steps = [self.last]
        chain = self.before
        while chain is not None:
            steps.append(chain.last)
            chain = chain.before
        return reversed(steps)


class Output(NamedTuple):
    """The output of the node at `position`: data that depends on the input."""

    position: int
    shape: Sizes
    dtype: int = FLOAT

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


class Constant(NamedTuple):
    """A tensor that is the same for every input.

    `root` is the name of the weight in the file that it is made of, the tensor's own where it is one; `steps` make
    this tensor of the root's numbers. `source` is where the numbers are: an array, a tensor of the file, a function
    that returns an array, or None where they are nowhere. `given` says that the file states it as a tensor of
    its own, and that it is not worked out of other constants. `budget` pays for every look at the numbers.
    """

    root: str
    shape: Sizes
    dtype: int
    source: object = None
    steps: Steps | None = None
    given: bool = True
    budget: Budget | None = None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)

    @property
    def is_learnt(self) -> bool:
        """Whether it looks like a weight: several numbers that are no integers, stated by the file."""
        return self.given and self.dtype in FLOATS and self.size > 1

    @property
    def value(self) -> Array | None:
        """Its numbers, where they are known."""
        try:
            array = _array(self.source)
            if array is not None:
                self._pay(array.size, VIEW)
                for step in self.steps or ():
                    array = step(array)
                    self._pay(array.size, VIEW)
        except (ArithmeticError, IndexError, KeyError, RecursionError, TypeError, ValueError):
            return None  # the file contradicts itself
        return array

    def _pay(self, numbers: int, steps: int) -> None:
        if self.budget is not None:
            self.budget.spend(steps + numbers // A_STEP)

    @property
    def numbers(self) -> list[Any] | None:
        """Its numbers in a row, if they are known; of what the file states, without NumPy."""
        values = None if self.steps else _read_stated(self.source)
        if values is not None:
            self._pay(len(values), LOOK)
        else:
            value = self.value
            values = None if value is None else value.reshape(-1).tolist()
        return values

    @property
    def scalar(self) -> float | None:
        """Its only number, if it holds one and it is known."""
        numbers = self.numbers if self.size == 1 else None
        return None if numbers is None else float(numbers[0])

    @property
    def ints(self) -> tuple[int, ...] | None:
        """Its numbers as integers in a row, if they are known."""
        numbers = self.numbers
        return None if numbers is None else tuple(map(int, numbers))

    @property
    def is_zero(self) -> bool:
        """Whether it is known to hold zeros alone, and at least one."""
        numbers = self.numbers or ()
        return len(numbers) > 0 and not any(numbers)

    def view(self, shape: Sizes, step: Step) -> Constant:
        """Return the same numbers in another shape or order, which a step makes of them."""
        return self._replace(shape=shape, steps=Steps(self.steps, step))


Tensor = Output | Constant


def constant(name: str, proto: Any) -> Constant:
    """Return an initializer, or the tensor of a Constant node."""
    return Constant(name, tuple(proto.dims), getattr(proto, "values", proto).data_type, proto)


FIELDS = {
    FLOAT: ("f", "float_data"),
    INT32: ("i", "int32_data"),
    INT64: ("q", "int64_data"),
    BOOL: ("?", "int32_data"),
    DOUBLE: ("d", "double_data"),
}
"""How numbers of a type lie in a tensor: as bytes, as `struct` calls them, or in a field of their own."""


def _read_stated(proto: Any) -> list[Any] | None:
    """Return the numbers that a tensor of the file states; None where NumPy is needed to tell."""
    code, field = FIELDS.get(getattr(proto, "data_type", 0), ("", ""))
    if not code:
        return None
    size = prod(proto.dims)
    if size > 0 and len(proto.raw_data) == size * calcsize(code):
        return list(unpack(f"<{size}{code}", proto.raw_data))
    numbers = list(getattr(proto, field))
    return numbers if len(numbers) == size else None


def _array(source: object) -> Array | None:
    """Return the numbers of a source, or None where the reader left them in the file."""
    if source is None or hasattr(source, "reshape"):
        return cast("Array | None", source)
    if callable(source):
        return cast("Array", source())  # one of our own
    from onnx import TensorProto, numpy_helper

    if not isinstance(source, TensorProto) or source.data_location == TensorProto.EXTERNAL:
        return None
    return numpy_helper.to_array(source)


def fill(name: str, shape: Sizes, dtype: int, number: Any, *, given: bool) -> Constant:
    """Return a constant that holds one number over and over; it is written out when it is asked for, if small."""

    def written_out() -> Array:
        from numpy import full
        from onnx import helper

        return full(shape, number, helper.tensor_dtype_to_np_dtype(dtype))

    return Constant(name, shape, dtype, written_out if prod(shape) <= MOST_FILLED else None, given=given)


def make_constant(name: str, array: Array | NDArray[integer]) -> Constant:
    """Return a constant that was worked out."""
    from onnx import helper

    return Constant(
        name, tuple(array.shape), helper.np_dtype_to_tensor_dtype(array.dtype), array, given=False
    )


def reshape_constant(tensor: Constant, shape: Sizes) -> Constant:
    """Return a constant in another shape."""
    return tensor.view(shape, lambda array: array.reshape(shape))


def transpose_constant(tensor: Constant, order: tuple[int, ...]) -> Constant:
    """Return a constant with its axes in another order."""
    return tensor.view(tuple(tensor.shape[axis] for axis in order), lambda array: array.transpose(order))
