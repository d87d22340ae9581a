"""Networks drawn: the graph with blocks folded, and its text in Mermaid and in DOT, whatever things are called."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import archcalc
from archcalc.formats.pictures.dot import dot
from archcalc.formats.pictures.graph import graph, label, lines
from archcalc.formats.pictures.mermaid import mermaid
from archcalc.ground.errors import visible

NETWORKS = (
    "googlenet",
    "resnet50",
    "alexnet_two_gpus",
    "shufflenet_v2_x1_0",
    "densenet121",
    "mobilenet_v3_small",
)
ALL = 10**6

SMALL = """
name: small
title: A small "net"
input: 3x8x8
blocks:
  unit: {layers: [{add: {name: sum, branches: {left: [{conv: {out: 4, kernel: 1}}], right: [{conv: {out: 4, kernel: 1}}]}}}]}
layers:
  - conv: {name: stem, out: 4, kernel: 3, padding: 1}
  - unit
  - auxiliary: {name: head, layers: [flatten, {linear: 2}]}
  - relu: {name: top}
"""
"""stem 3·3·3·4 + 4 = 112 parameters; unit1 2·(4·4 + 4) = 40; head 4·8·8·2 + 2 = 514."""


def test_mermaid(report_of):
    assert (
        mermaid(report_of(SMALL), 1)
        == """\
---
title: "A small \\"net\\""
---
flowchart TB
  n0(["input"])
  n1["stem<br>conv out 4, kernel 3, padding 1<br>112 parameters"]
  n2[["unit1<br>3 layers<br>40 parameters"]]
  n3["top<br>relu"]
  n0 -->|"3×8×8"| n1
  n1 -->|"4×8×8"| n2
  n2 -->|"4×8×8"| n3
  n3 -->|"4×8×8"| o3
  o3(["output"])
  classDef data stroke-width:2px
  class n0,o3 data
"""
    )


def test_dot(report_of):
    assert (
        dot(report_of(SMALL, train=True), 1)
        == """\
digraph {
  graph [label="A small \\"net\\"", labelloc=t, fontname="Helvetica,sans-serif"]
  node [shape=box, fontname="Helvetica,sans-serif"]
  edge [fontname="Helvetica,sans-serif", fontsize=10]
  n0 [label="input", shape=oval]
  n1 [label="stem\\nconv out 4, kernel 3, padding 1\\n112 parameters"]
  n2 [label="unit1\\n3 layers\\n40 parameters", peripheries=2]
  n3 [label="head\\n2 layers\\n514 parameters", peripheries=2]
  n4 [label="top\\nrelu"]
  n0 -> n1 [label=" 3×8×8"]
  n1 -> n2 [label=" 4×8×8"]
  n2 -> n3 [label=" 4×8×8"]
  n2 -> n4 [label=" 4×8×8"]
  n3 -> o4 [label=" 2"]
  o4 [label="output", shape=oval]
  n4 -> o5 [label=" 4×8×8"]
  o5 [label="output", shape=oval]
}
"""
    )


def drawn(report, depth=1):
    """Return a graph's vertices by name, and its edges as text."""
    found = graph(report, depth)
    names = [vertex.row.name for vertex in found.vertices]
    heads = ["out" if edge.head is None else names[edge.head] for edge in found.edges]
    return names, [
        f"{names[e.tail]} > {head}: {label(e)}" for e, head in zip(found.edges, heads, strict=True)
    ]


