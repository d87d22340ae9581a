"""What autograd keeps of a few layers, worked out by hand, and of whole networks, as PyTorch saves it.

The figures of networks are bytes of unique storages that torch.autograd.graph.saved_tensors_hooks saw at batch 64 in
PyTorch 2.13, in float32, on the meta device.
"""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.walk import find_kept
from archcalc.network.network import Network
from archcalc.op.keeps import contiguous, follow, move_last, regroup

MAP = 8 * 6 * 6 * 4
"""The bytes of one tensor of 8x6x6."""
PIXELS = 3 * 6 * 6 * 4


def kept(spec, dtype="float32", *, train=True, **rules):
    made: Network = archcalc.loads(f"input: 3x6x6\n{spec}")
    run = archcalc.analyze(made, train=train, dtype=dtype).run
    return find_kept(run, Rules(**rules))


CONV = "{conv: {out: 8, kernel: 3, padding: 1}}"


@pytest.mark.parametrize(
    ("layers", "size"),
    [
        (f"[{CONV}]", PIXELS),
        (f"[{CONV}, relu]", PIXELS + MAP),
        (f"[{CONV}, batchnorm, relu]", PIXELS + 2 * MAP + 2 * 8 * 4),
        (f"[{CONV}, batchnorm, relu, {CONV}]", PIXELS + 2 * MAP + 2 * 8 * 4),  # one tensor, kept by two
        (f"[{CONV}, flatten, {{linear: 5}}]", PIXELS + MAP),  # a view keeps the whole
        (f"[{CONV}, {{maxpool: 2}}]", PIXELS + MAP + 8 * 3 * 3 * 8),
        (f"[{CONV}, {{avgpool: 2}}]", PIXELS + MAP),
        (f"[{CONV}, global_avgpool]", PIXELS),
        (f"[{CONV}, {{dropout: 0.5}}]", PIXELS + MAP // 4),
        (f"[{CONV}, {{add: [[], []]}}]", PIXELS),
        ("[{maxpool: 2}]", 0),  # nothing is learnt before it
        (f"[{CONV}, {{multiply: [[], [global_avgpool]]}}]", PIXELS + MAP + 8 * 4),
    ],
)
def test_a_tensor_is_kept_once_by_whoever_needs_it(layers, size):
    assert kept(f"layers: {layers}").autograd_bytes == size


@pytest.mark.parametrize(
    ("before", "activation", "in_place", "apart"),
    [
        ("batchnorm", "relu", 2, 2),  # nobody keeps what batchnorm makes
        ("batchnorm", "silu", 2, 2),  # a copy in place of the input
        ("{avgpool: {kernel: 3, stride: 1, padding: 1}}", "leaky_relu", 2, 2),
        ("{leaky_relu: 0.1}", "{leaky_relu: 0.2}", 1, 2),  # the first alone, which keeps its output
        ("{leaky_relu: 0.1}", "relu6", 1, 2),
    ],
)
def test_work_in_place_changes_what_is_kept_where_the_input_would_be(before, activation, in_place, apart):
    layers = f"layers: [{{conv: {{out: 8, kernel: 3, padding: 1}}}}, {before}, {activation}]"
    statistics = 2 * 8 * 4 * ("batchnorm" in before)
    for choice, maps in (("always", in_place), ("never", apart)):
        assert kept(layers, in_place=choice).autograd_bytes == PIXELS + maps * MAP + statistics, choice
    assert kept(layers) == kept(layers, in_place="never")
    assert kept(f"in_place: true\n{layers}") == kept(layers, in_place="always")


def test_a_layer_does_not_overwrite_what_another_one_needs():
    layers = f"layers: [{CONV}, sigmoid, relu]"  # the sigmoid's gradient is worked out from its output
    assert kept(layers, in_place="always") == kept(layers, in_place="never")


def test_mixed_precision_keeps_copies_in_the_low_type():
    keeping = kept(f"layers: [{CONV}, relu, flatten, {{linear: 5}}, softmax]", "amp-float16")
    by_role = {}
    for tensor in keeping.tensors:
        by_role.setdefault(tensor.role, []).append((tensor.dtype, tensor.shape))
    assert by_role == {
        "copy": [("float16", (1, 3, 6, 6))],
        "weight": [("float16", (8, 3, 3, 3)), ("float16", (5, 288))],
        "activation": [("float16", (1, 8, 6, 6)), ("float32", (1, 5))],
    }
    assert [tensor.dtype for tensor in (*keeping.inputs, *keeping.outputs)] == ["float32", "float32"]


ATTENTION = """\
name: attention
input: 50x32
layers:
  - linear: {out: 96, axis: -1}
  - reshape: [50, 3, 4, 8]
  - permute: {name: apart, order: [1, 2, 0, 3]}
  - take: {name: q, axis: 1, index: 0, from: apart}
  - take: {name: k, axis: 1, index: 1, from: apart}
  - take: {name: v, axis: 1, index: 2, from: apart}
  - matmul: {name: scores, from: [q, k], transposed: true}
  - scalar: {by: multiply, value: 0.35}
  - softmax: {axis: -1}
  - matmul: {name: mixed, from: [softmax1, v]}
  - permute: [1, 0, 2]
  - reshape: [50, 32]
  - linear: {out: 32, axis: -1}
"""
TOKENS = 2 * 50 * 32


@pytest.mark.parametrize(
    ("dtype", "device", "number", "rows", "outputs"),
    [
        ("float32", "cpu", 4, 50, 1),
        ("float32", "cuda", 4, 64, 2),  # queries in steps of 32, and a copy of the output for the projection
        ("amp-float16", "cuda", 2, 50, 1),
        ("float16", "cuda", 2, 50, 1),
    ],
)
def test_attention_is_one_kernel_that_keeps_no_scores(dtype, device, number, rows, outputs):
    report = archcalc.analyze(archcalc.loads(ATTENTION), batch=2, train=True, dtype=dtype)
    keeping = find_kept(report.run, Rules(device=device))
    copied = (
        32 * 32 * 2 if dtype.startswith("amp") else 0
    )  # the second weight: the first one's input needs no gradient
    assert keeping.autograd_bytes == TOKENS * number * (1 + 3 + outputs) + 2 * 4 * rows * 4 + copied


def test_attention_as_it_is_written_keeps_its_scores():
    report = archcalc.analyze(archcalc.loads(ATTENTION), batch=2, train=True)
    apart = find_kept(report.run, Rules(device="cpu", fused_attention=False))
    scores = 2 * 4 * 50 * 50 * 4
    copies = 3 * TOKENS * 4  # of q, k and v, whose matrices do not lie as a stack
    assert apart.autograd_bytes == TOKENS * 4 + copies + scores + TOKENS * 4


def test_a_bias_between_its_layers_leaves_attention_as_it_is_written():
    spec = ATTENTION.replace(
        "  - softmax: {axis: -1}", "  - add: [[], [{parameter: 4x50x50}]]\n  - softmax: {axis: -1}"
    )
    run = archcalc.analyze(archcalc.loads(spec), batch=2, train=True).run
    assert find_kept(run, Rules()) == find_kept(run, Rules(fused_attention=False))


HEADS = """
layers:
  - parameter: {{name: q, shape: {}}}
  - parameter: {{name: k, shape: {}}}
  - parameter: {{name: v, shape: {}}}
  - matmul: {{from: [q, k], transposed: true}}
  - softmax: {{axis: -1}}
  - matmul: {{from: [softmax1, v]}}
"""


KERNELS = [  # the sizes of q, k and v, their type, and the devices that have a kernel for them
    (("4x10x8", "4x12x8", "4x12x8"), "float32", ("cpu", "cuda")),
    (("4x10x8", "4x12x8", "4x12x8"), "float64", ("cpu",)),
    (("4x10x8", "4x12x8", "4x12x6"), "float32", ("cuda",)),  # rows of another length in v
    (("4x10x8", "1x12x8", "1x12x8"), "float32", ()),  # one head for all queries
    (("10x8", "12x8", "12x8"), "float32", ()),
]


@pytest.mark.parametrize(("sizes", "dtype", "kernels"), KERNELS)
def test_attention_is_a_kernel_only_of_what_one_takes(sizes, dtype, kernels):
    made = archcalc.loads("input: 1" + HEADS.format(*sizes))
    run = archcalc.analyze(made, train=True, dtype=dtype).run
    fused = {device: find_kept(run, Rules(device=device)) for device in ("cpu", "cuda")}
    apart = find_kept(run, Rules(fused_attention=False))
    assert tuple(device for device in fused if fused[device].tensors != apart.tensors) == kernels


@pytest.mark.torch
@pytest.mark.parametrize(("sizes", "dtype", "kernels"), KERNELS)
def test_pytorch_has_a_kernel_on_the_cpu_for_the_same(sizes, dtype, kernels):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    shapes = [(1, *map(int, size.split("x"))) for size in sizes]
    inputs = [torch.rand(shape, dtype=getattr(torch, dtype), requires_grad=True) for shape in shapes]
    made = torch.nn.functional.scaled_dot_product_attention(*inputs)
    assert ("Attention" in made.grad_fn.name()) == ("cpu" in kernels)


UNKNOWN = "input: 10x8\nlayers: [{lstm: 4}, {reshape: 40}, {linear: 2}]"


def test_what_nobody_knows_is_named_and_makes_the_total_unknown(run):
    outcome = run("memory", "-", "--train", "--format", "json", stdin=UNKNOWN)
    training = json.loads(outcome.out)["training"]
    assert (training["unknown"], training["kept_bytes"]) == (["lstm1"], None)
    assert "what PyTorch 2.13 keeps of lstm1 is not known" in run("memory", "-", "--train", stdin=UNKNOWN).out


@pytest.mark.parametrize(
    "einsum",
    [
        "{equation: 'nij,nij,nij->n', from: [a, a, a]}",  # multiplied as they are first, and then by torch.bmm
        "{equation: 'nii,nij->nij', from: [a, a]}",  # a diagonal
    ],
)
def test_nobody_knows_what_an_einsum_of_both_kinds_or_of_a_diagonal_keeps(einsum):
    layers = f"[{{linear: {{name: a, out: 3, axis: -1}}}}, {{einsum: {einsum}}}]"
    run = archcalc.analyze(archcalc.loads(f"input: 3x3\nlayers: {layers}"), train=True).run
    assert find_kept(run, Rules()).unknown == (2,)


@pytest.mark.parametrize("choice", ["always", "never", "as-written"])
def test_the_command_line_says_how_layers_work_in_place(run, choice):
    outcome = run("memory", "alexnet_torchvision", "--train", "--in-place", choice, "--format", "json")
    training = json.loads(outcome.out)["training"]
    rules = Rules(in_place=choice)
    keeping = find_kept(archcalc.analyze(archcalc.load("alexnet_torchvision"), train=True).run, rules)
    assert (training["in_place"], training["requested_bytes"]) == (choice, keeping.bytes)


def test_in_place_is_true_or_false(run):
    outcome = run("show", "-", stdin="input: 3x6x6\nin_place: maybe\nlayers: [relu]")
    assert "'in_place' must be true or false, not 'maybe'" in outcome.err


def test_a_spec_is_written_with_how_it_works_in_place(run):
    spec = "input: 3x6x6\nin_place: true\nlayers: [relu, {relu: {in_place: false}}]"
    written = run("export", "-", "--to", "spec", stdin=spec).out
    again = archcalc.loads(written)
    assert (again.in_place, [node.op.in_place for node in again.nodes[1:]]) == (True, [None, False])


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet50", 5_498_420_736),
        ("mobilenet_v2", 5_005_546_752),
        ("densenet121", 8_343_460_608),
        ("vgg16", 4_694_736_896),
        ("squeezenet1_1", 1_348_462_592),
    ],
)
def test_a_network_keeps_what_pytorch_saves_of_it(name, size):
    report = archcalc.analyze(archcalc.load(name), batch=64, train=True)
    assert find_kept(report.run, Rules(device="cpu")).autograd_bytes == size


@pytest.mark.parametrize(
    ("shape", "strides", "wanted", "regrouped"),
    [
        ((2, 3, 4), (12, 4, 1), (2, 12), (12, 1)),
        ((2, 3, 4), (12, 4, 1), (2, 3, 2, 2), (12, 4, 2, 1)),
        ((2, 4, 3), (12, 1, 4), (2, 12), None),
        ((2, 4, 1), (4, 1, 1), (2, 4), (4, 1)),
    ],
)
def test_a_tensor_keeps_its_memory_where_its_axes_lie_in_a_row(shape, strides, wanted, regrouped):
    assert regroup(shape, strides, wanted) == regrouped


def test_new_tensors_lie_as_their_inputs_do():
    assert contiguous((2, 3, 4)) == (12, 4, 1)
    assert move_last((2, 3, 4, 5), 1) == (60, 1, 15, 3)
    assert follow((2, 6, 2, 2), (60, 1, 15, 3)) == (24, 1, 12, 6)
