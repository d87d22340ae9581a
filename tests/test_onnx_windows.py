"""Windows as ONNX Runtime lays them: `same` is its SAME_UPPER, TensorFlow's rule; `ceil` is its ceil_mode, PyTorch's.

Really run on the CPU: shapes and values agree. TensorFlow's own formula is worked by hand in test_window.py.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archcalc import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops import REGISTRY

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

pytestmark = pytest.mark.onnx

OPSET, IR_VERSION = 22, 10
small = st.integers(1, 4)
sides = st.tuples(st.integers(0, 2), st.integers(0, 2))
ranks = st.integers(1, 3)


def per_axis(rank, values):
    return st.lists(values, min_size=rank, max_size=rank)


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def theirs(operator, x, **settings):
    """Return what ONNX Runtime makes of an operator; `w` among the settings is its second input."""
    arrays = {"x": x} | ({"w": settings.pop("w")} if "w" in settings else {})
    float32 = onnx.TensorProto.FLOAT
    inputs = [onnx.helper.make_tensor_value_info(name, float32, a.shape) for name, a in arrays.items()]
    outputs = [onnx.helper.make_tensor_value_info("y", float32, None)]
    node = onnx.helper.make_node(operator, list(arrays), ["y"], **settings)
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], operator, inputs, outputs),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, arrays)[0]


def ours(kind, x, weights=(), **settings):
    """Return what the op makes of the input."""
    op = REGISTRY[kind](**settings)
    try:
        op.check(Site((x.shape,)))
    except ArchcalcError:
        assume(False)
    y = op.forward(x, **dict(weights))
    assert y.shape == op.output(Site((x.shape,)))
    return y


def same(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@st.composite
def windows(draw, extents, *, gaps=True):
    """Draw an input and a window: kernel and stride, which is larger than the kernel only where there may be gaps."""
    rank = draw(ranks)
    x = numbers(1, 2, *draw(per_axis(rank, extents)))
    kernel, stride = draw(per_axis(rank, small)), draw(per_axis(rank, st.integers(1, 5)))
    return x, kernel, stride if gaps else list(map(min, kernel, stride))


padded = windows(st.integers(1, 12), gaps=False)
"""Windows that leave no gaps: with them SAME_UPPER would pad a negative number of elements.

TensorFlow takes none; ONNX Runtime's pools give up, its Conv takes none or cuts elements off, by the number of axes.
"""


def spread_out(weight, dilation):
    """Return the kernel with zeros in between that does what a dilated one does."""
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    spread = np.zeros((*weight.shape[:2], *extents), np.float32)
    spread[(..., *(slice(None, None, d) for d in dilation))] = weight
    return spread


@given(st.data(), padded)
def test_a_convolution_that_is_padded_to_the_same(data, drawn):
    """ONNX Runtime refuses dilation beside SAME_UPPER: it gets the kernel with the zeros written out."""
    x, kernel, stride = drawn
    dilation = data.draw(per_axis(len(kernel), st.integers(1, 3)))
    weight = numbers(3, 2, *kernel)
    settings = {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": "same", "bias": False}
    same(
        ours("conv", x, {"weight": weight}, out=3, **settings),
        theirs("Conv", x, w=spread_out(weight, dilation), strides=stride, auto_pad="SAME_UPPER"),
    )


@given(padded, st.booleans())
def test_pools_that_are_padded_to_the_same(drawn, count):
    x, kernel, stride = drawn
    settings = {"kernel": kernel, "stride": stride, "padding": "same"}
    words = {"kernel_shape": kernel, "strides": stride, "auto_pad": "SAME_UPPER"}
    same(ours("maxpool", x, **settings), theirs("MaxPool", x, **words))
    same(
        ours("avgpool", x, count_padding=count, **settings),
        theirs("AveragePool", x, count_include_pad=int(count), **words),
    )


@given(st.data(), windows(st.integers(4, 12)), st.booleans())
def test_pools_that_are_rounded(data, drawn, up):
    """A window that would start in the padding behind the input is dropped; what sticks out beyond it never counts."""
    x, kernel, stride = drawn
    around = [[min(side, k // 2) for side in pair] for k, pair in zip(kernel, data.draw(per_axis(len(kernel), sides)), strict=True)]  # fmt: skip
    settings = {"kernel": kernel, "stride": stride, "padding": around, "rounding": "ceil" if up else "floor"}
    pads = list(chain.from_iterable(zip(*around, strict=True)))
    words = {"kernel_shape": kernel, "strides": stride, "pads": pads, "ceil_mode": int(up)}
    dilation = data.draw(per_axis(len(kernel), st.integers(1, 2)))
    same(ours("maxpool", x, dilation=dilation, **settings), theirs("MaxPool", x, dilations=dilation, **words))
    for count in (True, False):
        same(
            ours("avgpool", x, count_padding=count, **settings),
            theirs("AveragePool", x, count_include_pad=int(count), **words),
        )