GRAPHS = {
    # layers on 3x8x8, the vertices, the edges with blocks folded to one level
    "a tensor that leaves a block in the middle says which one it is": (
        "blk, add: {from: [blk1.c, blk1]}",
        ["input", "blk1", "add1"],
        ["input > blk1: 3×8×8", "blk1 > add1: blk1.c 3×8×8", "blk1 > add1: 3×8×8", "add1 > out: 3×8×8"],
    ),
    "a block that is entered from two places": (
        "relu: {name: a}, blk: {from: input}, two",
        ["input", "a", "blk1", "two1"],
        [
            "input > a: 3×8×8",
            "input > blk1: 3×8×8",
            "a > two1: 3×8×8",
            "blk1 > two1: 3×8×8",
            "two1 > out: 3×8×8",
        ],
    ),
    "a tensor that several layers of a block take is one arrow": (
        "fork, relu: {name: t}",
        ["input", "fork1", "t"],
        ["input > fork1: 3×8×8", "fork1 > t: 3×8×8", "t > out: 3×8×8"],
    ),
    "a layer that takes a tensor twice has two": (
        "relu: {name: a}, add: {from: [a, a]}",
        ["input", "a", "add1"],
        ["input > a: 3×8×8", "a > add1: 3×8×8", "a > add1: 3×8×8", "add1 > out: 3×8×8"],
    ),
    "a block of one layer is that layer": (
        "add: {branches: {one: [{conv: {out: 3, kernel: 1}}], none: []}}",
        ["input", "one", "add1"],
        ["input > one: 3×8×8", "one > add1: 3×8×8", "input > add1: 3×8×8", "add1 > out: 3×8×8"],
    ),
}
BLOCKS = """blocks:
  blk: {layers: [{conv: {name: c, out: 3, kernel: 1}}, relu]}
  two: {layers: [{add: {from: [a, input]}}, relu]}
  fork: {layers: [{add: {branches: {x: [relu], y: [tanh], z: []}}}]}
"""


@pytest.mark.parametrize(("layers", "vertices", "edges"), GRAPHS.values(), ids=GRAPHS)
def test_what_is_drawn(report_of, layers, vertices, edges):
    assert drawn(report_of(f"input: 3x8x8\n{BLOCKS}layers: [{layers}]\n")) == (vertices, edges)


def test_a_block_whose_layers_do_not_follow_one_another_is_several(report_of):
    """One vertex would stand before and after `b`: the arrows would go round."""
    report = report_of(
        "input: 3x8x8\nlayers: [relu: {name: p}, tanh: {name: q}, sigmoid: {name: r}, relu: {name: s}]"
    )
    names = {"p": "a.1", "q": "b", "r": "a.2", "s": "a.3"}
    rows = tuple(
        row._replace(name=names.get(row.name, row.name), inputs=tuple(names.get(n, n) for n in row.inputs))
        for row in report.rows
    )
    found = drawn(report._replace(rows=rows, outputs=rows[-1:]))
    shape = "3×8×8"
    assert found == (
        ["input", "a", "b", "a"],
        [f"input > a: {shape}", f"a > b: {shape}", f"b > a: {shape}", f"a > out: {shape}"],
    )


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("depth", [None, 1, 2, ALL])
def test_a_graph_holds_every_layer_and_goes_forward(name, depth):
    report = archcalc.analyze(archcalc.load(name), train=True)
    found = graph(report, depth)
    assert sum(vertex.layers for vertex in found.vertices) == len(report.rows)
    assert sum(vertex.row.params for vertex in found.vertices) == report.totals.params
    assert all(edge.head is None or edge.tail < edge.head for edge in found.edges)
    reached = {edge.head for edge in found.edges} | {0}
    assert reached >= set(range(len(found.vertices)))
    assert {edge.tail for edge in found.edges} == set(range(len(found.vertices)))
    if depth == ALL:
        taken = [edge for edge in found.edges if edge.head is not None]
        assert len(found.vertices) == len(report.rows)
        assert len(taken) == sum(len(row.inputs) for row in report.rows)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_picture_opens_folded_and_unfolds(name):
    report = archcalc.analyze(archcalc.load(name))
    assert len(graph(report, None).vertices) <= max(48, len(graph(report, 1).vertices))
    assert len(graph(report, ALL).vertices) == len(report.rows)


