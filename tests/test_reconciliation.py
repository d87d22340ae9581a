"""What other tools print for the same network, to the unit, and the profiles behind it."""

from __future__ import annotations

import json
import re
from functools import cache
from math import prod

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.expressions import parse
from archcalc.questions.reconcile import profile as profiles
from archcalc.questions.reconcile.ingredients import AMOUNTS, FACTORS, ingredients
from archcalc.questions.reconcile.profile import ToolFigure, profile, tools

# fmt: off
NETWORKS = ("alexnet_torchvision", "vgg16", "resnet18", "resnet50", "mobilenet_v2")
PRINTED = {  # what the tools printed for torchvision's networks at 3x224x224: torch 2.15, torchvision 0.29.2
    ("torchvision", "GFLOPS"): (714188480, 15470264320, 1814073344, 4089184256, 300774272),
    ("torchinfo", "total mult-adds"): (714682664, 15483821032, 1814083944, 4089238376, 300809384),
    ("fvcore", "flops"): (714197696, 15470289408, 1819065856, 4111512576, 314193216),
    ("ptflops", "MACs (pytorch)"): (716441128, 15523225576, 1825313768, 4132436968, 320300008),
    ("ptflops", "MACs (aten)"): (714682664, 15483821032, 1814074344, 4089185256, 300775272),
    ("thop", "MACs"): (714206912, 15470314496, 1824033792, 4133742592, 327486720),
    ("ultralytics_thop", "MACs"): (714206912, 15470314496, None, 4133742592, 327486720),
    ("calflops", "FLOPs"): (1429741184, 30973778432, 3636250112, 8211108352, 614967488),
    ("calflops", "MACs"): (714188480, 15470264320, 1814073344, 4089184256, 300774272),
    ("deepspeed", "flops"): (1429741184, 30973778432, 3636250112, 8211108352, 614967488),
    ("torch", "FLOPs"): (1428376960, 30940528640, 3628146688, 8178368512, 601548544),
    ("torchscan", "FLOPs"): (1429078528, 30955673088, 3638342528, 8221876096, 633829856),
    ("torchscan", "MACs"): (714383552, 15471844864, 1819467776, 4111916032, 314130496),
    ("torchprofile", "MACs"): (714197696, 15470289408, 1816557568, 4100300288, 307453664),
    ("torchlens", "FLOPs"): (1429665128, 30970743272, 3644254184, 8249769960, 641327560),
    ("onnx_tool", "MACs"): (715979944, 15503523304, None, 4117342184, 319949192),
}
BY_THEIR_RULES = {  # AlexNet by rules that could not be run: M 714,188,480, bias of convolutions 484,992, of linear
    # layers 9,192, ReLU 493,184, max pooling 376,832 to 88,320, dropout 13,312
    ("convnet_burden", "flops"): 714188480 + 484992 + 9192 + 2 * 493184 + 2 * 88320 * 2**2,
    ("darknet", "BFLOPS"): 2 * 655566528 + 3**2 * 88320,
    ("torchstat", "Flops"): 714188480 + 484992 + 493184 + 376832,
    ("netscope", "macc"): 714188480,
    ("netscope", "comp"): 493184 + 3**2 * 88320 + 13312,
}
MORE = [  # further networks of torchvision 0.29.2, as the tools printed them
    ("squeezenet1_0", "thop", "MACs", 819094576),
    ("densenet121", "fvcore", "flops", 2865546752),
    ("densenet121", "thop", "MACs", 2897007104),
    ("densenet121", "torchlens", "FLOPs", 5763332584),
    ("googlenet_torchvision", "torchinfo", "total mult-adds", 1498391752),
    ("googlenet_torchvision", "thop", "MACs", 1511332032),
    ("mobilenet_v3_large", "torchprofile", "MACs", 221591992),
    ("mobilenet_v3_large", "torchlens", "FLOPs", 465226312),
    ("mobilenet_v3_large", "calflops", "FLOPs", 444944056),
    ("efficientnet_b0", "fvcore", "flops", 401659392),
    ("efficientnet_b0", "thop", "MACs", 415145024),
    ("efficientnet_b0", "torchlens", "FLOPs", 841042192),
    ("regnet_y_400mf", "torchscan", "FLOPs", 819776912),
    ("regnet_y_400mf", "torchlens", "FLOPs", 829062064),
    ("vgg16_bn", "torchscan", "FLOPs", 31009871616),
    ("vgg16_bn", "thop", "MACs", 15524504576),
]
TIMM = [  # infer_gmacs of timm's tables of speed, from fvcore: legacy_seresnet50, 101 and 152, legacy_xception
    ("se_resnet50_original", "3.88"),
    ("se_resnet101_original", "7.61"),
    ("se_resnet152_original", "11.33"),
    ("xception", "8.40"),
]
LAYERS = [  # one layer alone, on 6x8x8 (384 numbers) unless it needs a flat input; the tools as above
    ("conv: {out: 4, kernel: 3}", {"torchinfo": 7920, "fvcore": 7776, "thop": 7776}),
    ("conv_transpose: {out: 4, kernel: 4, stride: 2, padding: 1}",
     {"torchinfo": 99328, "fvcore": 24576, "thop": 98304, "torchprofile": 98304, "ptflops": 25600, "torch": 49152,
      "torchscan": 196624}),
    ("conv_transpose: {out: 4, kernel: 4, stride: 2, padding: 1, groups: 2}",
     {"torchinfo": 50176, "fvcore": 12288, "thop": 49152, "torchprofile": 98304, "ptflops": 13312, "torch": 24576,
      "torchscan": 98320}),
    ("batchnorm", {"torchinfo": 12, "fvcore": 768, "ptflops": 768, "thop": 1536, "torchprofile": 384, "torchscan": 1548}),
    ("batchnorm: {affine: false}",
     {"torchinfo": 0, "fvcore": 384, "ptflops": 384, "thop": 768, "torchprofile": 0, "torchscan": 780}),
    ("groupnorm: 2", {"torchinfo": 12, "fvcore": 1920, "ptflops": 768, "thop": 0, "torchprofile": 384, "torchlens": 1920}),
    ("layernorm",
     {"torchinfo": 768, "fvcore": 1920, "ptflops": 384, "thop": 1536, "torchprofile": 384, "torchscan": 3074}),
    ("maxpool: {kernel: 3, stride: 2}", {"fvcore": 0, "ptflops": 768, "thop": 0, "torchscan": 108, "torchlens": 162}),
    ("avgpool: {kernel: 3, stride: 2}",
     {"fvcore": 0, "ptflops": 768, "thop": 54, "torchprofile": 54, "torchscan": 216, "torchlens": 162}),
    ("adaptive_avgpool: 1",
     {"fvcore": 384, "ptflops": 768, "thop": 390, "torchprofile": 6, "torchscan": 390, "torchlens": 384}),
    ("adaptive_avgpool: 3", {"thop": 438}),
    ("adaptive_maxpool: 1", {"ptflops": 768, "torchscan": 378}),
    ("global_avgpool", {"fvcore": 384, "ptflops": 384, "thop": 0, "torchprofile": 6}),
    ("softmax", {"thop": 64 * (3 * 6 - 1), "ptflops": 384, "torchlens": 1920}),
    ("log_softmax", {"ptflops": 0, "torchlens": 2304}),
    ("upsample: 2", {"fvcore": 1536, "ptflops": 3072, "thop": 1536, "torchprofile": 0, "torchlens": 6144}),
    ("upsample: {scale: 2, mode: linear}", {"fvcore": 6144, "ptflops": 3072, "thop": 16896, "torchprofile": 6144}),
    ("dropout", {"torchscan": 384, "torchlens": 768, "thop": 0}),
    ("relu", {"ptflops": 768, "torchscan": 384}),
    ("relu6", {"ptflops": 384, "torchscan": 768}),
    ("leaky_relu", {"ptflops": 384, "torchprofile": 384, "torchscan": 1536}),
    ("prelu: {per: layer}", {"torchinfo": 1, "ptflops": 768, "thop": 384}),
    ("elu", {"ptflops": 768, "torchscan": 2304}),
    ("gelu", {"ptflops": 768}),
    ("silu", {"ptflops": 384, "torchlens": 1920}),
    ("hardswish", {"torchlens": 1536}),
    ("sigmoid", {"ptflops": 0, "torchscan": 1536, "torchlens": 1536}),
    ("tanh", {"torchscan": 2304, "torchlens": 2304}),
]
TOKENS = [  # one layer of what transformers and recurrent networks are made of, on 10 tokens of 12 numbers unless it says
    # otherwise, as the tools printed it: torch 2.13, torchinfo 1.8.0, fvcore 0.1.5, ptflops 0.7.5, THOP 0.1.1 and
    # ultralytics-thop 2.2.3, calflops 0.3.2, DeepSpeed 0.19.8, torchscan 0.2.0, torchprofile 0.1.0, torchlens 2.36.1,
    # onnx-tool 1.0.1; the first figure of each
    ("linear: {out: 20, axis: -1}",
     {"torchinfo": 260, "fvcore": 2400, "torch": 4800, "ptflops": 2600, "thop": 2400, "ultralytics_thop": 2400,
      "calflops": 4800, "deepspeed": 4800, "torchscan": 4800, "torchprofile": 2400, "torchlens": 5000, "onnx_tool": 2600}),
    ("matmul: {from: [input, input], transposed: true}",  # a @ b.transpose(-2, -1)
     {"torchinfo": 0, "fvcore": 1200, "torch": 2400, "ptflops": 0, "thop": 0, "ultralytics_thop": 1200, "calflops": 0,
      "deepspeed": 2400, "torchscan": 0, "torchprofile": 1200, "torchlens": 2400, "onnx_tool": 1200}),
    ("einsum: {equation: 'nij,nkj->nik', from: [input, input]}",
     {"torchinfo": 0, "fvcore": 1200, "torch": 2400, "ptflops": 0, "thop": 0, "ultralytics_thop": 1200,
      "torchprofile": 1200, "torchlens": 2400, "onnx_tool": 1200}),
    ("einsum: {equation: 'nij,nkl->nijkl', from: [input, input]}",
     {"fvcore": 7200, "torch": 0, "ultralytics_thop": 14400, "calflops": 14400, "deepspeed": 14400,
      "torchprofile": 14400, "torchlens": 14400, "onnx_tool": 14400}),
    ("einsum: {equation: 'nij->ni'}", {"fvcore": 120, "torch": 0, "ultralytics_thop": 0, "torchprofile": 120}),
    ("rnn: 7",
     {"torchinfo": 1470, "fvcore": 0, "torch": 2660, "ptflops": 1540, "thop": 1540, "ultralytics_thop": 1540,
      "calflops": 2730, "deepspeed": 2730, "torchprofile": 0}),
    ("rnn: {hidden: 7, bias: false}",
     {"torchinfo": 1330, "torch": 2660, "ptflops": 1400, "thop": 1400, "calflops": 2590, "deepspeed": 2590}),
    ("gru: 7",
     {"torchinfo": 4410, "fvcore": 0, "torch": 7980, "ptflops": 4900, "thop": 4900, "ultralytics_thop": 4900,
      "calflops": 8470, "deepspeed": 8470, "torchprofile": 0, "onnx_tool": 12110}),
    ("gru: {hidden: 7, bias: false}", {"torchinfo": 3990, "ptflops": 4480, "thop": 4480, "calflops": 8050, "onnx_tool": 11690}),
    ("gru: {hidden: 7, directions: 2}", {"torchinfo": 8820, "ptflops": 9800, "thop": 9800, "calflops": 16940, "onnx_tool": 16520}),
    ("lstm: 7",
     {"torchinfo": 5880, "fvcore": 0, "torch": 0, "ptflops": 6580, "thop": 6440, "ultralytics_thop": 6440,
      "calflops": 11340, "deepspeed": 11340, "torchscan": 0, "torchprofile": 5320, "torchlens": 0, "onnx_tool": 18480}),
    ("lstm: {hidden: 7, bias: false}",
     {"torchinfo": 5320, "ptflops": 6020, "thop": 5880, "calflops": 10780, "torchprofile": 5320, "onnx_tool": 17920}),
    ("lstm: {hidden: 7, directions: 2}",
     {"torchinfo": 11760, "ptflops": 13160, "thop": 12880, "calflops": 22680, "torchprofile": 10640, "onnx_tool": 24360}),
    ("layernorm: last",
     {"torchinfo": 24, "fvcore": 600, "ptflops": 120, "thop": 480, "calflops": 600, "torchscan": 980, "torchprofile": 120,
      "torchlens": 600, "onnx_tool": 1130}),
    ("layernorm: {over: last, affine: false}",
     {"torchinfo": 0, "fvcore": 480, "thop": 240, "deepspeed": 480, "torchscan": 740, "torchprofile": 0, "onnx_tool": 1130}),
    ("rmsnorm", {"torchinfo": 12, "fvcore": 0, "thop": 0, "ultralytics_thop": 480, "torchprofile": 0, "torchlens": 600}),
    ("softmax: {axis: -1}",
     {"ptflops": 120, "thop": 350, "ultralytics_thop": 350, "calflops": 120, "torchlens": 600, "onnx_tool": 4320}),
    ("log_softmax: {axis: -1}", {"thop": 0, "ultralytics_thop": 360, "torchlens": 720, "onnx_tool": 9600}),
    ("gelu", {"fvcore": 0, "ptflops": 240, "calflops": 120, "torchlens": 1680, "onnx_tool": 840}),
    ("gelu: {approximate: tanh}", {"ptflops": 240, "torchlens": 1680, "onnx_tool": 10080}),
    ("scalar: {by: multiply, value: 0.125}", {"fvcore": 0, "ptflops": 0, "torchprofile": 120, "torchlens": 120, "onnx_tool": 120}),
    ("scalar: {by: divide, value: 3}", {"torchprofile": 0, "torchlens": 120, "onnx_tool": 480}),
    ("affine: {axis: -1}", {"torchprofile": 120, "torchlens": 240, "onnx_tool": 240}),
    ("reduce: {axes: -1, by: mean}", {"fvcore": 0, "torchprofile": 10, "torchlens": 120, "onnx_tool": 120}),
    ("reduce: {axes: -1, by: sum}", {"torchprofile": 0, "torchlens": 120, "onnx_tool": 120}),
    ("reduce: {axes: -1, by: norm2}", {"torchlens": 240, "onnx_tool": 3000}),
    ("l2norm: {axis: -1}", {"fvcore": 0, "torchlens": 370, "onnx_tool": 3500}),
    ("add: {from: [input, input, input]}", {"torchprofile": 0, "torchlens": 240, "onnx_tool": 240}),
    ("multiply: {from: [input, input, input]}", {"torchprofile": 240, "torchlens": 240, "onnx_tool": 240}),
]
RESIZED = [  # 6x8x8 to 12x20 positions, and 6x8 to 16, as above
    ("6x8x8", "resize: 12x20", {"fvcore": 1440, "ptflops": 2880, "thop": 1440, "ultralytics_thop": 0, "calflops": 240,
     "deepspeed": 240, "torchprofile": 0, "torchlens": 5760, "torchstat": 240, "onnx_tool": 0}),
    ("6x8x8", "resize: {size: 12x20, mode: linear}", {"fvcore": 5760, "ptflops": 2880, "thop": 15840,
     "ultralytics_thop": 15840, "torchprofile": 5760, "onnx_tool": 5760}),
    ("6x8x8", "resize: {size: 12x20, mode: cubic}", {"fvcore": 0, "thop": 372960, "ultralytics_thop": 372960,
     "torchprofile": 0, "onnx_tool": 11520}),
    ("6x8x8", "upsample: 2", {"ultralytics_thop": 0, "calflops": 384, "deepspeed": 1536, "torchstat": 256}),
    ("6x8", "upsample: {scale: 2, mode: linear}", {"fvcore": 0, "thop": 480, "ultralytics_thop": 480, "torchprofile": 0}),
    ("6x8x8", "conv_transpose: {out: 4, kernel: 4, stride: 2, padding: 1}", {"ultralytics_thop": 24576, "deepspeed": 50176,
     "onnx_tool": 66560}),
    ("6x8x8", "groupnorm: 2", {"ultralytics_thop": 1536, "onnx_tool": 3456}),
    ("6x8x8", "avgpool: {kernel: 3, stride: 2}", {"ultralytics_thop": 540}),
    ("6x8x8", "adaptive_avgpool: 3", {"ultralytics_thop": 654}),
    ("6x8x8", "global_maxpool", {"ptflops": 384, "calflops": 384, "deepspeed": 384, "torchlens": 768}),
    ("6x8x8", "lppool: {kernel: 2, norm: 2}", {"ptflops": 576, "calflops": 576, "deepspeed": 576, "torchprofile": 288}),
    ("6x8x8", "leaky_relu", {"torchstat": 384, "onnx_tool": 768}),
    ("84", "rbf: 10", {"fvcore": 0, "torchlens": 3360, "onnx_tool": 28560}),
]
VIT_SMALL = {"depth": 2, "width": 128, "heads": 2, "mlp": 512, "size": 64, "classes": 10}
TAGGER = """
input: 20
layers:
  - embedding: {size: 1000, dim: 64}
  - lstm: {hidden: 128, directions: 2}
  - lstm: 128
  - dropout
  - linear: {out: 17, axis: -1}
  - softmax: {axis: -1}
"""
WRITTEN_IN_TORCH = {  # what the same tools printed for three networks written in PyTorch beside their specs, with
    # nn.Linear, nn.LayerNorm, nn.GELU, nn.Softmax, a @ b for the products, nn.Embedding and nn.LSTM: ViT-B/16, a ViT of
    # VIT_SMALL's sizes on 64x64 pixels, and the tagger above
    ("torchinfo", "total mult-adds"): (201581032, 1973002, 7991953),
    ("fvcore", "flops"): (17582740224, 8461184, 43520),
    ("torch", "FLOPs"): (35127656448, 16813568, 87040),
    ("ptflops", "MACs (pytorch)"): (16888887544, 8346894, 8046760),
    ("ptflops", "MACs (aten)"): (17580319720, 8448010, 43860),
    ("calflops", "FLOPs"): (33728914704, 16592644, 15892820),
    ("calflops", "MACs"): (16848500736, 8258816, 43520),
    ("deepspeed", "flops"): (35159569680, 16888580, 15892820),
    ("deepspeed", "MACs"): (17563828224, 8406784, 43520),
    ("torchscan", "FLOPs"): (33727270522, 16604842, 89600),
    ("torchscan", "MACs"): (16848500736, 8258816, 43520),
    ("torchprofile", "MACs"): (17573199120, 8418820, 7907840),
    ("torchlens", "FLOPs"): (35302044232, 17170722, 94200),
    ("torchlens", "MACs"): (17563828224, 8406784, 43520),
    ("onnx_tool", "MACs"): (17868331553, 8702143, 8903460),
    ("thop", "MACs"): (16880367456, 8305736, 8031720),
    ("ultralytics_thop", "MACs"): (17595694944, 8453704, 8031720),
}
# fmt: on


