"""The functions that a model defines itself, written out where they are called, once that is known to be little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, cast

from archcalc.formats.onnx.budget import WRITTEN, Budget
from archcalc.formats.onnx.functions import kind_of
from archcalc.formats.onnx.messages import Proto
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.ground.limits import FUNCTIONS, LAYERS

if TYPE_CHECKING:
    from onnx import ModelProto

Key = tuple[str, str, str]
"""What a function is called by: its domain, its name, and which of several of this name it is."""


class Cost(NamedTuple):
    """What nodes become once the functions that they call are written out: how many, how long, how deep."""

    nodes: int
    bytes: int
    depth: int


def write_out(model: Proto, budget: Budget) -> Proto:
    """Return a model with the functions that it defines itself written out, but for those that are ops."""
    foreign = list(dict.fromkeys((each.domain, each.name) for each in model.functions if not _is_own(each)))
    if not foreign:
        return model
    from onnx import inliner

    _pay(model, budget)
    try:
        return inliner.inline_selected_functions(cast("ModelProto", model), foreign)
    except Exception as error:  # noqa: BLE001  # what the C++ code behind it raises is not documented
        raise _refusal(budget, f"functions cannot be written out: {visible(str(error))}") from None


def pay_for_ops(model: Proto, budget: Budget) -> None:
    """Pay for a walk through every function that is left in a model, wherever it is called."""
    bodies = _bodies(model.functions)
    _spend(_cost(model.graph.node, _costs(bodies, budget)), budget)


def _pay(model: Proto, budget: Budget) -> None:
    """Pay for the writing out of a model's functions, in its graph and in the functions that stay.

    Raises:
        ArchcalcError: they come to more nodes than a network may have, to more work than is allowed, or to no end.
    """
    costs = _costs(_bodies(each for each in model.functions if not _is_own(each)), budget)
    stay = (each.node for each in model.functions if _is_own(each))
    cost = _cost(chain(model.graph.node, *stay), costs)
    if cost.depth > FUNCTIONS:
        raise _refusal(budget, f"functions call each other more than {FUNCTIONS} deep")
    if cost.nodes > LAYERS.value:
        raise ArchcalcError(
            f"{visible(str(budget.path))}: has more than {LAYERS.value:,} nodes once its functions are written out",
            hint=LAYERS.hint,
        )
    _spend(cost, budget)


def _spend(cost: Cost, budget: Budget) -> None:
    budget.spend(cost.nodes * WRITTEN)
    budget.copy(cost.bytes)


def _refusal(budget: Budget, what: str) -> ArchcalcError:
    return ArchcalcError(f"{visible(str(budget.path))}: its {what}")


def _is_own(function: Proto) -> bool:
    return kind_of(function.domain, function.name) is not None


def _bodies(functions: Iterable[Proto]) -> dict[Key, list[Proto]]:
    """Return the nodes of each function; where a file defines one twice, those of both."""
    bodies: dict[Key, list[Proto]] = {}
    for each in functions:
        bodies.setdefault(_key(each.domain, each.name, each.overload), []).extend(each.node)
    return bodies


def _key(domain: str, name: str, overload: str) -> Key:
    return ("" if domain == "ai.onnx" else domain, name, overload)


def _costs(bodies: dict[Key, list[Proto]], budget: Budget) -> dict[Key, Cost]:
    """Return what a call of each function comes to."""
    calls = {key: Counter(_find_called(nodes)) for key, nodes in bodies.items()}
    costs: dict[Key, Cost] = {}
    try:
        for key in TopologicalSorter(
            {key: calls[key].keys() & bodies.keys() for key in bodies}
        ).static_order():
            costs[key] = _total(bodies[key], calls[key], costs)
    except CycleError:
        raise _refusal(budget, "functions call each other without end") from None
    return costs


def _cost(nodes: Iterable[Proto], functions: dict[Key, Cost]) -> Cost:
    """Return what some nodes come to."""
    own = list(nodes)
    return _total(own, Counter(_find_called(own)), functions)


def _total(nodes: Iterable[Proto], calls: Counter[Key], functions: dict[Key, Cost]) -> Cost:
    made = [(times, functions[key]) for key, times in calls.items() if key in functions]
    return Cost(
        sum(times for key, times in calls.items() if key not in functions)
        + sum(times * each.nodes for times, each in made),
        sum(node.ByteSize() for node in nodes) + sum(times * each.bytes for times, each in made),
        max((each.depth + 1 for _, each in made), default=0),
    )


def _find_called(nodes: Iterable[Proto]) -> Iterator[Key]:
    """Yield what each node calls, and the nodes of the graphs inside it."""
    for node in nodes:
        yield _key(node.domain, node.op_type, node.overload)
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _find_called(graph.node)
