"""What autograd keeps, to the byte, against PyTorch's own saved tensors: every op, random graphs, whole networks.

A tensor counts once per storage, and parameters and buffers do not count. On the meta device types and shapes are real and
numbers are not; autocast is measured on the CPU. Programs are those that archcalc exports.
"""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from known import NAMES

import archcalc
from archcalc import REGISTRY, ArchcalcError
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.walk import find_kept
from archcalc.formats.registry import export
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from test_torch_graphs import specs  # noqa: E402  (only where PyTorch is installed)

pytestmark = pytest.mark.torch

BATCH = 2
MIXED = {"float32": None, "amp-bfloat16": torch.bfloat16, "amp-float16": torch.float16}
AS_EXPORTED = Rules(device="cpu", fused_attention=False)

MORE = {
    # kind: settings and inputs beside the op's example
    "conv": [
        ({"out": 4, "kernel": 3, "padding": "same", "stride": 2}, "3x8x8"),
        ({"out": 4, "kernel": 2, "padding": "same"}, "3x8x8"),
        ({"out": 3, "kernel": 3, "connections": [[0], [0, 1], [1]]}, "2x8x8"),
        ({"out": 4, "kernel": 3}, "3x9"),
        ({"out": 4, "kernel": 3}, "3x5x5x5"),
    ],
    "linear": [
        ({"out": 5, "bias": False}, "7"),
        ({"out": 5, "axis": -1}, "4x7"),
        ({"out": 6, "zero_bias": [2, 4]}, "5"),
    ],
    "maxpool": [
        ({"kernel": 2}, "3x6"),
        ({"kernel": 3, "padding": 1, "rounding": "ceil", "stride": 2}, "2x6x6x6"),
    ],
    "avgpool": [({"kernel": 2}, "3x6"), ({"kernel": 2}, "2x6x6x6")],
    "adaptive_avgpool": [({"size": 1}, "3x6x6"), ({"size": 2}, "3x6"), ({"size": [1, 2]}, "3x6x6")],
    "dropout": [({"rate": 0}, "7"), ({"rate": 1}, "7"), ({"in_place": True}, "7")],
    "layernorm": [({}, "3x4"), ({"over": "last"}, "3x4"), ({"over": "last", "affine": False}, "3x4")],
    "rmsnorm": [({"affine": False}, "3x4")],
    "groupnorm": [({"groups": 2, "affine": False}, "4x3")],
    "batchnorm": [({"affine": False}, "3x4"), ({}, "3")],
    "lrn": [({"size": 3}, "5x6")],
    "affine": [({"shift": False}, "3x4"), ({"scale": False}, "3x4")],
    "pad": [({"amount": 1, "mode": mode}, "2x5x5") for mode in ("reflect", "edge", "wrap")],
    "hardsigmoid": [({"slope": 0.2}, "3x4")],
    "gelu": [({"approximate": "tanh"}, "3x4")],
    "clip": [({}, "3x4"), ({"low": 0}, "3x4")],
    "expand": [({"shape": [2, 3, 4, 4]}, "3x1x4")],
    "resize": [({"size": 5, "mode": mode}, "2x4x4") for mode in ("linear", "cubic")],
    "depth_to_space": [({"block": 2, "mode": "crd"}, "8x3x3")],
    "take": [({"axis": 1}, "5x3", "2")],
    "multiply": [({}, "3x4", "3x4", "3x4"), ({}, "3x4", "3x1", "1x4")],
    "matmul": [
        ({"transposed": True}, "3x4x5", "3x6x5"),
        ({}, "3x4x5", "1x5x6"),
        ({}, "3x4", "4x5"),
    ],
    "einsum": [
        ({"equation": "nij,nkj->nik"}, "4x5", "6x5"),
        ({"equation": "nihd,njhd->nhij"}, "4x2x3", "5x2x3"),
        ({"equation": "nij->ni"}, "4x5"),
        ({"equation": "nij,nij->nij"}, "4x5", "4x5"),
        ({"equation": "ni,nj->nij"}, "4", "5"),
        ({"equation": "nik,nj->nij"}, "3x4", "5"),
        ({"equation": "nij,nj->ni"}, "4x1", "1"),
        ({"equation": "nab,nba->n"}, "4x5", "5x4"),
        ({"equation": "nij,njk,nkl->nil"}, "3x4", "4x5", "5x6"),
        ({"equation": "nb,nobc,nc->no"}, "3", "6x3x4", "4"),
        ({"equation": "ni,nj,nk->nijk"}, "3", "4", "5"),
    ],
    "reduce": [
        ({"axes": [2], "by": by}, "3x4")
        for by in ("sum", "max", "min", "prod", "norm1", "norm2", "sum_squares", "log_sum_exp")
    ],
    "function": [({"by": by}, "3x4") for by in REGISTRY["function"].declared["by"].schema["enum"]],
    "scalar": [
        ({"by": by, "value": 2, "swapped": swapped}, "3x4") if swapped else ({"by": by, "value": 2}, "3x4")
        for by in REGISTRY["scalar"].declared["by"].schema["enum"]
        for swapped in (False, True)
        if not (swapped and by in ("add", "multiply", "minimum", "maximum", "equal", "and", "or", "xor"))
        and by not in ("and", "or", "xor")
    ],
    "combine": [({"by": by}, "3x4", "3x4") for by in REGISTRY["combine"].declared["by"].schema["enum"]],
}
EXPORTED = [
    (kind, settings, shapes)
    for kind, op in REGISTRY.items()
    if op.traits.role == "layer" and kind not in ("quantize", "dequantize")
    for settings, *shapes in ((op.example[1], *op.example[0]), *MORE.get(kind, ()))
]
UNKNOWN = ("rnn", "lstm", "gru")
NO_GRADIENT = ("scalar", {"by": "modulo", "value": 2, "swapped": True})
"""What PyTorch has no derivative for."""


