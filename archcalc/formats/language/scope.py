"""One layer as it is written: reading its settings, names and plain values, and blaming the right spot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Scope
from typing import NamedTuple

from archcalc.formats.language.expressions import parse, value_of
from archcalc.formats.language.grammar import KEYWORDS
from archcalc.formats.language.operators import FUNCTIONS
from archcalc.formats.language.synonyms import hint_for_setting
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.ground import limits
from archcalc.ground.errors import CARET_WINDOW, ArchcalcError, Place, Problems, list_names
from archcalc.op.op import REGISTRY

COMMON = ("name", "from", "when", "tie", "shared")
"""Settings that every layer has, whatever its op."""
VARIANT_KEYS = ("title", "source", "input", "budget", "expect")
"""What a variant may say beside its parameters."""
CONTROLS = {"repeat": ("times", "layers"), "auxiliary": ("layers",)}
"""Layers that write other layers, and what each of them needs."""
RESERVED = frozenset((*FUNCTIONS, *KEYWORDS, *COMMON, *VARIANT_KEYS))
"""Words of the language, which no parameter is called."""


class Use(NamedTuple):
    """A layer as written: the op or block it names, its settings or a lone value, and the place of the whole."""

    kind: Scalar
    settings: Scope[str, Tree]
    keys: Scope[str, Scalar]
    used_by: Place | None
    lone: Tree | None = None

    def with_main(self, main: str | None, settings: Sequence[str]) -> Use:
        """Return the layer with its lone value as the setting `main`; where it has none, its `settings` are named."""
        if self.lone is None:
            return self
        if main is None:
            named = f": {{{', '.join(f'{name}: …' for name in settings)}}}" if settings else ""
            raise ArchcalcError(
                f"{self.kind.text} takes no lone value, but here is {self.lone.noun}",
                place=self.lone.place(self.used_by),
                hint=f"write '- {self.kind.text}', or with settings '- {self.kind.text}{named}'"
                if named and self.kind.text not in CONTROLS
                else f"write '- {self.kind.text}{named}'",
            )
        return self._replace(settings={main: self.lone}, lone=None)

    def place(self, setting: str | None = None) -> Place:
        """Return where a setting's value stands, or the layer itself."""
        return self.settings.get(setting or "", self.kind).place(self.used_by)

    def error(self, fact: str, setting: str | None = None, hint: str | None = None) -> ArchcalcError:
        """Return an error at a setting or at the layer."""
        return ArchcalcError(fact, place=self.place(setting), hint=hint)


def evaluate(tree: Tree, scope: Scope[str, object], used_by: Place | None = None) -> object:
    """Return the plain value of a tree: numbers, words, truth values, tuples; expressions worked out."""
    if isinstance(tree, Scalar):
        value = tree.value
        if not isinstance(value, str):
            return value
        try:
            return value_of(value, scope)
        except ArchcalcError as error:
            raise ArchcalcError(error.fact, place=tree.place(used_by), hint=error.hint) from None
    if isinstance(tree, Listing):
        return tuple(evaluate(item, scope, used_by) for item in tree.items)
    raise ArchcalcError("a mapping does not belong here", place=tree.place(used_by))


def is_fixed(tree: Tree) -> bool:
    """Tell whether a tree has the same value whatever parameters there are."""
    if isinstance(tree, Scalar):
        expression = parse(tree.value) if isinstance(tree.value, str) else None
        return expression is None or not expression.names
    return isinstance(tree, Listing) and all(map(is_fixed, tree.items))


def write_use(item: Tree, used_by: Place | None) -> Use:
    """Return a layer as written: `relu`, `maxpool: 2` or `conv: {out: 6, kernel: 5}`."""
    if isinstance(item, Scalar):
        if not item.text:
            raise ArchcalcError(
                "a layer is missing after '-'",
                place=item.place(used_by),
                hint="write a layer behind the dash, or remove it",
            )
        return Use(item, {}, {}, used_by)
    if not isinstance(item, Mapping):
        raise ArchcalcError(
            "a layer must be an op, not a list",
            place=item.place(used_by),
            hint="write '- conv: {out: 64, kernel: 3}'",
        )
    if len(item.entries) != 1:
        keys = list(item.keys)
        raise ArchcalcError(
            f"a layer is one op and its settings, but here are {', '.join(keys[:4]) or 'none'}",
            place=item.place(used_by),
            hint=f"indent the settings below the op, or write '- {keys[0]}: {{…}}'" if keys else None,
        )
    ((kind, value),) = item.entries.items()
    key = item.keys[kind]
    if isinstance(value, Mapping):
        return Use(key, value.entries, value.keys, used_by)
    if isinstance(value, Scalar) and value.value is None:
        return Use(key, {}, {}, used_by)
    return Use(key, {}, {}, used_by, value)


