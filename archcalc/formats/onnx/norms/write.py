"""How ONNX says normalisations and softmax."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.formats.onnx.draft import Draft, ints, number
from archcalc.formats.onnx.write_table import plain, writes
from archcalc.op.site import Spot
from archcalc.ops.norms.norm import BatchNorm, GroupNorm, LayerNorm
from archcalc.ops.norms.response import LocalResponseNorm
from archcalc.ops.norms.scaling import Affine, L2Norm, RMSNorm

plain("softmax", "Softmax", axis="axis")
plain("log_softmax", "LogSoftmax", axis="axis")


@writes(Affine, form="function")
def affine(draft: Draft, op: Affine, at: Spot) -> str:
    """Write a scale and a shift; without a function around them they would melt into the layer before."""
    y = "x"
    if op.scale:
        y = draft.call("Mul", y, draft.along("weight", op.axis, len(at.x)))
    if op.shift:
        y = draft.call("Add", y, draft.along("bias", op.axis, len(at.x)))
    return y


@writes(BatchNorm)
def batchnorm(draft: Draft, op: BatchNorm, at: Spot) -> str:
    if op.affine:
        return draft.take("BatchNormalization", epsilon=op.eps)
    mean, variance = (draft.along(name, 1, len(at.x)) for name in draft.weights)
    return draft.call("Div", draft.call("Sub", "x", mean), _root(draft, variance, op.eps))


def _root(draft: Draft, variance: str, eps: float) -> str:
    return draft.call("Sqrt", draft.call("Add", variance, number(eps)))


def _standardise(draft: Draft, x: str, axes: Sequence[int], eps: float) -> str:
    """Return numbers brought to mean 0 and variance 1 over some axes."""
    centred = draft.call("Sub", x, draft.call("ReduceMean", x, ints(axes), keepdims=1))
    squares = draft.call("Mul", centred, centred)
    return draft.call(
        "Div", centred, _root(draft, draft.call("ReduceMean", squares, ints(axes), keepdims=1), eps)
    )


@writes(LayerNorm)
def layernorm(draft: Draft, op: LayerNorm, at: Spot) -> str:
    """Write a layer normalisation; ONNX's operator is over the last axes, and always scales."""
    rank = len(at.x)
    axes = {"all": range(1, rank), "channels": range(1, 2), "last": range(rank - op.axes, rank)}[op.over]
    if not op.affine:
        return _standardise(draft, "x", axes, op.eps)
    if axes.stop == rank:
        return draft.take("LayerNormalization", axis=axes.start, epsilon=op.eps)
    last = draft.transpose("x", (0, *range(2, rank), 1))
    normalised = draft.call("LayerNormalization", last, *draft.weights, axis=-1, epsilon=op.eps)
    return draft.transpose(normalised, (0, rank - 1, *range(1, rank - 1)))


@writes(GroupNorm)
def groupnorm(draft: Draft, op: GroupNorm, at: Spot) -> str:
    if op.affine and len(at.x) > 2:
        return draft.take("GroupNormalization", num_groups=op.groups, epsilon=op.eps)
    groups = draft.reshape("x", (0, op.groups, -1))
    normalised = draft.reshape(_standardise(draft, groups, [2], op.eps), (0, *at.x[1:]))
    if not op.affine:
        return normalised
    return draft.call("Add", draft.call("Mul", normalised, "weight"), "bias")


@writes(RMSNorm)
def rmsnorm(draft: Draft, op: RMSNorm, at: Spot) -> str:
    axes = ints(range(-op.axes, 0))
    square = draft.call("ReduceMean", draft.call("Mul", "x", "x"), axes, keepdims=1)
    normalised = draft.call("Div", "x", _root(draft, square, op.eps))
    return draft.call("Mul", normalised, "weight") if op.affine else normalised


@writes(L2Norm)
def l2norm(draft: Draft, op: L2Norm, at: Spot) -> str:
    if "eps" not in op.stated():  # ONNX's operator has a least length of its own, which is as small
        return draft.take("LpNormalization", axis=op.axis, p=2)
    length = draft.call("ReduceL2", "x", ints([op.axis]), keepdims=1)
    return draft.call("Div", "x", draft.call("Max", length, number(op.eps)))


@writes(LocalResponseNorm)
def lrn(draft: Draft, op: LocalResponseNorm, at: Spot) -> str:
    """Write a local response normalisation; ONNX divides α by the size, the op's α multiplies the plain sum."""
    settings = {"size": op.size, "alpha": op.alpha * op.size, "beta": op.beta, "bias": op.bias}
    if len(at.x) == 4:
        return draft.take("LRN", **settings)
    maps = draft.reshape("x", (0, at.x[1], -1, 1))  # ONNX Runtime takes maps of two axes only
    return draft.reshape(draft.call("LRN", maps, **settings), (0, *at.x[1:]))
