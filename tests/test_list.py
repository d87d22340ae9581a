"""The list of networks: which of them, in which order, and what is said of each."""

from __future__ import annotations

import csv
import io
import json

import pytest

import archcalc
from archcalc.analysis.budget import limitable
from archcalc.analysis.figures import FIGURES
from archcalc.questions.analyze import analyze_every

UNKNOWN = "name: mystery\ninput: 3x8x8\nlayers: [conv: {out: 4, kernel: 3}, unaccounted: {what: magic}]\n"
"""A network of which params are known and MACs are not."""


@pytest.fixture
def listed(run):
    """Return a function that gives the rows of a list as dictionaries of text."""

    def rows(*words, **variables):
        return list(csv.DictReader(io.StringIO(run("list", *words, "--format", "csv", **variables).out)))

    return rows


@pytest.fixture
def names(listed):
    """Return a function that gives the names in a list."""
    return lambda *words, **variables: [row["name"] for row in listed(*words, **variables)]


@pytest.mark.parametrize(
    ("words", "those"),
    [
        (["vgg16"], ["vgg16", "vgg16_bn", "vgg16_c"]),
        (["VGG16-BN"], ["vgg16_bn"]),
        (["vgg1[36]"], ["vgg13", "vgg16"]),
        (["vgg*_bn"], ["vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"]),
        (["lenet", "alexnet"], ["alexnet", "alexnet_two_gpus", "lenet5", "lenet5_rgb"]),
        (["alexnet", "alex", "ALEXNET"], ["alexnet", "alexnet_two_gpus"]),
        (["vg?"], ["vgg11_lrn", "vgg16_c", *(f"vgg{n}{bn}" for n in (11, 13, 16, 19) for bn in ("", "_bn"))]),
    ],
)
@pytest.mark.usefixtures("few_of_ours")
def test_names_parts_of_names_families_and_patterns(names, words, those):
    assert sorted(names(*words)) == sorted(those)


@pytest.mark.usefixtures("few_of_ours")
def test_only_what_is_listed_is_analyzed(run, monkeypatch):
    loaded = []
    whole = archcalc.formats.language.read.Document.network
    monkeypatch.setattr(
        archcalc.formats.language.read.Document,
        "network",
        lambda document, variant=None, overrides=None: (
            loaded.append(variant or document.name) or whole(document, variant, overrides)
        ),
    )
    assert run("list", "vgg16").status == 0
    assert sorted(loaded) == ["vgg16", "vgg16_bn", "vgg16_c"]


@pytest.mark.parametrize("key", ["params", "macs", "depth", "peak_bytes", "name"])
@pytest.mark.usefixtures("few_of_ours")
def test_rows_are_sorted_by_a_column_that_need_not_be_there(names, listed, key):
    rows = listed("--columns", "all")
    keys = [row[key] if key == "name" else int(row[key]) for row in rows]
    order = [rows[place]["name"] for place in sorted(range(len(rows)), key=keys.__getitem__)]
    assert names("--columns", "name", "--sort", key) == order
    falling = sorted(range(len(rows)), key=keys.__getitem__, reverse=True)
    assert names("--columns", "name", "--sort", f"-{key}") == [rows[place]["name"] for place in falling]


@pytest.mark.usefixtures("few_of_ours")
def test_every_figure_is_the_one_that_show_has(listed):
    for row in listed("--columns", "all"):
        report = archcalc.analyze(row["name"])
        assert {key: int(row[key]) for key in limitable()} == {
            key: FIGURES[key].amount(report) for key in limitable()
        }


@pytest.mark.usefixtures("few_of_ours")
def test_limits_leave_rows_out(run, listed):
    within = [
        row
        for row in listed("--columns", "all")
        if int(row["params"]) <= 62_000_000 and int(row["depth"]) >= 8
    ]
    rows = listed("--max-params", "62M", "--limit", "depth >= 8", "--columns", "all")
    assert rows == within
    assert "alexnet_two_gpus" in [row["name"] for row in rows]
    whole = json.loads(run("list", "--limit", "params < 1", "--format", "json").out)
    assert whole["rows"] == []
    assert whole["notes"] == [f"0 of {len(listed())} networks are within the limits"]


@pytest.mark.usefixtures("few_of_ours")
def test_what_is_not_known_is_nothing_comes_last_and_is_within_no_limit(names, run, tmp_path):
    (tmp_path / "mystery.yaml").write_text(UNKNOWN)
    there = {"ARCHCALC_PATH": tmp_path}
    (row,) = json.loads(run("list", "mystery", "--format", "json", **there).out)["rows"]
    assert (row["params"], row["macs"]) == (112, None)
    for key in ("macs", "-macs"):
        assert names("--sort", key, **there)[-1] == "mystery"
    assert "mystery" in names("--max-params", "1M", **there)
    assert "mystery" not in names("--max-macs", "1T", **there)


def test_networks_run_by_one_engine_have_the_reports_that_they_have_alone():
    """Among them one that rounds up all, and one where a layer says so itself: equal as they run, but stated otherwise."""
    ceil = {"input": "3x9x9", "layers": [{"maxpool": {"kernel": 2, "rounding": "ceil"}}, "relu"]}
    all_ceil = {"input": "3x9x9", "rounding": "ceil", "layers": [{"maxpool": 2}, "relu"]}
    floor = {"input": "3x9x9", "layers": [{"maxpool": 2}, "relu"]}
    models = (
        "alexnet",
        "vgg16",
        "vgg16_bn",
        "resnet18",
        "resnet34",
        "googlenet",
        all_ceil,
        ceil,
        floor,
        ceil,
        all_ceil,
    )
    networks = [archcalc.load(model) for model in models]
    assert list(analyze_every(networks)) == [archcalc.analyze(network) for network in networks]
