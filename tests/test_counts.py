"""Counts as people say them: by kind of layer, weights and biases apart, folded, of a training step."""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc.views.layers import SUMS

D2L_ALEXNET = """\
name: d2l_alexnet
input: 1x224x224
layers:
  - conv: {out: 96, kernel: 11, stride: 4, padding: 1}
  - relu
  - maxpool: {kernel: 3, stride: 2}
  - conv: {out: 256, kernel: 5, padding: 2}
  - relu
  - maxpool: {kernel: 3, stride: 2}
  - conv: {out: 384, kernel: 3, padding: 1}
  - relu
  - conv: {out: 384, kernel: 3, padding: 1}
  - relu
  - conv: {out: 256, kernel: 3, padding: 1}
  - relu
  - maxpool: {kernel: 3, stride: 2}
  - flatten
  - linear: 4096
  - relu
  - dropout
  - linear: 4096
  - relu
  - dropout
  - linear: 10
"""
"""AlexNet as Dive into Deep Learning builds it (d2l-en, alexnet.md)."""


@pytest.fixture
def document(run):
    """Return a function that runs a line and reads its JSON."""

    def read(line, stdin=""):
        outcome = run(*line.split(), "--format", "json", stdin=stdin)
        assert outcome.status == 0, outcome.err
        return json.loads(outcome.out)

    return read


def by_op(document, line, stdin=""):
    return {row["op"]: row for row in document(f"show {line} --by op", stdin)["rows"]}


@pytest.mark.parametrize(
    ("model", "counts"),
    [
        # LeCun et al. 1998 as it is built today: 2 convolutions, 2 pools, 3 fully connected
        ("lenet5", {"conv": 2, "maxpool": 2, "linear": 3}),
        # Krizhevsky et al. 2012: five convolutional layers, some followed by max pooling, three fully connected
        ("alexnet", {"conv": 5, "maxpool": 3, "linear": 3}),
        # Simonyan & Zisserman 2015, table 1, columns D and E
        ("vgg16", {"conv": 13, "maxpool": 5, "linear": 3}),
        ("vgg19", {"conv": 16, "maxpool": 5, "linear": 3}),
    ],
)
def test_layers_are_counted_by_type(document, model, counts):
    rows = by_op(document, model)
    assert {op: rows[op]["layers"] for op in counts} == counts


def test_types_have_subtotals(document):
    """d2l-en, alexnet.md, exercise 1: 3,723,968 parameters in convolutions, 43,040,778 in fully connected layers."""
    rows = by_op(document, "-", D2L_ALEXNET)
    assert (rows["conv"]["params"], rows["linear"]["params"]) == (3_723_968, 43_040_778)
    assert rows["linear"]["weight_bytes"] == 4 * 43_040_778


@pytest.mark.parametrize("model", ["alexnet", "googlenet", "lenet5_1998", "vit_b_16", "shufflenet_v2_x0_5"])
@pytest.mark.parametrize("by", ["op", "stage"])
def test_rows_add_up_to_the_totals(document, model, by):
    data = document(f"show {model} --by {by} --batch 2")
    report = archcalc.analyze(model, batch=2)
    assert sum(row["layers"] for row in data["rows"]) == len(report.rows)
    for key in ("params", "fixed", "buffers", "macs", "flops", "comparisons", "activations", "weight_bytes"):
        assert sum(row[key] for row in data["rows"]) == data["totals"][key]


def test_every_sum_adds_up(document):
    """What `--by op` may show is what adds up over layers, layer by layer."""
    layers = document("show resnet18 --depth all")["rows"]
    rows = by_op(document, "resnet18")
    for op, row in rows.items():
        alike = [layer for layer in layers if layer["op"] == op]
        for key in set(SUMS) - {"op"}:
            assert row[key] == pytest.approx(sum(layer[key] for layer in alike), abs=1e-5), key


def test_a_stage_is_a_block_at_the_top(run):
    assert run("show", "resnet50", "--by", "stage").out == run("show", "resnet50", "--depth", "1").out


def test_a_layer_is_the_row_unless_told(run):
    assert run("show", "lenet5", "--by", "layer").out == run("show", "lenet5").out


def test_work_that_is_not_known_makes_the_work_of_its_type_unknown(document):
    rows = by_op(document, "-", UNKNOWN)
    assert rows["unaccounted"]["macs"] is None
    assert rows["conv"]["macs"] == 6 * 6 * 27 * 4


