"""Parameters and blocks of a spec that nothing uses, whatever the variant: told in a note, as they do no harm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archcalc.formats.language.sections import section
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree

NAME = re.compile(r"[^\W0-9]\w*")
"""A name as an expression may hold it."""
MOST = 10
"""How many names a note lists."""


def note_unused(root: Mapping, who: str) -> Iterator[str]:
    """Yield a note on the parameters that nothing uses, one on the blocks, and one on each block's own parameters.

    Whatever might be a use is one: a word in a title, a layer that `when` leaves out in every variant.
    """
    parameters, blocks = section(root, "parameters").entries, section(root, "blocks").entries
    taken = root.entries.get("use")
    if not parameters and not blocks and taken is None:
        return
    reached = _Mentioned()
    for key, tree in root.entries.items():
        if key not in ("blocks", "use"):
            reached.walk(tree)
    named, waiting = reached.names, list(reached.words & blocks.keys())
    idle: dict[str, list[str]] = {}
    words = reached.words
    while waiting:
        name = waiting.pop()
        if name in idle:
            continue
        inside, own = _Mentioned(), section(_body(blocks[name]), "parameters").entries
        inside.walk(blocks[name])
        names = inside.names
        idle[name] = [parameter for parameter in own if parameter not in names]
        named |= names - own.keys()
        words |= inside.words
        waiting += inside.words & blocks.keys()
    yield from _note(
        f"nothing in {who} uses the parameter", [name for name in parameters if name not in named]
    )
    yield from _note(f"nothing in {who} uses the block", [name for name in blocks if name not in idle])
    yield from _note(f"nothing in {who} uses a block out of the file", _find_idle(taken, words))
    for block in blocks:
        yield from _note(f"block '{block}' of {who} does not use its parameter", idle.get(block, []))


def _find_idle(taken: Tree | None, words: set[str]) -> list[str]:
    """Return the names of shared blocks that a spec takes and of which no word is one."""
    if taken is None:
        return []
    from archcalc.formats.language.shared import shared_blocks

    items = taken.items if isinstance(taken, Listing) else [taken]
    names = [name for name in items if isinstance(name, Scalar)]
    return [name.text for name in names if not words & shared_blocks(name).entries.keys()]


def _body(tree: Tree) -> Mapping:
    return tree if isinstance(tree, Mapping) else Mapping(tree.source, tree.line, tree.column)


def _note(fact: str, names: Sequence[str]) -> Iterator[str]:
    """Yield a note on some names, if there are any."""
    if names:
        quoted = ", ".join(f"'{name}'" for name in names[:MOST])
        more = f" and {len(names) - MOST:,} more" if len(names) > MOST else ""
        yield f"{fact}{'s' * (len(names) > 1)} {quoted}{more}"


class _Mentioned:
    """What is said in trees."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.keys: set[str] = set()
        self.seen: set[int] = set()

    @property
    def words(self) -> set[str]:
        """Whole texts and keys, as a block is called."""
        return self.texts | self.keys

    @property
    def names(self) -> set[str]:
        """The names within texts, as in expressions."""
        return {name for text in self.texts for name in NAME.findall(text)}

    def walk(self, tree: Tree) -> None:
        """Take in a tree; what aliases repeat is looked at once."""
        waiting = [tree]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Scalar):
                self.texts.add(part.text)
            elif id(part) not in self.seen:
                self.seen.add(id(part))
                if isinstance(part, Mapping):
                    self.keys.update(part.keys)
                    waiting += part.entries.values()
                elif isinstance(part, Listing):
                    waiting += part.items
