"""What a layer is called, what it is, what goes in and what comes out."""

from __future__ import annotations

from archcalc.analysis.figures.vocabulary import Figure, figure
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.op.site import Sizes
from archcalc.sheet.kinds import NAMES, SETTINGS, SHAPE, SHAPES, TENSORS, TEXT


def _list_rounded(row: Row, report: Report) -> tuple[str, ...]:
    return tuple(map(str, dict.fromkeys(row.uneven)))


def _shapes(row: Row, report: Report) -> tuple[Sizes | None, ...]:
    return tuple(_shape(shape, report) for shape in row.input_shapes)


def _shape(shape: Sizes, report: Report) -> Sizes | None:
    """Return a shape whose first axis is left out: the batch, or nothing where its first axis is something else."""
    if not shape:
        return None
    return shape if shape[0] == report.batch else (0, *shape)


figure(Figure("layer", TEXT, "the layer's name", of=lambda r, _: r.name, total=lambda _: "total", priority=0))
figure(Figure("op", TEXT, "the layer's type", of=lambda r, _: r.kind, priority=8))
figure(
    Figure(
        "settings",
        SETTINGS,
        "settings beside the defaults",
        of=lambda r, _: r.settings,
        total=lambda _: {},
        priority=3,
    )
)
figure(Figure("from", NAMES, "the layers that it takes its inputs from", of=lambda r, _: r.inputs))
figure(Figure("inputs", SHAPES, "shapes of the inputs, as that of the output", of=_shapes))
figure(
    Figure(
        "output",
        SHAPE,
        "shape of the output, without the batch; all axes where another one is the first",
        of=lambda r, t: _shape(r.output_shape, t),
        priority=2,
        expect="both",
        measured="output shape",
    )
)
figure(
    Figure(
        "weights",
        TENSORS,
        "shapes of its weights by name, of a convolution filters first and of a linear layer outputs first",
        title="shapes",
        of=lambda r, _: dict(r.weights),
        total=lambda _: {},
        priority=3,
    )
)
figure(
    Figure(
        "rounded", NAMES, "sizes before and after rounding, where it was needed", of=_list_rounded, priority=6
    )
)
