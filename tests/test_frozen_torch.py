"""What autograd keeps where weights are frozen, to the byte, against PyTorch's own saved tensors: every op, whole networks.

Programs are those that archcalc exports; requires_grad is taken from the weights whose path a pattern names.
"""

from __future__ import annotations

import re
from itertools import chain, combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import train
from archcalc.analysis.training.walk import find_kept

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from test_keeps_torch import BATCH, EXPORTED, UNKNOWN, model_of, network_of, saved_bytes  # noqa: E402
from test_torch_graphs import specs  # noqa: E402  (only where PyTorch is installed)
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

pytestmark = pytest.mark.torch


def subsets(names):
    """Return all subsets of some names, the empty one first."""
    return list(chain.from_iterable(combinations(names, count) for count in range(len(names) + 1)))


def weights_of(report):
    """Return the paths and the shapes of what can learn, in the order of the layers; with `connections` filter by filter."""
    paths = []
    for node, facts in zip(report.run.nodes, report.run.facts, strict=True):
        tensors = facts.tensors[0]
        for maps in getattr(facts.op, "connections", None) or ():
            paths += [
                (f"{node.name}.{each}{len(maps)}", tensors[f"{each}{len(maps)}"][1:])
                for each in ("weight", "bias")
            ]
        if not getattr(facts.op, "connections", None):
            paths += [(f"{node.name}.{name}", shape) for name, shape in tensors.items()]
    return paths


def squeeze(shape):
    """Return a shape without axes of 1, which programs add so that it meets others."""
    return [size for size in shape if size > 1]


def freeze(model, report, is_frozen):
    """Freeze those of a model's parameters whose path, as the report has it, is to be; those are in the same order."""
    ours, theirs = weights_of(report), list(model.parameters())
    assert [squeeze(shape) for _, shape in ours] == [squeeze(each.shape) for each in theirs]
    for (path, _), parameter in zip(ours, theirs, strict=True):
        parameter.requires_grad_(not is_frozen(path))
    return sum(each.numel() for each in theirs if each.requires_grad)


def compare(report, model, frozen, dtype, device):
    """Compare what archcalc says with what PyTorch saves."""
    rules = Rules(device="cpu", fused_attention=False, frozen=tuple(frozen))
    keeping = find_kept(report.run, rules)
    assert keeping.unknown == ()
    assert keeping.autograd_bytes == saved_bytes(model, report.input_shapes, dtype, device)


WEIGHTED = [
    case
    for case in EXPORTED
    if case[0] not in UNKNOWN
    and archcalc.analyze(network_of(*case, ()), batch=BATCH).run.facts[-1].tensors[0]
]


@pytest.mark.parametrize("dtype", ["float32", "amp-bfloat16"])
@pytest.mark.parametrize(("kind", "settings", "shapes"), WEIGHTED)
def test_an_op_with_frozen_weights_keeps_what_pytorch_saves(kind, settings, shapes, dtype):
    device = "meta" if dtype == "float32" else "cpu"
    for learnt in subsets(range(len(shapes))) if kind != "embedding" else [()]:
        report = archcalc.analyze(
            network_of(kind, settings, shapes, learnt), batch=BATCH, train=True, dtype=dtype
        )
        try:
            model = model_of(report, device)
        except ArchcalcError as error:
            pytest.skip(str(error))
        own = dict.fromkeys(path for path, _ in weights_of(report) if path.startswith("layer."))
        for frozen in subsets(own):
            if freeze(model, report, set(frozen).__contains__):
                compare(report, model, frozen, dtype, device)


@given(specs(), st.sampled_from(["float32", "amp-bfloat16"]), st.data())
def test_a_random_network_with_frozen_weights_keeps_what_pytorch_saves(network, text, dtype, data):
    device = "meta" if dtype == "float32" else "cpu"
    report = archcalc.analyze(network(text), batch=BATCH, train=True, dtype=dtype)
    try:
        model = model_of(report, device)
    except ArchcalcError:
        assume(False)
    paths = [path for path, _ in weights_of(report)]
    in_order = [squeeze(shape) for _, shape in weights_of(report)]
    assume(in_order == [squeeze(each.shape) for each in model.parameters()])
    frozen = {path for path in paths if data.draw(st.booleans())}
    assume(freeze(model, report, frozen.__contains__))
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    compare(report, model, frozen, dtype, device)


