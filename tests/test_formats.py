"""The same numbers in every format, and numbers as people read them."""

from __future__ import annotations

import csv
import io
import json
import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import archcalc
from archcalc.analysis.figures import FIGURES, column_keys
from archcalc.ground.errors import printable
from archcalc.network.network import Node
from archcalc.op.op import Op
from archcalc.sheet.kinds import BYTES, COUNT, SHARE, TEXT, WORDS
from archcalc.sheet.numbers import percent, short, write_bytes
from archcalc.sheet.renderers import render
from archcalc.sheet.sheet import Column, Sheet
from archcalc.sheet.terminal import page
from archcalc.views.layers import layers

SUMMED = ("params", "fixed", "buffers", "macs", "flops", "activations")
"""The columns whose total is the sum of their rows, by the name that the total has in JSON."""
MODELS = ("lenet5_1998", "alexnet", "squeezenet1_0", "resnet18")


def cells(markdown):
    """Return the rows of the one table in a Markdown text, split as GitHub splits them."""
    lines = [line for line in re.split("\r\n?|\n", markdown) if line.startswith("|")]
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines
    ]


def number(text):
    return int(text.replace(",", ""))


@pytest.mark.parametrize("model", MODELS)
def test_every_format_says_the_same_numbers(run, model):
    names = ["layer", "output", *SUMMED]
    args = ("show", model, "--depth", "all", "--columns", ",".join(names), "--format")
    document = json.loads(run(*args, "json").out)
    expected = [[row["layer"], row["output"], *(row[name] for name in SUMMED)] for row in document["rows"]]

    comma = list(csv.reader(io.StringIO(run(*args, "csv").out)))
    assert comma[0] == names
    assert [[row[0], [*map(int, row[1].split("x"))], *map(int, row[2:])] for row in comma[1:]] == expected

    titles, _, *marked, total = cells(run(*args, "markdown").out)
    assert titles == [FIGURES[name].title or name for name in names]
    assert [[row[0], [*map(int, row[1].split("×"))], *map(number, row[2:])] for row in marked] == expected
    assert [*map(number, total[2:])] == [document["totals"][name] for name in SUMMED]

    drawn = run(*args, "table", COLUMNS=250).out.splitlines()
    rules = [place for place, line in enumerate(drawn) if line.startswith("─")]
    shown = [line.split() for line in drawn[rules[0] + 1 : rules[1]]]
    assert [[row[0], [*map(int, row[1].split("×"))], *map(number, row[2:])] for row in shown] == expected
    assert [*map(number, drawn[rules[1] + 1].split()[1:])] == [*map(number, total[2:])]


@pytest.mark.parametrize("model", [*MODELS, "googlenet", "shufflenet_v2_x0_5"])
def test_csv_opens_as_numbers_that_add_up_to_the_totals(run, model):
    totals = json.loads(run("show", model, "--format", "json").out)["totals"]
    rows = list(csv.DictReader(io.StringIO(run("show", model, "--format", "csv").out)))
    assert {name: sum(int(row[name]) for row in rows) for name in SUMMED} == {n: totals[n] for n in SUMMED}
    assert sum(float(row["params_share"]) for row in rows) == pytest.approx(1, abs=1e-4)
    numeric = [key for key in rows[0] if key in FIGURES and FIGURES[key].kind in (COUNT, BYTES, SHARE)]
    assert all(float(row[key]) >= 0 for row in rows for key in numeric)


@pytest.mark.parametrize("columns", [(), ("--columns", "all")])
def test_json_of_show_has_every_column_and_those_of_a_training_step_where_it_is_asked(run, columns):
    rows = json.loads(run("show", "lenet5", *columns, "--format", "json").out)["rows"]
    keys = [
        key
        for name in column_keys()
        if columns or not FIGURES[name].asked
        for key in (name, *(f"{name}_{aside}" for aside in FIGURES[name].kind.aside))
    ]
    assert [list(row) for row in rows] == [keys] * len(rows)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_machines_get_all_layers_even_of_a_deep_network(run, form):
    """DenseNet-121 has 121 weighted layers; on a screen its blocks are folded."""
    text = run("show", "densenet121", "--columns", "layer,op", "--format", form).out
    rows = json.loads(text)["rows"] if form == "json" else list(csv.DictReader(io.StringIO(text)))
    assert sum(row["op"] in ("conv", "linear") for row in rows) == 121


@pytest.mark.parametrize("form", ["json", "csv"])
def test_machines_get_whole_names_in_a_tree(run, form):
    text = run("tree", "resnet18", "--format", form).out
    rows = json.loads(text)["rows"] if form == "json" else list(csv.DictReader(io.StringIO(text)))
    names = [row["layer"] for row in rows]
    assert {"conv2_x", "conv2_x.basic1", "conv2_x.basic1.residual.conv1"} <= set(names)
    assert not any(set(name) & set("├─└│ ") for name in names)


class Mystery(Op):
    """An op that cannot say what it costs."""

    def work(self, at):
        return None


@pytest.fixture
def puzzling(network):
    """A sheet of a network with an op whose work is not known, below an ordinary convolution."""
    known = network("input: 1x4x4\nlayers: [{conv: {out: 2, kernel: 3}}]")
    puzzle = known._replace(nodes=(*known.nodes, Node("riddle", Mystery(), inputs=(1,))))
    keys = ("layer", "params", "macs", "macs_share", "flops", "comparisons")
    return layers(archcalc.analyze(puzzle), keys)


