"""Models exported by PyTorch, by its older exporter and by its newer one, against PyTorch itself and ONNX Runtime.

Parameters are the model's own but for what the exporter does to them, which each row states; multiply-accumulates are
half of what torch.utils.flop_counter counts, which leaves recurrent layers out. Every tensor has the shape that it has
in ONNX Runtime, and every layer's reference computes the values that are there, with the weights of the file.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from importlib.util import find_spec
from itertools import pairwise
from typing import NamedTuple

import pytest

import archcalc
from archcalc.questions.verify.agreement import compare_values

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import torch.nn.functional as F  # noqa: E402, N812  (only where PyTorch is installed; what everybody calls it)
from torch import nn  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

pytestmark = [pytest.mark.onnx, pytest.mark.torch]

BATCH, WORDS = 2, 50
EXPORTERS = [
    "script",
    pytest.param(
        "dynamo", marks=pytest.mark.skipif(not find_spec("onnxscript"), reason="onnxscript is not installed")
    ),
]


def normalised(i, o, k=3, s=1, g=1):
    """Return a convolution and its batch normalisation."""
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o))


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, i, o, s):
        super().__init__()
        self.body = nn.Sequential(normalised(i, o, 3, s), nn.ReLU(), normalised(o, o))
        self.shortcut = nn.Identity() if i == o and s == 1 else normalised(i, o, 1, s)

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class Residual(nn.Module):
    """A small ResNet."""

    def __init__(self):
        super().__init__()
        self.stem = normalised(3, 8, 7, 2)
        self.layer1 = nn.Sequential(Block(8, 8, 1), Block(8, 8, 1))
        self.layer2 = nn.Sequential(Block(8, 16, 2), Block(16, 16, 1))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2, 1)
        return self.fc(F.adaptive_avg_pool2d(self.layer2(self.layer1(x)), 1).flatten(1))


class Mobile(nn.Module):
    """Depthwise separable convolutions, squeeze-and-excitation, activations made of lines."""

    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = normalised(3, 8, 3, 2), normalised(8, 8, 5, 2, 8)
        self.squeeze, self.excite = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.pointwise, self.fc = normalised(8, 16, 1), nn.Linear(16, 10)

    def forward(self, x):
        x = F.hardswish(self.depthwise(F.hardswish(self.stem(x))))
        gate = F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        return self.fc(F.silu(self.pointwise(x * gate)).mean((2, 3)))


class Shuffled(nn.Module):
    """Channels dealt out anew between convolutions in groups."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 12, 3, groups=2), nn.Conv2d(12, 8, 3, groups=4)

    def forward(self, x):
        x = self.first(x)
        n, c, h, w = x.shape
        x = x.reshape(n, 4, c // 4, h, w).transpose(1, 2).reshape(n, c, h, w)
        return self.second(x)


class Attention(nn.Module):
    """Attention as torch.nn.MultiheadAttention has it."""

    def __init__(self, width, heads):
        super().__init__()
        self.inner = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, x):
        return self.inner(x, x, x, need_weights=False)[0]


class Scaled(nn.Module):
    """Attention in one call, with queries, keys and values from one product."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, c = x.shape
        parts = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(*parts.unbind(0))
        return self.out(y.transpose(1, 2).reshape(n, t, c))


class Transformer(nn.Module):
    """A vision transformer of two layers with 17 tokens of 32 numbers."""

    def __init__(self, attention):
        super().__init__()
        self.patch = nn.Conv2d(3, 32, 8, 8)
        self.token, self.position = nn.Parameter(torch.rand(1, 1, 32)), nn.Parameter(torch.rand(1, 17, 32))
        self.norms = nn.ModuleList(nn.LayerNorm(32) for _ in range(5))
        self.attentions = nn.ModuleList(attention(32, 4) for _ in range(2))
        self.mlps = nn.ModuleList(
            nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32)) for _ in range(2)
        )
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position
        for i, (attention, mlp) in enumerate(zip(self.attentions, self.mlps, strict=True)):
            x = x + attention(self.norms[2 * i](x))
            x = x + mlp(self.norms[2 * i + 1](x))
        return self.head(self.norms[-1](x)[:, 0])


class ConvNeXt(nn.Module):
    """Normalisation and products over the last axis, and a learnt scale."""

    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, 16, 4, 4), nn.Conv2d(16, 16, 7, padding=3, groups=16)
        self.norm, self.wide, self.narrow = nn.LayerNorm(16), nn.Linear(16, 64), nn.Linear(64, 16)
        self.scale, self.head = nn.Parameter(torch.rand(16)), nn.Linear(16, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.scale * self.narrow(F.gelu(self.wide(y)))
        return self.head((x + y.permute(0, 3, 1, 2)).mean((-2, -1)))


class UNet(nn.Module):
    """Down, up again and beside what was there before; then resized."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, 2, 1)
        self.up, self.last = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 4, 3, padding=1)

    def forward(self, x):
        a = F.relu(self.down1(x))
        y = self.last(torch.cat([a, self.up(F.relu(self.down2(a)))], 1))
        y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        return F.interpolate(y, size=(40, 48), mode="nearest")


