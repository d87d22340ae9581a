"""What a spec means: the forms of a value, names, wiring, blocks, parameters, rounding, auxiliary heads."""

import json
from itertools import product

import pytest

from archcalc import ArchcalcError

UNIT = "blocks: {unit: {parameters: {width: 8}, layers: [{conv: {out: width, kernel: 1}}, relu]}}\n"


def spec(layers, extra=""):
    """Return a spec whose layers are given as the inside of a YAML flow list."""
    return f"input: 3x32x32\n{extra}layers: [{layers}]\n"


def figures(report):
    """Return all that a report says of its layers except how their settings were written."""
    return [row._replace(settings={}) for row in report.rows], report.totals


def unnamed(report):
    """Return the figures of a report's layers without their names."""
    return [row._replace(name="", inputs=()) for row in figures(report)[0]]


def names(report):
    return [row.name for row in report.rows[1:]]


def outputs(report):
    return {row.name: "x".join(map(str, row.output_shape[1:])) for row in report.rows}


EQUIVALENT = {
    "an op with nothing to say": ["relu", "{relu: }", "{relu: {}}", "'relu'"],
    "a scalar is the main setting": ["maxpool: 2", "{maxpool: {kernel: 2}}"],
    "pooling strides by its kernel": ["maxpool: 3x2", "{maxpool: {kernel: [3, 2], stride: [3, 2]}}"],
    "a list is the main setting": ["permute: [0, 2, 1]", "{permute: {order: [0, 2, 1]}}"],
    "a size": [
        f"conv: {{out: 8, kernel: {kernel}, stride: {stride}}}"
        for kernel in ("3", "3x3", "3X3", "3×3", "3 x 3", "[3, 3]", "'3x3'", "3.0", "[3]")
        for stride in ("1", "1x1", "[1, 1]")
    ],
    "an oblong size": [f"conv: {{out: 8, kernel: {k}}}" for k in ("3x5", "[3, 5]", "[6 // 2, 5]")],
    "no padding": ["maxpool: {kernel: 2, padding: 0}", "maxpool: {kernel: 2, padding: valid}", "maxpool: 2"],
    "padding on all sides": [
        f"conv: {{out: 8, kernel: 3, padding: {p}}}"
        for p in ("1", "1x1", "[1, 1]", "[[1, 1]]", "[[1, 1], [1, 1]]", "[1, [1, 1]]", "same")
    ],
    "padding an axis": [
        f"conv: {{out: 8, kernel: 5, padding: {p}}}" for p in ("1x2", "[1, 2]", "[[1, 1], 2]")
    ],
    "branches": [
        "add: [[relu], []]",
        "add: {branches: [[relu], []]}",
        "add: {branches: {branch1: [relu], branch2: []}}",
    ],
    "one source, as a list of one": ["relu: {from: input}", "relu: {from: [input]}", "relu"],
    "what `when` leaves": [
        "relu: {when: true}",
        "relu: {when: 1 < 2}",
        "relu, relu: {when: not true}",
        "relu",
    ],
}


@pytest.mark.parametrize("ways", EQUIVALENT.values(), ids=EQUIVALENT)
def test_equivalent_ways_to_write_a_layer_give_equal_figures(report_of, ways):
    first, *others = (figures(report_of(spec(way))) for way in ways)
    assert others
    assert all(other == first for other in others)


WRITTEN_OUT = {
    "a repeat": ("relu, relu, relu", "repeat: {times: 3, layers: [relu]}"),
    "a repeat of none": ("relu", "relu, repeat: {times: 0, layers: [relu]}"),
    "a repeat's index": (
        "conv: {out: 8, kernel: 1}, conv: {out: 16, kernel: 1}",
        "repeat: {times: 2, index: i, layers: [{conv: {out: 8 * (i + 1), kernel: 1}}]}",
    ),
    "a block": ("conv: {out: 8, kernel: 1}, relu", "unit"),
    "a block's parameter": ("conv: {out: 5, kernel: 1}, relu", "unit: {width: 5}"),
    "an alias": ("relu, relu", "&a relu, *a"),
    "nested branches": (
        "relu: {name: a}, relu: {name: b, from: input}, add: {name: c, from: [b, input]}, add: {from: [a, c]}",
        "add: [[relu], [add: [[relu], []]]]",
    ),
}