def network_of(kind, settings, shapes, learnt):
    """Return a network of one layer, before which something is learnt at those inputs that are named."""
    inputs = [Node(f"x{n}", REGISTRY["input"](shape=extents(shape))) for n, shape in enumerate(shapes)]
    nodes, ends = [*inputs], list(range(len(inputs)))
    for n in learnt:
        nodes.append(Node(f"p{n}", REGISTRY["parameter"](shape=extents(shapes[n]))))
        nodes.append(Node(f"a{n}", REGISTRY["add"](), (n, len(nodes) - 1)))
        ends[n] = len(nodes) - 1
    return Network("alone", (*nodes, Node("layer", REGISTRY[kind](**settings), tuple(ends))))


def model_of(report, device):
    """Return the module that archcalc exports; in place where the rules would have it so."""
    scope = {"__name__": "generated"}
    exec(compile(export(report, to="pytorch"), "generated.py", "exec"), scope)  # noqa: S102  # our own program
    with torch.device(device):
        return [made for made in scope.values() if isinstance(made, type)][-1]().train()


def saved_bytes(model, shapes, dtype, device):
    """Return the bytes of what PyTorch saves during a forward pass."""
    owned = {t.untyped_storage()._cdata for t in (*model.parameters(), *model.buffers())}
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage._cdata not in owned:
            storages.setdefault(storage._cdata, storage)  # held, so that no other gets its address
        return tensor

    low = MIXED[dtype]
    mixed = nullcontext() if low is None else torch.autocast("cpu", low)
    words = any(isinstance(module, torch.nn.Embedding) for module in model.modules())
    xs = [torch.rand(shape, device=device).to(torch.int64 if words else torch.float32) for shape in shapes]
    with mixed, torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = model(*xs)
    assert y is not None
    return sum(storage.nbytes() for storage in storages.values())


def compare(network, dtype="float32", *, in_place=False, batch=BATCH):
    """Compare what archcalc says with what PyTorch saves; dropout works in place only where it is told by itself."""
    report = archcalc.analyze(network._replace(in_place=in_place), batch=batch, train=True, dtype=dtype)
    own = {node.op.in_place for node in network.nodes if node.op.kind == "dropout"}
    device = "meta" if dtype == "float32" else "cpu"
    model = model_of(report, device)
    for module in model.modules():
        if hasattr(module, "inplace") and (not isinstance(module, torch.nn.Dropout) or own == {True}):
            module.inplace = in_place
    keeping = find_kept(report.run, AS_EXPORTED)
    assert keeping.unknown == ()
    assert keeping.autograd_bytes == saved_bytes(model, report.input_shapes, dtype, device)


@pytest.mark.parametrize("dtype", ["float32", "amp-bfloat16"])
@pytest.mark.parametrize(("kind", "settings", "shapes"), EXPORTED)
def test_an_op_keeps_what_pytorch_saves(kind, settings, shapes, dtype):
    if kind in UNKNOWN:
        pytest.skip("not known")
    everything = range(len(shapes))
    subsets = {tuple(everything), (), *((n,) for n in everything)} if kind != "embedding" else {()}
    for learnt in sorted(subsets):
        network = network_of(kind, settings, shapes, learnt)
        if settings.get("in_place"):
            compare(network, dtype, in_place=True)
        else:
            compare(network, dtype)


