"""The vocabulary: what every page calls a figure is read from one table, and a new one needs no other place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.figures import FIGURES, Figure, column_keys, expectable, figure, find_figure
from archcalc.sheet.kinds import BYTES, COUNT
from archcalc.views.schemas import report_schema

DEVICES = Path(archcalc.__file__).parent / "data" / "devices"
SPEC = "name: n\ninput: 3x8x8\nlayers:\n  - conv: {name: c, out: 4, kernel: 3}\n  - relu\n"


def test_a_row_and_a_total_say_a_figure_the_same_way():
    """What adds up over the rows is the total."""
    report = archcalc.analyze(archcalc.load("googlenet"), batch=2)
    for key in (
        "params",
        "fixed",
        "buffers",
        "macs",
        "flops",
        "activations",
        "weight_bytes",
        "activation_bytes",
    ):
        one = FIGURES[key]
        assert sum(one.of_row(row, report) for row in report.rows) == one.of_total(report)


@pytest.mark.parametrize("key", [key for key, one in FIGURES.items() if one.limit])
def test_a_limit_holds_up_to_the_figure_and_not_below(key):
    network = archcalc.load("lenet5")
    value = FIGURES[key].of_total(archcalc.analyze(network, batch=3, device="h100"))
    limits = [f"{key} <= {value}", f"{key} <= {value - 1}"] if value else [f"{key} <= 0", f"{key} < 0"]
    assert [archcalc.check(network, [text], batch=3, device="h100")[0].verdict for text in limits] == [
        "ok",
        "wrong",
    ]


def test_what_depends_on_the_device_may_name_it():
    """KEY@DEVICE is what KEY is there, whatever the device of the conditions."""
    network = archcalc.load("lenet5")
    for device in ("h100", "rpi5"):
        there = archcalc.analyze(network, device=device)
        for report in (archcalc.analyze(network), archcalc.analyze(network, device="h200")):
            for key in ("kernels", "time_us", "time_share", "bound_by", "bound_us", "efficiency"):
                named, plain = find_figure(f"{key}@{device}"), FIGURES[key]
                assert named.key == f"{key}@{device}"
                assert named.of_total(report) == plain.of_total(there)
                assert [named.of_row(row, report) for row in report.rows] == [
                    plain.of_row(row, there) for row in there.rows
                ]


def test_a_mode_that_is_told_holds_for_devices_that_figures_name():
    network = archcalc.load("lenet5")
    told = archcalc.analyze(network, device=archcalc.place("h100", "eager"))
    eager = archcalc.analyze(network, device=archcalc.place("h200", "eager"))
    assert find_figure("time_us@h200").of_total(told) == FIGURES["time_us"].of_total(eager)
    usual = archcalc.analyze(network, device="rtx4090")  # as it was measured: not as a graph
    graph = archcalc.analyze(network, device="h200")
    assert find_figure("time_us@h200").of_total(usual) == FIGURES["time_us"].of_total(graph)


@pytest.mark.parametrize("limits", [["time_us <= 5ms"], ["macs <= 1G or time_us <= 5ms"]])
def test_a_time_needs_a_device(limits):
    with pytest.raises(ArchcalcError, match="nobody says on which device time_us is") as caught:
        archcalc.check(archcalc.load("lenet5"), limits)
    assert "--device" in caught.value.hint
    assert "time_us@h100" in caught.value.hint


@pytest.mark.parametrize(
    "line", ["show lenet5 --columns layer,KEY", "list lenet5 --columns KEY", "list lenet5 --sort KEY"]
)
def test_a_device_that_is_not_there_is_an_error_of_its_own(run, line):
    outcome = run(*line.replace("KEY", "time_us@h10").split())
    assert outcome.status == 2
    assert "there is no device called 'h10'" in outcome.err
    assert "did you mean h100?" in outcome.err
    assert "'macs@h100'" in run(*line.replace("KEY", "macs@h100").split()).err


def test_a_path_after_a_figure_stays_as_it_is_written(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "My-Board.yaml").write_text((DEVICES / "h100.yaml").read_text())
    shown = json.loads(
        run("list", "lenet5", "--columns", "TIME_US@./My-Board.yaml,time_us@h100", "--format", "json").out
    )
    (row,) = shown["rows"]
    assert row["time_us@./My-Board.yaml"] == row["time_us@h100"] > 0


def test_layers_of_a_type_have_their_time_together(run):
    line = "show lenet5 --by op --columns op,time_us,time_us@h200 --device h100 --format json"
    shown = json.loads(run(*line.split()).out)
    report = archcalc.analyze("lenet5", device="h100")
    for row in shown["rows"]:
        parts = [FIGURES["time_us"].of_row(one, report) for one in report.rows if one.kind == row["op"]]
        assert row["time_us"] == pytest.approx(sum(parts))
        assert row["time_us@h200"] is not None


def test_conditions_say_the_device(run):
    shown = json.loads(run("show", "lenet5", "--device", "h100", "--mode", "eager", "--format", "json").out)
    assert (shown["conditions"]["device"], shown["conditions"]["mode"]) == ("h100", "eager")
    shown = json.loads(run("show", "lenet5", "--format", "json").out)
    assert (shown["conditions"]["device"], shown["conditions"]["mode"]) == (None, None)
    assert shown["totals"]["time_us"] is None


def test_times_stand_beside_macs_where_networks_are_compared(run):
    out = run("compare", "resnet50", "mobilenet_v3_large", "--device", "rpi5").out
    assert re.search(r"^time +\d+ ms +[\d.]+ ms +×0\.\d+$", out, re.MULTILINE)
    assert "time" not in run("compare", "resnet50", "mobilenet_v3_large").out


def test_networks_whose_time_is_not_known_are_told_apart(run, tmp_path):
    path = tmp_path / "n.yaml"
    path.write_text(f"{SPEC}  - unaccounted: {{what: Mystery, shape: 4x6x6}}\n")
    shown = json.loads(
        run("list", path, "lenet5", "--columns", "macs,time_us", "--device", "h100", "--format", "json").out
    )
    assert [row["time_us"] is None for row in shown["rows"]] == [True, False]


def test_a_limit_on_what_is_no_figure_is_refused():
    with pytest.raises(ArchcalcError, match="there is no limit on 'parms'") as caught:
        archcalc.check(archcalc.load("lenet5"), ["parms <= 1"])
    assert "params" in caught.value.hint
    with pytest.raises(ArchcalcError, match="there is no limit on 'settings'"):
        archcalc.check(archcalc.load("lenet5"), ["settings <= 1"])


@pytest.fixture
def tall(monkeypatch):
    """Register a figure as a question that comes later does."""
    monkeypatch.setattr("archcalc.analysis.figures.vocabulary.FIGURES", FIGURES)
    figure(
        Figure(
            "tall",
            COUNT,
            "numbers along the height",
            label="height",
            of=lambda row, report: row.output_shape[2],
            total=lambda report: max(row.output_shape[2] for row in report.rows),
            listed=True,
            expect="both",
            limit=True,
            formula=lambda traced: traced.at.y[2] * traced.each,
            unit="B",
            meaning="how tall it is",
        )
    )
    yield
    del FIGURES["tall"]


@pytest.mark.usefixtures("tall")
def test_a_figure_that_is_registered_is_everywhere(run, tmp_path):
    path = tmp_path / "n.yaml"
    path.write_text(f"{SPEC}expect: {{tall: 8, source: by hand, layers: {{c: {{tall: 7}}}}}}\n")
    shown = json.loads(run("show", path, "--format", "json").out)
    assert [row["tall"] for row in shown["rows"]] == [8, 6, 6]
    assert shown["totals"]["tall"] == 8
    assert "tall" in column_keys()
    assert "tall" in expectable(of_layer=False)
    assert (
        report_schema()["$defs"]["totals"]["properties"]["tall"]["description"] == "numbers along the height"
    )
    assert "tall" in archcalc.spec_schema()["$defs"]["expect"]["anyOf"][0]["properties"]
    assert "how tall it is" in run("explain", path, "c").out
    found = archcalc.check(archcalc.load(path), ["tall <= 7"])
    assert [(one.layer, one.computed, one.verdict) for one in found] == [
        (None, 8, "wrong"),
        (None, 8, "ok"),
        ("c", 6, "wrong"),
    ]


def test_keys_are_the_surface_s():
    """The keys that a budget may bound are those that users type."""
    assert {key for key, one in FIGURES.items() if one.limit and one.kind is BYTES} == {
        "weight_bytes",
        "activation_bytes",
        "peak_bytes",
        "arena_bytes",
        "memory_bytes",
        "deployed.weight_bytes",
        "deployed.peak_bytes",
        "deployed.arena_bytes",
        "train.kept_bytes",
        "train.gradients_bytes",
        "train.optimizer_bytes",
        "train.peak_bytes",
        "train.reserved_bytes",
    }
