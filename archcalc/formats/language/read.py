"""A whole spec: its parameters, variants, blocks, layers and expectations, made into a `Network`."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Scope
from contextlib import contextmanager
from functools import cached_property

from archcalc.analysis.layout import turn_channels_first
from archcalc.arithmetic.window import ROUNDINGS, Rounding
from archcalc.formats.language.blocks import read_blocks
from archcalc.formats.language.copies import Copies, Frame
from archcalc.formats.language.expectations import expectations
from archcalc.formats.language.layers import Expansion
from archcalc.formats.language.scope import VARIANT_KEYS, check_name, check_parameter, evaluate
from archcalc.formats.language.sections import At, check_keys, holds_claims, mapping, section, text, word_of
from archcalc.formats.language.sound import check_used, idle_inputs, raise_wrong
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.formats.language.unused import note_unused
from archcalc.formats.language.yaml import read
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, CallError, Problems, SourceText, nearest, visible
from archcalc.network.network import LAYOUTS, Expectation, Layout, Limit, Network, Node
from archcalc.op.settings import extents
from archcalc.ops import REGISTRY

KEYS = (
    "name", "title", "source", "input", "layout", "rounding", "in_place", "parameters", "variants", "use",
    "blocks", "layers", "outputs", "budget", "expect",
)  # fmt: skip


def check_parameters(parameters: object) -> None:
    """Raise a fact where parameters are no values by their names."""
    if parameters is not None and not isinstance(parameters, Scope):
        raise ArchcalcError(f"parameters are values by their names, not {visible(repr(parameters)[:40])}")


@contextmanager
def guard_stack() -> Iterator[None]:
    """Turn Python's own bound on calls within calls into an error; also a decorator.

    Each bound on nesting holds for itself. Several at their most, raised ones above all, can be too much together.
    """
    try:
        yield
    except RecursionError:
        raise ArchcalcError(
            "blocks, lists and expressions are nested deeper than Python can follow",
            hint=f"lower bounds in {limits.NESTING.variable} and {limits.BRACKETS.variable} would say where",
        ) from None


class Document:
    """A spec file as read: one network, or a family with a variant for each."""

    def __init__(self, source: SourceText, root: Tree | None = None) -> None:
        root = root or read(source)
        if not isinstance(root, Mapping):
            raise ArchcalcError(
                f"a spec is a mapping with 'input' and 'layers', not {root.noun}",
                place=root.place(),
                hint="archcalc new NAME writes a spec to start from",
            )
        if holds_claims(root):
            raise ArchcalcError(
                "a file of claims holds no network",
                place=root.keys["claims"].place(),
                hint=f"archcalc check {source.name} judges them",
            )
        self.root = root
        self.source = source
        self.name = text(root, "name") or source.name.rpartition("/")[2].partition(".")[0]
        if "name" in root.entries and isinstance(root.entries["name"], Scalar):
            check_name(root.entries["name"], "name")
        self.shared: Copies | None = None
        variants = section(root, "variants")
        for key in variants.keys.values():
            check_name(key, "variant")
        self.variants = {name: mapping(tree, f"variant '{name}'") for name, tree in variants.entries.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The networks in the file: its variants, or itself."""
        return tuple(self.variants) or (self.name,)

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """Notes on what no network in the file uses."""
        return tuple(note_unused(self.root, self.name))

    @guard_stack()
    def network(self, variant: str | None = None, overrides: Scope[str, object] | None = None) -> Network:
        """Return the network, with `overrides` in place of parameters; what the spec expects then no longer applies.

        Raises:
            ArchcalcError: the spec is wrong, the variant is none or was not named, an override names no parameter.
        """
        problems = Problems()
        with problems.noted():
            check_keys(self.root, KEYS, "a spec")
        if not self.root.entries.keys() >= {"input", "layers"}:  # what is missing may be what is misspelt
            problems.raise_noted()
        chosen = self._variant(variant)
        scope = self._scope(chosen, overrides or {})
        expansion = Expansion(self._copies(), scope, problems)
        layout, rounding, in_place = self._words(problems)
        with problems.noted():
            for node in self._inputs(chosen, scope, layout):
                expansion.add(node)
        outputs = self._expand(expansion, Frame(scope))
        expected: list[Expectation] = []
        with problems.noted():
            expected += () if overrides else (*expectations(self.root, scope), *expectations(chosen, scope))
        limits: tuple[Limit, ...] = ()
        with problems.noted():
            limits = _budgets(self.root, chosen)
        network = Network(
            name=variant or self.name,
            nodes=tuple(expansion.nodes),
            title=text(chosen, "title") or self._title(variant),
            source=text(chosen, "source") or text(self.root, "source"),
            parameters=scope,
            expectations=tuple(expected),
            rounding=rounding,
            outputs=outputs,
            notes=(*idle_inputs(expansion.nodes, outputs), *self.unused),
            budget=limits,
            layout=layout,
            in_place=in_place,
        )
        raise_wrong(network, expansion.broken, problems)
        return network._replace(losses=expansion.expanded.losses)

    def _words(self, problems: Problems) -> tuple[Layout | None, Rounding | None, bool]:
        """Return the layout, the rounding and whether activations work in place; note what is no such word."""
        layout: Layout | None = "channels_first"  # of sizes in a layout that is none nothing is said
        with problems.noted():
            layout = word_of(self.root, "layout", LAYOUTS)
        rounding: Rounding | None = None
        with problems.noted():
            rounding = word_of(self.root, "rounding", ROUNDINGS)
        in_place = None
        with problems.noted():
            in_place = word_of(self.root, "in_place", ("true", "false"))
        return layout, rounding, in_place == "true"

    def _expand(self, expansion: Expansion, frame: Frame) -> tuple[int, ...]:
        """Write the layers out to nodes and return the positions of the network's outputs; note what is wrong."""
        if not expansion.nodes:
            expansion.stand_in("input")
        layers = self.root.entries.get("layers")
        if layers is None:
            expansion.problems.note(
                ArchcalcError(
                    "a spec needs 'layers'", place=self.root.place(), hint="layers: is a list of ops"
                )
            )
            return (0,)
        with expansion.problems.noted():
            last = expansion.layers(layers, frame, 0)
            outputs = self._outputs(expansion) or (last,)
            if not expansion.problems:
                check_used(expansion.nodes, {*outputs, *(head.end for head in expansion.heads)})
            return outputs
        return (0,)

    def _title(self, variant: str | None) -> str:
        """Return the spec's title, with the variant where it is not called like the whole family."""
        own = variant if variant != self.name else None
        return " · ".join(filter(None, (text(self.root, "title"), own)))

    def _variant(self, name: str | None) -> Mapping:
        if name in self.variants:
            return self.variants[name]
        if name is not None and not self.variants:
            raise CallError(
                f"{self.name} has no variant '{name}'", hint=f"it is a single network: {self.source.name}"
            )
        if self.variants:
            listed = ", ".join(self.variants)
            raise CallError(
                f"{self.name} is a family" if name is None else f"{self.name} has no variant '{name}'",
                hint=(name and nearest(name, list(self.variants))) or f"choose one of {listed}",
            )
        return Mapping(self.source, 0, 0)

    def _scope(self, variant: Mapping, overrides: Scope[str, object]) -> dict[str, object]:
        """Return the parameters: overrides before the variant before the defaults."""
        declared = section(self.root, "parameters").entries
        for key in section(self.root, "parameters").keys.values():
            check_parameter(key)
        for name in overrides:
            if name not in declared:
                raise ArchcalcError(
                    f"{self.name} has no parameter '{name}'",
                    hint=nearest(name, list(declared))
                    or (f"its parameters: {', '.join(declared)}" if declared else "it has none"),
                )
        check_keys(variant, (*declared, *VARIANT_KEYS), "a variant")
        scope: dict[str, object] = {}
        for name, default in declared.items():
            if name in overrides:
                scope[name] = overrides[name]
                continue
            tree = variant.entries.get(name, default)
            if isinstance(tree, Scalar) and tree.value is None:
                raise ArchcalcError(
                    f"parameter '{name}' has no value",
                    place=tree.place(),
                    hint=f"give it one here, in a variant, or with --set {name}=…",
                )
            scope[name] = evaluate(tree, scope)
        return scope

    def _copies(self) -> Copies:
        """Return what the networks in the file share, once their blocks are read."""
        if self.shared is None:
            self.shared = Copies(read_blocks(self.root), section(self.root, "parameters").entries)
        return self.shared

    def _inputs(self, variant: Mapping, scope: Scope[str, object], layout: Layout | None) -> list[Node]:
        """Return the network's inputs: one called `input`, or several by their names, the first of which feeds the layers."""
        tree = variant.entries.get("input") or self.root.entries.get("input")
        if tree is None:
            raise ArchcalcError(
                "a spec needs 'input'",
                place=self.root.place(),
                hint="input: 3x224x224 means channels x height x width",
            )
        if not isinstance(tree, Mapping):
            return [_input("input", tree, scope, layout)]
        if not tree.entries:
            raise ArchcalcError(
                "'input' names no input", place=tree.place(), hint="input: {image: 3x224x224}"
            )
        for key in tree.keys.values():
            check_name(key, "input")
        return [_input(name, shape, scope, layout) for name, shape in tree.entries.items()]

    def _outputs(self, expansion: Expansion) -> tuple[int, ...]:
        """Return the layers that a spec names as the network's outputs; none where it does not say."""
        tree = self.root.entries.get("outputs")
        if tree is None:
            return ()
        positions = []
        for name in tree.items if isinstance(tree, Listing) else [tree]:
            position = expansion.names.find(name.text, "") if isinstance(name, Scalar) else None
            if position is None:
                hint = nearest(name.text, expansion.names.finish()) if isinstance(name, Scalar) else None
                raise ArchcalcError(f"'outputs' names no layer: {name.noun}", place=name.place(), hint=hint)
            positions.append(position)
        return tuple(positions)


