"""What is said of a layer or a network beside its figures: weights, the matrix of im2col, heads of training."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from archcalc.analysis.row import Row
from archcalc.questions.dense import DenseConvolution
from archcalc.questions.heads import Heads
from archcalc.sheet.numbers import group_digits


def tensors(row: Row) -> Iterator[str]:
    """Yield the layer's weights by name and shape, or that it has none."""
    if row.weights:
        named = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in row.weights.items())
        yield f"weights: {named}"
    else:
        yield "no weights: there is nothing to learn"


def unfolding(row: Row) -> Iterator[str]:
    """Yield how much larger the matrix of im2col is than the input."""
    if row.unfolded:
        rows, columns = row.unfolded
        growth = rows * columns / prod(row.input_shapes[0])
        yield (
            f"im2col lays the windows out as a matrix of {group_digits(rows)} × {group_digits(columns)}, "
            f"{growth:.3g} times as many numbers as the input has"
        )


def convolving(convolution: DenseConvolution | None, row: Row) -> Iterator[str]:
    """Yield the convolution that a fully connected layer is, with as many numbers."""
    if convolution is not None:
        kernel, size = ("×".join(map(str, shape)) for shape in (convolution.kernel, convolution.map))
        biases = f" and {group_digits(row.biases)} biases" if row.biases else ""
        is_own = row.params == convolution.weights + row.biases
        same = f"the same {group_digits(row.params)} parameters, " if is_own else ""
        yield (
            f"it is a convolution of kernel {kernel} over the {size} of {convolution.source} with "
            f"{group_digits(convolution.filters)} filters: {same}{group_digits(convolution.weights)} weights{biases}"
        )


def plain_convolution(convolution: DenseConvolution | None) -> dict[str, object] | None:
    """Return the convolution as machines are told it."""
    if convolution is None:
        return None
    return {
        "source": convolution.source,
        "input": list(convolution.map),
        "kernel": list(convolution.kernel),
        "filters": convolution.filters,
        "weights": convolution.weights,
    }


def training_heads(heads: Heads | None) -> Iterator[tuple[str, str]]:
    """Yield what the heads add that exist only in training."""
    if heads is not None:
        macs = "work that is not known" if heads.macs is None else f"{group_digits(heads.macs)} MACs"
        yield (
            "in training alone",
            f"{', '.join(heads.names)}: {group_digits(heads.params)} parameters and {macs}, which --train counts",
        )


def plain_heads(heads: Heads | None) -> dict[str, object] | None:
    """Return the heads as machines are told them."""
    return None if heads is None else {**heads._asdict(), "names": list(heads.names)}
