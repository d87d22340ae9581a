"""What the reader makes of graphs: patterns that are one layer, names, inputs, outputs, and nodes that nobody knows."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.questions.verify.agreement import compare_values

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")

pytestmark = pytest.mark.onnx

C = 4
IMAGE = {"x": [2, C, 6, 6]}


def numbers(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def report_of(path, **conditions):
    return archcalc.analyze(archcalc.load(path, **conditions))


def kinds(path):
    return [row.kind for row in report_of(path).rows[1:]]


def agrees(path):
    """Tell whether every layer computes what it does in ONNX Runtime."""
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    report = report_of(path)
    comparisons = list(compare_values(path, report))
    return bool(comparisons) and all(one.agrees for one in comparisons)


PATTERNS = {
    "a scale and a shift for each channel: a normalisation whose statistics are folded in": (
        [("Mul", "x s", "a"), ("Add", "a b", "y")],
        {"s": numbers(C, 1, 1), "b": numbers(1, C, 1, 1)},
        ["affine"],
        2 * C,
    ),
    "in either order of the operands": (
        [("Mul", "s x", "a"), ("Add", "b a", "y")],
        {"s": numbers(C, 1, 1), "b": numbers(C, 1, 1)},
        ["affine"],
        2 * C,
    ),
    "not where others read what lies between": (
        [("Mul", "x s", "a"), ("Add", "a b", "c"), ("Relu", "a", "d"), ("Add", "c d", "y")],
        {"s": numbers(C, 1, 1), "b": numbers(C, 1, 1)},
        ["affine", "affine", "relu", "add"],
        2 * C,
    ),
    "nor where the shift is along another axis": (
        [("Mul", "x s", "a"), ("Add", "a b", "y")],
        {"s": numbers(C, 1, 1), "b": numbers(6)},
        ["affine", "affine"],
        C + 6,
    ),
    "a product and a bias: a fully connected layer": (
        [("MatMul", "x w", "a"), ("Add", "a b", "y")],
        {"w": numbers(6, 5), "b": numbers(5)},
        ["linear"],
        6 * 5 + 5,
    ),
    "a bias of another length is none": (
        [("MatMul", "x w", "a"), ("Add", "a b", "y")],
        {"w": numbers(6, 5), "b": numbers(6, 1)},
        ["linear", "affine"],
        6 * 5 + 6,
    ),
    "one number for all": ([("Mul", "x s", "y")], {"s": np.float32(0.5)}, ["scalar"], 0),
    "a learnt tensor that is added": (
        [("Add", "x p", "y")],
        {"p": numbers(1, C, 6, 6)},
        ["parameter", "add"],
        C * 6 * 6,
    ),
    "a gate stays two rows": ([("Sigmoid", "x", "g"), ("Mul", "x g", "y")], {}, ["sigmoid", "multiply"], 0),
    "a maximum of two bounds is a relu6": (
        [("Clip", "x low high", "y")],
        {"low": np.float32(0), "high": np.float32(6)},
        ["relu6"],
        0,
    ),
    "channels dealt out anew": (
        [
            ("Reshape", "x apart", "a"),
            ("Transpose", "a", "t", {"perm": [0, 2, 1, 3, 4]}),
            ("Reshape", "t back", "y"),
        ],
        {"apart": np.array([2, 2, 2, 6, 6]), "back": np.array([0, -1, 6, 6])},
        ["shuffle"],
        0,
    ),
    "and not where the groups are read, too": (
        [
            ("Reshape", "x apart", "a"),
            ("Transpose", "a", "t", {"perm": [0, 2, 1, 3, 4]}),
            ("Reshape", "t back", "u"),
            ("Reshape", "t back", "v"),
            ("Add", "u v", "y"),
        ],
        {"apart": np.array([2, 2, 2, 6, 6]), "back": np.array([0, -1, 6, 6])},
        ["reshape", "permute", "reshape", "reshape", "add"],
        0,
    ),
    "nor where the axes change places otherwise": (
        [
            ("Reshape", "x apart", "a"),
            ("Transpose", "a", "t", {"perm": [0, 1, 2, 4, 3]}),
            ("Reshape", "t back", "y"),
        ],
        {"apart": np.array([2, 2, 2, 6, 6]), "back": np.array([0, -1, 6, 6])},
        ["reshape", "permute", "reshape"],
        0,
    ),
    "a norm of whole maps": ([("GlobalLpPool", "x", "y", {"p": 1})], {}, ["reduce"], 0),
    "backwards": (
        [("Slice", "x first last axis step", "y")],
        {
            "first": np.array([-1]),
            "last": np.array([-(2**63)]),
            "axis": np.array([3]),
            "step": np.array([-2]),
        },
        ["parameter", "take"],
        0,
    ),
    "a weight of which a part is taken": (
        [("Slice", "w zero three", "v"), ("MatMul", "x v", "y")],
        {"w": numbers(6, 5), "zero": np.array([0, 0]), "three": np.array([6, 3])},
        ["linear"],
        6 * 3,
    ),
    "softmax over what a constant decides": (
        [("Shape", "x", "n"), ("Gather", "n i", "m"), ("Equal", "m i", "c"), ("Where", "c x z", "y")],
        {"i": np.array([0]), "z": np.float32(0)},
        ["parameter", "parameter", "where"],
        0,
    ),
}


@pytest.mark.parametrize("what", PATTERNS)
def test_patterns(onnx_file, what):
    nodes, weights, expected, params = PATTERNS[what]
    path = onnx_file(nodes, IMAGE, weights)
    assert kinds(path) == expected
    report = report_of(path)
    assert (report.totals.params, report.totals.incomplete) == (params, ())
    assert agrees(path)


def test_weights_that_two_nodes_share_count_once(onnx_file):
    nodes = [("Conv", "x w", "a"), ("Relu", "a", "b"), ("Conv", "b w", "y")]
    report = report_of(onnx_file(nodes, IMAGE, {"w": (C, C, 3, 3)}))
    assert [row.params for row in report.rows] == [0, C * C * 9, 0, 0]
    assert [row.macs for row in report.rows] == [0, 2 * 16 * C * C * 9, 0, 2 * 4 * C * C * 9]


def test_a_shared_weight_beside_a_bias_of_its_own(onnx_file):
    nodes = [("Conv", "x w b", "a"), ("Conv", "a w c", "y")]
    report = report_of(onnx_file(nodes, IMAGE, {"w": (C, C, 3, 3), "b": (C,), "c": (C,)}))
    assert [row.params for row in report.rows] == [0, C * C * 9 + C, C]


def test_every_output_is_one(onnx_file):
    nodes = [("Relu", "x", "a"), ("Tanh", "a", "b"), ("Sigmoid", "a", "c")]
    report = report_of(onnx_file(nodes, IMAGE, outputs="b c"))
    assert [row.kind for row in report.outputs] == ["tanh", "sigmoid"]


def test_inputs_by_name(onnx_file, run):
    path = onnx_file(
        [("Concat", "left right", "y", {"axis": 1})],
        {"left": ["N", 2, "H", "W"], "right": ["N", 3, "H", "W"]},
    )
    report = report_of(path, input={"left": "2x8x9"}, batch=5)
    assert report.output.output_shape == (5, 5, 8, 9)  # H and W are the same in both
    told = run("show", path, "--input", "left=2x8x9", "--format", "json")
    assert json.loads(told.out)["rows"][-1]["output"] == [5, 8, 9]
    refused = run("show", path, "--input", "middle=2x8x9")
    assert refused.status == 2
    assert "has no input 'middle'" in refused.err


def test_sizes_that_are_left_open_are_one(onnx_file):
    network = archcalc.load(onnx_file([("Relu", "x", "y")], {"x": ["N", 3, "H", None]}))
    assert archcalc.analyze(network).output.output_shape == (1, 3, 1, 1)
    assert network.notes == ("the file leaves open H, axis 3 of x, taken as 1",)


def test_names_are_those_of_the_file(onnx_file):
    path = onnx_file(
        [
            ("Relu", "x", "a", {"name": "/block/act/Relu"}),
            ("Tanh", "a", "y"),
            ("Tanh", "y", "z", {"name": "y"}),
        ],
        IMAGE,
        outputs="z",
    )
    assert [row.name for row in report_of(path).rows] == ["x", "/block/act/Relu", "y", "y#2"]


UNKNOWN = [("Conv", "x w", "a"), ("Guess", "a g h", "b", {"domain": "com.example"}), ("Relu", "b", "y")]
UNKNOWN_WEIGHTS = {"w": (C, C, 3, 3), "g": (10, 3), "h": np.array([1, 2, 3])}


def test_a_node_that_nobody_knows(onnx_file, run):
    """It is listed by name and operator; its weights count, its work does not, and what follows is as little known."""
    path = onnx_file(UNKNOWN, IMAGE, UNKNOWN_WEIGHTS)
    network = archcalc.load(path)
    report = archcalc.analyze(network)
    assert [(row.kind, row.params, row.macs) for row in report.rows] == [
        ("input", 0, 0),
        ("parameter", 30, 0),
        ("conv", C * C * 9, 2 * 16 * C * C * 9),
        ("unaccounted", 0, None),
        ("unaccounted", 0, None),
    ]
    assert report.totals.incomplete == ("b", "y")
    assert report.totals.params == 30 + C * C * 9  # h holds integers: positions or sizes
    assert network.notes == (
        "not accounted for: com.example.Guess 'b': archcalc does not know the operator",
        "not accounted for: Relu 'y': the size of its input is not known",
    )
    shown = run("show", path)
    assert shown.status == 0
    assert "com.example.Guess" in shown.out + shown.err


def test_a_node_whose_output_the_file_states(onnx_file):
    """ONNX's own inference helps where it can: what follows is known again."""
    nodes = [("Conv", "x w", "a"), ("Det", "a", "d"), ("Relu", "d", "y")]
    report = report_of(onnx_file(nodes, IMAGE, {"w": (C, C, 3, 3)}))
    assert report.rows[-1].output_shape == (2, C)
    assert report.totals.incomplete == ("d",)


