"""A network as a PyTorch module: a class for each block, one for the network, and its sizes when it is run."""

from __future__ import annotations

from collections.abc import Iterator

from archcalc.analysis.report import Report
from archcalc.formats.program.branches import Items, read_branches
from archcalc.formats.program.code import Brackets, Names, class_name, lines
from archcalc.formats.program.program import Signature, Writing, helpers, prepare, signatures
from archcalc.formats.program.variables import statements
from archcalc.formats.pytorch import elements, inputs, norms, shapes, weights, windows
from archcalc.formats.pytorch.body import MEMBERS, ModuleBody
from archcalc.formats.pytorch.helpers import HELPERS
from archcalc.formats.pytorch.table import TABLE
from archcalc.formats.registry import writer

__all__ = ["TABLE", "elements", "inputs", "norms", "pytorch", "shapes", "weights", "windows"]

TAKEN = frozenset((*HELPERS, "F", "nn", "torch"))
"""Names that no class of a network may have."""
RESERVED = MEMBERS | {"self", "x", "i"}
"""Names that no parameter may have."""


@writer("pytorch")
def pytorch(report: Report, depth: int | None) -> str:
    """Return the source of a Python module that defines the network as an nn.Module and runs it once.

    Raises:
        ArchcalcError: the network holds a layer that PyTorch code cannot say.
    """
    writing = prepare(report, TABLE)
    names = Names(TAKEN)
    main = names.new(class_name(report.name, report.title))
    code = "\n".join(_classes(writing, main, names))
    functional = ["from torch.nn import functional as F"] if "F." in code else []
    head = (
        *writing.docstring(f"{report.totals.params:,} parameters. {_sizes(report)}."),
        "",
        "import torch",
        "from torch import nn",
        *functional,
    )
    return "\n".join((*head, *helpers(HELPERS, code), code, *_example(writing, main), ""))


def _sizes(report: Report) -> str:
    """Return what comes in and what goes out, as PyTorch writes shapes."""
    sides = [", ".join(str(row.output_shape) for row in rows) for rows in (report.inputs, report.outputs)]
    return f"Input {sides[0]}, output {sides[1]}"


def _classes(writing: Writing, main: str, names: Names) -> Iterator[str]:
    """Yield the lines of all classes, each after those that it uses."""
    called = signatures(writing, lambda name: names.new(class_name(name)), RESERVED)
    for block in writing.program.blocks:
        own = called[block.name]
        items = read_branches(block.calls, block.start)
        yield from (
            "",
            "",
            *_block(ModuleBody(writing, called, own.parameters, items), items, block.start, own),
        )
    items = read_branches(writing.program.calls, writing.entering[0])
    yield from ("", "", *_network(ModuleBody(writing, called, {}, items), items, writing, main))


def _block(body: ModuleBody, items: Items, start: int, called: Signature) -> Iterator[str]:
    """Yield the class of a block; one that is a mere sequence is an nn.Sequential."""
    init = Brackets("def __init__(", ("self", *called.declared()), "):")
    if body.is_sequence(items):
        yield f"class {called.name}(nn.Sequential):"
        yield from lines(init, 4)
        modules = Brackets("super().__init__(", tuple(body.sequence(items)), ")", is_tall=True)
        yield from lines(modules, 8)
        return
    end = body.walk(items, start)
    yield f"class {called.name}(nn.Module):"
    yield from lines(init, 4)
    yield from _layers(body)
    yield from _forward(body, {start: "x"}, [end])


def _layers(body: ModuleBody) -> Iterator[str]:
    yield "        super().__init__()"
    for name in body.kept:
        yield f"        self.{name} = {name}"
    for attribute, module in body.layers.items():
        yield from lines(module, 8, before=f"self.{attribute} = ")
    yield ""


def _forward(body: ModuleBody, inputs: dict[int, str], outputs: list[int]) -> Iterator[str]:
    yield f"    def forward({', '.join(('self', *inputs.values()))}):"
    reserved = (*TAKEN, "self")
    writing, texts = statements(body.steps, inputs, [*outputs, *body.heads], nested=True, reserved=reserved)
    for statement in writing:
        yield f"        {statement.variable} = {statement.text}"
    main = ", ".join(texts[: len(outputs)])
    if body.heads:
        yield "        if self.training:"
        yield f"            return {', '.join(texts)}"
    yield f"        return {main}"


def _network(body: ModuleBody, items: Items, writing: Writing, name: str) -> Iterator[str]:
    arguments = writing.arguments("x", Names({*TAKEN, "self"}))
    body.walk(items, writing.entering[0])
    yield f"class {name}(nn.Module):"
    yield "    def __init__(self):"
    yield from _layers(body)
    yield from _forward(body, arguments, writing.leaving)


def _example(writing: Writing, name: str) -> Iterator[str]:
    """Yield what the module does when it is run: print its parameters and the shape of what comes out."""
    shapes = (row.output_shape for row in writing.report.inputs)
    inputs = ", ".join(f"torch.rand({', '.join(map(str, shape))})" for shape in shapes)
    yield from (
        "",
        "",
        'if __name__ == "__main__":',
        f"    model = {name}().eval()",
        '    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")',
        "    with torch.no_grad():",
        f"        y = model({inputs})",
    )
    if len(writing.network.outputs) == 1:
        yield "    print(tuple(y.shape))"
    else:
        yield "    print(*(tuple(output.shape) for output in y))"
