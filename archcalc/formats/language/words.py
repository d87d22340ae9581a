"""Values as a spec writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from json import dumps

from archcalc.formats.language.tree import AMBIGUOUS, DECIMAL, INTEGER, WORDS
from archcalc.formats.program.parameters import Variable
from archcalc.ground.errors import ArchcalcError
from archcalc.op.setting import Setting

WIDTH = 110
"""The longest line that is written on purpose, in characters."""
PLAIN = re.compile(r"[A-Za-z0-9_./+][\w ./+*×&'-]*(?<! )")
"""Text that needs no quotes, wherever it stands."""


def text(value: str) -> str:
    """Return some text as YAML: in quotes where it would mean something else without."""
    if PLAIN.fullmatch(value) and not is_special(value):
        return value
    return dumps(value, ensure_ascii=False)


def is_special(word: str) -> bool:
    """Tell whether YAML reads a plain word as something else than a text."""
    return (
        word.lower() in AMBIGUOUS
        or word in WORDS
        or INTEGER.fullmatch(word) is not None
        or DECIMAL.fullmatch(word) is not None
    )


def value(given: object, setting: Setting | None = None) -> str:
    """Return a setting's value in the shortest form that a spec reads as the same."""
    if isinstance(given, Variable):
        return given.name if given.factor == 1 else f"{given.factor} * {given.name}"
    for form in _forms(given):
        if setting is None or _reads_as(setting, form, given):
            return _flow(form)
    return _flow(given)


def _reads_as(setting: Setting, form: object, given: object) -> bool:
    try:
        return bool(setting.parse(form) == given)
    except ArchcalcError:
        return False


def _forms(given: object) -> Iterator[object]:
    """Yield what a tuple may be short for: 3 for (3,) and ((3, 3),), 3x5 for (3, 5)."""
    if given and isinstance(given, tuple):
        if all(isinstance(pair, tuple) and len(pair) == 2 and pair[0] == pair[1] for pair in given):
            yield from _forms(tuple(pair[0] for pair in given))
        if len(given) == 1:
            yield given[0]
        elif all(isinstance(item, int) and item >= 0 for item in given):
            yield "x".join(map(str, given))
    yield given


def _flow(form: object) -> str:
    if isinstance(form, list | tuple):
        return f"[{', '.join(map(_flow, form))}]"
    if isinstance(form, str):
        return text(form)
    return dumps(form)


def flow(lead: str, items: Iterable[str]) -> list[str]:
    """Return a mapping in braces behind `lead`, on as few lines as fit."""
    lines = [f"{lead}{{"]
    margin = " " * len(lines[0])
    separator = ""
    for item in items:
        lines[-1] += separator
        if separator and len(lines[-1]) + len(item) > WIDTH:
            lines[-1] = lines[-1].rstrip()
            lines.append(margin)
        lines[-1] += item
        separator = ", "
    lines[-1] += "}"
    return lines