def test_what_no_output_needs_is_left_out(onnx_file):
    """As ONNX Runtime leaves it out, so that what is written of the network can be read; inputs stay."""
    nodes = [("Conv", "x w", "a"), ("Conv", "x v", "b"), ("Sigmoid", "b", "c"), ("Conv", "a v", "y")]
    weights = {"w": (C, C, 3, 3), "v": (C, C, 1, 1)}
    network = archcalc.load(onnx_file(nodes, IMAGE | {"z": [2, 7]}, weights))
    report = archcalc.analyze(network)
    assert [row.name for row in report.rows] == ["x", "z", "a", "y"]
    assert report.totals.params == 9 * C * C + C * C
    assert network.notes == ("no output needs 'b': left out, as whatever runs the file does",)


def test_an_operator_that_onnx_defines_by_others_is_a_block(onnx_file):
    """Its layers stand inside it, by its name; nothing is left unaccounted for."""
    path = onnx_file([("MeanVarianceNormalization", "x", "y", {"name": "/norm/MVN"})], IMAGE)
    report = report_of(path)
    assert {row.name.rpartition("/")[0] for row in report.rows[1:] if row.inputs} == {"/norm/MVN"}
    assert report.totals.incomplete == ()
    assert agrees(path)


def test_functions_of_the_file_are_written_out(onnx_file):
    from onnx import helper

    inner = [helper.make_node("Conv", ["a", "w"], ["b"]), helper.make_node("Relu", ["b"], ["c"])]
    function = helper.make_function(
        "com.example", "Unit", ["a", "w"], ["c"], inner, [helper.make_opsetid("", 21)]
    )
    nodes = [("Unit", "x w", "a", {"domain": "com.example"}), ("Unit", "a v", "y", {"domain": "com.example"})]
    path = onnx_file(nodes, IMAGE, {"w": (C, C, 3, 3), "v": (C, C, 3, 3)}, functions=[function])
    assert kinds(path) == ["conv", "relu", "conv", "relu"]


