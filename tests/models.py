"""Small models in PyTorch that are built like those of many families, each with the shapes of its inputs."""

from __future__ import annotations

from math import log

import torch
import torch.nn.functional as F  # noqa: N812  (what everybody calls it)
from torch import nn

BATCH, WORDS = 2, 40
IMAGE, TOKENS, VECTORS = (BATCH, 3, 32, 32), (BATCH, 9), (BATCH, 9, 16)


class Net(nn.Module):
    """Parts, and a function that takes them and the inputs."""

    def __init__(self, go, **made):
        super().__init__()
        self.go = go
        for name, part in made.items():
            setattr(self, name, part)

    def forward(self, *xs):
        return self.go(self, *xs)


def conv(i, o, k=3, s=1, g=1, d=1, act=nn.ReLU):
    """Return a convolution, its normalisation, and an activation unless told."""
    layers = [nn.Conv2d(i, o, k, s, d * (k // 2), d, g, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, *([act()] if act else []))


def mlp(width, wide, act=nn.GELU):
    return nn.Sequential(nn.Linear(width, wide), act(), nn.Linear(wide, width))


def head(width, classes=10):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def stack(*layers, width=8):
    """Return a stem, layers, and a head."""
    return nn.Sequential(conv(3, 8, 3, 2), *layers, head(width))


def residual(body, shortcut=None, act=nn.ReLU):
    return Net(
        lambda m, x: m.act(m.body(x) + m.shortcut(x)),
        body=body,
        shortcut=shortcut or nn.Identity(),
        act=act() if act else nn.Identity(),
    )


def basic(i, o, s=1):
    body = nn.Sequential(conv(i, o, 3, s), conv(o, o, act=None))
    return residual(body, None if i == o and s == 1 else conv(i, o, 1, s, act=None))


def bottleneck(i, o, s=1, g=1, inner=4):
    body = nn.Sequential(conv(i, inner, 1), conv(inner, inner, 3, s, g), conv(inner, o, 1, act=None))
    return residual(body, None if i == o and s == 1 else conv(i, o, 1, s, act=None))


def preactivated(i):
    return residual(nn.Sequential(nn.BatchNorm2d(i), nn.ReLU(), nn.Conv2d(i, i, 3, padding=1)), act=None)


def dense(i, grow, times):
    """Return layers that each take what all before them make."""

    def go(m, x):
        for layer in m.layers:
            x = torch.cat([x, layer(x)], 1)
        return x

    return Net(go, layers=nn.ModuleList(conv(i + n * grow, grow) for n in range(times)))


def gated(width, gate=nn.Sigmoid, act=nn.ReLU):
    """Return squeeze-and-excitation."""
    inner = [nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, 4, 1), act(), nn.Conv2d(4, width, 1), gate()]
    return Net(lambda m, x: x * m.gate(x), gate=nn.Sequential(*inner))


def inverted(i, o, s=1, k=3, act=nn.SiLU, gate=nn.Sigmoid):
    layers = [conv(i, 2 * i, 1, act=act), conv(2 * i, 2 * i, k, s, 2 * i, act=act), gated(2 * i, gate)]
    body = nn.Sequential(*layers, conv(2 * i, o, 1, act=None))
    return residual(body, act=None) if i == o and s == 1 else body


def branches(*paths, dim=1):
    return Net(lambda m, x: torch.cat([path(x) for path in m.paths], dim), paths=nn.ModuleList(paths))


def summed(*paths):
    return Net(lambda m, x: sum(path(x) for path in m.paths), paths=nn.ModuleList(paths))


def dealt(x):
    """Return the channels of two groups dealt out anew."""
    n, c, h, w = x.shape
    return x.reshape(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def shuffled(width):
    """Return a unit of ShuffleNet v2: half of the channels pass, then all are dealt out anew."""

    def go(m, x):
        a, b = x.chunk(2, 1)
        return dealt(torch.cat([a, m.branch(b)], 1))

    half = width // 2
    return Net(
        go, branch=nn.Sequential(conv(half, half, 1), conv(half, half, g=half, act=None), conv(half, half, 1))
    )


def split(width):
    """Return a unit of Res2Net: each part goes through what the one before it became."""

    def go(m, x):
        first, *others = x.chunk(4, 1)
        found = [first]
        for part, layer in zip(others, m.layers, strict=True):
            found.append(layer(part + found[-1]))
        return x + torch.cat(found, 1)

    return Net(go, layers=nn.ModuleList(conv(width // 4, width // 4) for _ in range(3)))


def selective(width):
    """Return a unit of SKNet: two kernels, and a choice between them."""

    def go(m, x):
        both = torch.stack([m.small(x), m.large(x)], 1)
        scores = m.choose(both.sum(1).mean((2, 3))).reshape(-1, 2, width, 1, 1)
        return (both * scores.softmax(1)).sum(1)

    return Net(
        go, small=conv(width, width), large=conv(width, width, 3, d=2), choose=nn.Linear(width, 2 * width)
    )


def attention(width=16, heads=2, *, mask=None, bias=None, turn=None, shared=False):
    """Return attention with queries, keys and values of their own, or keys and values that all heads share."""
    size = width // heads

    def go(m, x, y=None):
        y = x if y is None else y
        n, t, _ = x.shape
        q = m.q(x).reshape(n, t, heads, size).transpose(1, 2)
        k, v = (f(y).reshape(n, y.shape[1], -1, size).transpose(1, 2) for f in (m.k, m.v))
        q, k = (turn(q), turn(k)) if turn else (q, k)
        scores = q @ k.transpose(-2, -1) / size**0.5
        scores = scores + m.bias if bias else scores
        scores = scores.masked_fill(m.mask, float("-inf")) if mask else scores
        return m.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, width))

    kept = size if shared else width
    net = Net(
        go,
        q=nn.Linear(width, width),
        k=nn.Linear(width, kept),
        v=nn.Linear(width, kept),
        out=nn.Linear(width, width),
    )
    if bias:
        net.bias = nn.Parameter(torch.zeros(heads, bias, bias))
    if mask:
        net.register_buffer("mask", torch.ones(mask, mask).triu(1).bool())
    return net


def block(mixer, width=16, norm=nn.LayerNorm, inner=None):
    """Return a layer of a transformer, whatever it mixes its tokens with."""

    def go(m, x):
        x = x + m.mixer(m.first(x))
        return x + m.inner(m.second(x))

    return Net(go, first=norm(width), mixer=mixer, second=norm(width), inner=inner or mlp(width, 32))


def turned(x):
    """Return x with its positions turned in, as RoPE does."""
    size, length = x.shape[-1], x.shape[-2]
    angles = torch.arange(length)[:, None] * torch.exp(-log(100) * torch.arange(0, size, 2) / size)
    a, b = x.chunk(2, -1)
    return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], -1)


class RMS(nn.Module):
    """The norm of LLaMA, by hand."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


def swiglu(width=16, wide=24):
    parts = {"gate": nn.Linear(width, wide, bias=False), "up": nn.Linear(width, wide, bias=False)}
    return Net(
        lambda m, x: m.down(F.silu(m.gate(x)) * m.up(x)), **parts, down=nn.Linear(wide, width, bias=False)
    )


def vision(*layers, width=16, pool=False):
    """Return a transformer of 16 patches and a class token, which is what the head looks at unless it pools."""

    def go(m, x):
        x = m.patch(x).flatten(2).transpose(1, 2)
        x = x if pool else torch.cat([m.token.expand(len(x), -1, -1), x], 1)
        x = m.norm(m.layers(x + m.position))
        return m.head(x.mean(1) if pool else x[:, 0])

    net = Net(
        go,
        patch=nn.Conv2d(3, width, 8, 8),
        layers=nn.Sequential(*layers),
        norm=nn.LayerNorm(width),
        head=nn.Linear(width, 10),
    )
    net.position = nn.Parameter(torch.zeros(1, 16 if pool else 17, width))
    if not pool:
        net.token = nn.Parameter(torch.zeros(1, 1, width))
    return net


def language(*layers, positions=True, tied=False, norm=nn.LayerNorm):
    """Return a model of words."""

    def go(m, words):
        x = m.embed(words)
        return m.out(m.norm(m.layers(x + m.position if positions else x)))

    net = Net(
        go,
        embed=nn.Embedding(WORDS, 16),
        layers=nn.Sequential(*layers),
        norm=norm(16),
        out=nn.Linear(16, WORDS, bias=False),
    )
    if positions:
        net.position = nn.Parameter(torch.zeros(9, 16))
    if tied:
        net.out.weight = net.embed.weight
    return net


def windowed(width=8, shift=0):
    """Return attention within windows of 4x4, shifted or not, as in Swin."""

    def go(m, x):
        n, c, h, w = x.shape
        y = torch.roll(x, (-shift, -shift), (2, 3)) if shift else x
        y = y.reshape(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
        y = m.mix(y).reshape(n, h // 4, w // 4, 4, 4, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)
        return x + (torch.roll(y, (shift, shift), (2, 3)) if shift else y)

    return Net(go, mix=attention(width, bias=16))


def mixer(tokens=16):
    return Net(lambda m, x: m.tokens(x.transpose(1, 2)).transpose(1, 2), tokens=mlp(tokens, 8))


def spatial_gate(tokens=16, width=16):
    """Return the unit of gMLP."""

    def go(m, x):
        u, v = m.wide(x).chunk(2, -1)
        return m.out(u * m.tokens(m.norm(v).transpose(1, 2)).transpose(1, 2))

    return Net(
        go,
        wide=nn.Linear(width, 32),
        norm=nn.LayerNorm(width),
        tokens=nn.Linear(tokens, tokens),
        out=nn.Linear(width, width),
    )


def convnext(width=8):
    def go(m, x):
        y = m.wide(m.norm(m.depthwise(x).permute(0, 2, 3, 1)))
        return x + (m.scale * y).permute(0, 3, 1, 2)

    net = Net(
        go,
        depthwise=nn.Conv2d(width, width, 7, padding=3, groups=width),
        norm=nn.LayerNorm(width),
        wide=mlp(width, 16),
    )
    net.scale = nn.Parameter(torch.ones(width))
    return net


def pooled(width=8):
    """Return a unit of PoolFormer."""
    pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    return Net(lambda m, x: x + m.pool(m.norm(x)) - x * 0.5, pool=pool, norm=nn.GroupNorm(1, width))


def unet(up):
    """Return a level down and up again, beside what was there before."""

    def go(m, x):
        a = m.a(x)
        return m.last(torch.cat([a, m.up(m.b(F.max_pool2d(a, 2)))], 1))

    return Net(go, a=conv(3, 8), b=conv(8, 16), up=up, last=nn.Conv2d(16, 2, 1))


def pyramid():
    """Return a feature pyramid: two outputs."""

    def go(m, x):
        a = m.a(x)
        b = m.b(a)
        top = m.side_b(b)
        return m.out(m.side_a(a) + F.interpolate(top, scale_factor=2.0, mode="nearest")), m.out(top)

    return Net(
        go,
        a=conv(3, 8, 3, 2),
        b=conv(8, 16, 3, 2),
        side_a=nn.Conv2d(8, 8, 1),
        side_b=nn.Conv2d(16, 8, 1),
        out=nn.Conv2d(8, 8, 3, padding=1),
    )


def atrous():
    """Return the head of DeepLab."""
    pool = Net(
        lambda m, x: F.interpolate(m.inner(x), size=x.shape[2:], mode="bilinear", align_corners=False),
        inner=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1), nn.ReLU()),
    )
    return nn.Sequential(
        conv(3, 8, 3, 2), branches(conv(8, 4, 1), conv(8, 4, d=2), conv(8, 4, d=4), pool), nn.Conv2d(16, 3, 1)
    )


def resolutions():
    """Return two streams that exchange what they have, as in HRNet."""

    def go(m, x):
        a = m.a(x)
        b = m.b(a)
        a, b = a + F.interpolate(m.up(b), scale_factor=2.0, mode="nearest"), b + m.down(a)
        return m.head(a) + m.other(b)

    return Net(
        go,
        a=conv(3, 8, 3, 2),
        b=conv(8, 16, 3, 2),
        up=conv(16, 8, 1, act=None),
        down=conv(8, 16, 3, 2, act=None),
        head=head(8),
        other=head(16),
    )


def causal(width=16, d=1):
    """Return a unit of a temporal convolution network: it sees the past alone."""
    inner = nn.Conv1d(width, width, 3, dilation=d)
    return Net(lambda m, x: x + F.relu(m.inner(F.pad(x, (2 * d, 0)))), inner=inner)


def gated_wave(width=16):
    """Return a unit of WaveNet."""

    def go(m, x):
        return x + m.out(torch.tanh(m.a(x)) * torch.sigmoid(m.b(x)))

    return Net(
        go,
        a=nn.Conv1d(width, width, 3, padding=2, dilation=2),
        b=nn.Conv1d(width, width, 3, padding=2, dilation=2),
        out=nn.Conv1d(width, width, 1),
    )


def experts(width=16):
    """Return four experts that all run, and a gate that weighs them."""

    def go(m, x):
        found = torch.stack([expert(x) for expert in m.experts], -1)
        return (found * m.gate(x).softmax(-1)[:, :, None]).sum(-1)

    return Net(go, experts=nn.ModuleList(mlp(width, 8) for _ in range(4)), gate=nn.Linear(width, 4))


def translation():
    """Return an encoder and a decoder, which looks at it."""

    def go(m, x, y):
        x = m.encoder(x)
        return m.out(y + m.cross(m.norm(y), x))

    return Net(go, encoder=block(attention()), norm=nn.LayerNorm(16), cross=attention(), out=nn.Linear(16, 5))


def twins(body):
    """Return what two inputs are to each other after the same layers."""
    return Net(lambda m, x, y: m.out(torch.abs(m.body(x) - m.body(y))), body=body, out=nn.Linear(10, 1))


def recurrent(kind, **options):
    """Return a recurrent layer over what convolutions see in a line of text."""

    def go(m, x):
        x = m.conv(x).mean(2).transpose(1, 2)
        return m.out(m.inner(x)[0])

    width = 32 if options.get("bidirectional") else 16
    return Net(
        go, conv=conv(3, 8, 3, 2), inner=kind(8, 16, batch_first=True, **options), out=nn.Linear(width, 5)
    )


def spatial_attention():
    """Return the second half of CBAM."""

    def go(m, x):
        return x * torch.sigmoid(m.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))

    return Net(go, conv=nn.Conv2d(2, 1, 7, padding=3, bias=False))


def channel_attention():
    """Return the gate of ECA: a convolution along the channels."""

    def go(m, x):
        y = m.conv(x.mean((2, 3))[:, None])
        return x * torch.sigmoid(y)[:, 0, :, None, None]

    return Net(go, conv=nn.Conv1d(1, 1, 3, padding=1, bias=False))


def ghost(i, o):
    def go(m, x):
        x = m.few(x)
        return torch.cat([x, m.cheap(x)], 1)

    return Net(go, few=conv(i, o // 2, 1), cheap=conv(o // 2, o // 2, g=o // 2))


def memory(width=16):
    """Return linear attention."""

    def go(m, x):
        q, k, v = m.qkv(x).chunk(3, -1)
        q, k = F.elu(q) + 1, F.elu(k) + 1
        return torch.einsum("nti,nij->ntj", q, torch.einsum("nti,ntj->nij", k, v)) / (
            q @ k.sum(1)[:, :, None]
        )

    return Net(go, qkv=nn.Linear(width, 3 * width))


def flat(*layers, inner=8 * 16 * 16):
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(inner, 12), nn.ReLU(), nn.Dropout(), nn.Linear(12, 10)
    )


def generator():
    layers = [
        nn.ConvTranspose2d(16, 8, 4),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 4, 4, 2, 1),
        nn.ReLU(),
    ]
    return nn.Sequential(
        nn.Unflatten(1, (16, 1, 1)), *layers, nn.ConvTranspose2d(4, 3, 3, 2, 1, 1), nn.Tanh()
    )


MODELS = {
    "alexnet": (lambda: flat(nn.Conv2d(3, 8, 5, 2, 2), nn.ReLU(), nn.LocalResponseNorm(3)), [IMAGE]),
    "vgg": (lambda: flat(conv(3, 8), conv(8, 8), nn.MaxPool2d(2)), [IMAGE]),
    "nin": (lambda: stack(conv(8, 8, 1), conv(8, 8, 1), nn.MaxPool2d(3, 2, ceil_mode=True)), [IMAGE]),
    "resnet18": (lambda: stack(basic(8, 8), basic(8, 8), basic(8, 16, 2), basic(16, 16), width=16), [IMAGE]),
    "resnet50": (lambda: stack(bottleneck(8, 16), bottleneck(16, 16), bottleneck(16, 16), width=16), [IMAGE]),
    "resnext": (lambda: stack(bottleneck(8, 16, 2, 2), bottleneck(16, 16, 1, 2), width=16), [IMAGE]),
    "wide_resnet": (lambda: stack(bottleneck(8, 16, inner=16), bottleneck(16, 16, inner=16), width=16), [IMAGE]),
    "preact_resnet": (lambda: stack(preactivated(8), preactivated(8), preactivated(8)), [IMAGE]),
    "resnet_d": (lambda: stack(residual(conv(8, 16, 3, 2), nn.Sequential(nn.AvgPool2d(2), conv(8, 16, 1, act=None))), width=16), [IMAGE]),
    "densenet": (lambda: stack(dense(8, 4, 3), conv(20, 8, 1), nn.AvgPool2d(2), dense(8, 4, 3), width=20), [IMAGE]),
    "inception": (lambda: stack(branches(conv(8, 4, 1), nn.Sequential(conv(8, 4, 1), conv(4, 4)), nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(8, 4, 1))), width=12), [IMAGE]),
    "inception_v3": (lambda: stack(branches(nn.Conv2d(8, 4, (1, 3), padding=(0, 1)), nn.Conv2d(8, 4, (3, 1), padding=(1, 0)), nn.AvgPool2d(3, 1, 1)), width=16), [IMAGE]),
    "squeezenet": (lambda: stack(conv(8, 4, 1), branches(conv(4, 8, 1), conv(4, 8)), width=16), [IMAGE]),
    "mobilenet_v1": (lambda: stack(conv(8, 8, g=8), conv(8, 16, 1), conv(16, 16, 3, 2, 16), width=16), [IMAGE]),
    "mobilenet_v2": (lambda: stack(inverted(8, 8, act=nn.ReLU6), inverted(8, 16, 2, act=nn.ReLU6), width=16), [IMAGE]),
    "mobilenet_v3": (lambda: stack(inverted(8, 8, k=5, act=nn.Hardswish, gate=nn.Hardsigmoid), inverted(8, 16, 2, act=nn.Hardswish), width=16), [IMAGE]),
    "efficientnet": (lambda: stack(inverted(8, 8), inverted(8, 8), inverted(8, 16, 2, 5), width=16), [IMAGE]),
    "mixnet": (lambda: stack(Net(lambda m, x: torch.cat([m.a(x[:, :4]), m.b(x[:, 4:])], 1), a=conv(4, 4, g=4), b=conv(4, 4, 5, g=4))), [IMAGE]),
    "shufflenet_v1": (lambda: stack(conv(8, 16, 1, g=2), Net(lambda m, x: dealt(x)), conv(16, 8, 1, g=2)), [IMAGE]),
    "shufflenet_v2": (lambda: stack(shuffled(8), shuffled(8), shuffled(8)), [IMAGE]),
    "ghostnet": (lambda: stack(ghost(8, 8), ghost(8, 16), width=16), [IMAGE]),
    "senet": (lambda: stack(residual(nn.Sequential(conv(8, 8, act=None), gated(8))), residual(nn.Sequential(conv(8, 8), gated(8)))), [IMAGE]),
    "cbam": (lambda: stack(conv(8, 8), gated(8), spatial_attention()), [IMAGE]),
    "eca": (lambda: stack(channel_attention(), conv(8, 8), channel_attention()), [IMAGE]),
    "sknet": (lambda: stack(selective(8), selective(8)), [IMAGE]),
    "res2net": (lambda: stack(split(8), conv(8, 8), split(8)), [IMAGE]),
    "regnet": (lambda: stack(*(bottleneck(8, 8, inner=8, g=4) for _ in range(3))), [IMAGE]),
    "repvgg": (lambda: stack(summed(conv(8, 8, act=None), conv(8, 8, 1, act=None), nn.BatchNorm2d(8)), nn.ReLU()), [IMAGE]),
    "xception": (lambda: stack(residual(nn.Sequential(nn.ReLU(), conv(8, 8, g=8, act=None), conv(8, 16, 1, act=None), nn.MaxPool2d(3, 2, 1)), conv(8, 16, 1, 2, act=None), None), width=16), [IMAGE]),
    "vovnet": (lambda: stack(dense(8, 4, 4), conv(24, 8, 1), gated(8, nn.Hardsigmoid)), [IMAGE]),
    "cspnet": (lambda: stack(branches(conv(8, 4, 1, act=nn.Mish), nn.Sequential(conv(8, 4, 1, act=nn.Mish), basic(4, 4), basic(4, 4)))), [IMAGE]),
    "yolo": (lambda: stack(conv(8, 8, act=lambda: nn.LeakyReLU(0.1)), branches(*(nn.MaxPool2d(k, 1, k // 2) for k in (1, 5, 9))), width=24), [IMAGE]),
    "convnext": (lambda: stack(convnext(), convnext(), convnext()), [IMAGE]),
    "convmixer": (lambda: stack(*(nn.Sequential(residual(conv(8, 8, 5, g=8, act=nn.GELU), act=None), conv(8, 8, 1, act=nn.GELU)) for _ in range(3))), [IMAGE]),
    "poolformer": (lambda: stack(pooled(), pooled()), [IMAGE]),
    "swin": (lambda: stack(windowed(), windowed(shift=2)), [IMAGE]),
    "mobilevit": (lambda: stack(conv(8, 16), Net(lambda m, x: m.mix(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape), mix=block(attention())), width=16), [IMAGE]),
    "vit": (lambda: vision(*(block(attention()) for _ in range(3))), [IMAGE]),
    "vit_pooled": (lambda: vision(block(attention()), block(attention()), pool=True), [IMAGE]),
    "beit": (lambda: vision(block(attention(bias=17)), block(attention(bias=17))), [IMAGE]),
    "mixer": (lambda: vision(block(mixer()), block(mixer()), pool=True), [IMAGE]),
    "gmlp": (lambda: vision(block(spatial_gate()), block(spatial_gate()), pool=True), [IMAGE]),
    "linear_attention": (lambda: vision(block(memory()), block(memory())), [IMAGE]),
    "unet": (lambda: unet(nn.ConvTranspose2d(16, 8, 2, 2)), [IMAGE]),
    "unet_resized": (lambda: unet(nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(16, 8, 3, padding=1))), [IMAGE]),
    "pyramid": (pyramid, [IMAGE]),
    "deeplab": (atrous, [IMAGE]),
    "hrnet": (resolutions, [IMAGE]),
    "autoencoder": (lambda: nn.Sequential(conv(3, 8, 3, 2), conv(8, 4, 3, 2), nn.ConvTranspose2d(4, 8, 2, 2), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Sigmoid()), [IMAGE]),
    "generator": (generator, [(BATCH, 16)]),
    "instance_norm": (lambda: nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8), nn.PReLU(8), nn.Conv2d(8, 3, 1), nn.Tanh()), [IMAGE]),
    "super_resolution": (lambda: nn.Sequential(conv(3, 8), nn.Conv2d(8, 12, 3, padding=1), nn.PixelShuffle(2)), [IMAGE]),
    "video": (lambda: nn.Sequential(nn.Conv3d(3, 4, 3, (1, 2, 2), 1), nn.BatchNorm3d(4), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(4, 4, (3, 1, 1), padding=(1, 0, 0)), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 5)), [(BATCH, 3, 4, 16, 16)]),
    "bert": (lambda: language(block(attention()), block(attention())), [TOKENS]),
    "albert": (lambda: language(*[block(attention())] * 2), [TOKENS]),
    "gpt": (lambda: language(block(attention(mask=9)), block(attention(mask=9))), [TOKENS]),
    "gpt_tied": (lambda: language(block(attention(mask=9)), tied=True), [TOKENS]),
    "llama": (lambda: language(*(block(attention(mask=9, turn=turned), norm=RMS, inner=swiglu()) for _ in range(2)), positions=False, norm=RMS), [TOKENS]),
    "multi_query": (lambda: language(block(attention(shared=True)), block(attention(shared=True))), [TOKENS]),
    "t5": (lambda: language(block(attention(bias=9), inner=mlp(16, 32, nn.ReLU)), positions=False), [TOKENS]),
    "translation": (translation, [VECTORS, (BATCH, 5, 16)]),
    "experts": (lambda: block(experts()), [VECTORS]),
    "tcn": (lambda: nn.Sequential(causal(), causal(d=2), causal(d=4)), [(BATCH, 16, 20)]),
    "wavenet": (lambda: nn.Sequential(gated_wave(), gated_wave()), [(BATCH, 16, 20)]),
    "crnn": (lambda: recurrent(nn.LSTM, bidirectional=True), [IMAGE]),
    "gru": (lambda: recurrent(nn.GRU), [IMAGE]),
    "elman": (lambda: recurrent(nn.RNN), [IMAGE]),
    "siamese": (lambda: twins(stack(basic(8, 8))), [IMAGE, IMAGE]),
    "two_towers": (lambda: Net(lambda m, x, y: (m.x(x) @ m.y(y).T, m.x(x)), x=nn.Sequential(nn.Linear(16, 8), nn.Tanh()), y=nn.Linear(12, 8)), [(BATCH, 16), (BATCH, 12)]),
    "several_tasks": (lambda: nn.Sequential(stack(conv(8, 8)), Net(lambda m, x: (m.kind(x), m.box(x).sigmoid(), x), kind=nn.Linear(10, 4), box=mlp(10, 6))), [IMAGE]),
    "wide_and_deep": (lambda: Net(lambda m, x: m.wide(x) + m.deep(x), wide=nn.Linear(16, 1), deep=nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.BatchNorm1d(8), nn.Linear(8, 1))), [(BATCH, 16)]),
}  # fmt: skip
"""How each model is made, and the shapes of what goes in; words where that is `TOKENS`."""


def made(name, seed=0):
    """Return a model with random weights, no two of which are equal: exporters keep equal ones only once."""
    model = MODELS[name][0]().eval()
    drawn = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.empty_like(parameter).uniform_(-0.2, 0.2, generator=drawn))
        for key, buffer in model.named_buffers():
            if "running" in key:
                buffer.add_(torch.empty_like(buffer).uniform_(0, 0.5, generator=drawn))
    return model


def inputs_of(name):
    return tuple(
        torch.randint(0, WORDS, shape) if shape == TOKENS else torch.rand(shape) for shape in MODELS[name][1]
    )
