"""Operators that change the spatial resolution.

Where the elements of the output lie (`coordinate_transformation_mode`, `nearest_mode`) changes neither size nor
work. Source: ONNX's operator reference, https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from archcalc.formats.onnx.builder import Builder, UnaccountableError
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.read_table import translates
from archcalc.formats.onnx.tensors import Constant, Tensor
from archcalc.op.site import Sizes


@translates("Resize", "Upsample")
def resize(node: GraphNode, builder: Builder) -> Tensor:
    x = builder.data(node)
    sizes = _resize(node, builder, x.shape)
    if sizes[:2] != x.shape[:2] or len(sizes) < 3:
        raise UnaccountableError("it resizes the batch or the channels")
    mode = node.attributes.get("mode", "nearest")
    if node.attributes.get("antialias") and any(
        after < before for before, after in zip(x.shape, sizes, strict=True)
    ):
        raise UnaccountableError("it smooths what it shrinks")
    corners = mode != "nearest" and node.attributes.get("coordinate_transformation_mode") == "align_corners"
    placed = {"corners": True} if corners else {}
    factors = tuple(after // before for before, after in zip(x.shape[2:], sizes[2:], strict=True))
    is_whole = sizes[2:] == tuple(f * size for f, size in zip(factors, x.shape[2:], strict=True))
    if is_whole and mode in ("nearest", "linear") and not corners:
        return builder.add(node.called, "upsample", [x], scale=factors, mode=mode)
    if mode not in ("nearest", "linear", "cubic"):
        raise UnaccountableError(f"its mode is {mode}")
    return builder.add(node.called, "resize", [x], size=sizes[2:], mode=mode, **placed)


def _resize(node: GraphNode, builder: Builder, x: Sizes) -> Sizes:
    """Return the output's shape: stated, or the input's times scales."""
    if node.attributes.get("coordinate_transformation_mode") == "tf_crop_and_resize":
        raise UnaccountableError("it crops, too")
    sizes = builder.ints(node, 3)
    axes = tuple(node.attributes.get("axes", range(len(x))))
    policy = node.attributes.get("keep_aspect_ratio_policy", "stretch")
    if sizes is None:
        scales = node.attributes.get("scales") or _scales(node, builder)
        sizes = tuple(int(x[axis] * scale) for axis, scale in zip(axes, scales, strict=True))
    elif policy != "stretch":
        ratios = [Fraction(size, x[axis]) for axis, size in zip(axes, sizes, strict=True)]
        ratio = min(ratios) if policy == "not_larger" else max(ratios)
        sizes = tuple(floor(x[axis] * ratio + Fraction(1, 2)) for axis in axes)
    by_axis = dict(enumerate(x)) | dict(zip((axis % len(x) for axis in axes), sizes, strict=True))
    return tuple(by_axis.values())


def _scales(node: GraphNode, builder: Builder) -> tuple[float, ...]:
    """Return the scales, which are the last input that an old Resize or Upsample has."""
    tensor = builder.tensor(node, 2) or builder.tensor(node, 1)
    value = tensor.value if isinstance(tensor, Constant) else None
    if value is None:
        raise UnaccountableError("it depends on numbers that only a run knows")
    return tuple(float(number) for number in value.reshape(-1))


@translates("DepthToSpace")
def depth_to_space(node: GraphNode, builder: Builder) -> Tensor:
    mode = node.attributes.get("mode", "DCR").lower()
    return builder.add(
        node.called, "depth_to_space", [builder.data(node)], block=node.attributes["blocksize"], mode=mode
    )


@translates("SpaceToDepth")
def space_to_depth(node: GraphNode, builder: Builder) -> Tensor:
    if node.attributes.get("mode", "DCR") != "DCR":
        raise UnaccountableError("it deals the channels out in another order")
    return builder.add(
        node.called, "space_to_depth", [builder.data(node)], block=node.attributes["blocksize"]
    )