def _budgets(*sections: Mapping) -> tuple[Limit, ...]:
    """Return the limits that some parts of a spec state; most state none."""
    stating = [section for section in sections if "budget" in section.entries]
    if not stating:
        return ()
    from archcalc.formats.language.budget import budget

    return tuple(limit for section in stating for limit in budget(section))


def _input(name: str, tree: Tree, scope: Scope[str, object], layout: Layout | None) -> Node:
    try:
        shape = turn_channels_first(extents(evaluate(tree, scope)), layout)
    except ArchcalcError as error:
        hint = error.hint
        if isinstance(tree, Scalar) and tree.value is None:
            hint = f"write 'input: {name}'" if name[0].isdigit() else f"write '{name}: 3x224x224'"
        elif isinstance(tree, Listing) and any(
            isinstance(size, Scalar) and size.value in (None, -1) for size in tree.items[:1]
        ):
            hint = "leave the batch out"
        raise ArchcalcError(f"'{name}' {error.fact}", place=error.place or tree.place(), hint=hint) from None
    return Node(name, REGISTRY["input"](shape=shape), origin=At(tree))


@guard_stack()
def override(text: str) -> tuple[str, object]:
    """Return the name and the value of `NAME=VALUE`, the value read as a spec reads it.

    Raises:
        ArchcalcError: there is no `=`, or the value is no YAML.
    """
    name, equals, value = text.partition("=")
    if not name.strip() or not equals or not value.strip():
        raise ArchcalcError(f"'{text}' is not NAME=VALUE", hint="such as classes=10")
    return name.strip(), evaluate(read(SourceText(f"--set {name.strip()}", value)), {})