UNKNOWN = """\
input: 3x8x8
layers:
  - conv: {out: 4, kernel: 3}
  - unaccounted: {what: Strange, shape: 4x6x6}
"""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("show lenet5 --by op --columns op,field", "there is no sum of the column 'field'"),
        ("show lenet5 --by op --depth 1", "leave one out"),
        ("show lenet5 --by stage --depth 2", "leave one out"),
        ("show lenet5 --by kind", "did you mean op?"),
    ],
)
def test_what_does_not_add_up_is_refused(run, line, says):
    outcome = run(*line.split())
    assert outcome.status == 2
    assert says in outcome.err


def split(document, line, stdin=""):
    rows = document(f"params {line} --split --per-layer", stdin)["rows"]
    return {row["layer"]: (row["weight_params"], row["bias_params"], row["other_params"]) for row in rows}


def test_weights_and_biases_of_alexnet_conv1(document):
    """CS231n, convolutional-networks.md: 96·11·11·3 = 34,848 unique weights, with 96 biases 34,944 parameters."""
    assert split(document, "alexnet")["conv1"] == (34_848, 96, 0)


def test_weights_of_vgg16(document):
    """CS231n's table of VGG-16 counts weights alone, layer by layer."""
    weights = [weights for weights, _, _ in split(document, "vgg16").values()]
    assert weights == [
        1_728,
        36_864,
        73_728,
        147_456,
        294_912,
        589_824,
        589_824,
        1_179_648,
        2_359_296,
        2_359_296,
        2_359_296,
        2_359_296,
        2_359_296,
        102_760_448,
        16_777_216,
        4_096_000,
    ]


def test_weights_and_biases_of_simple_convnet(document):
    """Deep Learning from Scratch, 7.5: W1 (30, 1, 5, 5), b1 30, W2 (4320, 100), b2 100, W3 (100, 10), b3 10."""
    assert list(split(document, "simple_convnet").values()) == [
        (750, 30, 0),
        (432_000, 100, 0),
        (1_000, 10, 0),
    ]


def test_connections_that_are_left_out_have_no_weight(document):
    """LeCun et al. 1998, table I: C3 has 1,516 parameters, 16 of them biases."""
    parts = split(document, "lenet5_1998")
    assert parts["c3"] == (1_500, 16, 0)
    assert parts["s2"] == (0, 0, 12)


def test_weights_that_are_shared_count_once(document):
    layers = "[linear: {name: a, out: 8}, relu, linear: {name: b, out: 8, tie: a}, linear: {name: c, out: 8, shared: bias}]"
    assert split(document, "-", f"input: 8\nlayers: {layers}\n") == {"a": (64, 8, 0), "c": (64, 0, 0)}


def test_recurrent_layers_have_two_biases(document):
    """torch.nn.LSTM: weight_ih (4h, C), weight_hh (4h, h), two biases of 4h."""
    parts = split(document, "-", "input: 10x8\nlayers: [lstm: 6]\n")
    assert parts == {"lstm1": (24 * 8 + 24 * 6, 48, 0)}


@pytest.mark.torch
@pytest.mark.parametrize("model", ["googlenet", "resnet18", "vgg11_bn", "vit_b_16", "densenet121"])
def test_parts_are_those_of_pytorch_s_modules(document, model):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    modules = torch_modules(torch, model)
    kinds = (torch.nn.modules.conv._ConvNd, torch.nn.Linear)
    own = [
        (
            "others" if not isinstance(module, kinds) else "biases" if name == "bias" else "weights",
            tensor.numel(),
        )
        for module in modules.modules()
        for name, tensor in module.named_parameters(recurse=False)
    ]
    data = document(f"params {model} --split")
    for key, part in (("weight_params", "weights"), ("bias_params", "biases"), ("other_params", "others")):
        assert sum(row[key] for row in data["rows"]) == sum(count for which, count in own if which == part)


def torch_modules(torch, model):
    """Return a network as the modules of a program that archcalc writes, without numbers."""
    scope = {"__name__": "generated"}
    code = archcalc.export(archcalc.analyze(model), to="pytorch")
    exec(compile(code, "generated.py", "exec"), scope)  # noqa: S102  # ours
    with torch.device("meta"):
        return [value for value in scope.values() if isinstance(value, type)][-1]().eval()


