"""Random specs: noise, YAML-like noise, and sound specs with something changed. A report or an error, nothing else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError, limits, zoo
from archcalc.errors import Source
from archcalc.spec.document import Document
from archcalc.starter import starter

EVERYTHING = """\
name: everything
title: One of each
source: nowhere
input: 4x16x16
rounding: floor
parameters: {width: 4, depths: [1, 2], wide: true, half: width // 2}
variants:
  small: {}
  large: {width: 8, title: Large, expect: {depth: 9, source: none}}
blocks:
  unit:
    parameters: {out: width, stride: 1, inner: out * 2}
    layers:
      - conv: {name: first, out: inner, kernel: 3, stride: stride, padding: same, groups: 2, bias: false}
      - batchnorm
      - conv: {out: out, kernel: 1x1, padding: [[0, 0], 0], when: wide}
layers:
  - conv: {name: stem, out: width, kernel: 5, padding: 2}
  - &act relu
  - maxpool: {kernel: 2, rounding: ceil}
  - repeat: {times: "depths[1]", index: i, name: stage, layers: [{unit: {out: 8 if i else width}}, *act]}
  - auxiliary: {name: head, weight: 0.3, layers: [global_avgpool, flatten, {linear: 10}]}
  - add:
      branches:
        a: [{unit: {inner: 16, out: 8}}]
        b: []
  - concat: [[{avgpool: 2}], [{maxpool: {kernel: 2}}, {dropout: 0.5}]]
  - multiply: [[], [global_avgpool, sigmoid]]
  - conv: {name: tail, out: 16, kernel: 1}
  - conv: {out: 16, kernel: 1, tie: tail}
  - add: {from: [tail, conv1]}
  - conv_transpose: {out: half, kernel: 2, stride: 2}
  - pad: [[1, 0], 1]
  - reshape: [0]
  - linear: 3
  - softmax
expect:
  - {params: 1, output: 3, source: made up}
  - {layers: {stem: {output: 4x16x16}}, source: made up}
"""
SOUND = [EVERYTHING, starter("net")]


@pytest.fixture(autouse=True, scope="module")
def _small_networks():
    """A lower bound on layers, so that a repeat of a billion is refused at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "LAYERS", 500)
        yield


def survives(text):
    """Analyze every network that a text describes; an error must be safe to print."""
    try:
        document = Document(Source("net.yaml", text))
    except ArchcalcError as error:
        printable(error)
        return
    for name in document.variants or [None]:
        try:
            network = document.network(name)
            for train in (False, True):
                report = archcalc.analyze(network, train=train)
            archcalc.check(network)
        except ArchcalcError as error:
            printable(error)
        else:
            assert isinstance(report, archcalc.Report)


def printable(error):
    assert all(line.isprintable() for line in str(error).split("\n"))
    assert error.fact


def test_what_is_mutated_below_is_sound_to_begin_with():
    for text in SOUND:
        document = Document(Source("net.yaml", text))
        for name in document.variants or [None]:
            archcalc.analyze(document.network(name))


HOSTILE = (
    *(
        "0",
        "1",
        "-1",
        "2",
        "7",
        "0.5",
        "1e400",
        "-.5",
        str(limits.MAGNITUDE),
        "9" * 30,
        "010",
        "3x3",
        "0x0",
        "3x",
        "²",
    ),
    *(
        "no",
        "true",
        "~",
        '""',
        "''",
        "[]",
        "{}",
        "[[]]",
        "[1, 2]",
        "[[1, 2], 3]",
        "{a: 1}",
        "[a, a]",
        "*act",
        "&act x",
    ),
    *(
        "*none",
        "!!str x",
        "<<",
        "same",
        "input",
        "stem",
        "head",
        "head.linear1",
        "stage1",
        "width",
        "width / 0",
        "width -",
    ),
    *(
        "((1))",
        "relu",
        "conv",
        "unit",
        "repeat",
        "auxiliary",
        "branches",
        "from",
        "tie",
        "when",
        "name",
        "\t",
        "\n",
        "- ",
        ": ",
    ),
    *(
        "# ",
        "?",
        "|",
        ">",
        "%",
        "@",
        "`",
        '"',
        "'",
        "\\",
        "---",
        "...",
        "\u2028",
        "\x85",
        "\ufeff",
        "\x1b",
        "\0",
        "é",
        "\U0001f600",
    ),
)
WORD = re.compile(r"[\w.]+|\S")


@st.composite
def mutants(draw):
    """A sound spec with one to four changes: a word replaced, a line left out, doubled or moved."""
    text = draw(st.sampled_from(SOUND))
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            match = draw(st.sampled_from(list(WORD.finditer(text)) or [None]))
            if match:
                text = text[: match.start()] + draw(st.sampled_from(HOSTILE)) + text[match.end() :]
        else:
            lines = text.split("\n")
            line = lines[source := draw(st.integers(0, len(lines) - 1))]
            if draw(st.booleans()):
                del lines[source]
            if draw(st.booleans()):
                lines.insert(draw(st.integers(0, len(lines))), line)
            text = "\n".join(lines)
    return text


@settings(deadline=None, max_examples=300)
@given(mutants())
def test_a_sound_spec_with_something_changed(text):
    survives(text)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*HOSTILE, "layers", "parameters", "{", "}", "[", "]", ",", " ", "\n  "]), max_size=40
    )
)
def test_yaml_like_noise(words):
    survives(f"input: 3x8x8\nlayers: {''.join(words)}")


@settings(deadline=None)
@given(st.text())
def test_noise(text):
    survives(text)


@settings(deadline=None)
@given(
    st.binary()
    | st.text().map(str.encode)
    | st.text().map(lambda text: text.encode("utf-16", "surrogatepass"))
)
def test_bytes(data):
    try:
        text = zoo._decoded("net.yaml", data)
    except ArchcalcError as error:
        printable(error)
    else:
        survives(text)
