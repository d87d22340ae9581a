"""Ops that merge, lay out, pick or reduce."""

from archcalc.ops.shapes import indexing, layout, merge, reduction, windowed

__all__ = ["indexing", "layout", "merge", "reduction", "windowed"]
