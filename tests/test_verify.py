"""Networks that are really run: what happens is what was predicted, and whatever is wrong is caught."""

from __future__ import annotations

import json
import tracemalloc
from itertools import product

import numpy as np
import pytest
from known import NAMES, SMALLER

import archcalc
from archcalc import ArchcalcError
from archcalc.arithmetic.extent import Extent
from archcalc.arithmetic.window import Resampling, Spread
from archcalc.arrays import kernels, tensors
from archcalc.op.traits import Traits
from archcalc.ops import REGISTRY
from archcalc.ops.elements.elementwise import FUNCTIONS, OPAQUE, OPERATIONS
from archcalc.ops.elements.pointwise import Relu
from archcalc.ops.norms.norm import BatchNorm
from archcalc.ops.windows.conv import Conv
from archcalc.ops.windows.conv_transpose import ConvTranspose
from archcalc.ops.windows.pool import MaxPool
from archcalc.ops.windows.resampling import DepthToSpace, Resize, Upsample
from archcalc.questions.verify.probes import Memory
from archcalc.questions.verify.verify import passes

REDUCED = {
    "alexnet": 67,  # pools of 3 in steps of 2 make 1 of 3, 3 of 7, 7 of 15: conv1 needs 11 + 4·14
    "alexnet_two_gpus": 67,
    "alexnet_two_towers": 67,
    "alexnet_torchvision": 63,
    "inception_v3": 75,
    "inception_v3_keras": 75,
    "nin_imagenet": 64,
    "zfnet": 63,
}
"""Inputs of networks for which 32x32 is too small."""


MEASURED = {"output shape", "weights", "MACs", "bytes alive", "receptive field"}


def verified(network, **conditions):
    return archcalc.verify(archcalc.analyze(network, **conditions))


def agrees(found):
    assert found.disagreements == ()
    assert found.complete
    assert {one.figure for one in found.comparisons} == MEASURED


def test_what_happens_in_a_known_network_is_what_was_predicted(each_network):
    network = archcalc.load(each_network, parameters=SMALLER.get(each_network))
    channels, *extents = network.input_shape
    agrees(
        verified(
            network,
            input=[
                channels,
                *(min(n, REDUCED.get(each_network, n if each_network in SMALLER else 32)) for n in extents),
            ],
        )
    )


@pytest.mark.large
@pytest.mark.parametrize("name", NAMES)
def test_what_happens_on_its_own_input_is_what_was_predicted(name):
    agrees(verified(archcalc.load(name)))


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


SEVERAL = """
input: {INPUTS}
layers:
  - conv: {name: fine, out: 4, kernel: 3, stride: 2, padding: 1, from: image}
  - conv: {name: coarse, out: 4, kernel: 3, padding: 1, from: mask}
  - parameter: {name: shift, shape: 4x1x1}
  - parameter: {name: number, shape: 1, axes: all}
  - add: {name: both, from: [fine, coarse, shift, number]}
  - conv: {name: after, out: 2, kernel: 3}
  - flatten: {name: seen}
  - conv: {name: line, out: 2, kernel: 3, from: sound}
  - flatten: {name: heard}
  - concat: {from: [seen, heard, words]}
  - linear: 3
"""
ENTRIES = ["image: 3x16x16", "mask: 3x8x8", "sound: 2x32", "words: 7"]


@pytest.mark.parametrize("first", range(len(ENTRIES)))
def test_inputs_may_differ_in_size_and_in_how_many_axes_they_have(network, first):
    """Fields are measured in the input with most axes, the first of these; others and what sees them are left out."""
    order = ", ".join([*ENTRIES[first:], *ENTRIES[:first]])
    found = verified(network(SEVERAL.replace("INPUTS", order)))
    assert found.disagreements == ()
    assert found.complete
    measured = {one.layer for one in found.comparisons if one.figure == "receptive field"}
    assert measured == ({"mask", "coarse"} if first == 1 else {"image", "fine"})


