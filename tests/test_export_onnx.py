"""Networks as ONNX models: the checker accepts them, ONNX Runtime computes what the references do, they read back the same."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.onnx.runtime import Session
from archcalc.formats.onnx.write import REFUSED, TABLE
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents
from archcalc.op.site import Site
from archcalc.ops import REGISTRY
from archcalc.ops.elements import elementwise
from archcalc.ops.shapes import reduction
from archcalc.questions.verify.agreement import compare_values

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
inliner = pytest.importorskip("onnx.inliner", reason="ONNX is not installed")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

pytestmark = pytest.mark.onnx

MOST = 16
"""The largest size of an axis to which an example is shrunk."""
FIXED_AXES = {"flatten", "reshape", "channels", "permute"}
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def test_onnx_says_every_layer_or_why_not():
    """What enters the graph from outside is an input of the graph, and no node."""
    assert {*TABLE, *REFUSED, "input"} == REGISTRY.keys()
    assert not TABLE.keys() & REFUSED.keys()


def alone(kind, settings, *shapes):
    """Return a network of one op, and its report; shapes have the batch first, which is the same in all."""
    sources = [Node(f"x{i}", REGISTRY["input"](shape=shape[1:])) for i, shape in enumerate(shapes)]
    node = Node("op", REGISTRY[kind](**settings), tuple(range(len(sources))))
    network = Network("alone", (*sources, node))
    return network, archcalc.analyze(network, batch=shapes[0][0] if shapes else 1)


def checked(network, report):
    """Return a network as ONNX's message, which the checker accepts with all shapes inferred."""
    content = archcalc.export(report, to="onnx")
    onnx.checker.check_model(content, full_check=True)
    return onnx.ModelProto.FromString(content)


def with_weights(model, weights):
    """Put real numbers in the place of the nodes that make weights of one number."""
    kept = [node for node in model.graph.node if node.name not in weights]
    assert len(kept) == len(model.graph.node) - len(weights)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in weights.items()
    )
    return model


def run(model, arrays):
    """Return what ONNX Runtime makes of some arrays: every output by its name."""
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, arrays), strict=True))


def random_weights(op, *shapes):
    rng = np.random.default_rng(1)
    named = op.tensors(Site(tuple(shapes)))
    return {name: rng.random(shape, dtype=np.float32) + np.float32(0.1) for name, shape in named.items()}


def agrees(kind, settings, *shapes, inputs=None):
    """Hold the values of ONNX Runtime against those of the op's reference, on random numbers."""
    rng = np.random.default_rng(0)
    xs = inputs or [rng.uniform(-3, 3, shape).astype(np.float32) for shape in shapes]
    network, report = alone(kind, settings, *shapes)
    op, shapes = REGISTRY[kind](**settings), [x.shape for x in xs]
    weights = random_weights(op, *shapes)
    model = with_weights(checked(network, report), {f"op.{name}": array for name, array in weights.items()})
    y = run(model, {f"x{i}": x for i, x in enumerate(xs)})["op"]
    with np.errstate(all="ignore"):
        expected = op.forward(*xs, **weights)
    assert y.shape == report.output.output_shape == expected.shape
    np.testing.assert_allclose(y, expected, **CLOSE)


def example_shapes(kind):
    shapes, _ = REGISTRY[kind].example
    most = 10**6 if kind in FIXED_AXES else MOST
    return [(2, channels, *(min(n, most) for n in rest)) for channels, *rest in map(extents, shapes)]


@pytest.mark.parametrize("kind", TABLE)
def test_its_example_computes_what_the_reference_does(kind):
    agrees(kind, REGISTRY[kind].example[1], *example_shapes(kind))


C3 = [[0, 1, 2], [3, 1], [0, 1, 2, 3], [2, 3]]

