"""How ONNX says activations and arithmetic on each element."""

from __future__ import annotations

from archcalc.formats.onnx.draft import Draft, SmallTensor, number
from archcalc.formats.onnx.words import ACTIVATIONS, ARITHMETIC, COMPARING, FUNCTIONS, LOGICAL
from archcalc.formats.onnx.write_table import plain, writes
from archcalc.op.site import Sizes, Spot
from archcalc.ops.elements.elementwise import Clip, Combine, Function, Where, WithNumber
from archcalc.ops.elements.pointwise import Dropout, PRelu, Relu6
from archcalc.ops.elements.quantisation import Dequantize, Quantised, Quantize
from archcalc.ops.elements.sigmoids import ScaledTanh, Silu

plain("identity", "Identity")
plain("selu", "Selu")
plain("gelu", "Gelu", approximate="approximate")
plain("hardsigmoid", "HardSigmoid", alpha="slope", beta="offset")
writes(Combine)(lambda draft, op, at: _operation(draft, op.by, *draft.inputs))
writes(Relu6)(lambda draft, op, at: draft.call("Clip", "x", number(0), number(6)))
writes(Silu)(lambda draft, op, at: draft.call("Mul", "x", draft.call("Sigmoid", "x")))
for operator, (kind, settings) in ACTIVATIONS.items():
    plain(kind, operator, **{theirs: ours for theirs, (ours, _) in settings.items()})

DETECTING = {"is_nan": "IsNaN", "is_inf": "IsInf"}


@writes(Function)
def function(draft: Draft, op: Function, at: Spot) -> str:
    if op.by == "square":
        return draft.call("Mul", "x", "x")
    if op.by == "not":
        return draft.like(draft.call("Not", draft.truth("x")), "x")
    if op.by in DETECTING:
        return draft.like(draft.call(DETECTING[op.by], "x"), "x")
    # a cast changes nothing, since all tensors have one type
    return draft.take("Identity" if op.by == "cast" else FUNCTIONS[op.by])


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


@writes(Where)
def where(draft: Draft, op: Where, at: Spot) -> str:
    condition, first, second = draft.inputs
    return draft.call("Where", draft.truth(condition), first, second)


@writes(Clip)
def clip(draft: Draft, op: Clip, at: Spot) -> str:
    bounds = ["" if bound is None else number(bound) for bound in (op.low, op.high)]
    return draft.call("Clip", "x", *bounds)


@writes(Dropout)
def dropout(draft: Draft, op: Dropout, at: Spot) -> str:
    rate = [number(op.rate)] if op.rate < 1 else []  # ONNX has no rate of 1
    return draft.call("Dropout", "x", *rate)


@writes(PRelu, form="operators")
def prelu(draft: Draft, op: PRelu, at: Spot) -> str:
    return draft.call("PRelu", "x", draft.along("slope", 1, len(at.x)))


@writes(ScaledTanh)
def scaled_tanh(draft: Draft, op: ScaledTanh, at: Spot) -> str:
    squashed = draft.call("Tanh", draft.call("Mul", "x", number(op.slope)))
    return draft.call("Mul", squashed, number(op.amplitude))


@writes(Quantize)
def quantize(draft: Draft, op: Quantize, at: Spot) -> str:
    scale, zero_point = _stretch(draft, op, at.x)
    rounded = draft.call("Round", draft.call("Div", "x", scale))
    return draft.call("Clip", draft.call("Add", rounded, zero_point), number(op.low), number(op.high))


@writes(Dequantize)
def dequantize(draft: Draft, op: Dequantize, at: Spot) -> str:
    scale, zero_point = _stretch(draft, op, at.x)
    return draft.call("Mul", draft.call("Sub", "x", zero_point), scale)


def _stretch(draft: Draft, op: Quantised, x: Sizes) -> tuple[str, str]:
    """Return scale and zero point in shapes that stretch over the data."""
    axis = -1 if op.axis is None else op.axis
    return draft.along("scale", axis, len(x)), draft.along("zero_point", axis, len(x))
