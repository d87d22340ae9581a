"""Every op that PyTorch has too: whatever the settings, both accept them or both refuse, and they agree.

What agrees is the output's shape, parameters, buffers, and multiply-accumulates, of which PyTorch's own counter,
torch.utils.flop_counter.FlopCounterMode, counts two operations each. Its formulas multiply the shape of the weight,
(M, C/g, *k) or for a transposed convolution (C, M/g, *k), with the positions of the output, or then of the input:
so groups divide, dilation changes nothing, padding is multiplied like everything else, and a bias counts nothing,
as it is with us.
"""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archcalc import ArchcalcError
from archcalc.op.op import elements
from archcalc.op.site import Site
from archcalc.ops import REGISTRY

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

pytestmark = pytest.mark.torch


def ours(kind, settings, shape):
    """Return what the op says: output shape, parameters, buffers, MACs; None where it refuses the input."""
    op = REGISTRY[kind](**settings)
    try:
        op.check(Site((shape,)))
    except ArchcalcError:
        return None
    tensors = (op.weights(Site((shape,))), op.buffers(Site((shape,))))
    output = op.output(Site((shape,)))
    return (output, *(elements(shapes.values()) for shapes in tensors), op.work(Site((shape,), output)).macs)


def theirs(make, *args, shape, **settings):
    """Return what the module does with zeros: output shape, parameters, buffers, MACs; None where it refuses."""
    try:
        module = make(*args, **settings).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            output = module(torch.zeros(shape))
    except (RuntimeError, ValueError):
        return None
    if not output.numel():  # some of its modules let an empty output pass, others do not
        return None
    buffers = {name: tensor for name, tensor in module.named_buffers() if name != "num_batches_tracked"}
    return (
        tuple(output.shape),
        sum(tensor.numel() for tensor in module.parameters()),
        sum(tensor.numel() for tensor in buffers.values()),
        counter.get_total_flops() / 2,
    )


def of_rank(prefix, rank):
    return getattr(nn, f"{prefix}{rank}d")


small = st.integers(1, 4)
ranks = st.integers(1, 3)


def shapes(rank, channels=small):
    extents = st.lists(st.integers(1, 12), min_size=rank, max_size=rank)
    return st.builds(lambda n, c, i: (n, c, *i), st.integers(1, 2), channels, extents)


def per_axis(rank, values):
    """Draw one value for each axis."""
    return st.lists(values, min_size=rank, max_size=rank).map(tuple)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")  # it copies
@given(st.data(), ranks)
def test_convolution(data, rank):
    shape = data.draw(shapes(rank, st.sampled_from([1, 2, 4, 6])))
    kernel, stride, dilation = (data.draw(per_axis(rank, small)) for _ in range(3))
    padding = data.draw(st.one_of(per_axis(rank, st.integers(0, 3)), st.sampled_from(["same", "valid"])))
    out, groups = data.draw(st.sampled_from([1, 2, 4, 6])), data.draw(st.integers(1, 3))
    if padding == "same":
        stride = (1,) * rank  # PyTorch's `same` knows no other
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "bias": data.draw(st.booleans())}  # fmt: skip
    assert ours("conv", {"out": out, "kernel": kernel, **options}, shape) == theirs(
        of_rank("Conv", rank), shape[1], out, kernel, shape=shape, **options
    )


@given(st.data(), ranks)
def test_convolution_padded_on_one_side_more_than_on_the_other(data, rank):
    shape = data.draw(shapes(rank, st.sampled_from([2, 4, 6])))
    kernel, stride, dilation = (data.draw(per_axis(rank, small)) for _ in range(3))
    padding = data.draw(per_axis(rank, st.tuples(st.integers(0, 3), st.integers(0, 3))))
    out, options = (
        data.draw(st.sampled_from([2, 4, 6])),
        {"stride": stride, "dilation": dilation, "groups": 2},
    )

    def padded(*args, **words):
        sides = [side for pair in reversed(padding) for side in pair]  # it wants the last axis first
        return nn.Sequential(of_rank("ConstantPad", rank)(sides, 0.0), of_rank("Conv", rank)(*args, **words))

    assert ours("conv", {"out": out, "kernel": kernel, "padding": padding, **options}, shape) == theirs(
        padded, shape[1], out, kernel, shape=shape, **options
    )


