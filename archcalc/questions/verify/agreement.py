"""The values that archcalc's own references compute from an ONNX file, beside those of ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.formats.onnx.read import Reading, read
from archcalc.formats.onnx.runtime import Session
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Site, Sizes, sizes_of
from archcalc.questions.verify.verify import Measured

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array

RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""How far two values may be apart: a share of the one, and a share of the largest in its tensor."""


def compare_values(path: str | Path, report: Report, *, seed: int = 0) -> Iterator[Measured]:
    """Yield for each layer how many of its output's numbers are not those of ONNX Runtime; 0 is predicted.

    Each layer gets what ONNX Runtime computed before it, so that a difference shows where it arises.

    Args:
        path: the ONNX file.
        report: what `analyze` made of it; its inputs' shapes are run.
        seed: of the random inputs.

    Raises:
        ArchcalcError: ONNX Runtime does not run the file, or a layer cannot run.
    """
    given = {row.name: row.output_shape[1:] for row in report.inputs if row.output_shape[1:]}
    reading = read(Path(path), given, report.batch)
    shapes = {row.name: row.output_shape for row in report.inputs}
    run = Session(Path(path), shapes, seed)
    values: dict[int, Array] = {}
    for position, row in enumerate(report.rows):
        theirs = _numbers(run.values.get(reading.tensors.get(position, "")), row.output_shape)
        if row.work is not None and row.role != "input":
            values[position] = _output(reading, position, values, run, row)
            if theirs is not None:
                yield Measured(row.name, "values", 0, _count_apart(values[position], theirs))
        if theirs is not None:
            values[position] = theirs


def _output(reading: Reading, position: int, values: Mapping[int, Array], run: Session, row: Row) -> Array:
    """Return what a layer's reference makes of its inputs and of the file's weights."""
    node = reading.network.nodes[position]
    declared = node.op.tensors(Site(row.input_shapes))
    weights = {
        name: run.constant(weight).reshape(sizes_of(declared[name]))
        for name, weight in reading.weights.get(position, {}).items()
    }
    try:
        output: Array = node.op.forward(*(values[source] for source in node.inputs), **weights)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ArchcalcError(f"{row.kind} '{row.name}' does not run on the file's weights: {error}") from None
    return output


def _numbers(returned: object, shape: Sizes) -> Array | None:
    """Return what ONNX Runtime computed, in a layer's shape if it has its size; None where it is no numbers."""
    from archcalc.arrays.tensors import as_float

    kind = returned.dtype.kind if hasattr(returned, "dtype") else "O"
    if kind in "OSU":
        return None
    array = as_float(returned)
    return array.reshape(shape) if array.size == prod(shape) else array


def _count_apart(ours: Array, theirs: Array) -> int:
    """Return how many numbers differ by more than rounding does."""
    from archcalc.arrays.tensors import count_apart

    return count_apart(ours, theirs, RELATIVE, ABSOLUTE)
