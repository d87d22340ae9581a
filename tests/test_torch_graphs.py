"""Random networks, written as specs, against the same graphs built out of PyTorch's modules with the same weights.

Node by node the output's shape and values agree, in all the parameters, the buffers and the multiply-accumulates that
torch.utils.flop_counter counts; and `verify` finds nothing wrong with any of them.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Site

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings(
        "ignore:Using padding='same' with even kernel lengths:UserWarning"
    ),  # it copies
]

BATCH = 2


def padded_conv(op, x, rank):
    """Return a convolution; its padding is a module of its own, as PyTorch pads both sides alike."""
    kernel, stride, dilation = (per_axis(v, x[2:]) for v in (op.kernel, op.stride, op.dilation))
    words = {"stride": stride, "dilation": dilation, "groups": op.groups, "bias": op.bias}
    make = getattr(nn, f"Conv{rank}d")
    if op.padding == "same":
        return nn.Sequential(make(x[1], op.out, kernel, padding="same", **words))
    sides = [side for pair in reversed(per_axis(op.padding, x[2:])) for side in pair]
    return nn.Sequential(getattr(nn, f"ConstantPad{rank}d")(sides, 0.0), make(x[1], op.out, kernel, **words))


def spread_conv(op, x, rank):
    kernel, stride, extra = (per_axis(v, x[2:]) for v in (op.kernel, op.stride, op.output_padding))
    padding = [before for before, _ in per_axis(op.padding, x[2:])]
    words = {"padding": padding, "output_padding": extra, "groups": op.groups, "bias": op.bias}
    return getattr(nn, f"ConvTranspose{rank}d")(x[1], op.out, kernel, stride, **words)


def window(op, x):
    """Return a pool's settings as PyTorch calls them."""
    kernel = per_axis(op.kernel, x[2:])
    return {
        "kernel_size": kernel,
        "stride": kernel if op.stride is None else per_axis(op.stride, x[2:]),
        "padding": [before for before, _ in per_axis(op.padding, x[2:])],
        "ceil_mode": op.rounding == "ceil",
    }


MODULES = {
    # kind: the module for an op, the shape of its input and the number of its spatial axes
    "conv": padded_conv,
    "conv_transpose": spread_conv,
    "maxpool": lambda op, x, rank: getattr(nn, f"MaxPool{rank}d")(**window(op, x)),
    "avgpool": lambda op, x, rank: getattr(nn, f"AvgPool{rank}d")(
        **window(op, x), count_include_pad=op.count_padding
    ),
    "adaptive_avgpool": lambda op, x, rank: getattr(nn, f"AdaptiveAvgPool{rank}d")(per_axis(op.size, x[2:])),
    "global_avgpool": lambda op, x, rank: getattr(nn, f"AdaptiveAvgPool{rank}d")(1),
    "global_maxpool": lambda op, x, rank: getattr(nn, f"AdaptiveMaxPool{rank}d")(1),
    "batchnorm": lambda op, x, rank: getattr(nn, f"BatchNorm{rank}d")(x[1], affine=op.affine),
    "groupnorm": lambda op, x, rank: nn.GroupNorm(op.groups, x[1]),
    "lrn": lambda op, x, rank: nn.LocalResponseNorm(op.size, op.alpha * op.size, op.beta, op.bias),
    "upsample": lambda op, x, rank: nn.Upsample(scale_factor=per_axis(op.scale, x[2:])),
    "shuffle": lambda op, x, rank: nn.ChannelShuffle(op.groups),
    "prelu": lambda op, x, rank: nn.PReLU(x[1]),
    "leaky_relu": lambda op, x, rank: nn.LeakyReLU(op.slope),
    "relu": lambda op, x, rank: nn.ReLU(),
    "silu": lambda op, x, rank: nn.SiLU(),
    "hardswish": lambda op, x, rank: nn.Hardswish(),
    "hardsigmoid": lambda op, x, rank: nn.Hardsigmoid(),
    "tanh": lambda op, x, rank: nn.Tanh(),
    "softmax": lambda op, x, rank: nn.Softmax(dim=1),
    "dropout": lambda op, x, rank: nn.Dropout(op.rate),
    "flatten": lambda op, x, rank: nn.Flatten(),
    "linear": lambda op, x, rank: nn.Linear(x[1], op.out, bias=op.bias),
}
MERGES = {
    "add": lambda *xs: sum(xs[1:], xs[0]),
    "multiply": lambda *xs: xs[0] * xs[1],
    "concat": lambda *xs: torch.cat(xs, dim=1),
}
POINTWISE = [
    "relu",
    "silu",
    "hardswish",
    "tanh",
    "batchnorm",
    {"batchnorm": {"affine": False}},
    {"leaky_relu": 0.2},
    "prelu",
    {"dropout": 0.5},
    {"groupnorm": 2},
    {"lrn": 3},
    {"shuffle": 2},
]
"""Layers that change neither size nor channels; the channels are always even."""

even = st.sampled_from([2, 4, 6])


