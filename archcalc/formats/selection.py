"""Which networks some words stand for, in the order of the words: names, families, parts of names, patterns, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from archcalc.analysis.conditions import Input
from archcalc.formats.language.read import Document
from archcalc.formats.library import is_in_folder, is_located, load, members
from archcalc.formats.specs import hint_for_name, list_members, normal
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.network.network import Network


class Selected(NamedTuple):
    """A network that a word stands for: one of a spec that is called by name, or what `load` takes.

    `is_meant` where the word is its name, so that it is no network that happens to be called like it.
    """

    name: str
    document: Document | None = None
    is_meant: bool = True


def load_every(
    complain: Callable[[ArchcalcError], None],
    called: Sequence[str] = (),
    *,
    parameters: Mapping[str, object] | None = None,
    input: Input = None,
    batch: int | None = None,
) -> Iterator[Network]:
    """Yield every network that can be called by name, sorted by file and then as the file has them; or those called.

    What is wrong with a file or a network that is not meant by itself goes to `complain`, and the others follow all
    the same.

    Args:
        complain: takes what is wrong.
        called: whatever `load` takes as text, names of families, and, where nothing is called exactly so, parts of
            names, or patterns such as vgg*_bn. Their networks come in this order, each once; all where it is empty.
        parameters: as `load` takes them, for each network.
        input: as `load` takes it.
        batch: likewise.

    Raises:
        ArchcalcError: no network is called so; one that is meant by itself cannot be read or is wrong.
    """
    waiting = _select(complain, called)[::-1]
    while waiting:
        name, document, is_meant = waiting.pop()  # so that nothing holds a file whose last network is there
        if document is None:
            yield load(name, parameters=parameters, input=input, batch=batch)
            continue
        try:
            yield document.network(name if document.variants else None, parameters)
        except ArchcalcError as error:
            if is_meant:
                raise
            complain(error)


def _select(complain: Callable[[ArchcalcError], None], called: Sequence[str]) -> list[Selected]:
    """Return the networks that words stand for, each once; all that can be called where there is no word."""
    known: list[Selected] = []
    if not called or not all(map(is_located, called)):
        known += (Selected(name, document, is_meant=False) for document, name in list_members(complain))
    selected: dict[str, Selected] = {}
    for word in called:
        for each in _find(word, known):
            selected.setdefault(each.name, each)
    return list(selected.values()) if called else known


def _find(word: str, known: Sequence[Selected]) -> list[Selected]:
    """Return what a word stands for: the network of this name, a family, a file, or all that are called like it."""
    if is_located(word):
        return [Selected(model) for model in members(word)]
    name = normal(word)
    if meant := [each._replace(is_meant=True) for each in known if normal(each.name) == name]:
        return meant
    if family := [each for each in known if _family(each) == name]:
        return family
    if is_in_folder(word):
        return [Selected(model) for model in members(word)]
    patterns = (name,) if set(word) & set("*?[") else (f"{name}*", f"*_{name}*", f"*{name}*")
    for beginnings in (patterns[:2], patterns[2:]):  # lenet5 before googlenet
        if alike := [each for each in known if _is_called(each, beginnings)]:
            return alike
    raise ArchcalcError(f"no network is called like '{visible(word)}'", hint=hint_for_name(word))


def _is_called(network: Selected, patterns: Sequence[str]) -> bool:
    """Tell whether a network, or the spec that it is in, is called as one of some patterns says."""
    names = normal(network.name), _family(network)
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _family(network: Selected) -> str:
    """Return what the spec of a network is called, in the form in which names are compared."""
    return normal(network.document.name) if network.document else ""
