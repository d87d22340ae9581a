"""A derivation says what the report says, its numbers come to its result, and it reads as a teacher would write it."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from math import ceil, floor, prod

import pytest

import archcalc
from archcalc.analysis.figures import FIGURES
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents
from archcalc.ops import REGISTRY
from archcalc.sheet.renderers import render
from archcalc.views import explanation

PYTHON = {"·": "*", "−": "-", "⌊": "floor(", "⌉": ")", "⌈": "ceil(", "⌋": ")", "mod": "%"}


def worth(numbers):
    """Return what the printed numbers come to when a person works them out, exactly."""
    for sign, meaning in PYTHON.items():
        numbers = numbers.replace(sign, meaning)
    text = re.sub(r"\b\d+", r"Fraction(\g<0>)", numbers)
    return eval(text, {"Fraction": Fraction, "floor": floor, "ceil": ceil})  # noqa: S307 (what a Term prints)


def explained(name, **conditions):
    network = archcalc.load(name)
    report = archcalc.analyze(network, **conditions)
    return network, report


def agrees(network, report, row):
    """Assert that a row's derivations end at the row's figures, and that their numbers come to them."""
    found = archcalc.explain(report, row.name)
    results = {one.key: one.result for one in found.derivations}
    for one in found.derivations:
        assert worth(one.numbers) == one.result, one
    for key, figure in FIGURES.items():
        if figure.formula is not None and figure.of is not None and key not in ("field", "jump"):
            assert results.get(key, 0) == (figure.of_row(row, report) or 0), key
    if row.unfolded:
        assert (results["im2col_rows"], results["im2col_columns"]) == row.unfolded
    if "field" in results:
        assert results["field"] == row.field[0].size
        assert results.get("jump", row.field[0].stride) == row.field[0].stride


@pytest.mark.parametrize(
    ("name", "conditions"),
    [
        ("alexnet", {"batch": 3, "dtype": "float16"}),
        ("alexnet_two_gpus", {"input": "3x224x224"}),
        ("lenet5_1998", {}),
        ("googlenet", {"batch": 2}),
        ("shufflenet_v2_x0_5", {}),
        ("efficientnet_b0", {"input": "3x97x131"}),
    ],
)
def test_every_layer_of_a_network_is_derived_to_the_figures_of_its_report(name, conditions):
    network, report = explained(name, **conditions)
    for row in report.rows:
        agrees(network, report, row)


@pytest.mark.parametrize("kind", sorted(kind for kind, cls in REGISTRY.items() if cls.traits.takes != (0, 0)))
def test_every_op_is_derived_to_the_figures_of_its_report(kind):
    shapes, settings = REGISTRY[kind].example
    inputs = [Node(f"x{i}", REGISTRY["input"](shape=extents(shape))) for i, shape in enumerate(shapes)]
    made = Network("alone", (*inputs, Node("op", REGISTRY[kind](**settings), tuple(range(len(inputs))))))
    report = archcalc.analyze(made, batch=2)
    agrees(made, report, report.rows[-1])


def test_what_has_lost_its_axes_is_derived_too_and_a_single_number_has_one(network):
    made = network(
        "input: 3x4\n"
        "layers: [{reduce: {axes: [1, 2], by: norm2}}, relu, {einsum: {equation: 'n,n->', branches: [[], []]}}]"
    )
    report = archcalc.analyze(made, batch=2)
    assert [row.output_shape for row in report.rows] == [(2, 3, 4), (2,), (2,), (1,)]
    assert [row.macs for row in report.rows] == [0, 0, 0, 2]
    assert report.rows[1].work.multiplications == 2 * 3 * 4
    for row in report.rows:
        agrees(made, report, row)
    assert archcalc.verify(report).disagreements == ()
    assert archcalc.reconcile(report, ["fvcore"])


WORKED = [
    # network, layer, figure, symbols, numbers, result: the arithmetic of a textbook
    ("alexnet", "conv1", "output height and width", "(H + 2·p − k)/s + 1", "(227 + 2·0 − 11)/4 + 1", 55),
    ("alexnet", "conv1", "parameters", "(k·k·C + 1)·M", "(11·11·3 + 1)·96", 34_944),
    ("alexnet", "conv1", "MACs", "H′·W′·k·k·C·M", "55·55·11·11·3·96", 105_415_200),
    ("alexnet", "pool1", "receptive field", "r + (k − 1)·j", "11 + (3 − 1)·4", 19),
    ("alexnet", "fc6", "parameters", "(C + 1)·M", "(9216 + 1)·4096", 37_752_832),
    ("alexnet", "flatten1", "output size", "W·H·C", "6·6·256", 9216),
    ("alexnet_two_gpus", "conv2", "parameters", "(k·k·C/g + 1)·M", "(5·5·96/2 + 1)·256", 307_456),
    ("lenet5_1998", "c1", "parameters", "(k·k·C + 1)·M", "(5·5·1 + 1)·6", 156),
    ("resnet50", "batchnorm1", "buffers", "2·C", "2·64", 128),
]


@pytest.mark.parametrize(("name", "layer", "figure", "symbols", "numbers", "result"), WORKED)
def test_a_derivation_reads_as_in_a_textbook(name, layer, figure, symbols, numbers, result):
    _, report = explained(name)
    (one,) = [d for d in archcalc.explain(report, layer).derivations if d.figure == figure]
    if figure == "output size":  # the order of the factors is nobody's concern
        assert (sorted(one.symbols), worth(one.numbers)) == (sorted(symbols), result)
        return
    assert one[1:4] == (symbols, numbers, result)


def test_rounding_is_shown_where_it_happens():
    """(224 - 11)/4 + 1 = 54.25, the slip in AlexNet's paper."""
    _, report = explained("alexnet", input="3x224x224")
    one = archcalc.explain(report, "conv1").derivations[0]
    assert (one.numbers, one.result) == ("⌊(224 + 2·0 − 11)/4⌋ + 1", 54)


