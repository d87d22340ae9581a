"""Random inputs: specs, expressions, settings, stacks of kernels. A report or an error, nothing else, and in time.

Every run of the tests draws the same few, `pytest -m slow` a few hundred. `pytest -m fuzz` draws thousands of new ones
of each kind and prints the one that fails.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attacks import LONG_RUN, Attack, assert_printable, survive
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.contents import decode
from archcalc.formats.language.expressions import value_of
from archcalc.formats.language.operators import FUNCTIONS
from archcalc.formats.language.read import Document
from archcalc.formats.language.starter import starter
from archcalc.ground import limits
from archcalc.ground.errors import SourceText
from archcalc.ops import REGISTRY
from archcalc.questions.stacks import is_size, is_stack, stack

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
OURS = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parents[1].glob("specs/*.yaml"))]

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


@pytest.fixture(autouse=True, scope="module")
def _small_networks():
    """Lower bounds on layers, so that a repeat of a billion is refused at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(limits.LAYERS.variable, "500")
        patch.setenv(limits.STACK_LAYERS.variable, "50")
        yield


# What must hold of any input


def a_spec(text):
    """Analyze what a text describes, of a family two networks; an error must be safe to print."""
    try:
        document = Document(SourceText("net.yaml", text))
    except ArchcalcError as error:
        assert_printable(error)
        return
    for name in [*document.variants][:2] or [None]:
        try:
            network = document.network(name)
            for train in (False, True):
                report = archcalc.analyze(network, train=train)
            archcalc.check(network)
        except ArchcalcError as error:
            assert_printable(error)
        else:
            assert isinstance(report, archcalc.Report)


def a_file(data):
    try:
        text = decode("net.yaml", data)
    except ArchcalcError as error:
        assert_printable(error)
    else:
        a_spec(text)


SCOPE = {"n": 7, "i": 0, "wide": True, "ratio": 0.5, "depths": (3, 4, 6, 3), "mode": "same"}


def an_expression(text):
    try:
        value = value_of(text, SCOPE)
    except ArchcalcError as error:
        assert_printable(error)
        return
    if isinstance(value, int | float):
        assert abs(value) <= limits.MAGNITUDE
    else:
        assert value == text or value in SCOPE.values()


def a_setting(given):
    """What was read is read again as the same."""
    setting, value = given
    try:
        found = setting.parse(value)
    except ArchcalcError as error:
        assert_printable(error)
    else:
        assert setting.parse(found) == found


CONV = """\
input: 3x16x16
layers: [{conv: {out: 4, kernel: 3}}]
"""


def an_input(value):
    try:
        report = archcalc.analyze(Document(SourceText("net.yaml", CONV)).network(), input=value)
    except ArchcalcError as error:
        assert_printable(error)
    else:
        assert len(report.input_shape) == 3


def a_stack(text):
    """A stack's name is read as the same stack, and it can be compared."""
    is_stack(text)
    is_size(text)
    try:
        found = stack(text)
        assert stack(found.name) == found
        assert 1 <= len(found.layers) <= limits.STACK_LAYERS.value
        archcalc.compare(found.name, "3x3")
    except ArchcalcError as error:
        assert_printable(error)


# Random inputs


def mutants(*texts):
    """Return sound specs with one to four changes: a word replaced, a line left out, doubled, moved or spliced in."""

    @st.composite
    def changed(draw):
        text = draw(st.sampled_from(texts))
        for _ in range(draw(st.integers(1, 4))):
            if draw(st.booleans()):
                match = draw(st.sampled_from(list(WORD.finditer(text)) or [None]))
                if match:
                    word = draw(st.sampled_from(HOSTILE) | st.text(max_size=4))
                    text = text[: match.start()] + word + text[match.end() :]
            else:
                lines = text.split("\n")
                line = lines[source := draw(st.integers(0, len(lines) - 1))]
                if draw(st.booleans()):
                    del lines[source]
                if draw(st.booleans()):
                    line = draw(st.sampled_from(draw(st.sampled_from(texts)).split("\n")))
                if draw(st.booleans()):
                    lines.insert(draw(st.integers(0, len(lines))), line)
                text = "\n".join(lines)
        return text

    return changed()


TERMS = st.sampled_from(
    ["n", "n * 2", "n // 2", "i + 1", "depths[i]", "8 if i else n", "min(n, 2)", "none", "n -"]
)
NUMBERS = st.integers(0, 9) | st.sampled_from([-1, 16, 64, 0.5, 10**18, 10**18 + 1]) | TERMS
SIZES = NUMBERS | st.sampled_from(["3x3", "1x5", "3x3x3", "0x1", "3x"]) | st.lists(NUMBERS, max_size=4)
OF_KIND = {
    "count": NUMBERS,
    "size": SIZES,
    "padding": SIZES
    | st.sampled_from(["same", "valid"])
    | st.lists(st.lists(NUMBERS, max_size=3), max_size=3),
    "flag": st.booleans() | TERMS,
    "number": st.floats(0, 1) | NUMBERS,
    "table": st.lists(st.lists(st.integers(0, 4), max_size=3), max_size=4),
    "axis": st.integers(-4, 4),
}
"""What a setting of each kind may be given, most of it right."""
NAMES = st.sampled_from(["a", "b", "conv1", "relu1", "input", "unit1.a", "branch1.conv1", "no", ""])


