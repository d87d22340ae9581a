"""This machine measured: rounds by a clock that is told what to say, the constants that come of them, and the file."""

from __future__ import annotations

import itertools
import json
import math
import os

import pytest
from jsonschema import Draft202012Validator
from known import read_yaml
from quick import Clock, product, trial

import archcalc
from archcalc.analysis.timing.costs import find_cost
from archcalc.analysis.timing.device import Stated
from archcalc.analysis.timing.machine import CONSTANTS, find_machine
from archcalc.commands import calibrate as command
from archcalc.formats.devices import read_device
from archcalc.formats.language.device_schema import device_schema
from archcalc.formats.language.device_write import write_device
from archcalc.op.kernels import Kernel
from archcalc.questions.calibrate import calibrate as asked
from archcalc.questions.calibrate import host
from archcalc.questions.calibrate.arrays import list_array_trials
from archcalc.questions.calibrate.calibrate import LIKE, calibrate, find_stability, list_trials
from archcalc.questions.calibrate.fit import fit_constants, predict
from archcalc.questions.calibrate.layers import LAYERS
from archcalc.questions.calibrate.rounds import ROUNDS, Trial, TrialTime, time_calls, time_trials
from archcalc.questions.calibrate.runtimes import Runtime, find_runtime, need_runtime
from archcalc.views import schemas

NEVER = Runtime("Nothing 1.0", lambda report: lambda: None)


def machine_of(device):
    return find_machine(read_device(device), "float32")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Give the user a configuration folder of their own, which is not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("ARCHCALC_PATH", raising=False)
    return tmp_path / "config" / "archcalc" / "devices"


def test_calls_are_timed_after_one_that_warms_up_until_the_time_is_over():
    clock = Clock()
    took = iter([9.0, 2.0, 3.0, 4.0])
    found = time_calls(lambda: clock.pass_by(next(took)), 12, clock=clock)
    assert found == [2e6, 3e6]


def test_a_call_that_takes_longer_than_there_is_time_is_timed_once_or_as_often_as_needed():
    clock = Clock()
    assert time_calls(lambda: clock.pass_by(5), 1, clock=clock) == [5e6]
    assert time_calls(lambda: clock.pass_by(5), 1, clock=clock, least=3) == [5e6] * 3


def test_a_clock_that_stands_still_ends():
    assert 0 < max(time_calls(lambda: None, 1, clock=lambda: 0.0)) < 1


def test_everything_runs_in_each_round_and_rounds_keep_their_fastest_call():
    clock, told = Clock(), itertools.count()
    slow = itertools.cycle([1.0, 3.0, 2.0])
    trials = [
        Trial("a", "x", "y", (), lambda: clock.pass_by(next(slow))),
        trial("b", 10, clock),
    ]
    timed = time_trials(trials, 60, clock=clock, progress=lambda: next(told))
    assert next(told) == 2 * ROUNDS
    assert [len(each.rounds) for each in timed] == [ROUNDS] * 2
    assert timed[0].rounds == (2e6,) * ROUNDS  # the first call, of 1 s, only warms up
    assert timed[1].us == pytest.approx(10)


def test_what_varied_is_told_by_family():
    trials = [trial(name, 1, Clock(), family=family) for name, family in ("ax", "bx", "cy")]
    timed = [
        TrialTime(each, rounds)
        for each, rounds in zip(trials, [(10, 10), (10, 12, 8), (5, 6, 7)], strict=True)
    ]
    x, y = find_stability(timed)
    assert (x.family, x.trials, x.least, x.most) == ("x", 2, 0, 0.4)
    assert (x.median, y.median) == (0.2, pytest.approx(2 / 6))
    assert timed[1].us == 8


def test_constants_are_found_again_from_times_that_they_predict():
    machine = machine_of(LIKE)
    true = {
        **machine.constants,
        "start": 3.0,
        "product_reach": 0.8,
        "product_start": 9.0,
        "function_traffic": 0.1,
    }
    kernels = [
        product(*sizes) for sizes in ((1024, 1024, 1024), (256, 256, 256), (32, 32, 32), (3136, 64, 576))
    ]
    kernels += [Kernel("elementwise", 8, 8), Kernel("function", 8, 8), Kernel("function", 2**20, 2**20)]
    trials = [Trial(str(n), "x", "y", (kernel,), lambda: None) for n, kernel in enumerate(kernels)]
    timed = [TrialTime(each, (float(predict(each, machine._replace(constants=true))),)) for each in trials]
    found = fit_constants(machine.constants, timed, machine)
    assert found.keys() == machine.constants.keys()
    for each in timed:
        assert float(predict(each.trial, machine._replace(constants=found))) == pytest.approx(
            each.us, rel=0.05
        )
    assert {name for name in found if found[name] != machine.constants[name]}.isdisjoint(
        {"depthwise_reach", "rows_each", "maxpool_start"}
    )