@given(st.data(), ranks)
def test_transposed_convolution(data, rank):
    shape = data.draw(shapes(rank, st.sampled_from([1, 2, 4, 6])))
    kernel, stride, dilation = (data.draw(per_axis(rank, small)) for _ in range(3))
    padding, extra = (data.draw(per_axis(rank, st.integers(0, most))) for most in (3, 2))
    out, groups = data.draw(st.sampled_from([1, 2, 4, 6])), data.draw(st.integers(1, 3))
    options = {"stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation, "groups": groups, "bias": data.draw(st.booleans())}  # fmt: skip
    assert ours("conv_transpose", {"out": out, "kernel": kernel, **options}, shape) == theirs(
        of_rank("ConvTranspose", rank), shape[1], out, kernel, shape=shape, **options
    )


@st.composite
def poolings(draw):
    """Draw what every pooling has: rank, input, window and rounding; a window larger than its input, not rounded up."""
    rank = draw(ranks)
    kernel, stride = draw(per_axis(rank, small)), draw(per_axis(rank, st.integers(1, 5)))
    padding, shape = draw(per_axis(rank, st.integers(0, 2))), draw(shapes(rank))
    fits = all(i + 2 * p >= k for i, p, k in zip(shape[2:], padding, kernel, strict=True))
    rounding = draw(st.sampled_from(["floor", "ceil"])) if fits else "floor"
    return rank, shape, {"kernel": kernel, "stride": stride, "padding": padding, "rounding": rounding}


def positional(settings):
    """Return a pooling's settings in the order of PyTorch's arguments."""
    return [settings[name] for name in ("kernel", "stride", "padding")]


@given(poolings())
def test_max_pooling(drawn):
    rank, shape, settings = drawn
    assert ours("maxpool", settings, shape) == theirs(
        of_rank("MaxPool", rank), *positional(settings), shape=shape, ceil_mode=settings["rounding"] == "ceil"
    )


@given(st.data(), poolings())
def test_dilated_max_pooling(data, drawn):
    rank, shape, settings = drawn
    settings |= {"dilation": data.draw(per_axis(rank, st.integers(1, 3))), "rounding": "floor"}
    assert ours("maxpool", settings, shape) == theirs(
        of_rank("MaxPool", rank), *positional(settings), settings["dilation"], shape=shape
    )


@given(poolings())
def test_average_pooling(drawn):
    rank, shape, settings = drawn
    if rank == 3:  # PyTorch's avg_pool3d, alone among its poolings, leaves the padding out of its check
        assume(all(i >= k for i, k in zip(shape[2:], settings["kernel"], strict=True)))
    assert ours("avgpool", settings, shape) == theirs(
        of_rank("AvgPool", rank), *positional(settings), shape=shape, ceil_mode=settings["rounding"] == "ceil"
    )


@given(st.data(), ranks, small, st.integers(1, 5))
def test_power_pooling(data, rank, kernel, stride):
    shape = data.draw(shapes(rank))
    assume(rank < 3 or min(shape[2:]) >= kernel)  # it is made of avg_pool3d
    assert ours("lppool", {"kernel": kernel, "stride": stride}, shape) == theirs(
        of_rank("LPPool", rank), 2, kernel, stride, shape=shape
    )


@pytest.mark.parametrize(("kind", "make"), [("maxpool", nn.MaxPool2d), ("avgpool", nn.AvgPool2d)])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_rounding_up_lets_a_window_stick_out_of_an_input_smaller_than_itself(kind, make, size):
    settings, shape = {"kernel": 3, "stride": 2, "rounding": "ceil"}, (1, 1, size, size)
    assert ours(kind, settings, shape) == theirs(make, 3, 2, shape=shape, ceil_mode=True)


@given(st.data(), ranks)
def test_adaptive_pooling(data, rank):
    shape, size = data.draw(shapes(rank)), data.draw(per_axis(rank, st.integers(1, 9)))
    for kind, make in (("adaptive_avgpool", "AdaptiveAvgPool"), ("adaptive_maxpool", "AdaptiveMaxPool")):
        assert ours(kind, {"size": size}, shape) == theirs(of_rank(make, rank), size, shape=shape)


@given(st.data(), ranks, st.booleans())
def test_batch_normalisation(data, rank, affine):
    shape = data.draw(shapes(rank))
    assert ours("batchnorm", {"affine": affine}, shape) == theirs(
        of_rank("BatchNorm", rank), shape[1], affine=affine, shape=shape
    )


@given(st.data(), st.integers(0, 3), st.booleans())
def test_layer_normalisation(data, rank, affine):
    shape = data.draw(shapes(rank))
    assert ours("layernorm", {"affine": affine}, shape) == theirs(
        nn.LayerNorm, shape[1:], elementwise_affine=affine, shape=shape
    )


@given(st.data(), st.integers(0, 3), small, st.booleans())
def test_group_normalisation(data, rank, groups, affine):
    shape = data.draw(shapes(rank, st.integers(1, 12)))
    assume(prod(shape) > groups)  # PyTorch wants more than one number in a group
    assert ours("groupnorm", {"groups": groups, "affine": affine}, shape) == theirs(
        nn.GroupNorm, groups, shape[1], affine=affine, shape=shape
    )


@given(st.integers(1, 3), st.integers(1, 50), st.integers(1, 50), st.booleans())
def test_linear(batch, inputs, outputs, bias):
    shape = (batch, inputs)
    assert ours("linear", {"out": outputs, "bias": bias}, shape) == theirs(
        nn.Linear, inputs, outputs, bias=bias, shape=shape
    )


@given(st.data(), ranks, small)
def test_upsampling(data, rank, scale):
    shape = data.draw(shapes(rank))
    linear = ("linear", "bilinear", "trilinear")[rank - 1]
    for mode, name in (("nearest", "nearest"), ("linear", linear)):
        assert ours("upsample", {"scale": scale, "mode": mode}, shape) == theirs(
            nn.Upsample, scale_factor=scale, mode=name, shape=shape
        )


@pytest.mark.parametrize(("per", "slopes"), [("channel", 6), ("layer", 1)])
def test_a_learnt_slope(per, slopes):
    shape = (2, 6, 3, 3)
    module = nn.PReLU(slopes)
    assert ours("prelu", {"per": per}, shape) == (shape, sum(p.numel() for p in module.parameters()), 0, 0)


@pytest.mark.parametrize(
    ("kind", "settings", "module"),
    [
        ("flatten", {}, nn.Flatten()),
        ("reshape", {"shape": [6, 0]}, nn.Unflatten(1, (6, 2))),
        ("pad", {"amount": [[1, 2], [3, 4]]}, nn.ZeroPad2d((3, 4, 1, 2))),
        ("shuffle", {"groups": 3}, nn.ChannelShuffle(3)),
        ("lrn", {"size": 5}, nn.LocalResponseNorm(5)),
        ("softmax", {}, nn.Softmax(dim=1)),
        ("global_avgpool", {}, nn.AdaptiveAvgPool2d(1)),
        ("global_maxpool", {}, nn.AdaptiveMaxPool2d(1)),
    ],
)
def test_shapes_without_weights(kind, settings, module):
    shape = (2, 12) if kind == "reshape" else (2, 12, 5, 4)
    assert ours(kind, settings, shape) == (tuple(module(torch.zeros(shape)).shape), 0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "settings", "shape", "module", "macs"),
    [
        # 3·3 positions, 6 filters of 2 of the 4 maps and 3·3 each
        ("conv", {"out": 6, "kernel": 3, "groups": 2}, (1, 4, 5, 5), lambda: nn.Conv2d(4, 6, 3, groups=2), 9 * 6 * 2 * 9),
        # depthwise, 2 samples: 4·4 positions of each of 5 maps, 3·3
        ("conv", {"out": 5, "kernel": 3, "groups": 5, "dilation": 2, "padding": 1}, (2, 5, 6, 6), lambda: nn.Conv2d(5, 5, 3, dilation=2, groups=5, padding=1), 2 * 16 * 5 * 9),
        # 5 positions of the input, each of whose 4 maps meets 3 weights of the one filter of its group
        ("conv_transpose", {"out": 2, "kernel": 3, "stride": 2, "groups": 2}, (1, 4, 5), lambda: nn.ConvTranspose1d(4, 2, 3, stride=2, groups=2), 5 * 4 * 3),
        # cut by its padding to 4·4, it has still worked on 3·3 positions with all of 4·4 weights
        ("conv_transpose", {"out": 1, "kernel": 4, "stride": 2, "padding": 2}, (1, 1, 3, 3), lambda: nn.ConvTranspose2d(1, 1, 4, stride=2, padding=2), 9 * 16),
        ("linear", {"out": 5}, (3, 7), lambda: nn.Linear(7, 5), 3 * 7 * 5),
    ],
)  # fmt: skip
def test_products_counted_by_hand(kind, settings, shape, module, macs):
    assert ours(kind, settings, shape)[-1] == theirs(module, shape=shape)[-1] == macs


def test_products_of_filters_that_see_some_maps():
    """LeNet-5's C3 as convolutions of one filter each on the maps that it sees; the products of LeCun et al. 1998.

    10·10 positions, 60 pairs of a filter and a map, 5·5.
    """
    connections = [tuple((first + i) % 6 for i in range(size)) for size in (3, 4) for first in range(6)]
    connections += [(first, first + 1, (first + 3) % 6, (first + 4) % 6) for first in range(3)] + [
        tuple(range(6))
    ]
    x = torch.zeros(1, 6, 14, 14)
    with FlopCounterMode(display=False) as counter:
        for maps in connections:
            nn.functional.conv2d(x[:, maps], torch.zeros(1, len(maps), 5, 5))
    macs = ours("conv", {"out": 16, "kernel": 5, "connections": connections}, tuple(x.shape))[-1]
    assert macs == counter.get_total_flops() / 2 == 100 * 60 * 25
