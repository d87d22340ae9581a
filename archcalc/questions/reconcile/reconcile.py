"""A report and a profile to the figure that the tool prints and the sum that makes it."""

from __future__ import annotations

from collections import Counter as CountOf
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from archcalc.analysis.batchnorm import fold_batchnorms
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.formats.language.expressions import parse
from archcalc.ground.errors import ArchcalcError
from archcalc.questions.reconcile.ingredients import AMOUNTS, LEFT, Ingredients, ingredients
from archcalc.questions.reconcile.profile import (
    OUTSIDE,
    UNITS,
    UNKNOWN,
    Profile,
    Rule,
    ToolFigure,
    names_in,
    profile,
    tools,
)

SHARED = ("M", "b")
"""Amounts that are added up over layer types: all multiply-accumulates together, all biases together."""


class Summand(NamedTuple):
    """A summand: `times` an `amount`, which is the sum of one ingredient over layers of the types `kinds`.

    `ingredient` is empty where the rule's result is no multiple of a single one.
    """

    kinds: tuple[str, ...]
    ingredient: str
    times: int
    amount: int

    @property
    def value(self) -> int:
        """What the part adds to the figure."""
        return self.times * self.amount


class KindCount(NamedTuple):
    """What a tool counts for all layers of a type. `rule` holds expressions, or says why nothing is counted.

    `layers` are their names; `matters` tells whether they have any of what the tool counts: arithmetic, or parameters.
    """

    kind: str
    layers: tuple[str, ...]
    rule: Rule
    parts: tuple[Summand, ...]
    matters: bool

    @property
    def value(self) -> int | None:
        """The sum of the parts; None where the tool or the profile does not know the layer type."""
        return None if self.rule[0] in OUTSIDE else sum(part.value for part in self.parts)

    @property
    def ingredients(self) -> frozenset[str]:
        """The ingredients that the rule names."""
        return names_in(self.rule)