@pytest.mark.parametrize(
    ("layer", "is_measured"),
    [
        *((f"function: {by}", by not in OPAQUE) for by in FUNCTIONS),
        *((f"scalar: {{by: {by}, value: 0.3}}", by not in OPAQUE) for by in OPERATIONS),
        *(
            (f"combine: {{by: {by}, from: [c, input]}}", by not in OPAQUE)
            for by in OPERATIONS
            if by not in REGISTRY
        ),
        ("scalar: {by: power, value: 3}", True),
        ("scalar: {by: power, value: 3, swapped: true}", False),
        ("thresholded_relu", True),
        ("argmax: {keep: true}", False),
        ("lppool: {kernel: 2, norm: 2}", True),
        ("lppool: {kernel: 2, norm: 3}", False),
    ],
)
def test_fields_are_measured_only_where_marks_show(network, layer, is_measured):
    """Of random numbers some have no root or logarithm, and what holds of a mark is true or false."""
    spec = f"input: 4x12x12\nlayers: [conv: {{name: c, out: 4, kernel: 3, padding: 1}}, {layer}]"
    found = verified(network(spec))
    assert found.disagreements == ()
    last = found.comparisons[-1].layer
    assert (
        any(one.figure == "receptive field" for one in found.comparisons if one.layer == last) == is_measured
    )


def off_by(**changes):
    """Return a field whose windows are a little wrong."""

    def field(op, at):
        return tuple(
            w._replace(**{name: getattr(w, name) + amount for name, amount in changes.items()})
            for w in op.windows(at.x)
        )

    return field


def grown(op, at):
    return (at.x[0], op.out, *(n + (op.kernel == (3,)) for n in op.slid(at.x)))


