"""Receptive fields against published tables, and against what an output really depends on."""

from __future__ import annotations

from fractions import Fraction

import pytest

import archcalc
from archcalc.arithmetic.extent import POINT, even
from archcalc.arithmetic.sight import Part, Sight, see


def fields(name):
    """Return the size of each layer's field along the first axis, for layers that do not see everything."""
    rows = archcalc.analyze(archcalc.load(name)).rows
    return {row.name: row.field[0] for row in rows if row.field and len(row.output_shape) > 2}


def test_alexnet_layer_by_layer():
    """google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md: alexnet_v2."""
    published = {"conv1": 11, "pool1": 19, "conv2": 51, "conv3": 99, "conv4": 131, "conv5": 163, "pool5": 195}
    computed = fields("alexnet")
    assert {layer: computed[layer].size for layer in published} == published
    assert (computed["pool5"].stride, computed["pool5"].start) == (32, -64)


def test_vgg16():
    """google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md: vgg_16 has 212, stride 32, padding 90."""
    assert fields("vgg16")["stage5.pool"] == even(212, 32, -90)


@pytest.mark.parametrize(
    ("name", "size", "source"),
    [
        ("mobilenet_v1", 315, "google-research/receptive_field: mobilenet_v1"),
        ("inception_v3", 1311, "google-research/receptive_field: inception_v3"),
        ("resnet50_slim", 483, "google-research/receptive_field: resnet_v1_50"),
        ("resnet101_slim", 1027, "google-research/receptive_field: resnet_v1_101"),
        ("resnet152_slim", 1507, "google-research/receptive_field: resnet_v1_152"),
        ("resnet50", 427, "torchlens and RFA-Toolbox on torchvision's"),
        ("mobilenet_v2", 491, "torchlens on torchvision's"),
    ],
)
def test_the_last_map_of_published_networks(name, size, source):
    *_, last = fields(name).values()
    assert (last.size, last.stride) == (size, 32), source


def test_the_smallest_field_of_a_residual_network_is_along_its_shortcuts():
    """ResNet-50: 7x7/2 and 3x3/2 see 11; every shortcut is a 1x1 or nothing."""
    *_, last = fields("resnet50").values()
    assert last.smallest == 7 + 2 * 2


