"""Python's side of the house: what is completed, what a model may be, and how reports and answers show themselves."""

from __future__ import annotations

import copy
import doctest
import json
import pickle
import rlcompleter
import subprocess
import sys
from collections import OrderedDict
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.sheet.pages import PAGES, Paged
from archcalc.sheet.renderers import MODULES

ROOT = Path(__file__).parents[1]
SPEC = {
    "name": "tiny",
    "input": "3x8x8",
    "parameters": {"width": 4},
    "layers": [{"conv": {"out": "width", "kernel": (3,), "bias": True}}, "relu", "flatten", {"linear": 10}],
    "budget": ["params <= 2K"],
}
TEXT = """\
name: tiny
input: 3x8x8
parameters: {width: 4}
layers:
  - conv: {out: width, kernel: 3}
  - relu
  - flatten
  - linear: 10
budget: [params <= 2K]
"""


def test_everything_public_is_completed_before_it_is_imported():
    """As an interactive Python does it, in a process where nothing of archcalc has been used yet."""
    code = (
        "import rlcompleter, sys, archcalc; before = set(sys.modules);"
        "found = rlcompleter.Completer({'archcalc': archcalc}); names = dir(archcalc);"
        "print(*names, *set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    )
    names = {name for name in done.stdout.split() if not name.startswith("__")}
    assert names == set(archcalc.__all__)
    assert rlcompleter.Completer({"archcalc": archcalc}).attr_matches("archcalc.anal") == [
        "archcalc.analyze("
    ]
    assert rlcompleter.Completer({"report": archcalc.analyze("lenet5")}).attr_matches("report.to_") == [
        "report.to_dict()",
        "report.to_pandas()",
    ]


def test_what_the_package_says_of_itself_is_so():
    assert doctest.testmod(archcalc).failed == 0
    assert doctest.testmod(archcalc).attempted >= 4


@pytest.mark.parametrize(
    "spec",
    [SPEC, OrderedDict(SPEC), MappingProxyType(SPEC), json.loads(json.dumps(SPEC)), TEXT],
    ids=["dict", "ordered", "proxy", "json", "text"],
)
def test_a_spec_may_be_a_text_or_a_mapping(network, spec):
    assert archcalc.loads(spec) == network(TEXT)
    if not isinstance(spec, str):
        assert archcalc.load(spec) == network(TEXT)
        assert archcalc.analyze(spec).totals == archcalc.analyze(network(TEXT)).totals
    wide = archcalc.loads(spec, parameters={"width": 8})
    assert archcalc.analyze(wide).totals.params == 8 * 28 + 8 * 36 * 10 + 10


def test_analyze_check_and_compare_take_what_load_takes(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(TEXT)
    for model in (SPEC, path, str(path), archcalc.load(path)):
        assert archcalc.analyze(model, batch=2).totals.macs == 2 * (36 * 27 * 4 + 1440)
        assert [one.verdict for one in archcalc.check(model)] == ["ok"]
        assert archcalc.compare(model, "alexnet").labels == ("tiny", "alexnet")
    assert archcalc.analyze("alexnet", parameters={"classes": 10}).rows[-1].output_shape == (1, 10)
    assert archcalc.analyze("AlexNet").totals == archcalc.analyze(archcalc.load("alexnet")).totals
    with pytest.raises(ArchcalcError, match="tiny is loaded already"):
        archcalc.analyze(archcalc.load(path), parameters={"width": 2})


def test_a_variant_of_a_family_is_named():
    family = SPEC | {"variants": {"small": {}, "large": {"width": 8}}}
    assert archcalc.loads(family, variant="large").parameters == {"width": 8}
    with pytest.raises(ArchcalcError, match="tiny is a family") as caught:
        archcalc.load(family)
    assert caught.value.hint == "choose one of small, large"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SPEC | {"layers": [{"conv": {"ot": 4}}]}, "<mapping>:10:9: conv has no setting 'ot'"),
        (
            SPEC | {"layers": [{"conv": object()}]},
            "a spec holds texts, numbers, truth values, lists and mappings",
        ),
        (SPEC | {"input": {3, 8}}, "a spec holds texts"),
        (SPEC | {("a", "b"): 1}, "a spec holds texts"),
        (SPEC | {"name": "a\x1b[31m"}, "control characters"),
        (SPEC | {"input": 10**30}, "too large"),
        (SPEC | {"input": 10**5000}, "a spec holds texts"),
        (SPEC | {"name": "\ud800"}, "not text"),
        (SPEC | {"width": float("nan")}, "a spec has no 'width'"),
        ("[", "<text>:2:1: YAML"),
        ("", "<text>: is empty"),
        (5, "a spec is a text or a mapping, not 5"),
        (b"input: 3", "a spec is a text or a mapping"),
        (None, "a spec is a text or a mapping, not None"),
    ],
    ids=range(14),
)
def test_a_wrong_spec_is_answered_with_its_place(spec, message):
    with pytest.raises(ArchcalcError) as caught:
        archcalc.loads(spec)
    assert message in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


def test_a_mapping_without_end_is_refused(monkeypatch):
    deep = circular = {}
    circular["a"] = circular
    with pytest.raises(ArchcalcError):
        archcalc.loads(circular)
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ArchcalcError, match="nested deeper"):
        archcalc.loads(deep)
    monkeypatch.setenv("ARCHCALC_MAX_FILE_BYTES", "100")
    for spec in (SPEC, TEXT):
        with pytest.raises(ArchcalcError, match="is larger than 100 bytes") as caught:
            archcalc.loads(spec)
        assert "ARCHCALC_MAX_FILE_BYTES" in caught.value.hint