class Language(nn.Module):
    """Two bidirectional LSTM layers over embedded words."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 12)
        self.lstm = nn.LSTM(12, 16, num_layers=2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(32, WORDS)

    def forward(self, words):
        return self.out(self.lstm(self.embed(words))[0])


class Recurrent(nn.Module):
    """A GRU whose last state is an output, too."""

    def __init__(self):
        super().__init__()
        self.gru, self.out = nn.GRU(12, 16, bidirectional=True), nn.Linear(32, 4)

    def forward(self, x):
        y, last = self.gru(x)
        return self.out(y), last


class Two(nn.Module):
    """Two inputs, two outputs."""

    def __init__(self):
        super().__init__()
        self.flat, self.spatial = nn.Linear(8, 16), nn.Conv2d(3, 16, 3, padding=1)

    def forward(self, x, y):
        z = self.flat(x)[:, :, None, None] * self.spatial(y)
        return z, z.mean((2, 3))


class Shared(nn.Module):
    """A layer that is used twice, and an embedding whose vectors are the last layer's weights."""

    def __init__(self):
        super().__init__()
        self.embed, self.mix = nn.Embedding(WORDS, 16), nn.Linear(16, 16)
        self.out = nn.Linear(16, WORDS, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, words):
        return self.out(self.mix(F.relu(self.mix(self.embed(words)))))


