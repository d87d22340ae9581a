"""Normalisations and softmax."""

from archcalc.ops.norms import norm, response, scaling, softmax

__all__ = ["norm", "response", "scaling", "softmax"]
