"""The command line: exit statuses, streams, and what each option changes."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys

import pytest

import archcalc
from archcalc.analysis.conditions import BYTES

SPEC = """\
input: 1x4x4
layers:
  - conv: {out: 2, kernel: 3}
expect: {params: PARAMS, source: 2 filters of 3·3·1 weights and a bias}
"""
SOUND = SPEC.replace("PARAMS", "20")
REFUTED = SPEC.replace("PARAMS", "18")  # the biases forgotten
BROKEN = SOUND.replace("kernel: 3", "kernel: 5")


@pytest.fixture
def specs(tmp_path, monkeypatch):
    """A folder with a sound spec, one whose expectation is wrong, one that is wrong itself, and a family."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"sound": SOUND, "refuted": REFUTED, "broken": BROKEN}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    family = SOUND.replace("out: 2", "out: width").replace("params: 20", "depth: 1")
    (tmp_path / "family.yaml").write_text(
        f"{family}parameters: {{width: 2}}\nvariants: {{narrow: {{}}, wide: {{width: 4}}}}\n"
    )
    return tmp_path


def totals(run, *args, **more):
    return json.loads(run("show", *args, "--format", "json", **more).out)["totals"]


def rows(run, *args):
    return {row["layer"]: row for row in json.loads(run("show", *args, "--format", "json").out)["rows"]}


# LeNet-5 as it is taught has 61,706 parameters (156 + 2,416 + 48,120 + 10,164 + 850) and 416,520 MACs. Its weights
# take 4·61,706 = 246,824 bytes; most is alive at relu1, which reads and writes 6·28·28 numbers: 2·4,704·4 = 37,632.
@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("check sound.yaml", 0),
        ("check refuted.yaml", 1),
        ("check broken.yaml", 1),
        ("check missing.yaml", 2),
        ("check missing.onnx", 2),
        ("check ./missing", 2),
        ("check missing", 2),
        ("check family.yaml:tall", 2),
        ("check sound.yaml missing.yaml", 2),
        ("check missing broken.yaml", 2),
        ("check sound.yaml refuted.yaml", 1),
        ("check broken.yaml sound.yaml", 1),
        ("check family.yaml", 0),
        ("check lenet5 --max-params 61706", 0),
        ("check lenet5 --max-params 61,705", 1),
        ("check lenet5 --max-params 61.7k", 1),
        ("check lenet5 --max-params 0.062M", 0),
        ("check lenet5 --max-macs 416520", 0),
        ("check lenet5 --max-macs 416519", 1),
        ("check lenet5 --max-macs 416520 --batch 2", 1),
        ("check lenet5 --max-memory 284456", 0),
        ("check lenet5 --max-memory 284455", 1),
        ("check lenet5 --max-memory 142228 --dtype float16", 0),
        ("check lenet5 --max-memory 142227B --dtype float16", 1),
        ("check lenet5 --max-params 1M --max-macs 1", 1),
        ("show lenet5", 0),
        ("show broken.yaml", 2),
        ("show missing.yaml", 2),
        ("show family.yaml", 2),
        ("show family.yaml:wide", 0),
        ("show family.yaml:tall", 2),
        ("show", 2),
        ("show lenet5 --batch 0", 2),
        ("show lenet5 --batch many", 2),
        ("show lenet5 --input 1x2x2", 2),
        ("show lenet5 --input square", 2),
        ("show lenet5 --dtype float8", 2),
        ("show lenet5 --format pdf", 2),
        ("show lenet5 --columns ,", 2),
        ("show lenet5 --set classes", 2),
        ("show alexnet --input 3x224x224", 0),
        ("show alexnet --input 3x224x224 --rounding strict", 2),
        ("check lenet5 --max-params lots", 2),
        ("check lenet5 --max-memory 5furlongs", 2),
        ("check", 2),
        ("ops nonsense", 2),
        ("new broken", 2),
        ("new fresh --output nowhere/fresh.yaml", 2),
        ("completion powershell", 2),
    ],
)
def test_the_exit_status_is_0_when_all_is_well_1_when_a_check_fails_2_when_the_call_is_wrong(
    run, specs, line, status
):
    outcome = run(*line.split())
    assert outcome.status == status
    assert (outcome.status == 2) == (outcome.out == ""), "a wrong call writes nothing on standard output"
    assert "Traceback" not in outcome.err
    assert outcome.err or status != 2


