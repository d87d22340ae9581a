"""Help is complete, and every example in it runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import click.testing
import pytest
from commands import COMMANDS

from archcalc.analysis.figures import column_keys
from archcalc.commands.cli import cli
from archcalc.commands.group import HEADINGS
from archcalc.questions.calibrate.runtimes import find_runtime
from archcalc.views import catalogue

ROOT = Path(__file__).parents[1]
SHOW_AN_ERROR = {"archcalc show alexnet --input 3x224x224 --rounding strict": 2}
"""Examples that are there for their message: 224 pixels do not suit AlexNet's first layer, which strict says."""


def examples(command):
    """Return the lines under "Examples:" in a command's help."""
    text = click.testing.CliRunner().invoke(cli, [*command, "--help"]).output
    return [line.strip() for line in text.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()]


EXAMPLES = sorted({line for command in ([], *([name] for name in COMMANDS)) for line in examples(command)})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_shows_how(name):
    command = COMMANDS[name]
    assert re.match(r"[A-Z].*[.?]$", (command.help or "").partition("\n\n")[0].replace("\n", " "))
    assert any(line.startswith(f"archcalc {name}") for line in examples([name]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name):
    options = [option for option in COMMANDS[name].params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_a_result_and_fits_the_screen(run, name, flag):
    outcome = run(*name.split(), flag, COLUMNS=80)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: archcalc {name}".rstrip())
    long = [line for line in outcome.out.splitlines() if len(line) > 80 and "archcalc" not in line]
    assert long == []


def test_the_front_page_lists_every_command_with_its_whole_first_sentence(run):
    """A summary that is cut off by an ellipsis says nothing where it matters."""
    out = run("--help", COLUMNS=100).out
    assert [name for name in COMMANDS if not re.search(rf"^  {name} +\S", out, re.MULTILINE)] == []
    assert [line for line in out.splitlines() if line.endswith("...") and "Usage" not in line] == []


def test_the_examples_about_all_networks_are_there():
    assert set(OF_ALL) <= set(EXAMPLES)


def test_every_command_stands_under_one_heading():
    assert sorted(name for names in HEADINGS.values() for name in names) == sorted(cli.commands)


def test_without_a_command_the_help_is_shown_and_the_status_is_2(run):
    outcome = run()
    assert outcome.status == 2
    assert "Usage: archcalc" in outcome.err + outcome.out


OF_ALL = [
    "archcalc check --claims",
    "archcalc check specs/*.yaml",
    "archcalc list",
    "archcalc list --format json",
    "archcalc list --max-params 5M --limit 'macs <= 1G' --sort macs",
]
"""Examples about all networks, which take seconds."""


@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=pytest.mark.slow if line in OF_ALL else ()) for line in EXAMPLES]
)
@pytest.mark.usefixtures("few")
def test_an_example_in_the_help_runs_as_it_stands(run, shell, tmp_path, monkeypatch, line):
    """In a folder with a spec made by `archcalc new mynet`; in bash where the line needs a shell."""
    if "--measure" in line and find_runtime() is None:
        pytest.skip("neither PyTorch nor ONNX Runtime is installed")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert not re.search(r"\b[A-Z]{3,}\b", line), "a placeholder is no example"
    monkeypatch.chdir(tmp_path)
    if "mynet.yaml" in line:
        assert run("new", "mynet").status == 0
    if re.search(r"[*>|]", line):
        (tmp_path / "specs").symlink_to(ROOT / "specs")
        (tmp_path / ".config/fish/completions").mkdir(parents=True)
        outcome = shell(line)
    else:
        outcome = run(*shlex.split(line)[1:])
    assert outcome.status == SHOW_AN_ERROR.get(line, 0), outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(("command", "keys"), [("show", column_keys()), ("list", catalogue.keys())])
def test_the_help_of_columns_names_them_all(run, command, keys):
    words = " ".join(run(command, "--help").out.split())
    assert f"They are: {', '.join(keys)}." in words
