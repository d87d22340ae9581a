"""The networks that come with archcalc: each agrees with its own `expect:`, and with figures stated here again."""

from __future__ import annotations

import re

import pytest
from known import FEW, NAMES

import archcalc


def test_what_a_network_expects_holds(each_network):
    findings = archcalc.check(archcalc.load(each_network))
    assert [finding for finding in findings if finding.fails] == []
    assert any(
        finding.figure in ("params", "macs", "depth") and finding.layer is None for finding in findings
    )


def test_a_network_says_what_it_is_and_who_published_it(each_network):
    network = archcalc.load(each_network)
    assert network.name == each_network
    assert network.title
    assert re.search(r"\b(19|20)\d\d\b|torchvision|Caffe", network.source)
    assert all(expectation.source for expectation in network.expectations)


@pytest.mark.slow
def test_the_few_networks_of_every_run_have_every_layer_type_that_any_has():
    kinds = {name: {node.op.kind for node in archcalc.load(name).nodes} for name in NAMES}
    assert set().union(*(kinds[name] for name in FEW)) == set().union(*kinds.values())


def test_names_are_unique_and_found_in_any_case():
    assert len({name.lower().replace("-", "_") for name in NAMES}) == len(NAMES)
    assert archcalc.load("VGG16").name == "vgg16"
    assert archcalc.load("AlexNet-Two-GPUs").name == "alexnet_two_gpus"


QUICK = ("resnet18", "resnet50", "resnet56", "vgg16", "densenet121", "wide_resnet50_2", "resnext50_32x4d")
NAMED_AFTER_THEIR_DEPTH = [
    pytest.param(name, int(match[1]), marks=() if name in QUICK else pytest.mark.slow)
    for name in NAMES
    if (match := re.match(r"(?:wide_)?(?:resnet|resnext|vgg|densenet)(\d+)", name))
]


@pytest.mark.parametrize(
    ("name", "depth"), [*NAMED_AFTER_THEIR_DEPTH, ("alexnet", 8), ("googlenet", 22), ("lenet5", 5)]
)
def test_a_network_is_as_deep_as_its_name_says(name, depth):
    assert archcalc.analyze(archcalc.load(name)).totals.depth == depth


