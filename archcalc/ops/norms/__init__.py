"""Normalisations and softmax."""

from archcalc.ops.norms import norm, scaling, softmax

__all__ = ["norm", "scaling", "softmax"]
