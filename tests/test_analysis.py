"""What analysis promises of any network: sums, scaling, depth, shared weights, rounding, other inputs."""

from __future__ import annotations

import gc

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.network.network import Network, Node
from archcalc.ops import REGISTRY

SEVERAL = ["lenet5_1998", "alexnet_two_gpus", "googlenet", "resnet18", "densenet121", "se_resnet50", "shufflenet_v2_x1_0"]  # fmt: skip
several_networks = pytest.mark.parametrize("name", SEVERAL)
ADDED_UP = ("params", "fixed", "buffers", "macs", "flops", "activations", "in_place")


@several_networks
@pytest.mark.parametrize("train", [False, True], ids=["inference", "train"])
def test_rows_add_up_to_the_totals(name, train):
    report = archcalc.analyze(archcalc.load(name), batch=3, train=train)
    for figure in ADDED_UP:
        assert sum(getattr(row, figure) for row in report.rows) == getattr(report.totals, figure), figure
    assert report.totals.work == tuple(map(sum, zip(*(row.work for row in report.rows), strict=True)))
    assert report.totals.peak == max(row.alive for row in report.rows)
    assert report.totals.depth == max(row.depth for row in report.rows)
    assert report.totals.incomplete == ()


@several_networks
def test_work_and_activations_scale_with_the_batch_and_weights_do_not(name):
    network = archcalc.load(name)
    one, eight = archcalc.analyze(network), archcalc.analyze(network, batch=8)
    for figure in ("macs", "flops", "activations", "in_place", "peak"):
        assert getattr(eight.totals, figure) == 8 * getattr(one.totals, figure), figure
    for figure in ("params", "fixed", "buffers", "depth"):
        assert getattr(eight.totals, figure) == getattr(one.totals, figure), figure
    assert [row.output_shape for row in eight.rows] == [(8, *row.output_shape[1:]) for row in one.rows]
    assert [row.field for row in eight.rows] == [row.field for row in one.rows]


@pytest.mark.parametrize(
    ("dtype", "each"), [("float64", 8), ("float32", 4), ("float16", 2), ("bfloat16", 2), ("int8", 1)]
)
def test_bytes_scale_with_the_type_and_counts_do_not(dtype, each):
    report = archcalc.analyze(archcalc.load("vgg16"), dtype=dtype)
    assert report.weight_bytes == 138_357_544 * each
    assert report.activation_bytes == report.totals.activations * each
    assert report.peak_bytes == report.totals.peak * each
    assert report.totals == archcalc.analyze(archcalc.load("vgg16")).totals


def test_weight_bytes_hold_learnt_and_fixed_numbers_and_buffers(report_of):
    report = report_of("input: 4\nlayers: [linear: 3, batchnorm, rbf: 2]")
    assert report.weight_bytes == 4 * ((4 * 3 + 3) + (2 * 3 + 2 * 3) + 3 * 2)


@pytest.mark.parametrize("batch", [0, -1, 2.5, True, "2"])
def test_a_batch_is_a_whole_number_of_at_least_1(batch):
    with pytest.raises(ArchcalcError, match="batch must be"):
        archcalc.analyze(archcalc.load("lenet5"), batch=batch)


def test_a_batch_given_as_2_0_counts_in_integers():
    report = archcalc.analyze(archcalc.load("lenet5"), batch=2.0)
    assert isinstance(report.batch, int)
    assert isinstance(report.totals.macs, int)
    assert report == archcalc.analyze(archcalc.load("lenet5"), batch=2)


@pytest.mark.parametrize(
    ("conditions", "fact", "hint"),
    [
        ({"dtype": "float23"}, "there is no dtype 'float23'", "did you mean float"),
        ({"dtype": "real"}, "there is no dtype 'real'", "choose one of float64, float32"),
        ({"rounding": "up"}, "rounding must be floor or ceil or strict, not 'up'", None),
        ({"input": "1x"}, "input must be a size", None),
        ({"input": [1, 0]}, "input must be at least 1, not 0", None),
        (
            {"input": "32x32"},
            "input has 2 sizes, but lenet5 takes 3",
            "channels first and no batch, as in 1x32x32",
        ),
    ],
)
def test_a_wrong_argument_is_a_fact(conditions, fact, hint):
    with pytest.raises(ArchcalcError) as caught:
        archcalc.analyze(archcalc.load("lenet5"), **conditions)
    assert caught.value.fact.startswith(fact)
    assert hint is None or hint in caught.value.hint


