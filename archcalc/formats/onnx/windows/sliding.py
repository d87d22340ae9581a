"""Convolutions and poolings.

Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from archcalc.arithmetic.window import same_padding
from archcalc.formats.onnx.builder import Builder
from archcalc.formats.onnx.graph import Attributes, GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import Constant, Output, Tensor
from archcalc.op.site import Sizes

Pairs = tuple[tuple[int, int], ...]


def pairs(pads: tuple[int, ...]) -> Pairs:
    """Return ONNX's pads, all starts and then all ends, as a pair for each axis."""
    half = len(pads) // 2
    return tuple(zip(pads[:half], pads[half:], strict=True))


def window(node: GraphNode, x: Sizes, kernel: tuple[int, ...]) -> dict[str, object]:
    """Return the settings of a window: its size, stride, padding and dilation."""
    stride, dilation = _steps(node, kernel)
    settings: dict[str, object] = {
        "kernel": kernel,
        "stride": stride,
        "padding": _padding(node, x, kernel, stride, dilation),
    }
    if dilation != (1,) * len(kernel):
        settings["dilation"] = dilation
    return settings


def _steps(node: GraphNode, kernel: Sizes) -> tuple[Sizes, Sizes]:
    """Return the stride and the dilation on each axis, 1 where the file says nothing."""
    ones = (1,) * len(kernel)
    return tuple(node.attributes.get("strides", ones)), tuple(node.attributes.get("dilations", ones))


def briefly(settings: dict[str, object]) -> dict[str, object]:
    """Return the settings with one value for all axes where they agree."""
    return {
        name: value[:1] if isinstance(value, tuple) and len(set(value)) == 1 else value
        for name, value in settings.items()
    }


def _padding(
    node: GraphNode, x: Sizes, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> str | Pairs:
    """Return what is added around the input; SAME_LOWER puts the odd element before."""
    auto = node.attributes.get("auto_pad", "NOTSET")
    if auto == "SAME_UPPER":
        return "same"
    if auto == "SAME_LOWER":
        upper = (same_padding(*axis) for axis in zip(x[2:], kernel, stride, dilation, strict=True))
        return tuple((int(after), int(before)) for before, after in upper)
    given = pairs(tuple(node.attributes.get("pads", ())))
    return ((0, 0),) * len(kernel) if auto == "VALID" or not given else given


def _kernel(node: GraphNode, filters: Constant) -> tuple[int, ...]:
    return tuple(node.attributes.get("kernel_shape", filters.shape[2:]))


def _name(node: GraphNode, builder: Builder) -> dict[str, Constant]:
    """Return the filters of a convolution, and its bias where it has one."""
    weights = {"weight": builder.weight(node, 1)}
    if builder.tensor(node, 2) is not None:
        weights["bias"] = builder.weight(node, 2)
    return weights


@translates("Conv")
def conv(node: GraphNode, builder: Builder) -> Tensor:
    return convolve(node, builder, builder.data(node), _name(node, builder))


def convolve(node: GraphNode, builder: Builder, x: Output, weights: dict[str, Constant]) -> Output:
    """Append a convolution with these weights."""
    filters = weights["weight"]
    settings = window(node, x.shape, _kernel(node, filters))
    return builder.add(
        node.called,
        "conv",
        [x],
        weights,
        out=filters.shape[0],
        groups=node.attributes.get("group", 1),
        bias="bias" in weights,
        **briefly(settings),
    )


@translates("ConvTranspose")
def conv_transpose(node: GraphNode, builder: Builder) -> Tensor:
    x, weights = builder.data(node), _name(node, builder)
    filters = weights["weight"]
    kernel, groups = _kernel(node, filters), node.attributes.get("group", 1)
    settings = window(
        node._replace(attributes=Attributes({**node.attributes, "auto_pad": "NOTSET"})), x.shape, kernel
    )
    settings["output_padding"] = extra = tuple(node.attributes.get("output_padding", (0,) * len(kernel)))
    settings |= _ends(node, x.shape, kernel, extra)
    return builder.add(
        node.called,
        "conv_transpose",
        [x],
        weights,
        out=filters.shape[1] * groups,
        groups=groups,
        bias="bias" in weights,
        **briefly(settings),
    )


def _ends(node: GraphNode, x: Sizes, kernel: Sizes, extra: Sizes) -> dict[str, object]:
    """Return what a transposed convolution cuts off, or adds, where the file states the output instead."""
    auto = node.attributes.get("auto_pad", "NOTSET")
    strides, dilations = _steps(node, kernel)
    if "output_shape" in node.attributes:
        wanted = tuple(node.attributes["output_shape"])[-len(strides) :]
    elif auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(size * stride for size, stride in zip(x[2:], strides, strict=True))
    else:
        return {}
    axes = zip(x[2:], strides, kernel, dilations, extra, wanted, strict=True)
    spare = [s * (size - 1) + more + (k - 1) * d + 1 - goal for size, s, k, d, more, goal in axes]
    halves = [(max(0, total) // 2, max(0, total) - max(0, total) // 2) for total in spare]
    added = (more + max(0, -total) for more, total in zip(extra, spare, strict=True))
    return {
        "padding": tuple(pair if auto == "SAME_UPPER" else pair[::-1] for pair in halves),
        "output_padding": tuple(added),
    }


@translates("MaxPool", "AveragePool", "LpPool")
def pool(node: GraphNode, builder: Builder) -> Tensor:
    builder.only_first(node, "where the largest elements are")
    x = builder.data(node)
    settings = window(node, x.shape, tuple(node.attributes["kernel_shape"]))
    if node.attributes.get("ceil_mode"):
        settings["rounding"] = "ceil"
    if settings["stride"] == settings["kernel"]:
        del settings["stride"]
    kind = {"MaxPool": "maxpool", "AveragePool": "avgpool", "LpPool": "lppool"}[node.op]
    if node.op == "AveragePool":
        settings["count_padding"] = bool(node.attributes.get("count_include_pad", 0))
    if node.op == "LpPool":
        norm: int = node.attributes.get("p", 2)
        settings["norm"] = norm
        x = _positive(node, builder, x, norm)
    return builder.add(node.called, kind, [x], **briefly(settings))


def _positive(node: GraphNode, builder: Builder, x: Output, norm: int) -> Output:
    """Return the absolute numbers where an odd power would keep their signs."""
    return builder.add(f"{node.called}:abs", "function", [x], by="abs") if norm % 2 else x


@translates("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: GraphNode, builder: Builder) -> Tensor:
    kind = {"GlobalAveragePool": "global_avgpool", "GlobalMaxPool": "global_maxpool"}[node.op]
    return builder.add(node.called, kind, [builder.data(node)])
