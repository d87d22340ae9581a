"""Layers written in place of a network's name: where they are read, what they need, and what keeps its meaning."""

from __future__ import annotations

import json
import shlex

import pytest

import archcalc
from archcalc.formats.library import is_inline
from archcalc.ground.errors import CallError

CONV = "conv: {out: 100, kernel: 5}"
LAYERS = "[conv: {out: 8, kernel: 3}, relu, maxpool: 2]"


@pytest.mark.parametrize(
    "text",
    [CONV, LAYERS, "relu:", "linear: 10", " {conv: {out: 8, kernel: 1}}", "{input: 3x8x8, layers: []}", "["],
)
def test_layers_have_a_bracket_in_front_or_a_colon_before_a_blank_or_the_end(text):
    assert is_inline(text)


@pytest.mark.parametrize(
    "text",
    ["net.yaml:small", "net.yaml:", "nets/a.yml: ", "git:HEAD~3:nets/a.yaml:small", r"C:\nets\a.yaml", "./a[1].yaml", "3x3x3", "5x5-48/2@g32",
     "maxpool3/2", "-", "resnet50", "(227 + 2*0 - 11)/4 + 1", "model.onnx", ""],
)  # fmt: skip
def test_names_files_stacks_and_sums_keep_their_meaning(text):
    assert not is_inline(text)


@pytest.mark.parametrize(
    ("layers", "input"),
    [
        (CONV, "3x300x300"),
        (LAYERS, "3x32x32"),
        ("[linear: 10, softmax]", "84"),
        ("[repeat: {times: 3, layers: [relu]}, add: [[sigmoid], []]]", "4x4x4"),
    ],
)
def test_layers_are_the_network_of_a_spec_that_has_them(layers, input):
    written = layers if layers.startswith("[") else f"[{layers}]"
    spec = archcalc.loads(f"{{input: {input}, layers: {written}}}")
    inline = archcalc.load(layers, input=input)
    assert inline.nodes == spec.nodes
    assert inline.name == "<inline>"
    assert archcalc.analyze(layers, input=input).totals == archcalc.analyze(spec).totals


def test_an_input_before_the_first_layer_and_a_whole_spec_need_none_beside_them(run):
    expected = archcalc.load(LAYERS, input="3x32x32").nodes
    assert archcalc.load(f"[input: 3x32x32, {LAYERS[1:]}").nodes == expected
    assert archcalc.load(f"{{input: 3x32x32, layers: {LAYERS}}}").nodes == expected
    assert archcalc.load(f"{{layers: {LAYERS}}}", input="3x32x32").nodes == expected
    larger = archcalc.analyze(f"[input: 3x32x32, {LAYERS[1:]}", input="3x64x64")
    assert larger.totals == archcalc.analyze(LAYERS, input=[3, 64, 64]).totals


def test_several_inputs_have_their_names(run):
    layers = "[conv: {name: c, out: 4, kernel: 3, from: right}, concat: {from: [left, c]}]"
    line = ("show", layers, "--input", "left=2x6x6", "--input", "right=3x8x8", "--format", "json")
    document = json.loads(run(*line).out)
    assert [one["name"] for one in document["conditions"]["inputs"]] == ["left", "right"]
    assert document["rows"][-1]["output"] == [6, 6, 6]
    assert document["network"]["name"] == "<inline>"


def test_a_single_layer_is_explained_without_its_name(run):
    """(300 - 5) + 1 = 296; 5·5·3·100 weights and 100 biases; 5·5·3·100·296² MACs."""
    alone = run("explain", CONV, "--input", "3x300x300").out
    assert alone == run("explain", CONV, "conv1", "--input", "3x300x300").out
    for figure in ("= 296", "7,600", "657,120,000"):
        assert figure in alone
    several = run("explain", LAYERS, "--input", "3x32x32").out
    assert "derives every figure of a layer" in several
    assert "conv out 8, kernel 3" in run("explain", LAYERS, "conv1", "--input", "3x32x32").out
    assert "out 16" in run("explain", "conv: {out: 2*8, kernel: 3}", "--input", "3x32x32").out


@pytest.mark.parametrize(
    "line",
    [
        ["show"],
        ["tree"],
        ["params", "--formula"],
        ["flops", "--per-layer"],
        ["memory", "--train"],
        ["rf"],
        ["check", "--limit", "params <= 1K"],
        ["compare", "lenet5"],
        ["compare", "3x3x3"],
        ["compare", CONV],
        ["compare", "--input", "3x64x64"],
        ["reconcile"],
        ["verify"],
        ["export", "--to", "spec"],
        ["export", "--to", "pytorch"],
        ["export", "--to", "mermaid"],
    ],
)
def test_every_command_takes_them(run, line):
    outcome = run(line[0], LAYERS, *line[1:], "--input", "1x32x32" if "lenet5" in line else "3x32x32")
    assert (outcome.status, bool(outcome.out)) == (0, True), outcome.err


@pytest.mark.parametrize(
    ("layers", "input"),
    [
        (CONV, "3x227x227"),
        ("[linear: 10]", "9216"),
        ("[nonsense]", "3x224x224"),
        ("relu:", "64x32x32"),
        ("[]", "3x224x224"),
    ],
)
def test_without_an_input_the_mended_line_is_said(run, layers, input):
    with pytest.raises(CallError) as caught:
        archcalc.load(layers)
    assert caught.value.hint == f"write {shlex.quote(layers)} --input {input}"
    for command in ("show", "check", "verify", "explain", "compare"):
        outcome = run(command, layers)
        assert (outcome.status, outcome.out) == (2, "")
        assert f"--input {input}" in outcome.err


def test_bounds_hold(run):
    nested = "[" * 120 + "]" * 120
    assert "nested more than 100 deep" in run("show", nested, "--input", "3").err
    many = "[repeat: {times: 300000, layers: [relu]}]"
    assert "ARCHCALC_MAX_LAYERS" in run("show", many, "--input", "3").err
    assert (
        "ARCHCALC_MAX_FILE_BYTES" in run("show", LAYERS, "--input", "3x9x9", ARCHCALC_MAX_FILE_BYTES=10).err
    )


def test_a_shell_completes_their_layers_and_is_not_disturbed_by_them():
    from click.shell_completion import ShellComplete

    from archcalc.commands.cli import cli

    def completed(*words):
        shell = ShellComplete(cli, {}, "archcalc", "_")
        return [word.value for word in shell.get_completions(list(words), "")]

    assert completed("explain", LAYERS, "--input", "3x32x32") == ["input", "conv1", "relu1", "maxpool1"]
    assert completed("explain", LAYERS) == []
    assert completed("explain", "[conv: {") == []
