"""Where an op stands: the shapes of its inputs and of its output, batch first."""

from __future__ import annotations

from typing import NamedTuple

Shape = tuple[int, ...]


class Site(NamedTuple):
    """The shapes of a layer's inputs and of its output, (N, C, *I); what every formula of an op takes.

    Sizes are integers for counting, `Term`s for derivations, polynomials for symbols, arrays for many designs at
    once. `y` is empty until the op's `output` has been asked; `check` and `output` do without it.
    """

    xs: tuple[Shape, ...] = ()
    y: Shape = ()

    @property
    def x(self) -> Shape:
        """The shape of the first input."""
        return self.xs[0]
