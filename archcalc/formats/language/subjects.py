"""What a claim is about: layers of a network, of layers written in place, or of a stack, under some conditions."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Scope
from typing import NamedTuple

from archcalc.analysis.layout import turn_channels_first
from archcalc.arithmetic.window import ROUNDINGS, Rounding
from archcalc.formats.language.scope import evaluate
from archcalc.formats.language.sections import At, section, text, truth, word_of
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.network.network import Layout
from archcalc.op.settings import extents, whole
from archcalc.op.site import Sizes
from archcalc.ops import REGISTRY

SUBJECT = (
    "of",
    "layer",
    "layers",
    "kind",
    "input",
    "layout",
    "channels",
    "batch",
    "dtype",
    "rounding",
    "train",
    "set",
)
"""What says what a claim is about."""


class Subject(NamedTuple):
    """What a claim is about: layers of a network, of layers written in place, or of a stack; and under which conditions.

    `of` is nothing for a formula that holds by itself; no `layers` and no `kind` stand for the whole network.
    """

    of: Tree | None
    layers: tuple[str, ...] = ()
    kind: str | None = None
    input: Sizes | None = None
    channels: int | None = None
    batch: int | None = None
    dtype: str | None = None
    rounding: Rounding | None = None
    train: bool = False
    set: Scope[str, object] = {}
    at: At | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is about all layers."""
        return not self.layers and self.kind is None


def check_kind(key: Scalar) -> None:
    """Raise a fact where a word is no layer type."""
    if key.text not in REGISTRY:
        raise ArchcalcError(
            f"there is no layer type '{key.text}'",
            place=key.place(),
            hint=nearest(key.text, REGISTRY) or "archcalc ops lists them",
        )


def read_subject(body: Mapping, layout: Layout | None, usual: Subject, *, by_layer: bool = False) -> Subject:
    """Return what a mapping says that a claim is about; what it does not say is as in the usual one.

    `by_layer` says that its `layers` hold claims, each about a layer, and name none.
    """
    entries = body.entries
    ways = [
        key for key in ("layer", "layers", "kind") if key in entries and not (by_layer and key == "layers")
    ]
    if len(ways) > 1:
        raise ArchcalcError(
            f"'{ways[0]}' and '{ways[1]}' both say which layers are meant",
            place=body.keys[ways[1]].place(),
            hint="leave one of them out",
        )
    named = entries.get("layer") or (None if by_layer else entries.get("layers"))
    stated = {key: reader(body, key) for key, reader in READERS.items() if key in entries}
    if named or "kind" in entries:
        stated["layers"] = _names(named) if named else ()
        stated["kind"] = None if named else _kind(entries["kind"])
    if layout and "input" in stated:
        stated["input"] = turn_channels_first(read_sizes(body, "input"), layout)
    where = named or entries.get("kind") or entries.get("of") or body
    return usual._replace(at=At(where), **stated)  # type: ignore[arg-type]


def _kind(tree: Tree) -> str:
    if not isinstance(tree, Scalar):
        raise ArchcalcError(f"'kind' is a layer type, not {tree.noun}", place=tree.place())
    check_kind(tree)
    return tree.text


def _names(tree: Tree) -> tuple[str, ...]:
    items = tree.items if isinstance(tree, Listing) else [tree]
    names = []
    for item in items:
        if not isinstance(item, Scalar) or not item.text:
            raise ArchcalcError(
                f"'layers' is a list of names, or a mapping of claims, not {item.noun}",
                place=item.place(),
                hint="layers: [fc6, fc7] are taken together, layers: {fc6: {params: 37.8M}} each for itself",
            )
        names.append(item.text)
    if not names:
        raise ArchcalcError(
            "'layers' names none", place=tree.place(), hint="leave it out for the whole network"
        )
    return tuple(names)


def read_sizes(body: Mapping, key: str) -> Sizes:
    """Return the sizes under a key, such as 6x28x28.

    Raises:
        ArchcalcError: they are none.
    """
    tree = body.entries[key]
    try:
        return extents(evaluate(tree, {}))
    except ArchcalcError as error:
        raise ArchcalcError(
            f"'{key}' {error.fact}", place=error.place or tree.place(), hint=error.hint
        ) from None


def _number(body: Mapping, key: str) -> int:
    tree = body.entries[key]
    try:
        return whole(evaluate(tree, {}), 1)
    except ArchcalcError as error:
        raise ArchcalcError(f"'{key}' {error.fact}", place=error.place or tree.place()) from None


READERS: dict[str, Callable[[Mapping, str], object]] = {
    "of": lambda body, key: body.entries[key],
    "input": read_sizes,
    "channels": _number,
    "batch": _number,
    "dtype": text,
    "rounding": lambda body, key: word_of(body, key, ROUNDINGS),
    "train": truth,
    "set": lambda body, key: {name: evaluate(tree, {}) for name, tree in section(body, key).entries.items()},
}
"""What reads a key that says what a claim is about; it is called so in a `Subject`."""


def name_layers(subject: Subject) -> str:
    """Return what to call the layers that a claim is about; nothing for all of them."""
    return f"{subject.kind} layers" if subject.kind else ", ".join(subject.layers)


MOST_WRITTEN = 40
"""How many values layers may hold that are written out where a claim is about them."""


def name_subject(subject: Subject) -> str:
    """Return what a claim is about, and under which conditions, in a few words."""
    of = subject.of
    written = write_tree(of) if of is not None and of.size <= MOST_WRITTEN else "layers"
    conditions = {
        "": "×".join(map(str, subject.input or ())),
        "C =": subject.channels,
        "batch": subject.batch,
        "as": subject.dtype,
        "rounding": subject.rounding,
        "in": "training" if subject.train else "",
        **subject.set,
    }
    stated = (f"{word} {value}".strip() for word, value in conditions.items() if value not in (None, ""))
    return " ".join((written, ", ".join(stated))).strip()


def write_tree(tree: Tree) -> str:
    """Return a value as YAML in one line; a mapping without its braces."""
    if isinstance(tree, Mapping):
        return ", ".join(f"{key}: {_write_inside(value)}" for key, value in tree.entries.items())
    return _write_inside(tree)


def _write_inside(tree: Tree) -> str:
    if isinstance(tree, Listing):
        return f"[{', '.join(map(write_tree, tree.items))}]"
    return tree.text if isinstance(tree, Scalar) else f"{{{write_tree(tree)}}}"