@pytest.mark.parametrize(("plain", "short"), WRITTEN_OUT.values(), ids=WRITTEN_OUT)
def test_repeats_blocks_aliases_and_branches_are_what_they_write_out(report_of, plain, short):
    assert unnamed(report_of(spec(short, UNIT))) == unnamed(report_of(spec(plain)))


def test_json_is_a_spec(report_of):
    layers = [{"conv": {"out": 8, "kernel": [3, 3], "bias": False}}, "relu", {"maxpool": 2}]
    as_json = json.dumps({"input": [3, 32, 32], "layers": layers})
    in_blocks = """
input: 3x32x32
layers:
  - conv:
      out: 8
      kernel: 3
      bias: false
  - relu
  - maxpool: 2
"""
    assert figures(report_of(as_json)) == figures(report_of(in_blocks))


SIZES = [
    # layer on 3x32x32, output, (I + before + after - k)/s + 1 on each axis
    ("conv: {out: 8, kernel: 3}", "8x30x30", "32 - 3 + 1"),
    ("conv: {out: 8, kernel: 3x5}", "8x30x28", "32 - 3 + 1, 32 - 5 + 1"),
    ("conv: {out: 8, kernel: 3, padding: [[0, 1], [2, 0]]}", "8x31x32", "32 + 1 - 3 + 1, 32 + 2 - 3 + 1"),
    ("conv: {out: 8, kernel: 3, padding: [[0, 1]]}", "8x31x31", "one pair serves all axes"),
    ("conv: {out: 8, kernel: 3, padding: 1x2}", "8x32x34", "32 + 2 - 3 + 1, 32 + 4 - 3 + 1"),
    ("conv: {out: 8, kernel: 3, stride: 5, padding: same}", "8x7x7", "ceil(32/5), as in TensorFlow"),
    ("conv: {out: 8, kernel: 2, padding: same}", "8x32x32", "ceil(32/1)"),
    ("maxpool: {kernel: 2, stride: 1x2}", "3x31x16", "32 - 2 + 1, (32 - 2)/2 + 1"),
    ("pad: [[1, 2], 3]", "3x35x38", "32 + 1 + 2, 32 + 3 + 3"),
]


@pytest.mark.parametrize(("layer", "output", "why"), SIZES)
def test_sizes_and_paddings_mean_what_they_say(report_of, layer, output, why):
    assert outputs(report_of(spec(layer))).popitem()[1] == output, why


NAMES = {
    "numbered by op": ("relu, conv: {out: 1, kernel: 1}, relu", ["relu1", "conv1", "relu2"]),
    "their own": ("relu: {name: first}, relu", ["first", "relu1"]),
    "a number that is taken is left out": ("relu: {name: relu1}, relu", ["relu1", "relu2"]),
    "in blocks": (
        "unit, unit: {name: last}",
        ["unit1.conv1", "unit1.relu1", "last.conv1", "last.relu1"],
    ),
    "in branches": (
        "add: [[relu, relu], [relu]]",
        ["branch1.relu1", "branch1.relu2", "branch2.relu1", "add1"],
    ),
    "in named branches": ("add: {name: sum, branches: {a: [relu], b: []}}", ["a.relu1", "sum"]),
    "in later branches": (
        "add: [[relu], []], add: [[relu], []]",
        ["branch1.relu1", "add1", "branch3.relu1", "add2"],
    ),
    "in repeats": ("relu, repeat: {times: 2, layers: [relu]}", ["relu1", "relu2", "relu3"]),
    "in named repeats": (
        "repeat: {times: 2, name: stage, layers: [relu, relu]}",
        ["stage1.relu1", "stage1.relu2", "stage2.relu1", "stage2.relu2"],
    ),
    "nested": (
        "repeat: {times: 1, name: stage, layers: [{add: {branches: {a: [unit], b: [unit]}}}]}",
        [f"stage1.{b}.unit1.{op}1" for b in "ab" for op in ("conv", "relu")] + ["stage1.add1"],
    ),
    "skipped layers take no number": ("relu: {when: false}, relu", ["relu1"]),
}


