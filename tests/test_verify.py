"""Networks that are really run: what happens is what was predicted, and whatever is wrong is caught."""

from __future__ import annotations

import json
import tracemalloc

import pytest

import archcalc
from archcalc import ArchcalcError, kernels
from archcalc.ops.conv import Conv
from archcalc.ops.norm import BatchNorm
from archcalc.ops.pointwise import Relu
from archcalc.ops.pool import MaxPool
from archcalc.verification import FIGURES
from archcalc.window import Window

SMALL = {
    "lenet5": None,
    "lenet5_rgb": None,
    "lenet5_1998": None,
    "simple_convnet": None,
    "alexnet": None,
    "alexnet_two_gpus": None,
    "alexnet_torchvision": "3x64x64",
    "zfnet": None,
    "nin_cifar10": None,
    "vgg11": "3x32x32",
    "vgg11_lrn": "3x32x32",
    "vgg16_c": "3x32x32",
    "vgg16_bn": "3x32x32",
    "googlenet": "3x64x64",
    "resnet20": None,
    "resnet50": "3x64x64",
    "resnet50_original": "3x64x64",
    "densenet121": "3x64x64",
    "squeezenet1_1": "3x64x64",
    "mobilenet_v1": "3x64x64",
    "mobilenet_v3_small": "3x64x64",
    "shufflenet_v2_x0_5": "3x64x64",
    "efficientnet_b0": "3x64x64",
}
"""Networks and the input with which they run fast; None is their own."""


def verified(network, **conditions):
    return archcalc.verify(network, archcalc.analyze(network, **conditions))


@pytest.mark.parametrize("name", SMALL)
def test_what_happens_is_what_was_predicted(name):
    found = verified(archcalc.load(name), input=SMALL[name])
    assert found.disagreements == ()
    assert found.complete
    assert {one.figure for one in found.comparisons} == set(FIGURES)


SPEC = """
input: 2x24x20
layers:
  - conv: {name: first, out: 4, kernel: 3, stride: 2, padding: 1}
  - batchnorm
  - relu
  - add:
      branches:
        - - conv: {name: wide, out: 4, kernel: 5, padding: 2, groups: 2}
        - []
  - maxpool: {name: pool, kernel: 3, stride: 2}
  - flatten
  - linear: {name: last, out: 3}
"""


@pytest.mark.parametrize("batch", [1, 3])
def test_every_figure_of_a_small_network_agrees(network, batch):
    assert verified(network(SPEC), batch=batch).disagreements == ()


def moved(op, x):
    return tuple(Window(w.kernel, w.stride, w.before + 2, w.after, w.dilation) for w in op.windows(x))


def grown(op, x):
    return (x[0], op.out, *(n + (op.kernel == (3,)) for n in op.slid(x)))


WRONG = [
    (Conv, "output", grown, "first", "output shape"),
    (Conv, "work", lambda op, y, x: archcalc.Work(macs=1), "first", "MACs"),
    (Conv, "field", moved, "first", "receptive field"),
    (MaxPool, "field", lambda op, x: "pointwise", "pool", "receptive field"),
    (Relu, "stores", False, "relu1", "bytes alive"),
]


@pytest.mark.parametrize(("cls", "attribute", "value", "layer", "figure"), WRONG)
def test_a_wrong_op_is_caught(monkeypatch, network, cls, attribute, value, layer, figure):
    monkeypatch.setattr(cls, attribute, value)
    made = network(SPEC)
    first = verified(made).disagreements[0]
    assert (first.layer, first.figure) == (layer, figure)


def test_tensors_that_the_report_left_out_are_caught(monkeypatch, network):
    made = network(SPEC)
    report = archcalc.analyze(made)
    whole = BatchNorm.buffers
    monkeypatch.setattr(BatchNorm, "buffers", lambda op, x: whole(op, x) | {"forgotten": (7,)})
    forward = BatchNorm.forward
    monkeypatch.setattr(BatchNorm, "forward", lambda op, x, forgotten, **rest: forward(op, x, **rest))
    (one,) = archcalc.verify(made, report).disagreements
    assert (one.layer, one.figure, one.real - one.predicted) == ("batchnorm1", "weights", 7)


