"""Blocks that several specs share: files of archcalc's own, which a spec takes by their names."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from archcalc.formats.language.contents import contents, decode, own_folder
from archcalc.formats.language.sections import check_keys, mapping, section
from archcalc.formats.language.tree import Mapping, Scalar
from archcalc.formats.language.yaml import read
from archcalc.ground.errors import ArchcalcError, SourceText, list_names, nearest


def shared_names() -> list[str]:
    """Return the names that `use:` knows."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def shared_blocks(name: Scalar) -> Mapping:
    """Return the blocks of a name as they are written.

    Raises:
        ArchcalcError: there are none.
    """
    known = shared_names()
    if name.text not in known:
        raise ArchcalcError(
            f"there are no shared blocks called '{name.text}'",
            place=name.place(),
            hint=nearest(name.text, known) or list_names("there are", known),
        )
    return _blocks_in(_folder() / f"{name.text}.yaml")


@cache
def _blocks_in(path: Path) -> Mapping:
    source = SourceText(f"specs/blocks/{path.name}", decode(str(path), contents(path)))
    root = mapping(read(source), "a file of shared blocks")
    check_keys(root, ("blocks",), "a file of shared blocks")
    return section(root, "blocks")


def _folder() -> Path:
    return own_folder() / "blocks"
