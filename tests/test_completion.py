"""What the shell offers after Tab."""

from __future__ import annotations

import shutil

import pytest
from click.shell_completion import ShellComplete

from archcalc.commands.cli import cli

SCRIPTS = {
    "bash": "complete -o nosort -F _archcalc_completion archcalc",
    "zsh": "#compdef archcalc",
    "fish": "complete --no-files --command archcalc",
}
"""How each shell is told which program a script completes."""


def offered(words, begun):
    completion = ShellComplete(cli, {}, "archcalc", "_ARCHCALC_COMPLETE")
    return [(item.value, item.type) for item in completion.get_completions(words.split(), begun)]


@pytest.mark.parametrize(
    ("words", "begun", "values"),
    [
        ("", "sh", {"show"}),
        ("", "par", {"params"}),
        ("show", "mobilenet_v3", {"mobilenet_v3_large", "mobilenet_v3_small"}),
        ("show", "VGG16_", {"vgg16_bn", "vgg16_c"}),
        ("params", "lenet5_1", {"lenet5_1998"}),
        ("flops --batch 8", "lenet5_1", {"lenet5_1998"}),
        ("check lenet5", "zf", {"zfnet"}),
        ("ops", "conv", {"conv", "conv_transpose"}),
        ("show alexnet --columns", "macs", {"macs", "macs_share"}),
        ("show alexnet --columns", "layer,buf", {"layer,buffers"}),
        ("show alexnet --columns", "layer,macs,outp", {"layer,macs,output"}),
        ("list --columns", "name,pa", {"name,params"}),
        ("list --columns", "ti", {"time_us", "title"}),
        ("list --sort", "mac", {"macs"}),
        ("list", "vgg16_", {"vgg16_bn", "vgg16_c"}),
        ("list --limit", "macs", {"macs"}),
        (
            "show resnet50 --set",
            "",
            {"depths=", "deep=", "stride_in_1x1=", "groups=", "group_width=", "bias=", "classes="},
        ),
        ("show resnet50 --set", "group", {"groups=", "group_width="}),
        ("check vgg16 --set", "cl", {"classes="}),
        ("compare vgg16 alexnet --set", "cl", {"classes="}),
        ("show no_such_network --set", "", set()),
        ("memory lenet5 --optimizer", "ada", {"adam", "adamw", "adafactor", "adam8bit"}),
        ("explain lenet5", "max", {"maxpool1", "maxpool2"}),
        (
            "explain googlenet",
            "inception3a.1",
            {"inception3a.1x1", "inception3a.1x1.conv", "inception3a.1x1.relu1"},
        ),
        ("verify lenet5 --layer", "c", {"c1", "c3"}),
        ("explain no_such_network", "c", set()),
        ("show alexnet --format", "", {"table", "json", "csv", "tsv", "markdown", "latex", "html"}),
        ("show alexnet --dtype", "fl", {"float64", "float32", "float16"}),
        ("show alexnet", "--col", {"--columns"}),
        ("check alexnet", "--max", {"--max-params", "--max-macs", "--max-memory"}),
        ("completion", "", {"bash", "zsh", "fish"}),
    ],
)
def test_a_word_begun_is_completed(words, begun, values):
    assert {value for value, _ in offered(words, begun)} == values


def test_a_model_that_no_network_begins_like_is_a_file():
    assert offered("show", "./my") == [("./my", "file")]


def test_completion_survives_a_folder_that_is_not_there(monkeypatch):
    monkeypatch.setenv("ARCHCALC_PATH", "/nowhere/at/all")
    assert offered("show", "alex") == [("alex", "file")]


@pytest.mark.parametrize("shell_name", SCRIPTS)
def test_a_completion_script_names_the_program_and_how_to_ask_it(run, shell_name):
    script = run("completion", shell_name).out
    assert SCRIPTS[shell_name] in script
    assert f"_ARCHCALC_COMPLETE={shell_name}_complete" in script


@pytest.mark.parametrize(
    ("shell_name", "words", "current", "first"),
    [
        ("bash", "archcalc ops conv_", "2", "plain,conv_transpose"),
        ("zsh", "archcalc ops conv_", "2", "plain\nconv_transpose"),
        ("fish", "archcalc ops conv_", "conv_", "plain,conv_transpose"),
    ],
)
def test_each_shell_is_answered_in_its_own_way(shell, shell_name, words, current, first):
    asked = {"_ARCHCALC_COMPLETE": f"{shell_name}_complete", "COMP_WORDS": words, "COMP_CWORD": current}
    outcome = shell("archcalc", **asked)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith(first)


def test_the_bash_script_completes_in_bash(shell):
    outcome = shell(
        'eval "$(archcalc completion bash)"; COMP_WORDS=(archcalc ops conv_t); COMP_CWORD=2; '
        '_archcalc_completion archcalc; echo "${COMPREPLY[@]}"'
    )
    assert (outcome.status, outcome.out) == (0, "conv_transpose\n")


@pytest.mark.parametrize("program", [name for name in SCRIPTS if shutil.which(name)])
def test_each_shell_that_is_here_can_read_its_script(shell, program):
    outcome = shell(f"archcalc completion {program} > script && {program} -n script")
    assert (outcome.status, outcome.err) == (0, "")