class Odds(nn.Module):
    """Whatever else is common: groups, padding, parts, pixel shuffle, sums over letters, pools, a mirror."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 16, 3, padding=1, padding_mode="reflect")
        self.group, self.instance = nn.GroupNorm(4, 16), nn.InstanceNorm2d(16, affine=True)
        self.prelu = nn.PReLU(16)

    def forward(self, x):
        x = F.relu6(self.group(self.conv(x)))
        a, b = x.chunk(2, 1)
        p, q = b.split([2, 6], 1)
        p = F.pad(p, (1, 1, 0, 2))[:, :, :-2, 1:-1]
        x = self.prelu(self.instance(torch.cat([a, p, q], 1)))
        x = F.leaky_relu(F.pixel_shuffle(x, 2), 0.2)
        pooled = F.max_pool2d(x, 3, 2, ceil_mode=True), F.avg_pool2d(x, 3, 2, 1)
        return torch.einsum("nchw,ndhw->ncd", x, x), *pooled, F.softmax(x, 1), x.flip(3)


class Model(NamedTuple):
    """A model, its inputs' shapes, where words are the input, and what the exporters do.

    `more` are parameters that the file has beside the model's own, and `macs` those that PyTorch does not count.
    """

    make: object
    shapes: tuple
    words: bool = False
    more: int = 0
    why: str = "nothing happens to the weights"
    macs: int = 0


IMAGE = ((BATCH, 3, 32, 32),)
MODELS = {
    "residual": Model(
        Residual,
        ((BATCH, 3, 64, 64),),
        more=-(8 + 4 * 8 + 5 * 16),
        why="of each normalisation a bias remains",
    ),
    "mobile": Model(Mobile, IMAGE, more=-(8 + 8 + 16), why="of each normalisation a bias remains"),
    "shuffled": Model(Shuffled, ((BATCH, 4, 16, 16),)),
    "attention": Model(lambda: Transformer(Attention), IMAGE),
    "scaled": Model(lambda: Transformer(Scaled), IMAGE),
    "convnext": Model(ConvNeXt, IMAGE),
    "unet": Model(UNet, ((1, 3, 32, 32),)),
    "language": Model(
        Language,
        ((BATCH, 7),),
        words=True,
        macs=BATCH * 7 * 2 * 4 * 16 * ((12 + 16) + (32 + 16)),
    ),
    "recurrent": Model(Recurrent, ((7, BATCH, 12),)),
    "two": Model(Two, ((BATCH, 8), (BATCH, 3, 8, 8))),
    "shared": Model(
        Shared, ((BATCH, 7),), words=True, more=WORDS * 16, why="the shared matrix is there once more, turned"
    ),
    "odds": Model(Odds, ((BATCH, 4, 8, 8),)),
}


def made(name, seed=0):
    """Return a model with random weights, no two of which are equal: exporters keep equal ones only once."""
    model = MODELS[name].make().eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.empty_like(parameter).uniform_(-0.5, 0.5, generator=generator))
        for key, buffer in model.named_buffers():
            if buffer.is_floating_point():
                low, high = (0.5, 2) if key.endswith("var") else (-1, 1)
                buffer.copy_(torch.empty_like(buffer).uniform_(low, high, generator=generator))
    return model


def inputs_of(name):
    model = MODELS[name]
    return tuple(
        torch.randint(0, WORDS, shape) if model.words else torch.rand(shape) for shape in model.shapes
    )


@contextlib.contextmanager
def quiet():
    """Keep the exporters from talking: they warn of themselves, print, and log."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def export(model, inputs, path, exporter="script", **words):
    with quiet():
        if exporter == "script":
            torch.onnx.export(model, inputs, path, dynamo=False, **({"opset_version": 17} | words))
        else:
            torch.onnx.export(model, inputs, path, dynamo=True, verbose=False, **words)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a function that exports a model once and returns where it is."""
    folder = tmp_path_factory.mktemp("torch")

    def path_of(name, exporter):
        path = folder / f"{name}_{exporter}.onnx"
        if not path.exists():
            export(made(name), inputs_of(name), path, exporter)
        return path

    return path_of


def test_what_is_known_of_a_model_is_its_own():
    """The first rows of the table by hand: a model's parameters are those of its modules."""
    assert sum(p.numel() for p in made("shuffled").parameters()) == 12 * 2 * 9 + 12 + 8 * 3 * 9 + 8
    assert sum(p.numel() for p in made("shared").parameters()) == WORDS * 16 + 16 * 16 + 16


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_multiply_accumulates(exported, name, exporter):
    model, expected = made(name), MODELS[name]
    network = archcalc.load(exported(name, exporter))
    totals = archcalc.analyze(network).totals
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        model(*inputs_of(name))
    more = expected.more
    if exporter == "dynamo" and isinstance(model, Transformer):
        more += (BATCH - 1) * 32  # the class token is written out for each sample
    assert totals.params == sum(p.numel() for p in model.parameters()) + more, expected.why
    assert totals.macs == counter.get_total_flops() // 2 + expected.macs
    assert totals.incomplete == ()
    assert [note for note in network.notes if "merge" not in note] == []


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("name", MODELS)
def test_shapes_and_values(exported, name, exporter, tensors_beside_a_run):
    path = exported(name, exporter)
    pairs = tensors_beside_a_run(path)
    unread = {tensor for tensor, (ours, _) in pairs.items() if ours is None}  # states that nobody reads
    assert {tensor for tensor, (ours, theirs) in pairs.items() if ours != theirs} == unread
    assert not unread or name == "language"
    report = archcalc.analyze(archcalc.load(path))
    comparisons = list(compare_values(path, report))
    assert [one for one in comparisons if not one.agrees] == []
    assert len(comparisons) > len(report.rows) / 3  # some layers are parts of a node


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_names_are_paths_of_modules(exported, exporter):
    """Rows of a module stand together, so that they fold; nested ones are called as PyTorch calls them."""
    report = archcalc.analyze(archcalc.load(exported("residual", exporter)))
    names = [row.name for row in report.rows if row.kind == "conv"]
    blocks = ["/layer1/layer1.0", "/layer1/layer1.1", "/layer2/layer2.0", "/layer2/layer2.1"]
    assert [sum(name.startswith(f"{block}/") for name in names) for block in blocks] == [2, 2, 3, 2]
    assert names[1].startswith("/layer1/layer1.0/body/body.0/body.0.")


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_merged_batch_normalisation_is_noted(exported, exporter):
    (note,) = archcalc.load(exported("residual", exporter)).notes
    assert note == (
        "10 convolutions have batch normalisation merged into them, by the names of their weights: "
        "the model that was trained has 120 parameters more, if they had no bias of their own"
    )


def test_batch_normalisation_that_is_kept(tmp_path):
    """Nothing is merged then: all parameters are there, the statistics are buffers, and there is nothing to note."""
    model, path = made("residual"), tmp_path / "kept.onnx"
    export(model, inputs_of("residual"), path, training=torch.onnx.TrainingMode.PRESERVE)
    network = archcalc.load(path)
    totals = archcalc.analyze(network).totals
    assert totals.params == sum(p.numel() for p in model.parameters())
    assert totals.buffers == sum(b.numel() for b in model.buffers() if b.is_floating_point())
    assert network.notes == ()