# Depth: convolutions and linear layers on the longest path.
@pytest.mark.parametrize(
    ("layers", "depth"),
    [
        ("[]", 0),
        ("[relu, maxpool: 2]", 0),
        ("[conv: {out: 2, kernel: 1}, batchnorm, relu, conv_transpose: {out: 2, kernel: 1}]", 2),
        (
            "[add: [[conv: {out: 3, kernel: 1}, conv: {out: 3, kernel: 1}], [conv: {out: 3, kernel: 1}], []]]",
            2,
        ),
        ("[conv: {out: 3, kernel: 1}, add: [[], []], flatten, linear: 2]", 2),
        ("[flatten, linear: 84, rbf: 10]", 2),
    ],
)
def test_depth_is_that_of_the_longest_path(layers, depth, report_of):
    assert report_of(f"input: 3x8x8\nlayers: {layers}").totals.depth == depth


def test_a_branch_is_the_identity_where_it_is_empty(report_of):
    report = report_of("input: 3x8x8\nlayers: [add: [[], []], concat: [[], [conv: {out: 5, kernel: 1}]]]")
    assert [row.output_shape[1] for row in report.rows] == [3, 3, 5, 8]
    assert report.rows[1].inputs == ("input", "input")


def test_tied_weights_count_once_and_work_every_time(report_of):
    text = (
        "input: 8\nlayers: [linear: {name: first, out: 8}, relu, linear: {name: again, out: 8, tie: first}]"
    )
    report = report_of(text)
    first, again = (row for row in report.rows if row.kind == "linear")
    assert (first.params, again.params) == (72, 0)
    assert report.totals.params == 72
    assert (again.macs, report.totals.macs, report.totals.depth) == (64, 128, 2)


def test_tied_buffers_and_fixed_weights_count_once_too(report_of):
    norms = "input: 4\nlayers: [batchnorm: {name: a}, batchnorm: {tie: a}]"
    distances = "input: 4\nlayers: [rbf: {name: a, out: 4}, rbf: {out: 4, tie: a}]"
    assert report_of(norms).totals.buffers == 2 * 4
    assert report_of(distances).totals.fixed == 4 * 4


@pytest.mark.parametrize(
    ("layer", "own", "counts"),
    [
        ("batchnorm: {shared: running_mean}", "4 + 4 learnt, 4 kept", (8, 0, 4)),
        ("batchnorm: {shared: [weight, running_mean, running_var]}", "4 learnt", (4, 0, 0)),
        ("rbf: {out: 4, shared: pattern}", "none", (0, 0, 0)),
    ],
)
def test_single_weights_of_any_sort_can_be_an_earlier_layers(report_of, layer, own, counts):
    row = report_of(f"input: 4\nlayers: [{layer}]").rows[-1]
    assert (row.params, row.fixed, row.buffers) == counts, own


def test_weights_of_another_shape_cannot_be_tied(report_of):
    text = "input: 8\nlayers: [linear: {name: a, out: 4}, linear: {name: b, out: 4, tie: a}]"
    with pytest.raises(
        ArchcalcError, match="'b': its weights weight 4x4, bias 4 cannot be those of 'a': weight 4x8"
    ):
        report_of(text)


def test_a_network_made_without_a_spec_has_the_same_errors_without_a_place():
    made = {kind: REGISTRY[kind] for kind in ("input", "linear", "concat")}
    nodes = [Node("x", made["input"](shape=(3, 8, 8))), Node("y", made["input"](shape=(3, 4, 4)))]
    with pytest.raises(ArchcalcError) as caught:
        archcalc.analyze(Network("made", (*nodes, Node("both", made["concat"](), (0, 1)))))
    fact = "concat 'both': 3x8x8 from 'x' and 3x4x4 from 'y': the shapes differ beside the channels"
    assert (caught.value.fact, caught.value.place) == (fact, None)
    nodes = [Node("x", made["input"](shape=(8,))), Node("a", made["linear"](out=4), (0,))]
    with pytest.raises(
        ArchcalcError, match="'b': its weights weight 5x8, bias 5 cannot be those of 'a'"
    ) as caught:
        archcalc.analyze(Network("made", (*nodes, Node("b", made["linear"](out=5), (0,), tied=1))))
    assert caught.value.place is None


HEAD = """
input: 3x8x8
layers:
  - conv: {name: body, out: 4, kernel: 3}
  - auxiliary: {name: head, layers: [flatten, {linear: {name: guess, out: 7}}]}
  - flatten
  - linear: 10
"""


