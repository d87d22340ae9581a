"""One run: under any conditions, everything that is said of a network is said of the same one."""

from __future__ import annotations

import pytest
from commands import COMMANDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from known import FEW, FIRSTS

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.read import Document
from archcalc.ground.errors import SourceText

NAMES = ("alexnet", "googlenet_torchvision", "lenet5", "mobilenet_v2", "resnet20", "squeezenet1_0")
SIZES = (65, 97, 128, 161, 224, 227)
"""Odd ones and even ones; windows fit some of them and not others."""


def read_back(report):
    text = archcalc.export(report, to="spec")
    return Document(SourceText("written.yaml", text)).network()


def figures(report):
    return [row[1:3] + row[5:] for row in report.rows]


def assert_all_agree(report):
    """Everything that is drawn from a report says what its rows say."""
    for row in report.rows:
        sizes = {one.figure: one.result for one in archcalc.explain(report, row.name).derivations}
        for figure, value in (("parameters", row.params), ("MACs", row.macs), ("buffers", row.buffers)):
            assert sizes.get(figure, 0) == value, (row.name, figure)
        for figure, value in sizes.items():
            if figure.startswith("output "):
                assert value in row.output_shape[1:], (row.name, figure)
        if row.field:
            assert sizes.get("receptive field", row.field[0].size) == row.field[0].size, row.name
    under = {"batch": report.batch, "dtype": report.dtype, "train": report.run.conditions.train}
    again = archcalc.analyze(read_back(report), **under)
    assert [row[6:] for row in again.rows] == [row[6:] for row in report.rows]
    assert [row.kind for row in again.rows] == [row.kind for row in report.rows]
    assert sum(one.counted for one in archcalc.reconcile(again)) == sum(
        one.counted for one in archcalc.reconcile(report)
    )


def report_under(name, **conditions):
    """Return the report, or nothing where the network does not take the conditions."""
    try:
        return archcalc.analyze(archcalc.load(name), **conditions)
    except ArchcalcError:
        return None


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in FIRSTS]
)
@pytest.mark.parametrize(
    "rounding",
    ["floor", *(pytest.param(rounding, marks=pytest.mark.slow) for rounding in ("ceil", "strict"))],
)
def test_derivations_and_the_spec_say_what_the_report_says(name, rounding):
    report = report_under(name, rounding=rounding)
    if report is None:
        assert rounding != "floor"
        return
    assert_all_agree(report)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(NAMES),
    st.sampled_from(SIZES),
    st.sampled_from([None, "floor", "ceil"]),
    st.integers(1, 5),
    st.booleans(),
)
def test_they_agree_under_any_conditions(name, size, rounding, batch, train):
    channels = archcalc.load(name).input_shape[0]
    report = report_under(
        name, input=(channels, size, size), rounding=rounding, batch=batch, train=train, dtype="float16"
    )
    if report is not None:
        assert_all_agree(report)


SMALL = [
    "lenet5",
    "resnet20",
    "squeezenet1_1",
    pytest.param("alexnet_torchvision", marks=pytest.mark.slow),
    pytest.param("googlenet_torchvision", marks=pytest.mark.slow),
    pytest.param("mobilenet_v2", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
@pytest.mark.parametrize("name", SMALL)
def test_what_really_happens_is_what_the_report_says(name, rounding):
    channels = archcalc.load(name).input_shape[0]
    report = report_under(name, input=(channels, 67, 67), rounding=rounding)
    if report is not None:
        assert archcalc.verify(report).disagreements == ()


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
@pytest.mark.parametrize("name", SMALL)
def test_an_onnx_file_reads_back_to_the_same_figures(name, rounding, tmp_path):
    pytest.importorskip("onnx", reason="ONNX is not installed")
    channels = archcalc.load(name).input_shape[0]
    report = report_under(name, input=(channels, 97, 97), rounding=rounding)
    if report is None:
        return
    path = tmp_path / "model.onnx"
    path.write_bytes(archcalc.export(report, to="onnx"))
    again = archcalc.analyze(archcalc.load(path, batch=1))
    assert again.totals._replace(peak=0) == report.totals._replace(peak=0)
    assert [row.output_shape for row in again.outputs] == [row.output_shape for row in report.outputs]


def test_rounding_up_is_seen_by_all():
    """(224 + 2·3 − 7)/2 + 1 = 112.5."""
    report = archcalc.analyze(archcalc.load("resnet18"), rounding="ceil")
    sizes = [
        one.result for one in archcalc.explain(report, "conv1").derivations if one.figure[:6] == "output"
    ]
    assert sizes == [113]
    assert report.rows[1].output_shape[2:] == (113, 113)
    assert archcalc.analyze(read_back(report)).totals.macs == report.totals.macs


def test_what_is_expected_under_other_conditions_is_not_written():
    network = archcalc.load("resnet18")
    assert "expect:" in archcalc.export(archcalc.analyze(network), to="spec")
    for other in ({"rounding": "ceil"}, {"input": "3x256x256"}):
        assert "expect:" not in archcalc.export(archcalc.analyze(network, **other), to="spec")


def test_a_network_read_twice_is_equal_and_so_are_its_reports():
    one, other = (archcalc.load("googlenet") for _ in range(2))
    assert one == other
    assert archcalc.analyze(one) == archcalc.analyze(other)
    assert one != archcalc.load("alexnet")


CONDITIONS = {"--input", "--batch", "--dtype", "--set", "--rounding", "--train"}
TAKE_A_MODEL = [
    name
    for name, command in COMMANDS.items()
    if {"model", "specs", "subjects"} & {param.name for param in command.params}
]


@pytest.mark.parametrize("name", TAKE_A_MODEL)
def test_every_command_that_takes_a_model_takes_all_conditions(name):
    assert {option for param in COMMANDS[name].params for option in param.opts} >= CONDITIONS


def test_the_conditions_reach_what_the_command_says(run):
    wide = "--rounding", "ceil"
    assert "= 113" in run("explain", "resnet18", "conv1", *wide).out
    assert "rounding: ceil" in run("export", "resnet18", *wide, "--to", "spec").out
    assert run("verify", "resnet18", *wide, "--input", "3x65x65").status == 0
    limit = "--max-macs", "1.9G"
    assert [run("check", "resnet18", *limit, *more).status for more in ((), wide)] == [0, 1]