@cache
def report_on(name, batch=1):
    return archcalc.analyze(name, batch=batch)


def printed(name, tool, figure):
    return next(one for one in archcalc.reconcile(report_on(name), [tool]) if one.name == figure)


@pytest.mark.parametrize(
    ("tool", "figure", "name", "value"),
    [
        (*key, name, value)
        for key, values in PRINTED.items()
        for name, value in zip(NETWORKS, values, strict=True)
        if value is not None
    ],
)
def test_a_figure_is_what_the_tool_printed(tool, figure, name, value):
    assert printed(name, tool, figure).value == value


@pytest.mark.parametrize(("tool", "figure"), BY_THEIR_RULES)
def test_alexnet_by_the_rules_of_tools_that_were_not_run(tool, figure):
    assert printed("alexnet_torchvision", tool, figure).value == BY_THEIR_RULES[tool, figure]


@pytest.mark.parametrize(("name", "tool", "figure", "value"), MORE)
def test_other_networks_as_the_tools_printed_them(name, tool, figure, value):
    assert printed(name, tool, figure).value == value


@pytest.mark.parametrize(("name", "thousand_millions"), TIMM)
def test_other_networks_as_timm_s_tables_print_them(name, thousand_millions):
    """The squeezes are means there, which count nothing; see the quirk."""
    squeezes = sum(
        prod(row.input_shapes[0])
        for row in report_on(name).rows
        if row.kind == "global_avgpool" and ".gate." in row.name
    )
    assert f"{(printed(name, 'fvcore', 'flops').value - squeezes) / 1e9:.2f}" == thousand_millions


