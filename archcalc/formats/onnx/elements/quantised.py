"""Numbers in few bits: turned into integers and back, and products of integers.

Weights that are kept in few bits are weights all the same. Source: ONNX's operator reference,
https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import INT8, RANGES, UINT8, Constant, Output, Tensor, fill
from archcalc.formats.onnx.weights.weighted import multiply
from archcalc.formats.onnx.windows.sliding import convolve

if TYPE_CHECKING:
    from archcalc.formats.onnx.tensors import Array


@translates("QuantizeLinear")
def quantize(node: GraphNode, builder: Builder) -> Tensor:
    x, scale, zero = builder.require(node, 0), builder.require(node, 1), builder.tensor(node, 2)
    dtype = node.attributes.get("output_dtype") or (UINT8 if zero is None else zero.dtype)
    if isinstance(x, Constant):
        return Constant(node.outputs[0], x.shape, dtype, given=x.given)
    return quantize_tensor(node.called, builder, x, scale, zero, dtype, _axis(node, scale))


@translates("DequantizeLinear")
def dequantize(node: GraphNode, builder: Builder) -> Tensor:
    x, scale, zero = builder.require(node, 0), builder.require(node, 1), builder.tensor(node, 2)
    return dequantize_tensor(node.called, builder, x, scale, zero, _axis(node, scale))


def _axis(node: GraphNode, scale: Tensor) -> int | None:
    """Return the axis that has a scale for each index; None where all share one."""
    return int(node.attributes.get("axis", 1)) if scale.size != 1 else None


def quantize_tensor(
    name: str, builder: Builder, x: Output, scale: Tensor, zero: Tensor | None, dtype: int, axis: int | None
) -> Output:
    """Append what turns numbers into integers of a type; with a computed scale it is plain arithmetic."""
    if dtype not in RANGES:
        raise UnaccountableError("it makes no integers")
    low, high = RANGES[dtype]
    if isinstance(scale, Constant) and not isinstance(zero, Output):
        bounds = {} if dtype == INT8 else {"low": low, "high": high}
        weights = _scales(name, scale, zero)
        y = builder.add(name, "quantize", [x], weights, **bounds, **({} if axis is None else {"axis": axis}))
        return y._replace(dtype=dtype)
    if axis is not None:
        raise UnaccountableError("its scales are computed")
    y = builder.add(f"{name}:scale", "combine", [x, scale], by="divide")
    y = builder.add(f"{name}:round", "function", [y], by="round")
    if zero is not None:
        y = builder.add(f"{name}:zero_point", "add", [y, zero])
    return builder.add(name, "clip", [y], low=low, high=high)._replace(dtype=dtype)


def dequantize_tensor(
    name: str, builder: Builder, x: Tensor, scale: Tensor, zero: Tensor | None, axis: int | None
) -> Tensor:
    """Return what integers stand for: of a weight another view, of data a layer."""
    if isinstance(scale, Constant) and not isinstance(zero, Output):
        if isinstance(x, Constant):
            return _scale(without_zero(x, zero, axis), scale, axis)
        place = {} if axis is None else {"axis": axis}
        y = builder.add(name, "dequantize", [x], _scales(name, scale, zero), **place)
        return y._replace(dtype=scale.dtype)
    if axis is not None:
        raise UnaccountableError("its scales are computed")
    y = builder.flow(shift(f"{name}:zero_point", builder, x, zero))
    return builder.add(name, "multiply", [y, scale])._replace(dtype=scale.dtype)


def _scales(name: str, scale: Constant, zero: Constant | None) -> dict[str, Constant]:
    """Return scales and zero points, which are 0 unless told."""
    return {
        "scale": scale,
        "zero_point": zero or fill(f"{name}:zero_point", scale.shape, INT8, 0, given=False),
    }


def _scale(x: Constant, scale: Constant, axis: int | None) -> Constant:
    def step(array: Array) -> Array:
        numbers: Array = array * _stretch(scale, array, axis)
        return numbers

    return x.view(x.shape, step)._replace(dtype=scale.dtype)


def without_zero(x: Constant, zero: Constant | None, axis: int | None) -> Constant:
    """Return a constant's integers less their zero point, or one for each index of an axis."""
    if zero is None:
        return x

    def step(array: Array) -> Array:
        from numpy import float32

        numbers: Array = array.astype(float32) - _stretch(zero, array, axis)
        return numbers

    return x.view(x.shape, step)


