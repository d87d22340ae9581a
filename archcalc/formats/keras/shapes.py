"""How Keras says what works on tensors of any kind: products, functions, reductions, picking and rearranging."""

from __future__ import annotations

from typing import Any

from archcalc.formats.keras.table import plain, says
from archcalc.formats.program.code import Call, call, one
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Shape

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
}
"""Each operation on two tensors; there are no truth values among a layer's outputs."""

REDUCTIONS = {
    "mean": "mean",
    "sum": "sum",
    "max": "max",
    "min": "min",
    "prod": "prod",
    "log_sum_exp": "logsumexp",
}


@says("function")
def function(op: Any, y: Shape, x: Shape) -> Call:
    if op.by not in FUNCTIONS:
        raise ArchcalcError(f"'{op.by}' makes truth values")
    return call(FUNCTIONS[op.by])


@says("scalar")
def scalar(op: Any, y: Shape, x: Shape) -> Call:
    form = _operation(op.by)
    form = (
        form.replace("{0}", "{value}").replace("{1}", "{0}") if op.swapped else form.replace("{1}", "{value}")
    )
    return call(form, value=op.value)


@says("combine")
def combine(op: Any, y: Shape, *xs: Shape) -> Call:
    return call(_operation(op.by))


def _operation(name: str) -> str:
    if name not in OPERATIONS:
        raise ArchcalcError(f"'{name}' makes truth values")
    return OPERATIONS[name]


@says("clip")
def clip(op: Any, y: Shape, x: Shape) -> Call:
    infinite = float("inf")
    low, high = (-infinite if op.low is None else op.low), (infinite if op.high is None else op.high)
    return call("ops.clip({0}, {low}, {high})", low=low, high=high)


@says("matmul")
def matmul(op: Any, y: Shape, a: Shape, b: Shape) -> Call:
    return call("ops.matmul({0}, ops.swapaxes({1}, -2, -1))" if op.transposed else "ops.matmul({0}, {1})")


@says("einsum")
def einsum(op: Any, y: Shape, *xs: Shape) -> Call:
    inputs = ", ".join(f"{{{number}}}" for number in range(len(xs)))
    return call(f"ops.einsum({{equation}}, {inputs})", equation=op.equation.replace(" ", ""))


@says("embedding")
def embedding(op: Any, y: Shape, x: Shape) -> Call:
    return call("layers.Embedding", input_dim=op.size, output_dim=op.dim)


@says("slice")
def slice_(op: Any, y: Shape, x: Shape) -> Call:
    parts = [":"] * len(x)
    stops = tuple(x[axis] for axis in op.axes) if op.stops is None else per_axis(op.stops, op.axes)
    starts, steps = per_axis(op.starts, op.axes), per_axis(op.steps, op.axes)
    for axis, start, stop, step in zip(op.axes, starts, stops, steps, strict=True):
        parts[axis] = f"{start}:{stop}" + (f":{step}" if step != 1 else "")
    last = max(1, *(axis % len(x) for axis in op.axes))  # Keras takes no slice of the first axis alone
    return call(f"{{0}}[{', '.join(parts[: last + 1])}]")


@says("take")
def take(op: Any, y: Shape, x: Shape, indices: Shape | None = None) -> Call:
    if indices is None:
        return call("ops.take({0}, {index}, axis={axis})", index=op.index, axis=op.axis)
    return call('ops.take({0}, ops.cast({1}, "int32"), axis={axis})', axis=op.axis)


@says("expand")
def expand(op: Any, y: Shape, x: Shape) -> Call:
    return call("{0} * ops.ones({shape})", shape=(1, *y[1:]))


@says("tile")
def tile(op: Any, y: Shape, x: Shape) -> Call:
    return call("ops.tile({0}, {repeats})", repeats=op.repeats)


@says("parameter")
def parameter(op: Any, y: Shape) -> Call:
    return call("Learnt", shape=y).given(trainable=(op.learnt, True))


@says("reduce")
def reduce(op: Any, y: Shape, x: Shape) -> Call:
    if op.by not in REDUCTIONS:
        raise ArchcalcError(f"reduces by '{op.by}'")
    kept = ", keepdims=True" if op.keep else ""
    return call(
        f"ops.{REDUCTIONS[op.by]}({{0}}, axis={{axes}}{kept})",
        axes=one(op.axes) if len(op.axes) == 1 else op.axes,
    )


@says("argmax")
def argmax(op: Any, y: Shape, x: Shape) -> Call:
    kept = ", keepdims=True" if op.keep else ""
    return call(f'ops.cast(ops.arg{op.by}({{0}}, axis={{axis}}{kept}), "float32")', axis=op.axis)


@says("cumsum")
def cumsum(op: Any, y: Shape, x: Shape) -> Call:
    return call("ops.cumsum({0}, axis={axis})", axis=op.axis)


@says("l2norm")
def l2norm(op: Any, y: Shape, x: Shape) -> Call:
    return call("ops.normalize({0}, axis={axis}, epsilon={eps})", axis=op.axis, eps=op.eps)


@says("resize")
def resize(op: Any, y: Shape, x: Shape) -> Call:
    if len(x) != 4 or op.corners or op.mode == "cubic":
        raise ArchcalcError("resizes other than two axes, or in another way than its layer")
    factors = tuple(new // old for new, old in zip(y[2:], x[2:], strict=True))
    if op.mode == "nearest":
        if any(new % old for new, old in zip(y[2:], x[2:], strict=True)):
            raise ArchcalcError("copies the nearest elements, but not all equally often")
        return call("layers.UpSampling2D", size=one(factors))
    return call('ops.image.resize({0}, {size}, interpolation="bilinear", antialias=False)', size=y[2:])