# fmt: off
SETTINGS = [
    ("conv", {"out": 6, "kernel": [3, 2], "stride": [2, 1], "padding": [[0, 2], [1, 0]], "groups": 2}, (2, 4, 9, 8)),
    ("conv", {"out": 6, "kernel": "3x5x2", "padding": "4x2x0", "dilation": [1, 1, 2]}, (1, 2, 6, 7, 5)),
    ("conv", {"out": 4, "kernel": 4, "stride": 3, "padding": "same", "dilation": 2}, (1, 2, 11, 10)),
    ("conv", {"out": 4, "kernel": 3, "stride": 2, "rounding": "ceil", "bias": False}, (1, 2, 6, 7)),
    ("conv", {"out": 4, "kernel": 3, "connections": C3}, (2, 4, 5, 5)),
    ("conv", {"out": 4, "kernel": 3, "connections": C3, "bias": False, "stride": 2, "padding": 1}, (2, 4, 5, 5)),
    ("conv_transpose", {"out": 6, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 2}, (2, 4, 5, 6)),
    ("conv_transpose", {"out": 6, "kernel": [3, 2, 1], "stride": [1, 2, 3], "padding": [[0, 1], [1, 0], [0, 0]], "bias": False}, (1, 4, 5, 6, 2)),
    ("conv_transpose", {"out": 1, "kernel": 3, "stride": 2, "dilation": 3, "output_padding": 1}, (1, 1, 4)),
    ("maxpool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, (1, 2, 6, 7)),
    ("maxpool", {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil", "dilation": 2}, (1, 2, 6, 8, 7)),
    ("maxpool", {"kernel": 3, "padding": "same", "stride": 2}, (1, 2, 8)),
    ("avgpool", {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil", "count_padding": False}, (1, 2, 6, 7)),
    ("avgpool", {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil"}, (1, 2, 6, 7)),
    ("avgpool", {"kernel": 3, "dilation": 2, "padding": 1}, (1, 2, 9, 9)),
    ("lppool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, (1, 2, 6, 6)),
    ("lppool", {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil", "norm": 1}, (1, 2, 6, 6)),
    ("subsample", {"kernel": 3, "stride": 2, "padding": 1, "rounding": "ceil"}, (1, 2, 6, 6)),
    ("subsample", {"kernel": 2, "dilation": 2}, (1, 2, 7)),
    ("adaptive_avgpool", {"size": [3, 5]}, (2, 3, 7, 4)),
    ("adaptive_avgpool", {"size": [3, 2]}, (2, 3, 9, 4)),
    ("adaptive_avgpool", {"size": 1}, (2, 3, 7, 4)),
    ("adaptive_maxpool", {"size": 6}, (2, 3, 13)),
    ("adaptive_maxpool", {"size": 1}, (2, 3, 13, 2)),
    ("upsample", {"scale": [2, 3], "mode": "linear"}, (1, 2, 3, 4)),
    ("upsample", {"scale": 3}, (1, 2, 5)),
    ("upsample", {"scale": 2, "mode": "linear"}, (1, 2, 5)),
    ("upsample", {"scale": 2, "mode": "linear"}, (1, 2, 3, 4, 2)),
    ("resize", {"size": [3, 7], "mode": "cubic", "corners": True}, (1, 2, 4, 4)),
    ("resize", {"size": [3, 7], "mode": "cubic"}, (1, 2, 4, 4)),
    ("resize", {"size": [3, 7], "mode": "linear", "corners": True}, (1, 2, 4, 4)),
    ("resize", {"size": [3, 7], "mode": "linear"}, (1, 2, 4, 4)),
    ("resize", {"size": 7}, (1, 2, 5)),
    ("depth_to_space", {"block": 2, "mode": "crd"}, (1, 16, 2, 3, 4)),
    ("depth_to_space", {"block": 2}, (1, 16, 2, 3, 4)),
    ("depth_to_space", {"block": 2, "mode": "crd"}, (1, 16, 2, 3)),
    ("space_to_depth", {"block": 2}, (1, 2, 4, 2, 6)),
    ("layernorm", {"over": "all"}, (2, 6, 4)),
    ("layernorm", {"over": "all"}, (2, 6)),
    ("layernorm", {"over": "channels"}, (2, 6)),
    ("layernorm", {"over": "channels", "affine": False}, (2, 6, 3)),
    ("layernorm", {"affine": False}, (2, 6)),
    ("layernorm", {"over": "last", "axes": 2}, (2, 3, 4, 5)),
    ("layernorm", {"over": "last", "affine": False, "eps": 0.1}, (2, 3, 4, 5)),
    ("batchnorm", {"affine": False, "eps": 0.1}, (2, 6)),
    ("batchnorm", {"eps": 0.1}, (2, 6)),
    ("groupnorm", {"groups": 2}, (2, 6)),
    ("groupnorm", {"groups": 2, "affine": False}, (2, 6, 3)),
    ("groupnorm", {"groups": 6, "eps": 0.1}, (2, 6, 3, 3)),
    ("lrn", {"size": 3, "alpha": 0.5, "beta": 0.5, "bias": 2}, (2, 6, 3, 3)),
    ("lrn", {"size": 3, "alpha": 0.5}, (2, 6)),
    ("lrn", {"size": 3, "alpha": 0.5}, (2, 6, 3)),
    ("rmsnorm", {"axes": 2, "affine": False}, (2, 3, 4, 5)),
    ("l2norm", {"axis": 0}, (2, 3, 4)),
    ("l2norm", {"axis": -1, "eps": 1.5}, (2, 3, 4)),
    ("affine", {"axis": -1, "scale": False}, (2, 3, 4)),
    ("affine", {"axis": 1, "shift": False}, (2, 3, 4)),
    ("prelu", {"per": "layer"}, (2, 6)),
    ("prelu", {}, (2, 6)),
    ("gelu", {"approximate": "tanh"}, (2, 6)),
    ("hardsigmoid", {"slope": 0.3, "offset": 0.4}, (2, 6)),
    ("dropout", {"rate": 1}, (2, 6)),
    ("clip", {}, (2, 6)),
    ("clip", {"high": 1}, (2, 6)),
    ("clip", {"low": -1}, (2, 6)),
    ("quantize", {"axis": -1, "low": -3}, (2, 3, 4)),
    ("quantize", {"axis": 1}, (2, 3, 4)),
    ("dequantize", {"axis": 1}, (2, 3, 4)),
    ("pad", {"amount": [[1, 2], [0, 0]], "channels": [[2, 1]], "value": 3.0}, (1, 2, 3, 4)),
    ("pad", {"amount": 2, "mode": "reflect"}, (1, 2, 3, 4)),
    ("pad", {"amount": [[2, 1]], "mode": "edge"}, (1, 2, 3)),
    ("pad", {"amount": [[2, 1]], "mode": "wrap"}, (1, 2, 3)),
    ("crop", {"amount": [[1, 2], [0, 1]]}, (1, 2, 5, 4)),
    ("channels", {"start": 1}, (1, 4, 5)),
    ("slice", {"axes": [0, -1], "starts": [0, 1], "steps": [1, 2]}, (2, 3, 7)),
    ("take", {"axis": -1, "index": 2}, (2, 3, 4)),
    ("take", {"axis": -1}, (2, 3, 4), (2, 5)),
    ("embedding", {"size": 2, "dim": 3}, (2, 9)),
    ("expand", {"shape": [4, 3, 5]}, (3, 1)),
    ("tile", {"repeats": [2, 3]}, (2, 4)),
    ("roll", {"axes": [1, -1], "shift": [0, -9]}, (2, 3, 4)),
    ("roll", {"axes": [0, 2], "shift": 1}, (2, 3, 4)),
    ("relative_bias", {"window": [2, 1, 2]}, (2, 9, 4, 3)),
    ("window_mask", {"map": [4, 6], "window": [2, 3], "shift": [1, 2]}, (2, 4, 5, 6, 6)),
    ("reshape", {"shape": [2, 0]}, (2, 3, 4)),
    ("reshape", {"shape": [0, 2], "axes": "all"}, (2, 3, 4)),
    ("permute", {"order": [2, 0, 1], "axes": "all"}, (2, 3, 4)),
    ("concat", {"axis": -1}, (2, 3), (2, 4)),
    ("add", {}, (1, 2, 5, 4), (1, 2, 1, 1), (1, 1, 5, 4)),
    ("multiply", {}, (1, 2, 5, 4), (1, 2, 1, 1), (1, 1, 5, 4)),
    ("matmul", {"transposed": True}, (2, 1, 3, 4), (2, 6, 4)),
    ("einsum", {"equation": "nij, njk, nkl -> nil"}, (2, 3, 4), (2, 4, 5), (2, 5, 6)),
    ("einsum", {"equation": "nij->j"}, (2, 3, 4)),
    ("einsum", {"equation": "nii"}, (2, 3, 3)),
    ("linear", {"out": 5, "axis": -1}, (2, 6)),
    ("linear", {"out": 5, "axis": -1}, (2, 3, 4, 6)),
    ("linear", {"out": 5, "axis": 2, "bias": False}, (2, 3, 4, 6)),
    ("linear", {"out": 5, "bias": False}, (2, 6)),
    ("linear", {"out": 5, "zero_bias": [0, 2]}, (2, 6)),
    ("linear", {"out": 5, "axis": 2, "zero_bias": [1, 5]}, (2, 3, 4, 6)),
    ("log_distances", {"window": [2, 3]}),
    ("parameter", {"shape": [2, 3], "axes": "all", "learnt": False}),
    ("argmax", {"axis": -1, "by": "min", "keep": True}, (2, 3, 4)),
    ("cumsum", {"axis": -1}, (2, 3, 4)),
    ("softmax", {"axis": -1}, (2, 3, 4)),
    ("log_softmax", {"axis": 2}, (2, 3, 4)),
    *((kind, {"hidden": 4, "directions": 2, "batch_first": False}, (5, 2, 3)) for kind in ("rnn", "lstm", "gru")),
    *((kind, {"hidden": 4, "directions": 2, "bias": False}, (2, 5, 3)) for kind in ("rnn", "lstm", "gru")),
    *(("function", {"by": by}, (2, 3, 4)) for by in elementwise.FUNCTIONS),
    *(("scalar", {"by": by, "value": 1.5}, (2, 3, 4)) for by in elementwise.OPERATIONS),
    *(("scalar", {"by": by, "value": 1.5, "swapped": True}, (2, 3, 4)) for by in elementwise.ORDERED),
    *(("combine", {"by": by}, (2, 3, 4), (2, 1, 4)) for by in elementwise.OPERATIONS if by not in REGISTRY),
    *(("reduce", {"by": by, "axes": [1, -1], "keep": keep}, (2, 3, 4, 5)) for by in reduction.REDUCTIONS for keep in (False, True)),
]
# fmt: on


@pytest.mark.parametrize("case", SETTINGS, ids=str)
def test_any_settings_compute_what_the_reference_does(case):
    agrees(*case)


def read_back(content, batch, folder):
    """Return the report of what is read from the bytes of a file."""
    path = folder / "model.onnx"
    path.write_bytes(content)
    return archcalc.analyze(archcalc.load(path, batch=batch), batch=batch)


def figures(report):
    """Return what must be the same whatever the layers are called."""
    totals = report.totals
    return {
        "parameters": totals.params,
        "fixed": totals.fixed,
        "buffers": totals.buffers,
        "work": totals.work,
        "depth": totals.depth,
        "inputs": [row.output_shape for row in report.inputs],
        "outputs": [row.output_shape for row in report.outputs],
        "fields": [row.field for row in report.outputs],
    }


EXAMPLES = [(kind, REGISTRY[kind].example[1], *example_shapes(kind)) for kind in TABLE]
FLAT = ("reshape", {"shape": [9216]})
"""A reshape that lays a sample in a row is a flatten to whoever reads it, which keeps the places of the channels."""


@pytest.mark.parametrize("case", [c for c in EXAMPLES + SETTINGS if c[2:]], ids=str)
def test_any_layer_reads_back_to_the_same_figures(case, tmp_path):
    _, report = alone(*case)
    found = figures(read_back(archcalc.export(report, to="onnx"), report.batch, tmp_path))
    expected = figures(report)
    if case[:2] == FLAT:
        del found["fields"], expected["fields"]
    assert found == expected


def test_every_network_reads_back_to_the_same_figures(each_network, tmp_path):
    """Layer by layer: each is a node of its name."""
    network = archcalc.load(each_network)
    report = archcalc.analyze(network)
    content = archcalc.export(report, to="onnx")
    onnx.checker.check_model(content, full_check=True)
    found = read_back(content, None, tmp_path)
    assert figures(found) == figures(report)
    assert told(found) == told(report)
    assert found.totals.peak == report.totals.peak


def told(report):
    """Return the rows by their names, without settings and kinds, which a file may state in other words.

    Nor with what is alive: the reader puts layers that only hold a weight before all others.
    """
    return {
        row.name: row._replace(kind="", settings={}, uneven=(), weights={}, alive=0) for row in report.rows
    }


TINY_VIT = {"depth": 2, "width": 32, "heads": 4, "mlp": 64, "classes": 10}
INLINED = {
    "lenet5_1998": {},
    "shufflenet_v2_x0_5": {},
    "efficientnet_b0": {},
    "vit_b_32": TINY_VIT,
}
"""Networks with functions: what is in these counts the same where nobody knows that they are layers."""


@pytest.mark.parametrize(("name", "parameters"), INLINED.items(), ids=INLINED)
def test_functions_written_out_read_to_the_same_parameters_and_products(name, parameters, tmp_path):
    network = archcalc.load(name, parameters=parameters)
    report = archcalc.analyze(network)
    model = checked(network, report)
    assert model.functions
    inlined = inliner.inline_local_functions(model)
    assert not inlined.functions
    found, expected = read_back(inlined.SerializeToString(), None, tmp_path).totals, report.totals
    assert found.macs == expected.macs
    assert found.params + found.fixed == expected.params + expected.fixed
    assert found.incomplete == ()


def filled_at_random(model):
    """Put random numbers in the place of all nodes that make weights of one number."""
    rng = np.random.default_rng(0)
    shapes = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    weights = {}
    for node in model.graph.node:
        if node.op_type == "ConstantOfShape":
            shape = shapes[node.input[0]]
            bound = (3 / max(1, np.prod(shape[1:]))) ** 0.5
            low = -bound if len(shape) > 1 else 0.5
            weights[node.name] = rng.uniform(low, bound, shape).astype(np.float32)
    return with_weights(model, weights)


SMALL = {
    "lenet5": {},
    "lenet5_1998": {},
    "simple_convnet": {},
    "resnet20": {},
    "mobilenet_v3_small": {},
    "shufflenet_v2_x0_5": {},
    "squeezenet1_1": {},
    "vit_b_32": TINY_VIT,
}


@pytest.mark.parametrize(("name", "parameters"), SMALL.items(), ids=SMALL)
def test_every_layer_of_a_network_computes_what_its_reference_does(name, parameters, tmp_path):
    network = archcalc.load(name, parameters=parameters)
    report = archcalc.analyze(network)
    path = tmp_path / "model.onnx"
    path.write_bytes(filled_at_random(checked(network, report)).SerializeToString())
    values = Session(path, {row.name: row.output_shape for row in report.inputs}, seed=0).values
    assert {row.name: values[row.name].shape for row in report.rows} == {
        row.name: row.output_shape for row in report.rows
    }
    found = list(compare_values(path, archcalc.analyze(archcalc.load(path))))
    assert len(found) == len(report.rows) - len(report.inputs)
    assert [one for one in found if one.real] == []


@pytest.mark.parametrize("name", ["lenet5", "lenet5_1998", "resnet20", "mobilenet_v3_small"])
def test_with_the_weights_of_the_file_numbers_neither_overflow_nor_vanish(name):
    network = archcalc.load(name)
    report = archcalc.analyze(network)
    x = np.random.default_rng(0).random((3, *report.input_shape), dtype=np.float32)
    (y,) = run(checked(network, report), {"input": x}).values()
    assert y.shape == (3, *report.output.output_shape[1:])
    assert np.isfinite(y).all()
    assert np.abs(y).min() > 0


def sizes(value):
    """Return the shape that a file states: numbers, words, None where it states nothing."""
    return [
        size.dim_value or size.dim_param or None if size.WhichOneof("value") else None
        for size in value.type.tensor_type.shape.dim
    ]


def test_what_a_file_looks_like(network):
    model = onnx.ModelProto.FromString(
        exported(
            network(
                """
                name: look
                title: A look
                input: 3x8x8
                layers:
                  - conv: {name: c, out: 4, kernel: 3, padding: 1, bias: false}
                  - repeat: {times: 2, name: s, layers: [silu, shuffle: 2, maxpool: 2]}
                  - auxiliary: {name: head, layers: [flatten, {linear: 2}]}
                  - flatten
                  - linear: {name: f, out: 5}
                """
            )
        )
    )
    graph = model.graph
    assert (graph.name, graph.doc_string) == ("look", "A look")
    assert sizes(graph.input[0]) == ["N", 3, 8, 8]
    assert sizes(graph.output[0]) == ["N", 5]
    assert [(node.name, node.domain, node.op_type, *node.input) for node in graph.node] == [
        ("c.weight", "", "ConstantOfShape", "constant"),
        ("c", "", "Conv", "input", "c.weight"),
        ("s1.silu1", "archcalc", "silu", "c"),
        ("s1.shuffle1", "archcalc", "shuffle", "s1.silu1"),
        ("s1.maxpool1", "", "MaxPool", "s1.shuffle1"),
        ("s2.silu1", "archcalc", "silu", "s1.maxpool1"),
        ("s2.shuffle1", "archcalc", "shuffle_2", "s2.silu1"),
        ("s2.maxpool1", "", "MaxPool", "s2.shuffle1"),
        ("flatten1", "", "Flatten", "s2.maxpool1"),
        ("f.weight", "", "ConstantOfShape", "constant_2"),
        ("f.bias", "", "ConstantOfShape", "constant_3"),
        ("f", "", "Gemm", "flatten1", "f.weight", "f.bias"),
    ]
    assert [function.name for function in model.functions] == ["silu", "shuffle", "shuffle_2"]
    assert [node.op_type for node in model.functions[0].node] == ["Sigmoid", "Mul"]


def exported(network, **conditions):
    return archcalc.export(archcalc.analyze(network, **conditions), to="onnx")


def test_a_file_is_small():
    """138 million parameters: https://pytorch.org/vision has 528 MB of them."""
    assert len(exported(archcalc.load("vgg16"))) < 10_000


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_heads_that_exist_only_in_training_are_left_out(name):
    network = archcalc.load(name)
    assert exported(network, train=True) == exported(network)


TIED = """
input: 3x8x8
layers:
  - conv: {name: a, out: 3, kernel: 3, padding: 1}
  - batchnorm: {name: n}
  - conv: {name: b, out: 3, kernel: 3, padding: 1, tie: a}
  - batchnorm: {name: m, tie: n}
  - flatten
  - linear: 5
  - rbf: {name: r, out: 5}
  - rbf: {name: s, out: 5, tie: r}
"""


def test_tied_weights_are_one_tensor(network, tmp_path):
    """Conv 3·3·3·3 + 3 = 84, batchnorm 2·3 and as many buffers, linear 192·5 + 5 = 965, patterns 5·5."""
    tied = network(TIED)
    content = exported(tied)
    inputs = {node.name: list(node.input) for node in onnx.ModelProto.FromString(content).graph.node}
    assert inputs["b"][1:] == inputs["a"][1:] == ["a.weight", "a.bias"]
    assert inputs["s"][1:] == inputs["r"][1:] == ["r.pattern"]
    found = read_back(content, None, tmp_path)
    assert (found.totals.params, found.totals.fixed, found.totals.buffers) == (84 + 6 + 965, 25, 6)
    assert figures(found) == figures(archcalc.analyze(tied))


def test_an_embedding_tied_to_the_output(tmp_path):
    """The vectors are the output's matrix: 11 words of 4 numbers, stored once."""
    nodes = (
        Node("words", REGISTRY["input"](shape=(6,))),
        Node("e", REGISTRY["embedding"](size=11, dim=4), (0,)),
        Node("y", REGISTRY["linear"](out=11, axis=-1, bias=False), (1,), tied=1),
    )
    content = exported(Network("tied", nodes))
    onnx.checker.check_model(content, full_check=True)
    found = read_back(content, None, tmp_path)
    assert (found.totals.params, found.totals.macs, found.totals.depth) == (44, 6 * 11 * 4, 1)


def two_of_each():
    """Return a network of two inputs and two outputs, one of them in the middle, whose names are like others'."""
    op = {kind: REGISTRY[kind]() for kind in ("add", "relu", "tanh")}
    nodes = (
        Node("x", REGISTRY["input"](shape=(3, 4, 4))),
        Node("t1", REGISTRY["input"](shape=(3, 1, 1))),
        Node("p", REGISTRY["parameter"](shape=(3, 4, 4))),
        Node("c", REGISTRY["conv"](out=3, kernel=1), (0,)),
        Node("c.weight", op["add"], (3, 1)),
        Node("constant", op["add"], (4, 2)),
        Node("constant_2", op["relu"], (5,)),
        Node("/scope/y", op["tanh"], (5,)),
    )
    return Network("two", nodes, outputs=(6, 7))


def test_several_inputs_and_outputs_whatever_they_are_called(tmp_path):
    network = two_of_each()
    report = archcalc.analyze(network, batch=2)
    model = checked(network, report)
    assert [value.name for value in model.graph.input] == ["x", "t1"]
    assert [value.name for value in model.graph.output] == ["constant_2", "/scope/y"]
    found = read_back(model.SerializeToString(), 2, tmp_path)
    assert figures(found) == figures(report)
    assert {row.name: row.inputs for row in found.rows} == {row.name: row.inputs for row in report.rows}
    x, t1 = (np.full((2, *shape), 0.5, np.float32) for shape in ((3, 4, 4), (3, 1, 1)))
    y = run(model, {"x": x, "t1": t1})
    value = 0.5 * 0.25 + 0.5 + 0.25 / 16  # a quarter of the mean, t1, and of the parameter 1/(4·4)
    np.testing.assert_allclose(y["constant_2"], np.full((2, 3, 4, 4), value), rtol=1e-6)
    np.testing.assert_allclose(y["/scope/y"], np.tanh(y["constant_2"]), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "first", "last"),
    [
        ([4, 24], [2, 3, 4, 4], [4, 24]),  # 2·48 = 4·24, and no other batch makes so many
        ([0, 24], ["N", 3, 4, 4], [None, 24]),  # as many as there are
    ],
)
def test_the_batch_is_open_unless_the_network_takes_no_other(shape, first, last):
    network, _ = alone("reshape", {"shape": shape, "axes": "all"}, (2, 3, 4, 4))
    model = onnx.ModelProto.FromString(exported(network, batch=2))
    assert (sizes(model.graph.input[0]), sizes(model.graph.output[0])) == (first, last)
    batch = 6 if first[0] == "N" else 2
    assert run(model, {"x0": np.zeros((batch, 3, 4, 4), np.float32)})["op"].shape == (2 * batch, 24)


def test_a_rounding_of_the_whole_network_is_said_of_each_layer(network, tmp_path):
    """(6 - 3)/2 + 1 = 2.5 is 3 where it is rounded up."""
    up = network("input: 4x6x6\nrounding: ceil\nlayers: [subsample: {kernel: 3, stride: 2}, maxpool: 3]")
    found = read_back(exported(up), None, tmp_path)
    assert [row.output_shape for row in found.rows] == [(1, 4, 6, 6), (1, 4, 3, 3), (1, 4, 1, 1)]
    assert figures(found) == figures(archcalc.analyze(up))


@pytest.mark.parametrize(("dtype", "element"), [("float16", 10), ("float64", 11), ("int8", 1)])
def test_numbers_are_of_the_type_of_the_report(dtype, element, tmp_path):
    """Element types of onnx.proto; the operators take no integers."""
    network = archcalc.load("lenet5_1998")
    content = exported(network, dtype=dtype)
    onnx.checker.check_model(content, full_check=True)
    assert onnx.ModelProto.FromString(content).graph.input[0].type.tensor_type.elem_type == element
    assert read_back(content, None, tmp_path).dtype == {10: "float16", 11: "float64", 1: "float32"}[element]


UNSAYABLE = [
    (REGISTRY["unaccounted"](what="Loop"), frozenset(), "nothing is known of it"),
    (
        REGISTRY["layernorm"](),
        frozenset({"bias"}),
        "it shares single weights with another layer, and which layer is not known",
    ),
    (  # (8 + 2 - 2)/3 + 1 is 4 when rounded up, but the last window would start at 9, in the padding; (6 + 2 - 3)/2 + 1 is 4
        REGISTRY["maxpool"](kernel=[2, 3], stride=[3, 2], padding=1, rounding="ceil"),
        frozenset(),
        "it rounds up along one axis, and drops a window in the padding along another",
    ),
]


@pytest.mark.parametrize(("op", "shared", "message"), UNSAYABLE)
def test_what_no_file_can_hold_is_named(op, shared, message):
    nodes = (Node("x", REGISTRY["input"](shape=(3, 8, 6))), Node("odd", op, (0,), shared=shared))
    with pytest.raises(ArchcalcError) as caught:
        exported(Network("odd", nodes))
    assert str(caught.value) == f"{op.kind} 'odd': ONNX cannot say it: {message}"


def test_without_the_onnx_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ArchcalcError, match="writing ONNX files takes the onnx package") as caught:
        exported(archcalc.load("lenet5"))
    assert caught.value.hint == "pip install 'archcalc[onnx]'"


def test_the_command_writes_a_file_that_every_command_reads(run, tmp_path):
    path = tmp_path / "net.onnx"
    assert run("export", "lenet5_1998", "--to", "onnx", "--output", path).status == 0
    ours, theirs = (json.loads(run("show", model, "--format", "json").out) for model in (path, "lenet5_1998"))
    assert ours["totals"] == theirs["totals"]


def changed(change):
    """Return the bytes of a network whose only function node somebody has changed."""
    network, report = alone("subsample", {"kernel": 2}, (1, 4, 6, 6))
    model = checked(network, report)
    change(model, next(node for node in model.graph.node if node.domain == "archcalc"))
    return model.SerializeToString()


def rewritten(text):
    return lambda model, node: setattr(node.attribute[0], "s", text)


CHANGES = {
    "settings that are no JSON": (rewritten(b"{"), "it is not as ONNX defines it"),
    "settings that nest without end": (rewritten(b"[" * 10**5), "it is not as ONNX defines it"),
    "settings of a wrong type": (rewritten(b"true"), "'kernel' must be"),
    "a setting that is not there": (
        lambda model, node: setattr(node.attribute[0], "name", "core"),
        "has no setting 'core'",
    ),
    "weights that are missing": (lambda model, node: node.input.pop(), "it is not as ONNX defines it"),
    "data for a weight": (lambda model, node: node.input.__setitem__(2, "x0"), "its input 3 is computed"),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_a_function_that_is_not_as_it_was_written_is_not_accounted_for(change, reason, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(changed(change))
    network = archcalc.load(path)
    assert archcalc.analyze(network).totals.incomplete == ("op",)
    assert f"not accounted for: archcalc.subsample 'op': {reason}" in network.notes[-1]


def test_a_function_of_a_kind_that_is_not_known_is_written_out(tmp_path):
    def renamed(model, node):
        node.op_type = model.functions[0].name = "of_the_future"

    found = read_back(changed(renamed), None, tmp_path)
    assert found.totals.params == 8
    assert "op" not in [row.name for row in found.rows]
