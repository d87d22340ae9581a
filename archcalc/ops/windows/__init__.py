"""Ops that slide a window."""

from archcalc.ops.windows import conv, conv_transpose, pool, pool_whole, resampling, sliding

__all__ = ["conv", "conv_transpose", "pool", "pool_whole", "resampling", "sliding"]
