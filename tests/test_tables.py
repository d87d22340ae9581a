"""Tables that papers print: a row a model, a unit in the head, aligned digits, a caption and a label."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc.sheet.kinds import BYTES, COUNT, SHAPE, TEXT
from archcalc.sheet.renderers import PAPERS, render
from archcalc.sheet.sheet import Column, Sheet
from archcalc.sheet.units import in_units
from archcalc.views.networks import of_networks

HOSTILE = r"[x] & 50% of $a_b^c ~ {#x} \input{y} `z` | <b>w</b>"
COLUMNS = ("--columns", "params,macs,flops,depth,peak_bytes")


def column(kind, amounts, heading=""):
    """Return the head of a column and its cells as a paper has them."""
    sheet = in_units(Sheet((Column("key", "params", kind, heading=heading),), tuple((a,) for a in amounts)))
    (shown,) = sheet.columns
    return shown.title, [shown.kind.text(amount) for amount in amounts]


@pytest.fixture
def table(run):
    """Return a function that gives the rows of a call in Markdown, the head first."""

    def rows(*words, **variables):
        lines = run(*words, "--format", "markdown", **variables).out.splitlines()
        cells = [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in lines if line.startswith("|")]
        assert len({len(row) for row in cells}) == 1
        return [cells[0], *cells[2:]]

    return rows


# Parameters and GFLOPS (that is, MACs) as torchvision's documentation prints them beside its weights; depth is in the
# name. https://pytorch.org/vision/stable/models.html#table-of-all-available-classification-weights
PUBLISHED = [
    ("resnet18", "11.7", "1.81", "18"),
    ("resnet50", "25.6", "4.09", "50"),
    ("resnet101", "44.5", "7.80", "101"),
    ("resnet152", "60.2", "11.51", "152"),
]


def test_a_table_has_the_numbers_that_papers_print(table):
    names = [name for name, *_ in PUBLISHED]
    head, *rows = table("list", *names, "--columns", "params,macs,depth")
    assert head == ["Model", "Params (M)", "MACs (G)", "Depth"]
    assert rows == [list(row) for row in PUBLISHED]


@pytest.mark.parametrize("form", ["table", *PAPERS, "csv", "json"])
def test_rows_stand_as_the_models_are_given_and_each_has_its_name(run, form):
    out = run("list", "vgg16", "alexnet", "lenet5", "--columns", "params", "--format", form).out
    places = [out.index(name) for name in ("vgg16", "alexnet", "lenet5")]
    assert places == sorted(places)
    assert "alexnet_" not in out


def test_a_name_that_is_asked_for_stays_where_it_is(table):
    head, row = table("list", "lenet5", "--columns", "depth,name")
    assert (head, row) == (["Depth", "Model"], ["5", "lenet5"])


@pytest.mark.parametrize(
    ("kind", "amounts", "head", "cells"),
    [
        # half of them reach a million; three digits of the smallest, at most two decimals for it
        (COUNT, [11_689_512, 60_192_808], "Params (M)", ["11.7", "60.2"]),
        (COUNT, [1_366_792, 25_557_032, 138_357_544], "Params (M)", ["1.37", "25.56", "138.36"]),
        (COUNT, [300_774_272, 4_089_184_256, 15_470_264_320], "Params (G)", ["0.30", "4.09", "15.47"]),
        # two digits of the smallest take three decimals, and more there never are
        (COUNT, [61_706, 138_357_544], "Params (M)", ["0.062", "138.358"]),
        # where that is too little, the next smaller unit, but no smaller one
        (COUNT, [416_520, 1_135_256_096], "Params (M)", ["0.42", "1,135.26"]),
        (COUNT, [400, 4_089_184_256, 3 * 10**9], "Params (M)", ["<0.001", "4,089.184", "3,000.000"]),
        # rounded half up, by whole numbers: 0.9995 and 9.995
        (COUNT, [999_500, 9_995_000, 10**7], "Params (M)", ["1.00", "10.00", "10.00"]),
        (COUNT, [61_706, 60_000], "Params (k)", ["61.7", "60.0"]),
        (COUNT, [10**21, 5 * 10**18], "Params (P)", ["1,000,000.0", "5,000.0"]),
        # what has no more than four digits is whole, as depths are; nothing is nothing
        (COUNT, [18, 1202], "Params", ["18", "1,202"]),
        (COUNT, [0, 0], "Params", ["0", "0"]),
        (COUNT, [0, 25_557_032], "Params (M)", ["0", "25.6"]),
        (COUNT, [None, 25_557_032], "Params (M)", ["?", "25.6"]),
        (COUNT, [None], "Params", ["?"]),
        (COUNT, [], "Params", []),
        (BYTES, [2_412_544, 25_690_112], "Params (MiB)", ["2.30", "24.50"]),
        (BYTES, [96, 4_096], "Params (B)", ["96", "4,096"]),
        (SHAPE, [(1, 3, 5, 5)], "Params", ["3×5×5"]),
        (TEXT, ["resnet50"], "Params", ["resnet50"]),
    ],
)
def test_a_column_has_one_unit_and_as_many_decimals_everywhere(kind, amounts, head, cells):
    assert column(kind, amounts) == (head, cells)


def test_a_heading_takes_the_place_of_a_title():
    assert column(BYTES, [2**20], "peak memory") == ("Peak memory (MiB)", ["1.00"])


UNITS = {"": 1, "B": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15} | {
    f"{prefix}iB": 2 ** (10 * power) for power, prefix in enumerate("KMGTP", 1)
}


@given(st.sampled_from([COUNT, BYTES]), st.lists(st.integers(0, 10**20), min_size=1, max_size=8))
def test_cells_are_the_amounts_to_half_a_step_and_align(kind, amounts):
    head, cells = column(kind, amounts)
    size = UNITS[(re.findall(r"\((\w+)\)", head) or [""])[0]]
    decimals = {len(cell.partition(".")[2]) for cell in cells if cell != "0"}
    assert len(decimals) <= 1
    step = 10 ** -max(decimals, default=0)
    for amount, cell in zip(amounts, cells, strict=True):
        assert (cell == "0") == (amount == 0)
        if cell.startswith("<"):
            assert amount / size < step
        else:
            shown = round(float(cell.replace(",", "")) / step)
            assert abs(2 * shown * size - 2 * amount * round(1 / step)) <= size or amount > 10**14


def test_machines_and_screens_get_exact_numbers(run):
    for form in ("table", "csv", "json"):
        out = run("list", "vgg16", "lenet5", *COLUMNS, "--format", form).out
        grouped = out.replace(",", "") if form == "table" else out
        assert {"138357544", "15470264320", "61706"} <= set(re.findall(r"\d+", grouped))


# ----- captions and labels

CAPTIONED = ("--caption", HOSTILE, "--label", "tab:cost")
REPORTS = [
    ("list", "lenet5", "alexnet"),
    ("show", "lenet5"),
    ("compare", "3x3x3", "7x7"),
    ("compare", "lenet5", "alexnet"),
    ("params", "lenet5", "--formula"),
    ("size", "224", "-k", "11"),
    ("ops", "conv"),
    ("check", "lenet5"),
]


def check_latex(text):
    """Assert that environments and braces are balanced and that every row has as many cells as there are columns."""
    code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    opened = []
    for verb, environment in re.findall(r"\\(begin|end)\{(\w+)\}", code):
        if verb == "begin":
            opened.append(environment)
        else:
            assert opened.pop() == environment
    assert opened == []
    bare = re.sub(r"\\[\\{}&%$#_]", "", code)
    assert bare.count("{") == bare.count("}")
    layout, body = re.search(
        r"\\begin\{tabular\}\{([lr]+)\}\n(.*?)\\end\{tabular\}", code, re.DOTALL
    ).groups()
    lines = body.splitlines()
    rules = [line for line in lines if line.startswith("\\")]
    assert (rules[0], rules[-1], {*rules[1:-1]}) == ("\\toprule", "\\bottomrule", {"\\midrule"})
    for line in lines:
        if line not in rules:
            assert len(re.findall(r"(?<!\\)&", line)) == len(layout) - 1
            assert line.endswith(r" \\")
            assert line[0] not in "[*"  # which would be an option of what stands above
            assert not re.search(r"(?<!\\)[%#]", line)


@pytest.mark.parametrize("words", REPORTS, ids=" ".join)
def test_a_table_in_latex_is_whole(run, words):
    check_latex(run(*words, "--format", "latex").out)
    text = run(*words, "--format", "latex", *CAPTIONED).out
    check_latex(text)
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    assert lines[:2] == [r"\begin{table}", r"\centering"]
    assert lines[2].startswith(r"\caption{[x] \& 50\% of \$a\_b\textasciicircum{}c")
    assert r"\textbackslash{}input\{y\}" in lines[2]
    assert lines[3] == r"\label{tab:cost}"
    assert lines[-1] == r"\end{table}"


@pytest.mark.parametrize("cell", ["[2] a", "* a", HOSTILE])
def test_a_cell_in_latex_is_no_option_of_the_row_above(cell):
    sheet = Sheet((Column("a", cell, TEXT), Column("b", cell, TEXT)), ((cell, cell), (cell, cell)))
    check_latex(render(sheet, "latex"))


@pytest.mark.parametrize("words", REPORTS, ids=" ".join)
def test_a_caption_in_markdown_is_a_line_of_its_own(run, words):
    lines = run(*words, "--format", "markdown", *CAPTIONED).out.splitlines()
    (place,) = (place for place, line in enumerate(lines) if line.startswith("Table: "))
    assert lines[place - 1] == lines[place + 1] == ""
    assert lines[place - 2].startswith("|")
    assert lines[place].endswith(" {#tbl:cost}")
    assert r"\{#x}" in lines[place]
    assert "&lt;b>" in lines[place]


@pytest.mark.parametrize(
    ("label", "name"), [("cost", "tbl:cost"), ("tab:cost", "tbl:cost"), ("tbl:cost", "tbl:cost")]
)
def test_a_label_in_markdown_is_that_of_a_table(run, label, name):
    out = run("list", "lenet5", "--format", "markdown", "--caption", "Cost", "--label", label).out
    assert f"Table: Cost {{#{name}}}\n" in out


class Tags(HTMLParser):
    """Collects what begins, with its attributes, and the text in it."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.setdefault(self.tags[-1][0] if self.tags else "", []).append(data)


