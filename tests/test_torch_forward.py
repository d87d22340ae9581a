"""What the ops compute when they are run is what PyTorch computes, to the precision of float32."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archcalc import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops import REGISTRY

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional  # noqa: E402

pytestmark = pytest.mark.torch

small = st.integers(1, 4)
ranks = st.integers(1, 3)


def per_axis(rank, values):
    """Draw one value for each axis."""
    return st.lists(values, min_size=rank, max_size=rank).map(tuple)


def shapes(rank, channels=small):
    return st.builds(
        lambda n, c, i: (n, c, *i), st.integers(1, 2), channels, per_axis(rank, st.integers(1, 9))
    )


def of_rank(prefix, rank, where=nn):
    return getattr(where, f"{prefix}{rank}d")


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def ours(kind, settings, x):
    """Return the op's output and the random tensors that it was given."""
    op = REGISTRY[kind](**settings)
    try:
        op.check(Site((x.shape,)))
    except ArchcalcError:
        assume(False)
    rng = np.random.default_rng(1)
    tensors = op.tensors(Site((x.shape,)))
    weights = {name: rng.random(shape, dtype=np.float32) + 0.1 for name, shape in tensors.items()}
    return op.forward(x, **weights), {name: torch.tensor(tensor) for name, tensor in weights.items()}


def same(found, expected):
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-4, atol=1e-4)


def sides(padding):
    """Return pairs of sides as functional.pad wants them: the last axis first."""
    return [side for pair in reversed(padding) for side in pair]


@given(st.data(), ranks)
def test_convolution(data, rank):
    x = numbers(*data.draw(shapes(rank, st.sampled_from([1, 2, 4, 6]))))
    kernel, stride, dilation = (data.draw(per_axis(rank, small)) for _ in range(3))
    padding = data.draw(per_axis(rank, st.tuples(st.integers(0, 3), st.integers(0, 3))))
    window = {"stride": stride, "dilation": dilation, "groups": data.draw(st.integers(1, 3))}
    settings = {"out": data.draw(st.sampled_from([1, 2, 4, 6])), "kernel": kernel, "padding": padding}
    y, weights = ours("conv", settings | window | {"bias": data.draw(st.booleans())}, x)
    convolve = of_rank("conv", rank, functional)
    same(y, convolve(functional.pad(torch.tensor(x), sides(padding)), **weights, **window))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")  # it copies
@given(st.data(), ranks)
def test_convolution_that_keeps_the_size(data, rank):
    x = numbers(*data.draw(shapes(rank)))
    window = {"dilation": data.draw(per_axis(rank, small)), "padding": "same"}
    y, weights = ours("conv", {"out": 2, "kernel": data.draw(per_axis(rank, small))} | window, x)
    same(y, of_rank("conv", rank, functional)(torch.tensor(x), **weights, **window))


