"""Swin Transformers and MaxViT written down in plain PyTorch as torchvision 0.29 has them.

Parameters and buffers are registered in the order in which a spec's layers hold them.
"""

from __future__ import annotations

from math import log

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


class LogDistances(nn.Module):
    """Torchvision's table of distances, which is kept."""

    def __init__(self, window):
        super().__init__()
        along = torch.arange(-(window - 1), window, dtype=torch.float32)
        table = torch.stack(torch.meshgrid(along, along, indexing="ij")).permute(1, 2, 0) / (window - 1) * 8
        table = table.flatten(0, 1)
        self.register_buffer("value", torch.sign(table) * torch.log2(torch.abs(table) + 1.0) / 3.0)

    def forward(self):
        return self.value


class ShiftedWindowAttentionV2(ShiftedWindowAttention):
    """Torchvision's second version, which zeroes the bias of the keys in each pass."""

    def __init__(self, dim, window, shift, heads):
        nn.Module.__init__(self)
        self.window, self.shift, self.heads = window, shift, heads
        self.linear = nn.Linear(dim, 3 * dim)
        self.logit_scale = Learnt(heads, 1, 1)
        self.table = LogDistances(window)
        self.cpb_mlp = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, heads, bias=False))
        self.index = Index(window)
        self.proj = nn.Linear(dim, dim)

    def qkv(self, x):
        bias = self.linear.bias.clone()
        length = bias.numel() // 3
        bias[length : 2 * length].zero_()
        return functional.linear(x, self.linear.weight, bias)

    def scores(self, q, k):
        cosines = functional.normalize(q, dim=-1) @ functional.normalize(k, dim=-1).transpose(-2, -1)
        return cosines * torch.clamp(self.logit_scale(), max=log(100)).exp()

    def bias(self):
        table = self.cpb_mlp(self.table()).view(-1, self.heads)
        return 16 * torch.sigmoid(table[self.index()].permute(2, 0, 1))


class SwinTransformerBlockV2(nn.Module):
    def __init__(self, dim, window, shift, heads):
        super().__init__()
        self.attn, self.norm1 = ShiftedWindowAttentionV2(dim, window, shift, heads), nn.LayerNorm(dim)
        self.mlp, self.norm2 = mlp(dim), nn.LayerNorm(dim)

    def forward(self, x):
        x = x + self.norm1(self.attn(x))
        return x + self.norm2(self.mlp(x))


class PatchMergingV2(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.reduction, self.norm = nn.Linear(4 * dim, 2 * dim, bias=False), nn.LayerNorm(2 * dim)

    def forward(self, x):
        return self.norm(self.reduction(merged(x)))


def swin_v2(**parameters):
    """Return a Swin Transformer V2 as torchvision builds it."""
    return swin(**parameters, block=SwinTransformerBlockV2, merging=PatchMergingV2)


def activated(i, o, kernel=1, stride=1, groups=1):
    """Return torchvision's Conv2dNormActivation as MaxViT has it."""
    conv = nn.Conv2d(i, o, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(o, eps=1e-3), nn.GELU())


class NormalisedMBConv(nn.Module):
    """Torchvision's MBConv of MaxViT."""

    def __init__(self, i, o, stride):
        super().__init__()
        pool = nn.AvgPool2d(3, stride, 1) if stride > 1 else nn.Identity()
        widen = nn.Conv2d(i, o, 1) if stride > 1 or i != o else nn.Identity()
        self.proj, self.pre_norm = nn.Sequential(pool, widen), nn.BatchNorm2d(i, eps=1e-3)
        self.conv_a, self.conv_b = activated(i, 4 * o), activated(4 * o, 4 * o, 3, stride, 4 * o)
        self.fc1, self.fc2 = nn.Conv2d(4 * o, o // 4, 1), nn.Conv2d(o // 4, 4 * o, 1)
        self.conv_c = nn.Conv2d(4 * o, o, 1)

    def forward(self, x):
        y = self.conv_b(self.conv_a(self.pre_norm(x)))
        gate = self.fc2(functional.silu(self.fc1(functional.adaptive_avg_pool2d(y, 1))))
        return self.proj(x) + self.conv_c(y * torch.sigmoid(gate))


class RelativePositionalMultiHeadAttention(nn.Module):
    def __init__(self, dim, head, window):
        super().__init__()
        self.heads, self.head, self.scale_factor = dim // head, head, dim**-0.5
        self.to_qkv = nn.Linear(dim, 3 * dim)
        self.table, self.index = Learnt((2 * window - 1) ** 2, self.heads), Index(window)
        self.merge = nn.Linear(dim, dim)

    def forward(self, x):
        b, g, p, d = x.shape
        q, k, v = (
            part.reshape(b, g, p, self.heads, self.head).permute(0, 1, 3, 2, 4)
            for part in torch.chunk(self.to_qkv(x), 3, dim=-1)
        )
        products = torch.einsum("B G H I D, B G H J D -> B G H I J", q, k * self.scale_factor)
        shares = functional.softmax(products + self.table()[self.index()].permute(2, 0, 1), dim=-1)
        y = torch.einsum("B G H I J, B G H J D -> B G H I D", shares, v)
        return self.merge(y.permute(0, 1, 3, 2, 4).reshape(b, g, p, d))


class PartitionAttentionLayer(nn.Module):
    """Torchvision's attention within windows, or over a grid."""

    def __init__(self, dim, head, window, *, grid):
        super().__init__()
        self.window, self.grid = window, grid
        attention = RelativePositionalMultiHeadAttention(dim, head, window)
        self.attn_layer = nn.Sequential(nn.LayerNorm(dim), attention)
        self.mlp_layer = nn.Sequential(nn.LayerNorm(dim), *mlp(dim))

    def forward(self, x):
        b, c, h, w = x.shape
        p = h // self.window if self.grid else self.window
        x = x.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, -1, p * p, c)
        x = x.transpose(1, 2) if self.grid else x
        x = x + self.attn_layer(x)
        x = x + self.mlp_layer(x)
        x = x.transpose(1, 2) if self.grid else x
        return x.reshape(b, h // p, w // p, p, p, c).permute(0, 5, 1, 3, 2, 4).reshape(b, c, h, w)


def maxvit(depths, widths, head, window, classes, **_):
    """Return a MaxViT as torchvision builds it; the size of its input is no part of it."""
    last = widths[0]
    layers = [activated(3, last, 3, 2), nn.Conv2d(last, last, 3, padding=1)]
    for depth, width in zip(depths, widths, strict=True):
        for nth in range(depth):
            layers.append(NormalisedMBConv(last, width, 1 if nth else 2))
            layers += [PartitionAttentionLayer(width, head, window, grid=grid) for grid in (False, True)]
            last = width
    pooled = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(last)]
    return nn.Sequential(
        *layers, *pooled, nn.Linear(last, last), nn.Tanh(), nn.Linear(last, classes, bias=False)
    )