def _stretch(values: Constant, array: Array, axis: int | None) -> Array:
    """Return scales or zero points in a shape that stretches over an array; a block of indices may share one."""
    from numpy import float32, repeat

    numbers = values.value
    if numbers is None:
        raise ValueError("the scales are not in the file")
    numbers = numbers.astype(float32)
    if axis is None or numbers.size == 1:
        scalar: Array = numbers.reshape(-1)[0]
        return scalar
    if numbers.ndim == array.ndim > 1:
        if any(scales > size for scales, size in zip(numbers.shape, array.shape, strict=True)):
            raise ValueError("there are more scales than numbers")
        block = -(-array.shape[axis] // numbers.shape[axis])
        return repeat(numbers, block, axis)[tuple(map(slice, array.shape))]
    if numbers.size != array.shape[axis]:
        raise ValueError("there are more or fewer scales than numbers along the axis")
    return numbers.reshape([-1 if i == axis % array.ndim else 1 for i in range(array.ndim)])


def shift(name: str, builder: Builder, x: Tensor, zero: Tensor | None) -> Tensor:
    """Return integers less their zero point, one for all."""
    if zero is None or (isinstance(zero, Constant) and zero.scalar == 0):
        return x
    if isinstance(x, Constant) and isinstance(zero, Constant):
        return without_zero(x, zero, None)
    if isinstance(zero, Constant) and zero.scalar is not None:
        return builder.add(name, "scalar", [x], by="subtract", value=zero.scalar)
    if zero.size > 1:
        raise UnaccountableError("it has a zero point for each row")
    return builder.add(name, "combine", [x, zero], by="subtract")


@translates("ConvInteger")
def conv_integer(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.flow(shift(f"{node.called}:zero_point", builder, builder.data(node), builder.tensor(node, 2)))
    zero = builder.weight(node, 3) if builder.tensor(node, 3) is not None else None
    return convolve(node, builder, x, {"weight": without_zero(builder.weight(node, 1), zero, 0)})


@translates("MatMulInteger")
def matmul_integer(node: GraphNode, builder: Builder) -> Tensor:
    left = shift(f"{node.called}:zero_point", builder, builder.require(node, 0), builder.tensor(node, 2))
    right, zero = builder.require(node, 1), builder.tensor(node, 3)
    if isinstance(right, Constant) and isinstance(zero, Constant):
        right = without_zero(right, zero, -1)
    else:
        right = shift(f"{node.called}:zero_point2", builder, right, zero)
    return multiply(node.called, builder, left, right)


@translates("QLinearConv")
def quantized_conv(node: GraphNode, builder: Builder) -> Tensor:
    """A convolution of what the integers stand for; the bias is in units of both scales' product."""
    x = builder.flow(_operand(node, builder, 0, None))
    scales = builder.weight(node, 1), builder.weight(node, 4)
    weights = {
        "weight": _scale(without_zero(builder.weight(node, 3), builder.weight(node, 5), 0), scales[1], 0)
    }
    if builder.tensor(node, 8) is not None:
        weights["bias"] = _scale(_scale(builder.weight(node, 8), scales[0], None), scales[1], 0)
    return _result(node, builder, convolve(node, builder, x, weights))


@translates("QLinearMatMul")
def quantized_matmul(node: GraphNode, builder: Builder) -> Tensor:
    left, right = _operand(node, builder, 0, -2), _operand(node, builder, 3, -1)
    return _result(node, builder, builder.flow(multiply(node.called, builder, left, right)))


def _operand(node: GraphNode, builder: Builder, index: int, axis: int | None) -> Tensor:
    """Return what an input stands for that is followed by its scale and its zero point."""
    x, scale, zero = (builder.require(node, index + place) for place in range(3))
    name = f"{node.called}:dequantize{index // 3 or ''}"
    return dequantize_tensor(name, builder, x, scale, zero, None if scale.size == 1 else axis)


def _result(node: GraphNode, builder: Builder, y: Output) -> Output:
    scale, zero = builder.weight(node, 6), builder.weight(node, 7)
    name, axis = f"{node.called}:quantize", None if scale.size == 1 else -2
    return quantize_tensor(name, builder, y, scale, zero, zero.dtype, axis)