class Reconciliation(NamedTuple):
    """The figure `name` that a tool prints for a network: its `unit`, and what makes it.

    `counted` is the sum of all that is known; `macs` are the pure multiply-accumulates of the same network and
    batch; `quirks` are the tool's peculiarities that bear on this network; `one_sample` says that it looks at one
    sample of the batch.
    """

    tool: str
    title: str
    source: str
    name: str
    unit: str
    counted: int
    macs: int
    shares: tuple[KindCount, ...]
    quirks: tuple[str, ...]
    one_sample: bool

    @property
    def value(self) -> int | None:
        """The figure; None where it holds something `unknown`."""
        return None if self.unknown else self.counted

    @property
    def difference(self) -> int | None:
        """The figure less pure MACs, or less twice as many for FLOPs; None in units of anything else."""
        times = UNITS[self.unit]
        return self.value - times * self.macs if self.value is not None and times else None

    @property
    def parts(self) -> tuple[Summand, ...]:
        """The summands: multiply-accumulates first, then biases, then layer type by layer type."""
        return tuple(_join(part for share in self.shares for part in share.parts))

    @property
    def silent(self) -> tuple[str, ...]:
        """The layer types that do arithmetic for which the tool counts nothing."""
        return tuple(share.kind for share in self.shares if share.matters and share.value == 0)

    @property
    def missing(self) -> tuple[KindCount, ...]:
        """What the tool leaves out and says so, and what is not known of it."""
        return tuple(share for share in self.shares if share.matters and share.rule[0] in OUTSIDE)

    @property
    def unsupported(self) -> tuple[str, ...]:
        """The layer types that do arithmetic and that the tool itself says it leaves out."""
        return self._outside("unsupported")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The layer types for which the tool counts something that its profile does not know."""
        return self._outside("unknown")

    def _outside(self, word: str) -> tuple[str, ...]:
        return tuple(share.kind for share in self.missing if share.rule[0] == word)


def reconcile(report: Report, tools: Sequence[str] = ()) -> list[Reconciliation]:
    """Return every figure that public tools print for a network, each with the sum that makes it.

    Args:
        report: what `analyze` returned.
        tools: names of tools; all that have a profile unless told.

    Raises:
        ArchcalcError: there is no profile of such a tool.
    """
    chosen = [profile(name) for name in dict.fromkeys(tools or _all())]
    batches = {True: report.batch, False: 1}
    needs_folding = any(LEFT in counter.ingredients for tool in chosen for counter in tool.counters)
    folded = fold_batchnorms(report).report.rows if needs_folding else ()
    left = {row.name: row.params for row in folded}
    layers = {way: _layers(report, batches[way], left) for way in {tool.one_sample for tool in chosen}}
    return [
        _reconcile(tool, counter, layers[tool.one_sample]) for tool in chosen for counter in tool.counters
    ]


_all = tools


class KindGroup(NamedTuple):
    """All layers of one type: their names, and how many there are of each making.

    `works` tells whether they do any arithmetic and `learns` whether they have parameters, `known` whether it is known
    for all of them how much, and `is_fed` whether they take anything: a tool that counts work never comes by a
    parameter that stands for itself.
    """

    kind: str
    names: tuple[str, ...]
    works: bool
    learns: bool
    known: bool
    is_fed: bool
    makings: tuple[tuple[Ingredients, int], ...]

    @property
    def macs(self) -> int:
        """The multiply-accumulates of all these layers."""
        return sum(amounts["M"] * times for amounts, times in self.makings)


def _layers(report: Report, samples: int, left: Mapping[str, int]) -> list[KindGroup]:
    """Return the layers type by type, in the order in which the network first has them.

    `left` says by name how many parameters a layer has where batch normalisation is folded.
    """
    kinds: dict[str, list[Row]] = {}
    for row in report.rows:
        if row.input_shapes or row.params or row.work is None:
            kinds.setdefault(row.kind, []).append(row)
    groups = []
    for kind, rows in kinds.items():
        counted = [row for row in rows if row.work is not None]
        makings = CountOf(
            tuple(ingredients(row, samples=samples, left=left.get(row.name, 0)).items()) for row in counted
        )
        known = len(counted) == len(rows)
        groups.append(
            KindGroup(
                kind=kind,
                names=tuple(row.name for row in rows),
                works=not known or any(row.flops for row in rows),
                learns=not known or any(row.params for row in rows),
                known=known,
                is_fed=any(row.input_shapes or row.work is None for row in rows),
                makings=tuple((dict(making), times) for making, times in makings.items()),
            )
        )
    return groups


def _reconcile(tool: Profile, counter: ToolFigure, layers: list[KindGroup]) -> Reconciliation:
    shares = tuple(
        _share(_rule(counter, alike), alike, matters=alike.works if counter.is_work else alike.learns)
        for alike in layers
        if alike.is_fed or not counter.is_work
    )
    kinds = {alike.kind for alike in layers}
    return Reconciliation(
        tool=tool.tool,
        title=tool.title,
        source=tool.source,
        name=counter.name,
        unit=counter.unit,
        counted=sum(share.value or 0 for share in shares),
        macs=sum(alike.macs for alike in layers),
        shares=shares,
        quirks=tuple(quirk.says for quirk in tool.quirks if not quirk.of or kinds & set(quirk.of)),
        one_sample=tool.one_sample,
    )


def _rule(counter: ToolFigure, alike: KindGroup) -> Rule:
    return counter.rule(alike.kind, alike.macs) if alike.known else UNKNOWN


def _share(rule: Rule, alike: KindGroup, *, matters: bool) -> KindCount:
    counted = () if rule[0] in OUTSIDE else rule
    parts = (_part(alike.kind, text, *making) for text in counted for making in alike.makings)
    return KindCount(alike.kind, alike.names, rule, tuple(_join(parts)), matters)


def _part(kind: str, text: str, amounts: Ingredients, layers: int) -> Summand:
    """Return what an expression makes of some layers of one making.

    It is written as a multiple of the largest ingredient that the expression names and that divides it.
    """
    expression = parse(text)
    value = expression.evaluate(amounts) if expression else 0
    if not isinstance(value, int):
        raise ArchcalcError(f"the rule '{text}' of {kind} gives {value}, which is no whole number")
    names = [name for name in AMOUNTS if expression and name in expression.names]
    fitting = [name for name in names if amounts[name] and value % amounts[name] == 0]
    if not fitting:
        return Summand((kind,), "", 1, value * layers)
    name = max(fitting, key=lambda name: amounts[name])
    return Summand((kind,), name, value // amounts[name], amounts[name] * layers)


def _join(parts: Iterable[Summand]) -> list[Summand]:
    """Return the parts that are not 0, those of the same ingredient and multiple added up; see `SHARED`."""
    alike: dict[tuple[tuple[str, ...], str, int], list[Summand]] = {}
    for part in parts:
        if part.value:
            kinds = () if part.ingredient in SHARED else part.kinds
            alike.setdefault((kinds, part.ingredient, part.times), []).append(part)
    joined = [
        same[0]._replace(
            kinds=tuple(dict.fromkeys(kind for part in same for kind in part.kinds)),
            amount=sum(part.amount for part in same),
        )
        for same in alike.values()
    ]
    return sorted(joined, key=lambda part: (*SHARED, part.ingredient).index(part.ingredient))
