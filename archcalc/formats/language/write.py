"""The spec of a network: YAML that a person can read and that gives the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archcalc.analysis.report import Report
from archcalc.formats.language.budget import write_budget
from archcalc.formats.language.expecting import write_expectations
from archcalc.formats.language.heading import heading
from archcalc.formats.language.references import References, key
from archcalc.formats.language.words import WIDTH, flow, text, value
from archcalc.formats.program.blocks import make_program
from archcalc.formats.program.branches import Item, Items, read_branches
from archcalc.formats.program.calls import Block, Calls, Program, every
from archcalc.formats.program.grouping import Style, find_named_outputs
from archcalc.formats.program.parameters import Variable
from archcalc.formats.program.pieces import Settings
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
    written = _Writer(write_program(network), find_named_outputs(network), network.losses).lines(
        heading(network)
    )
    body = "\n".join(written) + "\n"
    return body + write_budget(network) + write_expectations(network, body)


def write_program(network: Network) -> Program:
    """Return a network as a spec says it: in blocks, and with the settings of its layers."""
    return make_program(network, Style(_settings(network)))


class _Writer:
    """Writes a program as YAML."""

    def __init__(self, program: Program, outputs: tuple[int, ...], losses: Mapping[str, float]) -> None:
        self.program = program
        self.outputs = outputs
        self.losses = losses
        self.settings: dict[str, dict[str, Setting | None]] = {}
        self.mains: dict[str, str | None] = {}
        self.references = References((), {})

    def lines(self, head: tuple[list[str], Mapping[int, str]]) -> Lines:
        """Yield the lines of the spec: `head` are its first lines, and what the inputs are called."""
        lines, inputs = head
        yield from lines
        if self.program.blocks:
            yield from ("", "blocks:")
        for number, block in enumerate(self.program.blocks):
            yield from [""] if number else []
            yield from self._block(block)
        yield from ("", "layers:")
        items = read_branches(self.program.calls, min(inputs))
        self.references = References(items, inputs, self.outputs)
        yield from self._sequence(items, "  ")
        if self.outputs:
            names = (text(self.references.paths[position]) for position in self.outputs)
            yield from ("", f"outputs: [{', '.join(names)}]")

    def _block(self, block: Block) -> Lines:
        self.settings[block.name] = dict(self._parameters(block.calls))
        self.mains[block.name] = next(iter(block.parameters), None)
        items = read_branches(block.calls, block.start)
        self.references = References(items, {block.start: "input"})
        yield f"  {block.name}:"
        if block.parameters:
            parameters = (
                f"{name}: {'' if default is REQUIRED else value(default, self.settings[block.name].get(name))}"
                for name, default in block.parameters.items()
            )
            yield from flow("    parameters: ", parameters)
        yield "    layers:"
        yield from self._sequence(items, "      ")

    def _parameters(self, calls: Calls) -> Iterator[tuple[str, Setting | None]]:
        """Yield the parameters that calls are given, each with the setting that it becomes, if it becomes one."""
        for call in every(calls):
            declared = self._declare(call.callee)
            for name, given in call.arguments.items():
                if isinstance(given, Variable):
                    yield given.name, declared.get(name)

    def _declare(self, callee: str) -> Mapping[str, Setting | None]:
        """Return the settings of a layer type, or those that the parameters of a block become."""
        return REGISTRY[callee].declared if callee in REGISTRY else self.settings.get(callee, {})

    def _sequence(self, items: Items, margin: str) -> Lines:
        for item in items:
            call = item.call
            settings = {**self._common(item), **self._state(item)}
            if call.times != 1:
                yield from self._nest("repeat", {"times": value(call.times)}, item.branches[0], margin)
            elif item.is_head:
                if (weight := self.losses.get(settings.get("name", ""))) is not None:
                    settings["weight"] = value(weight)
                yield from self._nest(call.callee, settings, item.branches[0], margin)
            elif item.branches:
                yield from self._merge(item, settings, margin)
            else:
                yield from self._short(call.callee, settings, margin)

    def _state(self, item: Item) -> dict[str, str]:
        """Return the settings of a layer that differ from their defaults, or the arguments of a block."""
        call = item.call
        declared = self._declare(call.callee)
        return {
            name: value(given, declared.get(name))
            for name, given in call.arguments.items()
            if call.callee not in REGISTRY or given != _default(declared.get(name))
        }

    def _common(self, item: Item) -> dict[str, str]:
        """Return what every item may say: its name, what it takes, whose weights it shares."""
        common = {}
        if key(item) in self.references.names:
            common["name"] = text(self.references.names[key(item)])
        if item.sources is not None:
            names = [text(self.references.paths[source]) for source in item.sources]
            common["from"] = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
        if item.call.tied is not None:
            common["tie"] = text(self.references.paths[item.call.tied])
        return common

    def _short(self, callee: str, settings: Mapping[str, str], margin: str) -> Lines:
        """Yield a layer or a use of a block in as few lines as it takes."""
        op = REGISTRY.get(callee)
        main = self.mains[callee] if op is None else None if op.traits.is_branched else op.main
        if not settings:
            yield f"{margin}- {callee}"
        elif main is not None and list(settings) == [main]:
            yield f"{margin}- {callee}: {settings[main]}"
        else:
            yield from flow(f"{margin}- {callee}: ", (f"{k}: {v}" for k, v in settings.items()))

    def _nest(self, kind: str, settings: Mapping[str, str], items: Items, margin: str) -> Lines:
        """Yield an item that holds a sequence; in one line if that has one short item."""
        inside = list(self._sequence(items, ""))
        given = ", ".join(f"{k}: {v}" for k, v in settings.items())
        if len(inside) == 1 and len(inside[0]) < WIDTH // 2:
            yield f"{margin}- {kind}: {{{given}{', ' * bool(given)}layers: [{inside[0][2:]}]}}"
            return
        yield f"{margin}- {kind}:"
        yield from (f"{margin}    {k}: {v}" for k, v in settings.items())
        yield f"{margin}    layers:"
        yield from (f"{margin}      {line}" for line in inside)

    def _merge(self, item: Item, settings: Mapping[str, str], margin: str) -> Lines:
        yield f"{margin}- {item.call.callee}:"
        yield from (f"{margin}    {k}: {v}" for k, v in settings.items())
        deeper = f"{margin}  "
        labels = item.call.labels if item.call.value in self.references.labelled else ()
        if settings or labels:
            yield f"{margin}    branches:"
            deeper = f"{margin}      "
        for label, branch in zip(labels or ("",) * len(item.branches), item.branches, strict=True):
            yield from self._branch(label, branch, deeper)

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
    any_shared = any(node.shared for node in network.nodes)

    def settings(position: int) -> Mapping[str, object]:
        node = network.nodes[position]
        own = {name: node.op.__dict__[setting.attribute] for name, setting in node.op.declared.items()}
        return {**own, SHARED: tuple(sorted(node.shared))} if any_shared else own

    return settings


def _default(setting: Setting | None) -> object:
    return NONE_SHARED if setting is None else setting.default
