"""The layer types, one file a family. Importing this package fills the registry."""

from archcalc.op import REGISTRY
from archcalc.ops import conv, dense, historic, layout, merge, norm, pointwise, pool, softmax

__all__ = ["REGISTRY", "conv", "dense", "historic", "layout", "merge", "norm", "pointwise", "pool", "softmax"]