def test_a_prediction_for_many_values_is_that_for_each():
    np = pytest.importorskip("numpy")
    machine = machine_of(LIKE)
    kernel = product(100, 200, 300)
    values = np.array([0.1, 0.5, 0.9])
    many = predict(
        Trial("", "", "", (kernel,), lambda: None),
        machine._replace(constants={**machine.constants, "product_reach": values}),
    )
    one = [
        find_cost(kernel, machine._replace(constants={**machine.constants, "product_reach": each})).us
        for each in values
    ]
    assert list(many) == pytest.approx(one)


def test_parts_of_a_peak_stay_parts():
    machine = machine_of(LIKE)
    fast = [TrialTime(Trial("", "", "", (product(512, 512, 512),), lambda: None), (1e-3,))]
    found = fit_constants(machine.constants, fast, machine)
    assert all(value <= 1 for name, value in found.items() if name.endswith(("_reach", "traffic")))


def test_a_machine_is_a_device_whose_peaks_are_the_best_that_was_measured(few):
    clock = Clock()
    trials = [
        *(trial(f"{us}", us, clock, product(256, 256, 256)) for us in (1000, 500, 2000)),
        trial("stream", 4000, clock, Kernel("elementwise", 10**9, 10**9), family="streams"),
    ]
    found = calibrate("this", trials, 1, clock=clock)
    device = found.device
    assert device.kind == "cpu"
    assert device.peaks["float32"].value == pytest.approx(2 * 256**3 / 500e-6)
    assert device.bandwidth.value == pytest.approx(8e9 / 4e-3)
    assert device.constants["float32"].keys() == read_device(LIKE).constants["float32"].keys()
    assert device.constants["float32"].keys() <= {
        name
        for name in device.constants["float32"]
        if name in CONSTANTS or name.endswith(("_start", "_traffic"))
    }
    assert "i9-10940X" in device.constants_source
    assert "depthwise_reach" in device.constants_source
    assert all(each.spread == pytest.approx(0, abs=1e-6) for each, _ in found.measured)


def test_what_is_written_reads_back_and_predicts(few, tmp_path):
    found = asked.calibrate("this", few, 1)
    path = tmp_path / "this.yaml"
    path.write_text(write_device(found.device, ["two", "comments"]), encoding="utf-8")
    read = read_device(path)
    assert (read.title, read.kind, read.cores, read.cache) == (
        found.device.title,
        "cpu",
        found.device.cores,
        found.device.cache,
    )
    assert read.peaks["float32"].value == pytest.approx(found.device.peaks["float32"].value, rel=1e-4)
    assert read.constants["float32"] == pytest.approx(found.device.constants["float32"], rel=1e-3)
    assert (read.constants_origin, read.constants_source) == ("measured", found.device.constants_source)
    Draft202012Validator(device_schema()).validate(read_yaml(path.read_text(encoding="utf-8")))
    assert archcalc.analyze("lenet5", device=path)


@pytest.mark.parametrize("rate", [0.5, 999.9, 1e3, 123456789.0, 2.5e12, 7e15])
def test_rates_of_any_size_are_written_so_that_they_can_be_read(rate, tmp_path):
    device = read_device(LIKE)._replace(bandwidth=Stated(rate, "measured", 'a "stream": # 1'))
    path = tmp_path / "x.yaml"
    path.write_text(write_device(device), encoding="utf-8")
    assert read_device(path).bandwidth == Stated(pytest.approx(rate, rel=1e-4), "measured", 'a "stream": # 1')


def test_numpy_is_timed_at_streams_inside_and_beyond_the_caches():
    trials = list(list_array_trials(2**20))
    streams = [each for each in trials if each.family == "streams"]
    bytes_of = [4 * sum(kernel.read + kernel.written for kernel in each.kernels) for each in streams]
    assert min(bytes_of) < 2**20
    assert max(bytes_of) > 4 * 2**20
    trials[0].run()
    trials[-1].run()


def test_layers_of_every_kind_have_kernels_that_are_known():
    trials = list_trials(NEVER)[-len(LAYERS) :]
    kinds = {kernel.kind for each in trials for kernel in each.kernels}
    assert all(each.kernels for each in trials)
    assert kinds >= {
        "product",
        "convolution",
        "window",
        "grouped",
        "uneven",
        "depthwise",
        "batchnorm",
        "rows",
    }
    assert kinds >= {"maxpool", "avgpool", "mean", "elementwise", "function", "copy"}


