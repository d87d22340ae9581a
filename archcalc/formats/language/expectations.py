"""The `expect:` block of a spec: figures that must hold, and claims that are only shown with a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Scope

from archcalc.analysis.figures import FIGURES, expectable
from archcalc.formats.language.scope import evaluate
from archcalc.formats.language.sections import At, check_keys, mapping, section, text, truth
from archcalc.formats.language.tree import Listing, Mapping, Tree
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Expectation
from archcalc.op.settings import extents, whole
from archcalc.sheet.kinds import SHAPE

EXPECT_KEYS = ("claims", "layers", "train", "source")
"""What an expectation may say beside its figures."""


def expectations(root: Mapping, scope: Scope[str, object]) -> list[Expectation]:
    """Return what a spec or a variant expects, and what is claimed of it.

    Raises:
        ArchcalcError: a key is not known, a source is missing, a figure is no number or a claim no quantity.
    """
    tree = root.entries.get("expect")
    if tree is None:
        return []
    of_network, of_layer = expectable(of_layer=False), expectable(of_layer=True)
    expected: list[Expectation] = []
    for entry in tree.items if isinstance(tree, Listing) else [tree]:
        body = mapping(entry, "expect")
        check_keys(body, (*of_network, *EXPECT_KEYS), "expect")
        source = text(body, "source")
        if not source:
            raise ArchcalcError(
                "an expectation needs its 'source'",
                place=body.place(),
                hint="say where the figures were published",
            )
        about = Expectation("", None, source, None, truth(body, "train"))
        expected += _read_stated(body, of_network, about, scope)
        layers = section(body, "layers")
        for layer, layer_tree in layers.entries.items():
            figures = mapping(layer_tree, f"expect of '{layer}'")
            check_keys(figures, (*of_layer, "claims"), "expect")
            inside = about._replace(layer=layer, origin=At(layers.keys[layer]))
            expected += _read_stated(figures, of_layer, inside, scope)
    return expected


def _read_stated(
    body: Mapping, figures: tuple[str, ...], about: Expectation, scope: Scope[str, object]
) -> Iterator[Expectation]:
    """Yield the figures that a mapping expects and those that it claims."""
    for figure, tree in body.entries.items():
        if figure in figures:
            yield about._replace(
                figure=figure, value=_figure(figure, tree, scope), origin=about.origin or At(tree)
            )
    if "claims" not in body.entries:
        return
    from archcalc.formats.language.claims import claimable, read_claim

    claims = section(body, "claims")
    check_keys(claims, claimable(of_layer=about.layer is not None), "claims")
    for figure, tree in claims.entries.items():
        written, value = read_claim(claims, figure)
        yield about._replace(figure=figure, value=value, claim=written, origin=about.origin or At(tree))


def _figure(figure: str, tree: Tree, scope: Scope[str, object]) -> object:
    value = evaluate(tree, scope)
    try:
        return extents(value) if FIGURES[figure].kind is SHAPE else whole(value, 0)
    except ArchcalcError as error:
        raise ArchcalcError(f"'{figure}' {error.fact}", place=tree.place()) from None
