"""Weights that do not learn: which ones a pattern names, and what a step of training no longer takes.

The peaks are those of torch.distributed._tools.mem_tracker in PyTorch 2.13, torchvision's networks, batch 64, Adam.
"""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.frozen import find_learnt
from archcalc.analysis.training.rules import Rules
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import train
from archcalc.analysis.training.walk import find_kept

MIB = 2**20
TIED = """
input: 8
layers:
  - linear: {name: a, out: 8}
  - linear: {name: b, out: 8, tie: a}
  - linear: {name: c, out: 8}
"""


def names(report, patterns):
    """Return the weights that learn where some are frozen, by their paths."""
    learnt = find_learnt(report.run, patterns)
    return {f"{node.name}.{name}" for node, own in zip(report.run.nodes, learnt, strict=True) for name in own}


@pytest.mark.parametrize(
    ("patterns", "learning"),
    [
        (["conv1_x"], None),
        (["conv*", "batchnorm1"], {"linear1.weight", "linear1.bias"}),
        (["*.weight", "*batchnorm*"], {"linear1.bias"}),
        (["conv?_x", "conv1.weight", "linear1.bias", "batchnorm1"], {"linear1.weight"}),
        (["conv[2-5]_x.*", "conv1", "linear1"], {"batchnorm1.weight", "batchnorm1.bias"}),
    ],
)
def test_a_pattern_names_layers_blocks_and_weights(patterns, learning):
    report = archcalc.analyze("resnet18")
    if learning is None:
        with pytest.raises(ArchcalcError, match="no layer or block"):
            names(report, patterns)
    else:
        assert names(report, patterns) == learning


def test_a_name_is_no_beginning_of_another():
    report = archcalc.analyze("squeezenet1_1")
    assert names(report, []) - names(report, ["conv1"]) == {"conv1.weight", "conv1.bias"}
    assert "fire2" not in {path.split(".")[0] for path in names(report, ["fire2"])}
    assert "fire3" in {path.split(".")[0] for path in names(report, ["fire2"])}


@pytest.mark.parametrize("pattern", ["a", "b"])
def test_a_weight_that_layers_share_is_frozen_in_all_of_them(pattern):
    report = archcalc.analyze(archcalc.loads(TIED), train=True)
    assert names(report, [pattern]) == {"c.weight", "c.bias"}
    assert train(report, TrainingStep(frozen=(pattern,))).learnt == 8 * 8 + 8


def test_a_weight_is_that_of_the_layer_at_the_end_of_a_chain_of_ties():
    chain = "".join(
        f"\n  - linear: {{name: l{n}, out: 8, tie: {f'l{n - 1}' if n > 1 else 'a'}}}" for n in range(1, 2000)
    )
    report = archcalc.analyze(
        archcalc.loads(f"input: 8\nlayers:\n  - linear: {{name: a, out: 8}}{chain}\n  - linear: 4")
    )
    assert names(report, ["l1000"]) == {"linear1.weight", "linear1.bias"}


@pytest.mark.parametrize(
    ("pattern", "fact", "hint"),
    [
        ("cnov1", "resnet18 has no layer or block 'cnov1' to freeze", "did you mean conv1?"),
        ("conv2x", "no layer or block 'conv2x'", "did you mean conv2_x?"),
        ("features", "no layer or block 'features'", "archcalc show lists the layers"),
        (
            "maxpool*",
            "nothing that 'maxpool*' names has weights that learn: maxpool1",
            "those that learn are conv1",
        ),
        ("relu1", "nothing that 'relu1' names has weights that learn: relu1", ""),
        ("*", "nothing of resnet18 is left that learns", "freeze less"),
    ],
)
@pytest.mark.parametrize(
    "command", ["memory resnet18", "fit resnet18 --memory 8GiB", "fit resnet18 --limit train.macs<=1G"]
)
def test_mistakes_are_named(run, command, pattern, fact, hint):
    outcome = run(*command.split(), "--frozen", pattern)
    assert (outcome.status, outcome.out) == (2, "")
    assert fact in outcome.err
    assert hint in outcome.err


def test_a_head_of_training_may_be_frozen(run):
    assert run("memory", "googlenet", "--frozen", "aux1").status == 0
    with pytest.raises(ArchcalcError, match="to freeze") as error:
        find_learnt(archcalc.analyze("googlenet").run, ["aux1"])
    assert "exists only in training" in error.value.hint


def test_python_takes_patterns_as_a_list():
    with pytest.raises(ArchcalcError, match="a list of patterns"):
        train(archcalc.analyze("alexnet", train=True), TrainingStep(frozen="conv1"))


TRACKED = [  # network, what is frozen, the peak in MiB, without workspaces
    ("resnet50", ["conv1", "batchnorm1", "conv[23]_x"], 1759.88),
    ("resnet50", ["conv?_x*batchnorm*"], 5592.60),
    ("vgg16", ["stage*"], 3075.86),
    ("mobilenet_v2", ["stem", "stage[1-4]"], 942.48),
]