def test_a_branch_that_a_constant_decides(onnx_file):
    from onnx import TensorProto, helper, numpy_helper

    def branch(operator, *weights):
        node = helper.make_node(operator, ["x", *(w.name for w in weights)], [f"{operator}_y"])
        output = helper.make_tensor_value_info(f"{operator}_y", TensorProto.FLOAT, None)
        return helper.make_graph([node], operator, [], [output], weights)

    weight = numpy_helper.from_array(numbers(C, C, 3, 3), "inner")
    branches = {"then_branch": branch("Conv", weight), "else_branch": branch("Relu")}
    for condition, expected in ((True, ["conv"]), (False, ["relu"])):
        path = onnx_file([("If", "c", "y", branches)], IMAGE, {"c": np.array(condition)})
        assert kinds(path) == expected
    path = onnx_file([("Cast", "x", "c", {"to": TensorProto.BOOL}), ("If", "c", "y", branches)], IMAGE)
    assert kinds(path) == ["function", "unaccounted"]


def test_a_recurrent_layer_that_starts_from_somewhere(onnx_file):
    """Its figures do not depend on it; its values do, and that is noted."""
    hidden, width = 4, 3
    weights = {"w": (1, 4 * hidden, width), "r": (1, 4 * hidden, hidden)}
    nodes = [
        ("Split", "s", "h c", {"num_outputs": 2, "axis": 0}),
        ("LSTM", "x w r    h c", "y", {"hidden_size": hidden}),
    ]
    nodes[1] = ("LSTM", "x w r b n h c", "y", {"hidden_size": hidden})
    weights |= {"b": (1, 8 * hidden), "n": np.array([5, 5], np.int32)}
    network = archcalc.load(onnx_file(nodes, {"x": [5, 2, width], "s": [2, 2, hidden]}, weights))
    totals = archcalc.analyze(network).totals
    assert totals.macs == 5 * 2 * 4 * hidden * (width + hidden)
    assert totals.params == 4 * hidden * (width + hidden) + 8 * hidden
    assert network.notes == ("LSTM 'y' starts from a state of its own, taken as zeros",)


