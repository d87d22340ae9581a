"""What an op refuses: settings that it cannot read, and inputs that do not suit it. Facts are verbatim."""

from __future__ import annotations

import re

import pytest

from archcalc import ArchcalcError
from archcalc.op.settings import extents
from archcalc.op.site import Site
from archcalc.ops import REGISTRY

CONV = {"out": 4, "kernel": 3}

# fmt: off
UNSUITABLE = [  # op, settings, inputs, the setting to blame, the fact
    ("conv", CONV, ["3x2x2"], "kernel", "a kernel of 3 is larger than its input of 2"),
    ("conv", CONV, ["3x5x2"], "kernel", "a kernel of 3 is larger than its input of 2"),
    ("conv", CONV | {"kernel": 7, "padding": 1}, ["3x4x4"], "kernel", "a kernel of 7 is larger than its input of 6 (padded from 4)"),
    ("conv", CONV | {"kernel": 7, "padding": [[0, 1]]}, ["3x4x4"], "kernel", "a kernel of 7 is larger than its input of 5 (padded from 4)"),
    ("conv", CONV | {"dilation": 2}, ["3x4x4"], "kernel", "a kernel of 5 (dilated from 3) is larger than its input of 4"),
    ("conv", CONV | {"groups": 3}, ["64x9x9"], "groups", "64 input channels do not split into 3 groups"),
    ("conv", CONV | {"groups": 3}, ["9x9x9"], "groups", "4 filters do not split into 3 groups"),
    ("conv", CONV | {"in": 3}, ["1x9x9"], "in", "states 3 input channels, but gets 1"),
    ("conv", CONV | {"kernel": [3, 3, 3]}, ["3x9x9"], "kernel", "'kernel' has 3 numbers, but the input has 2 spatial axes"),
    ("conv", CONV | {"stride": [2, 2]}, ["3x9"], "stride", "'stride' has 2 numbers, but the input has 1 spatial axis"),
    ("conv", CONV | {"dilation": [1, 2]}, ["3x9"], "dilation", "'dilation' has 2 numbers, but the input has 1 spatial axis"),
    ("conv", CONV | {"padding": [1, 1, 1]}, ["3x9x9"], "padding", "'padding' has 3 numbers, but the input has 2 spatial axes"),
    ("conv", CONV, ["784"], None, "slides over spatial axes, but its input is flat: 784 numbers"),
    ("conv", CONV | {"connections": [[0], [1]]}, ["2x9x9"], "connections", "connections list 2 filters, but there are 4"),
    ("conv", CONV | {"connections": [[0], [1], [2], [0]]}, ["2x9x9"], "connections", "filter 2 sees map 2, but the maps go from 0 to 1"),
    ("conv", CONV | {"connections": [[0], [1], [0, 0], [0]]}, ["2x9x9"], "connections", "filter 2 sees a map twice"),
    ("conv", CONV | {"connections": [[0], [1], [0], [1]], "groups": 2}, ["2x9x9"], "connections", "takes either groups or connections, not both"),
    ("conv", {"out": 96, "kernel": 11, "stride": 4, "rounding": "strict"}, ["3x224x224"], "stride", "the window does not fit evenly: (224 + 2·0 − 11)/4 + 1 = 54.25"),
    ("conv", {"out": 1, "kernel": [4, 3], "stride": 2, "rounding": "strict"}, ["1x10x10"], "stride", "the window does not fit evenly: (10 + 2·0 − 3)/2 + 1 = 4.5"),
    ("maxpool", {"kernel": 3, "stride": 2, "padding": [[0, 1]], "rounding": "strict"}, ["1x9"], "stride", "the window does not fit evenly: (9 + 0 + 1 − 3)/2 + 1 = 4.5"),
    ("conv_transpose", CONV | {"groups": 3}, ["8x4x4"], "groups", "8 input channels do not split into 3 groups"),
    ("conv_transpose", CONV | {"groups": 8}, ["8x4x4"], "groups", "4 filters do not split into 8 groups"),
    ("conv_transpose", CONV | {"stride": 2, "output_padding": 2}, ["8x4x4"], "output_padding", "output_padding 2 must be smaller than the stride or the dilation"),
    ("conv_transpose", CONV | {"padding": 3}, ["8x4x4"], "padding", "padding cuts the whole output away"),
    ("conv_transpose", CONV | {"in": 3}, ["1x9x9"], "in", "states 3 input channels, but gets 1"),
    ("conv_transpose", CONV | {"stride": [2, 2]}, ["8x9"], "stride", "'stride' has 2 numbers, but the input has 1 spatial axis"),
    ("maxpool", {"kernel": 3}, ["4x2x2"], "kernel", "a kernel of 3 is larger than its input of 2"),
    ("maxpool", {"kernel": 3, "padding": 2}, ["4x9x9"], "padding", "padding 2 is more than half the kernel of 3"),
    ("avgpool", {"kernel": 2}, ["256"], None, "slides over spatial axes, but its input is flat: 256 numbers"),
    ("global_avgpool", {}, ["256"], None, "slides over spatial axes, but its input is flat: 256 numbers"),
    ("adaptive_avgpool", {"size": [6, 6]}, ["256x9"], "size", "'size' has 2 numbers, but the input has 1 spatial axis"),
    ("linear", {"out": 10}, ["16x5x5"], None, "takes a flat input, but gets 16x5x5"),
    ("linear", {"out": 10, "in": 400}, ["256"], "in", "states 400 input channels, but gets 256"),
    ("linear", {"out": 6, "zero_bias": [2, 7]}, ["4"], "zero_bias", "2x7 is no range of the 6 outputs"),
    ("linear", {"out": 6, "zero_bias": [3, 3]}, ["4"], "zero_bias", "3x3 is no range of the 6 outputs"),
    ("linear", {"out": 6, "zero_bias": 3}, ["4"], "zero_bias", "3 is no range of the 6 outputs"),
    ("rbf", {"out": 10}, ["84x1x1"], None, "takes a flat input, but gets 84x1x1"),
    ("lrn", {"size": 4}, ["8x3x3"], "size", "size must be odd, not 4"),
    ("groupnorm", {"groups": 32}, ["48x7x7"], "groups", "48 input channels do not split into 32 groups"),
    ("shuffle", {"groups": 3}, ["58x7x7"], "groups", "58 input channels do not split into 3 groups"),
    ("reshape", {"shape": [3, 5]}, ["4x4"], "shape", "4x4 has 16 numbers, which do not fill 3x5"),
    ("reshape", {"shape": [3, 0]}, ["4x4"], "shape", "4x4 has 16 numbers, which do not fill 3x0"),
    ("reshape", {"shape": [4, 2]}, ["4x4"], "shape", "4x4 has 16 numbers, which do not fill 4x2"),
    ("reshape", {"shape": [0, 0]}, ["4x4"], "shape", "only one size can be left over (0)"),
    ("permute", {"order": [0, 1]}, ["3x4x5"], "order", "order must name each of the axes 0 to 2 once, not [0, 1]"),
    ("permute", {"order": [0, 1, 1]}, ["3x4x5"], "order", "order must name each of the axes 0 to 2 once, not [0, 1, 1]"),
    ("pad", {"amount": [1, 1]}, ["3x9"], "amount", "'amount' has 2 numbers, but the input has 1 spatial axis"),
    ("pad", {"channels": [1, 1]}, ["3x9x9"], "channels", "'channels' takes one number or one pair"),
    ("crop", {"amount": [1, 1]}, ["3x9"], "amount", "'amount' has 2 numbers, but the input has 1 spatial axis"),
    ("crop", {"amount": 2}, ["3x4x9"], "amount", "cuts the whole input away"),
    ("upsample", {"scale": [2, 2]}, ["3x9"], "scale", "'scale' has 2 numbers, but the input has 1 spatial axis"),
    ("channels", {"start": 4, "stop": 9}, ["8x3x3"], "stop", "channels 4 to 9 are not among the 8 that come in"),
    ("channels", {"start": 8}, ["8x3x3"], "start", "channels 8 to 8 are not among the 8 that come in"),
    ("add", {}, ["64x56x56", "64x28x28"], None, "the shapes differ"),
    ("multiply", {}, ["64x56x56", "64"], None, "the shapes differ"),
    ("concat", {}, ["64x56x56", "64x28x28"], None, "the shapes differ beside the channels"),
    ("concat", {}, ["64x56x56", "64"], None, "the shapes differ beside the channels"),
    ("concat", {"axis": 0}, ["4x3", "5x3"], "axis", "the shapes differ beside axis 0"),
    ("concat", {"axis": -1}, ["4x3", "5x3"], "axis", "the shapes differ beside axis -1"),
    ("concat", {"axis": 3}, ["4x3", "5x3"], "axis", "there is no axis 3: the input has axes 0 to 2, the batch among them"),
    ("combine", {"by": "divide"}, ["64x56x56", "64x28x28"], None, "the shapes differ"),
    ("where", {}, ["4", "5", "5"], None, "the shapes differ"),
    ("linear", {"out": 5, "axis": -4}, ["4x3"], "axis", "there is no axis -4: the input has axes 0 to 2, the batch among them"),
    ("linear", {"out": 5, "axis": -1, "in": 4}, ["4x3"], "in", "states 4 input channels, but gets 3"),
    ("softmax", {"axis": 2}, ["10"], "axis", "there is no axis 2: the input has axes 0 to 1, the batch among them"),
    ("matmul", {}, ["3x5", "4x7"], None, "rows of 5 numbers do not meet columns of 4"),
    ("matmul", {"transposed": True}, ["3x5", "5x7"], "transposed", "rows of 5 numbers do not meet columns of 7"),
    ("matmul", {}, ["2x3x5", "4x5x7"], None, "the shapes differ"),
    ("einsum", {"equation": "ij->"}, ["3x5"], "equation", "'ij' names 2 axes, but there are 3: the batch and 3x5"),
    ("einsum", {"equation": "ij.jk"}, ["3"], "equation", "'ij.jk' is no equation"),
    ("einsum", {"equation": "ni,nj->nij"}, ["3"], "equation", "the equation is about 2 inputs, but gets 1"),
    ("einsum", {"equation": "ni,ni->n"}, ["3", "4"], "equation", "'i' is 3 and 4 long"),
    ("einsum", {"equation": "ni->nj"}, ["3"], "equation", "the output 'nj' must name letters of the inputs, each once"),
    ("einsum", {"equation": "ni->nii"}, ["3"], "equation", "the output 'nii' must name letters of the inputs, each once"),
    ("slice", {"axes": 2, "starts": 3, "stops": 9}, ["4x8"], "stops", "positions 3 to 9 are not among the 8 of axis 2"),
    ("slice", {"axes": 2, "starts": 8}, ["4x8"], "starts", "positions 8 to 8 are not among the 8 of axis 2"),
    ("slice", {"axes": [1, -2]}, ["4x8"], "axes", "names axis -2 twice"),
    ("slice", {"axes": 2, "steps": [1, 2]}, ["4x8"], "steps", "'steps' has 2 numbers, but 'axes' has 1"),
    ("take", {"axis": 1, "index": 4}, ["4x8"], "index", "position 4 is not among the 4 of axis 1"),
    ("take", {"axis": 1}, ["4x8"], "index", "takes either an index or a second input that holds indices"),
    ("take", {"axis": 1, "index": 0}, ["4x8", "3"], "index", "takes either an index or a second input that holds indices"),
    ("expand", {"shape": [1, 5, 4]}, ["3x1"], "shape", "1x3x1 does not stretch to 1x5x4"),
    ("roll", {"axes": [1, 2], "shift": [1, 2, 3]}, ["3x4"], "shift", "'shift' has 3 numbers, but 'axes' has 2"),
    ("roll", {"axes": [1, -2], "shift": 1}, ["3x4"], "axes", "names axis -2 twice"),
    ("relative_bias", {"window": 7}, ["169x3"], "window", "a window of 7 has 13 distances, but the table has 169 rows"),
    ("window_mask", {"map": "8x8", "window": 4, "shift": [1, 2, 3]}, ["4x16x16"], "shift", "'shift' has 3 numbers, but 'map' has 2"),
    ("window_mask", {"map": "8x9", "window": 4, "shift": 2}, ["4x16x16"], "window", "8x9 is not made of windows of 4"),
    ("window_mask", {"map": "8x8", "window": 4, "shift": 4}, ["4x16x16"], "shift", "the shift is not smaller than the window"),
    ("window_mask", {"map": "8x8", "window": 4, "shift": 2}, ["3x4x16x16"], "map", "8x8 has 4 windows with 16x16 scores each, but gets 3x4x16x16"),
    ("tile", {"repeats": [2, 2]}, ["3x4"], "repeats", "'repeats' has 2 numbers, but the input has 3 axes with the batch"),
    ("reshape", {"shape": [3, 3], "axes": "all"}, ["8"], "shape", "1x8 has 8 numbers, which do not fill 3x3"),
    ("permute", {"order": [1, 2, 3], "axes": "all"}, ["3x4"], "order", "order must name each of the axes 0 to 2 once, not [1, 2, 3]"),
    ("reduce", {"axes": [1, 3]}, ["3x4"], "axes", "there is no axis 3: the input has axes 0 to 2, the batch among them"),
    ("layernorm", {"over": "last", "axes": 3}, ["3x4"], "axes", "takes the last 3 axes, but a sample has 2"),
    ("rmsnorm", {"axes": 3}, ["3x4"], "axes", "takes the last 3 axes, but a sample has 2"),
    ("affine", {"scale": False, "shift": False}, ["3x4"], "shift", "neither scales nor shifts"),
    ("clip", {"low": 2, "high": 1}, ["3x4"], "low", "low is 2, but high is 1"),
    ("resize", {"size": [2, 2]}, ["3x4"], "size", "'size' has 2 numbers, but the input has 1 spatial axis"),
    ("depth_to_space", {"block": 2}, ["6x4x4"], "block", "6 channels do not make blocks of 4"),
    ("space_to_depth", {"block": 2}, ["6x4x5"], "block", "5 is not made of blocks of 2"),
    ("pad", {"amount": 1}, ["64"], None, "slides over spatial axes, but its input is flat: 64 numbers"),
    ("pad", {"amount": [[4, 0]], "mode": "reflect"}, ["3x4"], "mode", "reflect has at most 3 elements for each side of 4, not 4"),
    ("pad", {"amount": [[0, 5]], "mode": "wrap"}, ["3x4"], "mode", "wrap has at most 4 elements for each side of 4, not 5"),
    ("lstm", {"hidden": 4}, ["3x4x4"], None, "takes a sequence of vectors, TxC, but gets 3x4x4"),
    ("gru", {"hidden": 4, "directions": 3}, ["3x4"], "directions", "there are 2 directions, not 3"),
]
UNREADABLE = [  # op, settings, the setting to blame, the fact
    ("conv", {"kernel": 3}, None, "needs 'out': number of filters, the output's channels"),
    ("conv", CONV | {"out": 0}, "out", "'out' must be at least 1, not 0"),
    ("conv", CONV | {"out": 2.5}, "out", "'out' must be a whole number, not 2.5"),
    ("conv", CONV | {"out": True}, "out", "'out' must be a whole number, not true"),
    ("conv", CONV | {"out": None}, "out", "'out' must be a whole number, not nothing"),
    ("conv", CONV | {"stride": 0}, "stride", "'stride' must be at least 1, not 0"),
    ("conv", CONV | {"kernel": "3x"}, "kernel", "'kernel' must be a size such as 3, 3x5 or [3, 5], not '3x'"),
    ("conv", CONV | {"kernel": [3] * 9}, "kernel", "'kernel' must have 1 to 8 numbers, not 9"),
    ("conv", CONV | {"padding": -1}, "padding", "'padding' must be same, valid or at least 0, not -1"),
    ("conv", CONV | {"padding": [[1, 1, 1]]}, "padding", "'padding' must be pairs of before and after, but holds [1, 1, 1]"),
    ("conv", CONV | {"bias": 1}, "bias", "'bias' must be true or false, not 1"),
    ("conv", CONV | {"rounding": "up"}, "rounding", "'rounding' must be floor or ceil or strict, not 'up'"),
    ("conv", CONV | {"padding": [1] * 9}, "padding", "'padding' must have 1 to 8 entries, not 9"),
    ("conv", CONV | {"out": -(2**300)}, "out", "'out' must be at least 1, not a number of 301 bits"),
    ("conv", CONV | {"connections": 3}, "connections", "'connections' must be a list of lists, not 3"),
    ("conv", CONV | {"connections": [[0], []]}, "connections", "'connections' must be a list of lists, but holds []"),
    ("dropout", {"rate": 1.5}, "rate", "'rate' must be from 0 to 1, not 1.5"),
    ("batchnorm", {"eps": 0}, "eps", "'eps' must be greater than 0, not 0"),
    ("softmax", {"axis": -9}, "axis", "'axis' must be at least -8, not -9"),
    ("softmax", {"axis": "last"}, "axis", "'axis' must be a whole number, not 'last'"),
    ("reduce", {"axes": []}, "axes", "'axes' must have 1 to 8 numbers, not 0"),
    ("function", {"by": "exponential"}, "by", "'by' cannot be 'exponential'"),
    ("lrn", {"size": 5, "alpha": "small"}, "alpha", "'alpha' must be a number, not 'small'"),
]
# fmt: on


