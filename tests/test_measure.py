"""A network that ran beside what was predicted: `latency --measure`, by runtimes that take what they are told."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from quick import Clock

import archcalc
from archcalc.analysis.figures.timing import find_timing
from archcalc.questions.calibrate import runtimes
from archcalc.questions.calibrate.runtimes import Runtime, find_runtime
from archcalc.questions.measure import LEAST_RUNS, measure
from archcalc.views import schemas
from archcalc.views.measurement import measurement

LAYERS = (
    "[conv: {out: 8, kernel: 3, name: a}, relu: {name: b}, maxpool: {kernel: 2, name: c}, flatten: {name: d}]"
)
CPU = "i9_10940x"


@pytest.fixture
def report():
    return archcalc.analyze(LAYERS, input="3x16x16", device=CPU)


def ran(report, took, layers=None):
    """Return what is measured where every run takes so many seconds, and layers so many microseconds."""
    clock, told = Clock(), iter(took)
    last = took[-1]
    profile = None if layers is None else lambda report, runs: layers
    runtime = Runtime("Made Up 1.0", lambda report: lambda: clock.pass_by(next(told, last)), profile)
    return measure(report, find_timing(report), runtime, seconds=10, clock=clock)


def test_runs_are_timed_after_a_first_one_and_bounded(report):
    found = ran(report, [5.0, 1.0, 2.0, 3.0])
    assert found.runs == (1e6, 2e6, 3e6)
    assert found.us == 2e6
    assert len(ran(report, [100.0]).runs) == LEAST_RUNS


def test_a_layer_that_has_a_time_takes_in_those_before_it(report):
    timing = find_timing(report)
    us = {row.name: layer.us for row, layer in zip(report.rows, timing.layers, strict=True)}
    b, d = ran(report, [1.0], {"b": 30.0}).layers
    assert (b.layer, b.layers, b.measured) == ("b", 2, 30.0)
    assert b.predicted == pytest.approx(us["a"] + us["b"])
    assert (d.layer, d.layers, d.measured) == ("d", 2, None)
    assert b.predicted + d.predicted == pytest.approx(timing.us)


def test_where_layers_are_not_told_the_network_is_a_row(report):
    found = ran(report, [1e-3])
    sheet = measurement(report, find_timing(report), found)
    (row,) = sheet.rows
    assert row[2] == 4
    assert row[3] == find_timing(report).us
    assert row[4] == pytest.approx(1000)
    assert row[5] == pytest.approx(find_timing(report).us / 1000)
    assert any("says nothing of single layers" in note for note in sheet.notes)
    assert any("the prediction is for Intel Core i9-10940X" in note for note in sheet.notes)


@pytest.mark.parametrize("layers", [None, {"a": 10.0, "c": 20.0}])
def test_the_page_is_what_the_schema_says(run, monkeypatch, layers):
    runtime = Runtime("Made Up 1.0", lambda report: lambda: None, layers and (lambda report, runs: layers))
    monkeypatch.setattr(runtimes, "need_runtime", lambda library: runtime)
    line = ("latency", LAYERS, "--input", "3x16x16", "--device", CPU, "--measure", "--format", "json")
    data = json.loads(run(*line).out)
    Draft202012Validator(schemas.report_schema()).validate(data)
    assert (data["runtime"], data["device"]["name"]) == ("Made Up 1.0", CPU)
    totals = data["totals"]
    assert totals["least_us"] <= totals["measured_us"] <= totals["most_us"]
    assert totals["ratio"] == pytest.approx(totals["time_us"] / totals["measured_us"])
    assert [row["layer"] for row in data["rows"]] == (["a", "c", "d"] if layers else ["<inline>"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--device", "h100", "--measure"], "measured beside predictions for a CPU"),
        (["--device", CPU, "--runtime", "pytorch"], "with --measure"),
        (["--measure"], "needs --device"),
    ],
)
def test_what_cannot_be_measured_is_told(run, line, said):
    outcome = run("latency", "lenet5", *line)
    assert outcome.status == 2
    assert said in outcome.err


def test_another_type_than_float32_is_not_run(run):
    outcome = run("latency", "lenet5", "--device", CPU, "--dtype", "float64", "--measure")
    assert outcome.status == 2


def test_where_neither_library_is_installed_that_is_told_and_how_to_mend_it(run, monkeypatch):
    monkeypatch.setattr(runtimes, "find_runtime", lambda library: None)
    outcome = run("latency", "lenet5", "--device", CPU, "--measure")
    assert outcome.status == 2
    assert "neither is installed" in outcome.err
    assert "archcalc[pytorch]" in outcome.err


@pytest.mark.parametrize(
    "library",
    [
        pytest.param("pytorch", marks=pytest.mark.torch),
        pytest.param("onnxruntime", marks=pytest.mark.onnx),
    ],
)
def test_libraries_run_networks_with_branches_and_several_inputs(library):
    pytest.importorskip({"pytorch": "torch"}.get(library, library))
    text = "{input: {left: 3x8x8, right: 5x8x8}, layers: [concat: {from: [left, right]}, conv: {out: 2, kernel: 3}]}"
    report = archcalc.analyze(archcalc.loads(text), batch=2)
    output = find_runtime(library).prepare(report)()
    assert tuple((output[0] if library == "onnxruntime" else output).shape) == (2, 2, 6, 6)


@pytest.mark.torch
def test_a_layer_that_pytorch_refuses_is_an_error_that_is_told():
    torch = pytest.importorskip("torch")
    run = find_runtime("pytorch").prepare(archcalc.analyze("lenet5"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Conv2d, "forward", lambda *_: 1 / 0)
        with pytest.raises(
            archcalc.ArchcalcError, match="PyTorch does not run the network: division by zero"
        ):
            run()