def test_parts_may_be_expected(report_of):
    expected = "expect: {weight_params: 108, source: by hand, layers: {c: {bias_params: 4}}}"
    network = (
        f"name: n\ninput: 3x8x8\nlayers: [conv: {{name: c, out: 4, kernel: 3}}, batchnorm]\n{expected}\n"
    )
    assert [finding.verdict for finding in archcalc.check(archcalc.loads(network))] == ["ok", "ok"]


def test_the_arithmetic_has_parts_of_its_own(run):
    outcome = run("params", "lenet5", "--formula", "--split")
    assert outcome.status == 2
    assert "leave out --formula or --split" in outcome.err


@pytest.mark.parametrize(
    ("model", "params"),
    [
        # what is left in the ONNX file that PyTorch writes of torchvision's resnet50; Open Model Zoo says 25.53 M
        ("resnet50", 25_530_472),
        # a network without batch normalisation stays as it is: torchvision's vgg16
        ("vgg16", 138_357_544),
        # and with it folded it is that network
        ("vgg16_bn", 138_357_544),
    ],
)
def test_parameters_once_batch_normalisation_is_folded(document, model, params):
    data = document(f"params {model} --fold-batchnorm")
    assert data["totals"]["params"] == params
    assert data["totals"]["buffers"] == 0
    assert data["totals"]["macs"] == archcalc.analyze(model).totals.macs


@pytest.mark.torch
@pytest.mark.parametrize(
    "model", ["resnet18", "densenet121", "mobilenet_v2", "googlenet", "shufflenet_v2_x0_5"]
)
def test_what_is_folded_is_what_pytorch_folds(document, model):
    """`torch.fx` folds a batch normalisation where its convolution is right before it and has no other reader."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    fuse = pytest.importorskip("torch.fx.experimental.optimization").fuse
    modules = torch_modules(torch, model).to_empty(device="cpu")
    fused = fuse(modules)
    data = document(f"params {model} --fold-batchnorm")
    assert data["totals"]["params"] == sum(value.numel() for value in fused.parameters())
    left = [value for name, value in fused.named_buffers() if "num_batches" not in name]
    assert data["totals"]["buffers"] == sum(value.numel() for value in left)


FOLDS = [
    # layers, the parameters that are left, and why a batch normalisation stays
    ("[conv: {out: 4, kernel: 3, bias: false}, batchnorm]", 108 + 4, ""),
    ("[conv: {out: 4, kernel: 3, bias: false}, batchnorm: {affine: false}]", 108 + 4, ""),
    ("[conv: {out: 4, kernel: 3}, batchnorm, batchnorm]", 108 + 4, ""),
    ("[conv_transpose: {out: 4, kernel: 3, bias: false}, batchnorm]", 108 + 4, ""),
    ("[flatten, linear: {out: 4, bias: false}, batchnorm, relu]", 192 * 4 + 4, ""),
    ("[batchnorm, conv: {out: 4, kernel: 3}]", 112 + 6, "right before it"),
    ("[conv: {out: 4, kernel: 3}, relu, batchnorm]", 112 + 8, "right before it"),
    ("[linear: {out: 5, axis: -1, bias: false}, batchnorm]", 40 + 6, "right before it"),
    (
        "[{conv: {name: c, out: 4, kernel: 3}}, batchnorm, {add: [[], [{relu: {from: c}}]]}]",
        120,
        "other layers read",
    ),
    (
        "[conv: {name: a, out: 3, kernel: 1}, batchnorm, conv: {name: b, out: 3, kernel: 1, tie: a}, batchnorm]",
        12 + 12,
        "shares weights with another layer",
    ),
    (
        "[conv: {out: 3, kernel: 1}, batchnorm: {name: n}, conv: {out: 3, kernel: 1}, batchnorm: {tie: n}]",
        24 + 6,
        "shares weights with another layer",
    ),
    (
        "[conv: {name: a, out: 3, kernel: 1}, batchnorm, conv: {out: 3, kernel: 1, shared: bias}]",
        12 + 6 + 9,
        "may share weights",
    ),
]


@pytest.mark.parametrize(("layers", "params", "reason"), FOLDS)
def test_where_a_batch_normalisation_folds(document, layers, params, reason):
    data = document("params - --fold-batchnorm", f"name: n\ninput: 3x8x8\nlayers: {layers}\n")
    assert data["totals"]["params"] == params
    kept = [each["reason"] for each in data["folding"]["kept"]]
    assert bool(kept) == bool(reason)
    assert all(reason in each for each in kept)
    assert len(data["folding"]["folded"]) + len(kept) == layers.count("batchnorm")


def test_an_output_of_the_network_stays_what_it_is(document):
    text = "name: n\ninput: 3x8x8\nlayers: [conv: {name: c, out: 4, kernel: 3}, batchnorm]\noutputs: [c, batchnorm1]\n"
    (kept,) = document("params - --fold-batchnorm", text)["folding"]["kept"]
    assert "an output of the network" in kept["reason"]


def test_folding_goes_with_every_page_of_params(document, run):
    assert document("params resnet18 --fold-batchnorm --split")["totals"]["params"] == sum(
        row["params"] for row in document("params resnet18 --fold-batchnorm --formula")["rows"]
    )
    assert (
        "53 batch normalisations folded" in run("params", "resnet50", "--fold-batchnorm", "--per-layer").out
    )
    assert document("params resnet50")["folding"] is None
    outcome = run("params", "googlenet", "--fold-batchnorm", "--train")
    assert (outcome.status, "leave out --train" in outcome.err) == (2, True)


def test_a_folded_network_is_a_report_like_any_other():
    """What it has in memory, and the same work but for normalisation: a bias where there was none."""
    from archcalc.analysis.batchnorm import fold_batchnorms

    report = archcalc.analyze("resnet50", batch=2, input="3x256x256")
    folded = fold_batchnorms(report).report
    normalised = [row for row in report.rows if row.kind == "batchnorm"]
    assert (folded.batch, folded.input_shape) == (2, (3, 256, 256))
    assert len(folded.rows) == len(report.rows) - len(normalised)
    assert report.totals.flops - folded.totals.flops == sum(row.activations for row in normalised)
    assert folded.peak_bytes <= report.peak_bytes


@pytest.mark.torch
@pytest.mark.parametrize(
    "model", ["alexnet", "lenet5", "vgg11_bn", "resnet18", "densenet121", "squeezenet1_1"]
)
def test_a_training_step_costs_what_pytorch_counts(document, model):
    """PyTorch's flop counter counts 2 for each multiply-accumulate of a product, backward as it makes them."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    counter = pytest.importorskip("torch.utils.flop_counter").FlopCounterMode(display=False)
    report = archcalc.analyze(model, batch=2)
    modules = torch_modules(torch, model).train()
    with counter:
        modules(torch.zeros((2, *report.input_shape), device="meta")).sum().backward()
    data = document(f"flops {model} --train --batch 2")
    assert 2 * data["totals"]["train.macs"] == counter.get_total_flops()


