"""Files that are damaged, absurd or meant to harm: always a report or an error in words, in little time and memory."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import archcalc
from archcalc import ArchcalcError

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402  (only where ONNX is installed)

pytestmark = pytest.mark.onnx

IMAGE = {"x": [2, 4, 6, 6]}
BILLION = 10**9
EXPLAINED = 8
"""How many layers of each file are explained."""


def answer(path, **conditions):
    """Return the report on a file, of which a few layers can be explained, or what is said of it."""
    try:
        report = archcalc.analyze(archcalc.load(path, **conditions))
        for row in report.rows[:EXPLAINED]:
            archcalc.explain(report, row.name)
    except ArchcalcError as error:
        return error.fact
    return report


BYTES = {
    "nothing": b"",
    "zeros": bytes(1000),
    "a text": b"layers:\n  - relu\n",
    "a varint without end": b"\xff" * 100,
    "a field of 2^63 bytes": b"\x3a" + b"\xff" * 8 + b"\x7f",
    "a field that ends behind the file": b"\x3a\xff\xff\xff\xff\x0f" + bytes(100),
    "a wire type that there is not": b"\x3f\x01",
    "groups without end": b"\x3b" * 1000,
    "a model without a graph": b"\x08\x0a",
    "a graph of nothing": b"\x08\x0a\x3a\x00",
}


@pytest.mark.parametrize("what", BYTES)
def test_bytes_that_are_no_model(tmp_path, what, run):
    path = tmp_path / "model.onnx"
    path.write_bytes(BYTES[what])
    failed = run("show", path)
    assert failed.status == 2
    assert "no ONNX model" in failed.err
    assert "Traceback" not in failed.err


def test_files_that_are_none(tmp_path, run):
    folder, pipe, missing = (tmp_path / f"{name}.onnx" for name in ("folder", "pipe", "missing"))
    folder.mkdir()
    os.mkfifo(pipe)
    for path, said in (
        (folder, "not a regular file"),
        (pipe, "not a regular file"),
        (missing, "No such file"),
    ):
        failed = run("show", path)
        assert failed.status == 2
        assert said in failed.err


@pytest.fixture
def model(onnx_file):
    """Return a model of a few nodes and where it is."""
    nodes = [
        ("Conv", "x w b", "a", {"name": "/block/conv"}),
        ("Shape", "a", "s"),
        ("Concat", "n m", "t", {"axis": 0}),
        ("Reshape", "a t", "c"),
        ("LSTM", "c i r", "d", {"hidden_size": 3}),
        ("Softmax", "d", "y", {"axis": -1}),
    ]
    weights = {
        "w": (4, 4, 3, 3),
        "b": (4,),
        "n": np.array([2]),
        "m": np.array([-1, 8]),
        "i": (1, 12, 8),
        "r": (1, 12, 3),
    }
    return onnx_file(nodes, IMAGE, weights)


def test_the_model_that_is_spoiled_is_sound(model):
    assert answer(model).totals.incomplete == ()


def test_every_beginning_of_a_file(model):
    """A file that was cut off anywhere: where protobuf reads it all the same, what is left is looked at."""
    whole = model.read_bytes()
    for length in range(len(whole)):
        model.write_bytes(whole[:length])
        answer(model)


DAMAGED = [100, pytest.param(int(os.environ.get("ARCHCALC_DAMAGED", "500")), marks=pytest.mark.slow)]
"""How many files are spoiled; the same in every run."""


@pytest.mark.parametrize("damaged_files", DAMAGED)
def test_bytes_that_are_spoiled(model, damaged_files):
    whole, chance = model.read_bytes(), random.Random(0)  # noqa: S311  # the same damage in every run
    for _ in range(damaged_files):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        model.write_bytes(damaged)
        answer(model)


NUMBERS = [0, 1, -1, 3, 7, 2**31, 2**62, -(2**63)]
SETTINGS = [*NUMBERS, 2.5, float("nan"), "word", [1, 2], [-1] * 20, [BILLION] * 2, [2.5], ["a", "b"]]
NAMES = ["axis", "axes", "perm", "pads", "strides", "kernel_shape", "group", "hidden_size", "to", "direction"]


def spoil(model, chance):
    """Change one thing: an operator, an attribute, an input, a size, a type, an opset."""
    graph = model.graph
    node, weight = chance.choice(graph.node), chance.choice(graph.initializer)
    match chance.randrange(8):
        case 0:
            node.op_type = chance.choice(OPERATORS)
        case 1:
            name = chance.choice([*NAMES, *(attribute.name for attribute in node.attribute)])
            for old in [attribute for attribute in node.attribute if attribute.name == name]:
                node.attribute.remove(old)
            node.attribute.append(helper.make_attribute(name, chance.choice(SETTINGS)))
        case 2:
            node.input[chance.randrange(len(node.input))] = chance.choice(["", "nobody", "y", "a", "w", "s"])
        case 3:
            del node.input[chance.randrange(len(node.input)) :]
            node.input.extend(["x"] * chance.randrange(3))
        case 4:
            weight.dims[chance.randrange(len(weight.dims))] = chance.choice(NUMBERS)
        case 5:
            weight.data_type = chance.randrange(30)
        case 6:
            sizes = graph.input[0].type.tensor_type.shape.dim
            sizes[chance.randrange(len(sizes))].dim_value = chance.choice(NUMBERS)
        case 7:
            model.opset_import[0].version = chance.choice([0, 1, 7, 11, 13, 99, -1])


OPERATORS = sorted({schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain})


@pytest.mark.parametrize("damaged_files", DAMAGED)
def test_models_that_are_spoiled(model, damaged_files):
    """What protobuf reads and ONNX would refuse."""
    whole, chance = onnx.load(model), random.Random(0)  # noqa: S311  # the same damage in every run
    for _ in range(damaged_files):
        damaged = onnx.ModelProto()
        damaged.CopyFrom(whole)
        for _ in range(chance.randint(1, 3)):
            spoil(damaged, chance)
        model.write_bytes(damaged.SerializeToString())
        answer(model)


def graph_of(operator, output):
    node = helper.make_node(operator, ["x"], [output])
    return helper.make_graph(
        [node], operator, [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    )


BRANCHES = {"then_branch": graph_of("Relu", "p"), "else_branch": graph_of("Tanh", "q")}
ODD = {
    "a cycle": ([("Relu", "b", "a"), ("Relu", "a", "b")], {}, "takes 'b', which nothing before it computes"),
    "an input that nobody gives": ([("Add", "x z", "y")], {}, "takes 'z', which nothing before it computes"),
    "a convolution without a weight": ([("Conv", "x", "y")], {}, "it lacks input 2"),
    "a convolution whose weight is computed": (
        [("Relu", "w", "v"), ("Conv", "x v", "y")],
        {"w": (4, 4, 3, 3)},
        "its input 2 is computed, and not a weight",
    ),
    "a kernel of another size": (
        [("Conv", "x w", "y", {"kernel_shape": [5, 5]})],
        {"w": (4, 4, 3, 3)},
        "conv 'y' on 4x6x6: its weight 'w' is 4x4x3x3, but its input calls for 4x4x5x5",
    ),
    "no stride": (
        [("Conv", "x w", "y", {"strides": [0, 0]})],
        {"w": (4, 4, 3, 3)},
        "'stride' must be at least 1, not 0",
    ),
    "no groups": ([("Conv", "x w", "y", {"group": 0})], {"w": (4, 4, 3, 3)}, "'groups' must be at least 1"),
    "a stride that is a word": (
        [("Conv", "x w", "y", {"strides": "wide"})],
        {"w": (4, 4, 3, 3)},
        "must be a whole number",
    ),
    "axes that there are not": (
        [("Transpose", "x", "y", {"perm": [4, 5, 6, 7]})],
        {},
        "order must name each of the axes 0 to 3 once, not [4, 5, 6, 7]",
    ),
    "too few axes": ([("Transpose", "x", "y", {"perm": [0]})], {}, "order must name each of the axes 0 to 3"),
    "filters of nothing": ([("Conv", "x w", "y")], {"w": (0, 4, 3, 3)}, "'out' must be at least 1, not 0"),
    "a branch that depends on data": (
        [("Cast", "x", "c", {"to": TensorProto.BOOL}), ("If", "c", "y", BRANCHES)],
        {},
        "its input 1 is computed, and not a weight",
    ),
    "a loop": (
        [("Loop", "n  x", "y", {"body": graph_of("Relu", "p")})],
        {"n": np.array(5)},
        "archcalc does not know the operator",
    ),
    "a scan": (
        [("Scan", "x", "y", {"body": graph_of("Relu", "p"), "num_scan_inputs": 1})],
        {},
        "archcalc does not know the operator",
    ),
    "a sequence": (
        [("SequenceConstruct", "x x", "s"), ("ConcatFromSequence", "s", "y", {"axis": 1})],
        {},
        "archcalc does not know the operator",
    ),
    "something optional": (
        [("Optional", "x", "o"), ("OptionalGetElement", "o", "y")],
        {},
        "archcalc does not know the operator",
    ),
    "texts": (
        [("Constant", "", "s", {"value_strings": ["a", "b"]}), ("Identity", "s", "y")],
        {},
        "it holds no number",
    ),
    "a domain of somebody's own": (
        [("Conv", "x w", "y", {"domain": "com.example"})],
        {"w": (4, 4, 3, 3)},
        "archcalc does not know the operator",
    ),
    "an empty name": ([("", "x", "y")], {}, "archcalc does not know the operator"),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_graphs(onnx_file, what):
    """An error says what is wrong; where the rest can be told, a note does, and the totals are incomplete."""
    nodes, weights, said = ODD[what]
    path = onnx_file(nodes, IMAGE, weights)
    found = answer(path)
    if isinstance(found, str):
        assert said in found
    else:
        assert said in archcalc.load(path).notes[0]
        assert found.totals.incomplete


def test_two_nodes_compute_the_same_name(onnx_file):
    """The later one holds; nobody reads the other."""
    report = answer(onnx_file([("Relu", "x", "y"), ("Tanh", "x", "y")], IMAGE))
    assert [row.name for row in report.rows] == ["x", "y#2"]
    assert report.output.kind == "tanh"


def test_a_graph_without_outputs(onnx_file):
    report = answer(onnx_file([("Relu", "x", "y")], IMAGE, outputs=""))
    assert report.output.kind == "relu"


def test_a_graph_without_inputs(onnx_file):
    assert answer(onnx_file([("Relu", "w", "y")], {}, {"w": (4, 4)})) == (
        "the model has no input: it computes the same every time"
    )


def test_names_cannot_move_the_cursor(onnx_file, run):
    path = onnx_file(
        [
            ("Relu", "x", "a\x1b[2J", {"name": "li\nne\x1b[31m"}),
            ("Net\x1b[0m", "a\x1b[2J", "y", {"domain": "\u202ex"}),
        ],
        IMAGE,
        producer_name="me\x1b[31m\r",
    )
    for layout in ("table", "csv", "markdown", "json"):
        shown = run("show", path, "--format", layout)
        assert shown.status == 0
        assert not {"\x1b", "\r", "\u202e"} & {*shown.out, *shown.err}
    assert answer(path).rows[1].name == r"li\nne\x1b[31m"


def test_names_that_are_not_utf8(model):
    model.write_bytes(model.read_bytes().replace(b"/block/conv", b"/bl\xff\xfek/conv"))
    report = answer(model)
    assert isinstance(report, str) or report.rows[1].name == "/bl\ufffd\ufffdk/conv"


def test_graphs_within_graphs(onnx_file):
    """Branches, one in the other, as deep as protobuf goes."""
    inner = graph_of("Relu", "p")
    for depth in range(25):
        node = helper.make_node("If", ["c"], [f"y{depth}"], then_branch=inner)
        output = helper.make_tensor_value_info(f"y{depth}", TensorProto.FLOAT, None)
        inner = helper.make_graph([node], f"g{depth}", [], [output])
    path = onnx_file([("If", "c", "y", {"then_branch": inner})], IMAGE, {"c": np.array(True)})
    assert [row.kind for row in answer(path).rows] == ["input", "relu"]


def test_messages_within_messages(tmp_path):
    """A graph in an attribute of a node in a graph, and so on: too deep for protobuf, and for a walk."""
    path, message = tmp_path / "deep.onnx", b""
    for _ in range(5000):
        for tag in (
            b"\x32",
            b"\x2a",
            b"\x0a",
        ):  # the graph of an attribute, an attribute of a node, a node of a graph
            message = tag + length_of(message) + message
    path.write_bytes(b"\x3a" + length_of(message) + message)
    assert "is no ONNX model" in answer(path)


def length_of(message):
    number, found = len(message), bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def test_too_many_nodes(onnx_file, run):
    nodes = [("Relu", f"x{i}" if i else "x", f"x{i + 1}") for i in range(20)]
    refused = run("show", onnx_file(nodes, IMAGE), ARCHCALC_MAX_LAYERS=10)
    assert refused.status == 2
    assert "has more than 10 nodes" in refused.err
    assert "ARCHCALC_MAX_LAYERS" in refused.err


HUGE = {
    "ones": [("ConstantOfShape", "large", "c"), ("Add", "x c", "y")],
    "ones of a thousand nodes": [("ConstantOfShape", "many", f"c{i}") for i in range(1000)]
    + [("Sum", " ".join(f"c{i}" for i in range(1000)), "s"), ("Add", "x s", "y")],
    "a range": [("Range", "zero end one", "r"), ("Add", "x r", "y")],
    "a range without end": [("Range", "zero end zero", "r"), ("Add", "x r", "y")],
    "many ranges": [("Range", "zero million one", f"r{i}") for i in range(300)] + [("Relu", "x", "y")],
    "an expansion of a constant": [("Expand", "one1 large", "e"), ("Relu", "x", "y")],
    "an expansion of data": [("Expand", "x large", "y")],
    "tiles of a constant": [("Tile", "one1 large1", "t"), ("Relu", "x", "y")],
    "tiles of data": [("Tile", "x large", "y")],
    "an outer product of constants": [
        ("Range", "zero million one", "r"),
        ("Unsqueeze", "r axis", "column"),
        ("Mul", "r column", "m"),
        ("Relu", "x", "y"),
    ],
    "one-hot of constants": [("OneHot", "positions million values", "o"), ("Relu", "x", "y")],
    "rows that are picked again and again": [
        ("Range", "zero million one", "r"),
        ("Unsqueeze", "r axis", "column"),
        ("Mul", "column zero1", "zeros"),
        ("Gather", "r zeros", "g"),
        ("Gather", "g zeros", "h"),
        ("Relu", "x", "y"),
    ],
    "a reshape to more than there is": [("Reshape", "x large", "y")],
    "an enlargement": [("Resize", "x   large", "y")],
    "padding": [("Pad", "x pads", "y")],
    "a shape of an expanded shape": [
        ("Expand", "x large", "e"),
        ("Shape", "e", "s"),
        ("ConstantOfShape", "s", "c"),
        ("Add", "e c", "y"),
    ],
}
HUGE_WEIGHTS = {
    "large": np.array([10**5, 4, 10**5, 10**5]),
    "many": np.array([4, 100, 100]),
    "large1": np.array([10**12]),
    "pads": np.array([0, 0, 10**9, 10**9] * 2),
    "zero": np.array(0),
    "zero1": np.array([0]),
    "one": np.array(1),
    "one1": np.array([1]),
    "axis": np.array([1]),
    "end": np.array(10**15),
    "million": np.array(10**6),
    "positions": np.arange(100_000),
    "values": np.array([0, 1]),
}
CHILD = """
import resource, sys, archcalc
from archcalc import ArchcalcError
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for path in sys.argv[1:]:
    try:
        archcalc.analyze(archcalc.load(path))
    except ArchcalcError:
        pass
