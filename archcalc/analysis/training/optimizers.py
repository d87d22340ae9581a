"""What an optimizer keeps beside each parameter, and what its step needs for a moment."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from archcalc.arithmetic.number import Number
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.op.site import Shape, Sizes

BLOCK = 256
"""How many numbers of 8-bit states share a scale."""
LEAST = 4096
"""The smallest tensor whose states are of 8 bits."""
FLOAT32 = 4


class Optimizer(NamedTuple):
    """An optimizer: its name, its state for one tensor in bytes, from its sizes and the bytes of a number; and what that is.

    `shared` are bytes that it keeps once. `temporaries` is how many numbers its step needs for a moment for each
    parameter; `together` whether it looks at all tensors at once, or at one after the other.
    """

    name: str
    state: Callable[[Shape, int], Number]
    meaning: str
    shared: int = 0
    temporaries: int = 0
    together: bool = True

    def passing(self, sizes: Sizes, each: int) -> tuple[int, ...]:
        """Return the bytes of what its step needs for a moment for one tensor: alone also what its state is updated with."""
        needed = self.temporaries * prod(sizes) * each
        return (needed,) if self.together else (int(self.state(sizes, each)), needed)


def _moments(count: int) -> Callable[[Shape, int], Number]:
    """Return the state of so many numbers for each parameter."""
    return lambda sizes, each: count * prod(sizes) * each


def _factored(sizes: Shape, each: int) -> Number:
    """Return the mean squares of rows and of columns; of a vector those of each parameter."""
    if len(sizes) < 2:
        return prod(sizes) * each
    return (prod(sizes[:-1]) + prod((*sizes[:-2], sizes[-1]))) * each


def _blockwise(sizes: Shape, each: int) -> Number:
    """Return two moments of a byte with a scale for each block; those of small tensors are float32."""
    count = prod(sizes)
    if count < LEAST:
        return 2 * count * FLOAT32
    return 2 * (count + -(-count // BLOCK) * FLOAT32)


OPTIMIZERS = {
    each.name: each
    for each in (
        Optimizer("sgd", _moments(0), "nothing"),
        Optimizer("momentum", _moments(1), "a velocity for each parameter"),
        Optimizer("adam", _moments(2), "two moments for each parameter", temporaries=1),
        Optimizer("adamw", _moments(2), "two moments for each parameter", temporaries=1),
        Optimizer(
            "adafactor",
            _factored,
            "mean squares of the rows and columns of each matrix",
            temporaries=1,
            together=False,
        ),
        Optimizer("lion", _moments(1), "a moment for each parameter"),
        Optimizer(
            "adam8bit",
            _blockwise,
            f"two moments of 8 bits for each parameter, a scale for {BLOCK} of them",
            shared=2 * 256 * FLOAT32,
        ),
    )
}
"""What each optimizer keeps.

Sources: torch.optim of PyTorch 2 (SGD, Adam, AdamW with foreach, as on CUDA; Adafactor without, unless told); Chen et al. 2023
(Lion); Dettmers et al. 2021 and bitsandbytes (8-bit Adam).
"""


def find_optimizer(name: str) -> Optimizer:
    """Return an optimizer by its name, whose letters may be small or large: AdamW.

    Raises:
        ArchcalcError: there is none called so.
    """
    found = OPTIMIZERS.get(name.lower())
    if found is None:
        hints = (nearest(name.lower(), OPTIMIZERS), f"choose one of {', '.join(OPTIMIZERS)}")
        raise ArchcalcError(f"there is no optimizer '{name}'", hint="; ".join(filter(None, hints)))
    return found
