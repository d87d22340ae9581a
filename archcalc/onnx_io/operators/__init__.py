"""The operators of ONNX, one file a family, each translated into archcalc's own ops."""

from archcalc.onnx_io.operators import arithmetic, data, shaping, sliding, weighted

__all__ = ["arithmetic", "data", "shaping", "sliding", "weighted"]