@pytest.mark.parametrize(
    ("layer", "tool", "value"), [(layer, *item) for layer, values in LAYERS for item in values.items()]
)
def test_a_layer_alone_as_the_tools_printed_it(report_of, layer, tool, value):
    report = report_of(f"input: 6x8x8\nlayers: [{layer}]")
    assert archcalc.reconcile(report, [tool])[0].value == value


def alone_on(report_of, shape, layer, tool):
    return archcalc.reconcile(report_of(f"input: {shape}\nlayers: [{layer}]"), [tool])[0].value


@pytest.mark.parametrize(
    ("layer", "tool", "value"), [(layer, *item) for layer, values in TOKENS for item in values.items()]
)
def test_a_layer_on_tokens_as_the_tools_printed_it(report_of, layer, tool, value):
    assert alone_on(report_of, "10x12", layer, tool) == value


@pytest.mark.parametrize(
    ("shape", "layer", "tool", "value"),
    [(shape, layer, *item) for shape, layer, values in RESIZED for item in values.items()],
)
def test_more_layers_as_the_tools_printed_them(report_of, shape, layer, tool, value):
    assert alone_on(report_of, shape, layer, tool) == value


def test_an_embedding_counts_as_the_tools_printed_it(report_of):
    values = {
        "torchinfo": 400,
        "fvcore": 0,
        "thop": 0,
        "torchlens": 0,
        "onnx_tool": 0,
    }  # 50 words of 8 numbers
    found = {tool: alone_on(report_of, "10", "embedding: {size: 50, dim: 8}", tool) for tool in values}
    assert found == values


