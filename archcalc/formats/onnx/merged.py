"""Batch normalisation that an exporter merged into the convolutions before it: told by the names of their weights.

PyTorch's exporters keep a weight's name, such as layer1.0.conv1.weight, and invent one for what they work out: the
older one names weight and bias of such a convolution by numbers, the newer one a bias that was not there after the
weight. Each takes away a scale and a shift for each channel, and adds a bias.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from re import fullmatch

from archcalc.formats.onnx.tensors import Constant

EXPORTER = "pytorch"
INVENTED = r"(onnx::Conv_)?\d+"


def note_merged(layers: Iterable[Mapping[str, Constant]], producer: str) -> list[str]:
    """Return a note on the layers into which batch normalisation was merged; none where there are none.

    Args:
        layers: the weights of each layer, by the op's names.
        producer: who wrote the file.
    """
    if not producer.startswith(EXPORTER):
        return []
    pairs = [
        (constants["weight"], constants["bias"])
        for constants in layers
        if {"weight", "bias"} <= constants.keys()
    ]
    biases = [bias for weight, bias in pairs if _is_invented(weight.root, bias.root)]
    if not biases:
        return []
    lost = sum(bias.size for bias in biases)
    have = "1 convolution has" if len(biases) == 1 else f"{len(biases):,} convolutions have"
    note = f"{have} batch normalisation merged into them, by the names of their weights"
    more = f"the model that was trained has {lost:,} parameters more, if they had no bias of their own"
    return [f"{note}: {more}"]


def _is_invented(weight: str, bias: str) -> bool:
    """Tell whether an exporter worked out both: of a convolution alone, weight and bias keep their names."""
    return bias == f"{weight}_bias" or all(fullmatch(INVENTED, name) for name in (weight, bias))
