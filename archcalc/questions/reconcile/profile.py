"""A tool's profile: what it counts for each layer type, read from `archcalc/data/profiles/NAME.yaml`.

    title: the tool and its version          source: where its rules stand
    batch: 1                                 if it always counts one sample
    layers: [conv, relu]                     the layer types that it has, if it says so where it meets another
    zero: [relu6, tanh]                      the layer types for which it counts nothing where no rule says otherwise
    figures:                                 what it prints, one entry for each figure
      flops:                                 as the tool calls it
        unit: MAC                            what it is
        rules: {conv: [M, b], relu: 2 * i}   expressions over the ingredients, one or several to add up
        otherwise: n * p                     a rule for all others, where the tool itself has one
    quirks:                                  what a reader should know, and whom it concerns
      - {of: [conv], says: …}

A rule may also be `unsupported` (the tool says that it leaves the layer out) or `unknown` (it counts
something that the profile cannot say). What is counted for a layer type that a profile does not name is unknown,
and so is the figure then: nothing is taken for zero that nobody looked at. Where a layer of a type that counts
nothing has multiply-accumulates all the same, that is unknown, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Table
from functools import cache
from pathlib import Path
from typing import NamedTuple

from archcalc.formats.language.expressions import parse
from archcalc.formats.language.sections import check_keys, mapping, section, text
from archcalc.formats.language.tree import Listing, Scalar, Tree
from archcalc.formats.language.yaml import read
from archcalc.ground.errors import ArchcalcError, SourceText, nearest
from archcalc.ops import REGISTRY
from archcalc.questions.reconcile.ingredients import AMOUNTS, FACTORS

FOLDER = Path(__file__).parents[2] / "data" / "profiles"
OUTSIDE = ("unsupported", "unknown")
"""What a rule may say in place of expressions."""
UNITS: dict[str, int | None] = {
    "MAC": 1,
    "FLOP": 2,
    "comparison": 0,
    "addition": 0,
    "division": 0,
    "exponential": 0,
    "parameter": None,
}
"""What figures are made of, and how many of it pure arithmetic has for each multiply-accumulate; None for no work."""

Rule = tuple[str, ...]
"""Expressions to add up, or one word of `OUTSIDE`."""
UNSUPPORTED, UNKNOWN = ((word,) for word in OUTSIDE)
NOTHING: Rule = ("0",)


def names_in(rule: Rule) -> frozenset[str]:
    """Return the ingredients that a rule names."""
    expressions = () if rule[0] in OUTSIDE else map(parse, rule)
    return frozenset(name for expression in expressions if expression for name in expression.names)


class ToolFigure(NamedTuple):
    """One figure that a tool prints: how the tool calls it, its unit, a rule for each layer type.

    `zero` are the types for which it counts nothing; `otherwise` is for those that are not named.

    `layers` are the types that the tool has, or none where it passes over what it does not know.
    """

    name: str
    unit: str
    rules: Table[str, Rule]
    zero: frozenset[str] = frozenset()
    otherwise: Rule = UNKNOWN
    layers: tuple[str, ...] = ()

    @property
    def is_work(self) -> bool:
        """Whether it counts what layers do, and not what they learn."""
        return UNITS[self.unit] is not None

    @property
    def ingredients(self) -> frozenset[str]:
        """What its rules name."""
        return frozenset().union(*map(names_in, (*self.rules.values(), self.otherwise)))

    def rule(self, kind: str, macs: int) -> Rule:
        """Return the rule for a layer type that has so many multiply-accumulates."""
        if self.layers and kind not in self.layers:
            return UNSUPPORTED
        usual = NOTHING if kind in self.zero else self.otherwise
        is_open = macs and self.is_work and usual[0] not in OUTSIDE
        return self.rules.get(kind, UNKNOWN if is_open else usual)


class Quirk(NamedTuple):
    """A peculiarity of a tool, known bugs among them; it concerns the layer types `of`, or every network."""

    of: tuple[str, ...]
    says: str


class Profile(NamedTuple):
    """What a tool counts. `one_sample` says that it does so for one sample, whatever the batch."""

    tool: str
    title: str
    source: str
    one_sample: bool
    counters: tuple[ToolFigure, ...]
    quirks: tuple[Quirk, ...]


def tools() -> list[str]:
    """Return the names of all tools that have a profile."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def profile(name: str) -> Profile:
    """Return a tool's profile; case does not matter, nor `-` for `_`.

    Raises:
        ArchcalcError: there is no such profile.
    """
    known = tools()
    stem = name.lower().replace("-", "_")
    if stem not in known:
        raise ArchcalcError(
            f"there is no profile of a tool '{name}'",
            hint=nearest(stem, known) or f"choose from {', '.join(known)}",
        )
    return _read(stem)