def test_auxiliary_heads_exist_only_in_training(report_of):
    inference, train = report_of(HEAD), report_of(HEAD, train=True)
    extra = 4 * 6 * 6 * 7
    assert train.totals.params - inference.totals.params == extra + 7
    assert train.totals.macs - inference.totals.macs == extra
    assert {row.name for row in train.rows} - {row.name for row in inference.rows} == {
        "head.flatten1",
        "head.guess",
    }


def test_weights_stay_tied_where_a_head_is_left_out_before_them(report_of):
    head = "auxiliary: {name: head, layers: [linear: 3]}"
    text = f"input: 8\nlayers: [{head}, linear: {{name: a, out: 8}}, relu, linear: {{out: 8, tie: a}}]"
    assert report_of(text).totals.params == 8 * 8 + 8
    assert report_of(text, train=True).totals.params == (8 * 8 + 8) + (8 * 3 + 3)


@pytest.mark.parametrize(
    ("name", "params", "params_in_training"),
    [
        ("googlenet_torchvision", 6_624_904, 13_004_888),  # torchvision 0.29, torchinfo 1.8
        ("inception_v3", 23_834_568, 27_161_264),  # timm (23.83 M); torchvision 0.29
    ],
)
def test_published_networks_with_and_without_their_auxiliary_heads(name, params, params_in_training):
    network = archcalc.load(name)
    assert archcalc.analyze(network).totals.params == params
    assert archcalc.analyze(network, train=True).totals.params == params_in_training


@pytest.mark.parametrize(
    "layers", ["[flatten, linear: {out: 7, tie: head.guess}]", "[linear: {out: 7, from: head.flatten1}]"]
)
def test_a_layer_that_needs_an_auxiliary_head_is_an_error_at_inference_and_no_crash(layers, report_of):
    head = "auxiliary: {name: head, layers: [flatten, linear: {name: guess, out: 7}]}"
    with pytest.raises(ArchcalcError, match="head"):
        report_of(f"input: 1x3x3\nlayers: [{head}, {layers[1:]}")


STRIDED = "input: 1x{size}x{size}\n{spec}layers: [maxpool: {{kernel: 3, stride: 2{layer}}}]"


@pytest.mark.parametrize(
    ("size", "spec", "layer", "asked", "output"),
    [
        (8, "", "", None, 3),  # (8 - 3)/2 + 1 = 3.5: floor unless told
        (8, "", "", "floor", 3),
        (8, "", "", "ceil", 4),
        (8, "", ", rounding: ceil", None, 4),
        (8, "", ", rounding: ceil", "floor", 4),  # the layer's own word is final
        (8, "", ", rounding: floor", "ceil", 3),
        (8, "rounding: ceil\n", "", None, 4),
        (8, "rounding: ceil\n", ", rounding: floor", None, 3),
        (9, "", "", "strict", 4),  # (9 - 3)/2 + 1 = 4: fits
        (9, "rounding: strict\n", ", rounding: ceil", None, 4),
    ],
)
def test_rounding_is_said_by_the_layer_the_spec_or_the_caller(size, spec, layer, asked, output, report_of):
    report = report_of(STRIDED.format(size=size, spec=spec, layer=layer), rounding=asked)
    assert report.rows[-1].output_shape == (1, 1, output, output)
    assert [one.rounded for one in report.rows[-1].uneven] == ([output] * 2 if size == 8 else [])


@pytest.mark.parametrize(
    ("spec", "layer", "asked"),
    [("", "", "strict"), ("rounding: strict\n", "", None), ("", ", rounding: strict", None), ("", ", rounding: ceil", "strict")],
)  # fmt: skip
def test_strict_rounding_is_an_error_wherever_a_window_does_not_fit(spec, layer, asked, report_of):
    with pytest.raises(ArchcalcError, match=r"\(8 \+ 2·0 − 3\)/2 \+ 1 = 3\.5"):
        report_of(STRIDED.format(size=8, spec=spec, layer=layer), rounding=asked)


def test_the_224_that_alexnet_prints_does_not_fit():
    network = archcalc.load("alexnet")
    conv1 = archcalc.analyze(network, input="3x224x224").rows[1]
    assert conv1.output_shape == (1, 96, 54, 54)
    assert [one.exact for one in conv1.uneven] == ["54.25", "54.25"]
    with pytest.raises(ArchcalcError, match=r"conv 'conv1': .* = 54\.25"):
        archcalc.analyze(network, input="3x224x224", rounding="strict")