def test_a_weight_that_is_worked_out_is_not_called_merged(tmp_path):
    """Weight normalisation gets a new name, too, but the bias keeps its own: nothing was merged."""
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))).eval()
    export(model, (torch.rand(1, 3, 8, 8),), tmp_path / "weight_norm.onnx")
    network = archcalc.load(tmp_path / "weight_norm.onnx")
    assert network.notes == ()
    assert archcalc.analyze(network).totals.params == 4 * 3 * 9 + 4  # norm and direction made one weight


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_shuffle_is_one_row_and_keeps_the_field(exported, exporter):
    report = archcalc.analyze(archcalc.load(exported("shuffled", exporter)))
    assert [row.kind for row in report.rows] == ["input", "conv", "shuffle", "conv"]
    assert report.rows[2].settings == {"groups": 4}
    assert {extent.size for extent in report.output.field} == {5}  # two windows of 3


def test_open_sizes_are_asked_for(tmp_path, run):
    """The batch and the sizes of an image may be left open; what they are is 1 unless told."""
    path = tmp_path / "open.onnx"
    axes = {"x": {0: "N", 2: "H", 3: "W"}}
    export(made("residual"), inputs_of("residual"), path, input_names=["x"], dynamic_axes=axes)
    network = archcalc.load(path)
    assert network.notes[0] == "the file leaves open H, W of x, taken as 1"
    report = archcalc.analyze(archcalc.load(path, input="3x64x64", batch=BATCH))
    with FlopCounterMode(display=False) as counter:
        made("residual")(*inputs_of("residual"))
    assert report.totals.macs == counter.get_total_flops() // 2
    assert [one for one in compare_values(path, report) if not one.agrees] == []
    told = run("show", path, "--input", "3x64x64", "--batch", BATCH, "--format", "json")
    assert f'"macs": {report.totals.macs}' in told.out
    assert "leaves open" not in told.out + told.err


def test_half_precision(tmp_path):
    """Weights of 16 bits: a number takes 2 bytes unless told otherwise."""
    path = tmp_path / "half.onnx"
    export(made("convnext").half(), tuple(x.half() for x in inputs_of("convnext")), path)
    report = archcalc.analyze(archcalc.load(path))
    assert report.dtype == "float16"
    assert report.totals.params == sum(p.numel() for p in made("convnext").parameters())


def test_weights_outside_the_file_are_never_looked_at(exported, tmp_path):
    """The figures are the same, also where the other file is not there."""
    inside = exported("attention", "script")
    path, other = tmp_path / "outside.onnx", tmp_path / "weights.bin"
    model = onnx.load(inside)
    onnx.save(model, path, save_as_external_data=True, location=other.name, size_threshold=0)
    expected = archcalc.analyze(archcalc.load(inside)).totals
    assert other.stat().st_size > 50_000
    other.unlink()
    assert archcalc.analyze(archcalc.load(path)).totals == expected


OLDEST = {"odds": 12, "unet": 11}  # Einsum appeared then, and ONNX Runtime refuses an Upsample that shrinks
OPSETS = (9, 11, 13, 15, 17, 19, 20)


@pytest.mark.parametrize("name", ["residual", "unet", "odds"])
def test_every_opset_says_the_same(tmp_path, name):
    """What the older exporter writes in all opsets that it knows: attributes become inputs, operators appear."""
    totals = []
    for opset in OPSETS:
        if opset < OLDEST.get(name, 9):
            continue
        path = tmp_path / f"opset{opset}.onnx"
        export(made(name), inputs_of(name), path, opset_version=opset)
        report = archcalc.analyze(archcalc.load(path))
        assert [one for one in compare_values(path, report) if not one.agrees] == []
        totals.append((report.totals.params, report.totals.macs, report.totals.incomplete))
    assert all(one == other for one, other in pairwise(totals))
    assert len(totals) > 4


def test_onnx_converts_to_other_opsets(tmp_path):
    """ONNX's own converter: down to 7 and up to the newest."""
    from onnx import defs, version_converter

    path = tmp_path / "opset9.onnx"
    export(made("residual"), inputs_of("residual"), path, opset_version=9)
    model, expected = onnx.load(path), archcalc.analyze(archcalc.load(path)).totals
    versions = []
    for version in range(7, defs.onnx_opset_version() + 1):
        onnx.save(version_converter.convert_version(model, version), path)
        totals = archcalc.analyze(archcalc.load(path)).totals
        assert (totals.params, totals.macs, totals.incomplete) == (expected.params, expected.macs, ())
        versions.append(version)
    assert versions == [*range(7, defs.onnx_opset_version() + 1)]
