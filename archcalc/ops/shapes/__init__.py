"""Ops that merge, lay out, pick or reduce."""

from archcalc.ops.shapes import indexing, inflating, layout, merge, reduction, windowed

__all__ = ["indexing", "inflating", "layout", "merge", "reduction", "windowed"]
