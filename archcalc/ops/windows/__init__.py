"""Ops that slide a window."""

from archcalc.ops.windows import conv, pool, resampling, sliding

__all__ = ["conv", "pool", "resampling", "sliding"]
