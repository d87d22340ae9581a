"""The smallest square input that a network takes, and which layer fails below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archcalc.analysis.conditions import Conditions
from archcalc.analysis.run import Misfit, first_misfit
from archcalc.arithmetic.window import Rounding
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Network
from archcalc.op.site import Sizes

MOST_TRIED = 4096
"""The largest size that is tried: a bound on the time, as a try costs as much as a report."""


class SmallestInput(NamedTuple):
    """The smallest input whose axes are all equally long.

    `shapes` are those of the inputs by name, without the batch; `side` is how long their axes are, and `below` what
    fails where they are one shorter; None where they cannot be shorter.
    """

    network: str
    shapes: Mapping[str, Sizes]
    side: int
    below: Misfit | None


def smallest_input(network: Network, *, rounding: Rounding | None = None) -> SmallestInput:
    """Return the smallest square input that a network takes; of several inputs all that have axes beside channels.

    Every size from 1 upwards is tried until one suits all layers. So the answer holds where larger sizes may fail again,
    as with fixed reshapes, or sizes that must divide evenly. The network's own size bounds the search, as it suits,
    unless its axes differ.

    Raises:
        ArchcalcError: no input has axes beside channels, or no size up to the network's own suits.
    """
    own = {node.name: node.op.output_sizes()[1:] for node in network.nodes if node.op.traits.role == "input"}
    sides = [side for shape in own.values() for side in shape[1:]]
    if not sides:
        raise ArchcalcError(f"{network.name} takes no image: its input has no axis beside its channels")
    conditions = Conditions.of(network, rounding=rounding)
    misfit: Misfit | None = None
    most = min(max(sides), MOST_TRIED)
    for side in range(1, most + 1):
        below = misfit
        shapes = {name: (*shape[:1], *(side for _ in shape[1:])) for name, shape in own.items()}
        misfit = first_misfit(network, conditions._replace(shapes=shapes))
        if misfit is None:
            return SmallestInput(network.name, shapes, side, below)
    reason = f"; there {misfit.error.fact}" if misfit else ""
    raise ArchcalcError(
        f"{network.name} takes no square input up to {most:,} a side, the most that is tried{reason}"
    )