def test_what_the_system_says_of_a_processor(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor: 0\nmodel name\t: Some  Processor @ 1 GHz\n")
    assert host.name_processor(tmp_path / "cpuinfo") == "Some Processor @ 1 GHz"
    assert host.name_processor(tmp_path / "none")
    assert host.find_cache(tmp_path) is None
    for index, level, size in ((0, 1, "32K"), (1, 2, "512K"), (2, 3, "16M")):
        cache = tmp_path / f"index{index}"
        cache.mkdir()
        (cache / "level").write_text(f"{level}\n")
        (cache / "size").write_text(f"{size}\n")
    assert host.find_cache(tmp_path) == 16 * 2**20
    (tmp_path / "index2" / "size").unlink()
    assert host.find_cache(tmp_path) is None
    assert host.count_cores() >= 1


def test_the_command_writes_a_device_that_latency_takes(run, few, folder):
    said = run("calibrate", "--seconds", "1")
    path = folder / "this.yaml"
    assert f"wrote {path}" in said.err
    assert "measuring" not in said.err  # there is no terminal
    assert "varied by" in said.out
    assert "# products varied by" in path.read_text(encoding="utf-8")
    assert [each.name for each in folder.iterdir()] == ["this.yaml"]
    assert (
        json.loads(run("latency", "lenet5", "--device", "this", "--format", "json").out)["totals"]["time_us"]
        > 0
    )


def test_the_page_is_what_the_schema_says(run, few):
    data = json.loads(run("calibrate", "--name", "My-Laptop", "--format", "json").out)
    Draft202012Validator(schemas.report_schema()).validate(data)
    assert (data["command"], data["device"]["name"]) == ("calibrate", "my_laptop")
    assert [each["family"] for each in data["stability"]] == ["products", "streams", "calls"]
    assert [row["measured_us"] for row in data["rows"]] == pytest.approx([1000, 5000, 2])


def test_the_file_goes_where_output_says(run, few, folder, tmp_path):
    path = tmp_path / "mine.yaml"
    run("calibrate", "--output", str(path))
    assert read_device(path).kind == "cpu"
    assert not folder.exists()
    assert "kind: cpu" in run("calibrate", "--output", "-").out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--name", "../x"], "no name of a device"),
        (["--name", ""], "no name of a device"),
        (["--name", "a.yaml"], "no name of a device"),
        (["--name", "h100"], "h100 is a device that archcalc knows"),
        (["--output", "mine.txt"], "ends in .yaml"),
        (["--output", "none/mine.yaml"], "is no folder"),
        (["--seconds", "0"], "no whole number"),
        (["--runtime", "tensorflow"], "not one of pytorch, onnxruntime"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_measured(run, monkeypatch, tmp_path, line, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "_measure", lambda *_: pytest.fail("it was measured"))
    assert said in run("calibrate", *line, status=2).err


def test_a_file_that_is_there_stays_unless_it_is_forced(run, few, folder):
    folder.mkdir(parents=True)
    (folder / "this.yaml").write_text("mine")
    assert "there is such a file" in run("calibrate", status=2).err
    assert (folder / "this.yaml").read_text() == "mine"
    run("calibrate", "--force")
    assert read_device("this").kind == "cpu"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told_first(run, few, tmp_path):
    (tmp_path / "config").mkdir(mode=0o500)
    assert "nothing may be written there" in run("calibrate", status=2).err


def test_a_folder_that_is_a_file_is_told_first(run, few, tmp_path):
    (tmp_path / "config").write_text("")
    assert "is no folder" in run("calibrate", status=2).err


def test_an_interrupt_leaves_nothing(run, few, folder, monkeypatch):
    def interrupt(*given, **how):
        raise KeyboardInterrupt

    monkeypatch.setattr(asked, "calibrate", interrupt)
    assert "interrupted" in run("calibrate", status=130).err
    assert not folder.exists()


def test_without_a_library_that_runs_networks_that_is_told(run, few, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert find_runtime() is None
    with pytest.raises(archcalc.ArchcalcError, match="neither is installed"):
        need_runtime(None)
    with pytest.raises(archcalc.ArchcalcError, match="ONNX Runtime is not installed"):
        find_runtime("onnxruntime")


@pytest.mark.torch
def test_pytorch_runs_a_network_by_its_program():
    pytest.importorskip("torch")
    run = find_runtime("pytorch").prepare(archcalc.analyze("lenet5", batch=2))
    assert tuple(run().shape) == (2, 10)


@pytest.mark.onnx
def test_onnx_runtime_runs_a_network_and_says_how_long_its_layers_take():
    pytest.importorskip("onnxruntime")
    report = archcalc.analyze("lenet5", batch=2)
    runtime = find_runtime("onnxruntime")
    assert runtime.prepare(report)()[0].shape == (2, 10)
    found = runtime.profile(report, 2)
    assert found
    assert found.keys() <= {row.name for row in report.rows}
    assert all(math.isfinite(us) and us >= 0 for us in found.values())
