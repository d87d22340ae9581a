"""Every format writes the same cells in the same order, whatever the command; and is what its readers take it for."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from itertools import zip_longest

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from archcalc.commands import output
from archcalc.sheet.kinds import COUNT, PLOT, TEXT
from archcalc.sheet.latex import LATEX
from archcalc.sheet.renderers import render
from archcalc.sheet.sheet import Column, Sheet
from archcalc.sheet.signs import LOWERED, RAISED, SIGNS, spell
from archcalc.sheet.terminal import page

LINES = [
    "show lenet5_1998",
    "show resnet18 --depth 2",
    "show googlenet --train --columns all",
    "show shufflenet_v2_x0_5 --batch 3 --dtype int8",
    "tree resnet18",
    "rf googlenet",
    "rf lenet5",
    "params mobilenet_v2",
    "params alexnet_two_gpus --formula",
    "params squeezenet1_0 --per-layer",
    "flops lenet5",
    "flops efficientnet_b0 --per-layer --depth 1",
    "memory vgg16 --train --optimizer adam",
    "memory alexnet --per-layer",
    "explain alexnet",
    "explain alexnet conv1",
    "explain resnet18 conv2_x",
    "explain 7*(1/2)",
    "size 224 --kernel 11 --stride 4",
    "check lenet5 alexnet",
    "check lenet5 --limit peak_bytes<=30KiB --limit depth>=2 --limit params==61706",
    "compare 3x3x3 7x7 --channels 512 --input 14x14",
    "compare lenet5 lenet5_1998 alexnet vgg16",
    "reconcile lenet5",
    "reconcile lenet5 --tool thop",
    "verify lenet5",
    "ops",
    "ops conv",
]
WIDE = 6000
"""A screen on which nothing is left out or wrapped, in characters."""


CAUGHT = {}
"""The sheet of each line that was run."""


@pytest.fixture
def sheet_of(run, monkeypatch):
    """Return a function that gives the sheet of a line, which no format changes."""

    def caught(line):
        if line not in CAUGHT:
            sheets = []
            with monkeypatch.context() as patch:
                patch.setattr(output, "render", lambda sheet, form: sheets.append(sheet) or "")
                run(*line.split(), "--format", "markdown")
            (CAUGHT[line],) = sheets
        return CAUGHT[line]

    return caught


def texts(sheet, rows):
    """Return the cells of rows as people read them."""
    kinds = [column.kind for column in sheet.columns]
    return [[kind.text(value) for kind, value in zip(kinds, row, strict=True)] for row in rows]


def everything(sheet):
    """Return the titles, the rows and the footer as people read them, each cell on one line."""
    whole = [[column.title for column in sheet.columns], *texts(sheet, sheet.rows)]
    whole += texts(sheet, [sheet.footer] if sheet.footer else [])
    return [[" ".join(text.split()) for text in row] for row in whole]


@pytest.mark.parametrize("line", LINES)
def test_json_holds_every_value(sheet_of, line):
    sheet = sheet_of(line)
    rows = json.loads(render(sheet, "json"))["rows"]
    keys = [column.key for column in sheet.columns]
    assert len(set(keys)) == len(keys)
    beside = {f"{column.key}_{name}" for column in sheet.columns for name in column.kind.aside}
    assert [[key for key in row if key not in beside] for row in rows] == [keys] * len(sheet.rows)
    for row, raw in zip(rows, sheet.rows, strict=True):
        for column, value in zip(sheet.columns, raw, strict=True):
            assert row[column.key] == as_json(column.kind, value), column.key


def as_json(kind, value):
    """Return what stands in JSON for a value."""
    if value is None or value == "":
        return None
    if kind.name in ("mixed", "bound"):
        return as_json(*(value if kind.name == "mixed" else value[1]))
    if kind.name == "shape":
        return [*value[1:]]
    if kind.name == "shapes":
        return [[*shape[1:]] for shape in value]
    if kind.name == "derivation":
        return {"symbols": value[0], "numbers": value[1], "result": value[2], "unit": value[3] or None}
    if kind.name == "field":
        value = value[0]
    if kind.name in ("settings", "tensors"):
        return json.loads(json.dumps(dict(value)))
    if isinstance(value, tuple):
        return [*value]
    return pytest.approx(value, abs=1e-6) if isinstance(value, float) else value


@pytest.mark.parametrize("line", LINES)
def test_tabs_separate_the_same_cells_as_commas(sheet_of, line):
    sheet = sheet_of(line)
    tabs = [row.split("\t") for row in render(sheet, "tsv").splitlines()]
    plain = csv.reader(io.StringIO(render(sheet, "tsv"), newline=""), delimiter="\t")
    assert list(plain) == list(csv.reader(io.StringIO(render(sheet, "csv"), newline="")))
    assert {len(row) for row in tabs} == {len(sheet.columns)}


class Page(HTMLParser):
    """What a browser shows of a page: the table's rows, everything beside it, and the elements."""

    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.rows, self.beside, self.elements, self.open = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"th", "td"} & {*self.open}:
            self.rows[-1][-1] += data
        elif "style" not in self.open and data.strip():
            self.beside.append(data.strip())