@pytest.mark.parametrize(("layers", "expected"), NAMES.values(), ids=NAMES)
def test_names(report_of, layers, expected):
    assert names(report_of(spec(layers, UNIT))) == expected


FROM = {
    # layers, the last layer's inputs
    "a layer": ("relu: {name: a}, add: {from: [a, input]}", ("a", "input")),
    "a block, by the layer it ends on": (
        "unit, unit: {name: b}, add: {from: [unit1, b]}",
        ("unit1.relu1", "b.relu1"),
    ),
    "a layer in a block": ("unit, add: {from: [unit1.conv1, unit1]}", ("unit1.conv1", "unit1.relu1")),
    "a round of a repeat": (
        "repeat: {times: 2, name: r, layers: [relu]}, add: {from: [r1, r2]}",
        ("r1.relu1", "r2.relu1"),
    ),
    "a branch": ("add: {branches: {a: [relu], b: []}}, add: {from: [a, add1]}", ("a.relu1", "add1")),
    "two branches for an op of two inputs": (
        "matmul: [[], [permute: [0, 2, 1]]]",
        ("input", "branch2.permute1"),
    ),
    "branches beside settings": (
        "matmul: {transposed: true, branches: {q: [relu], k: []}}",
        ("q.relu1", "input"),
    ),
    "a text that is no expression": (
        "einsum: {equation: 'nchw,nchv->nwv', branches: [[], []]}",
        ("input", "input"),
    ),
    "the same layer twice": ("relu: {name: a}, add: {from: [a, a]}", ("a", "a")),
    "an empty branch, which is its input": ("relu, add: [[relu], []]", ("branch1.relu1", "relu1")),
}


@pytest.mark.parametrize(("layers", "inputs"), FROM.values(), ids=FROM)
def test_from_takes(report_of, layers, inputs):
    assert report_of(spec(layers, UNIT)).rows[-1].inputs == inputs


def test_a_name_is_looked_up_in_its_own_block_first_and_then_around_it(report_of):
    blocks = "blocks: {unit: {layers: [{relu: {name: a}}, {add: {from: [a, outer]}}]}}\n"
    rows = {
        row.name: row for row in report_of(spec("relu: {name: outer}, relu: {name: a}, unit", blocks)).rows
    }
    assert rows["unit1.a"].inputs == ("a",)
    assert rows["unit1.add1"].inputs == ("unit1.a", "outer")


def test_a_block_starts_where_from_says(report_of):
    layers = "relu: {name: a}, relu: {name: b}, unit: {width: 3, from: a}, add: {from: [unit1, b]}"
    rows = {row.name: row for row in report_of(spec(layers, UNIT)).rows}
    assert rows["unit1.conv1"].inputs == ("a",)


def test_tied_weights_count_once_and_work_each_time(report_of):
    once = report_of(spec("flatten, linear: {name: a, out: 3072}"))
    tied = report_of(spec("flatten, linear: {name: a, out: 3072}, linear: {name: b, out: 3072, tie: a}"))
    assert tied.totals.params == once.totals.params == 3072 * 3072 + 3072
    assert tied.totals.macs == 2 * once.totals.macs == 2 * 3072 * 3072


FAMILY = """
input: 3x32x32
title: The family
parameters: {width: 4, double: 2 * width, depths: [width, double]}
variants:
  small: {}
  large: {width: 16, title: The large one, source: a book, input: 1x8x8}
  odd: {double: 5}
blocks:
  unit:
    parameters: {out: double, half: out // 2}
    layers: [{conv: {out: out, kernel: 1}}, {conv: {out: half, kernel: 1}}]
layers: [{conv: {out: "depths[1]", kernel: 1}}, unit, unit: {out: width}]
"""


CHANNELS = [
    # variant, overrides, channels of the four convolutions after the first: double; double, half; width, half
    ("small", {}, [8, 8, 4, 4, 2]),
    ("large", {}, [32, 32, 16, 16, 8]),
    ("odd", {}, [5, 5, 2, 4, 2]),
    ("small", {"width": 6}, [12, 12, 6, 6, 3]),
    ("large", {"width": 6}, [12, 12, 6, 6, 3]),
    ("odd", {"width": 6}, [5, 5, 2, 6, 3]),
    ("odd", {"width": 6, "double": 20}, [20, 20, 10, 6, 3]),
    ("small", {"depths": (1, 7)}, [7, 8, 4, 4, 2]),
]


