"""A step of training layer by layer: rows that add up to the step, the same as explain says of a layer, in linear time."""

from __future__ import annotations

import json
import re
import sys

import pytest

import archcalc
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.training.shares import share_out
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import train
from archcalc.questions.step import StepStory
from archcalc.sheet.numbers import write_bytes
from archcalc.views.layers import STEP
from archcalc.views.training_layers import training_by_layer

NETWORKS = ("resnet50", "vit_b_16", "googlenet", "swin_t")
KINDS = ("train.output_bytes", "train.copy_bytes", "train.beside_bytes")
STEPS = {
    "plain": TrainingStep(),
    "blocks": TrainingStep(checkpoint="blocks"),
    "auto": TrainingStep("adam", checkpoint="auto"),
    "every": TrainingStep("momentum", checkpoint="every:7"),
    "zero1": TrainingStep("adam", shard="zero1", ranks=3),
    "zero2": TrainingStep("adafactor", shard="zero2", ranks=8),
    "zero3": TrainingStep("adam8bit", shard="zero3", ranks=4),
    "cpu": TrainingStep("lion", device="cpu"),
    "frozen": TrainingStep("adam", frozen=("*1.*",)),
    "accumulated": TrainingStep("adamw", accumulate=4, in_place="always"),
}
LENET = {
    "input": 0,
    "c1": 32 * 32 * 4,
    "relu1": 6 * 28 * 28 * 4,
    "maxpool1": 6 * 14 * 14 * 8,
    "c3": 6 * 14 * 14 * 4,
    "relu2": 16 * 10 * 10 * 4,
    "maxpool2": 16 * 5 * 5 * 8,
    "flatten1": 0,
    "linear1": 16 * 5 * 5 * 4,
    "relu3": 120 * 4,
    "linear2": 0,
    "relu4": 84 * 4,
    "linear3": 0,
    "softmax1": 10 * 4,
}
"""What each layer of LeNet-5 keeps first: inputs of layers with weights, outputs of ReLU, indices of 8 bytes."""


def analyzed(name, step=None, **conditions):
    return archcalc.analyze(name, train=True, step=step, **conditions)


def sums(page):
    """Return the sum of each column that has one."""
    keys = [column.key for column in page.columns]
    return {key: sum(row[keys.index(key)] for row in page.rows) for key in keys[2:]}


def below(page):
    return dict(zip([column.key for column in page.columns], page.footer, strict=True))


def test_lenet_by_hand(run):
    rows = json.loads(run("memory", "lenet5", "--train", "--per-layer", "--format", "json").out)["rows"]
    assert {row["layer"]: row["train.requested_bytes"] for row in rows} == LENET
    indices = {row["layer"]: row["train.beside_bytes"] for row in rows if row["train.beside_bytes"]}
    assert indices == {name: size for name, size in LENET.items() if name.startswith("maxpool")}


@pytest.mark.parametrize("dtype", ["float32", "amp-float16"])
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("how", STEPS)
def test_rows_add_up_to_the_step(name, dtype, how):
    report = analyzed(name, STEPS[how], dtype=dtype, batch=2)
    step = report.once(train)
    shared = step.optimizer.shared
    for depth in (None, 1):
        page = training_by_layer(report, depth, "json")
        whole = sums(page)
        assert whole["train.requested_bytes"] == step.requested_bytes
        assert whole["train.requested_bytes"] == sum(whole[kind] for kind in KINDS)
        assert whole["train.kept_share"] == pytest.approx(1)
        assert whole["train.weight_bytes"] == step.resident["weights"]
        assert whole["train.buffer_bytes"] == step.resident["buffers"]
        assert whole["train.gradients_bytes"] == step.gradients_bytes
        assert whole["train.optimizer_bytes"] == step.optimizer_bytes - shared
        assert whole["train.recomputed_macs"] == step.recomputed
        del whole["train.kept_share"]
        assert {key: size for key, size in below(page).items() if key in whole} == whole


