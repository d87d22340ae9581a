"""The layer types, one file a family. Importing this package fills the registry, in the order of the imports."""

# isort: skip_file
from archcalc.op.op import REGISTRY
from archcalc.ops.windows import conv
from archcalc.ops.weights import dense
from archcalc.ops.shapes import merge
from archcalc.ops.elements import elementwise
from archcalc.ops.inputs import given
from archcalc.ops.windows import historic
from archcalc.ops.shapes import indexing
from archcalc.ops.shapes import layout
from archcalc.ops.norms import norm
from archcalc.ops.elements import pointwise
from archcalc.ops.windows import pool
from archcalc.ops.weights import products
from archcalc.ops.elements import quantisation
from archcalc.ops.weights import recurrent
from archcalc.ops.shapes import reduction
from archcalc.ops.windows import resampling
from archcalc.ops.norms import scaling
from archcalc.ops.elements import sigmoids
from archcalc.ops.norms import softmax

__all__ = [
    "REGISTRY",
    "conv",
    "dense",
    "elementwise",
    "given",
    "historic",
    "indexing",
    "layout",
    "merge",
    "norm",
    "pointwise",
    "pool",
    "products",
    "quantisation",
    "recurrent",
    "reduction",
    "resampling",
    "scaling",
    "sigmoids",
    "softmax",
]
