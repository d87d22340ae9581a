"""ResNet-50 and a chain of convolutions as PyTorch modules, for the tools that look at those."""

from __future__ import annotations

import torch
from torch import nn


def convolution(i: int, o: int, k: int, s: int = 1) -> nn.Sequential:
    """Return a convolution without bias and its batch normalisation."""
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o))


class Bottleneck(nn.Module):
    """1×1, 3×3 with the stride, 1×1 to four times the width; a projection where the shape changes."""

    def __init__(self, i: int, w: int, s: int) -> None:
        super().__init__()
        narrow, wide = convolution(i, w, 1), convolution(w, 4 * w, 1)
        self.body = nn.Sequential(narrow, nn.ReLU(True), convolution(w, w, 3, s), nn.ReLU(True), wide)
        self.shortcut = nn.Identity() if i == 4 * w else convolution(i, 4 * w, 1, s)
        self.relu = nn.ReLU(True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the sum of body and shortcut, rectified."""
        return self.relu(self.body(x) + self.shortcut(x))


def resnet50() -> nn.Sequential:
    """Return ResNet-50 with torchvision's layers: the stride is in the 3×3 convolution."""
    layers, width = [convolution(3, 64, 7, 2), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)], 64
    for w, blocks, s in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(blocks):
            layers.append(Bottleneck(width, w, 1 if i else s))
            width = 4 * w
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def built(network: str, device: str) -> tuple[nn.Module, torch.Tensor]:
    """Return `resnet50`, or a chain of as many convolutions as a number says, and an input for it."""
    with torch.device(device):
        if network == "resnet50":
            return resnet50().eval(), torch.rand(1, 3, 224, 224)
        chain = nn.Sequential(*(nn.Conv2d(8, 8, 3, padding=1) for _ in range(int(network))))
        return chain.eval(), torch.rand(1, 8, 8, 8)