NAMES = st.text(st.characters(codec="utf-8"), max_size=20)
HOSTILE = [
    '"]; evil[label="x"',
    "a\\",
    "\\N \\G \\l",
    "<b>hi</b><script>alert(1)</script>",
    "&lt;&amp;#35;#quot;",
    "`x` **y** __z__ _w_",
    "1. item",
    "- item",
    "%%{init: {}}%%",
    "style a:#1;",
    "fa:fa-car",
    "новый слой 网络 é",
    "line\nbreak\ttab\r",
    "\x00\x07\x85\u2028",
    "|pipe|{}[]()",
    "ﬂ°°65¶ß",
    "\u202eabc",
    "$$x$$",
    "end",
    "/layer1/layer1.0/conv1/Conv",
    "---",
    "",
]


@cache
def lenet():
    return archcalc.analyze("lenet5")


def called(name, title=""):
    """Return a report of one layer of that name."""
    report = lenet()
    first, second = report.rows[:2]
    second = second._replace(name=name, inputs=(first.name,))
    return report._replace(rows=(first, second), outputs=(second,), title=title or "net")


def named(report):
    """Return the lines that the second vertex should have."""
    return lines(graph(report, ALL).vertices[1])


SAFE = re.compile(r"[\w .,/×·→-]|<br>|#\d+;")
"""What stands in a text of Mermaid: nothing else ends it or has a meaning in it."""


def read_by_mermaid(text):
    """Return the lines of a text as Mermaid shows it: entities stand for signs, blanks are one."""
    assert SAFE.sub("", text) == ""
    return [html.unescape(re.sub(r"#(\d+);", r"&#\1;", line)) for line in text.split("<br>")]


def hostile(test):
    for name in HOSTILE:
        test = example(name)(test)
    return given(NAMES.filter(lambda name: name != "input"))(test)


@hostile
def test_any_name_is_only_a_name_to_mermaid(name):
    report = called(name, title=name)
    _, title, _, chart, _, vertex, *rest = mermaid(report, ALL).split("\n")
    assert title.startswith('title: "')
    assert "<" not in title
    assert chart == "flowchart TB"
    (text,) = re.fullmatch(r'  n1\["([^"]*)"\]', vertex).groups()
    assert read_by_mermaid(text) == [" ".join(line.split()) for line in named(report)]
    assert len(rest) == 6


def read_by_dot(text):
    """Return the lines of a string of DOT as Graphviz shows it."""
    assert not re.search(r'(?<!\\)(\\\\)*"', text)
    whole = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)
    return html.unescape(whole).split("\n")


@hostile
def test_any_name_is_only_a_name_to_graphviz(name):
    report = called(name, title=name)
    text = dot(report, ALL)
    vertex = text.split("\n")[5]
    (quoted,) = re.fullmatch(r'  n1 \[label="(.*)"\]', vertex).groups()
    assert read_by_dot(quoted) == named(report)
    assert len(text.split("\n")) == 11


needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
SVG = "{http://www.w3.org/2000/svg}"


def drawing(text):
    """Return the vertices that Graphviz draws: the lines of each by its id."""
    done = subprocess.run(
        ["dot", "-Tsvg"],  # noqa: S607  # whichever there is
        input=text,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stderr == ""
    groups = [group for group in ET.fromstring(done.stdout).iter(f"{SVG}g") if group.get("class") == "node"]  # noqa: S314  # our own
    return {
        group.findtext(f"{SVG}title"): [line.text or "" for line in group.findall(f"{SVG}text")]
        for group in groups
    }


@needs_graphviz
@pytest.mark.parametrize("name", HOSTILE)
def test_graphviz_draws_any_name(name):
    report = called(name, title=name)
    shown = [line.replace("\xa0", " ") for line in drawing(dot(report, ALL))["n1"]]
    assert shown == named(report)


@needs_graphviz
@pytest.mark.parametrize("name", NETWORKS)
def test_graphviz_draws_a_network(name):
    report = archcalc.analyze(archcalc.load(name), train=True)
    shown = drawing(dot(report, None))
    assert [shown[f"n{place}"] for place in range(len(graph(report, None).vertices))] == [
        lines(vertex) for vertex in graph(report, None).vertices
    ]


def test_nothing_unprintable_reaches_a_picture():
    assert all(visible(line) == line for name in HOSTILE for line in named(called(name)))
