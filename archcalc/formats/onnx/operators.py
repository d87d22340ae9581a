"""The operators of ONNX, a folder a family, each translated into archcalc's own ops."""

from archcalc.formats.onnx.elements import activations, arithmetic, quantised
from archcalc.formats.onnx.norms import normalising
from archcalc.formats.onnx.shapes import cutting, data, reducing, shaping
from archcalc.formats.onnx.weights import recurrent, weighted
from archcalc.formats.onnx.windows import resizing, sliding

__all__ = [
    "activations",
    "arithmetic",
    "cutting",
    "data",
    "normalising",
    "quantised",
    "recurrent",
    "reducing",
    "resizing",
    "shaping",
    "sliding",
    "weighted",
]
