"""Reading the sections of a document: mappings with known keys, texts, and where a value stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard, TypeVar

from archcalc.formats.language.tree import Mapping, Scalar, Tree
from archcalc.ground.errors import ArchcalcError, Place, Problems, nearest


class At:
    """An origin that is a single value of the document."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def place(self, setting: str | None = None) -> Place:
        """Return where the value stands."""
        return self.tree.place()


def check_keys(body: Mapping, known: tuple[str, ...], what: str) -> None:
    """Raise a fact for each key of a mapping that is not among the known ones."""
    problems = Problems()
    for name, key in body.keys.items():
        if name not in known:
            hint = nearest(name, list(known)) or f"it may have: {', '.join(known)}"
            problems.note(ArchcalcError(f"{what} has no '{name}'", place=key.place(), hint=hint))
    problems.raise_noted()


def mapping(tree: Tree, what: str) -> Mapping:
    """Return a tree that must be a mapping; nothing is an empty one."""
    if isinstance(tree, Scalar) and tree.value is None:
        return Mapping(tree.source, tree.line, tree.column)
    if not isinstance(tree, Mapping):
        raise ArchcalcError(
            f"{what} must be a mapping, not {tree.noun}",
            place=tree.place(),
            hint="write 'name: value', one a line, or {name: value, …}",
        )
    return tree


def holds_claims(root: Tree) -> TypeGuard[Mapping]:
    """Tell whether a document holds claims and no network."""
    return isinstance(root, Mapping) and "claims" in root.entries and "layers" not in root.entries


def section(root: Mapping, key: str) -> Mapping:
    """Return the mapping under a key; an empty one where there is no such key."""
    tree = root.entries.get(key)
    return Mapping(root.source, root.line, root.column) if tree is None else mapping(tree, f"'{key}'")


def text(body: Mapping, key: str) -> str:
    """Return the text under a key; an empty one where there is no such key."""
    tree = body.entries.get(key)
    if tree is None:
        return ""
    if not isinstance(tree, Scalar) or tree.value is None:
        raise ArchcalcError(f"'{key}' must be text, not {tree.noun}", place=tree.place())
    return tree.text


def truth(body: Mapping, key: str) -> bool:
    """Return the truth value under a key; false where there is no such key."""
    tree = body.entries.get(key)
    if tree is None:
        return False
    if isinstance(tree, Scalar) and isinstance(tree.value, bool):
        return tree.value
    raise ArchcalcError(f"'{key}' must be true or false, not {tree.noun}", place=tree.place())


Word = TypeVar("Word", bound=str)


def word_of(root: Mapping, key: str, words: Sequence[Word]) -> Word | None:
    """Return which of some words stands under a key; None where there is no such key."""
    tree = root.entries.get(key)
    if tree is None:
        return None
    for word in words:
        if isinstance(tree, Scalar) and tree.text == word:
            return word
    raise ArchcalcError(
        f"'{key}' must be {' or '.join(words)}, not {tree.noun}",
        place=tree.place(),
        hint=nearest(tree.text, words) if isinstance(tree, Scalar) else None,
    )
