"""What autograd keeps of torchvision's own classifiers, to the byte: our specs keep the same.

On the meta device in float32, where attention alone is another kernel than anywhere else: transformers run on the CPU.
Stochastic depth is left out, as in our specs; its noise is one number a sample.
"""

from __future__ import annotations

import re

import pytest
from known import FIRSTS, NAMES
from test_frozen_torch import squeeze
from test_keeps_torch import saved_bytes

import archcalc
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.walk import find_kept

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
from torchvision.ops import StochasticDepth  # noqa: E402  (only where torchvision is installed)

pytestmark = [pytest.mark.torch, pytest.mark.large]

OTHERWISE = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}
"""Where a name of torchvision's is that of another network here."""
SAME = [name for name in models.list_models(models) if OTHERWISE.get(name, name) in NAMES]
ONE_SIZE = ("vit", "swin", "maxvit")
"""How those are called that take one size of input alone."""
RESIZED = {"vit_h_14": {"image_size": 518}}


def model_of(name, device):
    """Return torchvision's model; RegNet reckons its widths with tensors that must have numbers."""
    options = dict(RESIZED.get(name, {}))
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    with torch.device("cpu" if name.startswith("regnet") else device):
        model = getattr(models, name)(weights=None, **options).to(device).train()
    for module in model.modules():
        if isinstance(module, StochasticDepth):
            module.p = 0.0  # not every builder takes it
    return model


@pytest.mark.parametrize("name", SAME)
def test_a_network_of_torchvision_keeps_what_ours_does(name):
    device = "cpu" if name.startswith("vit") else "meta"
    report = archcalc.analyze(archcalc.load(OTHERWISE.get(name, name)), batch=2, train=True)
    keeping = find_kept(report.run, Rules(device="cpu"))
    assert keeping.unknown == ()
    assert keeping.autograd_bytes == saved_bytes(
        model_of(name, device), report.input_shapes, "float32", device
    )


@pytest.mark.parametrize("name", [name for name in SAME if OTHERWISE.get(name, name) in FIRSTS])
def test_a_network_of_torchvision_keeps_what_ours_does_under_autocast(name):
    size = {"input": "3x299x299" if name == "inception_v3" else "3x64x64"}
    if name.startswith(ONE_SIZE):
        size = {}
    network = archcalc.load(OTHERWISE.get(name, name))
    report = archcalc.analyze(network, batch=2, train=True, dtype="amp-bfloat16", **size)
    keeping = find_kept(report.run, Rules(device="cpu"))
    assert keeping.autograd_bytes == saved_bytes(
        model_of(name, "cpu"), report.input_shapes, "amp-bfloat16", "cpu"
    )


@pytest.mark.parametrize("name", [name for name in SAME if not name.startswith(ONE_SIZE)])
def test_a_network_of_torchvision_runs_its_branches_in_the_order_of_ours(name):
    """The peak depends on it; attention, whose layers torchvision calls as functions, cannot be followed."""
    report = archcalc.analyze(archcalc.load(OTHERWISE.get(name, name)), train=True)
    model = model_of(name, "meta")
    run: list[list[int]] = []
    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(lambda module, _, __: run.append(squeeze(module.weight.shape)))
    model(*[torch.zeros((2, *shape[1:]), device="meta") for shape in report.input_shapes])
    layers = [facts for facts in report.run.facts if facts.traits.deep]
    assert [squeeze(facts.tensors[0]["weight"]) for facts in layers] == run


FREEZING = [  # a network of torchvision, what is frozen of ours, and which of its parameters these are
    ("resnet50", ["conv1", "batchnorm1", "conv[23]_x"], "conv1|bn1|layer[12]"),
    ("resnet50", ["conv*", "batchnorm*"], "(?!fc)"),
    ("resnet50", ["conv[34]_x.*batchnorm*"], r"layer[23].*(bn|downsample\.1)"),
    ("vgg16", ["stage*"], "features"),
    ("alexnet", ["conv*", "fc6"], r"features|classifier\.1\."),
    ("mobilenet_v2", ["stem", "stage[1-4]"], r"features\.(\d|10)\."),
    (
        "densenet121",
        ["conv1", "batchnorm1", "dense_block[12]", "transition[12]"],
        r"features\.(conv0|norm0|denseblock[12]|transition[12])",
    ),
    ("efficientnet_b0", ["stage[1-8]"], r"features\.[0-7]\."),
    ("convnext_tiny", ["*.bias"], ".*bias"),
]


@pytest.mark.parametrize(("name", "patterns", "meant"), FREEZING)
def test_a_network_of_torchvision_with_frozen_weights_keeps_what_ours_does(name, patterns, meant):
    report = archcalc.analyze(archcalc.load(OTHERWISE.get(name, name)), batch=2, train=True)
    keeping = find_kept(report.run, Rules(device="cpu", frozen=tuple(patterns)))
    model = model_of(name, "meta")
    for path, parameter in model.named_parameters():
        parameter.requires_grad_(not re.match(meant, path))
    assert keeping.autograd_bytes == saved_bytes(model, report.input_shapes, "float32", "meta")
