"""A spec with several mistakes says all of them, each once and where it is; the words of other programs are known."""

from __future__ import annotations

import pytest

import archcalc
from archcalc import REGISTRY, ArchcalcError
from archcalc.formats.language import synonyms
from archcalc.formats.language.scope import COMMON
from archcalc.ground.errors import MOST_ERRORS, each_of

MANY = """\
inptu: 3x32x32
input: 3x32x32
blocks:
  unit: {parameters: {m: 8}, layers: [conv: {out: m, kernal: 3}]}
layers:
  - conv: {out: 64, kernal: 3, stride: -1}
  - rleu
  - unit
  - unit: 16
  - conv: {name: c3, out: 96, kernel: 3, groups: 3}
  - add: {from: [c3, nowhere]}
  - linear: ten
  - conv: {name: wide, out: 8, kernel: 5, from: input, groups: 2}
  - repeat: {times: 3, layers: [maxpool: {kernel: 50, from: input}]}
"""


@pytest.fixture
def errors(report_of):
    """Return a function that gives the errors of a spec as "line:column fact"."""

    def found(text):
        with pytest.raises(ArchcalcError) as raised:
            report_of(text)
        return [f"{one.place.line + 1}:{one.place.column + 1} {one.fact}" for one in each_of(raised.value)]

    return found


def test_a_spec_says_all_that_is_wrong_in_the_order_of_its_lines(errors):
    assert errors(MANY) == [
        "1:1 a spec has no 'inptu'",
        "4:54 conv has no setting 'kernal'",
        "6:21 conv has no setting 'kernal'",
        "6:40 conv: 'stride' must be at least 1, not -1",
        "7:5 there is no layer type 'rleu'",
        "11:22 'from: nowhere' names no layer above this one",
        "12:13 linear: 'out' must be a whole number, not 'ten'",
        "13:64 conv 'wide': 3 input channels do not split into 2 groups",
        "14:51 maxpool 'maxpool1': a kernel of 50 is larger than its input of 32",
    ]


def test_what_depends_on_a_wrong_layer_is_not_said_to_be_wrong(errors):
    """The shape behind a wrong layer is not known, nor is what a wrong name would have meant."""
    text = "input: 3x8x8\nlayers:\n  - conv: {name: a, out: 4, kernel: x}\n  - linear: 3\n  - add: {from: [a, input]}\n"
    assert len(errors(text)) == 1


def test_shapes_that_do_not_fit_are_all_said(errors):
    text = (
        "input: 3x8x8\nlayers:\n  - conv: {name: a, out: 4, kernel: 9}\n"
        "  - conv: {name: b, out: 4, kernel: 3, groups: 2, from: input}\n  - add: {from: [a, b]}\n"
    )
    assert [one.partition(" ")[0] for one in errors(text)] == ["3:37", "4:48"]


def test_nobody_is_shown_more_errors_than_can_be_read(errors):
    assert len(errors("input: 3x8x8\nlayers:\n" + "  - rleu\n" * 1000)) == MOST_ERRORS


def test_a_bound_that_is_passed_ends_the_search(errors):
    text = "input: 3x8x8\nlayers:\n  - rleu\n  - repeat: {times: 900000, layers: [relu]}\n  - rleu\n"
    assert [one.partition(" ")[2][:17] for one in errors(text)] == ["there is no layer", "the network grows"]


def test_a_repeat_of_too_many_rounds_is_refused_before_the_first(errors):
    text = "input: 3x8x8\nlayers:\n  - repeat: {times: 900000, layers: [rleu]}\n  - rleu\n"
    assert [one.partition(" ")[2][:17] for one in errors(text)] == ["the network grows"]


def test_the_command_line_shows_each_and_counts_them(run, tmp_path):
    (tmp_path / "net.yaml").write_text(MANY)
    outcome = run("show", str(tmp_path / "net.yaml"))
    assert outcome.status == 2
    assert outcome.err.count("used here") == 1
    assert outcome.err.count("net.yaml:") == 9 + 1
    assert outcome.err.endswith("9 errors\n")


def test_no_word_stands_for_two_layer_types():
    words = [word for op in REGISTRY.values() for word in (synonyms._bare(op.kind), *op.also.split())]
    words += synonyms.OTHERWISE
    assert len(words) == len({*words})
    assert all(synonyms._bare(word) == word for word in words)


@pytest.mark.parametrize("setting", synonyms.SETTINGS)
def test_every_synonym_of_a_setting_stands_for_one(setting):
    declared = {name for op in REGISTRY.values() for name in op.declared}
    assert setting in {*declared, *COMMON, "times", "layers"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Conv2d: {out_channels: 8, kernel_size: 3, strides: 2}", "conv: {out: 8, kernel: 3, stride: 2}"),
        ("deconv: {filters: 8, kernel: 3}", "conv_transpose: {out: 8, kernel: 3}"),
        ("swish", "silu"),
        ("pixel_shuffle: 2", "depth_to_space: 2"),
        ("MaxPool2d: 2", "maxpool: 2"),
        ("dense: {units: 10}", "linear: {out: 10}"),
        ("BatchNormalization: {epsilon: 1e-3}", "batchnorm: {eps: 1e-3}"),
        ("LeakyReLU: 0.1", "leaky_relu: 0.1"),
        ("dropout: {p: 0.5}", "dropout: {rate: 0.5}"),
        ("maxpool: {size: 2}", "maxpool: {kernel: 2}"),
    ],
)
def test_the_hint_is_the_line_to_write(report_of, written, meant):
    with pytest.raises(ArchcalcError) as raised:
        report_of(f"input: 8x16x16\nlayers:\n  - {written}\n")
    assert raised.value.hint.endswith(f"write '- {meant}'")
    text = f"input: 8x16x16\nlayers:\n  - {'flatten' if 'linear' in meant else 'relu'}\n  - {meant}\n"
    assert archcalc.analyze(report_of(text).run.network).rows