def name_branches(use: Use) -> Iterator[tuple[str, Tree]]:
    """Yield each branch's name, empty where it has none, and its layers, which are a list."""
    tree = use.settings["branches"]
    if isinstance(tree, Mapping):
        for key in tree.keys.values():
            check_name(key, "branch", use.used_by)
        branches = list(tree.entries.items())
    elif isinstance(tree, Listing):
        branches = [("", branch) for branch in tree.items]
    else:
        raise use.error(
            f"branches must be a list of lists of layers, not {tree.noun}",
            "branches",
            f"write '{use.kind.text}: [[{tree.text}], []]': each branch is a list, an empty one is the input itself"
            if isinstance(tree, Scalar)
            else None,
        )
    words = [branch.text for _, branch in branches if isinstance(branch, Scalar)]
    if branches and len(words) == len(branches) and not any(word in REGISTRY for word in words):
        raise use.error(
            f"branches of {use.kind.text} are lists of layers, not the names of some",
            "branches",
            f"write '- {use.kind.text}: {{from: [{', '.join(words)}]}}'",
        )
    for name, branch in branches:
        if not isinstance(branch, Listing):
            raise ArchcalcError(
                f"a branch of {use.kind.text} must be a list of layers, not {branch.noun}",
                place=branch.place(use.used_by),
                hint=_hint_for_branch(name, branch),
            )
    yield from branches


def _hint_for_branch(name: str, branch: Tree) -> str:
    """Return how to write a branch that is no list: what stands there becomes the only layer of one."""
    if name and isinstance(branch, Scalar) and branch.text:
        return f"write '{name}: [{branch.text}]'"
    line = branch.source.line(branch.line)
    if line[: branch.column].strip() == "-" and len(line) <= CARET_WINDOW:
        return f"write '- {line.strip()}': the first dash begins a branch, the second its first layer"
    return "each branch is a list of its own: [[relu], [sigmoid]], or a dash for the branch and one for each layer"


def word(use: Use, setting: str) -> str | None:
    """Return a name as it is written; it is never an expression."""
    tree = use.settings.get(setting)
    if tree is None:
        return None
    if not isinstance(tree, Scalar) or not tree.text:
        raise use.error(f"'{setting}' must be a word, not {tree.noun}", setting)
    check_name(tree, setting, use.used_by)
    return tree.text


def check_name(tree: Scalar, what: str, used_by: Place | None = None) -> None:
    """Raise a fact where a name is ambiguous YAML or holds anything but letters, digits, `_` and `-`."""
    if tree.ambiguous:
        raise ArchcalcError(
            f"'{what}: {tree.text}' is read as true or false by some YAML readers",
            place=tree.place(used_by),
            hint=f"quote it: {what}: '{tree.text}'",
        )
    if len(tree.text) > limits.NAME.value:
        raise ArchcalcError(
            f"'{what}' has {len(tree.text):,} characters; the most is {limits.NAME.value}",
            place=tree.place(used_by),
            hint=limits.NAME.hint,
        )
    if not tree.text.replace("_", "").replace("-", "").isalnum():
        raise ArchcalcError(
            f"'{what}' may hold letters, digits, _ and -, not {tree.noun}",
            place=tree.place(used_by),
            hint=f"write {plain}" if (plain := re.sub(r"[^\w-]+", "_", tree.text).strip("_")) else None,
        )


def check_settings(use: Use, needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """Raise a fact where a setting is unknown, or one of those needed is missing."""
    kind = use.kind.text
    problems = Problems()
    for name in use.settings:
        if name not in needed and name not in optional:
            problems.note(unknown(use, name, (*needed, *optional), f"{kind} has no setting"))
    for name in needed:
        if name not in use.settings and not problems:
            problems.note(use.error(f"{kind} needs '{name}'"))
    problems.raise_noted()


def unknown(use: Use, name: str, known: tuple[str, ...], fact: str) -> ArchcalcError:
    """Return the error for a name that is none of those known, with the nearest one."""
    key = use.keys.get(name, use.kind)
    return ArchcalcError(
        f"{fact} '{name}'",
        place=key.place(use.used_by),
        hint=hint_for_setting(key, known) or list_names("its settings", known),
    )


def check_parameter(key: Scalar, used_by: Place | None = None) -> None:
    """Raise a fact where a parameter's name is a word of the language or none that an expression can hold."""
    if not key.text.isidentifier() or key.text in RESERVED:
        raise ArchcalcError(
            f"'{key.text}' cannot be a parameter's name",
            place=key.place(used_by),
            hint="use letters, digits and _, and no word that the language uses itself",
        )


def check_inputs(kind: str, takes: tuple[int, int | None], given: int, use: Use) -> None:
    """Raise a fact where an op or a block gets fewer or more inputs than it takes."""
    least, most = takes
    if most == 0:
        raise use.error(f"'{kind}' stands at the top of a spec, not among the layers")
    if most is None and given < least:
        raise use.error(
            f"{kind} needs at least {least} inputs", hint="give it a list of branches, or from: [a, b]"
        )
    if most is not None and not least <= given <= most:
        hint = None
        if given > most:
            hint = "add, multiply or concat bring several together"
        elif least > 1:
            hint = "give it a list of branches, or from: [a, b]"
        several = f"{least} to {most} inputs" if least < most else f"{most} input{'s' * (most > 1)}"
        raise use.error(f"{kind} takes {several}, not {given}", "from", hint)


def no_inputs(use: Use) -> tuple[int, ...]:
    """Return the inputs of a constant, which has none, or raise where it is given some."""
    if "from" in use.settings:
        raise use.error(f"{use.kind.text} takes no input", "from", "leave 'from' out: it is there by itself")
    return ()