FREEZING = [  # network, patterns, and which paths these are
    ("alexnet_torchvision", ["conv*"], "conv"),
    ("alexnet_torchvision", ["conv*", "fc6", "fc7"], "conv|fc[67]"),
    ("alexnet_torchvision", ["*.bias"], r".*\.bias$"),
    ("alexnet_torchvision", ["*.weight"], r".*\.weight$"),
    ("vgg11_bn", ["stage[123]"], "stage[123]"),
    ("vgg11_bn", ["stage[345].batchnorm*"], r"stage[345]\.batchnorm"),
    ("resnet18", ["conv1", "batchnorm1", "conv[23]_x"], "conv1|batchnorm1|conv[23]_x"),
    ("resnet18", ["conv*", "batchnorm*"], "conv|batchnorm"),
    ("resnet18", ["conv3_x.*batchnorm*", "conv4_x.*batchnorm*"], r"conv[34]_x.*batchnorm"),
    ("mobilenet_v2", ["stem", "stage[1-4]"], "stem|stage[1-4]"),
    ("mobilenet_v2", ["st*", "head"], "st|head"),
    ("mobilenet_v3_small", ["body"], "body"),
    ("densenet121", ["dense_block2", "dense_block3.*.bias"], r"dense_block2|dense_block3.*\.bias$"),
    ("squeezenet1_1", ["conv1", "fire*"], r"conv1\.|fire"),
    ("googlenet", ["conv*", "inception[34]*"], "conv|inception[34]"),
    ("efficientnet_b0", ["stage?"], "stage"),
    ("shufflenet_v2_x0_5", ["stage2", "conv1"], r"stage2|conv1\."),
]


@pytest.mark.parametrize(("name", "patterns", "meant"), FREEZING)
@pytest.mark.parametrize("in_place", [False, True])
def test_a_network_with_frozen_weights_keeps_what_pytorch_saves(name, patterns, meant, in_place):
    made = archcalc.load(name)._replace(in_place=in_place)
    report = archcalc.analyze(made, batch=BATCH, train=True)
    model = model_of(report, "meta")
    for module in model.modules():
        if hasattr(module, "inplace") and not isinstance(module, torch.nn.Dropout):
            module.inplace = in_place
    learnt = freeze(model, report, lambda path: re.match(meant, path))
    compare(report, model, patterns, "float32", "meta")
    training = train(report, TrainingStep("adam", device="cpu", frozen=tuple(patterns)))
    assert training.learnt == learnt
    assert training.gradients_bytes == 4 * learnt
    assert training.optimizer_bytes == 8 * learnt
    assert training.resident["weights"] == 4 * report.totals.params


OTHERWISE_ORDERED = [  # network, patterns, and which parameters of the program these are
    ("vit_b_32", ["encoder[1-6]", "patches"], r"layers\.[0-5]\.|patches"),
    (
        "vit_b_32",
        ["patches", "encoder*", "class_token", "positions"],
        r"layers\.|patches|class_token|positions",
    ),
    ("vit_b_32", ["encoder*.mlp1.*.bias"], r"layers\.\d+\.mlp\.[1-9]\.bias"),
    ("swin_t", ["stage[123]*"], "stage[123]"),
    ("convnext_tiny", ["stage[1-3]"], "stage[1-3]"),
]


@pytest.mark.parametrize(("name", "patterns", "meant"), OTHERWISE_ORDERED)
def test_a_transformer_with_frozen_weights_keeps_what_pytorch_saves(name, patterns, meant):
    report = archcalc.analyze(name, batch=1, train=True)
    model = model_of(report, "meta")
    for path, parameter in model.named_parameters():
        parameter.requires_grad_(not re.match(meant, path))
    learnt = sum(each.numel() for each in model.parameters() if each.requires_grad)
    assert train(report, TrainingStep(frozen=tuple(patterns))).learnt == learnt
    compare(report, model, patterns, "float32", "meta")


@pytest.mark.parametrize(("name", "patterns", "meant"), FREEZING[:9:2])
def test_a_network_with_frozen_weights_keeps_what_pytorch_saves_under_autocast(name, patterns, meant):
    report = archcalc.analyze(name, input="3x64x64", batch=BATCH, train=True, dtype="amp-bfloat16")
    model = model_of(report, "cpu")
    freeze(model, report, lambda path: re.match(meant, path))
    compare(report, model, patterns, "amp-bfloat16", "cpu")


