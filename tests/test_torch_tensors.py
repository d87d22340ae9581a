"""Ops on tensors in general: shapes, parameters, multiply-accumulates and values are those of PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcalc import ArchcalcError
from archcalc.arrays import kernels
from archcalc.op.op import elements
from archcalc.op.site import Site
from archcalc.ops import REGISTRY
from archcalc.ops.elements.elementwise import COMMUTING, FUNCTIONS, OPERATIONS
from archcalc.ops.shapes.reduction import REDUCTIONS

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

pytestmark = pytest.mark.torch

small = st.integers(1, 5)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def ran(kind, settings, *xs, weights=None):
    """Return an op's output after it has been held against what it says of itself."""
    op = REGISTRY[kind](**settings)
    shapes = [x.shape for x in xs]
    op.check(Site(tuple(shapes)))
    named = op.tensors(Site(tuple(shapes)))
    given = {name: tensor.detach().numpy() for name, tensor in (weights or {}).items()}
    assert {name: tensor.shape for name, tensor in given.items()} == named
    with kernels.meter_products() as meter:
        y = op.forward(*xs, **given)
    assert (y.shape, y.dtype) == (op.output(Site(tuple(shapes))), np.float32)
    assert meter.macs == op.work(Site(tuple(shapes), y.shape)).macs
    return y


def same(found, expected):
    np.testing.assert_allclose(found, expected.detach().numpy(), **CLOSE)


def counted(function, *xs):
    """Return the multiply-accumulates that PyTorch's own counter sees: it counts two for each."""
    with FlopCounterMode(display=False) as counter:
        function(*map(torch.tensor, xs))
    return counter.get_total_flops() // 2


def macs(kind, settings, *xs):
    op = REGISTRY[kind](**settings)
    shapes = [x.shape for x in xs]
    return op.work(Site(tuple(shapes), op.output(Site(tuple(shapes))))).macs


@st.composite
def arrays(draw, least=1, most=4):
    return numbers(*draw(st.lists(small, min_size=least, max_size=most)))


# Products.


@given(arrays(2), small, st.booleans())
def test_linear_along_the_last_axis(x, out, bias):
    module = nn.Linear(x.shape[-1], out, bias=bias)
    settings = {"out": out, "bias": bias, "axis": -1}
    same(ran("linear", settings, x, weights=dict(module.named_parameters())), module(torch.tensor(x)))
    assert macs("linear", settings, x) == counted(module, x)


@given(arrays(2), small, st.data())
def test_linear_along_any_axis(x, out, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1).filter(lambda axis: axis != 1 and axis % x.ndim))
    module = nn.Linear(x.shape[axis], out)
    y = ran("linear", {"out": out, "axis": axis}, x, weights=dict(module.named_parameters()))
    same(y, module(torch.tensor(x).movedim(axis, -1)).movedim(-1, axis))


@given(st.lists(st.sampled_from([(3, 3), (1, 3), (3, 1)]), max_size=2), small, small, small, st.booleans())
def test_products_of_matrices(leading, n, terms, m, transposed):
    left, right = ([pair[side] for pair in leading] for side in (0, 1))
    a, b = numbers(*left, n, terms), numbers(*right, *((m, terms) if transposed else (terms, m)), seed=1)

    def product(a, b):
        return a @ (b.mT if transposed else b)

    same(ran("matmul", {"transposed": transposed}, a, b), product(torch.tensor(a), torch.tensor(b)))
    assert macs("matmul", {"transposed": transposed}, a, b) == counted(product, a, b)


def test_products_of_a_batch_with_one_matrix():
    a, b = numbers(2, 4, 3, 5), numbers(5, 7)
    same(ran("matmul", {}, a, b), torch.tensor(a) @ torch.tensor(b))


