"""The constants in a device's file: each with a name that the formulas know, and the layer types that they were fitted to."""

from __future__ import annotations

from archcalc.analysis.timing.machine import CONSTANTS, find_fault, list_constants
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.ground.errors import ArchcalcError, list_names, nearest
from archcalc.ops import REGISTRY


def read_constant(key: Scalar, tree: Tree) -> tuple[str, float]:
    """Return a constant's name and value."""
    if key.text not in list_constants():
        raise ArchcalcError(
            f"there is no constant '{key.text}'",
            place=key.place(),
            hint=nearest(key.text, list_constants()) or list_names("those of all kernels", CONSTANTS),
        )
    value = read_number(tree, key.text)
    fault = find_fault(key.text, value)
    if fault:
        raise ArchcalcError(f"'{key.text}' {fault}", place=tree.place(), hint=CONSTANTS.get(key.text))
    return key.text, value


def read_layers(body: Mapping) -> tuple[str, ...]:
    """Return the layer types of the networks that constants were fitted to."""
    tree = body.entries.get("layers")
    if tree is None:
        return ()
    if not isinstance(tree, Listing):
        raise ArchcalcError(f"'layers' must be a list, not {tree.noun}", place=tree.place())
    return tuple(map(_kind, tree.items))


def _kind(tree: Tree) -> str:
    """Return a layer type."""
    kind = tree.text if isinstance(tree, Scalar) else ""
    if kind not in REGISTRY:
        raise ArchcalcError(
            f"there is no layer type {tree.noun}", place=tree.place(), hint=nearest(kind, list(REGISTRY))
        )
    return kind


def read_number(tree: Tree, key: str) -> float:
    """Return a number, or raise an error where it is none."""
    value = tree.value if isinstance(tree, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArchcalcError(f"'{key}' must be a number, not {tree.noun}", place=tree.place())
    return float(value)
