"""Layers that stand for a network by themselves: written where one is named, with their input beside them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping as Scope

from archcalc.analysis.conditions import Input
from archcalc.formats.language.contents import check_length
from archcalc.formats.language.read import Document
from archcalc.formats.language.scope import check_name
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.formats.language.yaml import read
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, CallError, SourceText, visible
from archcalc.network.network import Layout, Node
from archcalc.op.settings import extents
from archcalc.op.site import Sizes
from archcalc.ops import REGISTRY

NAME = "<inline>"
"""What such a text is called where a file has its name."""
SECTIONS = frozenset(("input", "layers"))
"""What a whole spec has, and no layer is called."""


class Inline(Document):
    """A layer, a list of layers, or a whole spec, in one line.

    Raises:
        ArchcalcError: the text is no YAML, or layers have no input: neither before the first, nor beside them.
    """

    def __init__(self, text: str, input: Input, written: Tree | None = None) -> None:
        """Take the layers as a text, or as they are `written` in a document, and their input."""
        limits.check()
        check_length(NAME, len(text))
        source = SourceText(NAME, text) if written is None else written.source
        root = read(source) if written is None else written
        self.given: dict[str, Sizes] = {}
        if not isinstance(root, Mapping) or not SECTIONS & root.entries.keys():
            root = _spec(root)
        if "input" not in root.entries:
            if input is None and written is not None:
                hint = f"write 'input: {_usual(root.entries['layers'])}' beside them"
                raise ArchcalcError("these layers have no input", place=written.place(), hint=hint)
            self.given = _shapes(text, root.entries["layers"], input)
        super().__init__(source, root)

    def _inputs(self, variant: Mapping, scope: Scope[str, object], layout: Layout | None) -> list[Node]:
        """Return the inputs that were given beside the layers, or those of a spec."""
        if not self.given:
            return super()._inputs(variant, scope, layout)
        return [Node(name, REGISTRY["input"](shape=shape)) for name, shape in self.given.items()]


def _spec(tree: Tree) -> Mapping:
    """Return the spec of some layers, or of a single one; an input before the first is the network's."""
    layers = Listing(tree.source, tree.line, tree.column)
    layers.items = list(tree.items) if isinstance(tree, Listing) else [tree]
    first = layers.items[0] if layers.items else None
    spec = Mapping(tree.source, tree.line, tree.column)
    if isinstance(first, Mapping) and first.entries.keys() == {"input"}:
        spec.keys, spec.entries = dict(first.keys), dict(first.entries)
        del layers.items[0]
    spec.keys["layers"] = Scalar(tree.source, tree.line, tree.column, "layers", True)
    spec.entries["layers"] = layers
    return spec


def _shapes(text: str, layers: Tree, input: Input) -> dict[str, Sizes]:
    """Return the shapes of the inputs, by name, that layers are given beside them."""
    if input is None:
        raise CallError(
            f"'{visible(text)}' has no input", hint=f"write {shlex.quote(text)} --input {_usual(layers)}"
        )
    shapes = {}
    for name, value in (input if isinstance(input, Scope) else {"input": input}).items():
        check_name(Scalar(SourceText("--input", f"{name}"), 0, 0, f"{name}", True), "input")
        try:
            shapes[name] = extents(value)
        except ArchcalcError as error:
            raise ArchcalcError(f"input {error.fact}", hint=error.hint) from None
    return shapes


def _usual(layers: Tree) -> str:
    """Return an input that suits the first of some layers, as an example."""
    first = layers.items[0] if isinstance(layers, Listing) and layers.items else None
    kind = next(iter(first.entries), "") if isinstance(first, Mapping) else getattr(first, "text", "")
    shapes = REGISTRY[kind].example[0] if kind in REGISTRY else ()
    return shapes[0] if len(shapes) == 1 else "3x224x224"
