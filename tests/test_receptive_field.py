"""Receptive fields against published tables, and against what an output really depends on."""

from __future__ import annotations

import pytest

import archcalc
from archcalc.window import POINT, Extent


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
    assert fields("vgg16")["stage5.pool"] == Extent(212, 32, -90, 212)


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
        ("[crop: 2, conv: {out: 1, kernel: 3}]", 3, 1, 2),
        ("[conv: {out: 1, kernel: 1, stride: 3}, maxpool: 2]", 4, 6, 0),
        ("[concat: [[conv: {out: 1, kernel: 1}], [conv: {out: 1, kernel: 5, padding: 2}]]]", 5, 1, -2),
        # A transposed convolution with unit stride is a convolution (Dumoulin & Visin 2016, chapter 4).
        ("[conv_transpose: {out: 1, kernel: 3, padding: 1}]", 3, 1, -1),
    ],
)
def test_fields_worked_out_by_hand(layers, size, stride, start, report_of):
    field = report_of(f"input: 1x16x16\nlayers: {layers}").rows[-1].field
    assert [tuple(extent)[:3] for extent in field] == [(size, stride, start)] * 2


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
    ],
)
def test_what_depends_on_everything_has_no_field_of_its_own(layers, report_of):
    assert report_of(f"input: 1x16x16\nlayers: {layers}").rows[-1].field is None


def test_an_unequal_window_has_a_field_for_each_axis(report_of):
    row = report_of("input: 1x8x16\nlayers: [conv: {out: 1, kernel: [1, 5], stride: [1, 2]}]").rows[-1]
    assert row.field == (POINT, Extent(5, 2, 0, 5))
