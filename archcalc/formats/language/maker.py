"""An op of what is written of a layer: its settings worked out and checked."""

from __future__ import annotations

from collections.abc import Mapping as Scope

from archcalc.formats.language.scope import COMMON, Use, evaluate, is_fixed, unknown
from archcalc.formats.language.tree import Scalar, Tree
from archcalc.ground.errors import ArchcalcError, Problems, each_of, nearest
from archcalc.op.op import Op


class Maker:
    """Makes ops; equal layers share one, and a line whose settings no parameter changes is worked out once."""

    def __init__(self) -> None:
        self.ops: dict[tuple[str, str], Op] = {}
        self.fixed: dict[int, tuple[Scope[str, Tree], Op]] = {}

    def make(self, cls: type[Op], use: Use, scope: Scope[str, object]) -> Op:
        """Return the op of a layer.

        Raises:
            ArchcalcError: settings are unknown, wrong or missing; all of them are said.
        """
        fixed = self.fixed.get(id(use.settings))
        if fixed is not None:
            return fixed[1]
        problems = Problems()
        given = {}
        for name in use.settings:
            if name in COMMON or (cls.traits.is_branched and name == "branches"):
                continue
            if name not in cls.declared:
                problems.note(unknown(use, name, (*cls.declared, *COMMON), f"{cls.kind} has no setting"))
                continue
            try:
                given[name] = _setting(cls, use, name, scope)
            except ArchcalcError as error:
                problems.note(error)
        key = (cls.kind, repr(given))
        if problems or key not in self.ops:
            self.ops[key] = _op(cls, given, use, scope, problems)
        if all(is_fixed(use.settings[name]) for name in given):
            self.fixed[id(use.settings)] = (
                use.settings,
                self.ops[key],
            )  # kept, so that no other has its identity
        return self.ops[key]


def _setting(cls: type[Op], use: Use, name: str, scope: Scope[str, object]) -> object:
    """Return the value of an op's setting; a text is meant as it stands."""
    tree = use.settings[name]
    if cls.declared[name].verbatim and isinstance(tree, Scalar):
        return tree.value
    return evaluate(tree, scope, use.used_by)


def _op(
    cls: type[Op], given: dict[str, object], use: Use, scope: Scope[str, object], problems: Problems
) -> Op:
    """Return an op with some settings, unless there were problems with others."""
    is_misspelt = bool(problems)
    try:
        op = cls(**given)
    except ArchcalcError as error:
        for single in each_of(error):
            word = given.get(single.setting or "")
            if isinstance(word, str) and single.hint is None:
                single.hint = nearest(word, scope)
            if single.setting is not None or not is_misspelt:  # what is missing may be what is misspelt
                problems.note(single.at(cls.kind, use))
    problems.raise_noted()
    return op
