"""What a layer type is by nature, whatever its settings: declared once, contradictions refused."""

from __future__ import annotations

from typing import Literal, NamedTuple

Role = Literal["layer", "input", "constant", "unknown"]
"""Data enters at an input; a constant is a weight by itself; of an unknown one nothing is known."""
Storage = Literal["new", "view", "overwrite"]
"""Where the output lies: in memory of its own, in its input's, which stays as it is, or over its input."""

Gathers = Literal["", "products", "largest", "mean"]
"""What an output element is of the elements that it sees: the sum of their products with a weight each, the largest, the
mean; "" where it is none of these.
"""


class Traits(NamedTuple):
    """What engine, memory, writers and the spec language ask of a layer type.

    Attributes:
        role: what it is to the network.
        storage: where its output lies. One that may write over its input does so only where nobody else needs that.
        deep: whether it counts when people say how deep a network is: convolutions and linear layers.
        takes: the least and the most inputs; None for any number.
        least_axes: the fewest axes that an input may have, the batch among them.
        slides: whether it slides windows over the axes behind the channels.
        gathers: what an output element is of the elements that it sees.
        folds: whether it vanishes at inference where a layer before it takes over its scale and its shift of each channel.
    """

    role: Role = "layer"
    storage: Storage = "new"
    deep: bool = False
    takes: tuple[int, int | None] = (1, 1)
    least_axes: int = 2
    slides: bool = False
    gathers: Gathers = ""
    folds: bool = False

    @property
    def is_branched(self) -> bool:
        """Whether it takes more than one input, so that a spec may give it branches."""
        return self.takes[1] is None or self.takes[1] > 1


def check_traits(kind: str, traits: Traits) -> None:
    """Refuse traits that contradict each other.

    Raises:
        ValueError: the class was declared wrongly; no user can cause that.
    """
    least, most = traits.takes
    wrong = {
        "takes at least more than at most": most is not None and least > most,
        "lies in the memory of an input that it does not have": traits.storage != "new" and least < 1,
        "enters the network and takes an input": traits.role in ("input", "constant") and most != 0,
        "counts for the depth and is no layer": traits.deep and traits.role != "layer",
        "takes inputs without an axis": traits.least_axes < 1,
        "folds into what is before it and takes several inputs": traits.folds and traits.is_branched,
    }
    for fault, is_so in wrong.items():
        if is_so:
            raise ValueError(f"{kind}: {fault}: {traits}")
