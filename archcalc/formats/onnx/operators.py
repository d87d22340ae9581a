"""The operators of ONNX, one file a family, each translated into archcalc's own ops."""

from archcalc.formats.onnx.elements import activations, arithmetic, quantised
from archcalc.formats.onnx.shapes import cutting, data, reducing, shaping
from archcalc.formats.onnx.weights import recurrent, weighted
from archcalc.formats.onnx.windows import resizing, sliding

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