def test_a_missing_package_is_named(onnx_file, monkeypatch, run):
    path = onnx_file([("Relu", "x", "y")], IMAGE)
    monkeypatch.delitem(sys.modules, "onnx.onnx_ml_pb2")
    monkeypatch.setattr("archcalc.formats.onnx.messages.find_spec", lambda name: None)
    failed = run("show", path)
    assert failed.status == 2
    assert "pip install 'archcalc[onnx]'" in failed.err


def test_a_file_whose_layers_do_not_fit_is_refused(onnx_file):
    nodes = [("Relu", "x", "a"), ("Add", "a p", "y", {"name": "sum"})]
    with pytest.raises(ArchcalcError, match="add 'sum' on 4x6x6 and 5x6: the shapes differ"):
        archcalc.load(onnx_file(nodes, IMAGE, {"p": (1, 5, 6)}))


def test_a_weight_that_does_not_fit_leaves_its_layer_unaccounted_for(onnx_file):
    """ONNX's own inference asks no more of a convolution than what its output's size takes."""
    network = archcalc.load(onnx_file([("Conv", "x w", "y")], IMAGE, {"w": (C, 3, 3, 3)}))
    assert network.notes == (
        (
            "not accounted for: Conv 'y': conv 'y' on 4x6x6: its weight 'w' is 4x3x3x3, "
            "but its input calls for 4x4x3x3"
        ),
    )
    assert archcalc.analyze(network).totals.params == C * 3 * 9


NONZERO = [("Relu", "x", "a"), ("NonZero", "a", "y")]
OPEN = {"x": ["N", 3, "height", "width"]}
CONVOLUTION = [("Conv", "x w", "y")]


def test_a_limit_is_not_proved_by_what_is_not_known(onnx_file, run):
    path = onnx_file(NONZERO, {"x": [1, 4]})
    outcome = run("check", path, "--max-macs", "1k", "--max-memory", "1GiB", "--format", "json")
    assert outcome.status == 1
    assert [row["verdict"] for row in json.loads(outcome.out)["rows"]] == ["unknown", "unknown"]
    assert "not accounted for: NonZero" in outcome.err


