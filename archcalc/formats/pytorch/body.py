"""What a class of a PyTorch module holds: its layers, and how they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from archcalc.arithmetic.sight import stays
from archcalc.formats.program.body import Body
from archcalc.formats.program.branches import Item, Items, every
from archcalc.formats.program.calls import Call
from archcalc.formats.program.code import Brackets, Doc, Expression, Names, identifier
from archcalc.formats.program.program import Signature, Writing, fill_in, write_call
from archcalc.formats.pytorch.table import CALLED, TENSORS
from archcalc.op.site import Site

SEQUENTIAL = "nn.Sequential"
CALL = "{}({{0}})"
LOOP = "*["
"""How modules that a loop makes begin, laid out in the list of arguments."""
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


class ModuleBody(Body):
    """The layers of one class, each an attribute, and the steps through them."""

    def __init__(
        self, source: Writing, blocks: Mapping[str, Signature], names: Mapping[str, str], items: Items
    ) -> None:
        """Take the blocks that it may use, the names of its own block's parameters, and all that will be in it."""
        super().__init__(source, blocks, names)
        self.referred = {value for item in every(items) for value in item.sources or ()} | {*source.leaving}
        self.layers: dict[str, Doc] = {}
        self.members = {key: f"self.{name}" for key, name in names.items()}
        self.attributes: dict[int, str] = {}
        self.attributed = Names(names.values())

    @property
    def kept(self) -> list[str]:
        """The block's parameters that its forward takes, from the module itself."""
        words = {word for step in self.steps for word in re.findall(r"self\.\w+", step.form)}
        return [name for name in self.names.values() if f"self.{name}" in words]

    def layer(self, call: Call, name: str, expression: Expression, sources: Sequence[int]) -> int:
        """Make an attribute of a layer, or of a tensor, which is taken and not called."""
        position = call.value
        if expression.form in TENSORS:
            attribute = self._attribute(name)
            self.layers[attribute] = write_call(expression, self.names)
            return self.add(attribute, f"self.{attribute}", (), position)
        op, row = self.source.network.nodes[position].op, self.source.report.rows[position]
        field = op.field(Site(row.input_shapes, row.output_shape))
        light = not op.traits.deep and (op.traits.storage == "view" or stays(field))
        form = CALLED.get(expression.form, CALL)
        return self._module(name, self._make(call), sources, position, form=form, light=light)

    def function(self, call: Call, name: str, expression: Expression, sources: Sequence[int]) -> int:
        """Apply a function; it takes the block's parameters from the module."""
        return self.add(name, fill_in(expression, self.members), sources, call.value, function=True)

    def again(self, call: Call, owner: int, expression: Expression, sources: Sequence[int]) -> int:
        """Call the attribute of an earlier layer."""
        attribute = self.attributes[owner]
        form = CALLED.get(expression.form, CALL).format(f"self.{attribute}")
        return self.add(attribute, form, sources, call.value)

    def called(self, call: Call, name: str, sources: Sequence[int]) -> int:
        """Make an attribute of a block, or of several as one sequence."""
        return self._module(name, one([self._make(call)]), sources, call.value)

    def along(self, items: Items, name: str, start: int) -> int:
        """Take in a branch: as one attribute, or what its end is as one."""
        alone = items[0]
        if len(items) == 1 and not alone.branches and alone.call.callee not in self.blocks:
            return self.apply(alone.call, name, alone.sources or (start,))
        lead = next((number for number, item in enumerate(items) if self._is_module(item)), len(items))
        first, rest = items[:lead], items[lead:]
        if not rest or not self.is_sequence(rest):
            return super().along(items, name, start)
        outer, self.lane = self.lane, identifier(name, prefix="branch") if first else self.lane
        sources = (self.walk(first, start),)
        end = self._module(name, one(self.sequence(rest)), sources, rest[-1].call.value, prefix="branch")
        self.lane = outer
        return end

    def is_sequence(self, items: Items) -> bool:
        """Tell whether items are layers one after the other that a sequence of modules can hold."""
        if not all(map(self._is_module, items)):
            return False
        *inner, last = (item.call.value for item in items)
        return self.referred.isdisjoint(inner) and not (inner and self.source.owners & {*inner, last})

    def _is_module(self, item: Item) -> bool:
        call = item.call
        if item.sources is not None or call.tied is not None or (item.branches and call.times == 1):
            return False
        return call.times != 1 or call.callee in self.blocks or call.value not in self.source.spoken.apart

    def sequence(self, items: Items) -> list[Doc]:
        """Return the modules of a sequence."""
        return [self._make(item.call) for item in items]

    def _make(self, call: Call) -> Doc:
        """Return the code that makes a module, or several in a loop."""
        if call.body:
            module = one(list(map(self._make, call.body)))
        elif call.callee in self.blocks:
            module = self.blocks[call.callee].made(call, self.names)
        else:
            layer = self.source.spoken.call(call.value, call.arguments)
            module = write_call(layer, self.names, tall=SEQUENTIAL)
        if call.times == 1:
            return module
        return Brackets(LOOP, (module, self.turns(call)), "]", separator=" ")

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


def _is_loop(module: Doc) -> bool:
    return isinstance(module, Brackets) and module.opening == LOOP
