"""What must hold of a network that has been read as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from archcalc.analysis.layout import check_input, misread, state_sizes
from archcalc.analysis.run import note_misfits
from archcalc.ground.errors import ArchcalcError, Problems
from archcalc.network.network import Network, Node


def raise_wrong(network: Network, broken: set[int], problems: Problems) -> None:
    """Raise all that is wrong with a network: what was noted while it was read, and what does not fit in it."""
    _note_misread(network, broken, problems)
    if problems:
        note_misfits(network, broken, problems)
    problems.raise_noted()


def _note_misread(network: Network, broken: set[int], problems: Problems) -> None:
    """Note which inputs state their sizes in another order than is meant; nothing is said of what depends on them."""
    for position, node in enumerate(network.nodes):
        if node.op.traits.role != "input":
            continue
        sizes = state_sizes(node.op.output_sizes()[1:], network.layout)
        mistake = misread(network, node.name, sizes)
        if mistake is None:
            continue
        broken.add(position)
        if node.origin is None:  # given beside the layers
            with problems.noted():
                check_input(network, node.name, sizes)
            continue
        error = ArchcalcError(
            f"'{node.name}' {mistake.fact}",
            place=node.origin.place(),
            hint=f"write '{node.name}: {mistake.meant}'; {mistake.otherwise}",
        )
        problems.note(error)


def check_used(nodes: Sequence[Node], ends: Iterable[int]) -> None:
    """Raise a fact where a layer's output goes nowhere; an input may, as in a model that shares its data with others."""
    for node in _find_unused(nodes, ends):
        if node.op.traits.role != "input":
            raise ArchcalcError(
                f"nothing takes the output of '{node.name}'",
                place=node.origin.place() if node.origin else None,
                hint="remove it, or name it in a 'from:' below",
            )


def idle_inputs(nodes: Sequence[Node], ends: Iterable[int]) -> Iterator[str]:
    """Yield a note for each input that no layer takes."""
    for node in _find_unused(nodes, ends):
        if node.op.traits.role == "input":
            yield f"no layer takes the input '{node.name}'"


def _find_unused(nodes: Sequence[Node], ends: Iterable[int]) -> list[Node]:
    """Return the nodes that no other takes, but for those that a network `ends` on."""
    taken = set(chain(ends, chain.from_iterable([node.inputs for node in nodes])))
    return [nodes[position] for position in range(len(nodes)) if position not in taken]
