"""Worked examples of every op: what goes in, what comes out, what it costs, and who says so.

A figure that a row does not state is zero: no parameters, no work of that kind.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from archcalc.op.op import Work
from archcalc.op.settings import extents
from archcalc.op.site import Site
from archcalc.ops import REGISTRY
from archcalc.questions import explain as derivation

FIGURES = ("params", "fixed", "buffers", *Work._fields)


class Case(NamedTuple):
    """An op's settings, `input, input -> output` without the batch, its figures, and their source."""

    kind: str
    settings: dict[str, Any]
    shapes: str
    source: str
    figures: dict[str, int]

    @property
    def takes(self):
        return [shape for shape in self.shapes.split(" -> ")[0].split(", ") if shape]

    @property
    def gives(self):
        return extents(self.shapes.split(" -> ")[1])


def case(kind, settings, shapes, source, **figures):
    return Case(kind, settings, shapes, source, figures)


# LeNet-5's table I, in words: three neighbours wrapping round, four neighbours, two and two, all.
C3 = [
    *([(first + i) % 6 for i in range(number)] for number in (3, 4) for first in range(6)),
    *([0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]),
]
SAME = {"padding": "same"}

# fmt: off
CONVOLUTIONS = [
    case("conv", {"out": 96, "kernel": 11, "stride": 4}, "3x227x227 -> 96x55x55", "Krizhevsky et al. 2012, 3.5", params=96 * (11*11*3 + 1), macs=96*55*55 * 11*11*3, additions=96*55*55),
    case("conv", {"out": 256, "kernel": 5, "padding": 2, "groups": 2}, "96x27x27 -> 256x27x27", "Krizhevsky et al. 2012, 3.5: 256 kernels of 5x5x48", params=256 * (5*5*48 + 1), macs=256*27*27 * 5*5*48, additions=256*27*27),
    case("conv", {"out": 30, "kernel": 5}, "1x28x28 -> 30x24x24", "Saito 2016, 7.5", params=30*5*5 + 30, macs=30*24*24 * 5*5, additions=30*24*24),
    case("conv", {"out": 16, "kernel": 5, "connections": C3}, "6x14x14 -> 16x10x10", "LeCun et al. 1998, table I", params=(5*5*3 + 1)*6 + (5*5*4 + 1)*9 + (5*5*6 + 1), macs=10*10 * 5*5 * (3*6 + 4*9 + 6), additions=16*10*10),
    case("conv", {"out": 16, "kernel": 5, "connections": C3, "bias": False}, "6x14x14 -> 16x10x10", "60 pairs of maps in table I", params=5*5*60, macs=10*10 * 5*5*60),
    case("conv", {"out": 64, "kernel": 7, "stride": 2} | SAME, "3x224x224 -> 64x112x112", "Szegedy et al. 2014, table 1", params=64 * (7*7*3 + 1), macs=64*112*112 * 7*7*3, additions=64*112*112),
    case("conv", {"out": 32, "kernel": 1, "bias": False}, "128x28x28 -> 32x28x28", "Szegedy et al. 2014, pointwise reduction", params=128*32, macs=28*28*128*32),
    case("conv", {"out": 32, "kernel": 3, "padding": 1, "groups": 32, "bias": False}, "32x112x112 -> 32x112x112", "Howard et al. 2017, table 1: 3x3x32 dw", params=3*3*32, macs=112*112 * 3*3*32),
    case("conv", {"out": 64, "kernel": 3, "groups": 32}, "32x9x9 -> 64x7x7", "depth multiplier 2: each map has two filters", params=64 * (9 + 1), macs=64*7*7*9, additions=64*7*7),
    case("conv", {"out": 32, "kernel": 3, "stride": 2, "padding": [[0, 1], [0, 1]], "bias": False}, "3x224x224 -> 32x112x112", "SAME at stride 2 pads after only", params=27*32, macs=112*112*27*32),
    case("conv", {"out": 1, "kernel": 3, "padding": [[2, 0], [0, 1]], "bias": False}, "1x5x5 -> 1x5x4", "5+2-3+1 by 5+1-3+1", params=9, macs=9*20),
    case("conv", {"out": 1, "kernel": 3, "dilation": 2, "bias": False}, "1x7x7 -> 1x3x3", "Dumoulin & Visin 2016, figure 5.1", params=9, macs=9*9),
    case("conv", {"out": 1, "kernel": 3, "dilation": 4, "bias": False} | SAME, "1x7x7 -> 1x7x7", "same keeps the size at stride 1", params=9, macs=9*49),
    case("conv", {"out": 2, "kernel": 4, "bias": False} | SAME, "1x7x7 -> 2x7x7", "same with an even kernel", params=32, macs=32*49),
    case("conv", {"out": 2, "kernel": 3, "padding": "valid", "bias": False}, "1x7x7 -> 2x5x5", "valid is no padding", params=18, macs=18*25),
    case("conv", {"out": 1, "kernel": 7, "padding": 3, "bias": False}, "1x1x1 -> 1x1x1", "all but the centre lies in the padding", params=49, macs=49),
    case("conv", {"out": 1, "kernel": 3, "stride": 2, "bias": False}, "1x6x6 -> 1x2x2", "Dumoulin & Visin 2016, figure 2.7: floor(3/2) + 1", params=9, macs=9*4),
    case("conv", {"out": 1, "kernel": 3, "stride": 2, "rounding": "ceil", "bias": False}, "1x6x6 -> 1x3x3", "the same, rounded up", params=9, macs=9*9),
    case("conv", {"out": 33, "kernel": 3, "stride": 2}, "16x50 -> 33x24", "torch.nn.Conv1d, examples", params=33 * (3*16 + 1), macs=33*24 * 3*16, additions=33*24),
    case("conv", {"out": 33, "kernel": [3, 5], "stride": [2, 1], "padding": [4, 2], "dilation": [3, 1]}, "16x50x100 -> 33x26x100", "torch.nn.Conv2d, examples", params=33 * (15*16 + 1), macs=33*26*100 * 15*16, additions=33*26*100),
    case("conv", {"out": 33, "kernel": "3x5x2", "stride": "2x1x1", "padding": "4x2x0"}, "16x10x50x100 -> 33x8x50x99", "torch.nn.Conv3d, examples", params=33 * (30*16 + 1), macs=33*8*50*99 * 30*16, additions=33*8*50*99),
    case("conv_transpose", {"out": 33, "kernel": [3, 5], "stride": [2, 1], "padding": [4, 2]}, "16x50x100 -> 33x93x100", "torch.nn.ConvTranspose2d, examples", params=16*33*15 + 33, macs=50*100 * 16*33*15, additions=33*93*100),
    case("conv_transpose", {"out": 16, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1}, "16x6x6 -> 16x12x12", "torch.nn.ConvTranspose2d, examples: output_size", params=16*16*9 + 16, macs=6*6 * 16*16*9, additions=16*12*12),
    case("conv_transpose", {"out": 33, "kernel": [3, 5, 2], "stride": [2, 1, 1], "padding": [0, 4, 2]}, "16x10x50x100 -> 33x21x46x97", "torch.nn.ConvTranspose3d, examples", params=16*33*30 + 33, macs=10*50*100 * 16*33*30, additions=33*21*46*97),
    case("conv_transpose", {"out": 16, "kernel": 4, "stride": 2, "padding": 1, "bias": False}, "8x32x32 -> 16x64x64", "every input element meets every weight once", params=8*16*16, macs=32*32 * 8*16*16),
    case("conv_transpose", {"out": 6, "kernel": 2, "stride": 2, "groups": 3, "bias": False}, "9x5 -> 6x10", "each of 9 maps feeds 6/3 filters", params=9*2*2, macs=5 * 9*2*2),
    case("conv_transpose", {"out": 1, "kernel": 3, "dilation": 2, "bias": False}, "1x4x4 -> 1x8x8", "4 - 1 + 2·(3 - 1) + 1", params=9, macs=16*9),
    case("conv_transpose", {"out": 1, "kernel": 3, "dilation": 2, "output_padding": 1, "bias": False}, "1x4 -> 1x9", "torch.nn.ConvTranspose1d: output_padding below the dilation", params=3, macs=4*3),
    case("conv_transpose", {"out": 1, "kernel": 3, "stride": 2, "padding": [[0, 1]], "bias": False}, "1x3 -> 1x6", "(3 - 1)·2 - (0 + 1) + 3", params=3, macs=9),
    case("conv_transpose", {"out": 1, "kernel": 3, "padding": 1, "bias": False}, "1x1 -> 1x1", "0 - 2 + 3: one element is left", params=3, macs=3),
]
POOLS = [
    case("maxpool", {"kernel": 3, "stride": 2}, "96x55x55 -> 96x27x27", "Krizhevsky et al. 2012, 3.4: overlapping", comparisons=96*27*27 * 8),
    case("maxpool", {"kernel": 2}, "30x24x24 -> 30x12x12", "Saito 2016, 7.5: the stride is the kernel's size", comparisons=30*12*12 * 3),
    case("maxpool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, "64x112x112 -> 64x56x56", "Caffe's GoogLeNet: 55.5 rounded up", comparisons=64*56*56 * 8),
    case("maxpool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, "1x109x109 -> 1x54x54", "an even fit has nothing to round", comparisons=54*54 * 8),
    case("maxpool", {"kernel": 2, "padding": 1, "rounding": "ceil"}, "1x3x3 -> 1x2x2", "PyTorch's pooling_output_shape: a third window would start at 3, in the padding", comparisons=4 * 3),
    case("maxpool", {"kernel": 2, "padding": 1, "rounding": "ceil"}, "1x4x4 -> 1x3x3", "the third window starts at 3, the last element", comparisons=9 * 3),
    case("maxpool", {"kernel": 1, "stride": 3, "rounding": "ceil"}, "1x5x5 -> 1x2x2", "a third window would start at 6, past the input", comparisons=0),
    case("maxpool", {"kernel": 3, "stride": 1, "padding": 1, "dilation": 2}, "2x9x9 -> 2x7x7", "9 + 2 - 5 + 1", comparisons=2*49 * 8),
    case("maxpool", {"kernel": 3, "stride": 1, "dilation": 4} | SAME, "1x9x9 -> 1x9x9", "a dilated 3 spans 9: 4 on each side, more than half the kernel", comparisons=81 * 8),
    case("maxpool", {"kernel": 3, "stride": 2, "padding": [[0, 1]]}, "4x8x8 -> 4x4x4", "(8 + 1 - 3)/2 + 1", comparisons=4*16 * 8),
    case("maxpool", {"kernel": 3, "stride": 2} | SAME, "64x112x112 -> 64x56x56", "Szegedy et al. 2014, table 1", comparisons=64*56*56 * 8),
    case("maxpool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, "1x2x2 -> 1x1x1", "PyTorch: rounded up, the only window sticks out; rounded down it does not fit", comparisons=8),
    case("maxpool", {"kernel": 3}, "8x10 -> 8x3", "1-D: floor(7/3) + 1", comparisons=8*3 * 2),
    case("maxpool", {"kernel": [1, 2, 2]}, "8x5x6x7 -> 8x5x3x3", "3-D, time kept", comparisons=8*5*3*3 * 3),
    case("avgpool", {"kernel": 5, "stride": 3}, "512x14x14 -> 512x4x4", "Szegedy et al. 2014, section 5: the auxiliary head", additions=512*16 * 24, divisions=512*16),
    case("avgpool", {"kernel": [3, 2], "stride": [2, 1]}, "16x50x32 -> 16x24x31", "torch.nn.AvgPool2d, examples", additions=16*24*31 * 5, divisions=16*24*31),
    case("avgpool", {"kernel": 3, "stride": 1, "padding": 1, "count_padding": False}, "3x8 -> 3x8", "1-D", additions=3*8 * 2, divisions=3*8),
    case("lppool", {"kernel": 3, "stride": 2, "norm": 2}, "16x50x32 -> 16x24x15", "torch.nn.LPPool2d, examples; 9 powers and a root", additions=16*24*15 * 8, exponentials=16*24*15 * 10),
    case("global_avgpool", {}, "1024x7x7 -> 1024x1x1", "Szegedy et al. 2014, table 1", additions=1024 * 48, divisions=1024),
    case("global_avgpool", {}, "8x2x3x4 -> 8x1x1x1", "3-D", additions=8 * 23, divisions=8),
    case("global_maxpool", {}, "64x10 -> 64x1", "the largest of 10 takes 9 comparisons", comparisons=64 * 9),
    case("adaptive_avgpool", {"size": [5, 7]}, "64x8x9 -> 64x5x7", "torch.nn.AdaptiveAvgPool2d, examples: windows of 2+3+2+3+2 by 2+2+2+3+2+2+2", additions=64 * (12*15 - 35), divisions=64*35),
    case("adaptive_avgpool", {"size": 6}, "256x6x6 -> 256x6x6", "torchvision's AlexNet at 224: windows of one", divisions=256*36),
    case("adaptive_avgpool", {"size": 3}, "1x2 -> 1x3", "more outputs than inputs: windows of 1+2+1", additions=1, divisions=3),
    case("adaptive_avgpool", {"size": 1}, "4x2x3x4 -> 4x1x1x1", "size 1 is global pooling", additions=4 * 23, divisions=4),
    case("adaptive_maxpool", {"size": 6}, "256x13x13 -> 256x6x6", "windows of 3 at 0, 2, 4, 6, 8, 10", comparisons=256*36 * 8),
    case("subsample", {"kernel": 2}, "6x28x28 -> 6x14x14", "LeCun et al. 1998, S2: four inputs added, times a coefficient, plus a bias", params=12, additions=6*14*14 * 4, multiplications=6*14*14),
]
DENSE = [
    case("linear", {"out": 4096}, "9216 -> 4096", "Krizhevsky et al. 2012, 3.5", params=4096 * 9217, macs=4096*9216, additions=4096),
    case("linear", {"out": 84}, "120 -> 84", "LeCun et al. 1998, F6: 10,164", params=10164, macs=120*84, additions=84),
    case("linear", {"out": 10, "bias": False}, "84 -> 10", "y = Wx", params=840, macs=840),
    case("linear", {"out": 288, "zero_bias": [96, 192]}, "96 -> 288", "torchvision's Swin V2: the bias of keys is zeroed, counts and is added", params=288 * 97, macs=288*96, additions=288),
    case("rbf", {"out": 10}, "84 -> 10", "LeCun et al. 1998, II.B: sum of (x - w)², w drawn by hand: 84 differences, 84 squares and 83 sums each", fixed=840, multiplications=840, additions=840 + 830),
]
NORMS = [
    case("batchnorm", {}, "64x56x56 -> 64x56x56", "torch.nn.BatchNorm2d; a scale and a shift an element", params=128, buffers=128, additions=64*56*56, multiplications=64*56*56),
    case("batchnorm", {"affine": False}, "10 -> 10", "torch.nn.BatchNorm1d", buffers=20, additions=10, multiplications=10),
    # n numbers: mean n - 1 + and 1 /, subtract n, square n, variance n - 1 + and 1 /, + eps, root, n /, n × and n +
    case("layernorm", {"over": "channels"}, "96x1x1 -> 96x1x1", "Ba et al. 2016: one group of n = 96", params=192, additions=4*96 - 1, multiplications=2*96, divisions=96 + 2, exponentials=1),
    case("layernorm", {"over": "channels", "affine": False}, "4x3x3 -> 4x3x3", "nine groups of 4", additions=9 * (3*4 - 1), multiplications=9*4, divisions=9 * 6, exponentials=9),
    case("layernorm", {}, "4x3x3 -> 4x3x3", "torch.nn.LayerNorm((4, 3, 3)): one group of 36", params=72, additions=4*36 - 1, multiplications=72, divisions=38, exponentials=1),
    case("groupnorm", {"groups": 3}, "6x2x2 -> 6x2x2", "torch.nn.GroupNorm(3, 6): three groups of 8", params=12, additions=3 * (4*8 - 1), multiplications=3*16, divisions=3*10, exponentials=3),
    case("groupnorm", {"groups": 3, "affine": False}, "6x2x2 -> 6x2x2", "three groups of 8, neither scaled nor shifted", additions=3 * (3*8 - 1), multiplications=3*8, divisions=3*10, exponentials=3),
    case("lrn", {"size": 5}, "96x55x55 -> 96x55x55", "Krizhevsky et al. 2012, 3.3: five squares added and k; α·, square, power, division", additions=96*55*55 * 5, multiplications=96*55*55 * 2, divisions=96*55*55, exponentials=96*55*55),
]
POINTWISE = [
    case("parameter", {"shape": "197x768"}, " -> 197x768", "ViT-B/16: 14·14 patches and a class token, 768 wide", params=151_296),
    case("parameter", {"shape": "49x49", "learnt": False}, " -> 49x49", "Swin: 7·7 window positions, an index for each pair", buffers=2401),
    case("identity", {}, "2x3 -> 2x3", "x"),
    case("dropout", {"rate": 0.5}, "4096 -> 4096", "Srivastava et al. 2014: nothing at inference"),
    case("relu", {}, "2x3 -> 2x3", "max(0, x)", comparisons=6),
    case("relu6", {}, "2x3 -> 2x3", "min(max(0, x), 6)", comparisons=12),
    case("leaky_relu", {"slope": 0.1}, "2x3 -> 2x3", "x > 0 ? x : a·x", comparisons=6, multiplications=6),
    case("prelu", {}, "2x3 -> 2x3", "torch.nn.PReLU(2)", params=2, comparisons=6, multiplications=6),
    case("prelu", {"per": "layer"}, "2x3 -> 2x3", "torch.nn.PReLU()", params=1, comparisons=6, multiplications=6),
    case("elu", {}, "2x3 -> 2x3", "x > 0 ? x : α·(exp(x) - 1)", comparisons=6, exponentials=6, additions=6, multiplications=6),
    case("selu", {}, "2x3 -> 2x3", "λ·(x > 0 ? x : α·(exp(x) - 1))", comparisons=6, exponentials=6, additions=6, multiplications=12),
    case("gelu", {}, "2x3 -> 2x3", "½·x·(1 + erf(√½·x))", multiplications=18, additions=6, exponentials=6),
    case("silu", {}, "2x3 -> 2x3", "x/(1 + exp(-x))", exponentials=6, additions=6, divisions=6),
    case("mish", {}, "2x3 -> 2x3", "x·tanh(log(1 + exp(x)))", exponentials=18, additions=6, multiplications=6),
    case("sigmoid", {}, "2x3 -> 2x3", "1/(1 + exp(-x))", exponentials=6, additions=6, divisions=6),
    case("hardsigmoid", {}, "2x3 -> 2x3", "min(max(x + 3, 0), 6)/6", additions=6, comparisons=12, divisions=6),
    case("hardswish", {}, "2x3 -> 2x3", "x·min(max(x + 3, 0), 6)/6", additions=6, comparisons=12, divisions=6, multiplications=6),
    case("tanh", {}, "2x3 -> 2x3", "tanh(x)", exponentials=6),
    case("scaled_tanh", {}, "6x28x28 -> 6x28x28", "LeCun et al. 1998: A·tanh(S·x)", multiplications=2*6*28*28, exponentials=6*28*28),
    case("softmax", {}, "10 -> 10", "exp(x - max)/sum: 9 comparisons, 10 differences and 9 sums", comparisons=9, additions=10 + 9, exponentials=10, divisions=10),
    case("softmax", {}, "10x2x2 -> 10x2x2", "the same at each of four positions", comparisons=36, additions=76, exponentials=40, divisions=40),
    case("log_softmax", {}, "10x2x2 -> 10x2x2", "at each of four positions", comparisons=36, additions=116, exponentials=44),
    case("log_softmax", {}, "10 -> 10", "(x - max) - log(sum): two differences an element and a logarithm", comparisons=9, additions=10 + 9 + 10, exponentials=10 + 1),
]
LAYOUT = [
    case("input", {"shape": "3x224x224"}, " -> 3x224x224", "what goes in"),
    case("flatten", {}, "256x6x6 -> 9216", "Krizhevsky et al. 2012"),
    case("flatten", {}, "16x5x4x3x2 -> 1920", "any number of axes"),
    case("reshape", {"shape": [3, 0, 2]}, "12x4 -> 3x8x2", "48/(3·2) is left over"),
    case("reshape", {"shape": 48}, "12x4 -> 48", "12·4"),
    case("permute", {"order": [1, 2, 0]}, "3x32x16 -> 32x16x3", "channels last"),
    case("pad", {"amount": 3}, "3x224x224 -> 3x230x230", "224 + 2·3"),
    case("pad", {"amount": [[1, 2], [0, 3]]}, "3x30x30 -> 3x33x33", "30 + 1 + 2 by 30 + 0 + 3"),
    case("crop", {"amount": [2, 1]}, "3x32x32 -> 3x28x30", "32 - 2·2 by 32 - 2·1"),
    case("crop", {"amount": [[0, 5]]}, "3x32 -> 3x27", "32 - 5"),
    case("crop", {"amount": 1}, "3x3x3 -> 3x1x1", "one element is left"),
    case("upsample", {"scale": 2}, "16x8x8 -> 16x16x16", "torch.nn.Upsample: nearest copies"),
    case("upsample", {"scale": [2, 3], "mode": "linear"}, "1x4x4 -> 1x8x12", "bilinear: 4 products and 3 sums", multiplications=96*4, additions=96*3),
    case("upsample", {"scale": 2, "mode": "linear"}, "1x4 -> 1x8", "linear: 2 products and a sum", multiplications=16, additions=8),
    case("upsample", {"scale": 2, "mode": "linear"}, "1x2x2x2 -> 1x4x4x4", "trilinear: 8 products and 7 sums", multiplications=64*8, additions=64*7),
    case("channels", {"start": 58, "stop": 116}, "116x28x28 -> 58x28x28", "Ma et al. 2018, the channel split"),
    case("channels", {"start": 100}, "116x28x28 -> 16x28x28", "to the end"),
    case("shuffle", {"groups": 2}, "116x28x28 -> 116x28x28", "Zhang et al. 2017"),
    case("add", {}, "256x56x56, 256x56x56 -> 256x56x56", "He et al. 2015", additions=256*56*56),
    case("add", {}, "4x2x3, 4x2x3, 4x2x3 -> 4x2x3", "two sums for three branches", additions=2*24),
    case("multiply", {}, "64x56x56, 64x1x1 -> 64x56x56", "Hu et al. 2017: one gate a channel", multiplications=64*56*56),
    case("multiply", {}, "1x5x1, 3x1x4 -> 3x5x4", "each axis of size 1 stretches", multiplications=60),
    case("concat", {}, "64x28x28, 128x28x28, 32x28x28, 32x28x28 -> 256x28x28", "Szegedy et al. 2014, table 1: inception 3a"),
    case("concat", {}, "120, 84 -> 204", "flat inputs"),
]
# ViT-B/16: 197 tokens of 768 numbers, 12 heads of 64 (Dosovitskiy et al. 2020, table 1)
ATTENTION = [
    case("linear", {"out": 2304, "axis": -1}, "197x768 -> 197x2304", "Dosovitskiy et al. 2020: q, k and v of 197 tokens", params=2304 * 769, macs=197 * 768*2304, additions=197*2304),
    case("linear", {"out": 5, "axis": 2, "bias": False}, "3x4x2 -> 3x5x2", "6 vectors of 4, each with 5 rows", params=20, macs=6*20),
    case("linear", {"out": 5, "axis": -1}, "7 -> 5", "the last axis of a flat input is its channels", params=40, macs=35, additions=5),
    case("matmul", {"transposed": True}, "12x197x64, 12x197x64 -> 12x197x197", "Vaswani et al. 2017, 3.2.1: QKᵀ", macs=12*197*197 * 64),
    case("matmul", {}, "12x197x197, 12x197x64 -> 12x197x64", "Vaswani et al. 2017, 3.2.1: the scores times V", macs=12*197*64 * 197),
    case("matmul", {}, "3x5, 5x7 -> 3x7", "a product of two matrices", macs=3*7 * 5),
    case("matmul", {}, "2x1x3x5, 1x4x5x7 -> 2x4x3x7", "numpy.matmul: leading axes stretch", macs=2*4*3*7 * 5),
    case("matmul", {}, "4x3x5, 5x7 -> 4x3x7", "missing axes stretch, too: 1x5x7 stands before every map", macs=4*3*7 * 5),
    case("einsum", {"equation": "nhid,nhjd->nhij"}, "12x197x64, 12x197x64 -> 12x197x197", "QKᵀ in letters", macs=12*197*197*64),
    case("einsum", {"equation": "nci,ncj->ncij"}, "4x5, 4x6 -> 4x5x6", "nothing is added up: outer products", multiplications=4*5*6),
    case("einsum", {"equation": "nij->n j"}, "3x4 -> 4", "three rows added up", additions=2*4),
    case("einsum", {"equation": "nij,njk,nkl->nil"}, "2x3, 3x4, 4x5 -> 2x5", "from the left: 2x3 by 3x4, then 2x4 by 4x5", macs=2*3*4 + 2*4*5),
    case("embedding", {"size": 30522, "dim": 768}, "128 -> 128x768", "Devlin et al. 2018: BERT's word embeddings, 23.4 M", params=30522*768),
    case("softmax", {"axis": -1}, "12x197x197 -> 12x197x197", "each of 12·197 rows against itself", comparisons=12*197*196, additions=12*197 * (197 + 196), exponentials=12*197*197, divisions=12*197*197),
    case("layernorm", {"over": "last"}, "197x768 -> 197x768", "torch.nn.LayerNorm(768): 197 groups", params=2*768, additions=197 * (4*768 - 1), multiplications=197 * 2*768, divisions=197 * (768 + 2), exponentials=197),
    case("layernorm", {"over": "last", "axes": 2, "affine": False}, "2x3x4 -> 2x3x4", "two groups of 12", additions=2 * (3*12 - 1), multiplications=24, divisions=2 * 14, exponentials=2),
    # n numbers: n squares, n - 1 +, 1 /, + eps, root, n /, n ×
    case("rmsnorm", {}, "8x4096 -> 8x4096", "Zhang & Sennrich 2019; Touvron et al. 2023: 4096 a norm", params=4096, additions=8*4096, multiplications=8 * 2*4096, divisions=8 * (4096 + 1), exponentials=8),
    case("rmsnorm", {"axes": 2, "affine": False}, "2x3x4 -> 2x3x4", "two groups of 12", additions=24, multiplications=24, divisions=2 * 13, exponentials=2),
    case("l2norm", {"axis": -1}, "8x128 -> 8x128", "n squares and n - 1 sums, no product of two; root, comparison with ε, n divisions", multiplications=8*128, additions=8*127, comparisons=8, divisions=8*128, exponentials=8),
    case("affine", {}, "64x7x7 -> 64x7x7", "batch normalisation, folded", params=128, additions=64*49, multiplications=64*49),
    case("affine", {"axis": -1, "shift": False}, "197x768 -> 197x768", "Touvron et al. 2021: LayerScale", params=768, multiplications=197*768),
    case("affine", {"scale": False}, "64x7x7 -> 64x7x7", "a bias", params=64, additions=64*49),
]
RECURRENT = [
    # four gates of 20 rows each see 10 inputs and 20 states; i, f, o: eˣ, + and /; g and tanh c; f·c + i·g; o·tanh c
    case("lstm", {"hidden": 20}, "5x10 -> 5x20", "torch.nn.LSTM(10, 20): 2560", params=4*20 * (10 + 20 + 2), macs=5 * 4*20 * 30, additions=5*20 * (8 + 3 + 1), multiplications=5*20 * 3, divisions=5*20 * 3, exponentials=5*20 * 5),
    case("lstm", {"hidden": 20, "directions": 2, "bias": False}, "5x10 -> 5x40", "torch.nn.LSTM(10, 20, bidirectional=True)", params=2 * 4*20*30, macs=2 * 5 * 4*20*30, additions=2 * 5*20 * 4, multiplications=2 * 5*20 * 3, divisions=2 * 5*20 * 3, exponentials=2 * 5*20 * 5),
    case("gru", {"hidden": 20}, "5x10 -> 5x20", "torch.nn.GRU(10, 20): 1920", params=3*20 * 32, macs=5 * 3*20 * 30, additions=5*20 * (6 + 2 + 1 + 2), multiplications=5*20 * 3, divisions=5*20 * 2, exponentials=5*20 * 3),
    case("rnn", {"hidden": 20}, "5x10 -> 5x20", "torch.nn.RNN(10, 20): 640", params=20 * 32, macs=5 * 20*30, additions=5*20 * 2, exponentials=5*20),
]
ELEMENTWISE = [
    case("function", {"by": "exp"}, "2x3 -> 2x3", "eˣ", exponentials=6),
    case("function", {"by": "square"}, "2x3 -> 2x3", "x·x", multiplications=6),
    case("function", {"by": "neg"}, "2x3 -> 2x3", "0 - x", additions=6),
    case("function", {"by": "reciprocal"}, "2x3 -> 2x3", "1/x", divisions=6),
    case("function", {"by": "round"}, "2x3 -> 2x3", "rounding counts as a comparison", comparisons=6),
    case("function", {"by": "softplus"}, "2x3 -> 2x3", "log(1 + eˣ)", exponentials=12, additions=6),
    case("function", {"by": "softsign"}, "2x3 -> 2x3", "x/(1 + |x|)", comparisons=6, additions=6, divisions=6),
    case("function", {"by": "cast"}, "2x3 -> 2x3", "no arithmetic"),
    case("scalar", {"by": "multiply", "value": 0.125}, "2x3 -> 2x3", "x·c", multiplications=6),
    case("scalar", {"by": "subtract", "value": 1, "swapped": True}, "2x3 -> 2x3", "1 - x", additions=6),
    case("scalar", {"by": "power", "value": 2}, "2x3 -> 2x3", "ONNX Runtime: x·x", multiplications=6),
    case("scalar", {"by": "power", "value": 3}, "2x3 -> 2x3", "ONNX Runtime: x·x·x", multiplications=12),
    case("scalar", {"by": "power", "value": 2, "swapped": True}, "2x3 -> 2x3", "2ˣ is an exponential", exponentials=6),
    case("scalar", {"by": "power", "value": 0.5}, "2x3 -> 2x3", "a root", exponentials=6),
    case("scalar", {"by": "greater", "value": 0}, "2x3 -> 2x3", "x > 0", comparisons=6),
    case("combine", {"by": "divide"}, "4x2x3, 4x1x1 -> 4x2x3", "x/y", divisions=24),
    case("combine", {"by": "subtract"}, "1x3, 2x1 -> 2x3", "both sides stretch", additions=6),
    case("combine", {"by": "power"}, "2x3, 2x3 -> 2x3", "xʸ", exponentials=6),
    case("combine", {"by": "maximum"}, "2x3, 3 -> 2x3", "the missing axis in front stretches", comparisons=6),
    case("where", {}, "1x5x5, 8x5x5, 1x1x1 -> 8x5x5", "a mask over attention scores: one look an element", comparisons=200),
    case("clip", {"low": 0, "high": 1}, "2x3 -> 2x3", "min(max(x, 0), 1)", comparisons=12),
    case("clip", {"high": 1}, "2x3 -> 2x3", "min(x, 1)", comparisons=6),
    case("celu", {}, "2x3 -> 2x3", "x > 0 ? x : α·(exp(x/α) - 1)", comparisons=6, exponentials=6, additions=6, multiplications=6, divisions=6),
    case("thresholded_relu", {}, "2x3 -> 2x3", "x > α ? x : 0", comparisons=6),
    case("hardsigmoid", {"slope": 0.2}, "2x3 -> 2x3", "the same steps with other numbers: +, max, min, /", additions=6, comparisons=12, divisions=6),
    case("gelu", {"approximate": "tanh"}, "2x3 -> 2x3", "½·x·(1 + tanh(√(2/π)·(x + 0.044715·x·x·x)))", multiplications=36, additions=12, exponentials=6),
    case("quantize", {}, "2x3 -> 2x3", "x/s, rounded, plus z, within two bounds", fixed=2, divisions=6, additions=6, comparisons=18),
    case("quantize", {"axis": 1}, "2x3 -> 2x3", "a scale and a zero point a channel", fixed=4, divisions=6, additions=6, comparisons=18),
    case("dequantize", {}, "2x3 -> 2x3", "(x - z)·s", fixed=2, additions=6, multiplications=6),
]
REDUCTIONS = [
    case("reduce", {"axes": [2, 3]}, "64x7x7 -> 64", "the mean of 49: 48 sums and a division", additions=64*48, divisions=64),
    case("reduce", {"axes": -1, "by": "sum", "keep": True}, "8x5x4 -> 8x5x1", "three sums each", additions=40*3),
    case("reduce", {"axes": 1, "by": "max"}, "8x5x4 -> 5x4", "seven comparisons each", comparisons=20*7),
    case("reduce", {"axes": 1, "by": "min"}, "8x5 -> 5", "seven comparisons each", comparisons=5*7),
    case("reduce", {"axes": [1, 2], "by": "prod", "keep": True}, "2x3x4 -> 1x1x4", "five products each", multiplications=4*5),
    case("reduce", {"axes": 1, "by": "norm1"}, "6x4 -> 4", "Σ|x|", comparisons=24, additions=4*5),
    case("reduce", {"axes": 1, "by": "norm2"}, "6x4 -> 4", "√Σx², six squares each", multiplications=24, additions=4*5, exponentials=4),
    case("reduce", {"axes": 1, "by": "sum_squares"}, "6x4 -> 4", "Σx², six squares each", multiplications=24, additions=4*5),
    case("reduce", {"axes": 1, "by": "log_sum_exp"}, "6x4 -> 4", "m + log Σexp(x - m): 5 comparisons, 6 differences, 5 sums and m, 6 exponentials and a logarithm", comparisons=20, additions=4*12, exponentials=4*7),
    case("argmax", {"axis": 1}, "21x8x8 -> 8x8", "Long et al. 2015: the class of each pixel", comparisons=64*20),
    case("argmax", {"axis": -1, "by": "min", "keep": True}, "4x5 -> 4x1", "four comparisons each", comparisons=16),
    case("cumsum", {"axis": -1}, "4x5 -> 4x5", "each sum is the last one and an element", additions=16),
]
INDEXING = [
    case("slice", {"axes": [2, 3], "starts": [1, 0], "stops": [8, 5], "steps": [2, 1]}, "3x8x8 -> 3x4x5", "positions 1, 3, 5, 7 and 0 to 4"),
    case("slice", {"axes": -1, "starts": 1, "steps": 3}, "3x8 -> 3x3", "positions 1, 4, 7"),
    case("slice", {"axes": 1, "stops": 2}, "8x4 -> 2x4", "the first two channels"),
    case("take", {"axis": 1, "index": 0}, "197x768 -> 768", "Dosovitskiy et al. 2020: the class token"),
    case("take", {"axis": 2}, "4x9, 3 -> 4x1x3", "ONNX Gather: a batch of three indices in place of nine positions"),
    case("expand", {"shape": [1, 1, 5, 4]}, "3x1x4 -> 3x5x4", "ONNX Expand: a 1 leaves an axis as it is"),
    case("expand", {"shape": [4]}, "3x1 -> 3x4", "fewer axes: the last ones"),
    case("roll", {"axes": [2, 3], "shift": -3}, "96x56x56 -> 96x56x56", "Liu et al. 2021, figure 4: nothing is worked out"),
    case("relative_bias", {"window": "7x7"}, "169x3 -> 49x49x3", "Liu et al. 2021: 13·13 distances, an index for each of 49·49 pairs", buffers=2401),
    case("relative_bias", {"window": "2x3"}, "15 -> 6x6", "3·5 distances, one number each", buffers=36),
    case("log_distances", {"window": "8x8"}, " -> 225x2", "Liu et al. 2022, Swin Transformer V2: 15·15 distances, along rows and columns", buffers=450),
    case("window_mask", {"map": "56x56", "window": 7, "shift": 3}, "64x3x49x49 -> 64x3x49x49", "Liu et al. 2021, figure 4: one added to each score", additions=64*3*49*49),
    case("tile", {"repeats": [1, 2, 1, 3]}, "4x2x5 -> 8x2x15", "torch.tile"),
    case("concat", {"axis": -1}, "4x3, 4x5 -> 4x8", "along the last axis"),
    case("concat", {"axis": 1}, "1x768, 196x768 -> 197x768", "Dosovitskiy et al. 2020: the class token and the patches"),
    case("reshape", {"shape": [1, 12, 16], "axes": "all"}, "12x4x4 -> 12x16", "the batch is one of the axes"),
    case("reshape", {"shape": [0, 4], "axes": "all"}, "4 -> 4", "whatever is left over is the batch"),
    case("permute", {"order": [0, 2, 1, 3], "axes": "all"}, "197x12x64 -> 12x197x64", "heads before tokens"),
    case("add", {}, "8x4x4, 4x4 -> 8x4x4", "the missing axis in front stretches", additions=128),
    case("pad", {"amount": [[2, 1]], "mode": "reflect"}, "3x4 -> 3x7", "2 + 4 + 1"),
    case("pad", {"channels": [[0, 4]]}, "3 -> 7", "a flat input has channels to pad"),
]
RESAMPLING = [
    case("resize", {"size": [5, 7]}, "2x3x4 -> 2x5x7", "copies"),
    case("resize", {"size": 5, "mode": "linear"}, "2x3x4 -> 2x5x5", "bilinear: 4 products and 3 sums", multiplications=50*4, additions=50*3),
    case("resize", {"size": 5, "mode": "cubic"}, "2x3x4 -> 2x5x5", "bicubic: 16 products and 15 sums", multiplications=50*16, additions=50*15),
    case("depth_to_space", {"block": 3}, "9x4x4 -> 1x12x12", "torch.nn.PixelShuffle, example"),
    case("depth_to_space", {"block": 2}, "8x5 -> 4x10", "one spatial axis"),
    case("space_to_depth", {"block": 2}, "12x320x320 -> 48x160x160", "each map becomes four"),
]
# fmt: on

CASES = [
    *(*CONVOLUTIONS, *POOLS, *DENSE, *NORMS, *POINTWISE, *LAYOUT),
    *(*ATTENTION, *RECURRENT, *ELEMENTWISE, *REDUCTIONS, *INDEXING, *RESAMPLING),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind} {case.shapes}")


@each_case
def test_worked_example(case, row_of):
    row = row_of(REGISTRY[case.kind](**case.settings), *case.takes)
    work = row.work._asdict() | {"params": row.params, "fixed": row.fixed, "buffers": row.buffers}
    assert row.output_shape == (1, *case.gives), case.source
    assert work == {figure: case.figures.get(figure, 0) for figure in FIGURES}, case.source
    assert row.flops == sum(case.figures.get(kind, 0) for kind in ("macs", *Work._fields))  # a MAC is two


@each_case
def test_the_derivation_of_a_worked_example_ends_at_its_figures(case):
    op = REGISTRY[case.kind](**case.settings)
    shapes = tuple((1, *extents(shape)) for shape in case.takes)
    output = (1, *case.gives)
    assert derivation.parameters(op, shapes) == case.figures.get("params", 0)
    assert derivation.macs(op, shapes) == case.figures.get("macs", 0)
    assert op.trace().output(Site(tuple(map(derivation.symbolic, shapes)))) == output


def test_what_nobody_can_account_for_is_not_known_and_never_nothing(row_of):
    row = row_of(REGISTRY["unaccounted"](what="NonMaxSuppression", shape="100x6"), "8x4x4")
    assert (row.output_shape, row.work, row.macs, row.flops) == ((1, 100, 6), None, None, None)
    assert row_of(REGISTRY["unaccounted"](what="NonZero"), "8x4x4").output_shape == ()


@pytest.mark.parametrize(("axes", "shape"), [("sample", (1, 2, 3)), ("all", (2, 3))])
def test_a_tensor_by_itself_has_the_axes_it_says(axes, shape):
    op = REGISTRY["parameter"](shape=[2, 3], axes=axes)
    assert (op.output(Site()), op.weights(Site()), op.buffers(Site())) == (shape, {"value": (2, 3)}, {})
    kept = op.replace(learnt=False)
    assert (kept.weights(Site()), kept.buffers(Site())) == ({}, {"value": (2, 3)})


@pytest.mark.parametrize(("axes", "shape"), [("sample", (5, 2, 3)), ("all", (2, 3))])
def test_what_is_unaccounted_for_sees_everything_and_has_the_axes_it_says(axes, shape):
    op = REGISTRY["unaccounted"](what="x", shape=[2, 3], axes=axes)
    assert (op.output(Site(((5, 7),))), op.field(Site(((5, 7),)))) == (shape, "whole")
    assert op.output(Site()) == (2, 3)


def test_every_op_has_a_worked_example():
    assert {case.kind for case in CASES} == set(REGISTRY) - {"unaccounted"}