@st.composite
def keeping_convs(draw, rank, channels):
    """Draw a convolution that keeps the size, and its channels."""
    groups = draw(st.sampled_from([1, 2, channels]))
    out = channels * draw(st.integers(1, 2)) if groups == channels else draw(even)
    kernel = draw(st.lists(st.integers(1, 4), min_size=rank, max_size=rank))
    dilation = draw(st.integers(1, 2))
    around = [dilation * (k - 1) for k in kernel]
    padding = draw(
        st.sampled_from(["same", [[n, 0] for n in around], [[n // 3, n - n // 3] for n in around]])
    )
    bias = draw(st.booleans())
    settings = {"kernel": kernel, "dilation": dilation, "padding": padding, "groups": groups, "bias": bias}
    return {"conv": {"out": out, **settings}}, out


@st.composite
def chains(draw, rank, channels, out=None):
    """Draw layers that keep the size and end with `out` channels, or as many as come of it."""
    layers = []
    for _ in range(draw(st.integers(0, 2))):
        layers += [draw(st.sampled_from(POINTWISE))] if draw(st.booleans()) else []
        conv, channels = draw(keeping_convs(rank, channels))
        layers.append(conv)
    if out is not None:
        layers.append({"conv": {"out": out, "kernel": 1}})
    return layers, channels if out is None else out


@st.composite
def merged_branches(draw, rank, channels):
    """Draw branches of equal size that are added or concatenated."""
    if draw(st.booleans()):
        out = draw(st.sampled_from([channels, 2, 4]))
        branches = [draw(chains(rank, channels, out))[0] for _ in range(draw(st.integers(1, 2)))]
        if out == channels or len(branches) < 2:
            branches.append([] if out == channels else [{"conv": {"out": out, "kernel": 1, "bias": False}}])
        return [{"add": branches}], out
    drawn = [draw(chains(rank, channels)) for _ in range(draw(st.integers(2, 3)))]
    return [{"concat": [layers for layers, _ in drawn]}], sum(out for _, out in drawn)


@st.composite
def gates(draw, rank, channels):
    """Draw squeeze and excitation."""
    squeezed = {"conv": {"out": 2, "kernel": 1}}
    excited = {"conv": {"out": channels, "kernel": 1, "bias": draw(st.booleans())}}
    pool = draw(st.sampled_from(["global_avgpool", "global_maxpool"]))
    return [{"multiply": [[], [pool, squeezed, "relu", excited, "hardsigmoid"]]}], channels


@st.composite
def repeats(draw, rank, channels):
    layers, _ = draw(chains(rank, channels, channels))
    return [{"repeat": {"times": draw(st.integers(1, 3)), "layers": layers}}], channels


@st.composite
def shared_weights(draw, rank, channels):
    conv = {"out": channels, "kernel": 3, "padding": 1, "bias": draw(st.booleans())}
    return [{"conv": conv | {"name": "owner"}}, {"conv": conv | {"tie": "owner"}}], channels


@st.composite
def leaps(draw, rank, channels):
    """Draw a graph that does not nest: a layer's output is used again far behind it."""
    layers, _ = draw(chains(rank, channels, channels))
    end = {"conv": {"name": "end", "out": channels, "kernel": 3, "padding": 1, "groups": 2}}
    kind, out = draw(st.sampled_from([("add", channels), ("concat", 2 * channels)]))
    return [{"relu": {"name": "start"}}, *layers, end, {kind: {"from": ["end", "start"]}}], out


@st.composite
def halvings(draw, rank, channels):
    """Draw a block that halves the size along two branches, as in ResNets and Inception."""
    conv = {"conv": {"out": 4, "kernel": 3, "stride": 2, "padding": 1, "bias": False}}
    shortcut = {"conv": {"out": 4, "kernel": 1, "stride": 2}}
    pool = {draw(st.sampled_from(["maxpool", "avgpool"])): {"kernel": 3, "stride": 2, "padding": 1}}
    if draw(st.booleans()):
        return [{"add": [[conv, "batchnorm"], [shortcut]]}], 4
    return [{"concat": [[conv], [pool]]}], 4 + channels


@st.composite
def resizings(draw, rank, channels):
    """Draw a strided convolution, a pool, or an enlargement; some do not fit their input."""
    kernel = draw(st.lists(st.integers(1, 3), min_size=rank, max_size=rank))
    slid = {"kernel": kernel, "stride": draw(st.integers(1, 3))}
    pooled = slid | {
        "padding": [k // 2 for k in kernel],
        "rounding": draw(st.sampled_from(["floor", "ceil"])),
    }
    kind = draw(
        st.sampled_from(["conv", "maxpool", "avgpool", "adaptive_avgpool", "conv_transpose", "upsample"])
    )
    settings = {
        "conv": {"out": 4, "padding": draw(st.integers(0, 1)), "groups": 2, **slid},
        "maxpool": pooled,
        "avgpool": pooled | {"count_padding": draw(st.booleans())},
        "adaptive_avgpool": {"size": draw(st.integers(1, 4))},
        "conv_transpose": {"out": 4, "groups": 2, "output_padding": slid["stride"] - 1, **slid},
        "upsample": {"scale": 2},
    }
    return [{kind: settings[kind]}], 4 if kind.startswith("conv") else channels


ONCE = (shared_weights, leaps)
"""Parts that name their layers."""
HEADS = [
    [],
    ["flatten", {"linear": {"out": 3, "bias": False}}],
    ["global_avgpool", "flatten", {"linear": 5}, "tanh", {"linear": 4}, "softmax"],
]
AUXILIARY = {"auxiliary": {"layers": ["global_maxpool", "flatten", {"linear": 3}]}}


@st.composite
def specs(draw):
    """Draw the text of a spec."""
    rank = draw(st.integers(1, 3))
    channels = draw(even)
    extents = draw(st.lists(st.integers(5, 9 if rank == 3 else 16), min_size=rank, max_size=rank))
    spec = {"input": [channels, *extents]}
    conv, channels = draw(keeping_convs(rank, channels))
    layers, left = [conv], [merged_branches, gates, repeats, halvings, resizings, *ONCE]
    for _ in range(draw(st.integers(1, 4))):
        part = draw(st.sampled_from(left))
        left = [other for other in left if other is not part or part not in ONCE]
        more, channels = draw(part(rank, channels))
        layers += more + ([draw(st.sampled_from(POINTWISE))] if draw(st.booleans()) else [])
    if draw(st.booleans()):
        layers.insert(draw(st.integers(1, len(layers))), AUXILIARY)
    return json.dumps(spec | {"layers": layers + draw(st.sampled_from(HEADS))}, indent=1)


def random_tensors(op, shapes, rng):
    learnt = {name: rng.uniform(-0.5, 0.5, shape) for name, shape in op.weights(Site(tuple(shapes))).items()}
    kept = {name: rng.uniform(0.5, 1.5, shape) for name, shape in op.buffers(Site(tuple(shapes))).items()}
    return {name: tensor.astype(np.float32) for name, tensor in (learnt | kept).items()}


def run(nodes, x):
    """Return every node's output, and the tensors with which it ran; those that are tied run with the owner's."""
    rng, outputs, tensors = np.random.default_rng(1), [], []
    for node in nodes:
        xs = [outputs[source] for source in node.inputs]
        drawn = random_tensors(node.op, [x.shape for x in xs], rng) if xs else {}
        tensors.append(drawn if node.tied is None else tensors[node.tied])
        outputs.append(node.op.forward(*xs, **tensors[-1]) if xs else x)
    return outputs, tensors


def built(nodes, tensors, shapes):
    """Return PyTorch's module or function for every node but the input, with the weights given."""
    rank = len(shapes[0]) - 2
    found = []
    for node, given_tensors in zip(nodes, tensors, strict=True):
        kind, sources = node.op.kind, [shapes[source] for source in node.inputs]
        make = MODULES.get(kind)
        found.append(make(node.op, sources[0], rank).eval() if make else MERGES.get(kind))
        if make:
            owner = found[-1][-1] if isinstance(found[-1], nn.Sequential) else found[-1]
            state = {name.replace("slope", "weight"): torch.tensor(t) for name, t in given_tensors.items()}
            lost = owner.load_state_dict(state, strict=False)
            assert set(lost.missing_keys) <= {"num_batches_tracked"}
            assert lost.unexpected_keys == []
    return found


def numbers(modules, nodes):
    """Return how many parameters and buffers the modules have; what is tied counts where it first stands."""
    owned = [
        m for m, node in zip(modules, nodes, strict=True) if isinstance(m, nn.Module) and node.tied is None
    ]
    buffers = [t for m in owned for name, t in m.named_buffers() if "num_batches" not in name]
    return sum(p.numel() for m in owned for p in m.parameters()), sum(t.numel() for t in buffers)


@given(specs())
def test_a_random_network_is_what_pytorch_makes_of_it(network, text):
    made = network(text)
    try:
        report = archcalc.analyze(made, batch=BATCH, train=True)
    except ArchcalcError:
        assume(False)
    x = np.random.default_rng(0).standard_normal((BATCH, *report.input_shape), dtype=np.float32)
    ours, tensors = run(made.nodes, x)
    modules = built(made.nodes, tensors, [row.output_shape for row in report.rows])
    theirs = [torch.tensor(x)]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        for node, module in zip(made.nodes[1:], modules[1:], strict=True):
            theirs.append(module(*(theirs[source] for source in node.inputs)))
    for row, real, expected in zip(report.rows, ours, theirs, strict=True):
        assert row.output_shape == real.shape == tuple(expected.shape)
        np.testing.assert_allclose(real, expected.numpy(), rtol=1e-3, atol=1e-3, err_msg=row.name)
    assert (report.totals.params, report.totals.buffers) == numbers(modules, made.nodes)
    assert report.totals.work.macs == counter.get_total_flops() / 2
    event(f"{len(report.rows) // 10}0 layers or more")


@given(specs())
def test_a_random_network_verifies(network, text):
    made = network(text)
    try:
        report = archcalc.analyze(made, batch=BATCH)
    except ArchcalcError:
        assume(False)
    assert archcalc.verify(report).disagreements == ()