GROUPED = ("mobilenet_v2", "shufflenet_v2_x0_5")
"""Networks of whose grouped convolutions PyTorch's counter has other gradients than are made."""


@pytest.mark.parametrize(("name", "patterns", "meant"), [case for case in FREEZING if case[0] not in GROUPED])
def test_a_step_with_frozen_weights_costs_what_pytorch_counts(name, patterns, meant):
    report = archcalc.analyze(name, batch=BATCH, train=True, step=TrainingStep(frozen=tuple(patterns)))
    model = model_of(report, "meta")
    freeze(model, report, lambda path: re.match(meant, path))
    with FlopCounterMode(display=False) as counter:
        outputs = model(*[torch.zeros(shape, device="meta") for shape in report.input_shapes])
        ends = outputs if isinstance(outputs, tuple) else (outputs,)
        sum(end.sum() for end in ends).backward()
    assert 2 * FIGURES["train.macs"].amount(report) == counter.get_total_flops()


CUT = [
    ("[linear: 8, function: not, linear: 8]", (), 3),  # the last layer alone has a backward pass
    ("[linear: 8, {multiply: [[function: not], [linear: 8]]}, linear: 8]", (), 8),
    ("[linear: 8, {multiply: [[function: not], []]}, linear: 8, linear: 8]", ("linear2",), 7),
    ("[linear: 8, linear: 8, function: is_nan]", (), 2),
]


@pytest.mark.parametrize(("layers", "frozen", "products"), CUT)
def test_no_gradient_comes_to_what_is_before_a_comparison_alone(layers, frozen, products):
    made = archcalc.loads(f"input: 8\nlayers: {layers}")
    report = archcalc.analyze(made, train=True, step=TrainingStep(frozen=frozen))
    model = model_of(report, "cpu")
    freeze(model, report, lambda path: path.startswith(frozen or "none"))
    with FlopCounterMode(display=False) as counter:
        end = model(torch.zeros(report.input_shapes[0])).sum()
        if end.requires_grad:
            end.backward()
    assert 2 * FIGURES["train.macs"].amount(report) == counter.get_total_flops() == 2 * 64 * products


TIED = """
input: 8
layers:
  - linear: {name: first, out: 8}
  - linear: {name: a, out: 8}
  - linear: {name: b, out: 8, tie: a}
  - linear: {name: c, out: 8, tie: b}
  - linear: {name: last, out: 8}
"""


@pytest.mark.parametrize("dtype", ["float32", "amp-bfloat16"])
@pytest.mark.parametrize(
    "frozen", [(), ("a",), ("b",), ("c",), ("first",), ("last",), ("a.weight",), ("a.bias",)]
)
def test_a_frozen_weight_that_layers_share_has_a_copy_for_each(frozen, dtype):
    """Autocast keeps the copy of a weight that learns for the layers that follow, and no other."""
    report = archcalc.analyze(archcalc.loads(TIED), batch=BATCH, train=True, dtype=dtype)
    model = model_of(report, "cpu")
    for path, parameter in model.named_parameters():
        parameter.requires_grad_(
            not f"{path}.".startswith(tuple(f"{'a' if n in ('b', 'c') else n}." for n in frozen))
        )
    assert not frozen or not all(each.requires_grad for each in model.parameters())
    compare(report, model, frozen, dtype, "cpu")


def test_a_checkpointed_segment_that_is_frozen_does_not_run_again():
    network = "input: 4\nlayers: [linear: 4, sigmoid, linear: 4, sigmoid, linear: 4, sigmoid]"
    report = archcalc.analyze(archcalc.loads(network), train=True)
    found = train(report, TrainingStep(checkpoint="every:2", frozen=("linear1",)))
    calls = []
    x = torch.rand(1, 4)
    for number in range(1, 4):
        layer = torch.nn.Linear(4, 4).requires_grad_(number > 1)
        run = lambda y, number=number, layer=layer: calls.append(number) or torch.sigmoid(layer(y))  # noqa: E731
        x = torch.utils.checkpoint.checkpoint(run, x, use_reentrant=False)
    x.sum().backward()
    assert calls == [1, 2, 3, 3, 2]
    assert found.recomputed == 2 * 4 * 4
