"""What still fits: against one report after the other, and that few reports are made."""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.figures import FIGURES

SMALL = """\
name: small
parameters: {width: 4, depth: 2, scale: 0.5}
input: 3x12x12
layers:
  - conv: {out: width, kernel: 3}
  - repeat: {times: depth, layers: [conv: {out: width, kernel: 1}, batchnorm, relu]}
  - flatten
  - linear: 10
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return str(path)


def search_all(make, key, bound, values):
    """Return the last value in a row of values with which a figure is within a bound."""
    fitting = [value for value in values if FIGURES[key].amount(make(value)) <= bound]
    return max(fitting, default=None)


@pytest.mark.parametrize("key", ["memory_bytes", "peak_bytes", "activations", "macs", "deployed.arena_bytes"])
@pytest.mark.parametrize("bound", [5_000, 20_000, 70_000, 123_456])
def test_no_larger_batch_fits(small, key, bound):
    network = archcalc.load(small)
    found = archcalc.fit(network, [f"{key} <= {bound}"])
    best = search_all(lambda batch: archcalc.analyze(network, batch=batch), key, bound, range(1, 60))
    assert found.value == best
    assert found.next == (best or 0) + 1
    assert FIGURES[key].amount(found.over) > bound
    assert found.looks <= 20


@pytest.mark.parametrize("bound", [300, 6_000, 20_000])
def test_no_larger_input_fits(bound):
    layers = "[conv: {out: 4, kernel: 3, stride: 2}, global_avgpool, flatten, linear: 10]"
    network = archcalc.load(layers, input="3x12x12")
    found = archcalc.fit(network, [f"activations <= {bound}"], "input")
    best = search_all(
        lambda side: archcalc.analyze(network, input=f"3x{side}x{side}"), "activations", bound, range(3, 200)
    )
    assert found.value == best


@pytest.mark.parametrize(("vary", "bound"), [("width", 9_000), ("width", 30_000), ("depth", 9_000)])
def test_no_larger_parameter_fits(small, vary, bound):
    found = archcalc.fit(small, [f"params <= {bound}"], vary)
    best = search_all(
        lambda value: archcalc.analyze(small, parameters={vary: value}), "params", bound, range(1, 500)
    )
    assert (found.value, found.looks <= 20) == (best, True)


@pytest.mark.parametrize(
    "network", ["alexnet", "resnet50", "densenet121", "mobilenet_v2", "vit_b_16", "googlenet"]
)
@pytest.mark.parametrize("memory", ["700MiB", "3GiB", "80GiB"])
def test_few_reports_find_it(network, memory):
    found = archcalc.fit(network, [f"memory_bytes <= {memory}"])
    assert found.report.batch == found.value
    assert found.over.batch == found.value + 1
    assert found.looks <= 20


def test_what_suits_no_layer_is_passed_by():
    """A ViT takes the sizes that have as many patches as positions that it has learnt."""
    found = archcalc.fit("vit_b_16", ["macs <= 100G"], "input")
    assert (found.value, found.next, found.over) == (239, 240, None)


def test_of_several_limits_the_tightest_counts(small):
    both = archcalc.fit(small, ["memory_bytes <= 70KB and macs <= 90K"])
    alone = archcalc.fit(small, ["macs <= 90K"])
    assert both.value == alone.value


@pytest.mark.parametrize(
    ("limits", "vary", "fact"),
    [
        ([], "batch", "what it has to fit into is not said"),
        (["macs >= 1K"], "batch", "upper bounds alone"),
        (["not macs > 5K"], "batch", "upper bounds alone"),
        (["macs <= 5K or params <= 5K"], "batch", "upper bounds alone"),
        (["params <= 1G"], "batch", "no limit is reached, however large batch is"),
        (["params <= 1G"], "scale", "'scale' is no whole number"),
        (["params <= 1G"], "widht", "no parameter 'widht' to vary"),
    ],
)
def test_what_cannot_be_searched_is_refused(small, limits, vary, fact):
    with pytest.raises(ArchcalcError, match=fact):
        archcalc.fit(small, limits, vary)


def test_what_is_not_known_is_no_answer():
    layers = "[conv: {out: 4, kernel: 3}, unaccounted: {what: Magic, shape: 4x6x6}]"
    with pytest.raises(ArchcalcError, match=r"macs of .* is not known entirely"):
        archcalc.fit(archcalc.load(layers, input="3x8x8"), ["macs <= 1G"])


def test_the_page_says_what_fits_and_what_is_in_the_way(run, small):
    outcome = run("fit", small, "--memory", "70KB", COLUMNS=100)
    assert outcome.status == 0
    assert "largest batch" in outcome.out
    document = json.loads(run("fit", small, "--memory", "70KB", "--format", "json").out)
    assert document["next_value"] == document["value"] + 1
    assert document["conditions"]["batch"] == document["value"]
    assert document["in_the_way"] in [node.name for node in archcalc.load(small).nodes]
    (row,) = document["rows"]
    assert row["fits"] <= 70_000 < row["next"]


def test_the_status_says_that_nothing_fits(run):
    outcome = run("fit", "vgg16", "--memory", "100MiB")
    assert (outcome.status, outcome.err) == (1, "")
    assert "none fits, not even 1" in outcome.out
    assert "fc6" in outcome.out
    document = json.loads(run("fit", "vgg16", "--memory", "100MiB", "--format", "json").out)
    assert (document["value"], document["next_value"], document["in_the_way"]) == (None, 1, "fc6")


def test_small_devices_hold_weights_in_flash_and_activations_in_ram(run):
    """MobileNetV2 at 132 a side: 66·66·96 of the first depthwise layer in, 33·33·96 out, a byte each."""
    line = "fit mobilenet_v2 --ram 512KiB --flash 4MiB --dtype int8 --format json"
    document = json.loads(run(*line.split()).out)
    assert document["value"] == 132
    arena, flash = (row["fits"] for row in document["rows"])
    assert arena == 66 * 66 * 96 + 33 * 33 * 96
    assert flash == 3_487_816
    assert run("fit", "mobilenet_v2", "--ram", "512KiB", "--flash", "3MiB", "--dtype", "int8").status == 1


def test_what_is_varied_is_not_given(run):
    outcome = run("fit", "alexnet", "--memory", "1GiB", "--batch", "8")
    assert (outcome.status, outcome.out) == (2, "")
    assert "--batch is what is varied" in outcome.err
    assert "such as memory_bytes <= 24GiB" in run("fit", "alexnet").err
