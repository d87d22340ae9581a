"""ONNX's own tests of its operators: for each a model of one node, its inputs, and what must come out.

The first input is data, the others are weights. What archcalc makes of a model is run in NumPy, layer by layer. What
it cannot read, and where its values are others although the shape is right, is listed here, case by case.
"""

from __future__ import annotations

import warnings
from math import prod
from typing import NamedTuple

import numpy as np
import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.onnx.graph import STANDARD, node_of
from archcalc.formats.onnx.read import TRANSLATORS
from archcalc.formats.onnx.tensors import Output
from archcalc.op.site import Site

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")

pytestmark = [pytest.mark.onnx, pytest.mark.slow]

STRANGERS = {
    "AffineGrid": "its size is computed while it runs",
    "Bernoulli": "it draws random numbers",
    "BlackmanWindow": "its size is computed while it runs",
    "HammingWindow": "its size is computed while it runs",
    "HannWindow": "its size is computed while it runs",
    "LinearAttention": "it is a Scan",
    "NegativeLogLikelihoodLoss": "it picks elements by computed positions; only training has it",
    "Range": "its size is computed while it runs",
    "SequenceMap": "it is about sequences",
    "SoftmaxCrossEntropyLoss": "it picks elements by computed positions; only training has it",
}
"""Operators that ONNX defines by others, some of which archcalc does not know."""

UNREAD = {
    "the model has no input: it computes the same every time": ["constant"],
    "it depends on numbers that only a run knows": [
        "constantofshape_float_ones",
        "constantofshape_int_shape_zero",
        "constantofshape_int_zeros",
    ],
    "it runs backwards, or leaves itself out": [
        "cumsum_1d_exclusive",
        "cumsum_1d_int32_exclusive",
        "cumsum_1d_reverse",
        "cumsum_1d_reverse_exclusive",
    ],
    "it returns what it drops, too": [
        "dropout_default_mask",
        "dropout_default_mask_ratio",
        "training_dropout_default_mask",
        "training_dropout_mask",
        "training_dropout_zero_ratio_mask",
    ],
    "it drops numbers as in training": [
        "training_dropout",
        "training_dropout_default",
        "training_dropout_zero_ratio",
    ],
    "it takes its statistics from the batch, or from each position": [
        "batchnorm_epsilon_training_mode",
        "batchnorm_example_training_mode",
    ],
    "it returns where the largest elements are, too": [
        "maxpool_with_argmax_2d_precomputed_pads",
        "maxpool_with_argmax_2d_precomputed_strides",
    ],
    "it pads the batch": ["center_crop_pad_pad"],
    "it runs backwards only": ["gru_reverse", "lstm_reverse", "simple_rnn_reverse"],
    "its gates see its memory": ["lstm_with_peepholes"],
    "somebody reads its memory": ["lstm_bidirectional"],
    "it makes no integers": [
        "quantizelinear_e4m3fn",
        "quantizelinear_e5m2",
        "quantizelinear_float4e2m1",
    ],
    "it crops, too": [
        "resize_tf_crop_and_resize",
        "resize_tf_crop_and_resize_axes_2_3",
        "resize_tf_crop_and_resize_axes_3_2",
        "resize_tf_crop_and_resize_extrapolation_value",
    ],
    "it smooths what it shrinks": [
        "resize_downsample_scales_cubic_antialias",
        "resize_downsample_scales_linear_antialias",
        "resize_downsample_sizes_cubic_antialias",
        "resize_downsample_sizes_linear_antialias",
    ],
    "einsum 'y': '->' is no equation": ["einsum_scalar"],
    "avgpool 'y' on 3x28x28: padding 2 is more than half the kernel of 3": [
        "averagepool_2d_pads",
        "averagepool_2d_pads_count_include_pad",
    ],
    "lppool 'y' on 3x28x28: padding 2 is more than half the kernel of 3": ["lppool_2d_pads"],
    "maxpool 'y' on 3x28x28: padding 2 is more than half the kernel of 3": ["maxpool_2d_pads"],
    "dequantize 'y' on 4x3x2: its scale 'x_scale' is 1x2x3x2, but its input calls for 4": [
        "dequantizelinear_blocked"
    ],
    "quantize 'y' on 4: its scale 'y_scale' is 3x2, but its input calls for 4": [
        "quantizelinear_blocked_asymmetric",
        "quantizelinear_blocked_symmetric",
    ],
}
"""The cases that are not read, by what is said of them."""