@pytest.fixture(scope="module")
def written_in_torch(report_of):
    vit = archcalc.load("vit_b_16")
    small = archcalc.load("vit_b_16", parameters=VIT_SMALL)
    reports = (archcalc.analyze(vit), archcalc.analyze(small), report_of(TAGGER))
    return [{(one.tool, one.name): one for one in archcalc.reconcile(report)} for report in reports]


@pytest.mark.parametrize(("tool", "figure"), WRITTEN_IN_TORCH)
def test_transformers_and_lstms_are_what_the_tools_printed(written_in_torch, tool, figure):
    values = tuple(found[tool, figure].value for found in written_in_torch)
    assert values == WRITTEN_IN_TORCH[tool, figure]


@pytest.mark.torch
def test_what_pytorch_itself_counts_for_products_and_recurrent_layers(report_of):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from torch.utils.flop_counter import FlopCounterMode

    tokens = torch.rand(1, 10, 12)
    made = {
        "linear: {out: 20, axis: -1}": torch.nn.Linear(12, 20),
        "matmul: {from: [input, input], transposed: true}": lambda x: x @ x.transpose(-2, -1),
        "einsum: {equation: 'nij,nkj->nik', from: [input, input]}": lambda x: torch.einsum(
            "nij,nkj->nik", x, x
        ),
        "rnn: 7": torch.nn.RNN(12, 7, batch_first=True),
        "gru: 7": torch.nn.GRU(12, 7, batch_first=True),
        "lstm: 7": torch.nn.LSTM(12, 7, batch_first=True),
    }
    for layer, module in made.items():
        with FlopCounterMode(display=False) as counter:
            module(tokens)
        assert alone_on(report_of, "10x12", layer, "torch") == counter.get_total_flops(), layer


