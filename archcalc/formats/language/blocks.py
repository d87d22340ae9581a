"""The blocks of a spec: those that it takes by `use:` from archcalc's own, and those that it defines."""

from __future__ import annotations

from archcalc.formats.language.copies import BlockSpec
from archcalc.formats.language.scope import CONTROLS, check_name, check_parameter
from archcalc.formats.language.sections import check_keys, mapping, section
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.ground.errors import ArchcalcError
from archcalc.ops import REGISTRY


def read_blocks(root: Mapping) -> dict[str, BlockSpec]:
    """Return the blocks of a spec by their names, shared ones first.

    Raises:
        ArchcalcError: a block is wrong, there are no such shared ones, or two have the same name.
    """
    shared = used(root)
    written = section(root, "blocks")
    for name, key in written.keys.items():
        if name in shared:
            raise ArchcalcError(
                f"'{name}' is a block of {shared[name].layers.source.name}",
                place=key.place(),
                hint="choose another name, or leave it out of 'use'",
            )
    return {**shared, **_read(written)}


def used(root: Mapping) -> dict[str, BlockSpec]:
    """Return the shared blocks that a spec takes; most take none.

    Raises:
        ArchcalcError: there are none of a name, or a name is no word.
    """
    tree = root.entries.get("use")
    if tree is None:
        return {}
    from archcalc.formats.language.shared import shared_blocks

    blocks: dict[str, BlockSpec] = {}
    for item in tree.items if isinstance(tree, Listing) else [tree]:
        blocks |= _read(shared_blocks(_name(item)))
    return blocks


def _name(tree: Tree) -> Scalar:
    """Return the name of shared blocks: a word, never a path."""
    if not isinstance(tree, Scalar) or not tree.text:
        raise ArchcalcError(
            f"'use' names shared blocks, not {tree.noun}", place=tree.place(), hint="such as use: [mbconv]"
        )
    check_name(tree, "use")
    return tree


def _read(written: Mapping) -> dict[str, BlockSpec]:
    """Return the blocks that a mapping defines."""
    blocks = {}
    for name, tree in written.entries.items():
        key = written.keys[name]
        check_name(key, "block")
        if name in REGISTRY or name in CONTROLS:
            raise ArchcalcError(
                f"'{name}' is a layer type of archcalc's own",
                place=key.place(),
                hint="choose another name",
            )
        body = mapping(tree, f"block '{name}'")
        check_keys(body, ("parameters", "layers"), "a block")
        layers = body.entries.get("layers")
        if not isinstance(layers, Listing):
            raise ArchcalcError(f"block '{name}' needs a list of 'layers'", place=key.place())
        parameters = section(body, "parameters")
        for where in parameters.keys.values():
            check_parameter(where)
        blocks[name] = BlockSpec(name, parameters.entries, layers)
    return blocks
