"""An input whose channels come last, or that begins with a batch, is refused with the line to write, or meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.read import Document
from archcalc.ground.errors import SourceText
from archcalc.network.network import Network, Node
from archcalc.ops import REGISTRY

SLIDING = ["conv: {out: 4, kernel: 3}", "conv: {out: 4, kernel: 3x3}", "maxpool: 2", "avgpool: 2", "subsample: 2"]  # fmt: skip
BEFORE = ["", "relu", "batchnorm", "layernorm: channels", "pad: 2", "dropout", "l2norm", "upsample: 2"]
channels = st.sampled_from((1, 3, 4))
sides = st.integers(5, 300)
layers = st.tuples(st.sampled_from(BEFORE), st.sampled_from(SLIDING))


def spec(shape, before="", sliding=SLIDING[0], layout=None, name="input"):
    head = f"input: {shape}" if name == "input" else f"input: {{{name}: {shape}}}"
    said = f"layout: {layout}\n" if layout else ""
    return f"{head}\n{said}layers: [{', '.join(filter(None, (before, sliding)))}]\n"


def network(*args, **kwargs):
    return Document(SourceText("net.yaml", spec(*args, **kwargs))).network()


def mended(text, error):
    """Return a spec's text with the line that a hint says to write."""
    name, sizes = re.search(r"write '(\w+): ([\dx]+)'", error.hint).groups()
    return re.sub(rf"{name}: [\dx]+", f"{name}: {sizes}", text)


@given(channels, sides, sides, layers, st.sampled_from(("input", "image")))
def test_channels_that_come_last_are_refused_with_the_line_to_write(c, height, width, stack, name):
    text = spec(f"{height}x{width}x{c}", *stack, name=name)
    with pytest.raises(ArchcalcError, match="has its channels last") as caught:
        Document(SourceText("net.yaml", text)).network()
    made = Document(SourceText("net.yaml", mended(text, caught.value))).network()
    assert made.input_shape == (c, height, width)
    last = network(f"{height}x{width}x{c}", *stack, layout="channels_last")
    assert archcalc.analyze(last).totals == archcalc.analyze(made).totals
    first = network(f"{height}x{width}x{c}", "", "conv: {out: 2, kernel: 1}", layout="channels_first")
    assert first.input_shape == (height, width, c)


@given(st.sampled_from((1, 2, 8, 64)), st.sampled_from((1, 3)), sides, sides, st.booleans(), layers)
def test_a_batch_is_refused_with_the_line_to_write(batch, c, height, width, last, stack):
    sizes = (batch, height, width, c) if last else (batch, c, height, width)
    text = spec("x".join(map(str, sizes)), *stack)
    with pytest.raises(ArchcalcError, match="begins with a batch") as caught:
        Document(SourceText("net.yaml", text)).network()
    made = Document(SourceText("net.yaml", mended(text, caught.value))).network()
    assert made.input_shape == (c, height, width)
    with pytest.raises(ArchcalcError, match="input has 4 sizes"):
        archcalc.analyze(made, input=sizes)


@given(st.integers(1, 600), st.integers(1, 300), st.integers(1, 300), layers)
def test_channels_first_are_taken_as_they_are(c, height, width, stack):
    assume(width not in (1, 3, 4) or width >= min(c, height))
    try:
        made = network(f"{c}x{height}x{width}", *stack)
    except ArchcalcError as error:
        assert "channels last" not in str(error)  # noqa: PT017  # it may be too small for the layers
    else:
        assert made.input_shape == (c, height, width)