WRONG = [
    (Conv, "output", grown, "first", "output shape"),
    (Conv, "work", lambda op, at: archcalc.Work(macs=1), "first", "MACs"),
    (Conv, "field", off_by(before=1), "first", "receptive field"),
    (Conv, "field", off_by(before=-1), "first", "receptive field"),
    (Conv, "field", off_by(kernel=1), "first", "receptive field"),
    (Conv, "field", off_by(kernel=-1), "first", "receptive field"),
    (Conv, "field", off_by(stride=1), "first", "receptive field"),
    (MaxPool, "field", lambda op, at: "pointwise", "pool", "receptive field"),
    (Relu, "traits", Traits(storage="view"), "relu1", "bytes alive"),
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
    monkeypatch.setattr(BatchNorm, "buffers", lambda op, at: whole(op, at) | {"forgotten": (7,)})
    forward = BatchNorm.forward
    monkeypatch.setattr(BatchNorm, "forward", lambda op, x, forgotten, **rest: forward(op, x, **rest))
    (one,) = archcalc.verify(report).disagreements
    assert (one.layer, one.figure, one.real - one.predicted) == ("batchnorm1", "weights", 7)


def test_weights_that_do_not_fit_are_an_error_and_no_traceback(monkeypatch, run):
    monkeypatch.setattr(Conv, "weights", lambda op, at: {"weight": (op.out, 7, 1, 1), "bias": (op.out,)})
    outcome = run("verify", "lenet5")
    assert outcome.status == 2
    assert "does not run on the tensors that it declares" in outcome.err


def test_a_wrong_shape_ends_the_run(monkeypatch, network):
    monkeypatch.setattr(Conv, "output", grown)
    found = verified(network(SPEC))
    assert not found.complete
    assert {one.layer for one in found.comparisons} <= {"input", "first"}


@pytest.mark.parametrize(
    "layers",
    [
        # branches of even windows padded on different sides: together they see one position more than each
        "[concat: [[conv: {out: 2, kernel: 2, padding: [[1, 0]]}], [conv: {out: 2, kernel: 2, padding: [[0, 1]]}]]]",
        "[add: [[conv: {out: 2, kernel: 1, stride: 2}], [conv: {out: 2, kernel: 4, stride: 2, padding: [[1, 2]]}]]]",
        "[conv: {out: 2, kernel: 2, stride: 3, dilation: 2}, maxpool: {kernel: 1, stride: 2}]",  # fields with gaps
        "[maxpool: {kernel: [1, 2], stride: 1}, space_to_depth: 2, maxpool: {kernel: 3, stride: 2}]",
        "[conv: {out: 2, kernel: [1, 5], stride: [1, 2], padding: [0, 2]}, maxpool: {kernel: 3, stride: 1, padding: 1}]",
        "[upsample: 2, maxpool: {kernel: 2, stride: 2, padding: 1}]",  # windows that begin between two copies
        "[conv_transpose: {out: 3, kernel: 2, stride: 2}, conv: {out: 3, kernel: 3, padding: 1}, maxpool: 2]",
        "[conv: {out: 2, kernel: 3, stride: 2, padding: 1}, upsample: {scale: 3, mode: linear}, crop: 1]",
        "[conv_transpose: {out: 2, kernel: 3, stride: 2, dilation: 3}, conv: {out: 1, kernel: 2}]",
        "[resize: 40, conv: {out: 1, kernel: 3}]",
        "[adaptive_avgpool: [12, 11], pad: 3, conv: {out: 1, kernel: 3}]",
        "[maxpool: 2, permute: [1, 2, 0], relu]",
        "[conv: {out: 4, kernel: 3}, depth_to_space: 2, avgpool: 3]",
        "[conv: {out: 4, kernel: 3}, reshape: [4, 0], softmax: {axis: 1}]",
    ],
)
def test_fields_of_unusual_windows(network, layers):
    """All agree, and a field of the last layer that began or ended a position earlier or later would not."""
    report = archcalc.analyze(network(f"input: 2x30x29\nlayers: {layers}"))
    assert archcalc.verify(report).disagreements == ()
    last = report.rows[-1]
    for axis, side, by in product((0, 1), (0, 1), (-1, 1)):
        changed = list(last.extents)
        changed[axis] = changed[axis]._replace(over_all=moved(changed[axis].over_all, side, by))
        wrong = report._replace(rows=(*report.rows[:-1], last._replace(field=tuple(changed))))
        assert {one.layer for one in archcalc.verify(wrong).disagreements} == {last.name}, (axis, side, by)


def moved(spans, side, by):
    """Return spans that all begin (side 0) or end (side 1) later."""
    ends = (ends and (ends[0] + by * (side == 0), ends[1] + by * (side == 1)) for ends in spans.ends)
    return spans._replace(ends=tuple(ends))


ENLARGED = """
input: 4x20x18
layers:
  - conv: {name: first, out: 4, kernel: 3, stride: 2, padding: 1}
  - upsample: {name: copied, scale: 2}
  - maxpool: {name: pool, kernel: 2, stride: 2, padding: 1}
  - conv_transpose: {name: spread, out: 4, kernel: 3, stride: 2, padding: 1}
  - depth_to_space: {name: dealt, block: 2}
  - resize: {name: resized, size: [30, 50], mode: linear}
  - conv: {name: last, out: 2, kernel: 3}
"""


@pytest.mark.parametrize(
    ("cls", "field", "layer"),
    [
        (Upsample, lambda op, at: tuple(Spread(2, 2, 1) for _ in at.x[2:]), "copied"),
        (Upsample, lambda op, at: tuple(Spread(3, 2) for _ in at.x[2:]), "copied"),
        (ConvTranspose, lambda op, at: tuple(Spread(3, 2, 0) for _ in at.x[2:]), "spread"),
        (ConvTranspose, lambda op, at: tuple(Spread(2, 2, 1) for _ in at.x[2:]), "spread"),
        (ConvTranspose, lambda op, at: tuple(Spread(4, 2, 1) for _ in at.x[2:]), "spread"),
        (DepthToSpace, lambda op, at: tuple(Spread(2, 2, 1) for _ in at.x[2:]), "dealt"),
        (
            Resize,
            lambda op, at: tuple(Resampling(n, o, 1) for n, o in zip(at.x[2:], op.size, strict=True)),
            "resized",
        ),
    ],
)
def test_a_wrong_field_behind_an_enlargement_is_caught(monkeypatch, network, cls, field, layer):
    made = network(ENLARGED)
    assert verified(made).disagreements == ()
    monkeypatch.setattr(cls, "field", field)
    assert verified(made).disagreements[0].layer == layer


def test_fields_as_if_all_elements_saw_alike_are_caught(monkeypatch, network):
    """A size that is reckoned from the average distance of neighbours is too small."""

    def averaged(extent, slide):
        size = int(extent.size + (slide.taps(0).number - 1) * extent.stride)
        spans = extent.over_all.through(slide)
        ends = tuple(ends and (ends[0], ends[0] + size - 1) for ends in spans.ends)
        return Extent(spans._replace(ends=ends), spans)

    monkeypatch.setattr(Extent, "through", averaged)
    assert verified(network(ENLARGED)).disagreements[0].layer == "pool"


BLOCK = """
input: 3x32x32
layers:
  - conv: {name: patches, out: 64, kernel: 8, stride: 8}
  - reshape: {name: row, shape: [64, 0]}
  - permute: {name: tokens, order: [1, 0]}
  - add:
      name: attended
      branches:
        attention:
          - layernorm: last
          - linear: {name: qkv, out: 192, axis: -1}
          - reshape: [16, 3, 4, 16]
          - permute: {name: heads, order: [1, 2, 0, 3]}
          - take: {name: q, axis: 1, index: 0, from: heads}
          - take: {name: k, axis: 1, index: 1, from: heads}
          - take: {name: v, axis: 1, index: 2, from: heads}
          - matmul: {name: scores, from: [q, k], transposed: true}
          - scalar: {by: divide, value: 4}
          - softmax: {name: shares, axis: -1}
          - matmul: {name: mixed, from: [shares, v]}
          - permute: {order: [1, 0, 2]}
          - reshape: [16, 64]
          - linear: {name: out, out: 64, axis: -1}
          - affine: {name: scale, axis: -1, shift: false}
        shortcut: []
  - einsum: {name: gram, equation: 'nij,nkj->nik', from: [attended, attended]}
  - reduce: {by: norm2, axes: [1, 2]}
"""


@pytest.mark.parametrize("batch", [1, 2])
def test_attention_is_run_and_counted(network, batch):
    """A transformer's block on 16 tokens of 64 numbers with 4 heads of 16 (Vaswani et al. 2017)."""
    made = network(BLOCK)
    report = archcalc.analyze(made, batch=batch)
    macs = {row.name.rpartition(".")[2]: row.macs for row in report.rows if row.macs}
    assert macs == {
        "patches": batch * 16 * 64 * (8 * 8 * 3),
        "qkv": batch * 16 * 64 * 192,
        "scores": batch * 4 * 16 * 16 * 16,
        "mixed": batch * 4 * 16 * 16 * 16,
        "out": batch * 16 * 64 * 64,
        "gram": batch * 16 * 16 * 64,
    }
    assert report.totals.params == 64 * 193 + 2 * 64 + 192 * 65 + 64 * 65 + 64
    assert archcalc.verify(report).disagreements == ()


def test_a_mark_that_spreads_nowhere_is_a_disagreement(monkeypatch, run):
    monkeypatch.setattr(Relu, "forward", lambda op, x: kernels.where(x > 0, x, 0))
    outcome = run("verify", "lenet5")
    assert outcome.status == 1
    assert "relu1: receptive field is nowhere, not " in outcome.out


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
    found = archcalc.verify(archcalc.analyze(made), layer="first")
    assert {one.layer for one in found.comparisons} == {"first"}
    assert {one.figure for one in found.comparisons} == MEASURED
    with pytest.raises(ArchcalcError, match="has no layer 'frist'") as error:
        archcalc.verify(archcalc.analyze(made), layer="frist")
    assert error.value.hint == "did you mean first?"


@pytest.mark.parametrize(
    ("layer", "again"),
    [
        (
            None,
            ["input", "first", "batchnorm1", "relu1", "branch1.wide", "add1", "pool", "flatten1"],
        ),  # what follows has no field
        ("first", ["input", "first"]),
        ("flatten1", ["input", "first", "batchnorm1", "relu1", "branch1.wide", "add1", "pool", "flatten1"]),
    ],
)
def test_progress_names_every_layer_and_once_more_those_with_a_field(network, layer, again):
    made, heard = network(SPEC), []
    report = archcalc.analyze(made)
    archcalc.verify(report, layer=layer, progress=heard.append)
    names = [row.name for row in report.rows]
    runs = len(passes(report, layer))
    assert runs > 1
    assert heard == names[: names.index(layer) + 1 if layer else None] + again * (runs - 1)
    assert len(heard) == sum(one.layers for one in passes(report, layer))


def test_the_bound_holds_the_weights_and_the_peak():
    """VGG-16's fc6 has 25088·4096 weights; its first convolutions keep 2·64·224·224 numbers alive."""
    report = archcalc.analyze(archcalc.load("vgg16"))
    assert archcalc.memory_bound(report) >= 4 * (25088 * 4096 + 2 * 64 * 224 * 224)


OBJECTS = 1000
"""Bytes that Python itself takes for what is found of a layer; the bound is about arrays."""
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
    [
        pytest.param("alexnet", None, marks=pytest.mark.slow),
        pytest.param("vgg11_lrn", "3x32x32", marks=pytest.mark.slow),
        ("squeezenet1_1", "3x64x64"),
        pytest.param("densenet121", "3x64x64", marks=pytest.mark.slow),
        ("decoder", None),
    ],
)
def test_no_more_memory_is_taken_than_was_stated(monkeypatch, network, name, size):
    monkeypatch.setattr(kernels, "WORKSPACE", 2**16)
    made = network(DECODER) if name == "decoder" else archcalc.load(name)
    report = archcalc.analyze(made, input=size)
    bound = archcalc.memory_bound(report)
    verified(network(SPEC))  # whatever is loaded late is there before memory is counted
    tracemalloc.start()
    try:
        found = archcalc.verify(report)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most <= bound + OBJECTS * len(report.rows)
    assert found.disagreements == ()