@pytest.mark.parametrize("line", LINES)
def test_a_page_of_html_holds_the_same_cells_and_asks_for_nothing_from_elsewhere(sheet_of, line):
    sheet = sheet_of(line)
    text = render(sheet, "html")
    shown = Page(text)
    assert [[" ".join(cell.split()) for cell in row] for row in shown.rows] == everything(sheet)
    said = (*sheet.subtitle, *sheet.notes, *(part for pair in sheet.summary for part in pair))
    assert {" ".join(line.split()) for line in said if line} <= {
        " ".join(line.split()) for line in shown.beside
    }
    assert not {name for _, attrs in shown.elements for name in attrs} & {"src", "href", "onload"}
    assert "default-src 'none'" in text


@given(st.text(max_size=12))
@example("<script>alert(1)</script>")
@example("</style><b>")
@example('" onload="x')
@example("&lt;")
def test_a_name_is_only_a_name_to_a_browser(text):
    def of(word):
        column = Column(word, word, TEXT, word)
        return Sheet(
            (column,), ((word,),), title=word, subtitle=(word,), summary=((word, word),), notes=(word,)
        )

    sheet = of(f"x{text}")
    shown, plain = (Page(render(one, "html")) for one in (sheet, of("a")))
    assert [tag for tag, _ in shown.elements if tag != "p"] == [
        tag for tag, _ in plain.elements if tag != "p"
    ]
    known = {name for _, attrs in plain.elements for name in attrs}
    assert {name for _, attrs in shown.elements for name in attrs} <= known


def test_a_plot_is_a_bar_a_number_and_says_what_is_not_known():
    assert PLOT.text([0, 1, 500, 1000, None]) == " ▁▄█?"
    assert PLOT.text([]) == ""
    assert PLOT.plain((1, None)) == [1, None]
    assert PLOT.csv((1, None, 2.5)) == "1 ? 2.5"


def test_a_plot_has_signs_where_the_output_knows_no_blocks():
    heights = spell(PLOT.text(range(9)))
    assert len(heights) == 9
    assert heights.isascii()
    assert len(set(heights)) == 9


@pytest.mark.parametrize("line", LINES)
def test_csv_holds_every_value_and_numbers_as_numbers(sheet_of, line):
    sheet = sheet_of(line)
    head, *rows = csv.reader(io.StringIO(render(sheet, "csv"), newline=""))
    assert head == [column.key for column in sheet.columns]
    for row, raw in zip(rows, sheet.rows, strict=True):
        for column, text, value in zip(sheet.columns, row, raw, strict=True):
            kind = value.kind if column.kind.name == "mixed" and value != "" else column.kind
            plain = as_json(column.kind, value)
            if plain is None:
                assert text == ("whole" if kind.name == "field" and value else "")
            elif kind.name in ("axes", "field") and isinstance(plain, list):
                assert text == "x".join(map(str, plain if len(set(plain)) > 1 else plain[:1])), column.key
            elif kind.name in ("settings", "tensors", "names", "shapes", "flag"):
                assert text.removeprefix("'").replace("x", "×") == kind.text(value).replace("x", "×")
            elif isinstance(plain, list):
                assert text == "x".join(map(str, plain)), column.key
            elif kind.name == "derivation":
                assert text.split() == kind.text(value).split()
            elif isinstance(plain, str):
                assert text.removeprefix("'") == " ".join(plain.split())
            else:
                assert float(text) == plain, column.key


def rendered(markdown):
    """Return the rows of the one table in a Markdown text, as a reader shows them; nothing in them is set apart."""
    rows, inside = [], False
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        inside = (inside or token.type == "table_open") and token.type != "table_close"
        if token.type == "tr_open":
            rows.append([])
        elif inside and token.type == "inline":
            assert {child.type for child in token.children} <= {"text", "text_special"}, token.content
            rows[-1].append("".join(child.content for child in token.children))
    return rows


@pytest.mark.parametrize("line", LINES)
def test_markdown_is_a_table_of_the_same_cells(sheet_of, line):
    sheet = sheet_of(line)
    assert rendered(render(sheet, "markdown")) == everything(sheet)


HIGH = {plain: sign for sign, plain in RAISED.items()}
TEX = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\text{bytes}": "bytes",
    r"$\times$": "×",
    r"$\cdot$": "·",
    r"$\to$": "→",
    r"$\le$": "≤",
    r"$\ge$": "≥",
    r"$-$": "−",
    r"$\alpha$": "α",
    r"$\beta$": "β",
    r"$\gamma$": "γ",
    r"$\mu$": "μ",
    r"$\sigma$": "σ",
    r"\^{}": "\u0302",
    r"\dots{}": "…",
    r"$\surd$": "√",
    r"\cdot ": "·",
    r"\lfloor ": "⌊",
    r"\rfloor ": "⌋",
    r"\lceil ": "⌈",
    r"\rceil ": "⌉",
    r"$\Sigma$": "Σ",
    r"$\lambda$": "λ",
    "{,}": ",",
}


