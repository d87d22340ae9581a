"""The inputs of an ONNX model: the sizes that the file fixes, those that it leaves open, and what they are to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archcalc.analysis.conditions import Input, read_shapes
from archcalc.formats.onnx.graph import Dimensions, OnnxGraph
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Sizes


class Bound(NamedTuple):
    """An input with its sizes; `batched` says that the first is the batch, `assumed` names open sizes that are 1."""

    name: str
    shape: Sizes
    dtype: int
    batched: bool
    assumed: tuple[str, ...]


def bind(graph: OnnxGraph, input: Input, batch: int | None) -> list[Bound]:
    """Return every input of a model with its sizes; what is open and not given is 1.

    A size that is called by a word is the same wherever the word stands.

    Raises:
        ArchcalcError: there is no such input, or its shape has another number of sizes.
    """
    if not graph.inputs:
        raise ArchcalcError("the model has no input: it computes the same every time")
    given = read_shapes(input, {name: sizes[1:] for name, (sizes, _) in graph.inputs.items()}, "the model")
    words: dict[str, int] = {}
    for name, sizes in given.items():
        usual = graph.inputs[name][0][1:]
        words |= {
            word: size for word, size in zip(usual, sizes, strict=True) if isinstance(word, str) and word
        }
    first = next(iter(graph.inputs.values()))[0]
    if batch and first and isinstance(first[0], str) and first[0]:
        words[first[0]] = batch
    return [
        _bind(name, sizes, dtype, given.get(name), batch, words, is_batched=sizes[:1] == first[:1])
        for name, (sizes, dtype) in graph.inputs.items()
    ]


def _bind(
    name: str,
    sizes: Dimensions,
    dtype: int,
    given: Sizes | None,
    batch: int | None,
    words: Mapping[str, int],
    *,
    is_batched: bool,
) -> Bound:
    """Return an input whose open sizes are what a word stands for, or 1."""
    wanted: list[int | str] = [*sizes[:1], *(given or sizes[1:])]
    if is_batched and wanted:
        wanted[0] = batch or (wanted[0] if isinstance(wanted[0], int) else words.get(wanted[0], 1))
    assumed = tuple(
        size or f"axis {axis}"
        for axis, size in enumerate(wanted)
        if isinstance(size, str) and size not in words
    )
    shape = tuple(size if isinstance(size, int) else words.get(size, 1) for size in wanted)
    return Bound(name, shape or (1,), dtype, is_batched and bool(wanted), assumed)