@pytest.mark.parametrize("shape", ["3x32x32", [3, 32, 32], (3, 32, 32), "3×32×32"])
def test_another_input_takes_the_place_of_the_spec_s(shape):
    report = archcalc.analyze(archcalc.load("lenet5"), input=shape)
    assert report.input_shape == (3, 32, 32)
    assert report.totals.params == 62_006  # LeNet-5 on colour: c1 has (5·5·3 + 1)·6


def test_a_fully_convolutional_network_takes_any_size_with_the_same_weights():
    network = archcalc.load("resnet18")
    small, large = (archcalc.analyze(network, input=f"3x{size}x{size}") for size in (224, 448))
    assert small.totals.params == large.totals.params == 11_689_512  # torchvision 0.29
    assert small.rows[-1].output_shape == large.rows[-1].output_shape
    classifier = 512 * 1000
    assert large.totals.macs - classifier == 4 * (small.totals.macs - classifier)


def test_an_input_that_does_not_suit_is_blamed_on_the_layer():
    with pytest.raises(
        ArchcalcError, match=r"maxpool 'stage5\.pool': a kernel of 2 is larger than its input of 1"
    ):
        archcalc.analyze(archcalc.load("vgg16"), input="3x16x16")


def test_counts_past_64_bits_are_exact(report_of):
    report = report_of(
        "input: 3x1000000000x1000000000\nlayers: [conv: {out: 1000000000, kernel: 1}]", batch=10**6
    )
    assert report.totals.macs == 3 * 10**33
    assert report.totals.activations == 10**33
    assert report.totals.peak == 10**33 + 3 * 10**24
    assert report.totals.params == 4 * 10**9
    assert all(type(count) is int for count in report.totals.work)


def test_a_size_goes_up_to_10_to_the_18_and_no_further(report_of):
    billion = "upsample: 1000000000"
    assert report_of(f"input: 1x1000000000\nlayers: [{billion}]").rows[-1].output_shape == (1, 1, 10**18)
    with pytest.raises(ArchcalcError) as caught:
        report_of(f"input: 1x1000000000\nlayers: [{billion}, upsample: {{name: more, scale: 2}}]")
    assert caught.value.fact == "upsample 'more': its output is too large: a size goes up to 10^18"


def test_a_shape_has_at_most_8_axes_beside_the_batch(report_of):
    looked_up = "embedding: {size: 9, dim: 2}"
    spec = f"input: 1x1x1x1x1x1x1\nlayers: [{looked_up}"
    assert report_of(f"{spec}]").rows[-1].output_shape == (1,) * 8 + (2,)
    with pytest.raises(ArchcalcError) as caught:
        report_of(f"{spec}, {looked_up}]")
    assert (
        caught.value.fact == "embedding 'embedding2': its output has 9 axes beside the batch; the most are 8"
    )


def test_a_weight_is_no_input_that_could_have_another_shape(report_of):
    spec = "input: {left: 4, right: 4}\nlayers: [parameter: {name: token, shape: 4}, add: {from: [left, right, token]}]"
    with pytest.raises(ArchcalcError) as caught:
        report_of(spec, input={"token": "5"})
    assert (caught.value.fact, caught.value.hint) == ("net has no input 'token'", "its inputs: left, right")


def test_what_is_made_of_nothing_is_no_input_and_sees_nothing_of_one():
    nodes = (
        Node("image", REGISTRY["input"](shape="3x8x8")),
        Node("part", REGISTRY["crop"](amount=2), (0,)),
        Node("noise", REGISTRY["unaccounted"](what="RandomNormal", shape="3x4x4")),
        Node("sum", REGISTRY["add"](), (1, 2)),
    )
    report = archcalc.analyze(Network("net", nodes))
    assert [row.name for row in report.inputs] == ["image"]
    assert report.rows[2].field == ()
    assert report.rows[3].field == report.rows[1].field
    with pytest.raises(ArchcalcError, match="net has no input 'noise'"):
        archcalc.analyze(Network("net", nodes), input={"noise": "3x4x4"})


def test_the_collector_is_left_as_it_was():
    """Reading and analysis pause the garbage collector; whoever had it off keeps it off."""
    for state in (True, False):
        (gc.enable if state else gc.disable)()
        with pytest.raises(archcalc.ArchcalcError):
            archcalc.analyze(archcalc.load("alexnet"), batch=0)
        after = gc.isenabled()
        gc.enable()
        assert after is state
