"""The layer types, a folder a family. Importing this package fills the registry."""

from archcalc.op.op import REGISTRY
from archcalc.ops import elements, inputs, norms, shapes, weights, windows

__all__ = ["REGISTRY", "elements", "inputs", "norms", "shapes", "weights", "windows"]
