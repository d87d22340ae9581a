"""What the commands print, word for word, at several widths; `pytest --update-golden` writes it anew.

A golden file shows what changed, not what is right. So every table in one must also add up.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from archcalc.formats import specs as zoo
from archcalc.formats.language.expressions import value_of

GOLDEN = Path(__file__).parent / "golden"
WIDE = {
    "show": "show sample.yaml",
    "show-folded": "show sample.yaml --depth 1",
    "show-by-op": "show sample.yaml --by op",
    "show-alexnet": "show alexnet",
    "tree": "tree sample.yaml",
    "rf": "rf sample.yaml",
    "memory": "memory sample.yaml --train --optimizer adam",
    "memory-train-per-layer": "memory sample.yaml --train --per-layer --optimizer adam --checkpoint blocks",
    "explain-step": "explain sample.yaml first.inner.batchnorm1 --train --batch 2 --optimizer adam",
    "params": "params sample.yaml",
    "params-formula": "params sample.yaml --formula",
    "params-per-layer": "params sample.yaml --per-layer",
    "params-split": "params sample.yaml --split",
    "flops": "flops sample.yaml",
    "flops-per-layer": "flops sample.yaml --per-layer",
    "check": "check sample.yaml",
    "check-limits": "check sample.yaml --limit params<2K --limit peak_bytes<=16KiB --max-memory 29000 --batch 2",
    "compare-stacks": "compare 3x3x3 7x7 1x1-64,3x3-64@g32,1x1 --channels 512 --input 14x14",
    "compare-networks": "compare sample.yaml family.yaml:perceptron_small",
    "compare-stages": "compare sample.yaml family.yaml:perceptron_small --by stage",
    "list": "list",
    "ops": "ops",
    "ops-conv": "ops conv",
}
"""Pages that depend on the width of the screen, by the name of their golden file."""
PLAIN = {
    "new": "new mynet --output -",
    "show-json": "show family.yaml:perceptron_small --format json",
    "compare-markdown": "compare 5x5-48 1x1-16,5x5-48 --format markdown",
    "compare-papers": "compare sample.yaml family.yaml:perceptron_small --format markdown --caption Two",
    "list-latex": "list sample.yaml family.yaml --format latex --caption Three --label tab:three",
    "show-csv": "show sample.yaml --format csv",
    "show-markdown": "show sample.yaml --format markdown",
    "error": "show sample.yaml --input 3x1x1",
    "export-spec": "export sample.yaml --to spec",
    "export-pytorch": "export sample.yaml --to pytorch",
    "export-keras": "export sample.yaml --to keras",
    "export-mermaid": "export sample.yaml --to mermaid --depth all",
    "export-dot": "export sample.yaml --to dot --depth all",
}
WIDTHS = ("piped", 80, 120, 200)
WITH_FOOTER = [
    name for name, line in WIDE.items() if "-per-layer" in name or re.search("show|tree|formula|split", line)
]


@pytest.fixture
def command(run, monkeypatch):
    """Return a function that runs a line in the folder of golden files, the only folder with networks in it."""

    def ran(line, width="piped"):
        monkeypatch.chdir(GOLDEN)
        outcome = run(*line.split(), **({} if width == "piped" else {"COLUMNS": width}))
        return outcome.out + outcome.err

    return ran


def compare(request, name, text):
    path = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", WIDE)
def test_a_page_is_as_it_was_at_every_width(request, command, monkeypatch, name):
    if name == "list":
        monkeypatch.setattr(zoo, "folders", lambda: [GOLDEN])
    parts = [f"$ archcalc {WIDE[name]}   # {width}\n{command(WIDE[name], width)}" for width in WIDTHS]
    compare(request, name, "\n".join(parts))


@pytest.mark.parametrize("name", PLAIN)
def test_a_text_is_as_it_was(request, command, name):
    compare(request, name, command(PLAIN[name]))


def test_the_schema_is_as_it_was(request, command):
    """Its frame and two ops: the others follow from their declarations in the same way."""
    schema = json.loads(command("schema"))
    ops = schema["$defs"]["layer"]["anyOf"][1]["properties"]
    schema["$defs"]["layer"]["anyOf"][1]["properties"] = {name: ops[name] for name in ("conv", "add")}
    compare(request, "schema", json.dumps(schema, indent=1, ensure_ascii=False) + "\n")


def test_no_golden_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {*WIDE, *PLAIN, "schema"}


def tables(name):
    """Yield header, rows and footer of each table with a footer in a golden file."""
    for page in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").split("$ archcalc ")[1:]:
        lines = page.splitlines()
        rules = [place for place, line in enumerate(lines) if line.startswith("───")]
        assert len(rules) == 2, page
        yield lines[rules[0] - 1], lines[rules[0] + 1 : rules[1]], lines[rules[1] + 1]


def column(line, end):
    """Return the count that ends at a place of a line; None where there is none."""
    found = re.search(r"(?<!\S)[\d,]+$", line[:end])
    alone = len(line) >= end and line[end : end + 1] in ("", " ")
    return int(found[0].replace(",", "")) if found and alone else None


@pytest.mark.parametrize("name", WITH_FOOTER)
def test_rows_add_up_to_the_footer(name):
    pages = 0
    for header, rows, footer in tables(name):
        outermost = [row for row in rows if not re.match("[├│└]", row)]
        summed = 0
        for title in re.finditer(r"\S+(?: \S+)*", header):
            counts = [column(row, title.end()) for row in outermost]
            total = column(footer, title.end())
            if total is not None:
                assert sum(counts) == total, title[0]
                summed += 1
        assert footer.startswith("total ")
        assert summed >= 1
        pages += 1
    assert pages == len(WIDTHS)


def test_formulas_come_to_their_results():
    for header, rows, _ in tables("params-formula"):
        start = header.index("in numbers")
        for row in rows:
            formula, result = re.split(r"\s{2,}", row[start:].strip())
            assert value_of(formula.replace("·", "*").replace("−", "-"), {}) == int(result.replace(",", ""))


def test_totals_are_those_of_the_arithmetic_by_hand():
    """The sample's comment says how its 1,682 parameters come about."""
    for name in ("show", "show-folded", "tree", "params-formula", "params-per-layer"):
        for header, _, footer in tables(name):
            end = re.search(r"(?<!\S)params(?!\S)", header.replace("of params", "of-params")).end()
            assert column(footer, end) == 1682


def test_check_counts_what_it_lists():
    for page in (GOLDEN / "check.txt").read_text(encoding="utf-8").split("$ archcalc ")[1:]:
        assert len(re.findall(r" (?:ok|wrong)\b", page.partition("checked")[0])) == 3
        assert "3 figures checked, 1 wrong" in page
