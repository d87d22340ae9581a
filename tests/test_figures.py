"""The vocabulary: what every page calls a figure is read from one table, and a new one needs no other place."""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.figures import FIGURES, Figure, column_keys, expectable, figure
from archcalc.sheet.kinds import BYTES, COUNT
from archcalc.views.schemas import report_schema

SPEC = "name: n\ninput: 3x8x8\nlayers:\n  - conv: {name: c, out: 4, kernel: 3}\n  - relu\n"


def test_a_row_and_a_total_say_a_figure_the_same_way():
    """What adds up over the rows is the total."""
    report = archcalc.analyze(archcalc.load("googlenet"), batch=2)
    for key in (
        "params",
        "fixed",
        "buffers",
        "macs",
        "flops",
        "activations",
        "weight_bytes",
        "activation_bytes",
    ):
        one = FIGURES[key]
        assert sum(one.of_row(row, report) for row in report.rows) == one.of_total(report)


@pytest.mark.parametrize("key", [key for key, one in FIGURES.items() if one.limit])
def test_a_limit_holds_up_to_the_figure_and_not_below(key):
    network = archcalc.load("lenet5")
    value = FIGURES[key].of_total(archcalc.analyze(network, batch=3))
    limits = [f"{key} <= {value}", f"{key} <= {value - 1}"] if value else [f"{key} <= 0", f"{key} < 0"]
    assert [archcalc.check(network, [text], batch=3)[0].verdict for text in limits] == ["ok", "wrong"]


def test_a_limit_on_what_is_no_figure_is_refused():
    with pytest.raises(ArchcalcError, match="there is no limit on 'parms'") as caught:
        archcalc.check(archcalc.load("lenet5"), ["parms <= 1"])
    assert "params" in caught.value.hint
    with pytest.raises(ArchcalcError, match="there is no limit on 'settings'"):
        archcalc.check(archcalc.load("lenet5"), ["settings <= 1"])


@pytest.fixture
def tall(monkeypatch):
    """Register a figure as a question that comes later does."""
    monkeypatch.setattr("archcalc.analysis.figures.vocabulary.FIGURES", FIGURES)
    figure(
        Figure(
            "tall",
            COUNT,
            "numbers along the height",
            label="height",
            of=lambda row, report: row.output_shape[2],
            total=lambda report: max(row.output_shape[2] for row in report.rows),
            listed=True,
            expect="both",
            limit=True,
            formula=lambda traced: traced.at.y[2] * traced.each,
            unit="B",
            meaning="how tall it is",
        )
    )
    yield
    del FIGURES["tall"]


@pytest.mark.usefixtures("tall")
def test_a_figure_that_is_registered_is_everywhere(run, tmp_path):
    path = tmp_path / "n.yaml"
    path.write_text(f"{SPEC}expect: {{tall: 8, source: by hand, layers: {{c: {{tall: 7}}}}}}\n")
    shown = json.loads(run("show", path, "--format", "json").out)
    assert [row["tall"] for row in shown["rows"]] == [8, 6, 6]
    assert shown["totals"]["tall"] == 8
    assert "tall" in column_keys()
    assert "tall" in expectable(of_layer=False)
    assert (
        report_schema()["$defs"]["totals"]["properties"]["tall"]["description"] == "numbers along the height"
    )
    assert "tall" in archcalc.spec_schema()["$defs"]["expect"]["anyOf"][0]["properties"]
    assert "how tall it is" in run("explain", path, "c").out
    found = archcalc.check(archcalc.load(path), ["tall <= 7"])
    assert [(one.layer, one.computed, one.verdict) for one in found] == [
        (None, 8, "wrong"),
        (None, 8, "ok"),
        ("c", 6, "wrong"),
    ]


def test_keys_are_the_surface_s():
    """The keys that a budget may bound are those that users type."""
    assert {key for key, one in FIGURES.items() if one.limit and one.kind is BYTES} == {
        "weight_bytes",
        "activation_bytes",
        "peak_bytes",
        "arena_bytes",
        "memory_bytes",
        "deployed.weight_bytes",
        "deployed.peak_bytes",
        "deployed.arena_bytes",
        "train.kept_bytes",
        "train.gradients_bytes",
        "train.optimizer_bytes",
        "train.peak_bytes",
        "train.reserved_bytes",
    }