NARROW = ("FLOAT8", "FLOAT4", "INT4", "UINT4", "INT2", "UINT2")
OTHERWISE = {
    "the last of several equal elements is the one": [
        f"arg{which}_{axis}_example_select_last_index"
        for which in ("max", "min")
        for axis in ("keepdims", "negative_axis_keepdims", "no_keepdims")
    ],
    "division of integers drops the rest": [
        f"div_{kind}" for kind in ("int8", "int16", "int32_trunc", "uint8", "uint16", "uint32", "uint64")
    ],
    "the remainder has the sign of what is divided": [
        "mod_int64_fmod",
        "mod_mixed_sign_float16",
        "mod_mixed_sign_float32",
        "mod_mixed_sign_float64",
    ],
    "the state is reset before the product; a note says so": ["gru_seq_length"],
    "the elements of the output lie elsewhere, or cubics have another constant": [
        "resize_downsample_scales_cubic",
        "resize_downsample_scales_cubic_A_n0p5_exclude_outside",
        "resize_downsample_scales_cubic_align_corners",
        "resize_downsample_scales_linear",
        "resize_downsample_scales_linear_align_corners",
        "resize_downsample_scales_linear_half_pixel_symmetric",
        "resize_downsample_sizes_linear_pytorch_half_pixel",
        "resize_downsample_sizes_nearest",
        "resize_downsample_sizes_nearest_not_smaller",
        "resize_upsample_scales_cubic_A_n0p5_exclude_outside",
        "resize_upsample_scales_cubic_asymmetric",
        "resize_upsample_scales_linear_half_pixel_symmetric",
        "resize_upsample_sizes_nearest_ceil_half_pixel",
        "resize_upsample_sizes_nearest_floor_align_corners",
        "resize_upsample_sizes_nearest_round_prefer_ceil_asymmetric",
    ],
}
"""The cases whose shapes and work are right and whose values are not, and why. So are casts to narrow types, which
round: `cast` changes the type alone."""


class Case(NamedTuple):
    """One of ONNX's tests."""

    name: str
    model: object
    inputs: list
    outputs: list

    @property
    def operator(self):
        """The operator that it tests; a word for a whole graph, and for operators that are not ONNX's own."""
        nodes = self.model.graph.node
        return nodes[0].op_type if len(nodes) == 1 and nodes[0].domain in STANDARD else "a graph"

    @property
    def shapes(self):
        return [array.shape for array in self.inputs]

    @property
    def attributes(self):
        return node_of(self.model.graph.node[0]).attributes

    @property
    def rounds(self):
        return self.operator in ("Cast", "CastLike") and any(f"_to_{word}" in self.name for word in NARROW)


