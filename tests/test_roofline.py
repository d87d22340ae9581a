"""The roofline of a network: where its layers are by hand, and a picture that fits every screen."""

from __future__ import annotations

import csv
import io
import json

import pytest

import archcalc
from archcalc.sheet.layout import lay_out
from archcalc.sheet.scatter import Dot, Roof, Scatter
from archcalc.sheet.signs import spell
from archcalc.views.roofline import roofline

PEAK, BANDWIDTH = 989.4e12, 3.35e12
LINE = "latency resnet50 --device h100 --batch 8 --dtype float16 --roofline"


def lines(sheet, width, spelled=str):
    return ["".join(text for text, _ in line).rstrip() for line in lay_out(sheet, width, spelled)]


@pytest.fixture(scope="module")
def sheet():
    report = archcalc.analyze("resnet50", batch=8, dtype="float16", device=archcalc.place("h100", "graph"))
    return roofline(report)


def test_layers_are_where_arithmetic_by_hand_puts_them(run):
    told = json.loads(run(*LINE.split(), "--format", "json").out)
    rows = {row["layer"]: row for row in told["rows"]}
    assert len(rows) == 54  # 53 convolutions and a fully connected layer
    macs = 8 * 112 * 112 * 64 * 3 * 7 * 7
    moved = 2 * (8 * 3 * 224 * 224 + 64 * 3 * 7 * 7 + 8 * 64 * 112 * 112)
    conv1 = rows["conv1"]
    assert conv1["intensity"] == pytest.approx(2 * macs / moved)
    assert conv1["operations_per_second"] == pytest.approx(2 * macs / (conv1["time_us"] / 1e6), rel=1e-6)
    assert conv1["roof"] == pytest.approx(min(PEAK, BANDWIDTH * 2 * macs / moved), rel=1e-6)
    assert (told["peak"], told["bandwidth"]) == (round(PEAK), round(BANDWIDTH))
    assert told["ridge"] == pytest.approx(PEAK / BANDWIDTH)
    table = list(csv.DictReader(io.StringIO(run(*LINE.split(), "--format", "csv").out)))
    assert [row["layer"] for row in table] == list(rows)


def test_an_attention_in_one_kernel_is_one_point():
    report = archcalc.analyze("vit_b_16", dtype="float16", device=archcalc.place("h100", "graph"))
    names = [row[0] for row in roofline(report).rows]
    assert any(name.endswith("attention1.mixed") for name in names)
    assert not any(name.endswith("attention1.scores") for name in names)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_picture_fits_the_screen(sheet, width):
    drawn = lines(sheet, width)
    assert max(map(len, drawn)) <= width
    assert "operations a second" in drawn
    assert any(line.endswith("operations a byte (OP/B)") for line in drawn)
    assert any(line.lstrip().startswith("1 POP/s │") for line in drawn)


def test_it_is_plain_ascii_where_the_terminal_has_no_more(sheet):
    drawn = lines(sheet, 80, spell)
    assert all(line.isascii() for line in drawn)
    assert any("/" in line and line.endswith(("/", "-")) for line in drawn)


def test_marks_and_roof_stand_on_logarithmic_axes():
    """From 1 to 100 across 67 columns and from 10 to 1000 in 20 lines a decade is 33 columns and 9.5 lines."""
    marks = [Dot(1, 10, "a"), Dot(10, 100, "b"), Dot(100, 1000, "C", heavy=True)]
    drawn = ["".join(t for t, _ in line) for line in Scatter(marks, Roof(20, 1000), "x", "y", "U").draw(80)]
    places = {
        letter: (drawn[1:21][::-1].index(line), line.index(letter) - 13)
        for letter in "abC"
        for line in drawn[1:21]
        if letter in line
    }
    assert places == {"a": (0, 0), "b": (10, 33), "C": (19, 66)}
    assert "─" in drawn[1]
    assert "╱" not in drawn[1]
    roof = drawn[1:21][::-1]
    assert roof[3].rstrip().endswith("╱")  # 20 at 1: log10(2) of a decade up


def test_a_network_without_products_has_no_picture(run):
    result = run("latency", "{relu: }", "--input", "8", "--device", "h100", "--roofline")
    assert "roof" in result.out
    assert "│" not in result.out


def test_a_folded_roofline_is_refused(run):
    result = run("latency", "lenet5", "--device", "h100", "--roofline", "--depth", "1")
    assert "--roofline shows single layers: leave out --depth" in result.err