@pytest.mark.parametrize(
    ("shape", "stack"),
    [
        ("512x4x4", ("", "conv: {out: 4, kernel: 3}")),
        ("480x1x1", ("", "conv: {out: 4, kernel: 1}")),
        ("1x3x32x32", ("", "conv: {out: 4, kernel: 3x3x3}")),
        ("1x3x32x32", ("relu", "maxpool: 1x2x2")),
        ("1x64x64x64", ("", "conv: {out: 4, kernel: 3}")),
        ("3x16x112x112", ("", "conv: {out: 4, kernel: 3}")),
        ("3x4x16x16", ("", "conv: {out: 4, kernel: 3}")),
        ("32x32x3", ("permute: [2, 0, 1]", "conv: {out: 4, kernel: 3}")),
        ("32x32x3", ("flatten", "linear: 10")),
        ("32x32x3", ("", "linear: {out: 10, axis: -1}")),
        ("32x32x3", ("reshape: 3x32x32", "conv: {out: 4, kernel: 3}")),
        ("100x3", ("", "conv: {out: 4, kernel: 3}")),
    ],
)
def test_what_may_be_meant_stays_valid(shape, stack):
    assert archcalc.analyze(network(shape, *stack)).rows


@pytest.mark.parametrize(
    "line", ["show {}", "explain {} conv1", "memory {}", "rf {}", "verify {}", "params {}"]
)
def test_the_command_line_refuses_them_too(run, line):
    outcome = run(*line.format("alexnet").split(), "--input", "227x227x3")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == (
        "input 227x227x3 has its channels last\nhint: channels come first, and no batch: 3x227x227\n"
    )


@pytest.mark.parametrize("line", ["alexnet vgg11", "3x3 5x5", "alexnet 3x3"])
def test_comparisons_refuse_them_too(run, line):
    outcome = run("compare", *line.split(), "--input", "227x227x3")
    assert outcome.status == 2
    assert outcome.err.endswith("channels last\nhint: channels come first, and no batch: 3x227x227\n")


def test_python_refuses_them_too():
    with pytest.raises(ArchcalcError, match="channels last"):
        archcalc.analyze(archcalc.load("alexnet"), input=(227, 227, 3))


def test_where_channels_come_last_another_input_is_stated_so_too(run, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(spec("32x32x3", layout="channels_last"))
    assert "input 3×24×20" in run("show", path, "--input", "24x20x3").out
    outcome = run("show", path, "--input", "3x24x20x1")
    assert outcome.err.endswith("hint: channels last and no batch, as in 32x32x3\n")


def test_a_network_whose_layout_a_file_says_is_left_alone(onnx_file):
    pytest.importorskip("onnx")
    path = onnx_file([("Conv", "x w", "y")], {"x": [1, 32, 32, 3]}, {"w": (4, 32, 3, 3)})
    made = archcalc.load(path)
    assert archcalc.analyze(made, input="32x40x3").rows[-1].output_shape == (1, 4, 38, 1)
    written = archcalc.export(archcalc.analyze(made), to="spec")
    assert "layout: channels_first\n" in written
    assert Document(SourceText("net.yaml", written)).network().input_shape == (32, 32, 3)


def test_a_layout_that_is_none_is_all_that_is_said():
    with pytest.raises(ArchcalcError) as caught:
        network("32x32x3", layout="channels_fist")
    assert caught.value.fact == "'layout' must be channels_first or channels_last, not 'channels_fist'"
    assert caught.value.hint == "did you mean channels_first?"


def test_of_a_misread_input_nothing_else_is_said():
    text = spec("32x32x3", "", "conv: {out: 4, kernel: 5}") + "outputs: nowhere\n"
    with pytest.raises(ArchcalcError) as caught:
        Document(SourceText("net.yaml", text)).network()
    assert [error.fact for error in caught.value.errors] == [
        "'input' 32x32x3 has its channels last",
        "'outputs' names no layer: 'nowhere'",
    ]


def test_a_network_made_in_python_is_looked_at_only_where_it_is_given_an_input():
    nodes = (
        Node("input", REGISTRY["input"](shape=(32, 32, 3))),
        Node("conv", REGISTRY["conv"](out=4, kernel=3), (0,)),
    )
    made = Network("made", nodes)
    assert archcalc.analyze(made).rows[-1].output_shape == (1, 4, 30, 1)
    with pytest.raises(ArchcalcError, match="channels last"):
        archcalc.analyze(made, input=(64, 64, 3))
