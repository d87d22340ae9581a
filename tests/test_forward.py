"""Every op really run: shapes and multiplications are those predicted, values those of PyTorch and SciPy."""

from __future__ import annotations

from math import e, log, tanh
from typing import Any

import numpy as np
import pytest

from archcalc import ArchcalcError
from archcalc.arrays import kernels, tensors
from archcalc.op.op import Op
from archcalc.op.settings import extents
from archcalc.op.site import Site
from archcalc.ops import REGISTRY
from archcalc.ops.elements import elementwise
from archcalc.ops.shapes import reduction

MOST = 16
"""The largest size of an axis to which an example is shrunk."""
FIXED_AXES = {"flatten", "reshape", "channels", "permute"}
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def weights_of(op, *shapes, seed=1):
    """Return random tensors for an op by their names; running variances must be positive, and all of them are."""
    rng = np.random.default_rng(seed)
    named = op.tensors(Site(tuple(shapes)))
    return {name: rng.random(shape, dtype=np.float32) + 0.1 for name, shape in named.items()}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def run(kind, settings, *xs):
    """Return the op, the weights that it got, its output and the multiply-accumulates that it took."""
    op = REGISTRY[kind](**settings)
    shapes = [x.shape for x in xs]
    op.check(Site(tuple(shapes)))
    weights = weights_of(op, *shapes)
    with kernels.meter_products() as meter:
        y = op.forward(*xs, **weights)
    return op, weights, y, meter.macs


def agrees(kind, settings, *shapes):
    xs = [numbers(*shape) ** 2 for shape in shapes]
    op, _, y, macs = run(kind, settings, *xs)
    assert y.shape == op.output(Site(tuple(shapes)))
    assert y.dtype == np.float32
    assert macs == op.work(Site(tuple(shapes), y.shape)).macs
    assert np.isfinite(y).all()


RUN = [kind for kind in REGISTRY if kind not in ("input", "unaccounted")]


def shrunk(kind, batch):
    """Return the input shapes of an op's example, with axes that are short enough to run fast."""
    shapes, _ = REGISTRY[kind].example
    most = 10**6 if kind in FIXED_AXES else MOST
    return [(batch, channels, *(min(n, most) for n in rest)) for channels, *rest in map(extents, shapes)]


@pytest.mark.parametrize("kind", RUN)
@pytest.mark.parametrize("batch", [1, 3])
def test_its_example_runs_as_predicted(kind, batch):
    agrees(kind, REGISTRY[kind].example[1], *shrunk(kind, batch))


@pytest.mark.parametrize("kind", [kind for kind in RUN if REGISTRY[kind].example[0]])
def test_a_sample_does_not_see_the_others(kind):
    settings = REGISTRY[kind].example[1]
    xs = [numbers(*shape) ** 2 for shape in shrunk(kind, 2)]
    op, weights, both, _ = run(kind, settings, *xs)
    np.testing.assert_allclose(both[1:], op.forward(*(x[1:] for x in xs), **weights), **CLOSE)


def test_an_op_without_a_reference_says_so():
    with pytest.raises(ArchcalcError, match="has no reference"):
        Op().forward(numbers(1, 2))


C3 = [[0, 1, 2], [3, 1], [0, 1, 2, 3], [2, 3]]