# (size, stride, start) of the last layer's field on an input of 1x16x16.
@pytest.mark.parametrize(
    ("layers", "size", "stride", "start"),
    [
        ("[]", 1, 1, 0),
        ("[relu, batchnorm, lrn: 5]", 1, 1, 0),
        ("[conv: {out: 1, kernel: 3}, conv: {out: 1, kernel: 3}]", 5, 1, 0),
        ("[conv: {out: 1, kernel: 3}, conv: {out: 1, kernel: 3}, conv: {out: 1, kernel: 3}]", 7, 1, 0),
        ("[conv: {out: 1, kernel: 3, dilation: 3}]", 7, 1, 0),
        ("[maxpool: 2, conv: {out: 1, kernel: 3, padding: 1}]", 6, 2, -2),
        ("[pad: 2, conv: {out: 1, kernel: 3}]", 3, 1, -2),
        ("[pad: {amount: [[1, 2]]}, conv: {out: 1, kernel: 3}]", 3, 1, -1),
        ("[crop: 2, conv: {out: 1, kernel: 3}]", 3, 1, 2),
        ("[crop: {amount: [[1, 2]]}, conv: {out: 1, kernel: 3}]", 3, 1, 1),
        ("[conv: {out: 1, kernel: 1, stride: 3}, maxpool: 2]", 4, 6, 0),
        ("[concat: [[conv: {out: 1, kernel: 1}], [conv: {out: 1, kernel: 5, padding: 2}]]]", 5, 1, -2),
        # A transposed convolution with unit stride is a convolution (Dumoulin & Visin 2016, chapter 4).
        ("[conv_transpose: {out: 1, kernel: 3, padding: 1}]", 3, 1, -1),
        ("[conv_transpose: {out: 1, kernel: 3, padding: 2, dilation: 2}]", 5, 1, -2),
        # With stride 2 neighbours are half an element apart; an output sees every second tap of the window.
        ("[conv_transpose: {out: 1, kernel: 4, stride: 2, padding: 1}]", 2, 0.5, -1),
        ("[conv_transpose: {out: 1, kernel: 3, stride: 2, padding: 1}]", 2, 0.5, 0),
        (
            "[conv: {out: 1, kernel: 1, stride: 2}, conv_transpose: {out: 1, kernel: 3, stride: 2, padding: 1}]",
            3,
            1,
            0,
        ),
        ("[upsample: 2]", 1, 0.5, 0),
        ("[upsample: {scale: 2, mode: linear}]", 2, 0.5, -1),  # output 0 lies at -1/4, between -1 and 0
        ("[upsample: {scale: 4, mode: linear}]", 2, 0.25, -1),
        ("[adaptive_avgpool: 4]", 4, 4, 0),
        ("[softmax, layernorm: channels]", 1, 1, 0),  # channels of one position against each other
        ("[permute: [0, 1, 2], maxpool: 2]", 2, 2, 0),  # every axis stays where it is
        ("[permute: {order: [0, 1, 2, 3], axes: all}, maxpool: 2]", 2, 2, 0),
        ("[slice: {axes: [2, 3], starts: 3, steps: 2}]", 1, 2, 3),
        ("[slice: {axes: 1, stops: 1}, maxpool: 2]", 2, 2, 0),
        ("[space_to_depth: 4]", 4, 4, 0),
        ("[space_to_depth: 4, depth_to_space: 4]", 4, 1, 0),  # the first of four that see the same block
        ("[resize: 32]", 1, 0.5, 0),
        ("[resize: {size: 32, mode: cubic}]", 4, 0.5, -2),  # output 0 lies at -1/4, among -2, -1, 0 and 1
        ("[reduce: {axes: 1, keep: true}, l2norm: 1, maxpool: 2]", 2, 2, 0),
        ("[function: exp, scalar: {by: add, value: 1}, clip, affine, softmax]", 1, 1, 0),
        ("[where: [[], [maxpool: {kernel: 3, stride: 1, padding: 1}], []]]", 3, 1, -1),
        ("[adaptive_avgpool: 5]", 4, Fraction(16, 5), 0),  # 16 do not divide by 5: all see 4, not 3.2
        ("[adaptive_avgpool: 6]", 4, Fraction(16, 6), 0),  # some see 3, from 0 to 2, and some 4, from 2 to 5
        ("[resize: 24]", 1, Fraction(2, 3), 0),
        ("[resize: {size: 31, mode: linear, corners: true}]", 2, Fraction(1, 2), 0),
        ("[upsample: 2, maxpool: {kernel: 2, padding: 1}]", 2, 1, -1),  # windows begin between two copies
        ("[upsample: 2, maxpool: 2]", 1, 1, 0),  # and here they do not
        ("[upsample: 2, conv: {out: 1, kernel: 3, padding: 1}]", 2, 0.5, -1),
        ("[upsample: 2, conv: {out: 1, kernel: 4, padding: 1}]", 3, 0.5, -1),  # of two sizes, the larger
        ("[conv_transpose: {out: 1, kernel: 1, stride: 2}, maxpool: 2]", 1, 1, 0),
        (
            "[conv_transpose: {out: 1, kernel: 2, stride: 2, dilation: 3}]",
            1,
            0.5,
            0,
        ),  # taps that meet no element
        # What is moved, merged and split again keeps its field.
        ("[permute: [0, 2, 1]]", 1, 1, 0),
        ("[permute: {order: [0, 1, 3, 2], axes: all}]", 1, 1, 0),
        ("[maxpool: 2, permute: [1, 2, 0], relu, permute: [2, 0, 1], maxpool: 2]", 4, 4, 0),
        (
            "[maxpool: 2, reshape: [1, 64], softmax: {axis: 1}, permute: [1, 0], linear: {out: 3, axis: -1}]",
            2,
            2,
            0,
        ),
        ("[maxpool: 2, reshape: [1, 64], reshape: [1, 8, 8], maxpool: 2]", 4, 4, 0),
        ("[maxpool: 2, flatten, relu]", 2, 2, 0),
        ("[reshape: {shape: [1, 16, 16, 1], axes: all}]", 1, 1, 0),
        ("[maxpool: 2, take: {axis: 1, index: 0}]", 2, 2, 0),
        ("[maxpool: 2, concat: {axis: 2, branches: [[], []]}]", 2, 2, 0),
        ("[maxpool: 2, tile: [1, 1, 2, 2]]", 2, 2, 0),
        # Blocks of 4x4 that become channels are seen by what mixes these; channels that become blocks share a field.
        (
            "[reshape: [1, 4, 4, 4, 4], permute: [2, 4, 0, 1, 3], reshape: [16, 4, 4], conv: {out: 1, kernel: 1}]",
            4,
            4,
            0,
        ),
        (
            "[tile: [1, 4, 1, 1], reshape: [2, 2, 16, 16], permute: [2, 0, 3, 1], reshape: [1, 32, 32], maxpool: 3]",
            2,
            1.5,
            0,
        ),
        ("[tile: [1, 4, 1, 1], expand: [1, 4, 16, 16], maxpool: 2]", 2, 2, 0),
    ],
)
def test_fields_worked_out_by_hand(layers, size, stride, start, report_of):
    field = report_of(f"input: 1x16x16\nlayers: {layers}").rows[-1].field
    assert [(one.size, one.stride, one.start) for one in field] == [(size, stride, start)] * 2


