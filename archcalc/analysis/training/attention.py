"""Attention as one kernel: softmax(q·kᵀ·s)·v, which PyTorch calls scaled_dot_product_attention.

The kernel keeps q, k, v, the output and one number a query in place of a matrix of scores. Its layers are found where a
spec has them one after the other with nothing between them, and nobody else takes what they make. A bias of the
positions, as in Swin, or a mask between them leaves them as they are written, and so do inputs that no kernel takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archcalc.analysis.run import Run
from archcalc.arithmetic.number import Number
from archcalc.op.keeps import OUTPUT, AttentionPart, Device, Keeps, Saved, contiguous
from archcalc.op.site import Shape, Sizes

ALIGNED = 32
"""To how many queries the kernel for float32 on CUDA rounds what it keeps of each."""


AXES = 4
"""How many axes a kernel takes: the batch, the heads, positions and features."""


class Attention(NamedTuple):
    """The positions of the layers that a kernel stands for, the last of which makes the output, and of what it takes."""

    layers: tuple[int, ...]
    inputs: tuple[int, int, int]


def find_attentions(run: Run, device: Device) -> dict[int, Attention]:
    """Return the attentions of a network that a device has a kernel for, by the position of each of their layers."""
    uses = run.uses
    attentions: dict[int, Attention] = {}
    for position in range(len(run.facts)):
        if _part(run, position) == "mix":
            attention = _find_before(run, position, uses)
            if attention and _is_taken(run, attention, device):
                attentions |= dict.fromkeys(attention.layers, attention)
    return attentions


def _find_before(run: Run, last: int, uses: Sequence[int]) -> Attention | None:
    """Return the attention whose output a product makes; None where the layers before it are others."""
    shares, values = run.nodes[last].inputs
    layers = [last, shares]
    if _part(run, shares) != "shares":
        return None
    layers.append(run.nodes[shares].inputs[0])
    if _part(run, layers[-1]) == "scale":
        layers.append(run.nodes[layers[-1]].inputs[0])
    if _part(run, layers[-1]) != "scores" or any(uses[position] > 1 for position in layers[1:]):
        return None
    query, key = run.nodes[layers[-1]].inputs
    return Attention(tuple(reversed(layers)), (query, key, values))


def _is_taken(run: Run, attention: Attention, device: Device) -> bool:
    """Tell whether a kernel takes q, k and v: stacks of heads (N, h, L, d), as many of each, none stretched.

    The CPU's takes rows of one length alone, and CUDA's no float64.
    Source: PyTorch's ATen/native/transformers/sdp_utils_cpp.h and cuda/sdp_utils.cpp.
    """
    query, _, values = shapes = [run.facts[position].output for position in attention.inputs]
    if any(len(shape) != AXES or shape[:2] != query[:2] for shape in shapes):
        return False
    return query[-1] == values[-1] if device == "cpu" else run.conditions.dtype != "float64"


def _part(run: Run, position: int) -> AttentionPart | None:
    facts = run.facts[position]
    return facts.op.attends(facts.at)


def keep_of_attention(y: Sizes, device: Device, *, is_low: bool) -> Keeps:
    """Return what the kernel keeps, whose inputs are q, k and v, and whose output has the shape y: (N, h, L, d)."""
    rows: Shape = y[:-1]
    if device == "cuda" and not is_low:
        rows = (*rows[:-1], -(-rows[-1] // ALIGNED) * ALIGNED)
    again = "softmax(q·kᵀ), which the kernel of attention works out once more"
    return Keeps(0, 1, 2, OUTPUT, Saved("logsumexp", rows, f"{again}: a sum for each query"), why=again)


def lay_attention(y: Sizes, device: Device, *, is_low: bool) -> Shape:
    """Return the strides of the kernel's output (N, h, L, d), so that its heads are brought together as PyTorch does.

    torch.nn.MultiheadAttention has the sequence before the batch. CUDA's kernel for float32 lays the batch before the
    sequence, so that the output is copied unless there is one sample; cuDNN's for the low types and the CPU's take
    over the order of their inputs.
    """
    if y[0] > 1 and device == "cuda" and not is_low:
        return contiguous(y)
    order = (*range(len(y) - 3), len(y) - 2, len(y) - 3, len(y) - 1)
    laid: list[Number] = [0] * len(y)
    for axis, stride in zip(order, contiguous(tuple(y[axis] for axis in order)), strict=True):
        laid[axis] = stride
    return tuple(laid)
