"""What `archcalc ops` says: every layer type from its own declaration, docstring and arithmetic."""

from __future__ import annotations

from inspect import cleandoc

from archcalc.analysis.conditions import Conditions
from archcalc.analysis.report import report_on
from archcalc.analysis.row import Row
from archcalc.ground.errors import ArchcalcError, list_names, nearest
from archcalc.network.network import Network, Node
from archcalc.op.op import Op
from archcalc.op.setting import REQUIRED, Setting
from archcalc.op.settings import extents
from archcalc.ops import REGISTRY
from archcalc.questions.explain import macs, parameters
from archcalc.sheet.kinds import NAMES, SETTINGS, TEXT, WORDS
from archcalc.sheet.sheet import Column, Sheet

OPS = (
    Column("op", "op", TEXT, "the layer type"),
    Column("does", "what it does", WORDS, "what it does"),
    Column("settings", "settings", NAMES, "the names of its settings", 1),
)
OF_SETTINGS = (
    Column("setting", "setting", TEXT, "the setting's name"),
    Column("symbol", "symbol", TEXT, "its letter in formulas", 1),
    Column("kind", "kind", TEXT, "what it holds", 2),
    Column("default", "default", TEXT, "its default, or required"),
    Column("help", "meaning", WORDS, "what it means"),
)


def everything() -> Sheet:
    """Return a row for every op."""
    return Sheet(
        columns=OPS,
        rows=tuple(
            (kind, summary(cls), tuple(cls.declared))
            for kind, cls in sorted(REGISTRY.items())
            if cls.traits.role != "input"
        ),
        notes=("archcalc ops NAME says all about one.",),
    )


def one(kind: str) -> Sheet:
    """Return an op's settings, with its documentation, its formulas and an example.

    Raises:
        ArchcalcError: there is no such op.
    """
    cls = REGISTRY.get(kind)
    if cls is None:
        raise ArchcalcError(
            f"there is no layer type '{kind}'",
            hint=nearest(kind, list(REGISTRY)) or "archcalc ops lists them all",
        )
    return Sheet(
        columns=OF_SETTINGS,
        rows=tuple(
            (name, setting.symbol, setting.kind, _default(setting.default), _meaning(setting))
            for name, setting in cls.declared.items()
        ),
        title=kind,
        subtitle=paragraphs(cls),
        summary=_formulas(cls),
        facts={
            "op": kind,
            "main": cls.main,
            "weighted": cls.traits.deep,
            "documentation": [paragraph for paragraph in paragraphs(cls) if paragraph],
            "example": yaml(cls),
        },
    )


def paragraphs(cls: type[Op]) -> tuple[str, ...]:
    """Return an op's documentation, a line for each paragraph and an empty one between them."""
    text = cleandoc(cls.__doc__ or "").replace("\n\n", "\0\0").replace("\n", " ")
    return tuple(text.split("\0"))


def summary(cls: type[Op]) -> str:
    """Return the first sentence of an op's documentation."""
    return (cls.__doc__ or "").partition("\n")[0]


def _meaning(setting: Setting) -> str:
    """Return what a setting means, the words to choose from where there are some, and where it has no say."""
    options = setting.schema.get("enum")
    meaning = list_names(setting.help, options) if isinstance(options, list) else setting.help
    if setting.only:
        other, values = setting.only
        meaning += f"; only with {list_names(other, map(str, values)) if values else other}"
    return f"{meaning}; changes nothing {setting.idle}" if setting.idle else meaning


def _default(value: object) -> str:
    if value is REQUIRED:
        return "required"
    if value is None:
        return ""
    return SETTINGS.text({"": value}).strip()


def _formulas(cls: type[Op]) -> tuple[tuple[str, str], ...]:
    """Return the example and what the op's arithmetic makes of it, in symbols and in numbers."""
    op, row = _example(cls)
    sources = ", ".join("×".join(map(str, shape[1:])) for shape in row.input_shapes)
    lines = [
        ("example", f"- {yaml(cls)}" + (f"   on {sources}" if sources else "")),
        ("output", "×".join(map(str, row.output_shape[1:]))),
    ]
    if row.params:
        term = parameters(op, row.input_shapes)
        lines.append(("parameters", f"{term.symbols()} = {term.numbers()} = {term.value:,}"))
    if row.macs:
        work = macs(op, row.input_shapes)
        if work is not None:
            lines.append(("MACs", f"{work.symbols()} = {work.numbers()} = {work.value:,}"))
    return tuple(lines)


def _example(cls: type[Op]) -> tuple[Op, Row]:
    """Return the op of the class's example and its row in a report."""
    shapes, given = cls.example
    inputs = [Node(f"x{i}", REGISTRY["input"](shape=extents(s))) for i, s in enumerate(shapes)]
    op = cls(**given)
    node = Node("example", op, inputs=tuple(range(len(inputs))))
    network = Network("example", (*inputs, node))
    return op, report_on(network, Conditions.of(network)).rows[-1]


def yaml(cls: type[Op]) -> str:
    """Return the example as it would stand in a spec."""
    shapes, settings = cls.example
    given = {name: _flow(value) for name, value in settings.items()}
    main = cls.main
    if len(shapes) > 1:
        main = "branches"
        given[main] = f"[{', '.join(['[…]'] * len(shapes))}]"
    if not given:
        return cls.kind
    if main is not None and list(given) == [main]:
        return f"{cls.kind}: {given[main]}"
    return f"{cls.kind}: {{{', '.join(f'{name}: {value}' for name, value in given.items())}}}"


def _flow(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) and "," in value else str(value)