def low_network_of(kind, settings, shapes, low):
    """Return a network of one layer, before which a linear layer makes a low type of those inputs that are named."""
    nodes = [Node(f"x{n}", REGISTRY["input"](shape=extents(shape))) for n, shape in enumerate(shapes)]
    ends = list(range(len(shapes)))
    for n in low:
        ends[n] = len(nodes)
        nodes.append(Node(f"l{n}", REGISTRY["linear"](out=int(shapes[n].split("x")[-1]), axis=-1), (n,)))
    return Network("alone", (*nodes, Node("layer", REGISTRY[kind](**settings), tuple(ends))))


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")  # of rmsnorm
@pytest.mark.parametrize(("kind", "settings", "shapes"), EXPORTED)
def test_an_output_has_the_type_that_autocast_gives_it(kind, settings, shapes):
    if kind in (*UNKNOWN, "embedding"):
        pytest.skip("not known, or takes no numbers of a low type")
    everything = range(len(shapes))
    for low in sorted({tuple(everything), (), tuple(everything)[1:], *((n,) for n in everything)}):
        network = low_network_of(kind, settings, shapes, low)
        report = archcalc.analyze(network, batch=BATCH, train=True, dtype="amp-bfloat16")
        with torch.autocast("cpu", torch.bfloat16):
            made = model_of(report, "cpu")(*[torch.rand(shape) for shape in report.input_shapes])
        dtype = f"torch.{find_kept(report.run, AS_EXPORTED).values[-1].dtype}"
        assert dtype == str(made.dtype), low
        compare(network, "amp-bfloat16")


@pytest.mark.parametrize("layer", ["scalar: {by: less, value: 0.5}", "function: not", "argmax: {keep: true}"])
def test_what_is_kept_of_a_truth_or_a_place_is_float32(layer):
    made = archcalc.loads(
        f"input: 3x4x4\nlayers: [{{conv: {{out: 3, kernel: 1}}}}, multiply: [[], [{layer}]]]"
    )
    compare(made, "amp-bfloat16")


@pytest.mark.parametrize(("kind", "settings", "shapes"), EXPORTED)
def test_the_gradient_of_an_input_is_that_of_the_output_where_pytorch_makes_no_other(kind, settings, shapes):
    op = REGISTRY[kind](**settings)
    report = archcalc.analyze(network_of(kind, settings, shapes, ()), batch=BATCH)
    if kind in UNKNOWN or not op.differentiable or (kind, settings) == NO_GRADIENT:
        pytest.skip("no gradient goes through it")
    inputs = [torch.rand(shape, requires_grad=True) for shape in report.input_shapes]
    made = model_of(report, "cpu")(*inputs)
    gradient = torch.ones_like(made)
    found = torch.autograd.grad(made, inputs, gradient, allow_unused=True)
    at = report.run.facts[-1].at
    for number, each in enumerate(found):
        if each is not None:
            is_same = each.untyped_storage().data_ptr() == gradient.untyped_storage().data_ptr()
            assert op.passes(at, number) == is_same, number


@given(specs(), st.sampled_from(["float32", "amp-bfloat16"]))
def test_a_random_network_keeps_what_pytorch_saves(network, text, dtype):
    made = network(text)
    try:
        export(archcalc.analyze(made, batch=BATCH, train=True), to="pytorch")
    except ArchcalcError:
        assume(False)
    compare(made, dtype)


CONV_TO_ONE = "conv: {out: 8, kernel: 4}"


@pytest.mark.parametrize("convolution", [CONV_TO_ONE, CONV_TO_ONE.replace("4}", "3}")])
def test_a_map_of_one_position_lies_in_order_however_it_came_about(convolution):
    layers = f"[layernorm: {{over: channels}}, {convolution}, add: [[groupnorm: 2], [gelu]]]"
    compare(archcalc.loads(f"input: 3x4x4\nlayers: {layers}"))


FEW = (
    "alexnet",
    "mobilenet_v3_small",
    "resnet18",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "googlenet",
    "vit_b_32",
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.large) for name in NAMES]
)
@pytest.mark.parametrize("in_place", [False, True])
def test_a_network_keeps_what_pytorch_saves(name, in_place):
    if in_place and name == "xception":
        pytest.skip("its shortcuts need what its activations would overwrite")
    made = archcalc.load(name)
    compare(
        made, in_place=in_place, batch=1 if name.startswith("vit") else BATCH
    )  # its class token is one sample's
