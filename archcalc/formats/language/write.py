"""The spec of a network: YAML that a person can read and that gives the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archcalc.analysis.report import Report
from archcalc.formats.language.budget import budgeted
from archcalc.formats.language.expecting import expected
from archcalc.formats.language.heading import heading
from archcalc.formats.language.references import References, called, key
from archcalc.formats.language.words import WIDTH, flow, text, value
from archcalc.formats.program.marking import Settings, outputs
from archcalc.formats.program.outline import (
    Auxiliary,
    Block,
    BlockCall,
    Call,
    Item,
    Items,
    Merge,
    Outline,
    Repeat,
    Variable,
    every,
    outlined,
    own_settings,
)
from archcalc.formats.registry import writer
from archcalc.network.network import Network
from archcalc.op.setting import REQUIRED, Setting
from archcalc.ops import REGISTRY

Lines = Iterator[str]
SHARED = "shared"
"""What a spec calls the weights that belong to an earlier layer."""
NONE_SHARED: tuple[str, ...] = ()


@writer("spec")
def spec(report: Report, depth: int | None) -> str:
    """Return a spec that reads back to a network with the same layers, in the same order, and the same figures.

    Names may differ: those of layers that are repeated, of blocks that are used only once, and those that
    a spec cannot hold.
    """
    network = report.run.network
    written = _Writer(outlined(network, _settings(network)), outputs(network)).lines(heading(network))
    body = "\n".join(written) + "\n"
    return body + budgeted(network) + expected(network, body)


class _Writer:
    """Writes an outline as YAML."""

    def __init__(self, outline: Outline, outputs: tuple[int, ...]) -> None:
        self.outline = outline
        self.outputs = outputs
        self.settings: dict[str, dict[str, Setting | None]] = {}
        self.mains: dict[str, str | None] = {}
        self.calling = References({}, {}, frozenset())

    def lines(self, head: tuple[list[str], Mapping[int, str]]) -> Lines:
        """Yield the lines of the spec: `head` are its first lines, and what the inputs are called."""
        lines, inputs = head
        yield from lines
        if self.outline.blocks:
            yield from ("", "blocks:")
        for number, block in enumerate(self.outline.blocks):
            yield from [""] if number else []
            yield from self._block(block)
        yield from ("", "layers:")
        self.calling = called(self.outline.items, inputs, self.outputs)
        yield from self._sequence(self.outline.items, "  ")
        if self.outputs:
            names = (text(self.calling.references[position]) for position in self.outputs)
            yield from ("", f"outputs: [{', '.join(names)}]")

    def _block(self, block: Block) -> Lines:
        self.settings[block.name] = dict(self._parameters(block.items))
        self.mains[block.name] = next(iter(block.parameters), None)
        self.calling = called(block.items, {block.start: "input"})
        yield f"  {block.name}:"
        if block.parameters:
            said = (
                f"{name}: {'' if default is REQUIRED else self._argument(block.name, name, default)}"
                for name, default in block.parameters.items()
            )
            yield from flow("    parameters: ", said)
        yield "    layers:"
        yield from self._sequence(block.items, "      ")

    def _parameters(self, items: Items) -> Iterator[tuple[str, Setting | None]]:
        """Yield the parameters that some items use, each with the setting that it becomes, if it becomes one."""
        for item in every(items):
            match item:
                case Call() | Merge():
                    inner: Mapping[str, Setting | None] = REGISTRY[item.kind].declared
                    given = item.settings
                case BlockCall():
                    inner, given = self.settings[item.block], item.arguments
                case _:
                    continue
            yield from ((found.name, inner.get(k)) for k, found in given.items() if _is_parameter(found))

    def _argument(self, block: str, name: str, given: Any) -> str:
        return value(given, self.settings[block].get(name))

    def _sequence(self, items: Items, margin: str) -> Lines:
        for item in items:
            yield from self._item(item, margin)

    def _item(self, item: Item, margin: str) -> Lines:
        match item:
            case Call():
                settings = {**self._common(item), **self._stated(item)}
                yield from self._short(item.kind, settings, REGISTRY[item.kind].main, margin)
            case BlockCall():
                arguments = {k: self._argument(item.block, k, v) for k, v in item.arguments.items()}
                said = {**self._common(item), **arguments}
                yield from self._short(item.block, said, self.mains[item.block], margin)
            case Merge():
                yield from self._merge(item, margin)
            case Repeat():
                yield from self._nested("repeat", {"times": value(item.times)}, item.items, margin)
            case Auxiliary():
                yield from self._nested("auxiliary", self._common(item), item.items, margin)

    def _stated(self, item: Call | Merge) -> dict[str, str]:
        """Return the settings of a layer that differ from their defaults."""
        declared = REGISTRY[item.kind].declared
        return {
            name: value(given, declared.get(name))
            for name, given in item.settings.items()
            if _is_parameter(given) or given != (declared[name].default if name in declared else NONE_SHARED)
        }

    def _common(self, item: Call | Merge | BlockCall | Auxiliary) -> dict[str, str]:
        """Return what every item may say: its name, what it takes, whose weights it shares."""
        said = {}
        if key(item) in self.calling.names:
            said["name"] = text(self.calling.names[key(item)])
        if item.sources is not None:
            names = [text(self.calling.references[source]) for source in item.sources]
            said["from"] = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
        if isinstance(item, Call) and item.tied is not None:
            said["tie"] = text(self.calling.references[item.tied])
        return said

    def _short(self, kind: str, settings: Mapping[str, str], main: str | None, margin: str) -> Lines:
        """Yield a layer or a call in as few lines as it takes."""
        lone = "" if main is None or (kind in REGISTRY and REGISTRY[kind].traits.is_branched) else main
        if not settings:
            yield f"{margin}- {kind}"
        elif list(settings) == [lone]:
            yield f"{margin}- {kind}: {settings[lone]}"
        else:
            yield from flow(f"{margin}- {kind}: ", (f"{k}: {v}" for k, v in settings.items()))

    def _nested(self, kind: str, settings: Mapping[str, str], items: Items, margin: str) -> Lines:
        """Yield an item that holds a sequence; in one line if that has one short item."""
        inside = list(self._sequence(items, ""))
        said = ", ".join(f"{k}: {v}" for k, v in settings.items())
        if len(inside) == 1 and len(inside[0]) < WIDTH // 2:
            yield f"{margin}- {kind}: {{{said}{', ' * bool(said)}layers: [{inside[0][2:]}]}}"
            return
        yield f"{margin}- {kind}:"
        yield from (f"{margin}    {k}: {v}" for k, v in settings.items())
        yield f"{margin}    layers:"
        yield from (f"{margin}      {line}" for line in inside)

    def _merge(self, item: Merge, margin: str) -> Lines:
        settings = {**self._common(item), **self._stated(item)}
        yield f"{margin}- {item.kind}:"
        yield from (f"{margin}    {k}: {v}" for k, v in settings.items())
        deeper = f"{margin}  "
        labelled = item.position in self.calling.labelled
        if settings or labelled:
            yield f"{margin}    branches:"
            deeper = f"{margin}      "
        for branch in item.branches:
            yield from self._branch(branch.name if labelled else "", branch.items, deeper)

    def _branch(self, name: str, items: Items, margin: str) -> Lines:
        """Yield a branch, under its name or as an item of a list."""
        lead = f"{name}:" if name else "-"
        if not items:
            yield f"{margin}{lead} []"
            return
        if name:
            yield f"{margin}{lead}"
            yield from self._sequence(items, f"{margin}  ")
            return
        first, *rest = self._sequence(items, "")
        yield f"{margin}- {first}"
        yield from (f"{margin}  {line}" for line in rest)


def _settings(network: Network) -> Settings:
    """Return what a spec says of the layer at a position: its settings, and which of its weights are another's."""
    plain = own_settings(network)
    if not any(node.shared for node in network.nodes):
        return plain
    return lambda position: {**plain(position), SHARED: tuple(sorted(network.nodes[position].shared))}


def _is_parameter(given: Any) -> bool:
    return isinstance(given, Variable)
