"""The `budget:` of a spec: limits on the network's figures, which `check` holds it to."""

from __future__ import annotations

from archcalc.analysis.budget import limit
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.ground.errors import ArchcalcError, Problems
from archcalc.network.network import FigureLimit, Limit, Network

SOURCE = "the budget"
"""Who states the limits, as `check` says beside them."""


def budget(root: Mapping) -> tuple[Limit, ...]:
    """Return the limits that a spec or a variant states: one, or a list of them.

    Raises:
        ArchcalcError: some are no limits.
    """
    tree = root.entries.get("budget")
    if tree is None:
        return ()
    limits: list[Limit] = []
    problems = Problems()
    for item in tree.items if isinstance(tree, Listing) else [tree]:
        with problems.noted():
            limits.append(_limit(item))
    problems.raise_noted()
    return tuple(limits)


def _limit(tree: Tree) -> Limit:
    if not isinstance(tree, Scalar) or not tree.text:
        hint = "budget: [params <= 5M, peak_bytes <= 256KiB]"
        raise ArchcalcError(
            f"a limit is a text such as params <= 5M, not {tree.noun}", place=tree.place(), hint=hint
        )
    try:
        return limit(tree.text, SOURCE)
    except ArchcalcError as error:
        raise ArchcalcError(error.fact, place=tree.place(), hint=error.hint) from None


def write_budget(network: Network) -> str:
    """Return the lines that state a network's budget."""
    if not network.budget:
        return ""
    limits = (f"  - {_write(limit)}" for limit in network.budget)
    return "\n".join(["", "budget:", *limits, ""])


def _write(limit: Limit) -> str:
    if isinstance(limit, FigureLimit):
        return f"{limit.figure} {limit.operator} {limit.written}"
    return limit.written