@pytest.mark.parametrize(("variant", "overrides", "channels"), CHANNELS)
def test_overrides_stand_before_the_variant_before_the_defaults(report_of, variant, overrides, channels):
    report = report_of(FAMILY, variant, overrides)
    assert [row.output_shape[1] for row in report.rows[1:]] == channels


def test_a_variant_has_its_own_title_source_and_input_or_the_familys(report_of):
    small, large = report_of(FAMILY, "small"), report_of(FAMILY, "large")
    assert (small.name, small.title, small.source, small.input_shape) == (
        "small",
        "The family · small",
        "",
        (3, 32, 32),
    )
    assert (large.name, large.title, large.source, large.input_shape) == (
        "large",
        "The large one",
        "a book",
        (1, 8, 8),
    )


def test_a_block_sees_the_specs_parameters_but_not_those_of_the_block_that_uses_it(report_of):
    blocks = """
blocks:
  inner: {parameters: {out: }, layers: [{conv: {out: out + width, kernel: 1}}]}
  outer: {parameters: {width: }, layers: [{inner: {out: width}}]}
"""
    report = report_of(spec("outer: {width: 100}", "parameters: {width: 1}" + blocks))
    assert report.rows[-1].output_shape[1] == 100 + 1


def test_the_input_is_an_expression_over_the_parameters(report_of):
    text = "parameters: {side: 32}\ninput: [3, side, side // 2]\nlayers: [relu]\n"
    assert outputs(report_of(text, parameters={"side": 10}))["relu1"] == "3x10x5"


def test_words_that_yaml_1_1_takes_for_something_else_are_words(report_of):
    text = (
        "input: 3x8x8\ntitle: no\nsource: 2014-06-01\nlayers: [{relu: {name: 'on'}}, {relu: {name: 1e5}}]\n"
    )
    report = report_of(text)
    assert (report.title, report.source) == ("no", "2014-06-01")
    assert names(report) == ["on", "1e5"]


WAYS = (None, "floor", "ceil", "strict")


@pytest.mark.parametrize(("layer", "whole", "argument"), list(product(WAYS, repeat=3)))
def test_rounding_is_the_layers_before_the_arguments_before_the_specs_and_strict_before_the_layers(
    report_of, layer, whole, argument
):
    text = (
        "input: 3x224x224\n"
        + (f"rounding: {whole}\n" if whole else "")
        + f"layers: [{{conv: {{out: 1, kernel: 11, stride: 4{f', rounding: {layer}' if layer else ''}}}}}]\n"
    )
    usual = argument or whole
    said = [way for way in (layer, usual) if way]
    if "strict" in said:
        with pytest.raises(ArchcalcError, match=r"= 54\.25"):
            report_of(text, rounding=argument)
    else:
        # (224 - 11)/4 + 1 = 54.25
        size = {"floor": 54, "ceil": 55}[said[0] if said else "floor"]
        report = report_of(text, rounding=argument)
        assert report.rows[-1].output_shape[2:] == (size, size)
        assert [str(one) for one in report.rows[-1].uneven] == [f"54.25 → {size}"] * 2


def test_auxiliary_heads_exist_only_in_training_and_change_nothing_after_them(report_of):
    head = "auxiliary: {name: head, weight: 0.3, layers: [global_avgpool, flatten, linear: 10]}"
    stem, tail = "conv: {out: 8, kernel: 3}", "conv: {name: tail, out: 8, kernel: 3}"
    without = report_of(spec(f"{stem}, {tail}"))
    inference, training = (report_of(spec(f"{stem}, {head}, {tail}"), train=train) for train in (False, True))
    assert figures(inference) == figures(without)
    assert training.totals.params == without.totals.params + 8 * 10 + 10
    assert names(training) == ["conv1", "head.global_avgpool1", "head.flatten1", "head.linear1", "tail"]
    assert training.rows[-1] == without.rows[-1]