def test_padding_that_keeps_the_size_takes_the_window_out_of_the_derivation(network):
    """TensorFlow's SAME: ⌈225/2⌉ = 113, whatever the window."""
    made = network("input: 3x225x225\nlayers: [conv: {name: c, out: 4, kernel: 7, stride: 2, padding: same}]")
    one = archcalc.explain(archcalc.analyze(made), "c").derivations[0]
    assert (one.symbols, one.numbers, one.result) == ("⌈H/s⌉", "⌈225/2⌉", 113)


@pytest.mark.parametrize(("batch", "matrix"), [(1, (9, 75)), (10, (90, 75))])
def test_im2col_makes_the_matrix_that_is_taught(batch, matrix, network):
    """(N, 3, 7, 7) under 5x5 windows: 3·3 positions a sample, 5·5·3 numbers a window."""
    made = network("input: 3x7x7\nlayers: [conv: {name: c, out: 4, kernel: 5}]")
    report = archcalc.analyze(made, batch=batch)
    assert report.rows[-1].unfolded == matrix
    sheet = explanation.layer(archcalc.explain(report, "c"))
    growth = prod(matrix) / (batch * 3 * 7 * 7)
    assert any(f"{growth:.3g} times as many" in note for note in sheet.notes)
    assert growth > 1  # overlapping windows repeat what they share


def test_what_a_network_is_made_of_counts_blocks_and_keeps_sizes(run):
    out = run("explain", "resnet50", COLUMNS=120).out
    assert re.search(r"conv4_x +6 bottleneck", out)
    assert "1x1, 3x3, 5x5, pool, output" in run("explain", "googlenet", COLUMNS=200).out


def test_the_heaviest_layers_are_named_with_their_arithmetic(run):
    """fc6 has (9216 + 1)·4096 of 62,378,344 parameters, conv2 27·27·5·5·96·256 of 1,135,256,096 MACs."""
    out = run("explain", "alexnet", COLUMNS=120).out
    assert re.search(r"60\.5% of parameters +fc6: \(C \+ 1\)·M = \(9216 \+ 1\)·4096 = 37,752,832", out)
    assert re.search(r"39\.5% of MACs +conv2: H′·W′·k·k·C·M = 27·27·5·5·96·256 = 447,897,600", out)


def test_a_sum_is_worked_out(run):
    assert re.search(r"1 +55$", run("explain", "(227 + 2*0 - 11)/4 + 1").out, re.MULTILINE)
    assert "54.25" in run("explain", "(224 + 2*0 - 11)/4 + 1").out


