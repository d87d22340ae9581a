"""Names from outside: a file's name, and all that stands in it, on every page, in every format, after Tab.

Specs are free of control characters, or refused; ONNX files and the names of files may hold anything.
"""

from __future__ import annotations

import ast
import re
from json import dumps
from pathlib import Path

import pytest
from commands import COMMANDS

import archcalc
from archcalc.commands.cli import cli
from archcalc.commands.completions import HARMLESS
from archcalc.formats.registry import WRITTEN
from archcalc.sheet import kinds
from archcalc.sheet.renderers import MODULES, render
from archcalc.sheet.sheet import Cell, Column, Kind, Sheet

SPEC = "input: 3x8x8\nlayers: [conv: {out: 4, kernel: 3}, flatten, linear: 10]\nexpect: [{params: 1, source: me}]\n"
HOSTILE = "\x1b[31mred\x1b]0;title\x07\rline\nnext\x9b2J\u202eback"
STEMS = [HOSTILE, "$(touch owned)", "a;touch owned"]
PAGES = ["show", "tree", "params", "flops", "memory", "rf", "check", "explain"]


def is_safe(text, form=""):
    """Tell whether no character moves the cursor, or hides or turns what stands around it."""
    return all(line.replace("\t", "" if form == "tsv" else "\t").isprintable() for line in text.split("\n"))


@pytest.fixture(params=STEMS, ids=ascii)
def hostile(request, tmp_path):
    """Return a spec that is called as no spec should be."""
    path = tmp_path / f"{request.param}.yaml"
    path.write_text(SPEC)
    return path


@pytest.mark.parametrize("form", MODULES)
@pytest.mark.parametrize("line", PAGES)
def test_the_name_of_a_file_is_safe_on_every_page(run, tmp_path, line, form):
    path = tmp_path / f"{HOSTILE}.yaml"
    path.write_text(SPEC)
    outcome = run(*line.split(), path, "--format", form)
    assert outcome.out
    assert is_safe(outcome.out, form)
    assert is_safe(outcome.err)


@pytest.mark.parametrize(
    "line",
    [["list"], ["compare", "{0}", "lenet5"], ["check"], ["explain", "{0}", "conv1"], ["show", "{0}"]],
    ids=str,
)
@pytest.mark.usefixtures("few_of_ours")
def test_the_name_of_a_file_is_on_one_line(run, tmp_path, line):
    path = tmp_path / "first\nsecond.yaml"
    path.write_text(SPEC)
    for form in ("table", "csv", "markdown"):
        words = [word.format(path) for word in line]
        outcome = run(*words, "--format", form, ARCHCALC_PATH=tmp_path)
        assert is_safe(outcome.out, form)
        assert not any(part.lstrip("|* ").startswith("second") for part in outcome.out.split("\n"))


@pytest.mark.parametrize("target", WRITTEN)
def test_the_name_of_a_file_is_safe_in_what_is_exported(run, hostile, target):
    outcome = run("export", hostile, "--to", target, "--output", hostile.with_name("written"))
    assert is_safe(outcome.err)
    if target != "onnx" and outcome.status == 0:
        assert is_safe(hostile.with_name("written").read_text(encoding="utf-8"))


def test_a_network_is_called_on_one_line(hostile):
    assert archcalc.load(hostile).name.isprintable()


def names_of(module):
    return [one for one in vars(module).values() if isinstance(one, Kind)]


@pytest.mark.parametrize("form", MODULES)
def test_no_part_of_a_sheet_goes_past_the_gate(form):
    """Every text of a sheet is hostile: those around the table, and a cell of every kind that takes one."""
    texts = []
    for kind in [*names_of(kinds), Kind("plain", {})]:
        for value in (HOSTILE, (HOSTILE, HOSTILE), {HOSTILE: HOSTILE}, Cell(kinds.TEXT, HOSTILE)):
            try:
                kind.write(value), kind.flatten(value), dumps(kind.reduce(value))
            except (TypeError, ValueError, AttributeError, KeyError):
                continue
            texts.append((kind, value))
    assert texts
    for kind, value in texts:
        sheet = Sheet(
            columns=(
                Column("key", HOSTILE, kinds.TEXT, HOSTILE, heading=HOSTILE),
                Column(HOSTILE, "Other", kind),
            ),
            rows=((HOSTILE, value),),
            footer=(HOSTILE, value),
            title=HOSTILE,
            subtitle=(HOSTILE,),
            summary=((HOSTILE, HOSTILE),),
            notes=(HOSTILE,),
            facts={"fact": HOSTILE, HOSTILE: [HOSTILE]},
            caption=HOSTILE,
            label=HOSTILE,
        )
        assert is_safe(render(sheet, form), form), kind


def test_renderers_ask_kinds_for_texts_that_passed_the_gate():
    """`write` is for `text`, which lets nothing else out; what `csv` and `plain` return, their formats escape."""
    folder = Path(archcalc.__file__).parent / "sheet"
    for path in folder.glob("*.py"):
        asked = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr in ("write", "flatten", "reduce")
        }
        assert not asked or path.name in (
            "amounts.py",
            "axes.py",
            "derived.py",
            "grids.py",
            "kinds.py",
            "sheet.py",
            "words.py",
        )


def completed(words, begun):
    from click.shell_completion import ShellComplete

    return ShellComplete(cli, {}, "archcalc", "_ARCHCALC_COMPLETE").get_completions(words, begun)


@pytest.mark.usefixtures("few_of_ours")
def test_a_shell_is_offered_no_name_that_it_would_run(hostile, monkeypatch):
    monkeypatch.setenv("ARCHCALC_PATH", str(hostile.parent))
    for words in (["show"], ["compare"], ["check"]):
        for begun in ("", "$"):
            names = [item.value for item in completed(words, begun) if item.type == "plain"]
            assert all(re.fullmatch(HARMLESS, name) for name in names)


@pytest.mark.usefixtures("few_of_ours")
def test_every_completion_of_names_passes_the_gate(hostile, monkeypatch):
    """Each parameter of each command, with a hostile network and a layer of a hostile name to offer."""
    hostile.write_text("input: 3x8x8\nlayers: [relu: {name: '$(touch owned)'}, relu]\n")
    monkeypatch.setenv("ARCHCALC_PATH", str(hostile.parent))
    asked = 0
    for name, command in COMMANDS.items():
        for param in command.params:
            context = command.make_context(name, [], resilient_parsing=True)
            context.params["model"] = str(hostile)
            found = param.shell_complete(context, "")
            assert all(
                re.fullmatch(HARMLESS, item.value) for item in found if item.type == "plain" and item.value
            )
            asked += bool(found)
    assert asked > 10


def test_bash_runs_nothing_after_tab(shell, tmp_path):
    (tmp_path / "$(touch owned).yaml").write_text(SPEC)
    outcome = shell(
        'eval "$(archcalc completion bash)"; COMP_WORDS=(archcalc show "\\$"); COMP_CWORD=2; '
        '_archcalc_completion archcalc; eval "echo ${COMPREPLY[@]}"',
        ARCHCALC_PATH=str(tmp_path),
    )
    assert outcome.status == 0
    assert not (tmp_path / "owned").exists()
