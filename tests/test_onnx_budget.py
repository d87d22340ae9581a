"""What reading an ONNX file may cost: everything that a file can ask for is paid from one budget.

Each of these files is small and asks for more than anybody has; the time that it takes is counted in seconds of the
processor, and the memory is that of the process.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import archcalc
from archcalc import ArchcalcError

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
from onnx import TensorProto, helper  # noqa: E402  (only where ONNX is installed)

from archcalc.formats.onnx.budget import Budget  # noqa: E402
from archcalc.formats.onnx.tensors import constant, transpose_constant  # noqa: E402
from archcalc.ground.errors import ExceededError  # noqa: E402
from archcalc.ground.limits import WORK  # noqa: E402

pytestmark = pytest.mark.onnx

IMAGE = {"x": [1, 3, 8, 8]}
IMPORTS = [helper.make_opsetid(domain, 21) for domain in ("", "d", "archcalc", "ai.onnx")]
SECONDS, MIB = 60, 500
"""What no file may take, of the processor and of memory; the busiest of these takes a third."""


def refusal(path):
    """Return what is said of a file that is refused."""
    with pytest.raises(ArchcalcError) as caught:
        archcalc.load(path)
    return str(caught.value).partition(": ")[2]


def function(name, nodes, domain="d", overload=""):
    """Return a function of some operators in a row, each a name and its domain."""
    made = [
        helper.make_node(op, [f"t{i}"], [f"t{i + 1}"], domain=where) for i, (op, where) in enumerate(nodes)
    ]
    return helper.make_function(domain, name, ["t0"], [f"t{len(nodes)}"], made, IMPORTS, overload=overload)


def doubling(depth, domain="d", **more):
    """Return functions that each call the next one twice."""
    last = function(f"f{depth}", [("Relu", "")], domain, **more)
    return [*(function(f"f{i}", [(f"f{i + 1}", domain)] * 2, domain, **more) for i in range(depth)), last]


def graph(nodes, inputs=(), outputs=("y",)):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    return helper.make_graph(nodes, "graph", inputs, ends)


def branching(*nodes):
    """Return an If whose branch is some nodes."""
    return helper.make_node("If", ["c"], ["y"], then_branch=graph(nodes), else_branch=graph(nodes))


@pytest.fixture
def with_functions(tmp_path):
    """Return a function that writes a model of nodes and functions."""

    def written(nodes, functions):
        image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
        made = helper.make_model(
            graph(nodes, [image]), functions=functions, opset_imports=IMPORTS, ir_version=10
        )
        made.graph.initializer.append(helper.make_tensor("c", TensorProto.BOOL, [], [True]))
        path = tmp_path / "model.onnx"
        path.write_bytes(made.SerializeToString())
        return path

    return written


def call(name, domain="d", **attributes):
    return helper.make_node(name, ["x"], ["y"], domain=domain, **attributes)


LOOP = helper.make_node("Loop", ["n", "c", "x"], ["y"], body=graph([call("f0")]))
IN_BRANCH = function("f0", [])
IN_BRANCH.node.extend([helper.make_node("If", ["c"], ["t0"], then_branch=graph([call("f1")] * 2))])
EXPANDING = {
    "in the graph": ([call("f0")], doubling(30)),
    "in a branch": ([branching(call("f0"))], doubling(30)),
    "in branches of branches": ([branching(branching(branching(call("f0"))))], doubling(30)),
    "in a loop": ([LOOP], doubling(30)),
    "in a function's branch": ([call("f0")], [IN_BRANCH, *doubling(31)[1:]]),
    "of a domain with two names": ([call("f0", "")], doubling(30, "ai.onnx")),
    "beside others of the same names": (
        [call("f0")],
        [*doubling(30), *(function(f"f{i}", [("Relu", "")], overload="other") for i in range(31))],
    ),
    "under other names of the same functions": (
        [call("f0")],
        [*doubling(30), *(function(f"f{i}", [("Relu", "")]) for i in range(31))],
    ),
    "in a function that stays": (
        [call("relu", "archcalc")],
        [function("relu", [("f0", "d")], "archcalc"), *doubling(30)],
    ),
}


@pytest.mark.parametrize("what", EXPANDING)
def test_functions_that_would_grow_are_not_written_out(with_functions, what):
    said = refusal(with_functions(*EXPANDING[what]))
    assert "has more than 250,000 nodes once its functions are written out" in said


def test_functions_pay_for_their_length_too(with_functions):
    long = function("f0", [("Relu", "")])
    long.node[0].attribute.append(helper.make_attribute("text", "z" * 10**6))
    calls = [helper.make_node("f0", ["x"], [f"y{i}"], domain="d") for i in range(1000)]
    assert "asks for more than 50,000,000 steps of work" in refusal(with_functions(calls, [long]))


def test_functions_that_are_ops_pay_where_they_are_looked_into(with_functions):
    made = [function(f"relu_{i}", [(f"relu_{i + 1}", "archcalc")] * 2, "archcalc") for i in range(30)]
    made.append(function("relu_30", [("Relu", "")], "archcalc"))
    nodes = [call("relu_0", "archcalc"), helper.make_node("Unheard", ["y"], ["z"])]
    assert "asks for more than 50,000,000 steps of work" in refusal(with_functions(nodes, made))


def test_functions_in_a_long_row_are_told_from_those_without_end(with_functions):
    row = [function(f"f{i}", [(f"f{i + 1}", "d")]) for i in range(500)]
    end = function("f500", [("Relu", "")])
    assert "functions call each other more than 100 deep" in refusal(
        with_functions([call("f0")], [*row, end])
    )
    circle = function("f500", [("f0", "d")])
    assert "functions call each other without end" in refusal(with_functions([call("f0")], [*row, circle]))
    assert archcalc.load(with_functions([call("f410")], [*row[410:], end])).nodes[-1].op.kind == "relu"


@pytest.mark.parametrize("opset", [-(2**63), -1, 2**31, 2**63 - 1])
def test_an_opset_that_no_program_can_name_is_refused(onnx_file, opset):
    nodes = [("Gelu", "x", "a"), ("Unheard", "a", "y")]
    assert refusal(onnx_file(nodes, IMAGE, opset=opset)) == f"there is no opset {opset:,}"


@pytest.mark.parametrize("opset", [0, 1, 5, 1000, 2**31 - 1])
def test_an_opset_that_nobody_knows_is_no_error(onnx_file, opset):
    assert archcalc.load(onnx_file([("Gelu", "x", "a"), ("Unheard", "a", "y")], IMAGE, opset=opset)).notes


def reshapes(number):
    return [("Reshape", f"t{i} {'rs'[i % 2]}", f"t{i + 1}") for i in range(number)]


def each(number, operator, takes, attributes=None):
    return [(operator, takes, f"o{i}", attributes or {}) for i in range(number)]


BUSY = {
    # what a file asks for: its nodes, its weights
    "outputs of a split": ([("Split", "x", "y", {"num_outputs": 2**31})], {}),
    "a name for each output": (
        [("Split", "x", " ".join(f"y{i}" for i in range(2000)), {"axis": 1, "name": "n" * 10**6})],
        {},
    ),
    "outputs of many sizes": (
        [("Split", "l s", " ".join(f"y{i}" for i in range(20_000)))],
        {"s": np.ones(20_000, int), "l": np.ones(20_000, np.float32)},
    ),
    "views of views": ([("Transpose", f"w{i}", f"w{i + 1}") for i in range(20_000)], {"w0": (8, 8)}),
    "views of views, each looked at": (
        [*reshapes(4000), *(("InstanceNormalization", f"x t{i} t{i}", f"y{i}") for i in range(1, 4000))],
        {"t0": np.ones(4096, np.float32), "r": np.array([64, 64]), "s": np.array([4096])},
    ),
    "scales of scales": (
        [*(("DequantizeLinear", f"s{i} s{i}", f"s{i + 1}") for i in range(60)), ("Add", "x s60", "y")],
        {"s0": np.float32(1)},
    ),
    "scales without end": (
        [*(("DequantizeLinear", f"q s{i}", f"s{i + 1}") for i in range(3000)), ("Add", "x s3000", "y")],
        {"s0": np.float32(1), "q": np.int8(1)},
    ),
    "scales wider than numbers": (
        [("DequantizeLinear", "q s", "w", {"axis": 0}), ("InstanceNormalization", "x w w", "y")],
        {"q": np.zeros((60_000, 1), np.int8), "s": np.ones((1, 16_000), np.float32)},
    ),
    "scales across numbers": (
        [("DequantizeLinear", "q s", "w", {"axis": 1}), ("InstanceNormalization", "x w w", "y")],
        {"q": np.zeros((60_000, 1), np.int8), "s": np.ones(16_000, np.float32)},
    ),
    "constants that are sorted": (
        [("ConstantOfShape", "n", "c"), *each(20_000, "TopK", "c k")],
        {"n": np.array([2**16]), "k": np.array([1])},
    ),
    "constants that are scattered": (
        each(2000, "ScatterND", "d i d"),
        {"d": np.zeros(8000, int), "i": np.zeros((8000, 1), int)},
    ),
    "long lists of numbers": (each(20_000, "Slice", "x s s s"), {"s": np.zeros(8000, int)}),
    "definitions": ([("Celu", f"o{i}", f"o{i + 1}") for i in range(3000)], {"o0": (8, 8)}),
}
CHILD = """
import resource, sys, time, archcalc
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
for path in sys.argv[1:]:
    before = time.process_time()
    try:
        said = len(archcalc.load(path).nodes)
    except archcalc.ArchcalcError as error:
        said = error.fact.rpartition(": ")[2]
    status = open("/proc/self/status").read()  # ru_maxrss would hold the peak of whoever started this
    print(time.process_time() - before, int(status.partition("VmHWM:")[2].split()[0]) // 1024, said)
"""


SOON = ["outputs of a split", "a name for each output", "scales wider than numbers", "definitions"]
"""Those that are told from a good file within a second; the others are slow."""


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=() if what in SOON else pytest.mark.slow) for what in BUSY]
)
def test_no_small_file_takes_long_or_much(onnx_file, what):
    nodes, weights = BUSY[what]
    path = onnx_file([*nodes, ("Relu", "x", "last")], IMAGE, weights)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, path], capture_output=True, check=True, encoding="utf-8", timeout=600
    )
    seconds, mib, _ = done.stdout.split(maxsplit=2)
    assert float(seconds) < SECONDS
    assert int(mib) < MIB


def test_a_shape_of_very_many_sizes_is_never_multiplied_out(onnx_file):
    path = onnx_file([("Add", "x w", "y")], IMAGE, {"w": (1,)})
    spoiled = onnx.load(path)
    spoiled.graph.initializer[0].dims[:] = [2**62] * 100_000
    path.write_bytes(spoiled.SerializeToString())
    assert "asks for more than 50,000,000 steps of work" in refusal(path)


def test_modules_within_modules_do_not_make_names_without_end(onnx_file):
    path = onnx_file([("Relu", "x", "y")], IMAGE)
    spoiled = onnx.load(path)
    scopes = spoiled.graph.node[0].metadata_props.add(key="pkg.torch.onnx.name_scopes")
    scopes.value = str(["0"] * 20_000)
    path.write_bytes(spoiled.SerializeToString())
    assert len(archcalc.load(path).nodes[-1].name) < 30_000


def test_the_budget_is_moved_by_the_environment_and_says_so(onnx_file, monkeypatch):
    path = onnx_file([("Relu", "x", "a"), ("Tanh", "a", "y")], IMAGE)
    monkeypatch.setenv(WORK.variable, "100")
    assert "asks for more than 100 steps of work\nhint: set ARCHCALC_MAX_WORK to allow more" in refusal(path)
    monkeypatch.setenv(WORK.variable, "200")
    assert len(archcalc.load(path).nodes) == 3


def test_what_can_be_left_out_leaves_half_for_what_cannot(onnx_file, monkeypatch):
    """A file that folds much is read all the same; what is not worked out becomes layers."""
    nodes = [("Add", f"c{i} one", f"c{i + 1}") for i in range(100)]
    path = onnx_file([*nodes, ("Add", "x c100", "y")], IMAGE, {"c0": np.arange(8), "one": np.array(1)})
    assert len(archcalc.load(path).nodes) == 3
    monkeypatch.setenv(WORK.variable, "20000")
    assert len(archcalc.load(path).nodes) > 50


def test_a_look_at_a_constant_costs_what_its_steps_touch(tmp_path):
    budget = Budget(tmp_path)
    tensor = helper.make_tensor("w", TensorProto.INT64, [16, 16], range(256))
    one = constant("w", tensor)._replace(budget=budget)
    for _ in range(3):
        one = transpose_constant(one, (1, 0))
    assert one.value.tolist()[0] == [16 * i for i in range(16)]
    assert WORK.default - budget.left == 4 * (80 + 256 // 16)
    budget.left = 100
    with pytest.raises(ExceededError):
        _ = one.value