@pytest.mark.parametrize(("kind", "settings", "shapes", "blamed", "fact"), UNSUITABLE)
def test_an_op_refuses_inputs_that_do_not_suit_it(kind, settings, shapes, blamed, fact):
    op = REGISTRY[kind](**settings)
    with pytest.raises(ArchcalcError) as caught:
        op.check(Site(tuple((1, *extents(shape)) for shape in shapes)))
    assert (caught.value.fact, caught.value.setting) == (fact, blamed)


@pytest.mark.parametrize(("kind", "settings", "blamed", "fact"), UNREADABLE)
def test_an_op_refuses_settings_that_it_cannot_read(kind, settings, blamed, fact):
    with pytest.raises(ArchcalcError) as caught:
        REGISTRY[kind](**settings)
    assert (caught.value.fact, caught.value.setting) == (fact, blamed)


@pytest.mark.parametrize(
    ("settings", "shape", "hint"),
    [
        ({"groups": 3}, "64x9", "groups must divide 64: 1, 2, 4, 8, 16, 32, 64"),
        ({"groups": 7}, "120x9", "groups must divide 120: 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30, 40, 60, 120"),
        ({"groups": 7}, "180x9", "groups must divide 180: 1, 2, 3, 4, 5, 6, 9, 10, 12, 15, 18, 20, 30, 36, 45, 60, …"),
        ({"groups": 3}, "9x9", "groups must divide 4"),  # the filters, that is
        ({"kernel": 1, "stride": 2, "rounding": "strict"}, "1x2", "sizes that fit are 1 and 3; floor makes it 1"),
        ({"stride": 4, "padding": 2, "rounding": "strict"}, "1x2", "the next size that fits is 3; floor makes it 1"),
    ],
)  # fmt: skip
def test_a_hint_names_the_settings_and_sizes_that_would_do(settings, shape, hint):
    with pytest.raises(ArchcalcError) as caught:
        REGISTRY["conv"](**CONV | settings).check(Site(((1, *extents(shape)),)))
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        (224, {"kernel": 11, "stride": 4}),
        (9, {"kernel": 3, "stride": 4, "padding": 2}),
        (2, {"kernel": 3, "stride": 4, "padding": 2}),
    ],
)
def test_the_sizes_that_strict_rounding_suggests_do_fit(size, settings):
    op = REGISTRY["conv"](out=1, rounding="strict", **settings)
    with pytest.raises(ArchcalcError) as caught:
        op.check(Site(((1, 1, size),)))
    suggested = re.findall(r"-?\d+", caught.value.hint.partition(";")[0])
    for other in suggested:
        assert int(other) >= 1
        op.check(Site(((1, 1, int(other)),)))
