"""Files of claims: those that archcalc ships, those in ARCHCALC_PATH, one that somebody names; and what they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from archcalc.formats.language.claims import Assertion, assertions
from archcalc.formats.language.contents import contents, decode
from archcalc.formats.language.inline import Inline
from archcalc.formats.language.sections import holds_claims
from archcalc.formats.language.tree import Scalar, Tree
from archcalc.formats.language.yaml import read
from archcalc.formats.library import (
    as_path,
    is_file,
    is_in_folder,
    is_inline,
    is_located,
    load,
    with_suffix,
)
from archcalc.formats.specs import (
    SUFFIXES,
    document_in,
    find_by_name,
    folders,
    hint_for_name,
    name_file,
    normal,
)
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, CallError, SourceText, visible
from archcalc.network.network import Network
from archcalc.op.site import Sizes

FOLDER = "claims"
"""Where files of claims lie, in a folder of specs."""
MENTIONED = re.compile(r"\bclaims\b")


class ClaimsFile(NamedTuple):
    """A file of claims, and the folder from which it names files."""

    name: str
    folder: Path
    assertions: tuple[Assertion, ...]


def claims_files() -> list[Path]:
    """Return the files of claims beside the specs that can be called by name."""
    inside = (folder / FOLDER for folder in folders())
    return [
        path
        for folder in inside
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix in SUFFIXES
    ]


def find_namesake(name: str) -> Path | None:
    """Return the file in the current folder that a name would stand for, were it not one of ours; None where it is not so."""
    if is_located(name) or is_inline(name) or not is_in_folder(name):
        return None
    is_ours = find_by_name(normal(name)) or _shipped(name)
    return with_suffix(Path(name)) if is_ours else None


def _shipped(name: str) -> list[Path]:
    """Return the files of claims that are called so."""
    return [path for path in claims_files() if normal(path.stem) == normal(name)]


def find_claims(name: str) -> ClaimsFile | None:
    """Return the file of claims of this path, or that archcalc ships under this name; None where it is none.

    Raises:
        ArchcalcError: its claims are wrong.
    """
    limits.check()
    if name == "-" or is_inline(name):
        return None
    path, variant = as_path(name)
    if path is None:
        shipped = _shipped(name)
        if not shipped and not is_file(with_suffix(Path(name))):
            return None
        if find_by_name(normal(name)):
            return None
        path = shipped[0] if shipped else with_suffix(Path(name))
    if variant is not None or path.suffix not in SUFFIXES or not is_file(path):
        return None
    return read_claims(path)


def read_claims(path: Path) -> ClaimsFile | None:
    """Return what a file claims; None where it holds something else.

    Raises:
        ArchcalcError: it cannot be read, or its claims are wrong.
    """
    source = SourceText(name_file(path), decode(str(path), contents(path)))
    if not MENTIONED.search(source.text):
        return None
    root = read(source)
    return ClaimsFile(source.name, path.parent, tuple(assertions(root))) if holds_claims(root) else None


def load_subject(of: Tree, folder: Path, input: Sizes | None, parameters: Mapping[str, object]) -> Network:
    """Load what a claim is about: layers as they are written, a network by its name, or a spec beside the claims.

    Raises:
        ArchcalcError: there is no such network, or it is wrong; a file is not in the folder or below it.
    """
    if not isinstance(of, Scalar):
        return Inline("", input, of).network(None, parameters)
    if is_inline(of.text):
        return Inline(of.text, input).network(None, parameters)
    path, _ = as_path(of.text)
    if path is not None:
        if path.is_absolute() or ".." in path.parts:
            raise ArchcalcError(
                f"claims name no file outside of their folder: '{visible(of.text)}'",
                hint="put it beside the claims",
            )
        return load(str(folder / of.text), parameters=parameters or None, input=input)
    if located := find_by_name(normal(of.text)):
        document, variant = located
        return document.network(variant, parameters)
    beside = with_suffix(folder / of.text)
    if of.text in ("", "-") or not is_file(beside):
        raise CallError(f"there is no network called '{visible(of.text)}'", hint=hint_for_name(of.text))
    return document_in(beside).network(None, parameters)
