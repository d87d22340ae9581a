"""Every op really run: shapes and multiplications are those predicted, values those of PyTorch and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archcalc import ArchcalcError, kernels
from archcalc.op import Op
from archcalc.ops import REGISTRY
from archcalc.settings import extents

MOST = 16
"""The largest size of an axis to which an example is shrunk."""
FIXED_AXES = {"flatten", "reshape", "channels", "permute"}
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def weights_of(op, *shapes, seed=1):
    """Return random tensors for an op by their names; running variances must be positive, and all of them are."""
    rng = np.random.default_rng(seed)
    named = op.weights(*shapes) | op.fixed(*shapes) | op.buffers(*shapes)
    return {name: rng.random(shape, dtype=np.float32) + 0.1 for name, shape in named.items()}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def run(kind, settings, *xs):
    """Return the op, the weights that it got, its output and the multiply-accumulates that it took."""
    op = REGISTRY[kind](**settings)
    shapes = [x.shape for x in xs]
    op.check(*shapes)
    weights = weights_of(op, *shapes)
    with kernels.metered() as meter:
        y = op.forward(*xs, **weights)
    return op, weights, y, meter.macs


def agrees(kind, settings, *shapes):
    xs = [numbers(*shape) ** 2 for shape in shapes]
    op, _, y, macs = run(kind, settings, *xs)
    assert y.shape == op.output(*shapes)
    assert y.dtype == np.float32
    assert macs == op.work(y.shape, *shapes).macs
    assert np.isfinite(y).all()


RUN = [kind for kind in REGISTRY if kind != "input"]


@pytest.mark.parametrize("kind", RUN)
@pytest.mark.parametrize("batch", [1, 3])
def test_its_example_runs_as_predicted(kind, batch):
    shapes, settings = REGISTRY[kind].example
    most = 10**6 if kind in FIXED_AXES else MOST
    small = [
        (batch, int(c) if (c := extents(s)[0]) else 0, *(min(n, most) for n in extents(s)[1:]))
        for s in shapes
    ]
    agrees(kind, settings, *small)


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
    ("conv_transpose", {"out": 1, "kernel": 3, "stride": 2, "bias": False}, [[1, 10]], {"weight": [[[1, 2, 3]]]}, [[1, 2, 13, 20, 30]]),
    ("maxpool", {"kernel": 2, "padding": 1}, [[-3, -2, -1, -4]], {}, [[-3, -1, -4]]),
    ("maxpool", {"kernel": 2, "rounding": "ceil"}, [[1, 3, 2, 4, 0]], {}, [[3, 4, 0]]),
    ("avgpool", {"kernel": 2, "padding": 1}, [[2, 4, 6, 8]], {}, [[1, 5, 4]]),
    ("avgpool", {"kernel": 2, "padding": 1, "count_padding": False}, [[2, 4, 6, 8]], {}, [[2, 5, 8]]),
    ("avgpool", {"kernel": 2, "rounding": "ceil"}, [[2, 4, 6]], {}, [[3, 6]]),
    ("lppool", {"kernel": 2}, [[3, 4, 5, 12]], {}, [[5, 13]]),
    ("adaptive_avgpool", {"size": 2}, [[1, 2, 3]], {}, [[1.5, 2.5]]),
    ("subsample", {"kernel": 2}, [[1, 2, 3, 4]], {"coefficient": [10], "bias": [1]}, [[31, 71]]),
    ("linear", {"out": 2}, [1, 2], {"weight": [[1, 10], [2, 3]], "bias": [100, 0]}, [121, 8]),
    ("rbf", {"out": 2}, [1, 2], {"pattern": [[1, -1], [0, 0]]}, [9, 5]),
    ("lrn", {"size": 3, "alpha": 1.0, "beta": 1.0}, [[1], [2], [3]], {}, [[1 / 6], [2 / 15], [3 / 14]]),
    ("channels", {"start": 1, "stop": 3}, [1, 2, 3, 4], {}, [2, 3]),
    ("shuffle", {"groups": 2}, [1, 2, 3, 4, 5, 6], {}, [1, 4, 2, 5, 3, 6]),
    ("permute", {"order": [1, 0]}, [[1, 2, 3]], {}, [[1], [2], [3]]),
    ("pad", {"amount": [[0, 1]], "channels": [[1, 0]]}, [[1, 2]], {}, [[0, 0, 0], [1, 2, 0]]),
    ("upsample", {"scale": 2, "mode": "linear"}, [[0, 4]], {}, [[0, 1, 3, 4]]),
    ("scaled_tanh", {}, [0], {}, [0]),
    ("dropout", {"rate": 0.9}, [1, 2], {}, [1, 2]),
    ("softmax", {}, [0, 0, 0, 0], {}, [0.25] * 4),
]
# fmt: on


@pytest.mark.parametrize(("kind", "settings", "x", "weights", "y"), BY_HAND)
def test_small_examples_by_hand(kind, settings, x, weights, y):
    given = {name: np.array(values, np.float32) for name, values in weights.items()}
    found = REGISTRY[kind](**settings).forward(np.array([x], np.float32), **given)
    np.testing.assert_allclose(found, np.array([y]), rtol=1e-6)


def test_products_of_a_band_at_a_time_are_those_of_the_whole(monkeypatch):
    x, settings = numbers(2, 3, 9, 8), {"out": 4, "kernel": 3, "stride": 2, "padding": 1}
    _, _, whole, macs = run("conv", settings, x)
    monkeypatch.setattr(kernels, "WORKSPACE", 1)
    _, _, banded, counted = run("conv", settings, x)
    np.testing.assert_allclose(banded, whole, **CLOSE)
    assert counted == macs


def test_multiplications_count_only_where_somebody_counts():
    with kernels.metered() as outer:
        kernels.product(numbers(2, 3), numbers(3, 5))
        with kernels.metered() as inner:
            kernels.dots(numbers(4, 7), numbers(4, 7))
    assert (outer.macs, inner.macs) == (2 * 3 * 5, 4 * 7)


@pytest.mark.parametrize("kind", ["identity", "dropout", "flatten", "reshape", "channels"])
def test_what_stores_nothing_is_a_view(kind):
    shapes, settings = REGISTRY[kind].example
    x = numbers(1, *extents(shapes[0]))
    assert np.shares_memory(x, REGISTRY[kind](**settings).forward(x))


@pytest.mark.parametrize("kind", [kind for kind in RUN if REGISTRY[kind].stores])
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