def test_what_is_not_known_is_never_0(puzzling):
    document = json.loads(render(puzzling, "json"))
    assert document["rows"][-1] == {
        "layer": "riddle",
        "params": 0,
        "macs": None,
        "macs_share": None,
        "flops": None,
        "comparisons": None,
    }
    assert render(puzzling, "csv").splitlines()[-1] == "riddle,0,,,,"
    assert cells(render(puzzling, "markdown"))[-2] == ["riddle", "0", "?", "?", "?", "?"]
    (line,) = [line for line in page(puzzling).splitlines() if line.startswith("riddle ")]
    assert line.split() == ["riddle", "0", "?", "?", "?", "?"]


def test_a_total_that_leaves_something_out_says_so_in_every_format_that_has_totals(puzzling):
    assert json.loads(render(puzzling, "json"))["totals"]["complete"] is False
    for text in (page(puzzling), render(puzzling, "markdown")):
        assert re.search(r"incomplete.*riddle", text)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


def sheet_of(*texts):
    columns = (Column("a", "a", TEXT), Column("b", "b", WORDS), Column("n", "n", COUNT))
    return Sheet(columns, tuple((text, text, 7) for text in texts))


@given(TEXTS, TEXTS)
@example("a|b", "one\ntwo\rthree")
def test_markdown_is_a_well_formed_table_whatever_the_cells_hold(one, other):
    head, rule, *rows = cells(render(sheet_of(one, other), "markdown"))
    assert head == ["a", "b", "n"]
    assert all(re.fullmatch(":?-+:?", cell) for cell in rule)
    assert [len(row) for row in (rule, *rows)] == [3, 3, 3]
    assert [row[2] for row in rows] == ["7", "7"]


@given(TEXTS)
@example("=1+1")
@example("\t=1+1")
@example("\r=1+1")
def test_no_csv_cell_runs_as_a_formula(text):
    """The characters that start one: OWASP, CSV injection."""
    (row,) = csv.DictReader(io.StringIO(render(sheet_of(text), "csv"), newline=""))
    assert not row["a"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert row["a"].removeprefix("'").split() == [printable(word) for word in text.removeprefix("'").split()]


@given(TEXTS)
def test_json_gives_every_text_back(text):
    given = text or None
    assert json.loads(render(sheet_of(text), "json"))["rows"] == [{"a": given, "b": given, "n": 7}]


PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
BINARY = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}


def read(text, units):
    """Return what a short number says, how large a unit of its last digit is, and its digits."""
    figures, _, unit = text.partition(" ")
    decimals = len(figures.partition(".")[2])
    exact = Fraction(figures.replace(",", ""))
    return exact * units[unit], Fraction(units[unit], 10**decimals), figures.replace(",", "").replace(".", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (999, "999"),
        (1000, "1.00 k"),
        (1005, "1.01 k"),
        (9994, "9.99 k"),
        (9995, "10.0 k"),
        (9999, "10.0 k"),
        (99_949, "99.9 k"),
        (99_950, "100 k"),
        (99_999, "100 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (999_999, "1.00 M"),
        (62_378_344, "62.4 M"),
        (138_357_544, "138 M"),
        (1_135_256_096, "1.14 G"),
        (15_470_264_320, "15.5 G"),
        (10**15, "1.00 P"),
    ],
)
def test_a_short_count_has_three_digits_rounded_half_up(value, text):
    assert short(value) == text


def around(base, most):
    """Whole numbers, many of them just below a power of `base`, where rounding carries over."""
    edges = st.builds(lambda power, below: base**power - below, st.integers(1, most), st.integers(0, base))
    return edges | st.integers(0, base**most)


@given(around(10, 17))
def test_a_short_count_is_never_wrong_in_its_last_digit(value):
    said, unit, digits = read(short(value), PREFIXES)
    assert abs(said - value) <= unit / 2
    assert len(digits) == 3 or value < 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (10_235, "10.0 KiB"),  # 9.995 KiB
        (2**20 - 1, "1.00 MiB"),
        (2**20, "1.00 MiB"),
        (4 * 62_378_344, "238 MiB"),  # 249,513,376/1,048,576 = 237.95
        (3 * 2**29, "1.50 GiB"),
        (2**50, "1.00 PiB"),
    ],
)
def test_bytes_are_in_binary_units(value, text):
    assert write_bytes(value) == text


@example(1_073_204_953_088)  # 999.5 GiB, which is not yet a TiB
@given(around(1024, 5))
def test_short_bytes_are_never_wrong_in_their_last_digit(value):
    said, unit, digits = read(write_bytes(value), BINARY)
    assert abs(said - value) <= unit / 2
    assert len(digits) == 3 or 999 < int(digits) < 1024 or value < 1024


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0%"), (1e-9, "<0.1%"), (0.000499, "<0.1%"), (0.0006, "0.1%"), (0.605, "60.5%"), (1, "100.0%")],
)
def test_a_share_is_in_percent_with_one_decimal(share, text):
    assert percent(share) == text


@given(st.floats(0, 1, exclude_min=True))
def test_a_share_of_something_is_never_nothing_and_right_to_the_digit(share):
    text = percent(share)
    assert text != "0.0%"
    if not text.startswith("<"):
        assert float(text[:-1]) == pytest.approx(100 * share, abs=0.0501)
