"""Derivations: an op's own arithmetic replayed on terms, so that text and number cannot disagree."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from archcalc.analysis.figures import FIGURES, Traced
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.arithmetic.extent import Extent
from archcalc.arithmetic.number import Number
from archcalc.arithmetic.term import Term, as_term
from archcalc.ground.errors import visible
from archcalc.network.network import Node
from archcalc.op.op import Op, elements
from archcalc.op.site import Shape, Site, Sizes
from archcalc.questions.aside import Groups, LeftOut, groups_of, left_out_by
from archcalc.questions.dense import Conversion, DenseConvolution, convert, convolution_of
from archcalc.sheet.pages import Paged

SPATIAL = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""The symbols of the spatial axes."""
AXES = {"L": "length", "H": "height", "W": "width", "D": "depth"}
SUBSCRIPTS = "₁₂₃₄₅₆₇₈₉"


class Derivation(NamedTuple):
    """How a figure comes about: in symbols, in numbers, and the result with its unit; `key` is that of the figure."""

    figure: str
    symbols: str
    numbers: str
    result: int
    unit: str = ""
    key: str = ""

    @property
    def steps(self) -> tuple[str, str, int, str]:
        """What a cell shows of it."""
        return (self.symbols, self.numbers, self.result, self.unit)


class ExplanationFields(NamedTuple):
    """What an explanation consists of.

    `convolution` is that which a fully connected layer behind a map is, `groups` those of a convolution, and
    `left_out` what the layer leaves out in training.
    """

    row: Row
    summary: str
    derivations: tuple[Derivation, ...]
    legend: Mapping[str, str]
    report: Report
    convolution: DenseConvolution | None = None
    groups: Groups | None = None
    left_out: LeftOut | None = None


class Explanation(ExplanationFields, Paged):
    """A layer of a report, every figure of it derived, and what the symbols stand for."""

    __slots__ = ()

    @property
    def conversion(self) -> Conversion | None:
        """The fully connected layers up to this one, turned into convolutions; None where it is none of these."""
        return convert(self.report.run, self.report.position(self.row.name))

    def __repr__(self) -> str:
        layer = f"{visible(self.row.name)} of {visible(self.report.name)}"
        return f"<Explanation of {layer}: {len(self.derivations)} figures>"


def explain(report: Report, layer: str) -> Explanation:
    """Derive every figure of a layer, as it was run.

    Args:
        report: what `analyze` returned.
        layer: the layer's name.

    Raises:
        ArchcalcError: there is no such layer.
    """
    position = report.position(layer)
    ran, row = report.run.layers[position], report.rows[position]
    sources = [report.rows[source] for source in ran.node.inputs]
    return Explanation(
        row=row,
        summary=(ran.op.__doc__ or "").partition("\n")[0],
        derivations=tuple(_derive(ran.op, row, sources, report, others_of(ran.node))),
        legend=legend_of(ran.op, sources, report),
        report=report,
        convolution=convolution_of(report.run, position),
        groups=groups_of(row),
        left_out=left_out_by(ran),
    )


def others_of(node: Node) -> Collection[str] | None:
    """Return the names of a layer's weights that count elsewhere; None for all."""
    return node.shared if node.tied is None else None


def _derive(
    op: Op, row: Row, sources: Sequence[Row], report: Report, others: Collection[str] | None
) -> Iterator[Derivation]:
    """Yield the derivation of every figure that has a formula."""
    traced = op.trace()
    at = Site(symbolic_inputs(row.input_shapes, op.letters))
    output = traced.output(at)
    yield from _sizes(output)
    layer = Traced(
        op=traced,
        at=at._replace(y=symbolic_output(output, op.letters)),
        others=others,
        each=Term(report.bytes_each, "bytes"),
        stores=bool(row.activations),
        seen=_find_field(sources),
        sees=_find_field((row,)),
    )
    for figure in FIGURES.values():
        if figure.formula is not None:
            yield from _one(figure.key, figure.name, figure.formula(layer), figure.unit)


def _sizes(output: Shape) -> Iterator[Derivation]:
    """Yield the derivation of every output size that was worked out, equal ones once."""
    spatial = SPATIAL.get(len(output) - 2, ())
    names = ["channels", *(AXES[symbol] for symbol in spatial)] if spatial else ["size"] * (len(output) - 1)
    seen: dict[str, list[str]] = {}
    terms: dict[str, Term] = {}
    for name, size in zip(names, output[1:], strict=True):
        if isinstance(size, Term) and size.operator:
            seen.setdefault(size.numbers(), []).append(name)
            terms.setdefault(size.numbers(), size)
    for numbers, term in terms.items():
        yield from _one("output", "output " + " and ".join(seen[numbers]), term)