FILED = [
    ("show lenet5", "page.txt", "table"),
    ("show lenet5", "page.json", "json"),
    ("tree alexnet", "tree.md", "markdown"),
    ("list", "networks.csv", "csv"),
    ("params alexnet --per-layer", "params.tsv", "tsv"),
    ("explain alexnet conv1", "conv1.tex", "latex"),
    ("explain 227/4", "sum.HTML", "html"),
    ("compare 3x3x3 7x7", "stacks.html", "html"),
    ("reconcile lenet5", "tools", "table"),
    ("ops conv", "conv.json", "json"),
    ("verify lenet5", "real.json", "json"),
]


@pytest.mark.usefixtures("few_of_ours")
@pytest.mark.parametrize(("line", "name", "form"), FILED)
def test_a_report_goes_into_a_file_as_it_goes_into_a_pipe(run, specs, line, name, form):
    expected = run(*line.split(), "--format", form)
    outcome = run(*line.split(), "-o", name)
    assert (outcome.status, outcome.out) == (expected.status, "")
    assert outcome.err == f"{expected.err}wrote {name}\n"
    assert (specs / name).read_text(encoding="utf-8") == expected.out
    assert not list(specs.glob(".*.part"))


@pytest.mark.parametrize("line", ["memory lenet5", "show lenet5", "explain 5+5", "list", "check lenet5"])
@pytest.mark.parametrize("name", ["page.svg", "page.png", "page.jsn"])
def test_no_page_goes_into_a_file_whose_name_says_otherwise(run, specs, line, name):
    outcome = run(*line.split(), "-o", name)
    assert (outcome.status, outcome.out) == (2, "")
    assert f"{name}: no page is written to files called .{name.split('.')[1]}" in outcome.err
    assert (
        ".json, .csv, .tsv, .md, .markdown, .tex, .html, .htm stand for formats, and .txt for a table"
        in outcome.err
    )
    assert not (specs / name).exists()


def test_a_format_that_is_stated_is_written_whatever_the_name(run, specs):
    assert run("show", "lenet5", "-o", "page.v2", "--format", "table").status == 0
    assert (specs / "page.v2").read_text(encoding="utf-8") == run("show", "lenet5", "--format", "table").out


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("memory lenet5", "add --per-layer or --timeline"),
        ("memory lenet5 --train", "add --per-layer or --timeline"),
        ("params lenet5", "add --per-layer"),
        ("params lenet5 --split", "add --per-layer"),
        ("params lenet5 --formula", "leave --depth out"),
        ("flops lenet5", "add --per-layer"),
    ],
)
def test_a_depth_is_refused_where_nothing_is_folded(run, line, hint):
    outcome = run(*line.split(), "--depth", "1")
    assert (outcome.status, outcome.out) == (2, "")
    assert hint in outcome.err


