"""The numbers of one layer that a tool's rule may name, all of them read off a report's row."""

from __future__ import annotations

from math import prod

from archcalc.analysis.row import Row
from archcalc.op.op import NO_WORK, REGISTRY, per_axis
from archcalc.op.site import Sizes

Ingredients = dict[str, int]

LEFT = "f"
"""What stands for the parameters that a layer has where batch normalisation is folded."""
AMOUNTS: dict[str, str] = {
    "M": "multiply-accumulates",
    "b": "additions of a bias: output elements where the layer has one, else 0",
    "i": "input elements, of all inputs together",
    "o": "output elements",
    "s": "additions, without those of multiply-accumulates",
    "e": "roots, exponentials and the like",
    "p": "learnable parameters",
    "w": "weights: parameters that are no bias",
    "u": "buffers, such as running statistics",
    LEFT: "parameters left where batch normalisation is folded into the layer before",
}
"""What grows with the layer: a rule's result is a multiple of one of these."""
FACTORS: dict[str, str] = {
    "n": "samples in the batch",
    "c": "input channels, or positions along the axis that the layer works along",
    "k": "elements of a window; where the layer has none, inputs for each output on the spatial axes",
    "kernel": "one side of the window",
    "stride": "step of the window",
    "groups": "groups of channels",
    "directions": "directions of a recurrent layer",
    "dims": "spatial axes",
    "positions": "output positions: samples · spatial sizes",
    "blends": "multiplications for each output element: what tells linear upsampling from nearest",
    "divides": "divisions for each output element",
}
"""By what an amount is multiplied, and what distinguishes layers of one type."""


def ingredients(row: Row, *, samples: int = 1, left: int = 0) -> Ingredients:
    """Return every ingredient of a layer whose work is known, or of one of `samples` that go through it at once.

    `left` is how many parameters it has where batch normalisation is folded.
    """
    output = row.output_shape
    macs, additions, multiplications, _, divisions, exponentials = map(int, row.work or NO_WORK)
    kernel, stride = _window(row)
    weights = {name: prod(shape) for name, shape in row.weights.items()}
    biases = sum(size for name, size in weights.items() if name.startswith("bias"))
    elements = prod(output)
    return {
        "M": macs // samples,
        "b": elements // samples if biases else 0,
        "i": sum(map(prod, row.input_shapes)) // samples,
        "o": elements // samples,
        "s": additions // samples,
        "e": exponentials // samples,
        "p": sum(weights.values()),
        "w": sum(weights.values()) - biases,
        "u": row.buffers or 0,
        LEFT: left,
        "n": output[0] // samples,
        "c": prod(_first_input(row)[_number(row, "axis") :][:1]),
        "k": prod(kernel),
        "kernel": kernel[0] if kernel else 1,
        "stride": stride,
        "groups": _number(row, "groups"),
        "directions": _number(row, "directions"),
        "dims": len(kernel),
        "positions": output[0] * prod(output[2:]) // samples,
        "blends": multiplications // elements,
        "divides": divisions // elements,
    }


def _window(row: Row) -> tuple[tuple[int, ...], int]:
    """Return a window's size on each spatial axis, and its step on the first.

    A layer without a kernel that pools all the same, such as global pooling, has the window that its
    shapes tell.
    """
    spatial = _first_input(row)[2:]
    ratios = tuple(size // max(out, 1) for size, out in zip(spatial, row.output_shape[2:], strict=False))
    kernel = per_axis(_sizes(row, "kernel") or ratios, spatial)
    stride = _sizes(row, "stride") or kernel
    return kernel, stride[0] if stride else 1


def _first_input(row: Row) -> Sizes:
    """Return the shape of what a layer takes; nothing where it takes nothing."""
    return row.input_shapes[0] if row.input_shapes else ()


def _number(row: Row, name: str) -> int:
    """Return a setting that is a number; 1 where the op has none."""
    value = _find_setting(row, name)
    return value if isinstance(value, int) else 1


def _sizes(row: Row, name: str) -> Sizes:
    """Return a setting that has a number an axis; nothing where the op has none."""
    value = _find_setting(row, name)
    return value if isinstance(value, tuple) else ()


def _find_setting(row: Row, name: str) -> object:
    """Return a setting as the spec states it, or its default; None where the op has none."""
    declared = REGISTRY[row.kind].declared.get(name)
    return None if declared is None else row.settings.get(name, declared.default)