def _find_field(sources: Sequence[Row]) -> Extent | None:
    """Return the field of the only one of some layers along the first axis."""
    if len(sources) != 1 or not sources[0].extents or sources[0].places is not None:
        return None
    return sources[0].extents[0]


def _one(key: str, figure: str, value: Number | None, unit: str = "") -> Iterator[Derivation]:
    """Yield the derivation of a figure unless it is nothing, not known, or no whole number."""
    if value is None or isinstance(value, float):
        return
    term = as_term(value)
    if term.value:
        yield Derivation(figure, term.symbols(), term.numbers(), term.value, unit, key)


def legend_of(op: Op, sources: Sequence[Row], report: Report) -> dict[str, str]:
    """Return what the letters in an op's formulas stand for."""
    settings = {s.symbol: s.help.partition(":")[0] for s in op.declared.values() if s.symbol not in ("", "C")}
    given = " and ".join(row.name for row in sources)
    return settings | {
        "N": "samples in the batch",
        "C, C₁, C₂, C₃, C₄": f"channels of {given}",
        "T, T₁": f"steps of {given}",
        "L, L₁": f"length of {given}",
        "H, H₁": f"height of {given}",
        "W, W₁": f"width of {given}",
        "C′": "channels of the output",
        "L′": "length of the output",
        "H′, W′": "height and width of the output",
        "r, j": f"receptive field and jump of {given}",
        "a, b": "first and last input element that an element which sees most sees",
        "bytes": f"bytes of one number: {report.dtype} takes {report.bytes_each}",
        "⌊": "⌊ ⌋ is rounded down to a whole number",
        "⌈": "⌈ ⌉ is rounded up to a whole number",
    }


def symbolic(shape: Sizes, index: str = "", letters: tuple[str, ...] = ()) -> Shape:
    """Return a shape of terms, (N, C, H, W) unless an op has other `letters`.

    A batch of one leaves no trace, and what is not known has no terms.
    """
    if not shape:
        return ()
    batch, *rest = shape
    spatial = len(rest) - 1
    symbols = letters or ("C", *SPATIAL.get(spatial, tuple(f"I{axis + 1}" for axis in range(spatial))))
    terms = (Term(size, symbol + index) for size, symbol in zip(rest, symbols[: len(rest)], strict=True))
    first = batch if batch == 1 else Term(batch, "N")
    return (first, *terms)


def symbolic_inputs(shapes: Sequence[Sizes], letters: tuple[str, ...] = ()) -> tuple[Shape, ...]:
    """Return the input shapes as terms, indexed where there are several; `letters` are those of the op."""
    if len(shapes) == 1:
        return (symbolic(shapes[0], letters=letters),)
    return tuple(symbolic(shape, SUBSCRIPTS[number % 9], letters) for number, shape in enumerate(shapes))


def symbolic_output(output: Shape, letters: tuple[str, ...] = ()) -> Shape:
    """Return an output shape with new symbols for its spatial sizes, H′ and W′, so that counts read briefly."""
    spatial = letters[1:] or SPATIAL.get(len(output) - 2, tuple(f"O{i + 1}" for i in range(len(output) - 2)))
    sizes = (Term(int(size), f"{axis}′") for size, axis in zip(output[2:], spatial, strict=True))
    return (*output[:2], *sizes)


def parameters(op: Op, shapes: Sequence[Sizes], others: Collection[str] | None = ()) -> Term:
    """Return the derivation of an op's learnable parameters, but for those that count elsewhere."""
    weights = op.trace().weights(Site(symbolic_inputs(shapes, op.letters)))
    owned = (shape for name, shape in weights.items() if others is not None and name not in others)
    return as_term(elements(owned))


def macs(op: Op, shapes: Sequence[Sizes]) -> Term | None:
    """Return the derivation of an op's multiply-accumulates; None where they are not known."""
    traced = op.trace()
    at = Site(symbolic_inputs(shapes, op.letters))
    work = traced.work(at._replace(y=symbolic_output(traced.output(at), op.letters)))
    return None if work is None else as_term(work.macs)


def parameter_formulas(report: Report) -> dict[str, Term]:
    """Return the derivation of the parameters of every layer that has some, by name."""
    return {
        row.name: parameters(layer.op, layer.at.xs, others_of(layer.node))
        for row, layer in zip(report.rows, report.run.layers, strict=True)
        if row.params
    }