@cache
def _read(tool: str) -> Profile:
    path = FOLDER / f"{tool}.yaml"
    root = mapping(read(SourceText(str(path), path.read_text(encoding="utf-8"))), "a profile")
    check_keys(root, ("title", "source", "batch", "layers", "zero", "figures", "quirks"), "a profile")
    quirks = root.entries.get("quirks")
    layers, zero = (_kinds(root.entries.get(key)) for key in ("layers", "zero"))
    return Profile(
        tool=tool,
        title=text(root, "title"),
        source=text(root, "source"),
        one_sample="batch" in root.entries,
        counters=tuple(
            _counter(name, body, layers, zero) for name, body in section(root, "figures").entries.items()
        ),
        quirks=tuple(map(_quirk, quirks.items)) if isinstance(quirks, Listing) else (),
    )


def _counter(name: str, tree: Tree, layers: tuple[str, ...], zero: tuple[str, ...]) -> ToolFigure:
    body = mapping(tree, "a figure")
    check_keys(body, ("unit", "rules", "zero", "otherwise"), "a figure")
    unit = text(body, "unit")
    if unit not in UNITS:
        raise ArchcalcError(
            f"'{unit}' is no unit", place=body.place(), hint=f"choose from {', '.join(UNITS)}"
        )
    rules = section(body, "rules")
    _check_kinds(rules.keys.values())
    return ToolFigure(
        name,
        unit,
        {kind: _rule(rule) for kind, rule in rules.entries.items()},
        frozenset((*zero, *_kinds(body.entries.get("zero")))),
        _rule(body.entries["otherwise"]) if "otherwise" in body.entries else UNKNOWN,
        layers,
    )


def _rule(tree: Tree) -> Rule:
    """Return a rule's expressions, or raise where one names what is no ingredient."""
    rule = tuple(
        item.text if isinstance(item, Scalar) else ""
        for item in (tree.items if isinstance(tree, Listing) else [tree])
    )
    if len(rule) == 1 and rule[0] in OUTSIDE:
        return rule
    for formula in rule:
        expression = parse(formula)
        if expression is None or not expression.names <= {*AMOUNTS, *FACTORS}:
            raise ArchcalcError(
                f"'{formula}' is no rule",
                place=tree.place(),
                hint=f"an expression over {', '.join((*AMOUNTS, *FACTORS))}; or {' or '.join(OUTSIDE)}",
            )
    return rule


def _quirk(tree: Tree) -> Quirk:
    body = mapping(tree, "a quirk")
    check_keys(body, ("of", "says"), "a quirk")
    return Quirk(_kinds(body.entries.get("of")), text(body, "says"))


def _kinds(tree: Tree | None) -> tuple[str, ...]:
    """Return the layer types of a list."""
    keys = [item for item in tree.items if isinstance(item, Scalar)] if isinstance(tree, Listing) else []
    _check_kinds(keys)
    return tuple(key.text for key in keys)


def _check_kinds(keys: Iterable[Scalar]) -> None:
    for key in keys:
        if key.text not in REGISTRY:
            raise ArchcalcError(
                f"there is no layer type '{key.text}'",
                place=key.place(),
                hint=nearest(key.text, list(REGISTRY)),
            )
