"""The table of operators that can be translated; `operators` fills it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archcalc.formats.onnx.builder import Builder
from archcalc.formats.onnx.graph import GraphNode
from archcalc.formats.onnx.tensors import Tensor

Translate = Callable[[GraphNode, Builder], Tensor | Sequence[Tensor | None]]
"""Turns a node into layers and returns its output, or its outputs; None for those that nobody reads.

It raises `UnaccountableError` where the node cannot be said.
"""

TRANSLATORS: dict[str, Translate] = {}


def translates(*operators: str) -> Callable[[Translate], Translate]:
    """Register a function as the translation of some operators."""

    def register(function: Translate) -> Translate:
        TRANSLATORS.update(dict.fromkeys(operators, function))
        return function

    return register
