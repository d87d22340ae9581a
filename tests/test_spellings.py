"""How a network may be called, and what is no number."""

from __future__ import annotations

import pytest

import archcalc


def test_a_spec_that_was_just_written_is_found_by_its_name(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("new", "mynet").status == 0
    shown = [run("show", model).out for model in ("mynet", "./mynet", "mynet.yaml", "./mynet.yaml")]
    assert shown[0]
    assert len({*shown}) == 1


def test_a_known_network_is_meant_where_a_file_here_has_its_name(tmp_path, monkeypatch):
    (tmp_path / "alexnet.yaml").write_text("input: 1x2x2\nlayers: [relu]\n")
    monkeypatch.chdir(tmp_path)
    assert archcalc.load("alexnet") == archcalc.load("AlexNet")
    assert len(archcalc.load("alexnet").nodes) > 2
    assert len(archcalc.load("./alexnet").nodes) == 2


@pytest.mark.parametrize(
    "line",
    [
        "show lenet5 --batch ٣",
        "show lenet5 --batch 1.5",
        "show lenet5 --batch 0",
        "show lenet5 --depth ٣",
        "show lenet5 --input ٣x32x32",
        "check lenet5 --max-params 1.5",
        "check lenet5 --max-params ٣",
        "check lenet5 --max-memory ٣MiB",
        "size ٣ -k 3",
        "size 9 -k ３",
        "compare 3x3 7x7 --channels ٣",
        "verify lenet5 --seed ٣",
        "explain ٣+1",
    ],
)
def test_what_is_no_whole_number_in_ascii_digits_is_refused(run, line):
    outcome = run(*line.split())
    assert outcome.status == 2
    assert outcome.err


def test_rounds_are_numbered_apart_from_a_number_in_their_name(report_of):
    layers = "repeat: {name: s1, times: 12, layers: [relu]}, repeat: {name: s, times: 2, layers: [relu]}"
    names = [row.name for row in report_of(f"input: 1x2x2\nlayers: [{layers}]").rows]
    assert names[1:3] == ["s1_1.relu1", "s1_2.relu1"]
    assert names[-1] == "s2.relu1"


@pytest.mark.parametrize(
    "line", ["show lenet5 --batch 2 --batch 3", "check lenet5 --max-params 5M --max-params 6M"]
)
def test_an_option_that_takes_one_value_is_not_given_twice(run, line):
    outcome = run(*line.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert "is given twice: leave one out" in outcome.err


def test_options_that_take_several_values_are_given_as_often_as_one_likes(run):
    assert (
        run(*["check", "lenet5", "--limit", "params<=1M", "--limit", "depth<=9", "--format", "json"]).status
        == 0
    )
    assert run(*["show", "lenet5", "--train", "--train"]).status == 0
