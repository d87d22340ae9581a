"""The README tells the truth: its commands print what it shows, its Python and its specs run.

In a `console` block a line that begins with `$ ` is run, all in one empty folder, from top to bottom: in bash where
it needs a shell, and otherwise in the process of the tests, which saves the start of one, its first or last lines
picked here. A
trailing backslash joins it with the next line. What follows is what it prints on 100 columns, paths as seen from the
repository, and a line `...` stands for any lines left out. A `yaml` block whose first line is `# NAME.yaml` is that
file, there for the commands below it. Installing is not repeated, nor is a block that says no language.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from commands import COMMANDS
from jsonschema import Draft202012Validator

import archcalc

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "archcalc" / "data" / "help").glob("*.md"))]
"""What is followed line by line: the README and the reference."""
FENCE = re.compile(
    r"^(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
NEEDS_NO_SHELL = re.compile(
    r"(?P<line>archcalc( ([\w.:,@/=+-]+|'[^']*'))*)( \| (?P<end>head|tail) -(?P<number>\d+))?"
)
INSTALLS = re.compile(r"(python3? -m )?(pip|pipx|uv|git|cd) ")
LEFT_OUT = "..."
COLUMNS = "100"
LONGEST = 300
"""The most lines of the README: a tour, and no reference."""


class Block(NamedTuple):
    """A fenced block: its language, its text, the line of the README where it begins."""

    language: str
    text: str
    line: int


class Command(NamedTuple):
    """A command and the lines that it is said to print."""

    line: str
    shown: list[str]


def blocks(text):
    return [
        Block(found["language"], found["text"], text.count("\n", 0, found.start()) + 1)
        for found in FENCE.finditer(text)
    ]


def commands(block):
    """Return the commands of a console block."""
    found = []
    joined = re.sub(
        r"^\$ (?:.*\\\n)+", lambda line: line[0].replace("\\\n", ""), block.text, flags=re.MULTILINE
    )
    for line in joined.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        else:
            assert found, f"line {block.line}: output before the first command"
            found[-1].shown.append(line.rstrip())
    return found


def agrees(shown, printed):
    """Tell whether the lines shown are those printed, `...` standing for any number of them."""
    pattern = "".join(r"(?:.*\n)*?" if line == LEFT_OUT else re.escape(line) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def lines(output):
    """Return the lines of an output; blank ones at its end, like blanks at a line's end, do not show."""
    return re.sub(r"[ \t]+$", "", output, flags=re.MULTILINE).rstrip("\n").split("\n")


def picked(output, end, number):
    """Return as many lines of an output as head or tail would; all where neither is asked."""
    rows = output.splitlines(keepends=True)
    return "".join(rows[:number] if end == "head" else rows[-number:] if end else rows)


@pytest.fixture
def says(run, shell, tmp_path, monkeypatch):
    """Return a function that runs a line and returns what it says on both streams."""
    monkeypatch.chdir(tmp_path)

    def said(line):
        if alone := NEEDS_NO_SHELL.fullmatch(line):
            with monkeypatch.context() as patch:
                patch.setattr(sys, "stderr", sys.stdout)
                out = run(*shlex.split(alone["line"])[1:], COLUMNS=COLUMNS).out
            return picked(out, alone["end"], int(alone["number"] or 0))
        return shell(line, together=True, COLUMNS=COLUMNS).out

    return said


def check(text, says, folder):
    """Follow a README from top to bottom and assert that all is as it says."""
    names = {"__name__": "__readme__"}
    for block in blocks(text):
        where = f"line {block.line}"
        if block.language == "yaml":
            check_spec(block, folder)
        elif block.language == "python":
            exec(compile("\n" * block.line + block.text, "README.md", "exec"), names)  # noqa: S102  # ours
        elif block.language == "console":
            for command in commands(block):
                if INSTALLS.match(command.line):
                    continue
                out = says(command.line).replace(f"{ROOT}/", "")
                printed, shown = lines(out), lines("\n".join(command.shown))
                assert agrees(shown, printed), f"{where}: $ {command.line}\n{out}"
                assert "Traceback" not in out, where
        else:
            assert block.language in ("", "bibtex", "text", "toml"), f"{where}: what language is this?"


def check_spec(block, folder):
    """Assert that a spec satisfies the schema, and leave it where commands find it; a part of one only parses."""
    spec = yaml.safe_load(block.text)
    if isinstance(spec, dict) and {"input", "layers"} <= set(spec):
        assert list(Draft202012Validator(archcalc.spec_schema()).iter_errors(spec)) == []
    name = re.match(r"# ([\w-]+\.yaml)$", block.text.partition("\n")[0])
    if name:
        (folder / name[1]).write_text(block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_true(says, tmp_path, page):
    check(page.read_text(encoding="utf-8"), says, tmp_path)


def test_the_readme_is_a_tour():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_readme_shows_commands_and_python():
    languages = [block.language for block in blocks(README.read_text(encoding="utf-8"))]
    assert {"console", "python"} <= set(languages)


def test_the_readme_names_every_command():
    text = README.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"archcalc {name}" not in text] == []


SAMPLES = {
    "figures": """\
# A sample

```console
$ pip install archcalc
$ archcalc params lenet5 --formula --format csv
layer,symbols,formula,params
...
linear3,(C + 1)·M,(84 + 1)·10,850
```
""",
    "spec": """\
```yaml
# tiny.yaml
input: 1x4x4
layers:
  - conv: {out: 2, kernel: 3}
```

````console
$ archcalc show tiny.yaml --columns layer,params \\
    --format csv
layer,params
input,0
conv1,20
````
""",
    "message": """\
```console
$ archcalc show nosuchnetwork || echo status $?
there is no network called 'nosuchnetwork'
...
status 2
```
""",
    "python": """\
```python
import archcalc

report = archcalc.analyze(archcalc.load("lenet5"))
assert report.totals.params == 61_706
```
""",
}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_true_readme_passes(says, tmp_path, sample):
    check(sample, says, tmp_path)


@pytest.mark.parametrize(
    ("sample", "right", "wrong"),
    [
        ("figures", "10,850", "10,851"),
        ("figures", "...\nlinear3", "linear3"),  # lines left out and not marked
        ("figures", "$ pip install", "pip install"),  # output without a command
        ("spec", "conv1,20\n", ""),  # a line too few
        ("spec", "conv1,20\n", "conv1,20\nrelu1,0\n"),  # a line too many
        ("spec", "input,0\n", "input,0\n\n"),
        ("spec", "$ archcalc show tiny", "$ archcalc shwo tiny"),
        ("spec", "kernel: 3", "kernal: 3"),
        ("spec", "```yaml", "```yml"),  # a block that nobody checks
        ("spec", "# tiny.yaml", "# other.yaml"),
        ("message", "...\nstatus 2", "...\nstatus 1"),
        ("python", "== 61_706", "== 61_707"),
        ("python", "archcalc.load", "archcalc.laod"),
    ],
)
def test_an_untrue_readme_fails(says, tmp_path, sample, right, wrong):
    assert SAMPLES[sample].count(right) == 1
    with pytest.raises((AssertionError, AttributeError)):
        check(SAMPLES[sample].replace(right, wrong), says, tmp_path)