def test_weights_that_do_not_fit_are_an_error_and_no_traceback(monkeypatch, run):
    monkeypatch.setattr(Conv, "weights", lambda op, x: {"weight": (op.out, 7, 1, 1), "bias": (op.out,)})
    outcome = run("verify", "lenet5")
    assert outcome.status == 2
    assert "does not run on the tensors that it declares" in outcome.err


def test_a_wrong_shape_ends_the_run(monkeypatch, network):
    monkeypatch.setattr(Conv, "output", grown)
    found = verified(network(SPEC))
    assert not found.complete
    assert {one.layer for one in found.comparisons} <= {"input", "first"}


def test_tied_weights_count_where_they_first_stand(network):
    made = network(
        "input: 4x8x8\nlayers:\n"
        "  - conv: {name: one, out: 4, kernel: 3, padding: 1}\n"
        "  - conv: {name: two, out: 4, kernel: 3, padding: 1, tie: one}\n"
    )
    found = verified(made)
    assert [one.real for one in found.comparisons if one.figure == "weights"] == [148, 0]
    assert found.disagreements == ()


def test_one_layer_alone(network):
    made = network(SPEC)
    found = archcalc.verify(made, archcalc.analyze(made), layer="first")
    assert {one.layer for one in found.comparisons} == {"first"}
    assert {one.figure for one in found.comparisons} == set(FIGURES)
    with pytest.raises(ArchcalcError, match="has no layer 'frist'") as error:
        archcalc.verify(made, archcalc.analyze(made), layer="frist")
    assert error.value.hint == "did you mean first?"


def test_progress_names_every_layer_twice(network):
    made, heard = network(SPEC), []
    report = archcalc.analyze(made)
    archcalc.verify(made, report, progress=heard.append)
    assert heard == [row.name for row in report.rows] * 2


def test_the_bound_holds_the_weights_and_the_peak():
    """VGG-16's fc6 has 25088·4096 weights; its first convolutions keep 2·64·224·224 numbers alive."""
    report = archcalc.analyze(archcalc.load("vgg16"))
    assert archcalc.memory_bound(report) >= 4 * (25088 * 4096 + 2 * 64 * 224 * 224)


DECODER = """
input: 3x20x20
layers:
  - conv: {out: 8, kernel: 3, stride: 2, padding: 1}
  - lrn
  - upsample: {scale: 2, mode: linear}
  - conv_transpose: {out: 16, kernel: 4, stride: 2, padding: 1}
  - layernorm
  - gelu
"""


@pytest.mark.parametrize(
    ("name", "size"),
    [("alexnet", None), ("vgg11_lrn", "3x32x32"), ("densenet121", "3x64x64"), ("decoder", None)],
)
def test_no_more_memory_is_taken_than_was_stated(monkeypatch, network, name, size):
    monkeypatch.setattr(kernels, "WORKSPACE", 2**16)
    made = network(DECODER) if name == "decoder" else archcalc.load(name)
    report = archcalc.analyze(made, input=size)
    bound = archcalc.memory_bound(report)
    archcalc.verify(made, report)  # whatever is loaded late is there before memory is counted
    tracemalloc.start()
    try:
        found = archcalc.verify(made, report)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most <= bound
    assert found.disagreements == ()


def test_the_command_states_its_memory_first_and_agrees(run):
    outcome = run("verify", "lenet5")
    assert outcome.status == 0
    assert outcome.err.startswith("arrays take up to ")
    assert "all agree" in outcome.out
    assert "wrong" not in outcome.out


def test_the_command_shows_the_first_disagreement(run, monkeypatch):
    monkeypatch.setattr(Conv, "work", lambda op, y, x: archcalc.Work(macs=5))
    outcome = run("verify", "lenet5", "--format", "json")
    assert outcome.status == 1
    first = json.loads(outcome.out)["disagreements"][0]
    assert (first["figure"], first["predicted"], first["real"]) == ("MACs", 5, 6 * 28 * 28 * 25)
    assert "as predicted" in run("verify", "lenet5").out