@pytest.fixture(scope="module")
def cases():
    """Return all of ONNX's tests whose inputs and outputs are tensors of numbers."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they overflow on purpose
        found = collect_testcases(None)
    made = [
        Case(
            case.name.removeprefix("test_"),
            case.model,
            *([arrays(v) for v in values] for values in case.data_sets[0]),
        )
        for case in found
        if case.data_sets
    ]
    return [case for case in made if all(v is not None for v in (*case.inputs, *case.outputs))]


def arrays(value):
    """Return a tensor as an array; None for texts, sequences and what is optional."""
    if isinstance(value, onnx.TensorProto):
        value = onnx.numpy_helper.to_array(value)
    is_numbers = isinstance(value, np.ndarray | np.generic) and value.dtype.kind not in "OSU"
    return np.asarray(value) if is_numbers else None


class Outcome(NamedTuple):
    """Why a case is not read; or which of its outputs have another shape, or other values."""

    unread: str = ""
    shapes: tuple = ()
    values: tuple = ()


@pytest.fixture(scope="module")
def outcome_of(tmp_path_factory, builder_of):
    """Return a function that reads a case, runs it in NumPy and compares what comes out."""
    path = tmp_path_factory.mktemp("node") / "case.onnx"

    def outcome(case, *, weights):
        save(case, path, weights=weights)
        try:
            archcalc.analyze(archcalc.load(path))
            built = builder_of(path)
        except ArchcalcError as error:
            return Outcome(error.fact)
        if built.unaccounted:
            return Outcome(built.unaccounted[0].rpartition("': ")[2])
        return compared(case, built)

    return outcome


def save(case, path, *, weights):
    """Write a case's model; with `weights` all its inputs but the first are initializers."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    names = [value.name for value in model.graph.input]
    if weights:
        model.graph.initializer.extend(
            onnx.numpy_helper.from_array(array, name)
            for name, array in list(zip(names, case.inputs, strict=True))[1:]
        )
    onnx.save(model, path)


def compared(case, built):
    """Return which outputs have another shape than they should, or other values."""
    values = run(built, {v.name: array for v, array in zip(case.model.graph.input, case.inputs, strict=True)})
    shapes, wrong = [], []
    for output, expected in zip(case.model.graph.output, case.outputs, strict=True):
        tensor = built.tensors[output.name]
        if tensor.shape not in (expected.shape, expected.shape or (1,)):
            shapes.append(output.name)
        elif expected.size:
            ours = values[tensor.position] if isinstance(tensor, Output) else tensor.value
            wrong += [output.name] * (not close(ours, expected))
    return Outcome("", tuple(shapes), tuple(wrong))


def run(built, inputs):
    """Return what each layer computes."""
    values = {}
    for position, (node, shape) in enumerate(zip(built.nodes, built.shapes, strict=True)):
        op, xs = node.op, [built.shapes[source] for source in node.inputs]
        declared = op.tensors(Site(tuple(xs)))
        tensors = {
            name: weight.value.astype(np.float32).reshape(declared[name])
            for name, weight in built.weights.get(position, {}).items()
        }
        is_given = node.name in inputs and not node.inputs and op.traits.role != "constant"
        with np.errstate(all="ignore"):
            values[position] = (
                inputs[node.name].astype(np.float32).reshape(shape)
                if is_given
                else op.forward(*(values[source] for source in node.inputs), **tensors)
            )
    return values


def close(ours, expected):
    """Tell whether values agree; bfloat16 keeps two decimals."""
    tolerance = 1e-2 if expected.dtype.name == "bfloat16" else 1e-3
    ours, expected = (np.asarray(array, np.float64).reshape(expected.shape) for array in (ours, expected))
    return np.allclose(ours, expected, rtol=tolerance, atol=tolerance / 10, equal_nan=True)


@pytest.fixture(scope="module")
def outcomes(cases, outcome_of):
    """Return what becomes of each case of an operator that archcalc knows, or that ONNX defines by others."""
    return {
        case.name: outcome_of(case, weights=True)
        for case in cases
        if (case.operator in TRANSLATORS or is_defined(case.operator))
        and case.operator not in STRANGERS
        and not (case.inputs and 0 in case.inputs[0].shape)  # archcalc's tensors are never empty
    }


def is_defined(operator):
    """Tell whether ONNX defines an operator by others."""
    if not onnx.defs.has(operator):
        return False
    schema = onnx.defs.get_schema(operator)
    return schema.has_function or schema.has_context_dependent_function


