"""How Keras says activations and arithmetic on each element."""

from __future__ import annotations

from archcalc.formats.keras.table import lacks, plain, says
from archcalc.formats.program.code import Call, call
from archcalc.op.site import Site
from archcalc.ops.elements.elementwise import Clip, Combine, Function, WithNumber
from archcalc.ops.elements.pointwise import Celu, Dropout, Elu, LeakyRelu, PRelu, Relu6, ThresholdedRelu
from archcalc.ops.elements.sigmoids import Gelu, HardSigmoid, ScaledTanh

FIXED = "its scale and zero point are fixed numbers, of which nothing is known"

lacks("quantize", FIXED)
lacks("dequantize", FIXED)
plain("identity", "{0}")
plain("relu", "layers.ReLU")
plain("selu", 'layers.Activation("selu")')
plain("silu", 'layers.Activation("silu")')
plain("mish", 'layers.Activation("mish")')
plain("sigmoid", 'layers.Activation("sigmoid")')
plain("hardswish", 'layers.Activation("hard_silu")')
plain("tanh", 'layers.Activation("tanh")')


@says(Relu6)
def relu6(op: Relu6, at: Site) -> Call:
    return call("layers.ReLU").given(max_value=(6.0, None))


@says(Dropout)
def dropout(op: Dropout, at: Site) -> Call:
    return call("layers.Dropout", rate=op.rate)


@says(LeakyRelu)
def leaky_relu(op: LeakyRelu, at: Site) -> Call:
    return call("layers.LeakyReLU").given(negative_slope=(op.slope, 0.3))


@says(PRelu)
def prelu(op: PRelu, at: Site) -> Call:
    first = 2 if op.per == "channel" else 1
    return call("layers.PReLU").given(shared_axes=(tuple(range(first, len(at.x))) or None, None))


@says(Elu)
def elu(op: Elu, at: Site) -> Call:
    return call("layers.ELU").given(alpha=(op.alpha, 1.0))


@says(Celu)
def celu(op: Celu, at: Site) -> Call:
    return call("ops.celu({0}, alpha={alpha})", alpha=op.alpha)


@says(ThresholdedRelu)
def thresholded_relu(op: ThresholdedRelu, at: Site) -> Call:
    return call("ops.threshold({0}, {threshold}, 0.0)", threshold=op.alpha)


@says(Gelu)
def gelu(op: Gelu, at: Site) -> Call:
    return call("ops.gelu({0}, approximate={tanh})", tanh=op.approximate != "none")


@says(HardSigmoid)
def hardsigmoid(op: HardSigmoid, at: Site) -> Call:
    if (op.slope, op.offset) == (1 / 6, 1 / 2):
        return call('layers.Activation("hard_sigmoid")')
    return call("ops.clip({slope} * {0} + {offset}, 0, 1)", slope=op.slope, offset=op.offset)


@says(ScaledTanh)
def scaled_tanh(op: ScaledTanh, at: Site) -> Call:
    return call("{amplitude} * ops.tanh({slope} * {0})", amplitude=op.amplitude, slope=op.slope)


plain("where", "ops.where({0} != 0, {1}, {2})")

FUNCTIONS = {
    **{
        name: f"ops.{name}({{0}})"
        for name in ("exp", "log", "sqrt", "erf", "sin", "cos", "tan", "sinh", "cosh")
    },
    **{
        name: f"ops.{name}({{0}})"
        for name in ("abs", "sign", "floor", "ceil", "round", "reciprocal", "square")
    },
    **{f"a{name}": f"ops.arc{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "neg": "ops.negative({0})",
    "softplus": "ops.softplus({0})",
    "softsign": "ops.softsign({0})",
    "not": 'ops.cast(ops.logical_not({0}), "float32")',
    "is_nan": 'ops.cast(ops.isnan({0}), "float32")',
    "is_inf": 'ops.cast(ops.isinf({0}), "float32")',
    "cast": "{0}",
}
"""Each function of an element; a cast changes no figure, and numbers stay of the type that they have."""

OPERATIONS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "modulo": "{0} % {1}",
    "power": "{0} ** {1}",
    "minimum": "ops.minimum({0}, {1})",
    "maximum": "ops.maximum({0}, {1})",
    **{
        name: f'ops.cast(ops.{called}({{0}}, {{1}}), "float32")'
        for name, called in {
            "equal": "equal",
            "less": "less",
            "less_or_equal": "less_equal",
            "greater": "greater",
            "greater_or_equal": "greater_equal",
            "and": "logical_and",
            "or": "logical_or",
            "xor": "logical_xor",
        }.items()
    },
}
"""Each operation on two tensors."""


@says(Function)
def function(op: Function, at: Site) -> Call:
    return call(FUNCTIONS[op.by])


@says(WithNumber)
def scalar(op: WithNumber, at: Site) -> Call:
    form = OPERATIONS[op.by]
    form = (
        form.replace("{0}", "{value}").replace("{1}", "{0}") if op.swapped else form.replace("{1}", "{value}")
    )
    return call(form, value=op.value)


@says(Combine)
def combine(op: Combine, at: Site) -> Call:
    return call(OPERATIONS[op.by])


@says(Clip)
def clip(op: Clip, at: Site) -> Call:
    infinite = float("inf")
    low, high = (-infinite if op.low is None else op.low), (infinite if op.high is None else op.high)
    return call("ops.clip({0}, {low}, {high})", low=low, high=high)
