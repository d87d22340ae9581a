"""How PyTorch says activations and arithmetic on each element."""

from __future__ import annotations

from archcalc.formats.program.alike import ARITHMETIC, FIXED, with_number
from archcalc.formats.program.code import Expression, expression
from archcalc.formats.pytorch.table import plain, refuses, writes
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops.elements.elementwise import Clip, Combine, Function, WithNumber
from archcalc.ops.elements.pointwise import PRelu, ThresholdedRelu
from archcalc.ops.elements.sigmoids import HardSigmoid

refuses("quantize", FIXED)
refuses("dequantize", FIXED)
plain("identity", "{0}")
plain("relu", "nn.ReLU")
plain("relu6", "nn.ReLU6")
plain("selu", "nn.SELU")
plain("silu", "nn.SiLU")
plain("mish", "nn.Mish")
plain("sigmoid", "nn.Sigmoid")
plain("hardswish", "nn.Hardswish")
plain("tanh", "nn.Tanh")
plain("dropout", "nn.Dropout", p="rate")
plain("leaky_relu", "nn.LeakyReLU", negative_slope=("slope", 0.01))
plain("elu", "nn.ELU", alpha=("alpha", 1.0))
plain("celu", "nn.CELU", alpha=("alpha", 1.0))
plain("gelu", "nn.GELU", approximate=("approximate", "none"))
plain("scaled_tanh", "ScaledTanh", amplitude=("amplitude", 1.7159), slope=("slope", 2 / 3))
writes(ThresholdedRelu)(lambda op, at: expression("nn.Threshold", threshold=op.alpha, value=0.0))


@writes(PRelu)
def prelu(op: PRelu, at: Site) -> Expression:
    return expression("nn.PReLU").given(num_parameters=(at.x[1] if op.per == "channel" else 1, 1))


@writes(HardSigmoid)
def hardsigmoid(op: HardSigmoid, at: Site) -> Expression:
    if (op.slope, op.offset) == (1 / 6, 1 / 2):
        return expression("nn.Hardsigmoid")
    return expression("({slope} * {0} + {offset}).clamp(0, 1)", slope=op.slope, offset=op.offset)


METHODS = """
exp log sqrt erf sin cos tan sinh cosh asin acos atan asinh acosh atanh
abs sign floor ceil round neg reciprocal square
"""
FUNCTIONS = {
    **{name: f"{{0}}.{name}()" for name in METHODS.split()},
    "not": "{0}.logical_not().float()",
    "is_nan": "{0}.isnan().float()",
    "is_inf": "{0}.isinf().float()",
    "softplus": "nn.Softplus",
    "softsign": "nn.Softsign",
    "cast": "{0}",
}
"""Each function of an element; a cast changes no figure, and numbers stay of the type that they have."""

OPERATIONS = {
    **ARITHMETIC,
    "equal": "({0} == {1}).float()",
    "less": "({0} < {1}).float()",
    "less_or_equal": "({0} <= {1}).float()",
    "greater": "({0} > {1}).float()",
    "greater_or_equal": "({0} >= {1}).float()",
    "minimum": "torch.minimum({0}, {1})",
    "maximum": "torch.maximum({0}, {1})",
    "and": "torch.logical_and({0}, {1}).float()",
    "or": "torch.logical_or({0}, {1}).float()",
    "xor": "torch.logical_xor({0}, {1}).float()",
}
"""Each operation on two tensors."""

writes(Function)(lambda op, at: expression(FUNCTIONS[op.by]))
writes(Combine)(lambda op, at: expression(OPERATIONS[op.by]))

plain("where", "torch.where({0} != 0, {1}, {2})")


@writes(WithNumber)
def scalar(op: WithNumber, at: Site) -> Expression:
    if op.by in ("minimum", "maximum"):
        bound = "max" if op.by == "minimum" else "min"
        return expression(f"{{0}}.clamp({bound}={{value}})", value=op.value)
    form = OPERATIONS[op.by]
    if form.startswith("torch."):
        raise ArchcalcError(f"'{op.by}' with a number")
    return with_number(op, form)


@writes(Clip)
def clip(op: Clip, at: Site) -> Expression:
    bounds = {"min": op.low, "max": op.high}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if not given:
        return expression("{0}")
    return expression(f"{{0}}.clamp({', '.join(f'{name}={{{name}}}' for name in given)})", **given)