def test_a_layer_that_does_not_exist_is_suggested():
    _, report = explained("alexnet")
    with pytest.raises(ArchcalcError, match="no layer 'conv11'") as caught:
        archcalc.explain(report, "conv11")
    assert caught.value.hint == "did you mean conv1?"


def test_latex_sets_derivations_as_mathematics():
    _, report = explained("alexnet", input="3x224x224")
    text = render(explanation.layer(archcalc.explain(report, "conv1")), "latex")
    assert r"$\lfloor (H + 2\cdot p - k)/s\rfloor  + 1" in text
    assert r"= (11\cdot 11\cdot 3 + 1)\cdot 96 = $ 34,944" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
    assert "_" not in re.sub(r"\\_|_\d", "", text)


def test_machines_get_symbols_numbers_and_result():
    _, report = explained("alexnet")
    sheet = explanation.layer(archcalc.explain(report, "conv1"))
    rows = json.loads(render(sheet, "json"))["rows"]
    assert rows[1] == {
        "figure": "parameters",
        "derivation": {
            "symbols": "(k·k·C + 1)·M",
            "numbers": "(11·11·3 + 1)·96",
            "result": 34944,
            "unit": None,
        },
        "meaning": "numbers that are learnt",
    }


def test_what_others_claim_is_judged(run):
    """The note says 4M parameters of GoogLeNet; table 1 of its paper adds up to 6,998,552."""
    out = run("explain", "googlenet", COLUMNS=160).out
    assert re.search(r"claim refuted +4M parameters \(.*\); the arithmetic gives 6,998,552", out)
    assert re.search(r"claim upheld +22 layers", out)


def test_a_block_is_the_sum_of_its_layers(run):
    """Table 1 of GoogLeNet's paper: inception (3a) has 159K weights; with biases 163,696."""
    out = run("explain", "googlenet", "inception3a", COLUMNS=120).out
    assert "163,696, the sum of its layers" in out
    parts = (64 * 193, 96 * 193, 128 * (9 * 96 + 1), 16 * 193, 32 * (25 * 16 + 1), 32 * 193)
    assert sum(parts) == 163_696
    assert [f"= {part:,}" in out for part in parts] == [True] * len(parts)


def test_layers_that_are_alike_are_counted_together(run):
    """Two of the three bottlenecks of conv5_x have the same 3x3 of 512·512·9 weights, and so has the first."""
    out = run("explain", "resnet50", COLUMNS=200).out
    assert re.search(r"like it: \d · k·k·C·M = \d · 3·3·512·512 = ", out)


@pytest.mark.parametrize(("argument", "size"), [(None, 55), ("floor", 54)])
def test_a_rounding_of_the_specs_own_is_derived_too(argument, size, network):
    """(224 - 11)/4 + 1 = 54.25, up to 55 where the spec says ceil, unless the caller says otherwise."""
    made = network(
        "rounding: ceil\ninput: 1x224x224\nlayers: [conv: {name: c, out: 1, kernel: 11, stride: 4}]"
    )
    report = archcalc.analyze(made, rounding=argument)
    one = archcalc.explain(report, "c").derivations[0]
    assert one.result == report.rows[-1].output_shape[2] == size


AUTOCAST = "activations at inference are counted in float16; what autocast runs in float32 takes twice that"


@pytest.mark.parametrize(
    ("line", "is_said"),
    [
        ("explain vit_b_16 layernorm1 --dtype amp-float16", True),
        ("explain vit_b_16 layernorm1", False),
        ("explain vit_b_16 reshape1 --dtype amp-float16", False),
        ("memory lenet5 --per-layer --dtype amp-float16", True),
        ("memory lenet5 --train --per-layer --dtype amp-float16", False),
        ("show lenet5 --dtype amp-float16", True),
        ("show lenet5 --dtype amp-float16 --columns layer,params", False),
    ],
)
def test_bytes_in_the_low_type_of_mixed_precision_say_so(run, line, is_said):
    """What says nothing of stored bytes, or knows the type of each tensor, does not."""
    assert (AUTOCAST in json.loads(run(*line.split(), "--format", "json").out)["notes"]) == is_said
