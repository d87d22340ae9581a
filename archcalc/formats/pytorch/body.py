"""What a class of a PyTorch module holds: its layers, and the steps that go through them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from archcalc.formats.program.code import Brackets, Doc, Names, identifier
from archcalc.formats.program.outline import Auxiliary, Branch, Item, Items, Layer, Merge, Repeat
from archcalc.formats.program.outline import Call as Use
from archcalc.formats.program.program import Signature, Source, applied, made, value
from archcalc.formats.program.series import Series, series
from archcalc.formats.program.variables import Step
from archcalc.network.network import parts
from archcalc.op.site import Site

SEQUENTIAL = "nn.Sequential"
TENSORS = ("nn.Parameter", "nn.Buffer")
"""What makes a learnt tensor by itself, which is taken and not called."""
CALL = "{}({{0}})"
CALLED = {
    "nn.Embedding": "{}({{0}}.long())",
    **dict.fromkeys(("nn.RNN", "nn.LSTM", "nn.GRU"), "{}({{0}})[0]"),
}
"""How layers are called that do not simply make one tensor of another."""
MEMBERS = frozenset(
    [
        "T_destination",
        "add_module",
        "append",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extend",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "insert",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "pop",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    ]
)
"""What nn.Module and nn.Sequential call their own members; no layer may have such a name."""


class _Members(dict[str, str]):
    """A block's parameters as its forward takes them, from the module itself; `used` are those that it does take."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__({key: f"self.{name}" for key, name in names.items()})
        self.names = names
        self.used: dict[str, str] = {}

    def __getitem__(self, key: str) -> str:
        self.used[key] = self.names[key]
        return super().__getitem__(key)


