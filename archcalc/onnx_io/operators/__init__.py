"""The operators of ONNX, one file a family, each translated into archcalc's own ops."""

from archcalc.onnx_io.operators import (
    activations,
    arithmetic,
    cutting,
    data,
    quantised,
    recurrent,
    reducing,
    resizing,
    shaping,
    sliding,
    weighted,
)

__all__ = [
    "activations",
    "arithmetic",
    "cutting",
    "data",
    "quantised",
    "recurrent",
    "reducing",
    "resizing",
    "shaping",
    "sliding",
    "weighted",
]
