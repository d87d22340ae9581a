"""What a name in an ONNX graph stands for: the output of a layer, or a constant."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.op import Shape

if TYPE_CHECKING:
    from numpy import ndarray

    Array = ndarray[Any, Any]

FLOAT, INT64, FLOAT16, DOUBLE, BFLOAT16 = 1, 7, 10, 11, 16
FLOATS = {FLOAT: "float32", FLOAT16: "float16", DOUBLE: "float64", BFLOAT16: "bfloat16"}
"""Element types of onnx.proto that hold weights, and what they are called in a report."""
MOST_FILLED = 1 << 16
"""The most numbers of a filled constant that are written out."""

Step = Callable[["Array"], "Array"]


class Flow(NamedTuple):
    """The output of the node at `position`: data that depends on the input."""

    position: int
    shape: Shape
    dtype: int = FLOAT


class Constant(NamedTuple):
    """A tensor that is the same for every input.

    `root` is the name of the weight in the file that it is made of, the tensor's own where it is one; `steps` make
    this tensor of the root's numbers. `source` is where the numbers are: an array, a tensor of the file, or None
    where they are left in the file. `given` says that the file states it as a tensor of its own, and that it is
    not worked out of other constants.
    """

    root: str
    shape: Shape
    dtype: int
    source: Any = None
    steps: tuple[Step, ...] = ()
    given: bool = True

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
        array: Array | None = self.source if hasattr(self.source, "reshape") else _numbers(self.source)
        if array is None:
            return None
        for step in self.steps:
            array = step(array)
        return array

    @property
    def scalar(self) -> float | None:
        """Its only number, if it holds one and it is known."""
        value = self.value if self.size == 1 else None
        return None if value is None else float(value.reshape(-1)[0])

    @property
    def ints(self) -> tuple[int, ...] | None:
        """Its numbers as integers in a row, if they are known."""
        value = self.value
        return None if value is None else tuple(int(number) for number in value.reshape(-1))

    def seen(self, shape: Shape, step: Step) -> Constant:
        """Return the same numbers in another shape or order, which a step makes of them."""
        return self._replace(shape=shape, steps=(*self.steps, step))


Tensor = Flow | Constant


def constant(name: str, proto: Any) -> Constant:
    """Return an initializer, or the tensor of a Constant node."""
    return Constant(name, tuple(proto.dims), getattr(proto, "values", proto).data_type, proto)


def _numbers(proto: Any) -> Array | None:
    """Return the numbers of a tensor in the file, or None where the reader left them there."""
    from onnx import TensorProto, numpy_helper

    if not isinstance(proto, TensorProto) or proto.data_location == TensorProto.EXTERNAL:
        return None
    try:
        return numpy_helper.to_array(proto)
    except (ValueError, TypeError):
        return None


def filled(name: str, shape: Shape, dtype: int, number: Any, *, given: bool) -> Constant:
    """Return a constant that holds one number over and over; a large one is not written out."""
    from numpy import full
    from onnx import helper

    kind = helper.tensor_dtype_to_np_dtype(dtype)
    source = full(shape, number, kind) if prod(shape) <= MOST_FILLED else None
    return Constant(name, shape, dtype, source, given=given)


def computed(name: str, array: Array) -> Constant:
    """Return a constant that was worked out."""
    from onnx import helper

    return Constant(
        name, tuple(array.shape), helper.np_dtype_to_tensor_dtype(array.dtype), array, given=False
    )


def reshaped(tensor: Constant, shape: Shape) -> Constant:
    """Return a constant in another shape."""
    return tensor.seen(shape, lambda array: array.reshape(shape))


def turned(tensor: Constant, order: tuple[int, ...]) -> Constant:
    """Return a constant with its axes in another order."""
    return tensor.seen(tuple(tensor.shape[axis] for axis in order), lambda array: array.transpose(order))
