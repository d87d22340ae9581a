"""What sources claim: the `claims:` of a spec, and files of claims about networks, layers, stacks and formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from archcalc.analysis.figures import FIGURES
from archcalc.analysis.layout import turn_channels_first
from archcalc.formats.language.sections import At, check_keys, mapping, section, text, word_of
from archcalc.formats.language.subjects import SUBJECT, Subject, check_kind, read_sizes, read_subject
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.ground import quantity
from archcalc.ground.errors import ArchcalcError, Problems, nearest
from archcalc.ground.quantity import Claim, Relative, SizeClaim
from archcalc.network.network import LAYOUTS, Layout
from archcalc.op.site import Sizes
from archcalc.ops import REGISTRY
from archcalc.sheet.kinds import AXES, BYTES, COUNT, FIELD, MATRIX, SHAPE

COUNTS = "counts"
"""What holds how many layers there are of a type."""
OUTPUT = FIGURES["output"].key
KEYS = (*SUBJECT, "than", COUNTS, "formula", "equals", "source")
"""What a claim may say beside its figures."""
LIKE = "write '- {of: vgg16, params: 138M}', one a line; archcalc help claims has more"
"""What to write for what is no claim."""
SIZES = (SHAPE, MATRIX)
"""The kinds of figures that are sizes."""
SEEN = (FIELD, AXES)
"""The kinds of figures that say what is seen of the input: by a network, what its output sees."""
CLAIMABLE = (COUNT, BYTES, *SIZES, *SEEN)
"""The kinds of figures that are numbers or sizes."""


def claimable(*, of_layer: bool) -> tuple[str, ...]:
    """Return the figures that may be claimed of a network, or of a layer: numbers and sizes."""
    return tuple(
        key
        for key, figure in FIGURES.items()
        if key not in SUBJECT
        and figure.kind in CLAIMABLE
        and not figure.on_device
        and ((figure.of if of_layer else figure.total) or figure.expect == "both" or figure.kind in SEEN)
    )


class StatedFormula(NamedTuple):
    """What a source says that a figure is worked out by."""

    text: str


Claimed = Claim | SizeClaim | Sizes | Relative | StatedFormula
"""What is claimed: a number, bytes that can be read in several ways, sizes, a relation or a formula."""


class Assertion(NamedTuple):
    """A figure that a source claims of a subject, or of it beside another one; `text` is how it is written."""

    subject: Subject
    figure: str
    text: str
    value: Claimed
    source: str
    at: At
    than: Subject | None = None
    layout: Layout | None = None


def read_claim(body: Mapping, figure: str, layout: Layout | None = None) -> tuple[str, Claimed]:
    """Return the claim about a figure that a mapping holds as it is written, and what it says.

    Raises:
        ArchcalcError: it is no number or no size.
    """
    kind = FIGURES[figure].kind
    if kind not in SIZES:
        return _read(figure, body.entries[figure], quantity.size_claim if kind is BYTES else quantity.claim)
    sizes = read_sizes(body, figure)
    return "x".join(map(str, sizes)), turn_channels_first(sizes, layout if kind is SHAPE else None)


def _read(figure: str, tree: Tree, reader: Callable[[str], Claimed]) -> tuple[str, Claimed]:
    if not isinstance(tree, Scalar) or not tree.text:
        raise ArchcalcError(f"a claim is text, not {tree.noun}", place=tree.place())
    try:
        return tree.text, reader(tree.text)
    except ArchcalcError as error:
        raise ArchcalcError(f"claim '{figure}': {error.fact}", place=tree.place(), hint=error.hint) from None


def assertions(root: Mapping) -> list[Assertion]:
    """Return everything that a file of claims states.

    Raises:
        ArchcalcError: claims are wrong, all of them.
    """
    problems = Problems()
    with problems.noted():
        check_keys(root, ("source", "claims"), "a file of claims")
    source = ""
    with problems.noted():
        source = text(root, "source")
    listed = root.entries["claims"]
    if not isinstance(listed, Listing):
        raise ArchcalcError(
            f"'claims' must be a list, not {listed.noun}",
            place=listed.place(),
            hint=LIKE,
        )
    stated: list[Assertion] = []
    for entry in listed.items:
        with problems.noted():
            if not isinstance(entry, Mapping):
                raise ArchcalcError(
                    f"a claim must be a mapping, not {entry.noun}", place=entry.place(), hint=LIKE
                )
            stated += _Entry(entry, source).assertions()
    problems.raise_noted()
    return stated


class _Entry:
    """One entry of a list of claims: a subject and what is claimed of it."""

    def __init__(self, body: Mapping, source: str) -> None:
        self.body = body
        self.by_layer = isinstance(body.entries.get("layers"), Mapping)
        known = dict.fromkeys((*KEYS, *claimable(of_layer=False), *claimable(of_layer=True)))
        check_keys(body, tuple(known), "a claim")
        self.source = text(body, "source") or source
        if not self.source:
            raise ArchcalcError(
                "a claim needs its 'source'",
                place=body.place(),
                hint="say who claims it, here or for the whole file",
            )
        self.layout: Layout | None = word_of(body, "layout", LAYOUTS)
        self.subject = read_subject(body, self.layout, Subject(None), by_layer=self.by_layer)
        self.than = self._than()

    def _than(self) -> Subject | None:
        """Return what the subject is put in relation to: another one, or the same one with something else."""
        tree = self.body.entries.get("than")
        if tree is None:
            return None
        if isinstance(tree, Mapping) and not tree.entries.keys() <= REGISTRY.keys():
            check_keys(tree, SUBJECT, "than")
            return read_subject(tree, self.layout, self.subject)
        return self.subject._replace(of=tree, layers=(), kind=None, at=At(tree))

    def assertions(self) -> list[Assertion]:
        """Return what is claimed.

        Raises:
            ArchcalcError: claims are wrong, or there are none.
        """
        body, problems = self.body, Problems()
        stated: list[Assertion] = []
        if self.subject.of is None and "formula" not in body.entries:
            raise ArchcalcError(
                "a claim needs 'of'",
                place=body.place(),
                hint="of: vgg16, a stack such as 3x3x3, or layers with their input",
            )
        with problems.noted():
            stated += self._figures(body, self.subject)
        if self.by_layer:
            for name, tree in section(body, "layers").entries.items():
                with problems.noted():
                    inside = mapping(tree, f"claims about '{name}'")
                    check_keys(inside, (COUNTS, *claimable(of_layer=True)), "a claim about a layer")
                    at = At(section(body, "layers").keys[name])
                    stated += self._figures(inside, self.subject._replace(layers=(name,), at=at))
        with problems.noted():
            if "formula" in body.entries:
                stated.append(self._formula())
            elif "equals" in body.entries:
                raise ArchcalcError(
                    "'equals' says what a formula is worked out for, and there is none",
                    place=body.keys["equals"].place(),
                    hint="formula: 27C^2, equals: weight_params; or the figure itself, such as params: 60M",
                )
        problems.raise_noted()
        if not stated:
            raise ArchcalcError(
                "nothing is claimed here",
                place=body.place(),
                hint="such as params: 60M parameters, or output: 6x28x28",
            )
        return stated

    def _figures(self, body: Mapping, subject: Subject) -> Iterator[Assertion]:
        """Yield the figures, and the numbers of layers by type, that a mapping claims of a subject."""
        known = claimable(of_layer=not subject.is_whole)
        problems = Problems()
        for figure in body.entries:
            if figure in KEYS:
                continue
            with problems.noted():
                if figure not in known:
                    raise ArchcalcError(
                        f"'{figure}' is nothing that a {'network' if subject.is_whole else 'layer'} has",
                        place=body.keys[figure].place(),
                        hint=f"it has {', '.join(known)}",
                    )
                yield self._figure(figure, body, subject)
        counts = section(body, COUNTS)
        if counts.entries:
            self._refuse_than(body.keys[COUNTS], "counts have")
        for kind, tree in counts.entries.items():
            with problems.noted():
                check_kind(counts.keys[kind])
                claimed, value = _read(kind, tree, quantity.claim)
                yield Assertion(subject, f"{COUNTS}.{kind}", claimed, value, self.source, At(tree))
        problems.raise_noted()

    def _refuse_than(self, key: Scalar, what: str) -> None:
        """Raise a fact where something that has no relation to another is put into one."""
        if self.than is not None:
            raise ArchcalcError(f"{what} no relation to another", place=key.place(), hint="leave out 'than'")

    def _figure(self, figure: str, body: Mapping, subject: Subject) -> Assertion:
        tree = body.entries[figure]
        if self.than is None:
            claimed, value = read_claim(body, figure, self.layout)
        elif FIGURES[figure].kind in SIZES:
            raise ArchcalcError(
                f"'{figure}' has no relation to another", place=tree.place(), hint="leave out 'than'"
            )
        else:
            claimed, value = _read(figure, tree, quantity.relative)
        return Assertion(subject, figure, claimed, value, self.source, At(tree), self.than)

    def _formula(self) -> Assertion:
        body = self.body
        tree = body.entries["formula"]
        self._refuse_than(body.keys["formula"], "a formula has")
        formula = text(body, "formula")
        figure = text(body, "equals")
        known = claimable(of_layer=True) if self.subject.of is not None else (OUTPUT,)
        if figure not in known:
            where = body.entries.get("equals", tree)
            fact = f"a formula equals no '{figure}'" if figure else "a formula needs what it 'equals'"
            hint = "it equals output; beside 'of' any figure of a layer" if known == (OUTPUT,) else None
            hint = hint or nearest(figure, known) or f"choose from {', '.join(known)}"
            raise ArchcalcError(fact, place=where.place(), hint=hint)
        return Assertion(self.subject, figure, formula, StatedFormula(formula), self.source, At(tree))