def test_a_file_has_its_signs_where_the_screen_lacks_them(run, specs, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert run("show", "lenet5", "--output", "page").status == 0
    assert "1×32×32" in (specs / "page").read_text(encoding="utf-8")


def test_a_failed_check_is_written_too_and_no_file_is_lost(run, specs):
    line = ("check", "refuted.yaml", "--output", "found.json")
    assert [run(*line).status for _ in range(2)] == [1, 2]
    found = json.loads((specs / "found.json").read_text(encoding="utf-8"))
    assert found["wrong"] == 1
    refused = run(*line, "--format", "csv")
    assert (refused.out, "hint: --force writes over it" in refused.err) == ("", True)
    assert run("verify", "lenet5", "--output", "found.json").err.startswith(
        "found.json: there is such a file"
    )
    assert run(*line, "--format", "csv", "--force").status == 1
    assert (specs / "found.json").read_text(encoding="utf-8").startswith("network,layer,")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("shwo alexnet", "show"),
        ("parms alexnet", "params"),
        ("show --fromat json", "--format"),
        ("check alexnet --max-parms 3", "--max-params"),
        ("show alexnet --columns layer,parms", "params"),
        ("show alexnett", "alexnet"),
        ("show resnet5O", "resnet50"),
        ("show alexnet --set clases=10", "classes"),
        ("ops convv", "conv"),
        ("show family.yaml:wied", "wide"),
        ("show broken.yaml --dtype flaot16", "float16"),
    ],
)
def test_a_misspelt_word_gets_the_nearest_one_suggested(run, specs, line, meant):
    outcome = run(*line.split())
    assert outcome.status == 2
    assert meant in re.split(r"[\s',?()]+", outcome.err)


@pytest.mark.parametrize(
    ("line", "figures"),
    [
        # batch: work and activations of all samples, weights as before
        ("lenet5", {"params": 61_706, "macs": 416_520}),
        ("lenet5 --batch 8", {"params": 61_706, "macs": 8 * 416_520}),
        # 62,378,344 with 1000 classes; fc8 has 4096 weights and a bias for each
        ("alexnet --set classes=10", {"params": 62_378_344 - 990 * 4097}),
        ("alexnet --set classes=10 --set classes=20", {"params": 62_378_344 - 980 * 4097}),
        # torchvision's GoogLeNet: 6,624,904 parameters, 13,004,888 with both auxiliary classifiers
        ("googlenet_torchvision", {"params": 6_624_904}),
        ("googlenet_torchvision --train", {"params": 13_004_888}),
        # case does not matter, nor - for _; 3,504,872 is torchvision's MobileNetV2
        ("MobileNet-V2", {"params": 3_504_872}),
        # a network without windows that round does not mind the rounding
        ("lenet5 --rounding strict", {"macs": 416_520}),
        ("family.yaml:wide", {"params": 4 * 10}),
        ("family.yaml:narrow", {"params": 2 * 10}),
    ],
)
def test_an_option_changes_the_figures_that_it_should(run, specs, line, figures):
    assert figures.items() <= totals(run, *line.split()).items()


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("--input 3x227x227", 55),  # (227 - 11)/4 + 1 = 55
        ("--input 3x224x224", 54),  # (224 - 11)/4 + 1 = 54.25
        ("--input 3x224x224 --rounding floor", 54),
        ("--input 3x224x224 --rounding ceil", 55),
        ("--input 3×227×227", 55),
    ],
)
def test_another_input_or_rounding_changes_the_sizes(run, line, output):
    assert rows(run, "alexnet", *line.split())["conv1"]["output"] == [96, output, output]


@pytest.mark.parametrize("dtype", BYTES)
def test_the_dtype_says_how_many_bytes_a_number_takes(run, dtype):
    bits = 32 if dtype.startswith("amp") else int("".join(filter(str.isdigit, dtype)))
    assert totals(run, "lenet5", "--dtype", dtype)["weight_bytes"] == 61_706 * bits // 8


def test_a_spec_can_come_from_standard_input(run):
    assert totals(run, "-", stdin=SOUND)["params"] == 20


def test_columns_are_shown_in_the_order_asked_for(run):
    out = run("show", "lenet5", "--columns", "params, LAYER,output", "--format", "csv").out
    assert out.splitlines()[:3] == ["params,layer,output", "0,input,1x32x32", "156,c1,6x28x28"]


