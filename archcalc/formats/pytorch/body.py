"""What a class of a PyTorch module holds: its layers, and how they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcalc.arithmetic.sight import stays
from archcalc.formats.program.body import Body, Called, Said
from archcalc.formats.program.code import Brackets, Doc, Expression, Names, identifier
from archcalc.formats.program.outline import Auxiliary, BlockCall, Call, Item, Items, Merge, Repeat
from archcalc.formats.program.program import Signature, Writing, applied, made, value
from archcalc.formats.program.series import Series, series
from archcalc.formats.pytorch.table import CALLED, TENSORS
from archcalc.op.site import Site

SEQUENTIAL = "nn.Sequential"
CALL = "{}({{0}})"
WORDS = """
T_destination add_module append apply bfloat16 buffers call_super_init children compile cpu cuda double
dump_patches eval extend extra_repr float forward get_buffer get_extra_state get_parameter get_submodule
half insert ipu load_state_dict modules mtia named_buffers named_children named_modules named_parameters
parameters pop register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to
to_empty train training type xpu zero_grad
"""
MEMBERS = frozenset(WORDS.split())
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


class ModuleBody(Body):
    """The layers of one class, each an attribute, and the steps through them."""

    def __init__(self, source: Writing, blocks: Mapping[str, Signature], names: Mapping[str, str]) -> None:
        """Take the blocks that it may use, and the names of its own block's parameters."""
        super().__init__(source, blocks, names)
        self.layers: dict[str, Doc] = {}
        self.members = _Members(names)
        self.attributes: dict[int, str] = {}
        self.attributed = Names(names.values())

    def layer(self, item: Said, name: str, said: Expression, sources: Sequence[int]) -> int:
        """Make an attribute of a layer, or of a tensor, which is taken and not called."""
        position = item.position
        if said.form in TENSORS:
            attribute = self._attribute(name)
            self.layers[attribute] = made(said, self.names)
            return self.add(attribute, f"self.{attribute}", (), position)
        op, row = self.source.network.nodes[position].op, self.source.report.rows[position]
        field = op.field(Site(row.input_shapes, row.output_shape))
        light = not op.traits.deep and (op.traits.storage == "view" or stays(field))
        form = CALLED.get(said.form, CALL)
        return self._module(name, self._made(item), sources, position, form=form, light=light)

    def function(self, item: Said, name: str, said: Expression, sources: Sequence[int]) -> int:
        """Apply a function; it takes the block's parameters from the module."""
        return self.add(name, applied(said, self.members), sources, item.position, function=True)

    def again(self, item: Said, owner: int, said: Expression, sources: Sequence[int]) -> int:
        """Call the attribute of an earlier layer."""
        attribute = self.attributes[owner]
        form = CALLED.get(said.form, CALL).format(f"self.{attribute}")
        return self.add(attribute, form, sources, item.position)

    def called(self, item: Called, name: str, sources: Sequence[int]) -> int:
        """Make an attribute of a block, or of several as one sequence."""
        return self._module(name, one([self._made(item)]), sources, item.position)

    def along(self, items: Items, name: str, start: int) -> int:
        """Take in a branch: as one attribute, or what its end is as one."""
        if isinstance(items[0], Call) and len(items) == 1 and not self.is_sequence(items):
            return self.said(items[0], name, items[0].sources or (start,))
        lead = next((number for number, item in enumerate(items) if self._is_module(item)), len(items))
        first, rest = items[:lead], items[lead:]
        if not rest or not self.is_sequence(rest):
            return super().along(items, name, start)
        outer, self.lane = self.lane, identifier(name, prefix="branch") if first else self.lane
        sources = (self.walk(first, start),)
        module = one(self.sequence(rest))
        end = self._module(name, module, sources, rest[-1].position, prefix="branch")
        self.lane = outer
        return end

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
        if isinstance(item, BlockCall):
            return True
        return item.tied is None and item.position not in self.source.saying.apart

    def sequence(self, items: Items) -> list[Doc]:
        """Return the modules of a sequence."""
        return [self._made(item) for item in series(items, self.source.rows)]

    def _made(self, item: Item | Series) -> Doc:
        """Return the code that makes a module."""
        if isinstance(item, Call | Merge):
            return made(self.source.saying.call(item.position, item.settings), self.names, tall=SEQUENTIAL)
        if isinstance(item, BlockCall):
            return self.blocks[item.block].made(item, self.names)
        if isinstance(item, Series):
            return _loop(self._made(item.counted()), "i", str(len(item.uses)))
        assert isinstance(item, Repeat)  # noqa: S101  # nothing else is a module
        return _loop(one(self.sequence(item.items)), "_", value(item.times, self.names))

    def _module(
        self,
        name: str,
        module: Doc,
        sources: Sequence[int],
        position: int,
        *,
        prefix: str = "layer",
        form: str = CALL,
        light: bool = False,
    ) -> int:
        """Take in a module that is made as an attribute, and how it is called."""
        attribute = self._attribute(name, prefix)
        self.layers[attribute] = module
        self.attributes[position] = attribute
        return self.add(attribute, form.format(f"self.{attribute}"), sources, position, light=light)

    def _attribute(self, name: str, prefix: str = "layer") -> str:
        wanted = identifier(name, prefix=prefix)
        return self.attributed.new(f"{wanted}_" if wanted in MEMBERS else wanted)


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
