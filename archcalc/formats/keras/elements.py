"""How Keras says activations and arithmetic on each element."""

from __future__ import annotations

from math import inf

from archcalc.formats.keras.table import plain, refuses, writes
from archcalc.formats.program.alike import ARITHMETIC, FIXED, with_number
from archcalc.formats.program.code import Expression, expression
from archcalc.op.site import Site
from archcalc.ops.elements.elementwise import Clip, Combine, Function, WithNumber
from archcalc.ops.elements.pointwise import PRelu, Relu6
from archcalc.ops.elements.sigmoids import Gelu, HardSigmoid

refuses("quantize", FIXED)
refuses("dequantize", FIXED)
plain("identity", "{0}")
plain("relu", "layers.ReLU")
plain("selu", 'layers.Activation("selu")')
plain("silu", 'layers.Activation("silu")')
plain("mish", 'layers.Activation("mish")')
plain("sigmoid", 'layers.Activation("sigmoid")')
plain("hardswish", 'layers.Activation("hard_silu")')
plain("tanh", 'layers.Activation("tanh")')
plain("dropout", "layers.Dropout", rate="rate")
plain("leaky_relu", "layers.LeakyReLU", negative_slope=("slope", 0.3))
plain("elu", "layers.ELU", alpha=("alpha", 1.0))
plain("celu", "ops.celu({0}, alpha={alpha})", alpha="alpha")
plain("thresholded_relu", "ops.threshold({0}, {threshold}, 0.0)", threshold="alpha")
plain("scaled_tanh", "{amplitude} * ops.tanh({slope} * {0})", amplitude="amplitude", slope="slope")
writes(Relu6)(lambda op, at: expression("layers.ReLU").given(max_value=(6.0, None)))
writes(Gelu)(lambda op, at: expression("ops.gelu({0}, approximate={tanh})", tanh=op.approximate != "none"))


@writes(PRelu)
def prelu(op: PRelu, at: Site) -> Expression:
    first = 2 if op.per == "channel" else 1
    return expression("layers.PReLU").given(shared_axes=(tuple(range(first, len(at.x))) or None, None))


@writes(HardSigmoid)
def hardsigmoid(op: HardSigmoid, at: Site) -> Expression:
    if (op.slope, op.offset) == (1 / 6, 1 / 2):
        return expression('layers.Activation("hard_sigmoid")')
    return expression("ops.clip({slope} * {0} + {offset}, 0, 1)", slope=op.slope, offset=op.offset)


plain("where", "ops.where({0} != 0, {1}, {2})")

SAME = "exp log sqrt erf sin cos tan sinh cosh abs sign floor ceil round reciprocal square softplus softsign"
"""Functions that have the same name."""
FUNCTIONS = {
    **{name: f"ops.{name}({{0}})" for name in SAME.split()},
    **{f"a{name}": f"ops.arc{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "neg": "ops.negative({0})",
    "not": 'ops.cast(ops.logical_not({0}), "float32")',
    "is_nan": 'ops.cast(ops.isnan({0}), "float32")',
    "is_inf": 'ops.cast(ops.isinf({0}), "float32")',
    "cast": "{0}",
}
"""Each function of an element; a cast changes no figure, and numbers stay of the type that they have."""

OPERATIONS = {
    **ARITHMETIC,
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

writes(Function)(lambda op, at: expression(FUNCTIONS[op.by]))
writes(WithNumber)(lambda op, at: with_number(op, OPERATIONS[op.by]))
writes(Combine)(lambda op, at: expression(OPERATIONS[op.by]))


@writes(Clip)
def clip(op: Clip, at: Site) -> Expression:
    low, high = (-inf if op.low is None else op.low), (inf if op.high is None else op.high)
    return expression("ops.clip({0}, {low}, {high})", low=low, high=high)