@pytest.mark.parametrize("name", [*NETWORKS, "mobilenet_v3_large", "lenet5_1998", "vit_b_32"])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_parts_add_up_to_the_figure_and_so_do_the_layer_types(name, batch):
    for one in archcalc.reconcile(report_on(name, batch)):
        assert sum(part.value for part in one.parts) == one.counted
        assert sum(share.value or 0 for share in one.shares) == one.counted
        assert one.value == (None if one.unknown else one.counted)
        assert {kind for part in one.parts for kind in part.kinds} <= {share.kind for share in one.shares}


@pytest.mark.parametrize("tool", tools())
def test_a_batch_of_three_is_three_times_one_but_for_who_counts_one_sample(tool):
    one, three = (archcalc.reconcile(report_on("alexnet_torchvision", n), [tool]) for n in (1, 3))
    assert one[0].one_sample == (tool == "ptflops")  # its input_res has no batch
    for figure, batched in zip(one, three, strict=True):
        times = 1 if figure.one_sample or figure.unit == "parameter" else 3
        assert batched.value == times * figure.value
        assert (batched.difference or 0) == times * (figure.difference or 0)


@pytest.mark.parametrize(
    ("name", "tool", "total"),
    [
        # The sums of AlexNet and ResNet-50, as they are explained by hand.
        ("alexnet_torchvision", "fvcore", "714,188,480 conv+linear + 9,216 adaptive_avgpool"),
        ("alexnet_torchvision", "torchinfo", "714,188,480 conv+linear + 494,184 bias of conv+linear"),
        ("alexnet_torchvision", "darknet", "2·655,566,528 conv + 9·88,320 maxpool"),
        (
            "alexnet_torchvision",
            "ptflops",
            (
                "714,188,480 conv+linear + 494,184 bias of conv+linear + 2·493,184 relu + 2·376,832 maxpool"
                " + 2·9,216 adaptive_avgpool"
            ),
        ),
        (
            "alexnet_torchvision",
            "calflops",
            (
                "2·714,188,480 conv+linear + 484,992 bias of conv + 493,184 relu + 376,832 maxpool"
                " + 9,216 adaptive_avgpool"
            ),
        ),
        (
            "resnet50",
            "fvcore",
            "4,089,184,256 conv+linear + 2·11,113,984 batchnorm + 100,352 adaptive_avgpool",
        ),
        (
            "resnet50",
            "thop",
            "4,089,184,256 conv+linear + 4·11,113,984 batchnorm + (100,352 + 2,048) adaptive_avgpool",
        ),
        (
            "resnet50",
            "torchinfo",
            "4,089,184,256 conv+linear + 1,000 bias of linear + 53,120 parameters of batchnorm",
        ),
    ],
)
def test_the_sum_is_written_as_one_would_explain_it(run, name, tool, total):
    rows = json.loads(run("reconcile", name, "--format", "json").out)["rows"]
    assert next(row["sum"] for row in rows if row["tool"] == tool) == total