@pytest.mark.parametrize("how", ["plain", "blocks", "zero3", "frozen"])
@pytest.mark.parametrize("dtype", ["float32", "amp-float16"])
@pytest.mark.parametrize("name", ["resnet50", "vit_b_16", "googlenet"])
def test_a_row_is_what_explain_says_of_the_layer(name, dtype, how):
    report = analyzed(name, STEPS[how], dtype=dtype)
    told = StepStory(report, report.once(train))
    shares = share_out(report)
    for position, row in enumerate(report.rows):
        tensors = told.tell(position).tensors
        share = shares[row.name]
        assert share.kept.whole == sum(one.bytes for one in tensors if one.home == row.name)
        for piece, size in (
            ("weights", share.weights),
            ("buffers", share.buffers),
            ("gradients", share.gradients),
            ("optimizer", share.optimizer),
        ):
            assert sum(one.bytes or 0 for one in tensors if one.piece == piece) == size, (row.name, piece)


def test_show_has_the_same_columns_and_a_machine_gets_them_where_it_asks(run):
    def rows(*words):
        return json.loads(run(*words, "--format", "json").out)["rows"]

    page = rows("memory", "resnet18", "--train", "--per-layer")
    shown = rows("show", "resnet18", "--train", "--columns", f"layer,op,{','.join(STEP)}")
    assert page == shown
    assert page == [
        {key: row[key] for key in page[0]} for row in rows("show", "resnet18", "--columns", "all")
    ]
    assert set(STEP).isdisjoint(rows("show", "resnet18")[0])
    by_op = rows("show", "resnet18", "--by", "op", "--columns", "op,train.requested_bytes")
    kept = {row["op"]: row["train.requested_bytes"] for row in by_op}
    assert kept["maxpool"] == 64 * 56 * 56 * 8
    assert sum(kept.values()) == sum(row["train.requested_bytes"] for row in page)


def test_a_key_has_one_figure_wherever_it_stands(run):
    step = ("--optimizer", "adamw", "--batch", "2")
    training = json.loads(run("memory", "vit_b_16", *step, "--format", "json").out)["training"]
    rows = json.loads(run("memory", "vit_b_16", "--per-layer", *step, "--format", "json").out)["rows"]
    assert sum(row["train.requested_bytes"] for row in rows) == training["requested_bytes"]
    limits = ("--limit", "train.kept_bytes <= 1KiB", "--format", "json")
    (limited,) = (
        row
        for row in json.loads(run("check", "vit_b_16", *limits, *step).out)["rows"]
        if row["figure"] == "train.kept_bytes"
    )
    assert limited["computed"] == training["kept_bytes"] > training["requested_bytes"]
    for key in ("kept_bytes", "requested_bytes", "gradients_bytes"):
        column = FIGURES[f"train.{key}"]
        report = analyzed("vit_b_16", TrainingStep("adamw"), batch=2)
        assert column.of_total(report) == training[key]
        assert column.of is None or column.of_column(report) == training[key]
    rounding = write_bytes(training["kept_bytes"] - training["requested_bytes"])
    assert f"rounding {rounding}" in " ".join(run("memory", "vit_b_16", *step).out.split())
    assert f"and {rounding} of the allocator's" in run("memory", "vit_b_16", "--per-layer", *step).out


def test_what_is_not_known_is_no_zero(run):
    spec = "name: n\ninput: 5x3\nlayers: [lstm: {hidden: 4}, flatten, linear: 2]\n"
    found = json.loads(run("memory", "-", "--train", "--per-layer", "--format", "json", stdin=spec).out)
    kept = {row["layer"]: row["train.requested_bytes"] for row in found["rows"]}
    assert kept["lstm1"] is None
    assert kept["linear1"] == 5 * 4 * 4 + 2 * 4
    assert {row["train.kept_share"] for row in found["rows"]} == {None}
    assert found["rows"][1]["train.weight_bytes"] == (4 * 4 * (3 + 4) + 2 * 4 * 4) * 4
    folded = archcalc.analyze(
        archcalc.loads(
            "name: n\ninput: 5x3\nblocks: {b: {layers: [lstm: {hidden: 4}, flatten]}}\nlayers: [b, relu]\n"
        ),
        train=True,
    )
    page = training_by_layer(folded, 1, "table")
    assert page.rows[1][2] is None
    assert below(page)["train.requested_bytes"] is None


