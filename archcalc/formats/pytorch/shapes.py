"""How PyTorch says what works on tensors of any kind: products, functions, reductions, picking and rearranging."""

from __future__ import annotations

from typing import Any

from archcalc.formats.program.code import Call, call, chain, one
from archcalc.formats.pytorch.table import plain, says
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape

FUNCTIONS = {
    **{
        name: f"{{0}}.{name}()" for name in ("exp", "log", "sqrt", "erf", "sin", "cos", "tan", "sinh", "cosh")
    },
    **{name: f"{{0}}.{name}()" for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
    **{
        name: f"{{0}}.{name}()"
        for name in ("abs", "sign", "floor", "ceil", "round", "neg", "reciprocal", "square")
    },
    "not": "{0}.logical_not().float()",
    "is_nan": "{0}.isnan().float()",
    "is_inf": "{0}.isinf().float()",
    "softplus": "nn.Softplus",
    "softsign": "nn.Softsign",
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

REDUCTIONS = {
    "mean": "{0}.mean(",
    "sum": "{0}.sum(",
    "max": "{0}.amax(",
    "min": "{0}.amin(",
    "norm1": "{0}.abs().sum(",
    "norm2": "torch.linalg.vector_norm({0}, ",
    "sum_squares": "{0}.square().sum(",
    "log_sum_exp": "{0}.logsumexp(",
}
"""How each reduction begins; the axes follow."""

plain("where", "torch.where({0} != 0, {1}, {2})")


@says("function")
def function(op: Any, y: Shape, x: Shape) -> Call:
    return call(FUNCTIONS[op.by])


@says("scalar")
def scalar(op: Any, y: Shape, x: Shape) -> Call:
    if op.by in ("minimum", "maximum"):
        bound = "max" if op.by == "minimum" else "min"
        return call(f"{{0}}.clamp({bound}={{value}})", value=op.value)
    form = OPERATIONS[op.by]
    if form.startswith("torch."):
        raise ArchcalcError(f"'{op.by}' with a number")
    form = (
        form.replace("{0}", "{value}").replace("{1}", "{0}") if op.swapped else form.replace("{1}", "{value}")
    )
    return call(form, value=op.value)


@says("combine")
def combine(op: Any, y: Shape, *xs: Shape) -> Call:
    return call(OPERATIONS[op.by])


@says("clip")
def clip(op: Any, y: Shape, x: Shape) -> Call:
    bounds = {"min": op.low, "max": op.high}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if not given:
        return call("{0}")
    return call(f"{{0}}.clamp({', '.join(f'{name}={{{name}}}' for name in given)})", **given)


@says("matmul")
def matmul(op: Any, y: Shape, *xs: Shape) -> Call:
    return call("{0} @ {1}.transpose(-2, -1)" if op.transposed else "{0} @ {1}")


@says("einsum")
def einsum(op: Any, y: Shape, *xs: Shape) -> Call:
    inputs = ", ".join(f"{{{number}}}" for number in range(len(xs)))
    return call(f"torch.einsum({{equation}}, {inputs})", equation=op.equation.replace(" ", ""))


@says("parameter")
def parameter(op: Any, y: Shape) -> Call:
    sizes = {f"size{axis}": size for axis, size in enumerate(y)}
    return chain("nn.Parameter" if op.learnt else "nn.Buffer", call("torch.zeros", **sizes))


@says("embedding")
def embedding(op: Any, y: Shape, x: Shape) -> Call:
    return call("nn.Embedding", num_embeddings=op.size, embedding_dim=op.dim)


@says("slice")
def slice_(op: Any, y: Shape, x: Shape) -> Call:
    stops = (None,) * len(op.axes) if op.stops is None else per_axis(op.stops, op.axes)
    parts = [":"] * len(x)
    for axis, start, stop, step in zip(
        op.axes, per_axis(op.starts, op.axes), stops, per_axis(op.steps, op.axes), strict=True
    ):
        end = "" if stop is None or stop == x[axis] else stop
        parts[axis] = f"{start or ''}:{end}" + (f":{step}" if step != 1 else "")
    last = max(axis % len(x) for axis in op.axes)
    return call(f"{{0}}[{', '.join(parts[: last + 1])}]")


@says("take")
def take(op: Any, y: Shape, x: Shape, indices: Shape | None = None) -> Call:
    if indices is None:
        return call("{0}.select({axis}, {index})", axis=op.axis, index=op.index)
    return call(f"{{0}}[{':, ' * (op.axis % len(x))}{{1}}.long()]")


@says("expand")
def expand(op: Any, y: Shape, x: Shape) -> Call:
    return call("{0}.expand{shape}", shape=y)


@says("tile")
def tile(op: Any, y: Shape, x: Shape) -> Call:
    return call("{0}.repeat{repeats}", repeats=op.repeats)


@says("reduce")
def reduce(op: Any, y: Shape, x: Shape) -> Call:
    kept = ", keepdim=True" if op.keep else ""
    if op.by == "prod":
        if len(op.axes) > 1:
            raise ArchcalcError("multiplies along several axes at once")
        return call(f"{{0}}.prod(dim={{axis}}{kept})", axis=op.axes[0])
    return call(
        f"{REDUCTIONS[op.by]}dim={{axes}}{kept})", axes=one(op.axes) if len(op.axes) == 1 else op.axes
    )


@says("argmax")
def argmax(op: Any, y: Shape, x: Shape) -> Call:
    kept = ", keepdim=True" if op.keep else ""
    return call(f"{{0}}.arg{op.by}(dim={{axis}}{kept}).float()", axis=op.axis)


@says("cumsum")
def cumsum(op: Any, y: Shape, x: Shape) -> Call:
    return call("{0}.cumsum(dim={axis})", axis=op.axis)


@says("resize")
def resize(op: Any, y: Shape, x: Shape) -> Call:
    modes = {"linear": ("linear", "bilinear", "trilinear"), "cubic": ("", "bicubic", "")}
    rank = len(x) - 2
    mode = "nearest" if op.mode == "nearest" else modes[op.mode][rank - 1] if rank <= 3 else ""
    if not mode:
        raise ArchcalcError(f"resizes {rank} axes by {op.mode} interpolation")
    corners = (True if op.corners else None, None)
    return call("nn.Upsample").given(size=(y[2:], None), mode=(mode, "nearest"), align_corners=corners)


@says("depth_to_space")
def depth_to_space(op: Any, y: Shape, x: Shape) -> Call:
    _maps(x)
    return call("nn.PixelShuffle" if op.mode == "crd" else "DepthToSpace", block=op.block)


@says("space_to_depth")
def space_to_depth(op: Any, y: Shape, x: Shape) -> Call:
    _maps(x)
    return call("SpaceToDepth", block=op.block)


def _maps(x: Shape) -> None:
    if len(x) != 4:
        raise ArchcalcError(f"works on {len(x) - 2} spatial axes: there is a layer for 2")


@says("rmsnorm")
def rmsnorm(op: Any, y: Shape, x: Shape) -> Call:
    shape = x[-op.axes :]
    found = call("nn.RMSNorm", normalized_shape=shape[0] if op.axes == 1 else shape)
    return found.given(eps=(op.eps, None), elementwise_affine=(op.affine, True))


@says("l2norm")
def l2norm(op: Any, y: Shape, x: Shape) -> Call:
    return call("F.normalize({0}, dim={axis}, eps={eps})", axis=op.axis, eps=op.eps)


@says("affine")
def affine(op: Any, y: Shape, x: Shape) -> Call:
    shape = (x[op.axis], *(1 for _ in x[op.axis % len(x) + 1 :]))
    return call("Affine", shape=shape).given(scale=(op.scale, True), shift=(op.shift, True))


def _recurrent(form: str, op: Any, x: Shape) -> Call:
    return call(form, input_size=x[2], hidden_size=op.hidden).given(
        bias=(op.bias, True), batch_first=(op.batch_first, False), bidirectional=(op.directions == 2, False)
    )


@says("rnn")
def rnn(op: Any, y: Shape, x: Shape) -> Call:
    return _recurrent("nn.RNN", op, x)


@says("lstm")
def lstm(op: Any, y: Shape, x: Shape) -> Call:
    return _recurrent("nn.LSTM", op, x)


@says("gru")
def gru(op: Any, y: Shape, x: Shape) -> Call:
    return _recurrent("nn.GRU", op, x)