@pytest.mark.parametrize(
    "layers",
    [
        "[global_avgpool]",
        "[global_maxpool, conv: {out: 1, kernel: 1}]",
        "[flatten, linear: 3, relu]",
        "[multiply: [[], [global_avgpool, sigmoid]]]",
        "[layernorm]",  # its mean and variance are those of the whole input
        "[groupnorm: 1]",
        "[flatten, softmax]",
        "[adaptive_avgpool: 1]",
        "[linear: {out: 3, axis: -1}]",  # along the last axis
        "[layernorm: last]",
        "[rmsnorm]",
        "[softmax: {axis: 2}]",
        "[reduce: {axes: -1, keep: true}]",
        "[cumsum: 2]",
        "[matmul: [[], []]]",
        "[matmul: {branches: [[], []], transposed: true}]",
        "[einsum: {equation: 'nchw,ncwd->nchd', branches: [[], []]}]",
        "[reduce: 1, lstm: 4]",
        "[reshape: [1, 256], linear: {out: 3, axis: -1}]",  # across all positions
        "[reshape: [1, 4, 4, 16], permute: [1, 0, 2, 3], conv: {out: 1, kernel: 1}]",  # across some rows
    ],
)
def test_what_depends_on_everything_has_no_field_of_its_own(layers, report_of):
    assert report_of(f"input: 1x16x16\nlayers: {layers}").rows[-1].field is None


def test_an_unequal_window_has_a_field_for_each_axis(report_of):
    row = report_of("input: 1x8x16\nlayers: [conv: {out: 1, kernel: [1, 5], stride: [1, 2]}]").rows[-1]
    assert row.field == (POINT, even(5, 2))


def test_a_field_whose_numbers_pass_the_bound_is_left_out(report_of):
    """Sizes go up to 10^18: two strides of 10^9 come to it, a third passes it, and then it is not known."""
    stride = "maxpool: {kernel: 1, stride: 1000000000}"
    text = f"input: 1x16\nlayers: [{stride}, {stride}, {stride}]"
    *_, second, third = report_of(text).rows
    assert (second.field, third.field) == ((even(1, 10**18),), "unknown")


def test_a_tensor_may_be_a_batch_of_numbers_without_any_axis():
    """As a loss's, in a model file: nothing beside the batch is left to have a position."""
    a_number_a_sample = Sight(extents=(), places=((Part(1),),))
    assert see("pointwise", [(a_number_a_sample, (1,))], (1,)) == a_number_a_sample