class Body:
    """The layers of one class and the steps through them, as an outline's items ask for them."""

    def __init__(
        self,
        source: Source,
        blocks: Mapping[str, Signature],
        names: Mapping[str, str],
    ) -> None:
        """Take the blocks that it may use, and the names of its own block's parameters."""
        self.source = source
        self.blocks = blocks
        self.names = names
        self.layers: dict[str, Doc] = {}
        self.members = _Members(names)
        self.steps: list[Step] = []
        self.heads: list[int] = []
        self.attributes: dict[int, str] = {}
        self.attributed = Names(names.values())
        self.lane = ""

    def is_sequence(self, items: Items) -> bool:
        """Tell whether items are layers one after the other that a sequence of modules can hold."""
        if not all(self._is_module(item) for item in items):
            return False
        inner = {item.position for item in items[:-1]}
        shared = {item.position for item in items} & self.source.owners if inner else set()
        return not (shared or inner & self.source.referred)

    def _is_module(self, item: Item) -> bool:
        if isinstance(item, Repeat):
            return self.is_sequence(item.items) and item.items[-1].position not in self.source.referred
        if isinstance(item, Merge | Auxiliary) or item.sources is not None:
            return False
        if isinstance(item, Use):
            return True
        call = self.source.saying.calls[item.position]
        return item.tied is None and not call.is_pattern and call.form not in (*TENSORS, *CALLED)

    def sequence(self, items: Items) -> list[Doc]:
        """Return the modules of a sequence."""
        return [self._module(item) for item in series(items, self.source.rows)]

    def _module(self, item: Item | Series) -> Doc:
        if isinstance(item, Layer):
            return made(self.source.saying.call(item.position, item.settings), self.names, tall=SEQUENTIAL)
        if isinstance(item, Use):
            called = self.blocks[item.block]
            return Brackets(f"{called.name}(", tuple(called.written(item, self.names)), ")")
        if isinstance(item, Series):
            return _loop(self._module(item.counted()), "i", str(len(item.uses)))
        assert isinstance(item, Repeat)  # noqa: S101  # nothing else is in a sequence
        return _loop(one(self.sequence(item.items)), "_", value(item.times, self.names))

    def walk(self, items: Items, current: int) -> int:
        """Take in items that start from the value `current`; return the value that they end on."""
        for item in series(items, self.source.rows):
            current = self._item(item, current)
        return current

    def _item(self, item: Item | Series, current: int) -> int:
        if isinstance(item, Layer):
            return self._layer(item, item.sources or (current,))
        if isinstance(item, Merge):
            start = item.sources[0] if item.sources else current
            ends = [self._branch(branch, n, start) for n, branch in enumerate(item.branches, 1)]
            return self._layer(item, ends)
        if isinstance(item, Auxiliary):
            start = item.sources[0] if item.sources else current
            self.heads.append(self._branch(Branch(item.name or "auxiliary", item.items), 1, start))
            return current
        if isinstance(item, Use):
            sources = item.sources or (current,)
            return self._applied(item.name or item.block, self._module(item), sources, item.position)
        if isinstance(item, Series):
            return self._applied(
                self._loop_name(item.uses[0]), one([self._module(item)]), (current,), item.position
            )
        if isinstance(item, Repeat):
            name = self._loop_name(item.items[0])
            return self._applied(name, one([self._module(item)]), (current,), item.position)
        assert_never(item)

    def _loop_name(self, item: Item) -> str:
        """Return a name for calls in a row: that of the block around them, or of what they are."""
        if not isinstance(item, Use):
            return "repeated"
        if item.block in self.source.rows:
            return item.name or item.block
        path = parts(self.source.network.nodes[item.position].name)
        is_inside = not self.names and item.name in path[1:]
        return path[path.index(item.name) - 1] if is_inside else f"{item.block}s"

    def _branch(self, branch: Branch, number: int, start: int) -> int:
        """Take in one branch; return the value that it ends on."""
        alone = branch.items[0] if len(branch.items) == 1 else None
        own = alone.name if isinstance(alone, Layer | Use) else ""
        name = branch.name or own or f"branch{number}"
        if not branch.items:
            end = -2 - len(self.steps)  # no node's position
            self.steps.append(Step(identifier(name, prefix="branch"), "{0}", (start,), end))
            return end
        if self.is_sequence(branch.items):
            return self._applied(
                name, one(self.sequence(branch.items)), (start,), branch.items[-1].position, "branch"
            )
        if isinstance(alone, Layer):
            return self._layer(alone._replace(name=name), alone.sources or (start,))
        outer, self.lane = self.lane, identifier(name, prefix="branch")
        end = self._tail(branch.items, name, start)
        self.lane = outer
        return end

    def _tail(self, items: Items, name: str, start: int) -> int:
        """Take in items of which the last ones may be a sequence; return the value that they end on."""
        lead = next((n for n, item in enumerate(items) if self._is_module(item)), len(items))
        first, rest = items[:lead], items[lead:]
        if not first or not rest or not self.is_sequence(rest):
            return self.walk(items, start)
        return self._applied(
            name, one(self.sequence(rest)), (self.walk(first, start),), rest[-1].position, "branch"
        )

    def _applied(
        self,
        name: str,
        module: Doc,
        sources: Sequence[int],
        position: int,
        prefix: str = "layer",
        *,
        form: str | None = None,
        light: bool = False,
    ) -> int:
        """Take in a module that is made here, and how it is called."""
        attribute = self._attribute(name, prefix)
        self.layers[attribute] = module
        self.attributes[position] = attribute
        text = (form or CALL).format(f"self.{attribute}")
        self.steps.append(Step(attribute, text, tuple(sources), position, light=light, lane=self.lane))
        return position

    def _attribute(self, name: str, prefix: str = "layer") -> str:
        wanted = identifier(name, prefix=prefix)
        return self.attributed.new(f"{wanted}_" if wanted in MEMBERS else wanted)

    def _layer(self, item: Layer | Merge, sources: Sequence[int]) -> int:
        position, saying = item.position, self.source.saying
        node, row = self.source.network.nodes[position], self.source.report.rows[position]
        call = saying.call(position, item.settings)
        name = item.name or item.kind
        if call.is_pattern:
            form = applied(call, self.members)
            self.steps.append(
                Step(identifier(name), form, tuple(sources), position, function=True, lane=self.lane)
            )
            return position
        if call.form in TENSORS:
            attribute = self._attribute(name)
            self.layers[attribute] = made(call, self.names)
            self.steps.append(Step(attribute, f"self.{attribute}", (), position, lane=self.lane))
            return position
        if isinstance(item, Layer) and item.tied is not None:
            attribute = self.attributes[item.tied]
            form = CALLED.get(call.form, CALL).format(f"self.{attribute}")
            self.steps.append(Step(attribute, form, tuple(sources), position, lane=self.lane))
            return position
        light = (
            not node.op.traits.deep and node.op.field(Site(row.input_shapes, row.output_shape)) == "pointwise"
        )
        module = made(call, self.names, tall=SEQUENTIAL)
        return self._applied(name, module, sources, position, form=CALLED.get(call.form), light=light)


def one(modules: Sequence[Doc]) -> Doc:
    """Return modules as one: a sequence if there are several, or some in a loop."""
    if len(modules) == 1 and not _is_loop(modules[0]):
        return modules[0]
    return Brackets(f"{SEQUENTIAL}(", tuple(modules), ")", is_tall=len(modules) > 1)


def _loop(module: Doc, index: str, times: str) -> Brackets:
    """Return modules made in a loop, laid out in the list of arguments."""
    return Brackets("*[", (module, f"for {index} in range({times})"), "]", separator=" ")


def _is_loop(module: Doc) -> bool:
    return isinstance(module, Brackets) and module.opening == "*["