def among(outcomes, table):
    """Return the reasons of the listed cases by their names; an older onnx package lacks some of them."""
    return {name: reason for reason, names in table.items() for name in names if name in outcomes}


def test_every_case_is_read_or_listed(outcomes):
    unread = {name: outcome.unread for name, outcome in outcomes.items() if outcome.unread}
    assert unread == among(outcomes, UNREAD)


def test_every_shape_is_right(outcomes):
    assert [name for name, outcome in outcomes.items() if outcome.shapes] == []


def test_every_value_is_right_or_listed(cases, outcomes):
    wrong = {name for name, outcome in outcomes.items() if outcome.values}
    rounded = {case.name for case in cases if case.rounds}
    assert wrong - rounded == among(outcomes, OTHERWISE).keys()


def test_what_onnx_defines_by_strangers_is_not_read(cases, outcome_of):
    strange = [case for case in cases if case.operator in STRANGERS]
    unread = {case.operator for case in strange if outcome_of(case, weights=True).unread}
    assert unread == {case.operator for case in strange}


UNTESTED = {
    "Constant": "it has no input; the light models have constants",
    "ConstantOfShape": "its shape is data in its cases; the light models have constant ones",
    "GlobalLpPool": "ONNX has no case of it",
}
"""Operators that archcalc translates of which no case is read."""


def test_every_operator_has_a_case_that_is_read(cases, outcomes):
    read = {case.operator for case in cases if case.name in outcomes and not outcomes[case.name].unread}
    assert TRANSLATORS.keys() - read == UNTESTED.keys()


def test_each_case_ends_with_a_report_or_an_error_and_no_shape_is_wrong(cases, outcome_of):
    """All inputs are data here, also those that are shapes: much is unknown then, and nothing may be wrong."""
    named = ("expanded", "cast")  # what their operators are defined by, and what has been seen already
    some = [
        case for case in cases if not any(word in case.name for word in named) and all(map(prod, case.shapes))
    ]
    assert [case.name for case in some if outcome_of(case, weights=False).shapes] == []
    assert len(some) > 1000


def macs_of(case):
    """Return the multiply-accumulates of a case, from ONNX's definition of its operator; None if it has none."""
    shapes, y = case.shapes, case.outputs[0].shape
    match case.operator:
        case "Conv" | "ConvInteger":
            return prod(y) * prod(shapes[1][1:])
        case "QLinearConv":
            return prod(y) * prod(shapes[3][1:])
        case "ConvTranspose":
            return prod(shapes[0]) * prod(shapes[1][1:])
        case "MatMul" | "MatMulInteger" | "QLinearMatMul":
            return prod(y) * shapes[0][-1]
        case "Gemm":
            return prod(y) * shapes[0][0 if case.attributes.get("transA") else 1]
        case "RNN" | "GRU" | "LSTM":
            steps = prod(shapes[0][:2])
            return steps * (prod(shapes[1]) + prod(shapes[2]))
    return None


def test_multiply_accumulates(cases, outcomes, tmp_path):
    found, expected = {}, {}
    for case in cases:
        macs = macs_of(case) if case.name in outcomes and not outcomes[case.name].unread else None
        if macs is not None:
            save(case, tmp_path / "case.onnx", weights=True)
            found[case.name] = archcalc.analyze(archcalc.load(tmp_path / "case.onnx")).totals.macs
            expected[case.name] = macs
    assert found == expected
    assert len(found) > 50


def test_attention_is_two_products(cases, tmp_path):
    """Scores and what is made of them: each of the queries meets each of the keys in every head."""
    (case,) = (case for case in cases if case.name == "attention_4d_diff_heads_sizes")
    (n, heads, queries, width), (_, _, keys, _), (*_, value) = case.shapes
    save(case, tmp_path / "case.onnx", weights=False)
    report = archcalc.analyze(archcalc.load(tmp_path / "case.onnx"))
    assert report.totals.macs == n * heads * queries * keys * (width + value)
    assert report.totals.incomplete == ()