@pytest.mark.parametrize(
    "line",
    [
        "show lenet5",
        "show lenet5 --columns layer,params",
        "params lenet5",
        "params lenet5 --per-layer",
        "params lenet5 --formula",
        "flops lenet5",
        "flops lenet5 --per-layer",
        "check lenet5 sound.yaml",
        "check refuted.yaml broken.yaml",
        "list",
        "ops",
        "ops conv",
    ],
)
@pytest.mark.usefixtures("few_of_ours")
def test_json_is_one_document_with_its_schema_and_rows(run, specs, line):
    document = json.loads(run(*line.split(), "--format", "json").out)
    assert document["schema"] == "archcalc-report/2"
    assert document["rows"]
    assert all(row.keys() == document["rows"][0].keys() for row in document["rows"])


def test_check_tells_machines_raw_figures(run, specs):
    """20 parameters, not "20"; the output is 2 maps of 2×2."""
    text = SOUND.replace("expect: {", "expect: {output: 2x2x2, ")
    found = json.loads(run("check", "-", "--format", "json", stdin=text).out)["rows"]
    assert {row["figure"]: row["computed"] for row in found} == {"output": [2, 2, 2], "params": 20}
    assert {row["figure"]: row["expected"] for row in found} == {"output": [2, 2, 2], "params": 20}


def test_check_says_what_was_claimed_what_is_computed_and_who_claims_it(run, specs):
    outcome = run("check", "refuted.yaml", "--format", "csv")
    assert outcome.out.splitlines()[1:] == [
        "refuted,,params,,18,,20,wrong,,2 filters of 3·3·1 weights and a bias,"
    ]


def test_check_goes_on_after_a_wrong_spec_and_keeps_the_two_streams_apart(run, specs):
    outcome = run("check", "broken.yaml", "sound.yaml", "--format", "csv")
    assert outcome.err.startswith("broken.yaml:3:")
    assert [line.split(",")[0] for line in outcome.out.splitlines()] == ["network", "sound"]


@pytest.mark.parametrize(
    "line", ["show lenet5", "ops conv", "schema", "new some --output -", "completion bash", "--help"]
)
def test_nothing_but_the_result_is_written_when_all_is_well(run, line):
    outcome = run(*line.split())
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out


def test_the_version_is_the_packages(run):
    assert run("--version").out == f"archcalc, version {archcalc.__version__}\n"


def test_the_starter_passes_check_and_show(run, specs):
    made = run("new", "mynet")
    assert (made.status, made.out) == (0, "")
    assert "mynet.yaml" in made.err
    for command in ("check", "show", "params", "flops"):
        assert run(command, "mynet.yaml").status == 0
    assert totals(run, "mynet.yaml", "--set", "classes=7") != totals(run, "mynet.yaml")


def test_new_never_overwrites(run, specs):
    before = (specs / "sound.yaml").read_text()
    assert run("new", "sound").status == 2
    assert run("new", "other", "--output", "sound.yaml").status == 2
    assert (specs / "sound.yaml").read_text() == before


@pytest.mark.parametrize(
    "name",
    [
        "my-net_2",
        "my net",
        "mynet.yaml",
        "on",
        "no",
        "null",
        "7",
        "1e3",
        "a: b",
        "#net",
        "",
        "a\nb",
        "é",
        "--",
    ],
)
def test_new_writes_a_spec_that_works_or_none(run, specs, name):
    there = set(specs.iterdir())
    outcome = run("new", "--", name)
    written = set(specs.iterdir()) - there
    assert outcome.status == (0 if written else 2)
    for path in written:
        assert run("check", path).status == 0


@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_reader_that_has_gone_away_is_no_failed_check(form):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "archcalc", "check", "lenet5", "--format", form]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    killed = (-signal.SIGPIPE, 128 + signal.SIGPIPE)  # what the signal does, or what a shell makes of it
    assert (done.returncode in killed, done.stderr) == (True, b"")


def test_output_that_cannot_be_written_is_an_error(shell):
    outcome = shell("archcalc show lenet5 > /dev/full")
    assert (outcome.status, outcome.err) == (2, "cannot write the output: No space left on device\n")
