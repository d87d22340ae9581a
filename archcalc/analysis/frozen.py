"""Which weights learn in a step of training: all but those that are frozen, which patterns of their paths say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from archcalc.analysis.run import Run, hint_for_layer
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.network.network import MARK

Learnt = Sequence[frozenset[str]]
"""The names of the weights that learn, layer by layer."""
MOST_NAMED = 3
"""The most layers that a message names."""


def find_learnt(run: Run, frozen: Sequence[str]) -> Learnt:
    """Return the names of the weights of each layer that learn; those do not that a pattern of `frozen` names.

    A pattern names a layer, a block with all that is in it, or one weight of a layer, such as conv1.bias; * stands for
    anything, also across dots. A weight that layers share is frozen where it is in one of them, except where a file
    does not say whose it is: then each layer's own path counts.

    Raises:
        ArchcalcError: a pattern names nothing, or nothing that learns, or nothing is left that does.
    """
    tensors = [facts.tensors[0].keys() for facts in run.facts]
    if not frozen:
        return [frozenset(names) for names in tensors]
    named = {
        (run.owner(position), name) for pattern in frozen for position, name in _find_named(run, pattern)
    }
    learnt = [
        frozenset(name for name in names if (run.owner(position), name) not in named)
        for position, names in enumerate(tensors)
    ]
    if not any(learnt):
        raise ArchcalcError(
            f"nothing of {run.network.name} is left that learns",
            hint="freeze less: such as all but the last layer",
        )
    return learnt


def find_flow(run: Run, learnt: Learnt) -> list[bool]:
    """Return for each layer whether its output needs a gradient: one goes through it, and it or one before it learns."""
    flow: list[bool] = []
    for node, facts, own in zip(run.nodes, run.facts, learnt, strict=True):
        is_needed = bool(own) or any(flow[source] for source in node.inputs)
        flow.append(is_needed and facts.op.differentiable)
    return flow


def _find_named(run: Run, pattern: str) -> list[tuple[int, str]]:
    """Return the weights that a pattern names, each by its layer and its name.

    Raises:
        ArchcalcError: there are none.
    """
    named = [
        (position, name)
        for position, facts in enumerate(run.facts)
        for name in facts.tensors[0]
        if _is_named(f"{run.nodes[position].name}.{name}", pattern)
    ]
    if not named:
        raise _complain(run, pattern)
    return named


def _is_named(path: str, pattern: str) -> bool:
    """Tell whether a pattern names a path, or a block that it is in."""
    return any(each == pattern or fnmatchcase(each, pattern) for each in _beginnings(path))


def _beginnings(path: str) -> Iterator[str]:
    """Yield the blocks in which a path is, from the outside in, and the path."""
    for mark in MARK.finditer(path, 1):
        yield path[: mark.start()]
    yield path


def _complain(run: Run, pattern: str) -> ArchcalcError:
    """Return what is wrong with a pattern that names no weights: it names no layer, or layers that have none."""
    unlearned = [node.name for node in run.nodes if _is_named(node.name, pattern)]
    if not unlearned:
        return ArchcalcError(
            f"{run.network.name} has no layer or block '{pattern}' to freeze",
            hint=hint_for_layer(run, pattern),
        )
    more = f" and {len(unlearned) - MOST_NAMED} more" if len(unlearned) > MOST_NAMED else ""
    learning = [node.name for node, facts in zip(run.nodes, run.facts, strict=True) if facts.tensors[0]]
    return ArchcalcError(
        f"nothing that '{pattern}' names has weights that learn: {', '.join(unlearned[:MOST_NAMED])}{more}",
        hint=nearest(pattern, learning)
        or f"those that learn are {', '.join(learning[:MOST_NAMED])} and so on",
    )