# fmt: off
PUBLISHED = [  # network, parameters, MACs (None: not published), source
    ("lenet5", 61_706, None, "156 + 2416 + 48120 + 10164 + 850, by hand"),
    ("lenet5_rgb", 62_006, None, "the same on colour: c1 has (5·5·3 + 1)·6"),
    ("lenet5_1998", 60_000, None, "LeCun et al. 1998, II.B"),
    ("simple_convnet", 433_890, None, "Saito 2016, 7.5: 780 + 432100 + 1010"),
    ("alexnet", 62_378_344, None, "imgclsmob model table"),
    ("alexnet_two_gpus", 60_965_224, None, "Caffe, bvlc_alexnet"),
    ("alexnet_torchvision", 61_100_840, 714_188_480, "torchvision 0.29"),
    ("vgg11", 132_863_336, 7_609_090_048, "torchvision 0.29"),
    ("vgg11_bn", 132_868_840, 7_609_090_048, "torchvision 0.29"),
    ("vgg13", 133_047_848, 11_308_466_176, "torchvision 0.29"),
    ("vgg13_bn", 133_053_736, 11_308_466_176, "torchvision 0.29"),
    ("vgg16", 138_357_544, 15_470_264_320, "torchvision 0.29"),
    ("vgg16_bn", 138_365_992, 15_470_264_320, "torchvision 0.29"),
    ("vgg19", 143_667_240, 19_632_062_464, "torchvision 0.29"),
    ("vgg19_bn", 143_678_248, 19_632_062_464, "torchvision 0.29"),
    ("googlenet_torchvision", 6_624_904, None, "torchvision 0.29, without auxiliary heads"),
    ("resnet18", 11_689_512, 1_814_073_344, "torchvision 0.29"),
    ("resnet50", 25_557_032, 4_089_184_256, "torchvision 0.29"),
    ("resnet50_keras", 25_636_712 - 53_120, 3_857_973_248, "Keras' summary; MACs are those of resnet50_original"),
    ("xception", 22_855_952, None, "Chollet 2016, table 3"),
    ("mobilenet_v2", 3_504_872, 300_774_272, "torchvision 0.29"),
    ("densenet121", 7_978_856, None, "torchvision 0.29"),
    ("squeezenet1_0", 1_248_424, None, "torchvision 0.29"),
    ("squeezenet1_1", 1_235_496, None, "torchvision 0.29"),
    ("efficientnet_b0", 5_288_548, None, "torchvision 0.29"),
]
OPEN_MODEL_ZOO = [  # network, classes, mParams of its models/public/index.md, counted once normalisation is folded in
    ("resnet18", 1000, "11.68"), ("resnet34", 1000, "21.7892"), ("resnet50", 1000, "25.53"),
    ("se_resnet50_original", 1000, "28.061"), ("inception_v3", 1000, "23.817"), ("efficientnet_b0", 1000, "5.268"),
    ("mobilenet_v1", 1000, "4.221"), ("mobilenet_v2", 1001, "3.489"), ("mobilenet_v3_large", 1001, "5.4721"),
    ("regnet_x_3_2gf", 1000, "15.2653"), ("squeezenet1_0", 1000, "1.248"), ("alexnet_two_gpus", 1000, "60.965"),
]
LENET5_1998 = [  # layer, parameters, output: LeCun et al. 1998, II.B
    ("c1", (5*5*1 + 1) * 6, (6, 28, 28)),
    ("s2", (1 + 1) * 6, (6, 14, 14)),
    ("c3", (5*5*3 + 1)*6 + (5*5*4 + 1)*9 + (5*5*6 + 1)*1, (16, 10, 10)),
    ("s4", (1 + 1) * 16, (16, 5, 5)),
    ("c5", (5*5*16 + 1) * 120, (120, 1, 1)),
    ("f6", (120 + 1) * 84, (84,)),
    ("output", 0, (10,)),
]
ALEXNET = [  # layer, output: Krizhevsky et al. 2012, 3.5 and figure 2
    ("conv1", (96, 55, 55)), ("pool1", (96, 27, 27)), ("conv2", (256, 27, 27)), ("pool2", (256, 13, 13)),
    ("conv3", (384, 13, 13)), ("conv4", (384, 13, 13)), ("conv5", (256, 13, 13)), ("pool5", (256, 6, 6)),
    ("flatten1", (9216,)), ("fc6", (4096,)), ("fc7", (4096,)), ("fc8", (1000,)),
]
# fmt: on


@pytest.mark.parametrize(("name", "params", "macs", "source"), PUBLISHED)
def test_published_figures(name, params, macs, source):
    totals = archcalc.analyze(archcalc.load(name)).totals
    assert totals.params == params, source
    assert macs is None or totals.macs == macs, source


@pytest.mark.parametrize(("name", "classes", "millions"), OPEN_MODEL_ZOO)
def test_open_model_zoo_folds_normalisation_into_the_convolution_before_it(name, classes, millions):
    """Of a scale and a shift a channel, a bias is left."""
    report = archcalc.analyze(archcalc.load(name, parameters={"classes": classes}))
    (figure,) = archcalc.reconcile(report, ["open_model_zoo"])
    assert f"{figure.value / 1e6:.{len(millions.partition('.')[2])}f}" == millions


def test_lenet5_of_1998_layer_by_layer():
    report = archcalc.analyze(archcalc.load("lenet5_1998"))
    rows = {row.name: row for row in report.rows}
    computed = [(name, rows[name].params, rows[name].output_shape[1:]) for name, _, _ in LENET5_1998]
    assert computed == LENET5_1998
    assert [params for _, params, _ in LENET5_1998] == [156, 12, 1516, 32, 48120, 10164, 0]
    assert report.totals.params == sum(params for _, params, _ in LENET5_1998) == 60_000
    assert (rows["output"].fixed, report.totals.fixed) == (840, 840)


@pytest.mark.parametrize("name", ["alexnet", "alexnet_two_gpus"])
def test_alexnet_shape_by_shape(name):
    rows = {row.name: row for row in archcalc.analyze(archcalc.load(name)).rows}
    assert [(layer, rows[layer].output_shape[1:]) for layer, _ in ALEXNET] == ALEXNET


