"""Ops on each element."""

from archcalc.ops.elements import elementwise, pointwise, quantisation, sigmoids

__all__ = ["elementwise", "pointwise", "quantisation", "sigmoids"]