def test_auxiliary_heads_have_rows_of_their_own_and_others_their_part():
    whole = analyzed("googlenet")
    plain = archcalc.analyze("googlenet")
    of = FIGURES["train.requested_bytes"].of_row
    with_heads = {row.name: of(row, whole) for row in whole.rows}
    assert with_heads == with_heads | {row.name: of(row, plain) for row in plain.rows}
    assert len(with_heads) > len(plain.rows)


def test_people_get_the_columns_that_say_something_and_the_rounding(run):
    plain = run("memory", "alexnet", "--train", "--per-layer", COLUMNS=200).out
    assert "optimizer  sgd keeps nothing" in plain
    assert "MACs again" not in plain
    assert "copies" not in plain
    assert "rounding" in plain
    assert "archcalc explain alexnet LAYER --train says why each tensor is kept" in plain
    again = run("memory", "alexnet", "--per-layer", "--checkpoint", "auto", COLUMNS=200).out
    assert "MACs again" in again
    assert (
        "copies"
        in run("memory", "alexnet", "--train", "--per-layer", "--dtype", "amp-float16", COLUMNS=200).out
    )
    state = run("memory", "alexnet", "--per-layer", "--optimizer", "adam8bit", COLUMNS=200).out
    assert "2.00 KiB of it once for all layers" in state
    assert run("memory", "alexnet", "--per-layer", "--timeline").status == 2


@pytest.mark.parametrize("name", ["alexnet", "resnet50", "vit_b_16"])
def test_what_is_kept_and_its_share_fit_80_columns(run, name):
    text = run("memory", name, "--train", "--per-layer", "--depth", "1", COLUMNS=80).out
    assert max(map(len, text.splitlines())) <= 80
    header = next(line for line in text.splitlines() if line.startswith("layer"))
    assert "kept" in header
    assert "of kept" in header


@pytest.mark.parametrize(
    "line",
    [
        "memory {} --train --per-layer",
        "memory {} --per-layer",
        "memory {} --timeline",
        "params {} --per-layer",
        "params {} --per-layer --split",
        "flops {} --per-layer",
    ],
)
def test_a_deep_network_opens_folded_for_people(run, line):
    words = line.format("vit_l_16").split()
    folded = run(*words, COLUMNS=80).out
    assert "--depth all shows every layer" in folded
    assert "encoder24.layer1.mlp" not in folded.replace("backward of encoder24.layer1.mlp", "")
    every = run(*words, "--depth", "all").out
    assert "encoder24.layer1.mlp" in every
    assert "encoder24.layer1.mlp" in run(*words, "--format", "csv").out
    assert "--depth" not in run(*line.format("lenet5").split()).out


def test_a_timeline_keeps_its_phases_and_its_width(run):
    out = run("memory", "vit_l_16", "--timeline", "--depth", "all", COLUMNS=80).out
    assert max(map(len, out.splitlines())) <= 80
    assert re.search("^forward +encoder1.layer1.attention.attention1.q ", out, re.MULTILINE)
    assert re.search("^backward +encoder1.layer1.attention.attention1.q ", out, re.MULTILINE)


def count_calls(work):
    """Return how many calls of Python functions, generators resumed among them, some work takes."""
    calls = 0

    def count(frame, event, _):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("checkpoint", ["none", "auto"])
def test_it_takes_as_many_calls_a_layer_however_many_layers_there_are(checkpoint):
    def calls(blocks):
        spec = f"input: 4x6x6\nlayers: [{', '.join(['{conv: {out: 4, kernel: 1}}, relu'] * blocks)}]\n"
        report = analyzed(archcalc.loads(spec), TrainingStep("adam", checkpoint=checkpoint))
        report.once(train)
        page = []
        taken = count_calls(lambda: page.append(training_by_layer(report, None, "json")))
        assert len(page[0].rows) == 2 * blocks + 1
        return taken

    few, many = calls(100), calls(400)
    assert many <= 4.1 * few
