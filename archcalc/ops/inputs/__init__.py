"""What comes in, learnt tensors by themselves, and what cannot be accounted for."""

from archcalc.ops.inputs import given

__all__ = ["given"]