def test_a_page_in_html_says_under_its_title_what_it_is_about(run):
    page = run("memory", "lenet5", "--train", "--format", "html").out
    caption = page.partition("<caption>")[2].partition("</caption>")[0]
    assert caption.startswith(
        "LeNet-5, as it is taught today<small>input 1×32×32 · batch 1 · float32 · training step"
    )
    assert page.count("batch 1 · float32") == 1


@pytest.mark.parametrize("words", REPORTS, ids=" ".join)
def test_a_caption_in_html_is_that_of_the_table(run, words):
    page = Tags()
    page.feed(run(*words, "--format", "html", *CAPTIONED).out)
    assert ("table", {"id": "tab:cost"}) in page.tags
    assert page.texts["caption"][0] == HOSTILE
    assert not any(tag in ("b", "input") for tag, _ in page.tags)


def test_the_format_of_a_caption_may_be_that_of_a_file(run, tmp_path):
    path = tmp_path / "cost.tex"
    assert run("list", "lenet5", "--caption", "Cost", "--output", path).status == 0
    assert r"\caption{Cost}" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--caption", "x"],
            "the format table has no caption\nhint: --format markdown, latex or html writes one\n",
        ),
        (
            ["--caption", "x", "--format", "csv"],
            "the format csv has no caption\nhint: --format markdown, latex or html writes one\n",
        ),
        (
            ["--label", "x", "--format", "json"],
            "the format json has no label\nhint: --format markdown, latex or html writes one\n",
        ),
        (
            ["--label", "x", "--format", "latex"],
            "a label names a table that has a caption\nhint: --caption says what it shows\n",
        ),
        (["--caption", " ", "--format", "latex"], "Invalid value for '--caption': it says nothing\n"),
        (
            ["--caption", "x", "--label", "a}b", "--format", "latex"],
            "'a}b' is no name: a letter, then letters, digits, and : . _ -, such as tab:models\n",
        ),
        (["--caption", "x", "--label", "", "--format", "latex"], "'' is no name"),
    ],
)
def test_a_caption_or_a_label_without_a_place_is_refused(run, words, message):
    outcome = run("show", "nobody-reads-this", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err


# ----- comparisons


@pytest.mark.parametrize(
    ("names", "is_split"),
    [
        (["vgg16", "vgg19"], True),
        (["resnet18", "resnet34", "resnet50", "resnet152"], True),
        (["resnet50", "wide_resnet50_2"], True),
        (["alexnet", "alexnet_torchvision"], True),
        (["resnet50", "vgg16"], False),
        (["resnet50", "vgg16", "vgg19"], False),
        (["lenet5", "alexnet"], False),
        (["lenet5", "3x3"], False),
    ],
)
def test_people_see_stages_where_most_are_shared(run, names, is_split):
    out = run("compare", *names).out
    assert ("└─" in out) == is_split
    assert "└─" in run("compare", *names, "--by", "stage").out
    assert ("only in" in out) <= is_split
    rows = json.loads(run("compare", *names, "--format", "json").out)
    assert rows["by"] == "stage"
    assert any(row["part"] for row in rows["rows"])


def test_a_changed_parameter_leaves_the_stages_alike(run, network):
    text = "parameters: {n: %d}\ninput: 3x8x8\nlayers: [conv: {out: n, kernel: 3}, flatten, linear: 10]\n"
    contrast = archcalc.compare(network(text % 4), network(text % 8))
    assert "├─ conv1" in contrast.table()


@pytest.mark.parametrize("form", PAPERS)
def test_unlike_networks_are_a_row_each_in_a_paper(run, form):
    words = ("resnet50", "vgg16", "googlenet")
    out = run("compare", *words, "--format", form).out
    listed = run("list", *words, *COLUMNS, "--format", form).out
    rows = [line for line in listed.splitlines() if any(name in line for name in words)]
    assert len(rows) == 3
    assert all(row in out for row in rows)
    assert "Peak memory (MiB)" in out
    assert "* larger" not in out  # there is no receptive field


def test_a_row_says_its_input_where_nothing_else_does(table):
    assert table("compare", "lenet5", "alexnet")[0][:2] == ["Model", "Input"]
    assert table("compare", "vgg16", "vgg19", "--by", "none")[0][:2] == ["Model", "Params (M)"]
    head, *rows = table("compare", "lenet5", "--input", "1x32x32", "1x64x64", "--by", "none")
    assert head[:2] == ["Model", "Params (k)"]
    assert [row[0] for row in rows] == ["1×32×32", "1×64×64"]


@pytest.mark.parametrize("by", ["stage", "op", "layer"])
def test_parts_add_up_to_their_totals(by):
    reports = [archcalc.analyze(name) for name in ("vgg16", "resnet18", "googlenet")]
    for figure in ("parameters", "MACs"):
        lines = [line for line in of_networks(reports, by, 0.0) if line.figure == figure]
        for place in range(len(reports)):
            whole, *parts = (line.cells[place] for line in lines)
            assert sum(part.value for part in parts if part != "") == whole.value


def test_layer_types_are_counted(run):
    """VGG-19 has three convolutions and their activations more than VGG-16: 16 + 3 and 13 + 3 in their names."""
    rows = json.loads(run("compare", "vgg16", "vgg19", "--by", "op", "--format", "json").out)["rows"]
    counted = {row["part"]: [row["vgg16"], row["vgg19"]] for row in rows if row["figure"] == "layers"}
    assert counted["conv"] == [13, 16]
    assert counted["linear"] == [3, 3]
    assert sum(first for part, (first, _) in counted.items() if part) == counted[None][0]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_machines_get_no_parts_where_none_are_asked_for(run, form):
    out = run("compare", "vgg16", "vgg19", "--by", "none", "--format", form).out
    rows = json.loads(out)["rows"] if form == "json" else list(csv.DictReader(io.StringIO(out)))
    assert "stage1" not in out.partition('"networks"')[0]
    assert "138357544" in out
    assert rows
    assert {row["part"] or "whole" for row in rows} == {"whole"}


def test_stacks_have_no_parts(run):
    outcome = run("compare", "3x3", "7x7", "--by", "stage")
    assert (outcome.status, outcome.err) == (
        2,
        "parts are of networks, and all of these are stacks\nhint: leave out --by\n",
    )
    rows = json.loads(run("compare", "3x3", "7x7", "--format", "json").out)
    assert rows["by"] is None