def untexed(cell, kind):
    """Return a cell of LaTeX as people read it, without blanks."""
    if kind.name == "derivation" and cell:
        steps, _, result = cell.strip().removeprefix("$").rpartition("$ ")
        steps = re.sub(r"_(\d)", lambda digit: "₀₁₂₃₄₅₆₇₈₉"[int(digit[1])], steps)
        cell = steps.replace("'", "′").replace("-", "−") + result
    for tex, sign in TEX.items():
        cell = cell.replace(tex, sign)
    cell = re.sub(r"\\textsuperscript\{(.)\}", lambda raised: chr(HIGH[ord(raised[1])]), cell)
    return re.sub(r"\\([&%$#_{}])", r"\1", cell).replace(" ", "")


@pytest.mark.parametrize("line", LINES)
def test_latex_holds_the_same_cells(sheet_of, line):
    sheet = sheet_of(line)
    body = render(sheet, "latex").partition("\\toprule\n")[2].partition("\\bottomrule")[0]
    head, *rows = [row.removesuffix(r" \\") for row in body.splitlines() if row != r"\midrule"]
    kinds = [column.kind for column in sheet.columns]
    split = [
        [untexed(cell, kind) for cell, kind in zip(re.split(r"(?<!\\)&", row), kinds, strict=True)]
        for row in rows
    ]
    titles = [untexed(cell, TEXT) for cell in re.split(r"(?<!\\)&", head)]
    assert [titles, *split] == [[text.replace(" ", "") for text in row] for row in everything(sheet)]


BARS = str.maketrans("", "", " █▉▊▋▌▍▎▏")


def drawn(sheet):
    """Return what stands on the lines of a table on a screen, without blanks; a share of nothing is left out."""
    rows = [
        [
            "" if column.kind.name == "share" and value == 0 else text
            for column, value, text in zip(*cells, strict=True)
        ]
        for cells in zip([sheet.columns] * len(sheet.rows), sheet.rows, texts(sheet, sheet.rows), strict=True)
    ]
    rows += texts(sheet, [sheet.footer] if sheet.footer else [])
    lines = [line for row in rows for line in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")]
    return ["".join(line).translate(BARS) for line in lines]


@pytest.mark.parametrize("line", LINES)
def test_a_screen_holds_the_same_cells(sheet_of, monkeypatch, line):
    monkeypatch.setenv("COLUMNS", str(WIDE))
    sheet = sheet_of(line)._replace(title="", subtitle=(), summary=(), notes=())
    head, *lines = [text for text in page(sheet).split("\n") if text.strip() and set(text.strip()) != {"─"}]
    assert head.replace(" ", "") == "".join(column.title for column in sheet.columns).replace(" ", "")
    assert [text.translate(BARS) for text in lines] == drawn(sheet)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=12)


@given(TEXTS)
@example("a|b")
@example("__init__")
@example("_private")
@example("snake_case_name")
@example("[a](http://b)")
@example("<b>&lt;&#35;")
@example("~~gone~~")
@example("`code` *em* \\|")
def test_a_name_is_only_a_name_to_a_reader_of_markdown(text):
    columns = (Column("a", "a", TEXT), Column("n", "n", COUNT))
    sheet = Sheet(columns, ((f"x{text}y", 7), (text, 7)))
    shown = [[" ".join(cell.split()) for cell in row] for row in rendered(render(sheet, "markdown"))[1:]]
    assert shown == [[" ".join(f"x{text}y".split()), "7"], [" ".join(text.split()), "7"]]


@given(TEXTS)
@example("# one")
@example("- one")
@example("1. one")
@example("2) one")
@example("+ one")
@example("> one")
@example("---")
@example("===")
def test_a_line_beside_the_table_is_only_a_line(text):
    sheet = Sheet((Column("n", "n", COUNT),), ((7,),), subtitle=(text,), notes=(text,))
    tokens = MarkdownIt("commonmark").enable("table").parse(render(sheet, "markdown"))
    lines = [token.content for token in tokens if token.level == 1 and token.type == "inline"]
    assert {token.type for token in tokens if token.level == 0} <= {
        "paragraph_open",
        "paragraph_close",
        "table_open",
        "table_close",
    }
    assert len(lines) == (2 if text.split() else 0)


def test_a_header_of_csv_is_no_formula_either():
    """What is compared is called as the caller says, such as a file of any name."""
    head = render(Sheet((Column("=1+1", "", TEXT), Column("＝a", "", TEXT)), ()), "csv").splitlines()[0]
    assert head == "'=1+1,'＝a"


def test_latex_has_a_command_for_every_sign():
    """Those that tables are drawn with are left out: a tabular draws its own lines."""
    drawn = set("─│╱├└█▉▊▋▌▍▎▏▁▂▃▄▅▆▇")
    signs = {chr(code) for table in (RAISED, LOWERED, SIGNS) for code in table} - drawn
    assert {sign for sign in signs if sign in sign.translate(LATEX)} == set()