def test_check_says_what_it_had_to_assume_and_can_be_told(onnx_file, run):
    path = onnx_file([("Relu", "x", "y")], OPEN)
    assert "height, width of x, taken as 1" in run("check", path, "--max-memory", "1MiB").err
    told = run("check", path, "--max-memory", "1MiB", "--input", "3x512x512")
    assert (told.status, told.err) == (1, "")


def test_what_fails_for_open_sizes_says_which_they_are(onnx_file):
    path = onnx_file(CONVOLUTION, OPEN, {"w": numbers(4, 3, 3, 3)})
    with pytest.raises(ArchcalcError, match="kernel") as error:
        archcalc.load(path)
    assert error.value.hint.startswith("the file leaves open height, width of x, taken as 1: --input states")
    assert archcalc.load(path, input="3x8x8").notes == ()


def test_an_input_that_is_stated_must_fit(onnx_file):
    path = onnx_file([("Conv", "x w", "y")], {"x": [1, 3, 8, 8]}, {"w": numbers(4, 3, 3, 3)})
    with pytest.raises(ArchcalcError, match="weight 'w' is 4x3x3x3"):
        archcalc.load(path, input="4x8x8")


def test_the_file_says_how_sizes_are_rounded(onnx_file, run):
    path = onnx_file(CONVOLUTION, {"x": [1, 3, 8, 8]}, {"w": numbers(4, 3, 3, 3)})
    outcome = run("show", path, "--rounding", "ceil")
    assert (outcome.status, "says itself how sizes are rounded" in outcome.err) == (2, True)
    assert run("show", path, "--rounding", "strict").status == 0


def test_the_suffix_is_the_same_in_any_case(onnx_file):
    assert len(archcalc.load(onnx_file([("Relu", "x", "y")], {"x": [1, 4]}, name="NET.ONNX")).nodes) == 2


def test_a_layer_that_takes_all_weights_of_another_is_tied_to_it(onnx_file):
    twice = [("Conv", "x w b", "a"), ("Conv", "a w b", "y")]
    path = onnx_file(twice, {"x": [1, 4, 8, 8]}, {"w": numbers(4, 4, 3, 3), "b": numbers(4)})
    network = archcalc.load(path)
    assert [node.tied for node in network.nodes] == [None, None, 1]
    assert network.notes[0].startswith(
        "2 weights are those of another layer and count once; 148 numbers more"
    )
    report = archcalc.analyze(network)
    assert [row.params for row in report.rows] == [0, 148, 0]
    shown = archcalc.explain(report, report.rows[2].name).derivations
    assert "parameters" not in {one.figure for one in shown}
    again = archcalc.export(report, to="onnx")
    path.write_bytes(again)
    assert report_of(path).totals == report.totals


def test_weights_that_are_shared_in_part_count_and_are_derived_once(onnx_file):
    shared = [("Conv", "x w b", "a"), ("Conv", "a v b", "y")]
    weights = {"w": numbers(4, 4, 3, 3), "v": numbers(4, 4, 1, 1), "b": numbers(4)}
    network = archcalc.load(onnx_file(shared, {"x": [1, 4, 8, 8]}, weights))
    report = archcalc.analyze(network)
    assert [row.params for row in report.rows] == [0, 148, 16]
    (derived,) = [
        one
        for one in archcalc.explain(report, report.rows[2].name).derivations
        if one.unit == "" and one.figure == "parameters"
    ]
    assert derived.result == 16


def test_without_weights_the_inputs_say_the_type(onnx_file):
    path = onnx_file([("Relu", "x", "y")], {"x": [1, 4]})
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(model, path)
    assert report_of(path).dtype == "float16"


FLOAT_MODEL = (
    [
        ("Conv", "x w b", "a", {"pads": [1] * 4}),
        ("Relu", "a", "c"),
        ("GlobalAveragePool", "c", "d"),
        ("Flatten", "d", "e"),
        ("Gemm", "e v u", "y"),
    ],
    {"w": numbers(8, C, 3, 3), "b": numbers(8), "v": numbers(8, 10), "u": numbers(10)},
)


