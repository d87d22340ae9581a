"""Swin Transformers written down in plain PyTorch as torchvision 0.29 has them.

Parameters and buffers are registered in the order in which a spec's layers hold them.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def relative_position_index(size):
    """Return which row of a table of distances each two positions of a square window take, as torchvision works it out."""
    coords = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")).flatten(1)
    relative = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
    relative[:, :, 0] += size - 1
    relative[:, :, 1] += size - 1
    relative[:, :, 0] *= 2 * size - 1
    return relative.sum(-1)


def attention_mask(pad_h, pad_w, window, shift):
    """Return -100 for each two positions of a window that are no neighbours, as torchvision works it out: (W, T, T)."""
    mask = torch.zeros(pad_h, pad_w)
    slices = ((0, -window), (-window, -shift), (-shift, None))
    for number, (h, w) in enumerate((h, w) for h in slices for w in slices):
        mask[h[0] : h[1], w[0] : w[1]] = number
    mask = mask.view(pad_h // window, window, pad_w // window, window)
    mask = mask.permute(0, 2, 1, 3).reshape(-1, window * window)
    mask = mask.unsqueeze(1) - mask.unsqueeze(2)
    return mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)


class Learnt(nn.Module):
    """A tensor that is learnt, as a module, so that it stands in the order of the others."""

    def __init__(self, *shape):
        super().__init__()
        self.value = nn.Parameter(torch.ones(shape))

    def forward(self):
        return self.value


class Index(nn.Module):
    """The index of a window, which is kept."""

    def __init__(self, window):
        super().__init__()
        self.register_buffer("value", relative_position_index(window))

    def forward(self):
        return self.value


class ShiftedWindowAttention(nn.Module):
    """Torchvision's attention within windows that may be shifted."""

    def __init__(self, dim, window, shift, heads):
        super().__init__()
        self.window, self.shift, self.heads = window, shift, heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.table, self.index = Learnt((2 * window - 1) ** 2, heads), Index(window)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, h, w, c = x.shape
        m = self.window
        y = functional.pad(x, (0, 0, 0, -w % m, 0, -h % m))
        _, pad_h, pad_w, _ = y.shape
        shift = 0 if m >= pad_h else self.shift
        y = torch.roll(y, (-shift, -shift), (1, 2))
        y = y.view(b, pad_h // m, m, pad_w // m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, m * m, c)
        q, k, v = self.qkv(y).reshape(len(y), m * m, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = self.scores(q, k) + self.bias()
        if shift:
            scores = scores.view(b, -1, self.heads, m * m, m * m)
            scores = scores + attention_mask(pad_h, pad_w, m, shift).unsqueeze(1)
            scores = scores.view(-1, self.heads, m * m, m * m)
        y = self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, m * m, c))
        y = y.view(b, pad_h // m, pad_w // m, m, m, c).permute(0, 1, 3, 2, 4, 5).reshape(b, pad_h, pad_w, c)
        return torch.roll(y, (shift, shift), (1, 2))[:, :h, :w]

    def scores(self, q, k):
        return q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)

    def bias(self):
        return self.table()[self.index()].permute(2, 0, 1)


def mlp(dim):
    return nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))


class SwinTransformerBlock(nn.Module):
    def __init__(self, dim, window, shift, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim), ShiftedWindowAttention(dim, window, shift, heads)
        self.norm2, self.mlp = nn.LayerNorm(dim), mlp(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def merged(x):
    """Return four neighbours behind one another."""
    h, w = x.shape[1:3]
    x = functional.pad(x, (0, 0, 0, w % 2, 0, h % 2))
    return torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)


class PatchMerging(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm, self.reduction = nn.LayerNorm(4 * dim), nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x):
        return self.reduction(self.norm(merged(x)))


class Permute(nn.Module):
    def __init__(self, *order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return x.permute(self.order)


def swin(depths, width, heads, window, classes, block=SwinTransformerBlock, merging=PatchMerging, **_):
    """Return a Swin Transformer as torchvision builds it; the size of its input is no part of it."""
    layers = [nn.Conv2d(3, width, 4, 4), Permute(0, 2, 3, 1), nn.LayerNorm(width)]
    for number, (depth, each) in enumerate(zip(depths, heads, strict=True)):
        dim = width * 2**number
        layers += [merging(dim // 2)] if number else []
        layers += [block(dim, window, window // 2 if nth % 2 else 0, each) for nth in range(depth)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(1), nn.Linear(dim, classes)]
    return nn.Sequential(*layers, nn.LayerNorm(dim), Permute(0, 3, 1, 2), *head)
