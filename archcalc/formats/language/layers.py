"""Layers as they are written to nodes as they are computed: repeats and blocks written out, names made unique."""

from __future__ import annotations

from collections.abc import Mapping as Scope
from contextlib import suppress

from archcalc.formats.language.bounds import ROUNDS
from archcalc.formats.language.copies import BlockSpec, Copies, Expanded, Frame, Moment, ReadUse, Written
from archcalc.formats.language.names import PENDING, Head
from archcalc.formats.language.scope import (
    CONTROLS,
    Use,
    check_inputs,
    check_parameter,
    check_settings,
    evaluate,
    name_branches,
    no_inputs,
    word,
    write_use,
)
from archcalc.formats.language.synonyms import hint_for_kind
from archcalc.formats.language.tree import Listing, Scalar, Tree
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, ExceededError, Problems, nearest
from archcalc.network.network import Node, add_number
from archcalc.op.op import Op
from archcalc.op.settings import show, whole
from archcalc.ops import REGISTRY


class Expansion:
    """Writes a spec's layers out to nodes.

    What is wrong is noted among the `problems`; `broken` are the nodes that stand in for it.
    """

    def __init__(self, copies: Copies, parameters: Scope[str, object], problems: Problems) -> None:
        self.copies = copies
        self.blocks = copies.blocks
        self.parameters = parameters
        self.expanded = Expanded()
        self.nodes, self.names, self.heads = self.expanded.nodes, self.expanded.names, self.expanded.heads
        self.problems = problems
        self.broken: set[int] = set()
        self.bounds = self.expanded.bounds
        self.nesting = limits.NESTING.value

    def add(self, node: Node) -> int:
        """Append a node and return its position."""
        self.nodes.append(node)
        self.names.ends[node.name] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def layers(self, listing: Tree, frame: Frame, current: int) -> int:
        """Expand a list of layers that starts from node `current`; return the node that it ends on."""
        if not isinstance(listing, Listing):
            dashed = isinstance(listing, Scalar) and listing.text.startswith("-")
            raise ArchcalcError(
                f"layers must be a list, not {listing.noun}",
                place=listing.place(frame.used_by),
                hint="a blank stands behind each dash: '- '" if dashed else "put '- ' before each layer",
            )
        if frame.depth > self.nesting:
            raise ExceededError(
                f"blocks are nested more than {self.nesting} deep",
                place=listing.place(frame.used_by),
                hint=limits.NESTING.hint,
            )
        for item in listing.items:
            try:
                current = self.layer(item, frame, current)
            except ArchcalcError as error:
                self.problems.note(error)
                current = self._skip(item, frame)
        return current

    def _skip(self, item: Tree, frame: Frame) -> int:
        """Put a node of which nothing is known in the place of a layer that is wrong, so that others find it."""
        use = None
        with suppress(ArchcalcError):
            use = write_use(item, frame.used_by)
        named = use.settings.get("name") if use else None
        path = f"{frame.prefix}{named.text}" if isinstance(named, Scalar) else ""
        if not path or self.names.ends.get(path, PENDING) != PENDING:
            path = self.names.number(use.kind.text if use else "layer", frame.prefix)
        return self.stand_in(path, auxiliary=frame.auxiliary)

    def stand_in(self, name: str, *, auxiliary: bool = False) -> int:
        """Append a node of which nothing is known and return its position."""
        self.broken.add(len(self.nodes))
        return self.add(Node(name, REGISTRY["unaccounted"](what="?"), auxiliary=auxiliary))

    def layer(self, item: Tree, frame: Frame, current: int) -> int:
        """Expand one item of a list of layers; return the node that it ends on."""
        read = self.copies.uses.get(id(item)) or self._read(item, frame)
        use = read.used(frame.used_by)
        kind = use.kind.text
        self.bounds.step(use, read.size)
        if not self._find_wanted(use, frame):
            return current
        if kind == "repeat":
            return self._repeat(use, frame, current)
        if kind == "auxiliary":
            self._auxiliary(use, frame, current)
            return current
        if kind in self.blocks:
            return self._block(self.blocks[kind], use, frame, current)
        return self._op(REGISTRY[kind], use, frame, current)

    def _read(self, item: Tree, frame: Frame) -> ReadUse:
        """Return a layer as it is written, and keep that for when the same line is come by again."""
        use = write_use(item, frame.used_by)
        use = use.with_main(self._main(use), self._settings(use.kind.text))
        read = self.copies.uses[id(item)] = ReadUse(item, use)
        return read

    def _settings(self, kind: str) -> tuple[str, ...]:
        """Return the settings that a layer of a kind has beside those that all have."""
        if kind in self.blocks:
            return tuple(self.blocks[kind].parameters)
        return CONTROLS[kind] if kind in CONTROLS else tuple(REGISTRY[kind].declared)

    def _main(self, use: Use) -> str | None:
        """Return the setting that a lone value stands for: a block's first parameter, an op's main setting."""
        kind = use.kind.text
        if kind in CONTROLS:
            return None
        if kind in self.blocks:
            return next(iter(self.blocks[kind].parameters), None)
        if kind not in REGISTRY:
            known = [*REGISTRY, *self.blocks, *CONTROLS]
            raise use.error(
                f"there is no layer type '{kind}'",
                hint=hint_for_kind(use.kind, use.keys, known) or "archcalc ops lists them all",
            )
        cls = REGISTRY[kind]
        return "branches" if cls.traits.is_branched else cls.main

    def _find_wanted(self, use: Use, frame: Frame) -> bool:
        if "when" not in use.settings:
            return True
        value = self._value(use, "when", frame)
        if not isinstance(value, bool):
            raise use.error(f"'when' must be true or false, not {show(value)}", "when")
        return value

    def _value(self, use: Use, setting: str, frame: Frame) -> object:
        return evaluate(use.settings[setting], frame.scope, frame.used_by)

    def _repeat(self, use: Use, frame: Frame, current: int) -> int:
        check_settings(use, ("times", "layers"), ("index", "name", "when"))
        times = self._value(use, "times", frame)
        try:
            times = whole(times, 0)
        except ArchcalcError as error:
            raise use.error(f"'times' {error.fact}", "times") from None
        if "index" in use.settings and isinstance(use.settings["index"], Scalar):
            check_parameter(use.settings["index"], frame.used_by)
        index = word(use, "index")
        name = word(use, "name")
        self.bounds.count(use, ROUNDS, times)
        inner = frame._replace(depth=frame.depth + 1)
        for i in range(times):
            if index:
                inner = inner._replace(scope={**frame.scope, index: i})
            if name:
                inner = inner._replace(
                    prefix=self.names.claim(use, f"{frame.prefix}{add_number(name, i + 1)}") + "."
                )
            current = self.layers(use.settings["layers"], inner, current)
            if name:
                self.names.ends[inner.prefix[:-1]] = current
        return current

    def _auxiliary(self, use: Use, frame: Frame, current: int) -> None:
        check_settings(use, ("layers",), ("name", "weight", "from", "when"))
        path = self.names.name(use, frame.prefix)
        start = self._source(use, frame, current)
        inner = frame._replace(prefix=f"{path}.", auxiliary=True, depth=frame.depth + 1)
        weight = self._weight(use, frame) if "weight" in use.settings else None
        self.names.ends[path] = end = self.layers(use.settings["layers"], inner, start)
        self.heads.append(Head(path, end, weight))

    def _weight(self, use: Use, frame: Frame) -> float:
        """Return the weight of a head's loss, on which no figure depends, or raise a fact where it is no number."""
        value = self._value(use, "weight", frame)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise use.error(f"'weight' must be a number, not {show(value)}", "weight")
        return value

    def _block(self, block: BlockSpec, use: Use, frame: Frame, current: int) -> int:
        inside = (*frame.inside, block.name)
        if block.name in frame.inside:
            raise use.error(f"block '{block.name}' uses itself: {' → '.join(inside)}")
        check_settings(use, (), (*block.parameters, "name", "from", "when"))
        place = use.place()
        scope = dict(self.parameters)
        for name, default in block.parameters.items():
            if name in use.settings:
                scope[name] = self._value(use, name, frame)
            elif isinstance(default, Scalar) and default.value is None:
                raise use.error(f"block '{block.name}' needs '{name}'")
            else:
                scope[name] = evaluate(default, scope, place)
        path = self.names.name(use, frame.prefix)
        start = self._source(use, frame, current)
        inner = Frame(scope, f"{path}.", place, inside, frame.depth + 1, frame.auxiliary)
        key = self.copies.key(block, scope, (inner.depth, inner.auxiliary))
        written = self.copies.written.get(key)
        end = self.expanded.copy(written, inner, start) if written and not self.problems else None
        self.names.ends[path] = end = self._write_out(block, inner, start, key) if end is None else end
        return end

    def _write_out(self, block: BlockSpec, frame: Frame, start: int, key: str) -> int:
        """Write out a block, keep it for others that are the same, and return the node that it ends on."""
        names, before = self.names, Moment(self.expanded)
        names.start(f"{frame.prefix}input", start)
        outermost, names.outermost = names.outermost, len(frame.prefix)
        end = self.layers(block.layers, frame, start)
        takes_from_outside = names.outermost < len(frame.prefix)
        if frame.used_by and not self.problems and not takes_from_outside:
            self.copies.written[key] = Written(self.expanded, before, frame.prefix, start, end, frame.used_by)
        names.outermost = min(outermost, names.outermost)
        return end

    def _op(self, cls: type[Op], use: Use, frame: Frame, current: int) -> int:
        branched, is_constant = cls.traits.is_branched, cls.traits.role == "constant"
        if branched and "branches" in use.settings:
            inputs, labels = self._branches(use, frame, current)
        elif is_constant:
            inputs, labels = no_inputs(use), ()
        else:
            inputs, labels = self._sources(use, frame, current), ()
        if not is_constant:
            check_inputs(cls.kind, cls.traits.takes, len(inputs), use)
        op = self.copies.maker.make(cls, use, frame.scope)
        path = self.names.name(use, frame.prefix)
        tied = self._find_tied(use, frame)
        shared = self._name_shared(use, frame)
        return self.add(Node(path, op, inputs, labels, tied, frame.auxiliary, shared, use))

    def _branches(self, use: Use, frame: Frame, current: int) -> tuple[tuple[int, ...], tuple[str, ...]]:
        start = self._sources(use, frame, current)
        if len(start) != 1:
            raise use.error("branches start from one layer, not several", "from")
        inputs, labels = [], []
        for name, listing in name_branches(use):
            path = (
                self.names.claim(use, f"{frame.prefix}{name}")
                if name
                else self.names.number("branch", frame.prefix)
            )
            inner = frame._replace(prefix=f"{path}.", depth=frame.depth + 1)
            end = self.layers(listing, inner, start[0])
            self.names.ends[path] = end
            inputs.append(end)
            labels.append(path)
        return tuple(inputs), tuple(labels)

    def _sources(self, use: Use, frame: Frame, current: int) -> tuple[int, ...]:
        """Return the nodes that a layer takes its input from: `from:`, or the one above."""
        tree = use.settings.get("from")
        if tree is None:
            return (current,)
        names = tree.items if isinstance(tree, Listing) else [tree]
        return tuple(self._find(use, name, frame, "from") for name in names)

    def _source(self, use: Use, frame: Frame, current: int) -> int:
        """Return the one node that a block or a head starts from."""
        sources = self._sources(use, frame, current)
        check_inputs(use.kind.text, (1, 1), len(sources), use)
        return sources[0]

    def _find(self, use: Use, tree: Tree, frame: Frame, setting: str) -> int:
        """Return the node that a name means, or raise where it means none that this layer can take from."""
        if not isinstance(tree, Scalar) or not tree.text:
            raise use.error(f"'{setting}' must be the name of a layer, not {tree.noun}", setting)
        position = self.names.find(tree.text, frame.prefix)
        if position is None:
            raise ArchcalcError(
                f"'{setting}: {tree.text}' names no layer above this one",
                place=tree.place(frame.used_by),
                hint=nearest(tree.text, self.names.finish())
                or "a layer can only take what was computed before it",
            )
        if self.nodes[position].auxiliary and not frame.auxiliary:
            raise ArchcalcError(
                f"'{setting}: {tree.text}' is in an auxiliary head, which exists only in training",
                place=tree.place(frame.used_by),
            )
        return position

    def _find_tied(self, use: Use, frame: Frame) -> int | None:
        if "tie" not in use.settings:
            return None
        return self._find(use, use.settings["tie"], frame, "tie")

    def _name_shared(self, use: Use, frame: Frame) -> frozenset[str]:
        """Return the names of the weights that belong to an earlier layer and count there."""
        if "shared" not in use.settings:
            return frozenset()
        if "tie" in use.settings:
            raise use.error(
                "'tie' shares all weights already",
                "shared",
                "leave 'shared' out, or 'tie' to share some alone",
            )
        value = self._value(use, "shared", frame)
        names = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(name, str) for name in names):
            raise use.error(f"'shared' must be names of weights, not {show(value)}", "shared")
        return frozenset(names)
