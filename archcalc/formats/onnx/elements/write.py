"""How ONNX says activations and arithmetic on each element."""

from __future__ import annotations

from archcalc.formats.onnx.draft import Draft, SmallTensor, number
from archcalc.formats.onnx.write_table import plain, writes
from archcalc.op.site import Sizes, Spot
from archcalc.ops.elements.elementwise import Clip, Combine, Function, Where, WithNumber
from archcalc.ops.elements.pointwise import Dropout, PRelu, Relu6
from archcalc.ops.elements.quantisation import Dequantize, Quantised, Quantize
from archcalc.ops.elements.sigmoids import ScaledTanh, Silu

plain("identity", "Identity")
plain("relu", "Relu")
plain("selu", "Selu")
plain("mish", "Mish")
plain("sigmoid", "Sigmoid")
plain("hardswish", "HardSwish")
plain("tanh", "Tanh")
plain("leaky_relu", "LeakyRelu", alpha="slope")
plain("elu", "Elu", alpha="alpha")
plain("celu", "Celu", alpha="alpha")
plain("thresholded_relu", "ThresholdedRelu", alpha="alpha")
plain("gelu", "Gelu", approximate="approximate")
plain("hardsigmoid", "HardSigmoid", alpha="slope", beta="offset")

SAME = """
exp log sqrt erf sin cos tan sinh cosh asin acos atan asinh acosh atanh
abs sign floor ceil round neg reciprocal softplus softsign
"""
"""Functions that have the same name but for a capital."""
FUNCTIONS = {
    **{name: name.capitalize() for name in SAME.split()},
    "cast": "Identity",
}
"""The operator of each function of an element; a cast changes nothing, since all tensors have one type."""

DETECTING = {"is_nan": "IsNaN", "is_inf": "IsInf"}

ARITHMETIC = {
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
    "power": "Pow",
    "minimum": "Min",
    "maximum": "Max",
}

COMPARING = {
    "equal": "Equal",
    "less": "Less",
    "less_or_equal": "LessOrEqual",
    "greater": "Greater",
    "greater_or_equal": "GreaterOrEqual",
}

LOGICAL = {"and": "And", "or": "Or", "xor": "Xor"}


@writes(Function)
def function(draft: Draft, op: Function, at: Spot) -> str:
    if op.by == "square":
        return draft.call("Mul", "x", "x")
    if op.by == "not":
        return draft.like(draft.call("Not", draft.truth("x")), "x")
    if op.by in DETECTING:
        return draft.like(draft.call(DETECTING[op.by], "x"), "x")
    return draft.take(FUNCTIONS[op.by])


def _operation(draft: Draft, by: str, left: str | SmallTensor, right: str | SmallTensor) -> str:
    """Append an operation on two tensors and return what comes out, truths as 0 and 1."""
    if by in ARITHMETIC:
        return draft.call(ARITHMETIC[by], left, right)
    data = left if isinstance(left, str) else str(right)
    if by in COMPARING:
        return draft.like(draft.call(COMPARING[by], left, right), data)
    if by in LOGICAL:
        return draft.like(draft.call(LOGICAL[by], draft.truth(left), draft.truth(right)), data)
    # ONNX's remainder has the sign of the left side: adding the right side and taking it again gives that of the right
    remainder = draft.call("Mod", left, right, fmod=1)
    return draft.call("Mod", draft.call("Add", remainder, right), right, fmod=1)


@writes(WithNumber)
def scalar(draft: Draft, op: WithNumber, at: Spot) -> str:
    value = number(op.value)
    return _operation(draft, op.by, value, "x") if op.swapped else _operation(draft, op.by, "x", value)


@writes(Combine)
def combine(draft: Draft, op: Combine, at: Spot) -> str:
    return _operation(draft, op.by, *draft.inputs)


@writes(Where)
def where(draft: Draft, op: Where, at: Spot) -> str:
    condition, one, other = draft.inputs
    return draft.call("Where", draft.truth(condition), one, other)


@writes(Clip)
def clip(draft: Draft, op: Clip, at: Spot) -> str:
    bounds = ["" if bound is None else number(bound) for bound in (op.low, op.high)]
    return draft.call("Clip", "x", *bounds)


@writes(Relu6)
def relu6(draft: Draft, op: Relu6, at: Spot) -> str:
    return draft.call("Clip", "x", number(0), number(6))


@writes(Dropout)
def dropout(draft: Draft, op: Dropout, at: Spot) -> str:
    rate = [number(op.rate)] if op.rate < 1 else []  # ONNX has no rate of 1
    return draft.call("Dropout", "x", *rate)


@writes(PRelu, form="operators")
def prelu(draft: Draft, op: PRelu, at: Spot) -> str:
    return draft.call("PRelu", "x", draft.along("slope", 1, len(at.x)))


@writes(Silu)
def silu(draft: Draft, op: Silu, at: Spot) -> str:
    return draft.call("Mul", "x", draft.call("Sigmoid", "x"))


@writes(ScaledTanh)
def scaled_tanh(draft: Draft, op: ScaledTanh, at: Spot) -> str:
    squashed = draft.call("Tanh", draft.call("Mul", "x", number(op.slope)))
    return draft.call("Mul", squashed, number(op.amplitude))


@writes(Quantize)
def quantize(draft: Draft, op: Quantize, at: Spot) -> str:
    scale, zero_point = _spread(draft, op, at.x)
    rounded = draft.call("Round", draft.call("Div", "x", scale))
    return draft.call("Clip", draft.call("Add", rounded, zero_point), number(op.low), number(op.high))


@writes(Dequantize)
def dequantize(draft: Draft, op: Dequantize, at: Spot) -> str:
    scale, zero_point = _spread(draft, op, at.x)
    return draft.call("Mul", draft.call("Sub", "x", zero_point), scale)


def _spread(draft: Draft, op: Quantised, x: Sizes) -> tuple[str, str]:
    """Return scale and zero point in shapes that stretch over the data."""
    axis = -1 if op.axis is None else op.axis
    return draft.along("scale", axis, len(x)), draft.along("zero_point", axis, len(x))
