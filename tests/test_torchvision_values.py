"""Networks of torchvision written down in plain PyTorch as torchvision 0.29 has them: they compute what our specs do.

Parameters and buffers are registered in the order in which a spec's layers hold them, so that both get the same numbers.
"""

from __future__ import annotations

import numpy as np
import pytest
from values import assert_alike, computed, noise, weights

import archcalc

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch import nn  # noqa: E402  (only where PyTorch is installed)
from torch.nn import functional  # noqa: E402
from windowed import Learnt, LogDistances, attention_mask, maxvit, relative_position_index, swin, swin_v2  # noqa: E402

pytestmark = pytest.mark.torch


class LayerNorm2d(nn.LayerNorm):
    """Normalises over the channels of a map."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps).permute(
            0, 3, 1, 2
        )


class CNBlock(nn.Module):
    """Torchvision's block of a ConvNeXt; its products are over the last axis."""

    def __init__(self, dim):
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.wide, self.narrow = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.layer_scale = Learnt(dim, 1, 1)

    def forward(self, x):
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        return x + self.layer_scale() * self.narrow(nn.GELU()(self.wide(y))).permute(0, 3, 1, 2)


def convnext(depths, width, classes):
    """Return a ConvNeXt as torchvision builds it."""
    layers = [nn.Conv2d(3, width, kernel_size=4, stride=4), LayerNorm2d(width, eps=1e-6)]
    for number, depth in enumerate(depths):
        dim = width * 2**number
        if number:
            layers += [LayerNorm2d(dim // 2, eps=1e-6), nn.Conv2d(dim // 2, dim, kernel_size=2, stride=2)]
        layers += [CNBlock(dim) for _ in range(depth)]
    head = [LayerNorm2d(dim, eps=1e-6), nn.Flatten(1), nn.Linear(dim, classes)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), *head)


def normalised(i, o, kernel=1, stride=1, groups=1, act=True):
    """Return torchvision's Conv2dNormActivation as EfficientNetV2 has it."""
    conv = nn.Conv2d(i, o, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(o, eps=1e-3), nn.SiLU() if act else nn.Identity())


class SqueezeExcitation(nn.Module):
    def __init__(self, maps, squeeze):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(maps, squeeze, 1), nn.Conv2d(squeeze, maps, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(functional.silu(self.fc1(functional.adaptive_avg_pool2d(x, 1)))))


class MBConv(nn.Module):
    """Torchvision's MBConv, or FusedMBConv where it is fused."""

    def __init__(self, i, o, expand, stride, *, fused):
        super().__init__()
        wide, self.is_residual = i * expand, stride == 1 and i == o
        if fused and expand == 1:
            layers = [normalised(i, o, 3, stride)]
        elif fused:
            layers = [normalised(i, wide, 3, stride), normalised(wide, o, act=False)]
        else:
            layers = [normalised(i, wide), normalised(wide, wide, 3, stride, groups=wide)]
            layers += [SqueezeExcitation(wide, max(1, i // 4)), normalised(wide, o, act=False)]
        self.block = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.block(x) if self.is_residual else self.block(x)


def efficientnet_v2(stem, channels, repeats, classes):
    """Return an EfficientNetV2 as torchvision builds it; the seventh stage has the settings of the large ones."""
    layers, last = [normalised(3, stem, 3, 2)], stem
    rows = zip((1, 4, 4, 4, 6, 6, 6), (1, 2, 2, 2, 1, 2, 1), channels, repeats, strict=True)
    for number, (expand, stride, out, times) in enumerate(rows):
        for nth in range(times):
            layers.append(MBConv(last, out, expand, 1 if nth else stride, fused=number < 3))
            last = out
    return nn.Sequential(
        *layers, normalised(last, 1280), nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(1280, classes)
    )


def fill(model, tensors):
    """Give a model a network's tensors in their order; shapes may differ in axes of one, as those of 1x1 kernels do."""
    own = [tensor for name, tensor in model.state_dict(keep_vars=True).items() if "num_batches" not in name]
    assert [squeezed(tensor.shape) for tensor in own] == [squeezed(value.shape) for value in tensors]
    with torch.no_grad():
        for tensor, value in zip(own, tensors, strict=True):
            tensor.copy_(torch.tensor(value).reshape(tensor.shape))


def squeezed(shape):
    return tuple(size for size in shape if size != 1)


CONVNEXT = {"depths": [1, 2, 2, 1], "width": 16, "classes": 10}
EFFICIENTNET_V2 = {
    "stem": 8,
    "channels": [8, 12, 16, 20, 24, 28, 32],
    "repeats": [2, 2, 2, 2, 2, 2, 2],
    "classes": 10,
}
SWIN = {"depths": [2, 1, 2, 2], "width": 8, "heads": [1, 2, 4, 2], "window": 3, "size": 48, "classes": 10}
MAXVIT = {"depths": [1, 2, 1, 2], "widths": [8, 12, 16, 8], "head": 4, "window": 2, "size": 64, "classes": 10}
NETWORKS = {
    "convnext_tiny": (CONVNEXT, "3x64x96", convnext),
    "efficientnet_v2_m": (EFFICIENTNET_V2, "3x64x96", efficientnet_v2),
    "swin_b": (SWIN, None, swin),
    "maxvit_t": (MAXVIT, None, maxvit),
    "swin_t": (SWIN | {"size": 85}, None, swin),  # neither windows nor neighbours fit
    "swin_v2_s": (SWIN, None, swin_v2),
    "swin_v2_t": (SWIN | {"size": 85}, None, swin_v2),
}


@pytest.mark.parametrize(("name", "case"), NETWORKS.items(), ids=NETWORKS)
def test_a_network_computes_what_torchvisions_does(name, case):
    parameters, size, build = case
    report = archcalc.analyze(archcalc.load(name, parameters=parameters), input=size, batch=2)
    tensors = []

    def kept(layer, *seed):
        drawn = weights(layer, *seed)
        if layer.op.kind == "relative_bias":
            drawn["index"] = relative_position_index(layer.op.window[0]).numpy()
        if layer.op.kind == "log_distances":
            drawn["value"] = LogDistances(layer.op.window[0])().numpy()
        tensors.extend(drawn.values())
        return drawn

    image = noise((2, *report.input_shape))
    expected, _ = computed(report, [image], kept)
    model = build(**parameters).eval()
    fill(model, tensors)
    with torch.no_grad():
        assert_alike([model(torch.tensor(image)).numpy()], expected)
    assert np.ptp(expected[0]) > 0


@pytest.mark.parametrize(("sizes", "window", "shift"), [((8, 12), 4, 2), ((14, 7), 7, 3), ((3, 6), 3, 1)])
def test_scores_of_what_is_no_neighbour_are_masked_as_torchvision_does(sizes, window, shift):
    op = archcalc.REGISTRY["window_mask"](map=list(sizes), window=window, shift=shift)
    mask = attention_mask(*sizes, window, shift).numpy()
    assert np.array_equal(op.forward(np.zeros((1, *mask.shape), np.float32))[0], mask)