TRAINED = [
    # input and layers, forward MACs, MACs of the gradients
    ("3x8x8", "[conv: {out: 4, kernel: 3}]", 3_888, 3_888),  # of the weights alone
    ("3x8x8", "[batchnorm, conv: {out: 4, kernel: 3}]", 3_888, 2 * 3_888),  # γ and β need that of the input
    ("3x8x8", "[relu, conv: {out: 4, kernel: 3}]", 3_888, 3_888),
    ("3x8x8", "[conv_transpose: {out: 4, kernel: 3}, flatten, linear: 2]", 6_912 + 800, 6_912 + 1_600),
    ("8x8", "[matmul: [[], []]]", 512, 0),  # nothing is learnt
    ("8x8", "[matmul: [[{linear: {out: 8, axis: -1}}], []]]", 1_024, 512 + 512),
    (
        "8x8",
        "[matmul: [[{linear: {out: 8, axis: -1}}], [{linear: {out: 8, axis: -1}}]]]",
        1_536,
        2 * 512 + 2 * 512,
    ),
    (
        "8x8",
        "[{linear: {out: 8, axis: -1}}, {einsum: {equation: 'nij,njk->nik', branches: [[], []]}}]",
        1_024,
        1_536,
    ),
    ("10x8", "[lstm: 6]", 3_360, 3_360 + 1_440),  # of the states, 10·24·6, but not of the input
    ("10x8", "[lstm: 6, lstm: 6]", 3_360 + 2_880, 3_360 + 1_440 + 2 * 2_880),
]


@pytest.mark.parametrize(("shape", "layers", "macs", "gradients"), TRAINED)
def test_what_needs_no_gradient_costs_none(document, shape, layers, macs, gradients):
    totals = document("flops - --train", f"name: n\ninput: {shape}\nlayers: {layers}\n")["totals"]
    assert (totals["macs"], totals["train.macs"]) == (macs, macs + gradients)


