"""Counts as people say them: by kind of layer, weights and biases apart, folded, of a training step."""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc.views.layers import SUMS

D2L_ALEXNET = """\
name: d2l_alexnet
input: 1x224x224
layers:
  - conv: {out: 96, kernel: 11, stride: 4, padding: 1}
  - relu
  - maxpool: {kernel: 3, stride: 2}
  - conv: {out: 256, kernel: 5, padding: 2}
  - relu
  - maxpool: {kernel: 3, stride: 2}
  - conv: {out: 384, kernel: 3, padding: 1}
  - relu
  - conv: {out: 384, kernel: 3, padding: 1}
  - relu
  - conv: {out: 256, kernel: 3, padding: 1}
  - relu
  - maxpool: {kernel: 3, stride: 2}
  - flatten
  - linear: 4096
  - relu
  - dropout
  - linear: 4096
  - relu
  - dropout
  - linear: 10
"""
"""AlexNet as Dive into Deep Learning builds it (d2l-en, alexnet.md)."""


@pytest.fixture
def document(run):
    """Return a function that runs a line and reads its JSON."""

    def read(line, stdin=""):
        outcome = run(*line.split(), "--format", "json", stdin=stdin)
        assert outcome.status == 0, outcome.err
        return json.loads(outcome.out)

    return read


def by_op(document, line, stdin=""):
    return {row["op"]: row for row in document(f"show {line} --by op", stdin)["rows"]}


@pytest.mark.parametrize(
    ("model", "counts"),
    [
        # LeCun et al. 1998 as it is built today: 2 convolutions, 2 pools, 3 fully connected
        ("lenet5", {"conv": 2, "maxpool": 2, "linear": 3}),
        # Krizhevsky et al. 2012: five convolutional layers, some followed by max pooling, three fully connected
        ("alexnet", {"conv": 5, "maxpool": 3, "linear": 3}),
        # Simonyan & Zisserman 2015, table 1, columns D and E
        ("vgg16", {"conv": 13, "maxpool": 5, "linear": 3}),
        ("vgg19", {"conv": 16, "maxpool": 5, "linear": 3}),
    ],
)
def test_layers_are_counted_by_type(document, model, counts):
    rows = by_op(document, model)
    assert {op: rows[op]["layers"] for op in counts} == counts


def test_types_have_subtotals(document):
    """d2l-en, alexnet.md, exercise 1: 3,723,968 parameters in convolutions, 43,040,778 in fully connected layers."""
    rows = by_op(document, "-", D2L_ALEXNET)
    assert (rows["conv"]["params"], rows["linear"]["params"]) == (3_723_968, 43_040_778)
    assert rows["linear"]["weight_bytes"] == 4 * 43_040_778


@pytest.mark.parametrize("model", ["alexnet", "googlenet", "lenet5_1998", "vit_b_16", "shufflenet_v2_x0_5"])
@pytest.mark.parametrize("by", ["op", "stage"])
def test_rows_add_up_to_the_totals(document, model, by):
    data = document(f"show {model} --by {by} --batch 2")
    report = archcalc.analyze(model, batch=2)
    assert sum(row["layers"] for row in data["rows"]) == len(report.rows)
    for key in ("params", "fixed", "buffers", "macs", "flops", "comparisons", "activations", "weight_bytes"):
        assert sum(row[key] for row in data["rows"]) == data["totals"][key]


def test_every_sum_adds_up(document):
    """What `--by op` may show is what adds up over layers, layer by layer."""
    layers = document("show resnet18 --depth all")["rows"]
    rows = by_op(document, "resnet18")
    for op, row in rows.items():
        alike = [layer for layer in layers if layer["op"] == op]
        for key in set(SUMS) - {"op"}:
            assert row[key] == pytest.approx(sum(layer[key] for layer in alike), abs=1e-5), key


def test_a_stage_is_a_block_at_the_top(run):
    assert run("show", "resnet50", "--by", "stage").out == run("show", "resnet50", "--depth", "1").out


def test_a_layer_is_the_row_unless_told(run):
    assert run("show", "lenet5", "--by", "layer").out == run("show", "lenet5").out


def test_work_that_is_not_known_makes_the_work_of_its_type_unknown(document):
    rows = by_op(document, "-", UNKNOWN)
    assert rows["unaccounted"]["macs"] is None
    assert rows["conv"]["macs"] == 6 * 6 * 27 * 4


UNKNOWN = """\
input: 3x8x8
layers:
  - conv: {out: 4, kernel: 3}
  - unaccounted: {what: Strange, shape: 4x6x6}
"""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("show lenet5 --by op --columns op,field", "there is no sum of the column 'field'"),
        ("show lenet5 --by op --depth 1", "leave one out"),
        ("show lenet5 --by stage --depth 2", "leave one out"),
        ("show lenet5 --by kind", "did you mean op?"),
    ],
)
def test_what_does_not_add_up_is_refused(run, line, says):
    outcome = run(*line.split())
    assert outcome.status == 2
    assert says in outcome.err