# fmt: off
SETTINGS: list[tuple[str, dict[str, Any], tuple[tuple[int, ...], ...]]] = [
    ("conv", {"out": 6, "kernel": 3, "padding": 1}, ((2, 4, 9),)),
    ("conv", {"out": 6, "kernel": [3, 2], "stride": [2, 1], "padding": [[0, 2], [1, 0]], "groups": 2}, ((2, 4, 9, 8),)),
    ("conv", {"out": 6, "kernel": "3x5x2", "stride": "2x1x1", "padding": "4x2x0", "dilation": [1, 1, 2]}, ((1, 2, 6, 7, 5),)),
    ("conv", {"out": 8, "kernel": 3, "groups": 8, "bias": False}, ((2, 8, 7, 7),)),
    ("conv", {"out": 4, "kernel": 4, "stride": 3, "padding": "same"}, ((1, 2, 11, 10),)),
    ("conv", {"out": 4, "kernel": 3, "stride": 2, "rounding": "ceil"}, ((1, 2, 6, 7),)),
    ("conv", {"out": 4, "kernel": 2, "stride": 5, "rounding": "ceil", "padding": [[0, 3]]}, ((1, 2, 6),)),
    ("conv", {"out": 4, "kernel": 3, "connections": C3}, ((2, 4, 5, 5),)),
    ("conv", {"out": 4, "kernel": 3, "connections": C3, "bias": False}, ((2, 4, 5, 5),)),
    ("conv_transpose", {"out": 6, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 2}, ((2, 4, 5, 6),)),
    ("conv_transpose", {"out": 6, "kernel": [3, 2, 1], "stride": [1, 2, 3], "padding": [[0, 1], [1, 0], [0, 0]], "bias": False}, ((1, 4, 5, 6, 2),)),
    ("conv_transpose", {"out": 1, "kernel": 3, "dilation": 2, "output_padding": 1}, ((1, 1, 4),)),
    ("maxpool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, ((1, 2, 6, 7),)),
    ("maxpool", {"kernel": 2, "stride": 3, "padding": 1, "rounding": "ceil", "dilation": 2}, ((1, 2, 6, 8, 7),)),
    ("maxpool", {"kernel": 3, "padding": "same", "stride": 2}, ((1, 2, 8),)),
    ("avgpool", {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil", "count_padding": False}, ((1, 2, 6, 7),)),
    ("avgpool", {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil"}, ((1, 2, 6, 7),)),
    ("adaptive_avgpool", {"size": [3, 5]}, ((2, 3, 7, 4),)),
    ("adaptive_maxpool", {"size": 6}, ((2, 3, 13),)),
    ("upsample", {"scale": [2, 3], "mode": "linear"}, ((1, 2, 3, 4),)),
    ("layernorm", {"over": "all"}, ((2, 6, 4),)),
    ("layernorm", {"affine": False}, ((2, 6),)),
    ("batchnorm", {"affine": False}, ((2, 6),)),
    ("prelu", {"per": "layer"}, ((2, 6),)),
    ("pad", {"amount": [[1, 2], [0, 0]], "channels": [[2, 1]], "value": 3.0}, ((1, 2, 3, 4),)),
    ("crop", {"amount": [[1, 2], [0, 1]]}, ((1, 2, 5, 4),)),
    ("add", {}, ((1, 2, 5, 4), (1, 2, 1, 1), (1, 1, 5, 4))),
    ("concat", {}, ((1, 2, 5), (1, 3, 5), (1, 1, 5))),
    ("channels", {"start": 1}, ((1, 4, 5),)),
    ("shuffle", {"groups": 1}, ((1, 4, 5),)),
    ("softmax", {}, ((2, 4, 5),)),
    ("rbf", {"out": 3}, ((2, 4),)),
    ("linear", {"out": 5, "axis": -1}, ((2, 3, 4, 6),)),
    ("linear", {"out": 5, "axis": 2, "bias": False}, ((2, 3, 4, 6),)),
    ("linear", {"out": 5, "zero_bias": [0, 5]}, ((2, 6),)),
    ("matmul", {"transposed": True}, ((2, 1, 3, 4), (5, 6, 4))),
    ("einsum", {"equation": "nij,njk,nkl->nil"}, ((2, 3, 4), (2, 4, 5), (2, 5, 6))),
    ("einsum", {"equation": "nij,nik->nijk"}, ((2, 3, 4), (2, 3, 5))),
    ("einsum", {"equation": "nij->j"}, ((2, 3, 4),)),
    ("reduce", {"by": "norm2", "axes": [1, 3], "keep": True}, ((2, 3, 4, 5),)),
    ("reduce", {"by": "sum_squares", "axes": [0, 1, 2]}, ((2, 3, 4),)),
    ("l2norm", {"axis": 0}, ((2, 3, 4),)),
    ("layernorm", {"over": "last", "axes": 2}, ((2, 3, 4, 5),)),
    ("layernorm", {"over": "last", "affine": False}, ((2, 3, 4, 5),)),
    ("rmsnorm", {"axes": 2, "affine": False}, ((2, 3, 4, 5),)),
    ("affine", {"axis": -1, "scale": False}, ((2, 3, 4),)),
    ("lstm", {"hidden": 4, "directions": 2, "batch_first": False}, ((5, 2, 3),)),
    ("gru", {"hidden": 4, "directions": 2, "bias": False}, ((2, 5, 3),)),
    ("resize", {"size": [3, 7], "mode": "cubic", "corners": True}, ((1, 2, 4, 4),)),
    ("depth_to_space", {"block": 2, "mode": "crd"}, ((1, 16, 2, 3, 4),)),
    ("space_to_depth", {"block": 2}, ((1, 2, 4, 2, 6),)),
    ("take", {"axis": -1}, ((2, 3, 4), (5,))),
    ("expand", {"shape": [4, 3, 5]}, ((3, 1),)),
    ("tile", {"repeats": [2, 3]}, ((2, 4),)),
    ("roll", {"axes": [0, -1], "shift": [1, -9]}, ((2, 3, 4),)),
    ("relative_bias", {"window": [2, 1, 2]}, ((2, 9, 4, 3),)),
    ("window_mask", {"map": [4, 6], "window": [2, 3], "shift": [1, 2]}, ((2, 4, 6, 6),)),
    ("quantize", {"axis": -1}, ((2, 3, 4),)),
    ("concat", {"axis": 0}, ((2, 3), (4, 3))),
    ("concat", {}, ((1, 1, 4), (3, 2, 4))),
    ("log_softmax", {"axis": -1}, ((2, 3, 4),)),
]


@pytest.mark.parametrize(("kind", "settings", "shapes"), SETTINGS)
def test_other_settings_run_as_predicted(kind, settings, shapes):
    agrees(kind, settings, *shapes)


BY_HAND = [
    # kind, settings, input, weights, output: small enough to follow with a pencil
    ("conv", {"out": 1, "kernel": 2}, [[1, 2, 3, 4]], {"weight": [[[1, 10]]], "bias": [100]}, [[121, 132, 143]]),
    ("conv", {"out": 1, "kernel": 2, "padding": 1, "bias": False}, [[1, 2]], {"weight": [[[1, 10]]]}, [[10, 21, 2]]),
    ("conv", {"out": 2, "kernel": 1, "groups": 2, "bias": False}, [[1, 2], [3, 4]], {"weight": [[[5]], [[7]]]}, [[5, 10], [21, 28]]),
    ("conv", {"out": 2, "kernel": 1, "connections": [[1], [0, 1]], "bias": False}, [[1, 2], [3, 4]], {"weight1": [[[5]]], "weight2": [[[1], [10]]]}, [[15, 20], [31, 42]]),
    ("conv", {"out": 3, "kernel": 1, "connections": [[0], [1], [0]]}, [[1], [2]], {"weight1": [[[1]], [[10]], [[100]]], "bias1": [1, 2, 3]}, [[2], [22], [103]]),
    ("conv", {"out": 1, "kernel": 2, "stride": 2, "rounding": "ceil", "connections": [[1]], "bias": False}, [[1, 2, 3], [4, 5, 6]], {"weight1": [[[1, 10]]]}, [[54, 6]]),
    ("conv_transpose", {"out": 1, "kernel": 3, "stride": 2, "bias": False}, [[1, 10]], {"weight": [[[1, 2, 3]]]}, [[1, 2, 13, 20, 30]]),
    ("conv_transpose", {"out": 1, "kernel": 2, "stride": 2}, [[1, 10]], {"weight": [[[1, 2]]], "bias": [100]}, [[101, 102, 110, 120]]),
    ("maxpool", {"kernel": 2, "padding": 1}, [[-3, -2, -1, -4]], {}, [[-3, -1, -4]]),
    ("maxpool", {"kernel": 2, "rounding": "ceil"}, [[1, 3, 2, 4, 0]], {}, [[3, 4, 0]]),
    ("avgpool", {"kernel": 2, "padding": 1}, [[2, 4, 6, 8]], {}, [[1, 5, 4]]),
    ("avgpool", {"kernel": 2, "padding": 1, "count_padding": False}, [[2, 4, 6, 8]], {}, [[2, 5, 8]]),
    ("avgpool", {"kernel": 2, "rounding": "ceil"}, [[2, 4, 6]], {}, [[3, 6]]),
    ("lppool", {"kernel": 2}, [[3, 4, 5, 12]], {}, [[5, 13]]),
    ("adaptive_avgpool", {"size": 2}, [[1, 2, 3]], {}, [[1.5, 2.5]]),
    ("subsample", {"kernel": 2}, [[1, 2, 3, 4]], {"coefficient": [10], "bias": [1]}, [[31, 71]]),
    ("subsample", {"kernel": 2, "padding": 1}, [[1, 2]], {"coefficient": [10], "bias": [1]}, [[11, 21]]),
    ("linear", {"out": 2}, [1, 2], {"weight": [[1, 10], [2, 3]], "bias": [100, 0]}, [121, 8]),
    ("linear", {"out": 2, "bias": False}, [1, 2], {"weight": [[1, 10], [2, 3]]}, [21, 8]),
    ("rbf", {"out": 2}, [1, 2], {"pattern": [[1, -1], [0, 0]]}, [9, 5]),
    ("lrn", {"size": 3, "alpha": 1.0, "beta": 1.0}, [[1], [2], [3]], {}, [[1 / 6], [2 / 15], [3 / 14]]),
    ("lrn", {"size": 1, "alpha": 3, "beta": 0.5, "bias": 4}, [[2]], {}, [[0.5]]),  # 2/√(4 + 3·4)
    ("batchnorm", {"eps": 1}, [6, 2], {"running_mean": [2, 1], "running_var": [3, 0], "weight": [10, 3], "bias": [1, 5]}, [21, 8]),  # (6 - 2)/√(3 + 1)·10 + 1
    ("batchnorm", {"eps": 1, "affine": False}, [6, 2], {"running_mean": [2, 1], "running_var": [3, 0]}, [2, 1]),
    ("layernorm", {"eps": 3}, [[1, 3], [3, 1]], {"weight": [[10, 10], [4, 4]], "bias": [[1, 0], [0, 1]]}, [[-4, 5], [2, -1]]),  # mean 2, variance 1
    ("layernorm", {"over": "channels", "eps": 12}, [[0, 10], [4, 14]], {"weight": [10, 2], "bias": [1, 3]}, [[-4, -4], [4, 4]]),  # variance 4
    ("groupnorm", {"groups": 2, "eps": 3}, [1, 3, 10, 12], {"weight": [10, 2, 4, 6], "bias": [1, 1, 0, 3]}, [-4, 2, -2, 6]),
    ("groupnorm", {"groups": 2, "eps": 3, "affine": False}, [1, 3, 10, 12], {}, [-0.5, 0.5, -0.5, 0.5]),
    ("channels", {"start": 1, "stop": 3}, [1, 2, 3, 4], {}, [2, 3]),
    ("shuffle", {"groups": 2}, [1, 2, 3, 4, 5, 6], {}, [1, 4, 2, 5, 3, 6]),
    ("shuffle", {"groups": 2}, [[1, 2], [3, 4], [5, 6], [7, 8]], {}, [[1, 2], [5, 6], [3, 4], [7, 8]]),
    ("reshape", {"shape": [2, 0]}, [1, 2, 3, 4, 5, 6], {}, [[1, 2, 3], [4, 5, 6]]),
    ("permute", {"order": [1, 0]}, [[1, 2, 3]], {}, [[1], [2], [3]]),
    ("pad", {"amount": [[0, 1]], "channels": [[1, 0]]}, [[1, 2]], {}, [[0, 0, 0], [1, 2, 0]]),
    ("pad", {"amount": 1, "value": 7}, [[1]], {}, [[7, 1, 7]]),
    ("upsample", {"scale": 2, "mode": "linear"}, [[0, 4]], {}, [[0, 1, 3, 4]]),
    ("relu", {}, [-2, 0.5, 3], {}, [0, 0.5, 3]),
    ("relu6", {}, [-1, 0.5, 6.5, 8], {}, [0, 0.5, 6, 6]),
    ("leaky_relu", {"slope": 0.1}, [-2, 0.5], {}, [-0.2, 0.5]),
    ("prelu", {}, [[-2, 0.5], [-2, 0.5]], {"slope": [0.25, 0.5]}, [[-0.5, 0.5], [-1, 0.5]]),
    ("elu", {"alpha": 2}, [-1, 0.5], {}, [2 / e - 2, 0.5]),
    ("selu", {}, [-1, 0.5], {}, [1.75809934 * (1 / e - 1), 0.52535049]),  # Klambauer et al. 2017: λα and λ/2
    ("gelu", {}, [1, 2], {}, [0.8413447, 2 * 0.9772499]),  # x·Φ(x), from a table of the normal distribution
    ("silu", {}, [log(3), -log(3)], {}, [3 / 4 * log(3), -1 / 4 * log(3)]),
    ("mish", {}, [log(3)], {}, [15 / 17 * log(3)]),  # tanh(log 4) = (16 - 1)/(16 + 1)
    ("sigmoid", {}, [log(3), -log(3)], {}, [3 / 4, 1 / 4]),
    ("hardsigmoid", {}, [-4, 0, 1.5, 4], {}, [0, 0.5, 0.75, 1]),
    ("hardswish", {}, [-4, 0, 1.5, 4], {}, [0, 0, 1.125, 4]),
    ("tanh", {}, [log(3)], {}, [0.8]),  # (9 - 1)/(9 + 1)
    ("scaled_tanh", {}, [1.5 * log(3)], {}, [1.7159 * 0.8]),
    ("scaled_tanh", {}, [0], {}, [0]),
    ("dropout", {"rate": 0.9}, [1, 2], {}, [1, 2]),
    ("softmax", {}, [0, 0, 0, 0], {}, [0.25] * 4),
    ("softmax", {"axis": -1}, [[1000, 1000], [0, log(3)]], {}, [[0.5, 0.5], [0.25, 0.75]]),
    ("linear", {"out": 1, "axis": -1}, [[1, 2], [3, 4]], {"weight": [[1, 10]], "bias": [100]}, [[121], [143]]),
    ("linear", {"out": 1, "axis": -2, "bias": False}, [[1, 2], [3, 4]], {"weight": [[1, 10]]}, [[31, 42]]),
    ("einsum", {"equation": "nij->ni"}, [[1, 2], [3, 4]], {}, [3, 7]),
    ("einsum", {"equation": "nii->n"}, [[1, 2], [3, 4]], {}, 5),
    ("layernorm", {"over": "last", "eps": 3}, [[1, 3], [3, 1]], {"weight": [10, 4], "bias": [1, 0]}, [[-4, 2], [6, -2]]),  # mean 2, variance 1
    ("rmsnorm", {"eps": 39}, [[1, 7]], {"weight": [8, 16]}, [[1, 14]]),  # (1 + 49)/2 + 39 = 8²
    ("l2norm", {}, [3, 4], {}, [0.6, 0.8]),
    ("affine", {}, [2, 3], {"weight": [10, 100], "bias": [1, 2]}, [21, 302]),
    ("reduce", {"axes": 2}, [[1, 3], [5, 9]], {}, [2, 7]),
    ("reduce", {"axes": 1, "by": "prod", "keep": True}, [2, 3, 4], {}, [24]),
    ("reduce", {"axes": 1, "by": "norm1"}, [2, -3, 4], {}, 9),
    ("reduce", {"axes": 1, "by": "norm2"}, [3, 4], {}, 5),
    ("reduce", {"axes": 1, "by": "sum_squares"}, [1, 2, 3], {}, 14),
    ("reduce", {"axes": 1, "by": "log_sum_exp"}, [1000, 1000], {}, 1000 + log(2)),
    ("argmax", {}, [4, 9, 2], {}, 1),
    ("argmax", {"by": "min", "keep": True}, [4, 9, 2], {}, [2]),
    ("cumsum", {"axis": 1}, [1, 2, 3], {}, [1, 3, 6]),
    ("slice", {"axes": 1, "starts": 1, "stops": 6, "steps": 2}, [0, 1, 2, 3, 4, 5, 6], {}, [1, 3, 5]),
    ("take", {"axis": 1, "index": 1}, [[1, 2], [3, 4]], {}, [3, 4]),
    ("embedding", {"size": 3, "dim": 2}, [2, 0], {"weight": [[1, 2], [3, 4], [5, 6]]}, [[5, 6], [1, 2]]),
    ("expand", {"shape": [1, 3]}, [7], {}, [7, 7, 7]),
    ("tile", {"repeats": [1, 2]}, [1, 2], {}, [1, 2, 1, 2]),
    ("roll", {"axes": 1, "shift": 1}, [1, 2, 3], {}, [3, 1, 2]),
    ("roll", {"axes": [1, 2], "shift": [1, -1]}, [[1, 2, 3], [4, 5, 6]], {}, [[5, 6, 4], [2, 3, 1]]),
    ("relative_bias", {"window": [2]}, [10, 20, 30], {"index": [[1, 0], [2, 1]]}, [[20, 10], [30, 20]]),
    ("linear", {"out": 3, "zero_bias": [1, 2]}, [2], {"weight": [[1], [2], [3]], "bias": [10, 20, 30]}, [12, 4, 36]),
    ("window_mask", {"map": 4, "window": 2, "shift": 1}, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], {}, [[[1, 2], [3, 4]], [[5, -94], [-93, 8]]]),
    ("function", {"by": "round"}, [0.5, 1.5, -0.7], {}, [0, 2, -1]),
    ("function", {"by": "not"}, [0, 3], {}, [1, 0]),
    ("function", {"by": "softplus"}, [log(3)], {}, [log(4)]),
    ("scalar", {"by": "subtract", "value": 1, "swapped": True}, [0.25], {}, [0.75]),
    ("scalar", {"by": "power", "value": 3}, [2], {}, [8]),
    ("scalar", {"by": "power", "value": 3, "swapped": True}, [2], {}, [9]),
    ("scalar", {"by": "modulo", "value": 3}, [7, -1], {}, [1, 2]),
    ("scalar", {"by": "less", "value": 3}, [2, 3], {}, [1, 0]),
    ("clip", {"high": 2}, [-9, 1, 3], {}, [-9, 1, 2]),
    ("celu", {"alpha": 2}, [-2, 0.5], {}, [2 / e - 2, 0.5]),
    ("thresholded_relu", {"alpha": 1}, [0.5, 1, 1.5], {}, [0, 0, 1.5]),
    ("hardsigmoid", {"slope": 0.25, "offset": 0.5}, [-4, 0, 1, 4], {}, [0, 0.5, 0.75, 1]),
    ("quantize", {"high": 9}, [1.2, -100, 100], {"scale": [0.5], "zero_point": [3]}, [5, -128, 9]),
    ("dequantize", {}, [5, 3], {"scale": [0.5], "zero_point": [3]}, [1, 0]),
    ("resize", {"size": 3}, [[1, 2]], {}, [[1, 1, 2]]),  # ⌊0⌋, ⌊2/3⌋, ⌊4/3⌋
    ("resize", {"size": 3, "mode": "linear", "corners": True}, [[0, 4]], {}, [[0, 2, 4]]),
    ("depth_to_space", {"block": 2}, [[1, 5], [2, 6], [3, 7], [4, 8]], {}, [[1, 3, 5, 7], [2, 4, 6, 8]]),
    ("depth_to_space", {"block": 2, "mode": "crd"}, [[1, 5], [2, 6], [3, 7], [4, 8]], {}, [[1, 2, 5, 6], [3, 4, 7, 8]]),
    ("space_to_depth", {"block": 2}, [[1, 3, 5, 7], [2, 4, 6, 8]], {}, [[1, 5], [2, 6], [3, 7], [4, 8]]),
    ("pad", {"amount": 2, "mode": "reflect"}, [[1, 2, 3]], {}, [[3, 2, 1, 2, 3, 2, 1]]),
    ("pad", {"amount": 1, "mode": "edge"}, [[1, 2, 3]], {}, [[1, 1, 2, 3, 3]]),
    ("pad", {"amount": [[2, 1]], "mode": "wrap"}, [[1, 2, 3]], {}, [[2, 3, 1, 2, 3, 1]]),
    ("rnn", {"hidden": 1, "bias": False}, [[log(3)], [0]], {"weight_ih": [[1]], "weight_hh": [[1]]}, [[0.8], [tanh(0.8)]]),
    ("lstm", {"hidden": 1, "bias": False}, [[log(3)]], {"weight_ih": [[0], [0], [1], [1]], "weight_hh": [[0]] * 4}, [[0.75 * tanh(0.4)]]),  # c = ½·0.8
    ("gru", {"hidden": 1, "bias": False}, [[log(3)]], {"weight_ih": [[0], [1], [1]], "weight_hh": [[0]] * 3}, [[0.25 * 0.8]]),
    ("softmax", {}, [[1000, 0], [1000, log(3)]], {}, [[0.5, 0.25], [0.5, 0.75]]),
    ("log_softmax", {}, [[1000, 0], [1000, log(3)]], {}, [[-log(2), -log(4)], [-log(2), log(3 / 4)]]),
]
# fmt: on


@pytest.mark.parametrize(("kind", "settings", "x", "weights", "y"), BY_HAND)
def test_small_examples_by_hand(kind, settings, x, weights, y):
    given = {name: np.array(values, np.float32) for name, values in weights.items()}
    found = REGISTRY[kind](**settings).forward(np.array([x], np.float32), **given)
    np.testing.assert_allclose(found, np.array([y]), rtol=1e-6)


OF_SEVERAL = [
    # kind, settings, inputs, output
    ("matmul", {}, ([[1, 2]], [[3], [4]]), [[11]]),
    ("matmul", {"transposed": True}, ([[1, 2]], [[3, 4], [5, 6]]), [[11, 17]]),
    ("einsum", {"equation": "ni,nj->nij"}, ([1, 2], [3, 4]), [[3, 4], [6, 8]]),
    ("einsum", {"equation": "ni,ni,ni->n"}, ([1, 2], [3, 4], [5, 6]), 63),
    ("combine", {"by": "subtract"}, ([[5, 6], [7, 8]], [[1], [2]]), [[4, 5], [5, 6]]),
    ("combine", {"by": "power"}, ([2, 3], [3, 2]), [8, 9]),
    ("combine", {"by": "less_or_equal"}, ([1, 2, 3], [2]), [1, 1, 0]),
    ("combine", {"by": "xor"}, ([0, 5], [3]), [1, 0]),
    ("where", {}, ([0, 2, 1], [10, 20, 30], [-1]), [-1, 20, 30]),
    ("take", {"axis": 1}, ([10, 20, 30], [2, 0]), [[30, 10]]),
    ("concat", {"axis": 2}, ([[1], [2]], [[3], [4]]), [[1, 3], [2, 4]]),
]


@pytest.mark.parametrize(("kind", "settings", "xs", "y"), OF_SEVERAL)
def test_small_examples_of_several_inputs_by_hand(kind, settings, xs, y):
    found = REGISTRY[kind](**settings).forward(*(np.array([x], np.float32) for x in xs))
    np.testing.assert_allclose(found, np.array([y]), rtol=1e-6)


@pytest.mark.parametrize(
    ("works", "references"),
    [
        (elementwise.FUNCTIONS, tensors.FUNCTIONS),
        (elementwise.OPERATIONS, tensors.OPERATIONS),
        (reduction.REDUCTIONS, tensors.REDUCTIONS),
    ],
)
def test_whatever_is_counted_by_name_can_be_run_by_that_name(works, references):
    assert works.keys() == references.keys()


def test_products_of_a_band_at_a_time_are_those_of_the_whole(monkeypatch):
    x, settings = numbers(2, 3, 9, 8), {"out": 4, "kernel": 3, "stride": 2, "padding": 1}
    _, _, whole, macs = run("conv", settings, x)
    monkeypatch.setattr(kernels, "WORKSPACE", 1)
    _, _, banded, counted = run("conv", settings, x)
    np.testing.assert_allclose(banded, whole, **CLOSE)
    assert counted == macs


def test_multiplications_count_only_where_somebody_counts():
    with kernels.meter_products() as outer:
        kernels.product(numbers(2, 3), numbers(3, 5))
        with kernels.meter_products() as inner:
            kernels.product(numbers(4, 7), numbers(7, 1))
    assert (outer.macs, inner.macs) == (2 * 3 * 5, 4 * 7)


@pytest.mark.parametrize("kind", ["identity", "dropout", "flatten", "reshape", "channels"])
def test_what_stores_nothing_is_a_view(kind):
    shapes, settings = REGISTRY[kind].example
    x = numbers(1, *extents(shapes[0]))
    assert np.shares_memory(x, REGISTRY[kind](**settings).forward(x))


@pytest.mark.parametrize("kind", [kind for kind in RUN if REGISTRY[kind].traits.storage != "view"])
def test_what_stores_its_output_shares_nothing(kind):
    shapes, settings = REGISTRY[kind].example
    xs = [numbers(1, *extents(shape)[:1], *(min(n, MOST) for n in extents(shape)[1:])) for shape in shapes]
    _, _, y, _ = run(kind, settings, *xs)
    assert not any(np.shares_memory(x, y) for x in xs)


def test_deep_learnings_convolution_is_scipys_correlation():
    signal = pytest.importorskip("scipy.signal", reason="SciPy is not installed")
    x, kernel = numbers(7, 6), numbers(3, 2, seed=5)
    y = REGISTRY["conv"](out=1, kernel=[3, 2], bias=False).forward(x[None, None], weight=kernel[None, None])
    np.testing.assert_allclose(y[0, 0], signal.correlate2d(x, kernel, mode="valid"), **CLOSE)
    assert not np.allclose(y[0, 0], signal.convolve2d(x, kernel, mode="valid"), **CLOSE)