@st.composite
def layer(draw, depth=0):
    """Draw a layer of any type, with branches or layers inside it where it takes them."""
    kind = draw(st.sampled_from([*REGISTRY, "repeat", "auxiliary", "unit"]))
    inside = st.lists(layer(depth + 1), max_size=3) if depth < 3 else st.just([])
    given: dict[str, Any] = {}
    if kind in ("repeat", "auxiliary"):
        given = {"times": draw(NUMBERS), "index": "i"} if kind == "repeat" else {}
        given["layers"] = draw(inside)
    elif kind == "unit":
        given = {"out": draw(NUMBERS)}
    else:
        for name, setting in REGISTRY[kind].declared.items():
            if setting.required or draw(st.integers(0, 3)) == 0:
                words = st.sampled_from(setting.schema.get("enum", ["a", "b"]))
                usual = OF_KIND.get(setting.kind, words)
                given[name] = draw(usual if draw(st.integers(0, 9)) else SIZES)
        if REGISTRY[kind].traits.takes[1] is None:
            given["branches"] = draw(
                st.lists(inside, min_size=1, max_size=3) | st.dictionaries(NAMES, inside)
            )
    for name, values in (("name", NAMES), ("from", NAMES | st.lists(NAMES)), ("tie", NAMES), ("when", TERMS)):
        if draw(st.integers(0, 9)) == 0:
            given[name] = draw(values)
    return {kind: given} if given else kind


SPECS = st.fixed_dictionaries(
    {
        "input": st.sampled_from(["3x16x16", "4x8x8x8", "8x12", "16", "n"]) | SIZES,
        "layers": st.lists(layer(), max_size=6),
    },
    optional={
        "rounding": st.sampled_from(["floor", "ceil", "strict"]),
        "expect": st.fixed_dictionaries({"params": NUMBERS, "source": st.just("x")}),
    },
).map(
    lambda spec: json.dumps(
        {
            "parameters": {"n": 4, "i": 0, "depths": [1, 2]},
            "blocks": {
                "unit": {"parameters": {"out": None}, "layers": [{"conv": {"out": "out", "kernel": 1}}]}
            },
            **spec,
        },
        ensure_ascii=False,
    )
)

FRAGMENTS = [
    *(
        *SCOPE,
        *FUNCTIONS,
        "0",
        "1",
        "2.5",
        str(limits.MAGNITUDE),
        "9" * 30,
    ),
    *("true", "false", "if", "else", "and", "or", "not", *"+-*/%<>()[],.=!'²é", "//", "**", "==", " "),
]
REPEATED = st.builds(
    lambda before, part, times, after: before + part * times + after,
    st.text(max_size=3),
    st.sampled_from([*FRAGMENTS, "1x", "-(", "not ", "n[", "1+", "1if 1else ", "min(1,"]),
    st.integers(1, 3000),
    st.text(max_size=3),
)
"""One thing over and over: what a parser that recurses or backtracks too much gives up on."""

SIZE_LIKE = st.text("0123456789x×X ,-+.²٣", max_size=24)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | SIZE_LIKE
    | st.text(max_size=5)
    | st.just(10**400),
    lambda inner: st.lists(inner, max_size=10) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=12,
)
SETTINGS = [setting for op in REGISTRY.values() for setting in op.declared.values()]

KERNELS = [
    "3x3",
    "1x1",
    "7",
    "1x7",
    "3x3x3",
    "0x3",
    "x",
    "-64",
    "-0",
    "/2",
    "@g32",
    "@dw",
    "@",
    "*3",
    "*9999999",
]
STACKS = st.lists(st.sampled_from([*KERNELS, ",", "3x3,", " ", "×", "99999999", "2", "²"]), max_size=12).map(
    "".join
)

NOISE = [*HOSTILE, "layers", "parameters", "{", "}", "[", "]", ",", " ", "\n  "]


ATTACKS = {
    "a spec of one of each with something changed": Attack(mutants(*SOUND), a_spec),
    "a network of ours with something changed": Attack(mutants(*OURS), a_spec),
    "a spec of random layers": Attack(SPECS, a_spec),
    "noise like YAML": Attack(
        st.lists(st.sampled_from(NOISE), max_size=40).map(
            lambda words: f"input: 3x8x8\nlayers: {''.join(words)}"
        ),
        a_spec,
    ),
    "noise": Attack(st.text() | REPEATED, a_spec),
    "bytes": Attack(
        st.binary()
        | st.text().map(str.encode)
        | st.text().map(lambda text: text.encode("utf-16", "surrogatepass")),
        a_file,
    ),
    "an expression": Attack(
        st.lists(st.sampled_from(FRAGMENTS), max_size=60).map(" ".join) | st.text(max_size=30) | REPEATED,
        an_expression,
    ),
    "a setting": Attack(st.tuples(st.sampled_from(SETTINGS), VALUES), a_setting),
    "an input's size": Attack(VALUES, an_input),
    "a stack of kernels": Attack(STACKS | SIZE_LIKE | st.text(max_size=9), a_stack),
}
EVERY_RUN = 30
"""How many inputs of each kind every run of the tests draws."""
SLOW_RUN = 300
"""How many inputs of each kind `pytest -m slow` draws."""


@pytest.mark.parametrize("text", SOUND, ids=["everything", "starter"])
def test_what_is_changed_is_sound_to_begin_with(text):
    document = Document(SourceText("net.yaml", text))
    for name in document.variants or [None]:
        archcalc.analyze(document.network(name))


@pytest.mark.parametrize("examples", [EVERY_RUN, pytest.param(SLOW_RUN, marks=pytest.mark.slow)])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_report_or_an_error(attack, examples):
    survive(attack, examples)


@pytest.mark.fuzz
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_report_or_an_error_to_new_ones(attack):
    survive(attack, LONG_RUN, new=True)