def things():
    """Return what has a page, by the line that shows it on the command line."""
    report = archcalc.analyze("lenet5", batch=2)
    pool = archcalc.analyze("maxpool: 2", input="1x2x2")
    return {
        "show lenet5 --batch 2": report,
        "explain lenet5 c1 --batch 2": archcalc.explain(report, "c1"),
        "explain lenet5 c1 --batch 2 --train": archcalc.explain_step(
            archcalc.analyze("lenet5", batch=2, train=True), "c1"
        ),
        "explain lenet5 c1 --device h100": archcalc.explain_time(
            archcalc.analyze("lenet5", device="h100"), "c1"
        ),
        'explain {"maxpool":2} --on [[1,2],[3,4]]': archcalc.work_out(pool, [[1, 2], [3, 4]]),
        "explain lenet5 c1 --batch 2 --im2col": archcalc.unfold(report, "c1"),
        "compare 3x3x3 7x7": archcalc.compare("3x3x3", "7x7"),
        "compare lenet5 lenet5_1998": archcalc.compare("lenet5", "lenet5_1998"),
        "show resnet18": archcalc.analyze("resnet18"),
    }


THINGS = things()


def test_every_page_has_its_thing_here():
    assert {type(thing).__name__ for thing in THINGS.values()} == set(PAGES)
    assert all(isinstance(thing, Paged) for thing in THINGS.values())


@pytest.mark.parametrize("line", THINGS)
@pytest.mark.parametrize("form", MODULES)
def test_a_thing_shows_itself_as_the_command_line_does(run, monkeypatch, line, form):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert THINGS[line].table(form) == run(*line.split(), "--format", form).out


@pytest.mark.parametrize("line", THINGS)
def test_its_data_are_those_of_json(run, line):
    plain = THINGS[line].to_dict()
    assert json.loads(json.dumps(plain)) == plain == json.loads(run(*line.split(), "--format", "json").out)


def test_a_text_has_no_colours_whatever_the_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = THINGS["show lenet5 --batch 2"].table()
    assert text.replace("\n", "").isprintable()
    assert THINGS["show lenet5 --batch 2"].table("table") == text


def test_a_format_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(ArchcalcError, match="there is no format 'markdwon'") as caught:
        THINGS["show resnet18"].table("markdwon")
    assert caught.value.hint == "did you mean markdown?"


@pytest.mark.parametrize("line", THINGS)
def test_a_thing_reads_on_one_line(line):
    text = repr(THINGS[line])
    assert len(text) < 120
    assert text.isprintable()
    assert text.startswith(f"<{type(THINGS[line]).__name__} of ")


def test_names_are_safe_on_a_line_and_in_a_notebook():
    hostile = "x\x1b[2J\n<script>alert(1)</script>"
    network = archcalc.loads(TEXT)
    nodes = (network.nodes[0], network.nodes[1]._replace(name=hostile), *network.nodes[2:])
    report = archcalc.analyze(network._replace(name=hostile, title=hostile, source=hostile, nodes=nodes))
    shown = (report, archcalc.explain(report, hostile), archcalc.compare(report.run.network, "lenet5"))
    for thing in (*shown, report.run.network):
        assert repr(thing).isprintable()
    for thing in shown:
        page = thing._repr_html_()
        assert {tag for tag, _ in Elements(page).found} <= {
            *["div", "style", "table", "caption", "small", "thead", "tbody", "tfoot"]
        } | {*["tr", "th", "td", "span", "meter", "dl", "dt", "dd", "p"]}
        assert "alert(1)" in page
        assert not any(ord(sign) < 32 and sign != "\n" for sign in page)


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))


@pytest.mark.parametrize("line", THINGS)
def test_a_notebook_gets_a_part_of_a_page(run, line):
    page = run(*line.split(), "--format", "html").out
    part = THINGS[line]._repr_html_()
    assert part in page
    assert "<body" not in part
    assert Elements(part).found[0] == ("div", [("class", "archcalc")])


@pytest.mark.parametrize("line", THINGS)
def test_a_data_frame_holds_the_rows(monkeypatch, line):
    """pandas itself need not be there: it gets the rows, each a mapping with the same keys."""
    frames = SimpleNamespace(DataFrame=lambda rows: ("frame", rows))
    monkeypatch.setitem(sys.modules, "pandas", frames)
    assert THINGS[line].to_pandas() == ("frame", THINGS[line].to_dict()["rows"])


def test_without_pandas_that_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ArchcalcError, match="takes pandas, which is not installed") as caught:
        THINGS["show resnet18"].to_pandas()
    assert caught.value.hint == "pip install pandas"


def test_pandas_adds_the_columns_up():
    pytest.importorskip("pandas")
    frame = THINGS["show resnet18"].to_pandas()
    assert frame["params"].sum() == 11_689_512
    assert list(frame["from"].iloc[1]) == ["input"]


@pytest.mark.parametrize("line", THINGS)
def test_a_thing_is_a_value(line):
    """It can be copied, kept and changed in one field, and is still what it was."""
    thing = THINGS[line]
    assert pickle.loads(pickle.dumps(thing)) == copy.deepcopy(thing) == thing  # noqa: S301  # our own
    assert type(thing._replace()) is type(thing)