EQUATIONS = ["nhid,nhjd->nhij", "ij,jk", "nchw,nkc->nkhw", "bij,bjk,bkl->bil", "ij->ji", "iij->j", "nij->", "iij,jk->ik", "ij,kl->ik", "bi,bi->b", "bcij,bcij,bc->bij"]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
def test_tensors_with_letters_on_their_axes(equation):
    letters = sorted(set(equation) - set("->,"))
    xs = [
        numbers(*(2 + letters.index(i) for i in term), seed=seed)
        for seed, term in enumerate(equation.partition("->")[0].split(","))
    ]
    same(ran("einsum", {"equation": equation}, *xs), torch.einsum(equation, *map(torch.tensor, xs)))


@pytest.mark.parametrize("equation", ["nhid,nhjd->nhij", "ij,jk", "nchw,nkc->nkhw", "bij,bjk,bkl->bil"])
def test_letters_make_the_products_that_matrices_make(equation):
    shapes = {"n": 2, "h": 3, "w": 4, "i": 4, "j": 5, "d": 6, "k": 7, "c": 3, "b": 2, "l": 3}
    xs = [numbers(*(shapes[i] for i in term)) for term in equation.partition("->")[0].split(",")]
    found = macs("einsum", {"equation": equation}, *xs)
    assert found == counted(lambda *tensors: torch.einsum(equation, *tensors), *xs)


# What is normalised, scaled or reduced along axes.


