"""The reference that `archcalc help` shows: what its tables list is what the program has; `--update-golden` writes them.

That every command in it prints what is shown is held by test_readme.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import COMMANDS

import archcalc
from archcalc.analysis.figures import FIGURES
from archcalc.commands.topics import topics
from archcalc.ground import limits

ROOT = Path(__file__).parents[1]
TITLE = re.compile(r"# \S.*\n")


def figures():
    """Return what a figure is called, and where it may be named."""
    places = {
        "column": lambda figure: figure.of is not None,
        "expect": lambda figure: bool(figure.expect),
        "limit": lambda figure: figure.limit,
    }
    yield "| key | is | column | `expect:` | limit |", "|---|---|:-:|:-:|:-:|"
    for key, figure in FIGURES.items():
        if not any(named(figure) for named in places.values()):
            continue
        marks = " | ".join("•" if named(figure) else "" for named in places.values())
        yield (f"| `{key}` | {figure.help} | {marks} |",)


def bounds():
    yield "| variable | bounds | default |", "|---|---|--:|"
    for limit in limits.LIMITS:
        yield (f"| `{limit.variable}` | {limit.meaning} | {limit.default:,} |",)


def layer_types():
    yield "| layer type | what it does | other programs say |", "|---|---|---|"
    for kind, op in archcalc.REGISTRY.items():
        what = (op.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        yield (f"| `{kind}` | {re.sub(' +', ' ', what)} | {', '.join(op.also.split())} |",)


TABLES = {
    ("machines", "figures"): figures,
    ("limits", "bounds"): bounds,
    ("language", "layer types"): layer_types,
}


@pytest.mark.parametrize(("topic", "name"), TABLES, ids=map("-".join, TABLES))
def test_a_table_lists_what_the_program_has(request, topic, name):
    page = topics()[topic]
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, found, rest = text.partition(begin)
    listed, ended, after = rest.partition(end)
    assert found
    assert ended
    table = "".join(f"{line}\n" for lines in TABLES[topic, name]() for line in lines)
    if request.config.getoption("--update-golden"):
        page.write_text(f"{before}{begin}{table}{end}{after}", encoding="utf-8")
    else:
        assert listed == table


@pytest.mark.parametrize("topic", topics())
def test_a_page_is_shown_as_it_is_where_no_terminal_is(run, topic):
    text = topics()[topic].read_text(encoding="utf-8")
    outcome = run("help", topic)
    assert (outcome.status, outcome.out, outcome.err) == (0, text, "")
    assert TITLE.match(text)


@pytest.mark.parametrize("topic", topics())
def test_the_readme_and_the_list_name_every_page(run, topic):
    assert f"(archcalc/data/help/{topic}.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{topic}`" in run("help").out


def test_the_readme_links_to_what_is_there():
    for folder, page in ((ROOT, ROOT / "README.md"), *((page.parent, page) for page in topics().values())):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (folder / link).exists(), f"{page}: {link}"


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - topics()))
def test_help_about_a_command_is_its_help(run, name):
    assert run("help", name).out.rstrip() == run(name, "--help").out.rstrip()


def test_a_page_that_is_not_there(run):
    outcome = run("help", "langage")
    assert (outcome.status, outcome.out) == (2, "")
    assert "there is no page about 'langage'\nhint: did you mean language?" in outcome.err


def test_a_terminal_gets_a_page_without_its_marks(monkeypatch):
    from archcalc.sheet.terminal import render_markdown

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    shown = render_markdown("# A title\n\n- `code`\n")
    assert "A title" in shown
    assert "# A" not in shown
