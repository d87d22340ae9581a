"""A network as a Keras 3 model in the functional style: a function for each block, and one that builds the network."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from archcalc.analysis.report import Report
from archcalc.formats.keras import elements, inputs, norms, shapes, weights, windows
from archcalc.formats.keras.body import FunctionBody, returns, write
from archcalc.formats.keras.helpers import HELPERS
from archcalc.formats.keras.table import TABLE
from archcalc.formats.program.branches import read_branches
from archcalc.formats.program.calls import Block
from archcalc.formats.program.code import Brackets, Names, identifier, lines
from archcalc.formats.program.program import Signature, Writing, helpers, prepare, signatures
from archcalc.formats.program.variables import statements
from archcalc.formats.registry import writer

__all__ = ["TABLE", "elements", "inputs", "keras", "norms", "shapes", "weights", "windows"]

TAKEN = frozenset(
    (*HELPERS, "build", "float", "inputs", "keras", "layers", "math", "model", "ops", "print", "range", "sum")
)
"""Names that no function, parameter or variable of a network may have."""
RESERVED = TAKEN | {"x", "i"}
"""Names that no parameter may have."""
EXAMPLE = (
    "",
    "",
    'if __name__ == "__main__":',
    "    model = build()",
    '    print(f"{sum(math.prod(w.shape) for w in model.trainable_weights):,} parameters")',
    "    print(model.output_shape)",
)
"""What the module does when it is run: print its parameters and the shape of what comes out."""
DEEP, CALLS = 1000, 20
"""From how many layers on Python must allow more calls within each other, and how many for each layer."""
LAYER = re.compile(r"layers\.(\w+)")
FORMAT = (
    "# Channels come first, as in (N, C, H, W): on a CPU this runs with the backends torch and jax.",
    'keras.config.set_image_data_format("channels_first")',
)


@writer("keras")
def keras(report: Report, depth: int | None) -> str:
    """Return the source of a Python module that builds the network as a keras.Model.

    Raises:
        ArchcalcError: the network holds a layer that Keras code cannot say.
    """
    writing = prepare(report, TABLE)
    names = Names(RESERVED)
    called = signatures(writing, lambda name: names.new(identifier(name).lower()), RESERVED)
    code = "\n".join(_functions(writing, called, frozenset(names.taken)))
    body = "\n".join((*helpers(HELPERS, code), code))
    return "\n".join((*_docstring(writing), "", *_imports(writing, body), body, *EXAMPLE, ""))


def _docstring(writing: Writing) -> Iterator[str]:
    totals = writing.report.totals
    kept = totals.buffers + totals.fixed
    counted = f"{totals.params:,} parameters" + (
        f" and {kept:,} numbers that are not learnt." if kept else "."
    )
    return writing.docstring(counted)


def _imports(writing: Writing, body: str) -> Iterator[str]:
    used = "layers, ops" if "ops." in body else "layers"
    is_deep = len(writing.report.rows) > DEEP
    yield "import math"
    if is_deep:
        yield "import sys"
    yield from ("", "import keras", f"from keras import {used}", "", *FORMAT)
    if is_deep:
        limit = CALLS * len(writing.report.rows)
        yield f"sys.setrecursionlimit({limit:_})  # Keras calls itself from layer to layer"


def _functions(writing: Writing, called: Mapping[str, Signature], names: frozenset[str]) -> Iterator[str]:
    """Yield the lines of all functions, each after those that it uses."""
    for block in writing.program.blocks:
        yield from ("", "", *_block(writing, block, called, names))
    yield from ("", "", *_build(writing, called, names))


def _block(
    writing: Writing, block: Block, called: Mapping[str, Signature], names: frozenset[str]
) -> Iterator[str]:
    own = called[block.name]
    body = FunctionBody(writing, called, own.parameters)
    end = body.walk(read_branches(block.calls, block.start), block.start)
    yield from lines(Brackets(f"def {own.name}(", ("x", *own.declared()), "):"))
    yield from _statements(body, {block.start: "x"}, [end], {*names, *own.parameters.values()})


def _statements(
    body: FunctionBody,
    inputs: Mapping[int, str],
    outputs: Sequence[int],
    reserved: Collection[str],
    last: str = "",
) -> Iterator[str]:
    """Yield the lines of a function; `last` is what it returns, with a {} for its outputs, unless it is they."""
    for variable, layer in body.layers.items():
        yield from lines(layer, 4, before=f"{variable} = ")
    kept = {*reserved, *body.layers}
    writing, texts = statements(body.steps, inputs, outputs, nested=False, reserved=kept)
    end = writing[-1] if writing and not last else None
    for statement in writing:
        yield from write(statement, body.parts, is_last=statement is end)
    whole = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    if end is None or not returns(end, body.parts):
        yield f"    {last.format(whole) if last else f'return {whole}'}"


def _build(writing: Writing, called: Mapping[str, Signature], names: frozenset[str]) -> Iterator[str]:
    rows, positions = writing.report.rows, writing.entering
    body = FunctionBody(writing, called, {}, _name_by_itself(writing))
    body.walk(read_branches(writing.program.calls, positions[0]), positions[0])
    taken = Names(names - {"inputs"})
    arguments = writing.arguments("inputs", taken)
    yield "def build():"
    yield '    """Return the network as a keras.Model, with random weights."""'
    for position, name in arguments.items():
        yield f"    {name} = keras.Input({rows[position].output_shape[1:]})"
    given = ", ".join(arguments.values())
    inputs = given if len(positions) == 1 else f"[{given}]"
    last = f'return keras.Model({inputs}, {{}}, name="{identifier(writing.network.name, prefix="net")}")'
    yield from _statements(body, arguments, [*writing.leaving, *body.heads], taken.taken, last)


def _name_by_itself(writing: Writing) -> frozenset[str]:
    """Return the names that Keras gives to the network's layers by itself, without their numbers."""
    forms = {name for call in writing.spoken.calls for name in LAYER.findall(str(call))}
    return frozenset(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", form).lower() for form in forms)
