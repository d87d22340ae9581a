"""The networks that the onnx package ships: published figures, and the shape of every tensor in them.

These files hold no weights: nodes fill them in. What ONNX itself infers and what ONNX Runtime computes are the
shapes that they are compared with.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import pytest

import archcalc
from archcalc.formats.onnx.graph import node_of, read_graph
from archcalc.questions.verify.agreement import compare_values

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

pytestmark = pytest.mark.onnx

FOLDER = Path(onnx.__file__).parent / "backend/test/data/light"
TORCHVISION = "torchvision 0.29 model table"

FIGURES = {
    "bvlc_alexnet": (60965224, None, 8, "Caffe's bvlc_alexnet; its MACs are published for 227 only"),
    "densenet121": (
        7978856 + 2 * 41824,
        2834161664,
        121,
        (
            f"{TORCHVISION}; Caffe's normalisation leaves scale and shift of 41,824 channels to a layer of its own, "
            "and ONNX asks for a pair of both in each"
        ),
    ),
    "inception_v1": (
        6998552,
        None,
        22,
        "Szegedy et al. 2014, table 1, with biases; Caffe2 rounds pools down",
    ),
    "inception_v2": (None, None, None, "no figure of Caffe2's network is published"),
    "resnet50": (25557032, 4089184256, 50, TORCHVISION),
    "shufflenet": (
        None,
        None,
        50,
        "Zhang et al. 2017, table 1: a convolution, 16 units of three, a classifier",
    ),
    "squeezenet": (1235496, 349151936, 18, TORCHVISION),
    "vgg19": (143667240, 19632062464, 19, TORCHVISION),
    "zfnet512": (
        None,
        None,
        8,
        "Zeiler & Fergus 2013, figure 3; 512 maps a layer are published without figures",
    ),
}
"""Parameters, MACs, depth, and who says so."""


def path_of(model):
    return FOLDER / f"light_{model}.onnx"


def test_these_are_all_there_are():
    assert [path_of(model) for model in FIGURES] == sorted(FOLDER.glob("*.onnx"))


@pytest.mark.parametrize("model", FIGURES)
def test_published_figures(model):
    network = archcalc.load(path_of(model))
    totals = archcalc.analyze(network).totals
    for found, published in zip((totals.params, totals.macs, totals.depth), FIGURES[model], strict=False):
        assert published in (None, found)
    assert (totals.incomplete, network.notes) == ((), ())


@pytest.mark.parametrize("model", FIGURES)
def test_every_tensor_is_as_large_as_in_a_run(model, tensors_beside_a_run):
    """Parameters and work follow from these shapes without any of archcalc's ops: they are added up here, too."""
    graph = read_graph(path_of(model))
    pairs = tensors_beside_a_run(path_of(model))
    masks = {node.outputs[1] for node in graph.nodes if node.op == "Dropout"}  # nobody reads them
    assert {name for name, (ours, theirs) in pairs.items() if ours != theirs} == masks
    assert pairs.keys() == {*graph.inputs}.union(*(filter(None, node.outputs) for node in graph.nodes))
    totals = archcalc.analyze(archcalc.load(path_of(model))).totals
    assert (totals.params, totals.macs) == counted(
        graph, {name: theirs for name, (_, theirs) in pairs.items()}
    )


def counted(graph, shapes):
    """Return parameters and MACs, from ONNX's definitions of the operators with weights."""
    shapes = {**{name: tuple(tensor.dims) for name, tensor in graph.constants.items()}, **shapes}
    weights, macs = {}, 0
    for node in graph.nodes:
        weights |= {name: prod(shapes[name]) for name in node.inputs[1:3] if node.op in WEIGHTED}
        if node.op in ("Mul", "Add") and len(shapes[node.inputs[1]]) == 3:
            weights[node.inputs[1]] = prod(shapes[node.inputs[1]])
        if node.op in ("Conv", "Gemm"):
            macs += prod(shapes[node.outputs[0]]) * prod(shapes[node.inputs[1]][1:])
    return sum(weights.values()), macs


WEIGHTED = ("Conv", "Gemm", "BatchNormalization")
"""Their second and third inputs are learnt; of a normalisation these are scale and shift."""


@pytest.mark.parametrize("model", FIGURES)
def test_onnx_infers_no_other_shapes(model, builder_of):
    found = builder_of(path_of(model)).tensors
    inferred = onnx.shape_inference.infer_shapes(onnx.load(path_of(model)), data_prop=True)
    stated = {
        value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
        for value in (*inferred.graph.value_info, *inferred.graph.output)
    }
    outputs = {name for node in map(node_of, inferred.graph.node) for name in node.outputs if name}
    unknown = {name for name in outputs if 0 in stated.get(name, (0,))}
    assert {name: found[name].shape for name in outputs - unknown if found[name].shape != stated[name]} == {}
    assert len(unknown) < len(outputs) / 2


@pytest.mark.parametrize("model", ["inception_v1", "shufflenet", "squeezenet"])
def test_every_layer_computes_what_it_does_in_a_run(model):
    report = archcalc.analyze(archcalc.load(path_of(model)))
    comparisons = list(compare_values(path_of(model), report))
    assert [one for one in comparisons if not one.agrees] == []
    assert len(comparisons) == len(report.rows) - 1