status = open("/proc/self/status").read()  # ru_maxrss would hold the peak of whoever started this
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def test_bombs(onnx_file):
    """Little that would become much: none of it is written out. NumPy, onnx and all of these fit into 500 MiB."""
    paths = []
    for number, nodes in enumerate(HUGE.values()):
        used = {name for _, takes, *_ in nodes for name in takes.split()}
        weights = {name: value for name, value in HUGE_WEIGHTS.items() if name in used}
        paths.append(onnx_file(nodes, IMAGE, weights, name=f"bomb{number}.onnx"))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *paths], capture_output=True, check=True, timeout=120, encoding="utf-8"
    )
    assert int(done.stdout) < 500


SPY = """
import sys, archcalc
from archcalc import ArchcalcError
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
for path in sys.argv[1:]:
    report = archcalc.analyze(archcalc.load(path))
    print(report.totals.params, path in opened)
    opened = [path for path in opened if "passwd" in path or "weights.bin" in path]
print(opened)
"""


def test_what_lies_outside_the_file_is_never_opened(model):
    paths = []
    for number, place in enumerate(["../../../../../../etc/passwd", "/etc/passwd", "weights.bin", ""]):
        spoiled = onnx.load(model)
        for weight in spoiled.graph.initializer:
            if weight.data_type == TensorProto.FLOAT:
                weight.ClearField("raw_data")
                weight.data_location = TensorProto.EXTERNAL
                weight.external_data.add(key="location", value=place)
        paths.append(model.with_name(f"outside{number}.onnx"))
        paths[-1].write_bytes(spoiled.SerializeToString())
    done = subprocess.run(
        [sys.executable, "-c", SPY, *paths], capture_output=True, check=True, encoding="utf-8", cwd=Path.cwd()
    )
    assert done.stdout == f"{4 * 4 * 9 + 4 + 12 * 8 + 12 * 3} True\n" * 4 + "[]\n"