@given(st.data(), ranks)
def test_transposed_convolution(data, rank):
    x = numbers(*data.draw(shapes(rank, st.sampled_from([1, 2, 4, 6]))))
    stride, dilation = (data.draw(per_axis(rank, small)) for _ in range(2))
    padding, extra = (data.draw(per_axis(rank, st.integers(0, most))) for most in (3, 2))
    window = {"stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation, "groups": data.draw(st.integers(1, 2))}  # fmt: skip
    settings = {"out": data.draw(st.sampled_from([2, 4])), "kernel": data.draw(per_axis(rank, small))}
    y, weights = ours("conv_transpose", settings | window | {"bias": data.draw(st.booleans())}, x)
    same(y, of_rank("conv_transpose", rank, functional)(torch.tensor(x), **weights, **window))


@st.composite
def poolings(draw):
    """Draw a rank, an input, and a window that fits it, with PyTorch's words for the window."""
    rank = draw(ranks)
    x = numbers(*draw(shapes(rank)))
    kernel, stride = draw(per_axis(rank, small)), draw(per_axis(rank, st.integers(1, 5)))
    padding = tuple(min(p, k // 2) for p, k in zip(draw(per_axis(rank, small)), kernel, strict=True))
    assume(all(i >= k for i, k in zip(x.shape[2:], kernel, strict=True)))
    window = {"stride": stride, "padding": padding}
    up = draw(st.booleans())
    settings = {"kernel": kernel, "rounding": "ceil" if up else "floor", **window}
    return rank, x, settings, {"kernel_size": kernel, "ceil_mode": up, **window}


@given(st.data(), poolings())
def test_max_pooling(data, drawn):
    rank, x, settings, words = drawn
    dilation = {"dilation": data.draw(per_axis(rank, st.integers(1, 2)))}
    y, _ = ours("maxpool", settings | dilation, x)
    same(y, of_rank("max_pool", rank, functional)(torch.tensor(x), **words, **dilation))


@given(poolings(), st.booleans())
def test_average_pooling(drawn, count_padding):
    rank, x, settings, words = drawn
    y, _ = ours("avgpool", settings | {"count_padding": count_padding}, x)
    pool = of_rank("avg_pool", rank, functional)
    same(y, pool(torch.tensor(x), **words, count_include_pad=count_padding))


@given(st.data(), ranks, small, st.integers(1, 5))
def test_power_pooling(data, rank, kernel, stride):
    x = abs(numbers(*data.draw(shapes(rank))))
    assume(min(x.shape[2:]) >= kernel)
    y, _ = ours("lppool", {"kernel": kernel, "stride": stride, "norm": 3}, x)
    same(y, of_rank("lp_pool", rank, functional)(torch.tensor(x), 3.0, kernel, stride))


@given(st.data(), ranks)
def test_adaptive_pooling(data, rank):
    x, size = numbers(*data.draw(shapes(rank))), data.draw(per_axis(rank, st.integers(1, 9)))
    for kind, function in (
        ("adaptive_avgpool", "adaptive_avg_pool"),
        ("adaptive_maxpool", "adaptive_max_pool"),
    ):
        y, _ = ours(kind, {"size": size}, x)
        same(y, of_rank(function, rank, functional)(torch.tensor(x), size))


@given(st.data(), ranks, st.integers(1, 4))
def test_upsampling(data, rank, scale):
    x = numbers(*data.draw(shapes(rank)))
    linear = ("linear", "bilinear", "trilinear")[rank - 1]
    for mode, name in (("nearest", "nearest"), ("linear", linear)):
        y, _ = ours("upsample", {"scale": scale, "mode": mode}, x)
        same(y, nn.Upsample(scale_factor=scale, mode=name)(torch.tensor(x)))


@given(st.data(), st.integers(0, 3), st.booleans())
def test_normalisation(data, rank, affine):
    x = numbers(*data.draw(shapes(rank, st.sampled_from([4, 6, 8]))))
    tensor = torch.tensor(x)
    y, weights = ours("batchnorm", {"affine": affine}, x)
    same(y, functional.batch_norm(tensor, **weights))
    y, weights = ours("groupnorm", {"groups": 2, "affine": affine}, x)
    same(y, functional.group_norm(tensor, 2, **weights))
    y, weights = ours("layernorm", {"affine": affine}, x)
    same(y, functional.layer_norm(tensor, x.shape[1:], **weights))
    y, weights = ours("layernorm", {"over": "channels", "affine": affine}, x)
    last = functional.layer_norm(tensor.movedim(1, -1), x.shape[1:2], **weights)
    same(y, last.movedim(-1, 1))


@given(st.data(), st.integers(1, 2), st.sampled_from([1, 3, 5]))
def test_local_response(data, rank, size):
    """PyTorch divides α by the size; we write Krizhevsky's plain sum."""
    x = numbers(*data.draw(shapes(rank, st.integers(1, 8))))
    y, _ = ours("lrn", {"size": size, "alpha": 0.5 / size, "beta": 0.6, "bias": 2.0}, x)
    same(y, functional.local_response_norm(torch.tensor(x), size, alpha=0.5, beta=0.6, k=2.0))


@pytest.mark.parametrize(
    ("kind", "settings", "function"),
    [
        ("relu", {}, functional.relu),
        ("relu6", {}, functional.relu6),
        ("leaky_relu", {"slope": 0.2}, lambda x: functional.leaky_relu(x, 0.2)),
        ("elu", {"alpha": 0.7}, lambda x: functional.elu(x, 0.7)),
        ("selu", {}, functional.selu),
        ("gelu", {}, functional.gelu),
        ("silu", {}, functional.silu),
        ("mish", {}, functional.mish),
        ("sigmoid", {}, torch.sigmoid),
        ("hardsigmoid", {}, functional.hardsigmoid),
        ("hardswish", {}, functional.hardswish),
        ("tanh", {}, torch.tanh),
        ("scaled_tanh", {}, lambda x: 1.7159 * torch.tanh(x * 2 / 3)),
        ("softmax", {}, lambda x: torch.softmax(x, 1)),
        ("log_softmax", {}, lambda x: torch.log_softmax(x, 1)),
        ("shuffle", {"groups": 3}, nn.ChannelShuffle(3)),
        ("flatten", {}, nn.Flatten()),
        ("pad", {"amount": [[1, 2], [3, 4]]}, nn.ZeroPad2d((3, 4, 1, 2))),
        ("global_avgpool", {}, nn.AdaptiveAvgPool2d(1)),
        ("global_maxpool", {}, nn.AdaptiveMaxPool2d(1)),
        ("permute", {"order": [2, 0, 1]}, lambda x: x.permute(0, 3, 1, 2)),
    ],
)
def test_what_has_no_weights(kind, settings, function):
    x = numbers(2, 12, 5, 4) * 5
    y, _ = ours(kind, settings, x)
    same(y, function(torch.tensor(x)))


@pytest.mark.parametrize("per", ["channel", "layer"])
def test_a_learnt_slope(per):
    x = numbers(2, 6, 3, 3)
    y, weights = ours("prelu", {"per": per}, x)
    same(y, functional.prelu(torch.tensor(x), weights["slope"]))


def test_linear():
    x = numbers(3, 7)
    y, weights = ours("linear", {"out": 5}, x)
    same(y, functional.linear(torch.tensor(x), **weights))
