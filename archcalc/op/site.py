"""Where an op stands: the shapes of its inputs and of its output, batch first."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from archcalc.arithmetic.number import Number

Shape = tuple[Number, ...]
"""The sizes of a tensor as formulas take and return them."""
Sizes = tuple[int, ...]
"""The sizes of a tensor in a network: of integers come integers."""
N_co = TypeVar("N_co", bound=Number, covariant=True)


class Shapes(NamedTuple, Generic[N_co]):
    """The shapes of a layer's inputs and of its output, (N, C, *I).

    Sizes are integers for counting, `Term`s for derivations, polynomials for symbols, arrays for many designs at
    once. `y` is empty until the op's `output` has been asked; `check` and `output` do without it. `Site` and `Spot`
    are its names for annotations; what makes many of them says `Shapes`, which an alias only delays.
    """

    xs: tuple[tuple[N_co, ...], ...] = ()
    y: tuple[N_co, ...] = ()

    @property
    def x(self) -> tuple[N_co, ...]:
        """The shape of the first input."""
        return self.xs[0]


Site = Shapes[Number]
"""What every formula of an op takes: shapes of whatever numbers."""
Spot = Shapes[int]
"""Where a layer of a network stands: its sizes are integers. `check` needs that, and so do the formats."""


def sizes_of(shape: Shape) -> Sizes:
    """Return a shape as the integers that it is made of."""
    return tuple(map(int, shape))