def test_sizes_that_are_taken_from_outside_are_not_known(onnx_file):
    path = onnx_file([("Reshape", "x s", "y")], IMAGE, {"s": np.array([2, -1])})
    spoiled = onnx.load(path)
    (sizes,) = spoiled.graph.initializer
    sizes.ClearField("raw_data")
    sizes.data_location = TensorProto.EXTERNAL
    sizes.external_data.add(key="location", value="sizes.bin")
    path.write_bytes(spoiled.SerializeToString())
    (note,) = archcalc.load(path).notes
    assert "it depends on numbers that only a run knows" in note


def test_a_weight_larger_than_memory(onnx_file):
    """A weight is its size, and not its numbers: these are nowhere."""
    path = onnx_file([("Conv", "x w", "y")], IMAGE, {"w": (4, 4, 3, 3)})
    spoiled = onnx.load(path)
    spoiled.graph.initializer[0].ClearField("raw_data")
    spoiled.graph.initializer[0].dims[0] = 10**12
    path.write_bytes(spoiled.SerializeToString())
    assert answer(path).totals.params == 10**12 * 4 * 9


def test_numbers_that_are_not_as_many_as_they_should_be(onnx_file):
    """Numbers that contradict their own shape count for nothing."""
    path = onnx_file([("Reshape", "x s", "y")], IMAGE, {"s": np.array([2, -1])})
    spoiled = onnx.load(path)
    spoiled.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.array([2, 4, 6]), "s"))
    spoiled.graph.initializer[0].dims[0] = 2
    path.write_bytes(spoiled.SerializeToString())
    assert archcalc.analyze(archcalc.load(path)).totals.incomplete == ("y",)