@given(arrays(2), st.data())
def test_softmax_along_any_axis(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    same(ran("softmax", {"axis": axis}, x), torch.softmax(torch.tensor(x), axis))
    same(ran("log_softmax", {"axis": axis}, x), torch.log_softmax(torch.tensor(x), axis))


@given(arrays(2), st.data(), st.booleans())
def test_normalisation_of_the_last_axes(x, data, affine):
    axes = data.draw(st.integers(1, x.ndim - 1))
    settings = {"axes": axes, "affine": affine, "eps": 1e-3}
    for kind, over, make in (("layernorm", {"over": "last"}, nn.LayerNorm), ("rmsnorm", {}, nn.RMSNorm)):
        module = make(x.shape[-axes:], eps=1e-3, elementwise_affine=affine)
        y = ran(kind, settings | over, x, weights=dict(module.named_parameters()))
        same(y, module(torch.tensor(x)))


@given(arrays(1), st.data())
def test_vectors_of_length_one(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    same(ran("l2norm", {"axis": axis}, x), functional.normalize(torch.tensor(x), dim=axis))


@given(small, small, small)
def test_what_is_left_of_batch_normalisation(batch, channels, size):
    x, module = numbers(batch, channels, size), nn.BatchNorm1d(channels).eval()
    nn.init.normal_(module.weight)
    module.running_var.fill_(4.0)
    module.running_mean.fill_(1.0)
    scale = module.weight / (4 + module.eps) ** 0.5
    y = ran("affine", {}, x, weights={"weight": scale, "bias": module.bias - scale})
    same(y, module(torch.tensor(x)))


def test_a_scale_for_each_number_of_the_last_axis():
    x, scale = numbers(2, 3, 5), torch.arange(5.0)
    same(ran("affine", {"axis": -1, "shift": False}, x, weights={"weight": scale}), torch.tensor(x) * scale)


REDUCE = {
    "mean": torch.mean,
    "sum": torch.sum,
    "max": torch.amax,
    "min": torch.amin,
    "norm1": lambda x, dim, keepdim: torch.linalg.vector_norm(x, 1, dim, keepdim),
    "norm2": lambda x, dim, keepdim: torch.linalg.vector_norm(x, 2, dim, keepdim),
    "sum_squares": lambda x, dim, keepdim: (x * x).sum(dim, keepdim),
    "log_sum_exp": torch.logsumexp,
}


@given(arrays(1), st.data(), st.booleans())
def test_reductions(x, data, keep):
    axes = data.draw(st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True))
    for by, function in REDUCE.items():
        y = ran("reduce", {"axes": axes, "by": by, "keep": keep}, x)
        same(y, function(torch.tensor(x), dim=axes, keepdim=keep))


def test_every_reduction_is_compared():
    x = numbers(3, 4, 5)
    same(ran("reduce", {"axes": 1, "by": "prod"}, x), torch.prod(torch.tensor(x), 1))
    assert {*REDUCE, "prod"} == {*REDUCTIONS}


@given(arrays(1), st.data(), st.booleans())
def test_along_an_axis(x, data, keep):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    for by, function in (("max", torch.argmax), ("min", torch.argmin)):
        same(ran("argmax", {"axis": axis, "by": by, "keep": keep}, x), function(torch.tensor(x), axis, keep))
    same(ran("cumsum", {"axis": axis}, x), torch.cumsum(torch.tensor(x), axis))


# Element by element.

THEIRS = {
    "neg": torch.neg,
    "not": torch.logical_not,
    "is_nan": torch.isnan,
    "is_inf": torch.isinf,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "cast": torch.clone,
}
WITHIN = {"asin": 0.9, "acos": 0.9, "atanh": 0.9}
ODD = {"is_nan": np.nan, "is_inf": -np.inf}
ABOVE = {"log": 0.1, "sqrt": 0.0, "acosh": 1.0}


@pytest.mark.parametrize("by", FUNCTIONS)
def test_functions(by):
    x = np.linspace(-2.5, 2.5, 24, dtype=np.float32).reshape(2, 3, 4)
    x = x * WITHIN[by] / 2.5 if by in WITHIN else np.abs(x) + ABOVE[by] if by in ABOVE else x
    if by in ODD:
        x[0, 0] = ODD[by]
    function = THEIRS[by] if by in THEIRS else getattr(torch, by)
    same(ran("function", {"by": by}, x), function(torch.tensor(x)).float())


ARITHMETIC = {
    "subtract": torch.sub,
    "divide": torch.div,
    "power": torch.pow,
    "modulo": torch.remainder,
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "equal": torch.eq,
    "less": torch.lt,
    "less_or_equal": torch.le,
    "greater": torch.gt,
    "greater_or_equal": torch.ge,
    "and": torch.logical_and,
    "or": torch.logical_or,
    "xor": torch.logical_xor,
    "add": torch.add,
    "multiply": torch.mul,
}


@pytest.mark.parametrize("by", OPERATIONS)
def test_operations_on_two_numbers(by):
    x, y = np.rint(abs(numbers(2, 3, 4)) * 2), np.rint(abs(numbers(3, 1, seed=1)) * 2) + 1
    expected = ARITHMETIC[by](torch.tensor(x), torch.tensor(y)).float()
    if by in ("add", "multiply"):
        same(ran(by, {}, x, y), expected)
    else:
        same(ran("combine", {"by": by}, x, y), expected)
    number = torch.tensor(2.0)
    same(ran("scalar", {"by": by, "value": 2}, x), ARITHMETIC[by](torch.tensor(x), number).float())
    if by in COMMUTING:
        return
    turned = ran("scalar", {"by": by, "value": 2, "swapped": True}, x + 1)
    same(turned, ARITHMETIC[by](number, torch.tensor(x + 1)).float())


def test_every_operation_is_compared():
    assert ARITHMETIC.keys() == OPERATIONS.keys()


def test_a_choice_of_two():
    mask, one, other = (numbers(1, 3, 1) > 0).astype(np.float32), numbers(2, 3, 4), numbers(4, seed=1)
    expected = torch.where(torch.tensor(mask) != 0, torch.tensor(one), torch.tensor(other))
    same(ran("where", {}, mask, one, other), expected)


@pytest.mark.parametrize(
    ("kind", "settings", "function"),
    [
        ("clip", {"low": -0.5, "high": 0.5}, lambda x: torch.clamp(x, -0.5, 0.5)),
        ("clip", {"low": -0.5}, lambda x: torch.clamp(x, min=-0.5)),
        ("clip", {"high": 0.5}, lambda x: torch.clamp(x, max=0.5)),
        ("celu", {"alpha": 0.7}, lambda x: functional.celu(x, 0.7)),
        ("thresholded_relu", {"alpha": 0.3}, lambda x: functional.threshold(x, 0.3, 0.0)),
        ("gelu", {"approximate": "tanh"}, lambda x: functional.gelu(x, approximate="tanh")),
        ("hardsigmoid", {"slope": 0.2}, lambda x: torch.clamp(0.2 * x + 0.5, 0, 1)),
        ("hardsigmoid", {"slope": 2, "offset": 0.1}, lambda x: torch.clamp(2 * x + 0.1, 0, 1)),
    ],
)
def test_activations(kind, settings, function):
    x = numbers(2, 3, 4) * 3
    same(ran(kind, settings, x), function(torch.tensor(x)))


@pytest.mark.parametrize("axis", [None, 1])
def test_few_integers(axis):
    x = numbers(2, 3, 4)
    scale = torch.tensor([0.01] if axis is None else [0.01, 0.02, 0.03])
    zero = torch.tensor([5.0] if axis is None else [5.0, -3.0, 0.0])
    settings = {} if axis is None else {"axis": axis}
    q = ran("quantize", settings, x, weights={"scale": scale, "zero_point": zero})
    back = ran("dequantize", settings, q, weights={"scale": scale, "zero_point": zero})
    if axis is None:
        expected = torch.fake_quantize_per_tensor_affine(torch.tensor(x), 0.01, 5, -128, 127)
    else:
        expected = torch.fake_quantize_per_channel_affine(torch.tensor(x), scale, zero.int(), 1, -128, 127)
    same(back, expected)


# What moves elements about.


@pytest.mark.parametrize(
    ("kind", "settings", "function"),
    [
        ("slice", {"axes": [1, 3], "starts": [1, 0], "stops": [6, 3], "steps": [2, 1]}, lambda x: x[:, 1:6:2, :, :3]),
        ("slice", {"axes": -1, "starts": 2}, lambda x: x[..., 2:]),
        ("slice", {"axes": 0, "stops": 1}, lambda x: x[:1]),
        ("take", {"axis": 1, "index": 2}, lambda x: x[:, 2]),
        ("take", {"axis": -1, "index": 0}, lambda x: x[..., 0]),
        ("permute", {"order": [2, 0, 3, 1], "axes": "all"}, lambda x: x.permute(2, 0, 3, 1)),
        ("reshape", {"shape": [4, 0], "axes": "all"}, lambda x: x.reshape(4, -1)),
        ("expand", {"shape": [3, 1, 6, 1, 4]}, lambda x: x.expand(3, 2, 6, 5, 4)),
        ("tile", {"repeats": [2, 1, 3, 1]}, lambda x: x.tile(2, 1, 3, 1)),
        ("roll", {"axes": [1, -1], "shift": [-4, 3]}, lambda x: x.roll((-4, 3), (1, -1))),
        ("roll", {"axes": [0, 2], "shift": 7}, lambda x: x.roll((7, 7), (0, 2))),
        ("depth_to_space", {"block": 1}, lambda x: x),
        ("pad", {"amount": [[2, 1], [0, 3]], "mode": "reflect"}, lambda x: functional.pad(x, (0, 3, 2, 1), mode="reflect")),
        ("pad", {"amount": [[2, 1], [0, 3]], "mode": "edge"}, lambda x: functional.pad(x, (0, 3, 2, 1), mode="replicate")),
        ("pad", {"amount": [[2, 1], [0, 3]], "mode": "wrap"}, lambda x: functional.pad(x, (0, 3, 2, 1), mode="circular")),
        ("pad", {"channels": [[1, 2]], "value": 3}, lambda x: functional.pad(x, (0, 0, 0, 0, 1, 2), value=3.0)),
    ],
)  # fmt: skip
def test_positions(kind, settings, function):
    x = numbers(2, 6, 5, 4)
    same(ran(kind, settings, x), function(torch.tensor(x)))


def test_channels_of_a_flat_input_are_padded():
    x = numbers(2, 6)
    same(ran("pad", {"channels": [[1, 2]]}, x), functional.pad(torch.tensor(x), (1, 2)))


@pytest.mark.parametrize("axis", [1, -1])
def test_indices_that_another_input_holds(axis):
    x, indices = numbers(2, 4, 4), np.array([[3, 0], [1, 1], [2, 0]], np.float32)
    y = ran("take", {"axis": axis}, x, indices)
    expected = torch.index_select(torch.tensor(x), axis, torch.tensor(indices).long().flatten())
    assert y.shape == ((2, 3, 2, 4) if axis == 1 else (2, 4, 3, 2))
    same(y.reshape(expected.shape), expected)


def test_looking_up():
    module, x = nn.Embedding(10, 4), np.array([[3, 0, 9], [1, 1, 2]], np.float32)
    same(
        ran("embedding", {"size": 10, "dim": 4}, x, weights={"weight": module.weight}),
        module(torch.tensor(x).int()),
    )


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_blocks_of_positions(block, channels, height, width):
    x = numbers(2, channels * block * block, height, width)
    same(
        ran("depth_to_space", {"block": block, "mode": "crd"}, x),
        functional.pixel_shuffle(torch.tensor(x), block),
    )
    there = ran("depth_to_space", {"block": block}, x)
    assert np.array_equal(ran("space_to_depth", {"block": block}, there), x)
    if channels == 1:  # the two orders are the same one
        same(there, functional.pixel_shuffle(torch.tensor(x), block))


LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@given(st.data(), st.integers(1, 3))
def test_any_size(data, rank):
    sizes = st.lists(st.integers(1, 9), min_size=rank, max_size=rank)
    x, size, corners = numbers(1, 2, *data.draw(sizes)), data.draw(sizes), data.draw(st.booleans())
    tensor = torch.tensor(x)
    same(ran("resize", {"size": size}, x), functional.interpolate(tensor, size))
    linear = functional.interpolate(tensor, size, mode=LINEAR[rank], align_corners=corners)
    same(ran("resize", {"size": size, "mode": "linear", "corners": corners}, x), linear)
    if rank == 2:
        cubic = functional.interpolate(tensor, size, mode="bicubic", align_corners=corners)
        same(ran("resize", {"size": size, "mode": "cubic", "corners": corners}, x), cubic)


# Step by step.


@pytest.mark.parametrize(("kind", "make"), [("rnn", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
@given(st.tuples(small, small, small), small, st.integers(1, 2), st.booleans(), st.booleans())
def test_recurrence(kind, make, shape, hidden, directions, bias, batch_first):
    x, inputs = numbers(*shape), shape[-1]
    module = make(inputs, hidden, bias=bias, batch_first=batch_first, bidirectional=directions == 2)
    weights = {name.replace("_l0", ""): tensor for name, tensor in module.named_parameters()}
    settings = {"hidden": hidden, "directions": directions, "bias": bias, "batch_first": batch_first}
    same(ran(kind, settings, x, weights=weights), module(torch.tensor(x))[0])


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_recurrent_layer_has_the_parameters_of_its_namesake(kind):
    make = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind]
    parameters = sum(p.numel() for p in make(10, 20, bidirectional=True).parameters())
    op = REGISTRY[kind](hidden=20, directions=2)
    assert elements(op.weights(Site(((1, 5, 10),))).values()) == parameters


# What stretches.


@given(st.data())
def test_shapes_stretch_where_they_do_in_pytorch(data):
    shapes = [tuple(data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))) for _ in range(3)]
    try:
        expected = tuple(torch.broadcast_shapes(*shapes))
    except RuntimeError:
        expected = None
    for kind in ("add", "where"):
        op = REGISTRY[kind]()
        if expected is None:
            with pytest.raises(ArchcalcError, match="the shapes differ"):
                op.check(Site(tuple(shapes)))
        else:
            op.check(Site(tuple(shapes)))
            assert op.output(Site(tuple(shapes))) == expected