def test_backward_is_twice_forward_but_for_the_first_layer(document):
    """d2l-en, channels.md, exercise 2: a convolution backward costs about twice as much as forward."""
    data = document("flops alexnet --train --per-layer")
    first, *others = [row for row in data["rows"] if row["macs"]]
    assert first["train.macs"] == 2 * first["macs"] == 2 * 105_415_200
    assert [row["train.macs"] for row in others] == [3 * row["macs"] for row in others]
    assert sum(row["train.macs"] for row in data["rows"]) == data["totals"]["train.macs"]


def test_a_training_step_has_its_heads(document):
    whole, alone = document("flops googlenet --train")["totals"], document("flops googlenet")["totals"]
    assert whole["train.macs"] == alone["train.macs"]
    assert whole["macs"] > alone["macs"]


def test_a_training_step_may_be_limited(run, document):
    trained = document("flops alexnet")["totals"]["train.macs"]
    assert run("check", "alexnet", "--limit", f"train.macs <= {trained}").status == 0
    assert run("check", "alexnet", "--limit", f"train.macs < {trained}").status == 1
    assert str(trained) in run("list", "alexnet", "--columns", "name,train.macs", "--format", "csv").out


def test_a_backward_pass_that_is_not_known_is_unknown(document, run):
    data = document("flops - --train --per-layer", UNKNOWN)
    assert [row["train.macs"] for row in data["rows"]] == [0, 2 * 3_888, None]
    assert data["totals"]["train.macs"] is None
    outcome = run("check", "-", "--limit", "train.macs <= 1G", stdin=UNKNOWN)
    assert (outcome.status, "unknown" in outcome.out) == (1, True)
    outcome = run("check", "-", "--limit", "train.macs <= 7K", stdin=UNKNOWN)
    assert (outcome.status, "wrong" in outcome.out) == (1, True)


def test_shapes_have_the_batch_where_there_is_one(run, document):
    """Deep Learning from Scratch, 7.2.3: data are (N, C, H, W), x.shape is (10, 1, 28, 28); W1 (30, 1, 5, 5), b1 (30)."""
    line = ("explain", "simple_convnet", "conv1", "--batch", "10")
    out = run(*line).out
    assert "input 10×1×28×28 → 10×30×24×24" in out
    assert "weights: weight 30×1×5×5, bias 30" in out
    assert "input 1×28×28 → 30×24×24" in run(*line[:-2]).out
    shown = run("show", "simple_convnet", "--batch", "10", "--columns", "layer,inputs,output").out
    assert "10×30×12×12" in shown
    assert "10×4320" in shown
    assert "4×64×56×56 → 4×64×56×56" in run("explain", "resnet18", "conv2_x", "--batch", "4").out


def test_machines_get_shapes_without_the_batch(run, document):
    rows = {row["layer"]: row for row in document("show simple_convnet --batch 10")["rows"]}
    assert (rows["conv1"]["inputs"], rows["conv1"]["output"]) == ([[1, 28, 28]], [30, 24, 24])
    assert document("explain simple_convnet conv1 --batch 10")["output"] == [30, 24, 24]
    line = ("show", "simple_convnet", "--columns", "layer,inputs,output", "--format", "csv")
    assert run(*line, "--batch", "10").out == run(*line).out


def test_a_shape_whose_first_axis_is_no_batch_stays_as_it_is(run):
    text = "input: 4x6\nlayers: [einsum: {equation: 'nij->ijn'}]\n"
    assert "4×6×10" in run("show", "-", "--batch", "10", stdin=text).out


@pytest.mark.parametrize(
    ("layer", "source", "shape", "filters", "weights"),
    [
        # Krizhevsky et al. 2012; CS231n, convolutional-networks.md, "Converting FC layers to CONV layers"
        ("alexnet fc6", "pool5", [256, 6, 6], 4096, 37_748_736),
        ("vgg16 fc6", "adaptive_avgpool1", [512, 7, 7], 4096, 102_760_448),
        ("alexnet_torchvision fc6", "adaptive_avgpool1", [256, 6, 6], 4096, 37_748_736),
        # Deep Learning from Scratch, 7.5: 4,320 numbers are 30 maps of 12 × 12
        ("simple_convnet linear1", "maxpool1", [30, 12, 12], 100, 432_000),
    ],
)
def test_a_fully_connected_layer_is_a_convolution(document, layer, source, shape, filters, weights):
    found = document(f"explain {layer}")["convolution"]
    assert found == {
        "source": source,
        "input": shape,
        "kernel": shape[1:],
        "filters": filters,
        "weights": weights,
    }