def test_what_is_taken_off_is_written_with_a_minus(run):
    rows = json.loads(run("reconcile", "mobilenet_v2", "--format", "json").out)["rows"]
    total = next(row["sum"] for row in rows if (row["tool"], row["figure"]) == ("torchscan", "FLOPs"))
    assert total.startswith("2·300,774,272 conv+linear − 6,678,112 conv + ")


def test_what_a_tool_leaves_out_and_what_is_not_known_are_told_apart(report_of):
    report = report_of("input: 6x8x8\nlayers: [relu, hardswish, lrn]")
    found = {(one.tool, one.name): one for one in archcalc.reconcile(report)}
    assert found["fvcore", "flops"].silent == ("relu", "hardswish", "lrn")
    assert found["torchscan", "FLOPs"].unsupported == ("hardswish", "lrn")
    assert found["ptflops", "MACs (pytorch)"].unknown == ("lrn",)
    assert found["ptflops", "MACs (aten)"].unknown == ()


def test_a_figure_that_holds_something_unknown_is_no_number(report_of, run):
    text = "input: 6x8x8\nlayers: [{conv: {out: 4, kernel: 3}}, lrn, lrn]"
    (one,) = archcalc.reconcile(report_of(text), ["convnet-burden"])
    assert (one.value, one.difference, one.unknown, one.counted) == (None, None, ("lrn",), 7776 + 144)
    assert [share.layers for share in one.missing] == [("lrn1", "lrn2")]
    row = json.loads(run("reconcile", "-", "--tool", "ptflops", "--format", "json", stdin=text).out)["rows"][
        1
    ]
    assert (row["op"], row["rule"], row["value"]) == ("lrn", "unknown", None)
    out = run("reconcile", "-", COLUMNS=400, stdin=text).out
    assert re.search(
        r"ptflops +MACs \(pytorch\) +MAC +\? +\? +7,776 conv \+ 144 bias of conv \+ \? lrn\n", out
    )
    assert "ptflops: incomplete, for what it counts for lrn (lrn1, lrn2) is not known here" in out


