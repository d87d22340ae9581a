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
        (["vgg16"], ["vgg16"]),
        (["gg16"], ["vgg16", "vgg16_bn", "vgg16_c"]),
        (["vgg"], ["vgg11_lrn", "vgg16_c", *(f"vgg{n}{bn}" for n in (11, 13, 16, 19) for bn in ("", "_bn"))]),
        (["VGG16-BN"], ["vgg16_bn"]),
        (["vgg1[36]"], ["vgg13", "vgg16"]),
        (["vgg*_bn"], ["vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"]),
        (["lenet", "alexnet"], ["alexnet", "lenet5", "lenet5_rgb"]),
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
    assert run("list", "gg16").status == 0
    assert sorted(loaded) == ["vgg16", "vgg16_bn", "vgg16_c"]


@pytest.mark.usefixtures("few_of_ours")
def test_networks_come_in_the_order_of_the_words_each_once(names):
    assert names("vgg16", "alexnet", "gg16", "vgg13") == ["vgg16", "alexnet", "vgg16_c", "vgg16_bn", "vgg13"]
    assert names("vgg16", "alexnet", "lenet5", "--sort", "params") == ["lenet5", "alexnet", "vgg16"]


FAMILY = "name: mine\ninput: 3x8x8\nlayers: [conv: {out: n, kernel: 3}]\nparameters: {n: 4}\nvariants: {small: {n: 1}, large: {}}\n"


@pytest.mark.usefixtures("few_of_ours")
def test_a_word_may_be_any_model(listed, run, tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text(FAMILY)
    monkeypatch.chdir(tmp_path)
    for word in ("mine", "mine.yaml", "./mine", tmp_path / "mine.yaml"):
        assert [row["params"] for row in listed(word, "lenet5")] == ["28", "112", "61706"]
    assert [row["params"] for row in listed("mine.yaml:large", "mine.yaml:small")] == ["112", "28"]
    assert run("export", "lenet5", "--to", "onnx", "--output", "net.onnx").status == 0
    # 3·3·3·8 + 8 parameters of the one, 12·10 + 10 of the other
    rows = listed("net.onnx", "conv: {out: 8, kernel: 3}", "[flatten, linear: 10]", "--input", "1x32x32")
    assert [row["params"] for row in rows] == ["61706", "80", "10250"]


@pytest.mark.usefixtures("few_of_ours")
def test_what_is_no_model_is_refused(run, tmp_path):
    (tmp_path / "wrong.yaml").write_text("name: wrong\ninput: 3x8x8\nlayers: [conv: {out: 4, kernel: 9}]\n")
    for words, fact in (
        (["lenet5", "nobody"], "no network is called like 'nobody'"),
        (["nobody.yaml"], "nobody.yaml: No such file or directory"),
        ([tmp_path / "wrong.yaml"], "a kernel of 9 is larger than its input of 8"),
        (["[conv: 8]"], "'[conv: 8]' has no input"),
        (["lenet5", "--set", "classes=3"], "lenet5 has no parameter 'classes'"),
        (["net.onnx", "--rounding", "ceil"], "an ONNX file says itself how sizes are rounded"),
    ):
        outcome = run("list", *words)
        assert (outcome.status, outcome.out) == (2, "")
        assert fact in outcome.err


@pytest.mark.usefixtures("few_of_ours")
def test_conditions_are_those_of_every_row(listed):
    conditions = {"input": "3x64x64", "batch": 2, "dtype": "float16"}
    words = [word for key, value in conditions.items() for word in (f"--{key}", value)]
    for row in listed(
        "vgg16", "resnet18", *words, "--set", "classes=10", "--columns", "params,macs,peak_bytes"
    ):
        report = archcalc.analyze(row["name"], parameters={"classes": 10}, **conditions)
        assert [int(row[key]) for key in ("params", "macs", "peak_bytes")] == [
            report.totals.params,
            report.totals.macs,
            report.peak_bytes,
        ]


@pytest.mark.usefixtures("few_of_ours")
def test_a_row_has_its_name_unless_another_column_is_first(run):
    assert run("list", "lenet5", "--columns", "depth", "--format", "csv").out == "name,depth\nlenet5,5\n"
    assert run("list", "lenet5", "--columns", "depth,name", "--format", "csv").out == "depth,name\n5,lenet5\n"


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
    for row in listed("--columns", "all", "--device", "h100"):
        report = archcalc.analyze(row["name"], device="h100")
        amounts = {key: FIGURES[key].amount(report) for key in limitable()}
        assert float(row["time_us"]) == pytest.approx(amounts.pop("time_us"))
        assert {key: int(row[key]) for key in amounts} == amounts


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
