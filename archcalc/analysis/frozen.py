"""Which weights learn in a step of training: all but those that are frozen, which patterns of their paths say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from typing import NamedTuple

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
    paths = _list_paths(run)
    named = {
        (run.owner(position), name)
        for pattern in frozen
        for position, name in _find_named(run, paths, pattern)
    }
    learnt = [
        frozenset(name for name in names if (run.owner(position), name) not in named)
        for position, names in enumerate(tensors)
    ]
    if not any(learnt):
        raise ArchcalcError(
            f"nothing of {run.network.name} is left that learns",
            hint=f"freeze less: such as all but the last layer{_write_others(run)}",
        )
    return learnt


def _write_others(run: Run) -> str:
    """Return the pattern of all but the last layer that learns, where its name begins as no other does; else nothing."""
    names = [node.name for node, facts in zip(run.nodes, run.facts, strict=True) if facts.tensors[0]]
    first = names[-1][0]
    is_alone = [name[0] for name in names].count(first) == 1 and first.isalpha()
    return f", '[!{first}]*': what does not begin with {first}" if is_alone else ""


def find_flow(run: Run, learnt: Learnt) -> list[bool]:
    """Return for each layer whether its output needs a gradient: one goes through it, and it or one before it learns."""
    flow: list[bool] = []
    for node, facts, own in zip(run.nodes, run.facts, learnt, strict=True):
        is_needed = bool(own) or any(flow[source] for source in node.inputs)
        flow.append(is_needed and facts.op.differentiable)
    return flow


class _Path(NamedTuple):
    """A weight by its layer and its name, and the blocks in which it is, from the outside in, with its own path."""

    position: int
    name: str
    beginnings: tuple[str, ...]


def _list_paths(run: Run) -> list[_Path]:
    return [
        _Path(position, name, tuple(_beginnings(f"{node.name}.{name}")))
        for position, (node, facts) in enumerate(zip(run.nodes, run.facts, strict=True))
        for name in facts.tensors[0]
    ]


def _find_named(run: Run, paths: Sequence[_Path], pattern: str) -> list[tuple[int, str]]:
    """Return the weights that a pattern names, each by its layer and its name.

    Raises:
        ArchcalcError: there are none.
    """
    is_named = _matcher(pattern)
    named = [(position, name) for position, name, beginnings in paths if is_named(beginnings)]
    if not named:
        raise _complain(run, pattern)
    return named


def _matcher(pattern: str) -> Callable[[Iterable[str]], bool]:
    """Return what tells whether a pattern names a path, or a block that it is in, by the path's beginnings."""
    matches = re.compile(translate(pattern)).match
    return lambda beginnings: any(each == pattern or matches(each) for each in beginnings)


def _beginnings(path: str) -> Iterator[str]:
    """Yield the blocks in which a path is, from the outside in, and the path."""
    for mark in MARK.finditer(path, 1):
        yield path[: mark.start()]
    yield path


def _complain(run: Run, pattern: str) -> ArchcalcError:
    """Return what is wrong with a pattern that names no weights: it names no layer, or layers that have none."""
    is_named = _matcher(pattern)
    unlearned = [node.name for node in run.nodes if is_named(_beginnings(node.name))]
    if not unlearned and any(node.name.startswith(pattern) for node in run.nodes):
        return ArchcalcError(
            f"{run.network.name} has no layer or block '{pattern}' to freeze",
            hint=f"write '{pattern}*' for all whose names begin so",
        )
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