def test_nobody_knows_what_is_unaccounted_for(report_of):
    text = "input: 6x8x8\nlayers: [relu, {unaccounted: {name: nms, what: NonMaxSuppression, shape: 6x4}}]"
    for one in archcalc.reconcile(report_of(text)):
        assert (one.value, one.unknown) == (None, ("unaccounted",))


def test_multiply_accumulates_without_a_rule_are_unknown_and_no_silent_nothing():
    counter = ToolFigure("MACs", "MAC", {"conv": ("M",)}, frozenset(["relu", "einsum"]))
    assert counter.rule("conv", 9) == ("M",)
    assert counter.rule("relu", 0) == ("0",)
    assert counter.rule("einsum", 9) == ("unknown",)
    assert counter.rule("tanh", 0) == ("unknown",)
    assert counter.rule("matmul", 9) == ("unknown",)
    assert counter._replace(otherwise=("n * p",)).rule("tanh", 0) == ("n * p",)
    assert counter._replace(otherwise=("unsupported",)).rule("matmul", 9) == ("unsupported",)
    assert counter._replace(layers=("conv", "relu")).rule("matmul", 9) == ("unsupported",)


def test_every_profile_says_something_of_every_layer_type_with_multiply_accumulates(report_of):
    found = archcalc.reconcile(archcalc.analyze(archcalc.load("vit_b_32"))) + archcalc.reconcile(
        report_of(TAGGER)
    )
    unknown = {(one.tool, one.unknown) for one in found if {*one.unknown} & {"matmul", "lstm"}}
    assert unknown == {
        ("convnet_burden", ("layernorm", "matmul", "scalar", "gelu")),
        ("convnet_burden", ("lstm",)),
    }


def test_a_parameter_that_stands_for_itself_counts_where_parameters_are_counted():
    """The class token and the positions of a vision transformer are in no layer that a tool for work comes by."""
    report = archcalc.analyze(archcalc.load("vit_b_32"))
    total, learnt = archcalc.reconcile(report, ["keras"])
    assert total.value == learnt.value == report.totals.params
    (work,) = archcalc.reconcile(report, ["fvcore"])
    assert "parameter" in {share.kind for share in total.shares} - {share.kind for share in work.shares}


def test_the_difference_is_to_macs_or_to_two_for_each():
    assert printed("resnet50", "fvcore", "flops").difference == 2 * 11113984 + 100352
    assert printed("resnet50", "torch", "FLOPs").difference == 0
    assert printed("alexnet_torchvision", "darknet", "BFLOPS").difference == 9 * 88320 - 2 * 58621952
    assert printed("resnet50", "netscope", "comp").difference is None


# The profiles.


@pytest.mark.parametrize("tool", tools())
def test_a_profile_says_what_it_is_about_and_every_rule_works_on_every_op(tool):
    one = profile(tool)
    assert re.search(r"github\.com/[\w.-]+/[\w.-]+", one.source)
    assert one.title
    for counter in one.counters:
        assert set(counter.rules) <= set(archcalc.REGISTRY)
    for kind, report in reports_on_examples().items():
        assert [found.tool for found in archcalc.reconcile(report, [tool])] == [tool] * len(one.counters), (
            kind
        )


@cache
def reports_on_examples():
    """Return a report on the example of every op that has one."""
    examples = {kind: (cls, *cls.example) for kind, cls in archcalc.REGISTRY.items()}
    return {
        kind: archcalc.analyze(alone(cls(**settings), shapes))
        for kind, (cls, shapes, settings) in examples.items()
        if shapes
    }


