"""Arrays for the references of ops on tensors in general: functions by their names, contractions, resizing, recurrence.

What slides a window is in `kernels`, and so is the product that is counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy import ascontiguousarray as contiguous
from numpy import broadcast_to, roll, sqrt, tile

from archcalc.arrays.kernels import Array, erf, product, sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FUNCTIONS",
    "OPERATIONS",
    "REDUCTIONS",
    "Cell",
    "along",
    "broadcast_to",
    "contiguous",
    "contract",
    "gru_cell",
    "lstm_cell",
    "plain_cell",
    "positions",
    "resample",
    "roll",
    "sqrt",
    "sum_over",
    "tile",
    "unroll",
    "window_regions",
]

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "erf": erf,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "not": lambda x: x == 0,
    "is_nan": np.isnan,
    "is_inf": np.isinf,
    "neg": np.negative,
    "reciprocal": lambda x: 1 / x,
    "square": np.square,
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "cast": np.copy,
}
"""What each function does; truth is whatever is not 0."""

OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "modulo": np.mod,
    "power": np.power,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "equal": np.equal,
    "less": np.less,
    "less_or_equal": np.less_equal,
    "greater": np.greater,
    "greater_or_equal": np.greater_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
}
"""What each operation does."""


def _squares(x: Array, axes: tuple[int, ...]) -> Array:
    squares: Array = (x * x).sum(axis=axes, keepdims=True)
    return squares


def _log_sum_exp(x: Array, axes: tuple[int, ...]) -> Array:
    largest = x.max(axis=axes, keepdims=True)
    logarithm: Array = largest + np.log(np.exp(x - largest).sum(axis=axes, keepdims=True))
    return logarithm


REDUCTIONS: dict[str, Callable[[Array, tuple[int, ...]], Array]] = {
    "mean": lambda x, axes: x.mean(axis=axes, keepdims=True),
    "sum": lambda x, axes: x.sum(axis=axes, keepdims=True),
    "max": lambda x, axes: x.max(axis=axes, keepdims=True),
    "min": lambda x, axes: x.min(axis=axes, keepdims=True),
    "prod": lambda x, axes: x.prod(axis=axes, keepdims=True),
    "norm1": lambda x, axes: np.abs(x).sum(axis=axes, keepdims=True),
    "norm2": lambda x, axes: np.sqrt(_squares(x, axes)),
    "sum_squares": _squares,
    "log_sum_exp": _log_sum_exp,
}
"""What makes one number of all along some axes, counted from the front, which stay with size 1."""


def along(values: Array, axis: int, rank: int) -> Array:
    """Return a number for each position of an axis in a shape that stretches over tensors of `rank` axes."""
    return values.reshape(-1, *(1,) * (rank - 1 - axis % rank))


def positions(x: Array, size: int) -> NDArray[np.int64]:
    """Return the indices that numbers stand for: whatever they are, they are brought into the range."""
    return np.floor(np.abs(x)).astype(np.int64) % size


def window_regions(sizes: Sequence[int], window: Sequence[int], shift: Sequence[int]) -> NDArray[np.int64]:
    """Return for each position of each window a number that says along which axes it came round in a shift: (W, T)."""
    regions = np.zeros((), np.int64)
    for size, by in zip(sizes, shift, strict=True):
        regions = 2 * regions[..., None] + (np.arange(size) >= size - by)
    cut = [part for size, width in zip(sizes, window, strict=True) for part in (size // width, width)]
    order = (*range(0, len(cut), 2), *range(1, len(cut), 2))
    return regions.reshape(cut).transpose(order).reshape(-1, math.prod(window))


def sum_over(x: Array, letters: str, kept: str) -> Array:
    """Return the tensor whose axes are named by letters, added up over those that are not kept."""
    sums: Array = np.einsum(f"{letters}->{kept}", x).copy()
    return sums


def contract(x: Array, y: Array, left: str, right: str, kept: str) -> Array:
    """Return the products of two tensors, added up over the letters that are not kept.

    It is one matrix product for each choice of the letters that both have and that are kept, and it is counted;
    where nothing is added up there is only a multiplication.
    """
    sizes = dict(zip(left + right, x.shape + y.shape, strict=True))
    inner = [letter for letter in sizes if letter not in kept]
    if not inner:
        outer: Array = np.einsum(f"{left},{right}->{kept}", x, y)
        return outer
    both = [letter for letter in kept if letter in left and letter in right]
    rows = [letter for letter in kept if letter not in right]
    columns = [letter for letter in kept if letter not in left]
    matrices = (math.prod(sizes[letter] for letter in group) for group in (both, rows, inner, columns))
    stack, n, terms, m = matrices
    left_matrices = _arrange(x, left, [*both, *rows, *inner], sizes).reshape(stack, n, terms)
    right_matrices = _arrange(y, right, [*both, *inner, *columns], sizes).reshape(stack, terms, m)
    products = product(left_matrices, right_matrices).reshape(
        [sizes[letter] for letter in (*both, *rows, *columns)]
    )
    return sum_over(products, "".join((*both, *rows, *columns)), kept)


def _arrange(x: Array, letters: str, wanted: Sequence[str], sizes: dict[str, int]) -> Array:
    """Return a tensor with the wanted axes in their order; one that it lacks is repeated, a double one is a diagonal."""
    held = [letter for letter in wanted if letter in letters]
    diagonal = np.einsum(f"{letters}->{''.join(held)}", x)
    shape = [sizes[letter] if letter in letters else 1 for letter in wanted]
    return np.broadcast_to(diagonal.reshape(shape), [sizes[letter] for letter in wanted])


def resample(x: Array, sizes: Sequence[int], near: int, *, corners: bool) -> Array:
    """Return a tensor with other sizes of its spatial axes, each new element made of `near` old ones an axis.

    One axis after the other. Elements are areas: output i of o lies at (i + 1/2)·n/o - 1/2, and with `corners`
    at i·(n - 1)/(o - 1). Beyond the ends the outermost elements go on. A single one is copied: the one at
    ⌊i·n/o⌋, as torch.nn.Upsample has it.
    """
    for axis, o in enumerate(sizes, 2):
        n = x.shape[axis]
        if near == 1:
            x = x.take(np.arange(o) * n // o, axis=axis)
            continue
        above, below = (
            (np.arange(o) * (n - 1), max(o - 1, 1)) if corners else ((2 * np.arange(o) + 1) * n - o, 2 * o)
        )
        first, rest = np.divmod(above, below)  # in integers, so that what lies on an element lies on it
        taps = range(1 - near // 2, 1 + near // 2)
        parts = []
        for tap in taps:
            share = _share(np.abs(rest / below - tap), near).astype(x.dtype)
            held = np.clip(first + tap, 0, n - 1)
            parts.append(x.take(held, axis=axis) * along(share, axis, x.ndim))
        x = sum(parts[1:], start=parts[0])
    return x if x.base is None else x.copy()


def _share(distance: Array, near: int) -> Array:
    """Return how much an element at some distance counts: on a line among 2, on cubics among 4 (Keys 1981, a = -3/4)."""
    if near == 2:
        return 1 - distance
    a = -0.75
    close = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((distance - 5) * distance + 8) * distance * a - 4 * a
    return np.where(distance <= 1, close, far)


State = tuple[Array, ...]
Cell = Callable[[Array, Array, State], State]
"""One step of a recurrent layer: what comes of the input and of the state, and the state, to the next state."""


def plain_cell(inner: Array, outer: Array, state: State) -> State:
    """Return the next state of a plain recurrent layer."""
    return (np.tanh(inner + outer),)


def lstm_cell(inner: Array, outer: Array, state: State) -> State:
    """Return the next state and memory; the gates come in the order of torch.nn.LSTM."""
    enter, keep, fresh, leave = np.split(inner + outer, 4, axis=-1)
    memory = sigmoid(keep) * state[1] + sigmoid(enter) * np.tanh(fresh)
    return sigmoid(leave) * np.tanh(memory), memory


def gru_cell(inner: Array, outer: Array, state: State) -> State:
    """Return the next state; the gates come in the order of torch.nn.GRU."""
    (reset, renew, fresh), (reset_h, renew_h, fresh_h) = (np.split(x, 3, axis=-1) for x in (inner, outer))
    share = sigmoid(renew + renew_h)
    candidate = np.tanh(fresh + sigmoid(reset + reset_h) * fresh_h)
    return ((1 - share) * candidate + share * state[0],)


def unroll(x: Array, tensors: Sequence[Array], cell: Cell, states: int) -> Array:
    """Return the state (T, N, H) after each step along (T, N, C), from a state of zeros.

    `tensors` are the matrices for the input and for the state, then their biases if there are any.
    """
    into, over, *biases = tensors
    inner = product(x, into.T)
    if biases:
        inner = inner + biases[0]
    state: State = (np.zeros((x.shape[1], over.shape[1]), x.dtype),) * states
    outputs = []
    for step in inner:
        outer = product(state[0], over.T)
        state = cell(step, outer + biases[1] if biases else outer, state)
        outputs.append(state[0])
    return np.stack(outputs)


def as_float(array: object) -> Array:
    """Return an array's numbers as float32; truth is 1 and falsehood 0."""
    return np.asarray(array, np.float32)


def as_double(numbers: Sequence[float], shape: Sequence[int]) -> Array:
    """Return numbers as a float64 array of a shape, in which integers below 2⁵³ and their sums are exact."""
    return np.array(numbers, np.float64).reshape(shape)


def count_apart(left: Array, right: Array, relative: float, absolute: float) -> int:
    """Return how many numbers differ by more than a share of themselves and a share of the largest.

    All do where the shapes differ.
    """
    if left.shape != right.shape:
        return int(left.size)
    largest = float(np.abs(right, where=np.isfinite(right), out=np.zeros_like(right)).max(initial=0.0))
    return int(
        np.size(left) - np.isclose(left, right, rtol=relative, atol=absolute * largest, equal_nan=True).sum()
    )