class Calibration:
    """Three random images: what onnxruntime.quantization learns ranges from."""

    def __init__(self):
        generator = np.random.default_rng(0)
        self.batches = iter([{"x": generator.uniform(0, 1, IMAGE["x"]).astype(np.float32)} for _ in range(3)])

    def get_next(self):
        return next(self.batches, None)


@pytest.mark.filterwarnings("ignore")  # the quantiser warns of how it should be used
def test_a_quantised_network_has_the_figures_of_the_network(onnx_file, tmp_path):
    """ONNX Runtime's own quantisation: parameters and work stay, scales and zero points are fixed and no parameters."""
    quantization = pytest.importorskip("onnxruntime.quantization", reason="ONNX Runtime is not installed")
    source = onnx_file(FLOAT_MODEL[0], IMAGE, FLOAT_MODEL[1])
    expected = report_of(source).totals
    assert (expected.params, expected.macs) == (8 * C * 9 + 8 + 80 + 10, 2 * 36 * 8 * C * 9 + 2 * 80)
    dynamic, static = tmp_path / "dynamic.onnx", tmp_path / "static.onnx"
    quantization.quantize_dynamic(source, dynamic, weight_type=quantization.QuantType.QUInt8)
    quantization.quantize_static(
        source, static, Calibration(), quant_format=quantization.QuantFormat.QDQ, per_channel=True
    )
    for path in (dynamic, static):
        totals = report_of(path).totals
        assert (totals.params, totals.macs, totals.incomplete) == (expected.params, expected.macs, ())
    assert report_of(static).totals.fixed > 0
    assert agrees(static)


def test_a_slope_is_matched_from_the_last_axis(onnx_file):
    """Three slopes on 2x3x4x3 are one for each column and not one for each channel."""
    columns = onnx_file([("PRelu", "x s", "y")], {"x": [2, 3, 4, 3]}, {"s": numbers(3)})
    assert "prelu" not in kinds(columns)
    assert agrees(columns)
    channels = onnx_file([("PRelu", "x s", "y")], {"x": [2, 3, 4, 3]}, {"s": numbers(3, 1, 1)})
    assert kinds(channels) == ["prelu"]
    assert agrees(channels)


def functions(*calls):
    """Return functions of a domain of their own, each of which calls others and then the next."""
    return [
        onnx.helper.make_function(
            "own",
            f"f{number}",
            ["a"],
            ["b"],
            [
                onnx.helper.make_node(kind, ["a"], [f"b{n}" if n else "b"], domain=where)
                for n, (kind, where) in enumerate(called)
            ],
            [onnx.helper.make_opsetid("", 21), onnx.helper.make_opsetid("own", 1)],
        )
        for number, called in enumerate(calls)
    ]


def with_functions(path, *calls):
    model = onnx.load(path)
    model.functions.extend(functions(*calls))
    model.opset_import.append(onnx.helper.make_opsetid("own", 1))
    model.graph.node[0].CopyFrom(onnx.helper.make_node(f"f{len(calls) - 1}", ["x"], ["y"], domain="own"))
    onnx.save(model, path)
    return path


def test_functions_that_grow_past_the_limit_are_not_written_out(onnx_file):
    """Sixty functions that each call the one before twice are 2^60 nodes."""
    doubling = [[("Relu", "")], *([(f"f{n}", "own")] * 2 for n in range(60))]
    path = with_functions(onnx_file([("Relu", "x", "y")], {"x": [1, 4]}), *doubling)
    with pytest.raises(ArchcalcError, match="more than 250,000 nodes once its functions are written out"):
        archcalc.load(path)


def test_functions_that_call_themselves_are_refused(onnx_file):
    path = with_functions(onnx_file([("Relu", "x", "y")], {"x": [1, 4]}), [("f0", "own")])
    with pytest.raises(ArchcalcError, match="call each other without end"):
        archcalc.load(path)