def test_the_page_says_which_convolution_a_layer_is(run):
    out = run("explain", "alexnet", "fc6", COLUMNS=200).out
    assert "kernel 6×6 over the 256×6×6 of pool5 with 4,096 filters" in out
    assert "the same 37,752,832 parameters, 37,748,736 weights and 4,096 biases" in out


@pytest.mark.parametrize(
    "layers",
    [
        "[relu, flatten, linear: {name: fc, out: 5}]",
        "[flatten, dropout, linear: {name: fc, out: 5}]",
        "[reshape: [2, 6, 6], reshape: [72], linear: {name: fc, out: 5, bias: false}]",
    ],
)
def test_that_convolution_computes_the_same(document, layers):
    """The layer's own reference and that of the convolution, on the same numbers."""
    import numpy as np

    convolution = document("explain - fc", f"name: n\ninput: 2x4x9\nlayers: {layers}\n")["convolution"]
    channels, *kernel = convolution["input"]
    x = np.random.default_rng(0).normal(size=(3, channels, *kernel)).astype("float32")
    weight = np.random.default_rng(1).normal(size=(5, 72)).astype("float32")
    dense = archcalc.REGISTRY["linear"](out=5, bias=False).forward(x.reshape(3, 72), weight=weight)
    conv = archcalc.REGISTRY["conv"](out=5, kernel=tuple(convolution["kernel"]), bias=False)
    slid = conv.forward(x, weight=weight.reshape(5, channels, *kernel))
    assert slid.shape == (3, 5, 1, 1)
    assert np.allclose(dense, slid[:, :, 0, 0], atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ("2x4x9", "[conv: {name: fc, out: 5, kernel: 3}]"),
        ("8", "[linear: {name: fc, out: 5}]"),  # no map before it
        ("2x4x9", "[linear: {name: fc, out: 5, axis: -1}]"),
        ("2x4x9", "[flatten, relu, linear: 6, linear: {name: fc, out: 5}]"),  # a linear layer between
        ("2x4x9", "[permute: [1, 2, 0], flatten, rbf: {name: fc, out: 5}]"),  # distances
    ],
)
def test_what_is_no_such_layer_is_no_convolution(document, shape, layers):
    assert document("explain - fc", f"name: n\ninput: {shape}\nlayers: {layers}\n")["convolution"] is None


def test_an_input_that_heads_do_not_suit_hinders_only_the_training(document):
    """GoogLeNet's heads need 65 pixels, GoogLeNet itself needs one."""
    data = document("explain googlenet --input 3x33x33")
    assert data["heads"] is None
    assert data["totals"]["train.macs"] is None
    assert data["totals"]["macs"] > 0


@pytest.mark.parametrize(
    ("model", "names", "with_heads"),
    [
        # torchvision.models: inception_v3 with its auxiliary head, and googlenet with both
        ("inception_v3", ["AuxLogits"], 27_161_264),
        ("googlenet_torchvision", ["aux1", "aux2"], 13_004_888),
    ],
)
def test_what_the_heads_of_training_add(document, model, names, with_heads):
    data = document(f"explain {model}")
    assert data["heads"]["names"] == names
    assert data["totals"]["params"] + data["heads"]["params"] == with_heads
    trained = document(f"show {model} --train")["totals"]
    assert trained["params"] == with_heads
    assert trained["macs"] - data["totals"]["macs"] == data["heads"]["macs"]
    assert document(f"explain {model} --train")["heads"] == data["heads"]


def test_heads_are_named_where_they_begin(document, run):
    text = """\
name: n
input: 3x8x8
blocks:
  stage:
    layers:
      - conv: {out: 4, kernel: 3}
      - auxiliary: {name: head, layers: [flatten, linear: 2]}
layers: [stage: {name: first}, relu]
"""
    heads = document("explain -", text)["heads"]
    assert heads == {"names": ["first.head"], "params": 144 * 2 + 2, "macs": 144 * 2, "losses": {}}
    assert "first.head: 290 parameters and 288 MACs" in run("explain", "-", stdin=text).out
    assert document("explain lenet5")["heads"] is None
