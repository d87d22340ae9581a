"""The networks that can be called by name: in which folders their specs lie, what they are called, all of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from archcalc.formats.language.contents import contents, decode, own_folder
from archcalc.formats.language.read import Document
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, SourceText, nearest, visible
from archcalc.ops import REGISTRY

SUFFIXES = (".yaml", ".yml")
"""How specs are called."""
KERNELS = r"[0-9]+(?:[x×][0-9]+)+(?:[-/*@,][\w,x×*/@-]*)?"
"""How stacks of kernels are written, which no network is called."""


def find_by_name(name: str) -> tuple[Document, str | None] | None:
    """Return the spec that describes the network of a name, in its normal form; None where no folder holds one."""
    return next((located for folder in folders() if (located := _find_in(folder, name))), None)


def _find_in(folder: Path, name: str) -> tuple[Document, str | None] | None:
    """Return the spec in a folder that describes the network `name`; files that begin like it are read first."""

    def unlikeness(path: Path) -> int:
        stem = normal(path.stem)
        return -len(stem) if name.startswith(stem) else 1

    for path in sorted(_spec_files(folder), key=unlikeness):
        try:
            document = document_in(path)
        except ArchcalcError:
            if normal(path.stem) == name:
                raise
            continue
        for variant in document.names:
            if normal(variant) == name:
                return document, (variant if document.variants else None)
        if document.variants and normal(document.name) == name:
            return document, None
    return None


def list_members(complain: Callable[[ArchcalcError], None]) -> Iterator[tuple[Document, str]]:
    """Yield every name that can be called, each once, with the spec that describes it."""
    limits.check()
    seen: set[str] = set()
    for folder in folders():
        for path in _spec_files(folder):
            try:
                document = document_in(path)
            except ArchcalcError as error:
                complain(error)
                continue
            for name in document.names:
                if normal(name) not in seen:
                    seen.add(normal(name))
                    yield document, name


def names() -> list[str]:
    """Return the names of all networks whose specs can be read."""
    return [name for _, name in list_members(lambda error: None)]


def hint_for_name(model: str) -> str:
    """Return what may have been meant by a name that no network has."""
    if re.fullmatch(KERNELS, model):
        return "kernels are compared: archcalc compare 3x3x3 7x7"
    if normal(model) in REGISTRY:
        return f"'[{normal(model)}]' is that layer by itself, on the shape that --input gives"
    return nearest(normal(model), names()) or "archcalc list shows the networks; a path ends in .yaml"


def normal(name: str) -> str:
    """Return the form in which names are compared."""
    return name.lower().replace("-", "_")


def _spec_files(folder: Path) -> list[Path]:
    """Return the files in a folder that are called as specs are, in the order of their names."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    except OSError as error:
        raise ArchcalcError(
            f"{visible(str(folder))}: {error.strerror}", hint="it is named in ARCHCALC_PATH"
        ) from None


def folders() -> list[Path]:
    """Return the folders that hold specs: those of ARCHCALC_PATH, then archcalc's own."""
    return [*extra_folders(), own_folder()]


def extra_folders() -> list[Path]:
    """Return the folders of ARCHCALC_PATH."""
    extra = os.environ.get("ARCHCALC_PATH", "").split(os.pathsep)
    return [Path(folder) for folder in extra if folder]


def document_in(path: Path) -> Document:
    """Return the spec in a file."""
    return Document(SourceText(name_file(path), decode(str(path), contents(path))))


def name_file(path: Path) -> str:
    """Return what to call a file in messages: one of archcalc's own by its place in the repository."""
    own = own_folder()
    return f"specs/{path.relative_to(own)}" if path.is_relative_to(own) else str(path)