def test_alexnet_on_two_gpus_halves_what_conv2_conv4_and_conv5_see():
    """Krizhevsky et al. 2012, 3.5: kernels of 5x5x48, 3x3x192 and 3x3x192; conv3's are 3x3x256."""
    rows = {row.name: row for row in archcalc.analyze(archcalc.load("alexnet_two_gpus")).rows}
    sees = {layer: rows[layer].weights["weight"][1:] for layer in ("conv2", "conv3", "conv4", "conv5")}
    assert sees == {"conv2": (48, 5, 5), "conv3": (256, 3, 3), "conv4": (192, 3, 3), "conv5": (192, 3, 3)}


@pytest.mark.parametrize(("name", "stages"), [("vgg16", [2, 2, 3, 3, 3]), ("vgg19", [2, 2, 4, 4, 4])])
def test_vgg_has_the_convolutions_of_its_configuration_in_each_stage(name, stages):
    """Simonyan & Zisserman 2014, table 1: 2, 2, 4, 4, 4 is VGG-19 and not VGG-16."""
    rows = archcalc.analyze(archcalc.load(name)).rows
    convolutions = [row.name.split(".")[0] for row in rows if row.kind == "conv"]
    assert [convolutions.count(f"stage{i}") for i in range(1, 6)] == stages


def test_googlenet_s_reduction_before_a_5x5_cuts_the_work(report_of):
    """Szegedy et al. 2014: from 480 maps of 14x14 to 48, directly or through 16."""
    direct = report_of("input: 480x14x14\nlayers: [conv: {out: 48, kernel: 5, padding: 2}]")
    through = report_of(
        "input: 480x14x14\nlayers: [conv: {out: 16, kernel: 1}, conv: {out: 48, kernel: 5, padding: 2}]"
    )
    assert direct.totals.macs == 14*14 * 5*5 * 480*48 == 112_896_000  # fmt: skip
    assert through.totals.macs == 14*14 * (480*16 + 5*5 * 16*48) == 5_268_480  # fmt: skip


def test_three_3x3_see_a_7x7_with_fewer_weights(report_of):
    """Simonyan & Zisserman 2014, 2.3: 27C² against 49C², 81% more."""
    layer = "conv: {{out: 64, kernel: {0}, padding: same, bias: false}}"
    three = report_of(f"input: 64x9x9\nlayers: [{', '.join([layer.format(3)] * 3)}]")
    one = report_of(f"input: 64x9x9\nlayers: [{layer.format(7)}]")
    assert three.rows[-1].field == one.rows[-1].field
    assert (three.totals.params, one.totals.params) == (27 * 64**2, 49 * 64**2)


@pytest.mark.parametrize(
    ("conv_param", "hidden_size", "output_size"),
    [((30, 5, 0, 1), 100, 10), ((16, 3, 1, 1), 50, 10), ((8, 4, 1, 2), 20, 7), ((1, 27, 0, 1), 1, 2)],
)
def test_simple_convnet_takes_what_the_book_s_class_takes(conv_param, hidden_size, output_size):
    """Saito 2016, ch07/simple_convnet.py: the sizes as its constructor works them out."""
    filter_num, filter_size, pad, stride = conv_param
    conv_output_size = (28 - filter_size + 2 * pad) // stride + 1
    pool_output_size = filter_num * (conv_output_size // 2) ** 2
    names = ("filter_num", "filter_size", "pad", "stride", "hidden_size", "output_size")
    given = dict(zip(names, (*conv_param, hidden_size, output_size), strict=True))
    rows = {row.name: row for row in archcalc.analyze(archcalc.load("simple_convnet", parameters=given)).rows}
    weights = [shape for name in ("conv1", "linear1", "linear2") for shape in rows[name].weights.values()]
    assert weights == [
        (filter_num, 1, filter_size, filter_size),
        (filter_num,),
        (hidden_size, pool_output_size),  # the book has W2 and W3 the other way round
        (hidden_size,),
        (output_size, hidden_size),
        (output_size,),
    ]


def test_a_parameter_of_a_spec_can_be_changed():
    report = archcalc.analyze(archcalc.load("alexnet", parameters={"classes": 10}))
    assert report.rows[-1].output_shape == (1, 10)
    assert report.totals.params == 62_378_344 - (4096 + 1) * 990