def test_the_command_states_its_memory_first_and_agrees(run):
    outcome = run("verify", "lenet5")
    assert outcome.status == 0
    assert outcome.err.startswith("arrays take up to ")
    assert "all agree" in outcome.out
    assert "wrong" not in outcome.out


def test_the_command_shows_the_first_disagreement(run, monkeypatch):
    monkeypatch.setattr(Conv, "work", lambda op, at: archcalc.Work(macs=5))
    outcome = run("verify", "lenet5", "--format", "json")
    assert outcome.status == 1
    first = json.loads(outcome.out)["disagreements"][0]
    assert (first["figure"], first["predicted"], first["real"]) == ("MACs", 5, 6 * 28 * 28 * 25)
    assert "as predicted" in run("verify", "lenet5").out


@pytest.mark.onnx
def test_what_onnx_runtime_makes_of_nothing_or_in_sequences_is_taken_as_it_is(onnx_file):
    """A random tensor is what ONNX Runtime drew; of sequences, and where no size is known, nothing is compared."""
    pytest.importorskip("onnxruntime")
    drawn = ("RandomNormal", "", "noise", {"shape": [1, 4]})
    parts = ("SplitToSequence", "x", "parts", {"axis": 1})
    found = ("NonZero", "x", "found")
    path = onnx_file([drawn, parts, found, ("Add", "x noise", "y")], {"x": [1, 4]})
    report = archcalc.analyze(archcalc.load(path))
    assert [(one.layer, one.real) for one in archcalc.compare_values(path, report)] == [("y", 0)]


def test_all_values_differ_where_there_is_another_number_of_them():
    assert tensors.count_apart(np.zeros(3), np.zeros(4), 1, 1) == 3


def test_memory_counts_an_array_once_with_whatever_looks_into_it():
    memory = Memory()
    weight, data = np.zeros(10, np.float32), np.zeros(6, np.float32)
    memory.hold(weight)
    for array in (weight, weight.reshape(2, 5), data, data[2:]):
        memory.take(array)
    assert memory.bytes == 24
    memory.release(data)
    assert memory.bytes == 24
    memory.release(data[2:])
    assert memory.bytes == 0