def alone(op, shapes):
    from archcalc.network.network import Network, Node
    from archcalc.op.settings import extents

    inputs = [Node(f"x{i}", archcalc.REGISTRY["input"](shape=extents(s))) for i, s in enumerate(shapes)]
    return Network("alone", (*inputs, Node("op", op, tuple(range(len(inputs))))))


def test_every_ingredient_is_there_and_explained(row_of):
    found = ingredients(row_of(archcalc.REGISTRY["maxpool"](kernel=3, stride=2), "6x8x8"))
    assert set(found) == {*AMOUNTS, *FACTORS}
    assert (found["i"], found["o"], found["k"], found["kernel"], found["stride"]) == (384, 54, 9, 3, 2)
    assert (found["M"], found["b"], found["p"], found["positions"], found["dims"]) == (0, 0, 0, 9, 2)


def test_an_ingredient_follows_the_defaults_of_the_op(row_of):
    pool = ingredients(row_of(archcalc.REGISTRY["maxpool"](kernel=2), "6x8x8"))
    assert (pool["stride"], pool["k"]) == (2, 4)  # a pool steps by its window
    conv = ingredients(row_of(archcalc.REGISTRY["conv"](out=4, kernel=3), "6x8x8", batch=2), samples=2)
    assert (conv["stride"], conv["M"], conv["b"], conv["p"], conv["w"]) == (1, 7776, 144, 220, 216)
    whole = ingredients(row_of(archcalc.REGISTRY["global_avgpool"](), "6x8x8"))
    assert (whole["k"], whole["kernel"]) == (64, 8)


GOOD = "title: t\nsource: s\nfigures:\n  MACs:\n    unit: MAC\n    rules: {conv: [M, b], relu: 2 * i}\n    otherwise: 0\n"


@pytest.mark.parametrize(
    ("right", "wrong", "fact"),
    [
        ("relu: 2 * i", "rellu: 2 * i", "there is no layer type 'rellu'"),
        ("2 * i", "2 * x", "'2 * x' is no rule"),
        ("2 * i", "unsuported", "'unsuported' is no rule"),
        ("unit: MAC", "unit: MACs", "'MACs' is no unit"),
        ("source: s", "sauce: s", "a profile has no 'sauce'"),
        ("source: s", "source: s\nlayers: [conf]", "there is no layer type 'conf'"),
    ],
)
def test_a_mistake_in_a_profile_is_found_where_it_is(monkeypatch, tmp_path, right, wrong, fact):
    assert GOOD.count(right) == 1
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(GOOD.replace(right, wrong))
    monkeypatch.setattr(profiles, "FOLDER", tmp_path)
    profiles._read.cache_clear()
    assert profile("good").counters[0].rule("relu", 0) == ("2 * i",)
    with pytest.raises(ArchcalcError, match=re.escape(fact)) as caught:
        profile("bad")
    assert caught.value.place is not None
    profiles._read.cache_clear()


def test_rules_name_at_most_what_a_layer_has():
    texts = {
        text
        for tool in tools()
        for counter in profile(tool).counters
        for rule in (*counter.rules.values(), counter.otherwise)
        for text in rule
    } - set(profiles.OUTSIDE)
    assert all(parse(text).names <= {*AMOUNTS, *FACTORS} for text in texts)
    used = set().union(*(parse(text).names for text in texts))
    assert used == {*AMOUNTS, *FACTORS}, "an ingredient that no rule names"


# The command.


def test_one_tool_is_shown_layer_type_by_layer_type_with_a_total(run):
    out = run("reconcile", "resnet50", "--tool", "fvcore", COLUMNS=120).out
    assert re.search(r"batchnorm +53 +2·i if p else i +2·11,113,984 +22,227,968", out)
    assert re.search(r"relu +49 +0 +0\n", out)
    assert re.search(r"total +4,111,512,576", out)
    assert "M multiply-accumulates · i input elements" in out


def test_a_known_bug_is_named_on_the_page_and_only_where_it_matters(run):
    bug = "counts dropout at inference, where it does nothing"
    assert bug in run("reconcile", "alexnet_torchvision", "--tool", "torchscan", COLUMNS=300).out
    assert bug not in run("reconcile", "resnet50", "--tool", "torchscan", COLUMNS=300).out
    assert "whatever the batch" in run("reconcile", "lenet5", "--batch", "2", COLUMNS=300).out
    assert "whatever the batch" not in run("reconcile", "lenet5", COLUMNS=300).out


def test_tools_are_found_in_any_spelling_and_the_nearest_is_suggested(run):
    assert run("reconcile", "lenet5", "--tool", "ONNX-tool").status == 0
    outcome = run("reconcile", "lenet5", "--tool", "fvcor")
    assert outcome.status == 2
    assert "did you mean fvcore?" in outcome.err
