"""What autograd keeps of torchvision's own classifiers, to the byte: our specs keep the same.

On the meta device in float32, where attention alone is another kernel than anywhere else: transformers run on the CPU.
Stochastic depth is left out, as in our specs; its noise is one number a sample.
"""

from __future__ import annotations

import pytest
from known import FIRSTS, NAMES
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
