"""Why a layer takes as long as it does: steps that come to what `latency` says, against arithmetic by hand, and reasons."""

from __future__ import annotations

import json
from math import ceil

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.timing.costs import find_cost
from archcalc.arithmetic.calculated import Calculated, call, larger, least, smaller

NETWORKS = ("resnext50_32x4d", "vit_b_16", "swin_v2_t", "mobilenet_v2", "lenet5_1998", "alexnet")
FLOAT16 = {
    "reach": 0.714,
    "start": 4.73,
    "edge": 177,
    "prologue": 0.857,
    "wave": 0.251,
    "traffic": 0.908,
    "cached": 1.27,
}
"""The constants of the H100's file that a convolution of more than 1x1 takes in float16."""


def explain(model, layer, mode="graph", **conditions):
    report = archcalc.analyze(model, device=archcalc.place("h100", mode), **conditions)
    return archcalc.explain_time(report, layer)


@pytest.mark.parametrize("mode", ["graph", "eager", "fused"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_steps_of_every_layer_come_to_what_latency_says(name, mode):
    device = archcalc.place("h100", mode)
    report = archcalc.analyze(name, batch=2, dtype="float16", device=device)
    seen = set()
    for row in report.rows:
        alike = (row.kind, str(row.settings) if mode == "graph" else "")
        if alike in seen:
            continue
        seen.add(alike)
        told = archcalc.explain_time(report, row.name)
        assert bool(told.nothing) == (not told.kernels)
        for kernel in told.kernels:
            cost, values = kernel.timed.cost, kernel.values
            assert values["time"] == cost.us
            assert (values.get("start", 0), values.get("work", 0)) == (cost.start, cost.work)
            assert values.get("moving", 0) == cost.traffic
            assert values["bound"] == kernel.timed.bound <= cost.us
            assert find_cost(kernel.timed.kernel, told.timing.machine) == cost
        if told.kernels:
            assert told.list_sums()[-1].result == told.time.us


def test_a_convolution_is_what_arithmetic_by_hand_gives():
    """The first layer of ResNet-50: 100,352 rows, 64 columns, 49 taps of 3 channels, which are padded to 64 bytes, 32 channels.

    784 parts of 128x64 for 132 cores are 5.94 for each; the sixth wave counts as 0.251 of what is lacking less.
    """
    told = explain("resnet50", "conv1", batch=8, dtype="float16")
    (kernel,) = told.kernels
    assert (kernel.tile, kernel.split, kernel.bound_by) == ((128, 64), 1, "compute")
    values, each = kernel.values, FLOAT16
    parts = ceil(8 * 112 * 112 / 128) * ceil(64 / 64)
    waves = ceil(parts / 132) - (1 - each["wave"]) * (ceil(parts / 132) - parts / 132)
    edges = (1 + each["edge"] * (256 + 128) / (256 * 128)) / (1 + each["edge"] * (128 + 64) / (128 * 64))
    speed = 989.4e12 / 2 / 1e6 * each["reach"] / 132 * edges
    part = 128 * 64 * (49 * 32) / speed + each["prologue"]
    moved = 2 * (8 * 3 * 224 * 224 + 64 * 3 * 7 * 7 + 8 * 64 * 112 * 112)
    assert (values["parts"], values["padded"], values["moved"], values["held"]) == (784, 1568, moved, moved)
    assert values["waves"] == pytest.approx(waves)
    assert values["part"] == pytest.approx(part)
    assert values["work"] == pytest.approx(waves * part)
    assert values["moving"] == pytest.approx(moved / each["cached"] / (3.35e6 * each["traffic"]))
    assert told.time.us == pytest.approx(each["start"] + waves * part)
    assert values["bound"] == pytest.approx(8 * 112 * 112 * 64 * 147 / (989.4e12 / 2 / 1e6))


def test_what_the_cache_does_not_hold_is_slower():
    """The first fully connected layer of AlexNet has 9216·4096 weights in float16, of which 50 MiB are in the cache."""
    values = explain("alexnet", "fc6", dtype="float16").kernels[0].values
    moved = 2 * (9216 * 4096 + 4096 + 9216 + 4096)
    assert (values["moved"], values["held"]) == (moved, 50 * 2**20)
    moving = (50 * 2**20 / 1.27 + moved - 50 * 2**20) / (3.35e6 * 0.908)
    assert values["moving"] == pytest.approx(moving)
    assert values["time"] == pytest.approx(2.88 + moving)
    assert values["bound"] == pytest.approx((moved - 50 * 2**20) / 3.35e6)


ATTENTION = "encoder1.layer1.attention.attention1"


@pytest.mark.parametrize(
    ("model", "layer", "reason"),
    [
        ("alexnet", "flatten1", "a view: its output is that of pool5"),
        ("alexnet", "dropout1", "in training alone: at inference its output is that of relu6"),
        ("alexnet", "input", "there before the pass begins"),
        ("vit_b_16", f"{ATTENTION}.scores", f"whose time counts at {ATTENTION}.mixed"),
    ],
)
def test_a_layer_without_kernels_says_why(model, layer, reason):
    told = explain(model, layer)
    assert reason in told.nothing
    assert (told.kernels, told.time.us, told.list_sums()) == ((), 0, ())


def test_a_pass_that_joins_another_says_which():
    block = "conv2_x.bottleneck1"
    told = explain("resnet50", f"{block}.add1", "fused")
    assert (told.host, told.kernels[0].timed.kernel.kind) == (f"{block}.residual.batchnorm3", "joined")
    assert told.kernels[0].values["read"] == 256 * 56 * 56
    assert explain("resnet50", f"{block}.add1").host == ""


def test_every_constant_has_a_meaning_and_a_source():
    told = explain("resnext50_32x4d", "conv2_x.bottleneck1.residual.conv2", "eager", dtype="float16")
    constants = {one.name: one for one in told.constants}
    assert {"grouped_start", "grouped_reach", "peak", "bandwidth", "cache", "cached"} <= set(constants)
    assert all(one.meaning and one.source and one.origin for one in told.constants)
    assert constants["peak"].value == 989.4e12 / 2 / 1e6
    assert (constants["grouped_start"].unit, constants["grouped_start"].origin) == ("µs", "fitted")
    assert constants["bandwidth"].origin == "data sheet"


def test_the_page_and_latency_say_the_same(run):
    told = json.loads(run("explain", "lenet5", "c1", "--device", "h100", "--format", "json").out)
    rows = json.loads(run("latency", "lenet5", "--device", "h100", "--format", "json").out)["rows"]
    (row,) = [row for row in rows if row["layer"] == "c1"]
    assert (told["time_us"], told["bound_us"]) == (row["time_us"], row["bound_us"])
    assert told["time_us"] == told["rows"][-1]["derivation"]["result"]
    page = run("explain", "lenet5", "c1", "--device", "h100").out
    assert "start + max(work, moving)" in page
    assert "fitted to: " in page


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("lenet5 --device h100", "explains the time of a LAYER: name one"),
        ("resnet18 conv2_x --device h100", "'conv2_x' is a block"),
        ("lenet5 c1 --device h100 --train", "leave out options of training"),
        ("lenet5 c1 --mode graph", "--mode graph needs --device"),
        ("lenet5 c9 --device h100", "lenet5 has no layer 'c9'"),
        ("lenet5 c1 --device h99", "there is no device called 'h99'"),
        ("relu --on [1] --device h100", "show nothing of time"),
    ],
)
def test_what_cannot_be_explained_is_refused(run, line, fact):
    result = run("explain", *line.split())
    assert fact in result.err
    assert result.out == ""


def test_without_a_device_there_is_no_time():
    with pytest.raises(ArchcalcError, match="no device is named"):
        archcalc.explain_time(archcalc.analyze("lenet5"), "c1")


def test_a_number_remembers_its_steps():
    a, b = Calculated(7, "a"), Calculated(2, "b")
    parts = call("parts", -(-a // b))
    whole = call("whole", larger(1, parts * 0.5 + (a - b)) / smaller(a, 3.0), "µs")
    assert [step.symbol for step in whole.steps()] == ["parts", "whole"]
    assert (parts.symbols(), parts.numbers(), parts.value) == ("⌈a/b⌉", "⌈7/2⌉", 4)
    assert whole.symbols() == "max(1, parts·0.5 + (a − b))/min(a, 3.0)"
    assert whole.numbers() == "max(1, 4·0.5 + (7 − 2))/min(7, 3.0)"
    assert whole.value == 7 / 3
    assert [leaf.symbol for leaf in whole.leaves()] == ["a", "b", "a", "b", "a"]
    assert least(a, b) is b
    assert (call("x", 3), larger(0, a), 0 + a, a * 1) == (3, a, a, a)