@pytest.mark.parametrize(("network", "patterns", "mebibytes"), TRACKED)
def test_the_peak_is_that_of_pytorchs_tracker(monkeypatch, network, patterns, mebibytes):
    monkeypatch.setattr("archcalc.analysis.training.course._Course._workspace", lambda *_: 0)
    report = archcalc.analyze(network, batch=64, train=True)
    found = train(report, TrainingStep("adam", device="cpu", frozen=tuple(patterns)))
    assert found.peak_bytes / MIB == pytest.approx(mebibytes, abs=0.1)


def test_a_frozen_convolution_still_keeps_its_input_and_a_linear_layer_does_not():
    conv = archcalc.analyze(archcalc.loads("input: 3x8x8\nlayers: [batchnorm, {conv: {out: 4, kernel: 3}}]"))
    keeping = find_kept(conv.run, Rules(frozen=("conv1",)))
    assert keeping.autograd_bytes == 2 * 3 * 8 * 8 * 4 + 2 * 3 * 4  # the inputs of both, and statistics
    linear = archcalc.analyze(archcalc.loads("input: 8\nlayers: [linear: 6, linear: 4]"))
    assert find_kept(linear.run, Rules(frozen=("linear2",))).autograd_bytes == 8 * 4
    assert find_kept(linear.run, Rules(frozen=("linear1",))).autograd_bytes == 6 * 4
    assert find_kept(linear.run, Rules(frozen=("*.weight",))).autograd_bytes == 0


def test_nothing_runs_again_of_what_no_gradient_goes_through():
    report = archcalc.analyze("resnet50", batch=4, train=True)
    frozen = ("conv1", "batchnorm1", "conv[23]_x")
    found = train(report, TrainingStep(checkpoint="blocks", frozen=frozen))
    again = [row for row in report.rows if row.name.startswith(("conv4_x.", "conv5_x."))]
    assert found.recomputed == sum(row.macs for row in again)
    assert found.kept_bytes < train(report, TrainingStep(checkpoint="blocks")).kept_bytes


@pytest.mark.parametrize("dtype", ["float32", "amp-float16", "float16"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"accumulate": 4},
        {"checkpoint": "auto"},
        {"checkpoint": "every:5", "accumulate": 2},
        {"shard": "zero1", "ranks": 8},
        {"shard": "zero2", "ranks": 8},
        {"shard": "zero3", "ranks": 8, "checkpoint": "blocks"},
    ],
)
def test_what_is_frozen_has_no_gradient_and_no_state(dtype, more):
    report = archcalc.analyze("vit_b_32", dtype=dtype, train=True)
    head = 768 * 1000 + 1000
    step = TrainingStep(
        "adam", frozen=("patches", "class_token", "positions", "encoder*", "layernorm1"), **more
    )
    found, whole = train(report, step), train(report, step._replace(frozen=()))
    each = 2 if dtype == "float16" else 4
    ranks = step.ranks
    assert found.learnt == head
    assert found.gradients_bytes == pytest.approx(
        each * head / (ranks if step.shares("gradients") else 1), abs=16
    )
    assert found.optimizer_bytes == pytest.approx(
        2 * each * head / (ranks if step.shares("optimizer") else 1), abs=16
    )
    assert found.resident["weights"] == whole.resident["weights"]
    assert found.peak_bytes < whole.peak_bytes
    assert found.kept_bytes < whole.kept_bytes
    assert not found.recomputed or found.recomputed < whole.recomputed


def test_every_figure_of_training_goes_down():
    from archcalc.analysis.figures import FIGURES

    keys = [key for key in FIGURES if key.startswith("train.") and FIGURES[key].limit]
    step = TrainingStep("adam", frozen=("conv*",))
    frozen, whole = (
        archcalc.analyze("alexnet", train=True, step=each) for each in (step, TrainingStep("adam"))
    )
    assert keys
    for key in keys:
        assert FIGURES[key].amount(frozen) < FIGURES[key].amount(whole), key


def test_pages_say_what_is_frozen(run):
    line = ["memory", "alexnet", "--frozen", "conv*", "--frozen", "fc6.bias", "--optimizer", "adam"]
    document = json.loads(run(*line, "--format", "json").out)
    assert document["conditions"]["frozen"] == ["conv*", "fc6.bias"]
    training = document["training"]
    assert training["learnt_params"] == 58_631_144 - 4096
    assert training["optimizer_bytes"] == 2 * training["gradients_bytes"] == 8 * training["learnt_params"]
    text = run(*line).out
    assert "frozen conv*, fc6.bias" in text
    assert "58,627,048 of 62,378,344 parameters, in fc6, fc7, fc8; the others are frozen" in text
    assert json.loads(run("memory", "alexnet", "--format", "json").out)["conditions"]["frozen"] == []


def test_more_fits_where_something_is_frozen(run):
    line = ["fit", "resnet50", "--memory", "8GiB", "--optimizer", "adam", "--format", "json"]
    start = ["--frozen", "conv[123]*", "--frozen", "batchnorm1"]
    whole, frozen = (json.loads(run(*line, *more).out) for more in ([], start))
    assert frozen["conditions"]["frozen"] == ["conv[123]*", "batchnorm1"]
    assert frozen["value"] > 2 * whole["value"]
