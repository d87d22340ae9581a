"""What autograd keeps between the forward and the backward pass of a network: each tensor, and who keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal, NamedTuple

from archcalc.analysis.frozen import Learnt
from archcalc.analysis.training.types import SIZES, Types
from archcalc.op.keeps import Backward, Keeps, Role, Saved
from archcalc.op.site import Shape, Sizes


class Value(NamedTuple):
    """A layer's output as it lies in memory.

    `storage` is the position of the layer in whose output's memory it lies, its own where that is new; `made` is false
    where a kernel stands for several layers and this one's output is never there, and `overwrites` true where the
    layer writes over its input.
    """

    storage: int
    dtype: str
    strides: Shape
    needs_gradient: bool
    made: bool = True
    overwrites: bool = False


class KeptTensor(NamedTuple):
    """A tensor in memory between forward and backward: that of a layer's output, or one made for this alone.

    `layers` are the positions of those that keep it, the first of which made it where it is no output, and `whys` what
    each of them works out with it in its backward pass; `source` is the position of the layer whose output it is, with
    all the memory that views of that share. A `weight` is a copy of one in the low type, called `name`.
    """

    layers: tuple[int, ...]
    source: int | None
    role: Role | Literal["activation", "weight"]
    dtype: str
    shape: Sizes
    whys: tuple[str, ...] = ()
    name: str = ""

    @property
    def bytes(self) -> int:
        """Its bytes, as it was asked for and not as an allocator rounds it."""
        return prod(self.shape) * SIZES[self.dtype]


class AskedRule(NamedTuple):
    """What an op was asked that said what it keeps: for which backward pass, and the type to which autocast casts inputs, if any."""

    step: Backward
    cast: str | None


def list_made(
    keeps: Keeps, inputs: Sequence[Value], shapes: Sequence[Shape], cast: str | None
) -> list[Saved]:
    """Return the tensors that are made for a layer's backward pass, weights aside.

    Those are copies of the inputs that it keeps in another type than that to which autocast `cast` them, and what its op says.
    """
    copies = [
        Saved("copy", shapes[number], f"{keeps.why}; cast by autocast")
        for number in keeps.inputs
        if cast not in (None, inputs[number].dtype)
    ]
    return [*copies, *keeps.new]


class Keeping(NamedTuple):
    """What is in memory between forward and backward beside weights and buffers.

    `values` are the outputs of all layers as they lie in memory while the forward pass runs. `unknown` are the positions of layers
    of which nobody knows what they keep. `ends` are the positions of those that a step gets, with those of auxiliary heads;
    `inputs` and `outputs` are the network's, which are there whether somebody keeps them or not. `learnt` are the names of the
    weights of each layer that learn, and `asked` is what ops were asked, by the positions of the layers whose rule it is that
    holds there.
    """

    tensors: tuple[KeptTensor, ...]
    inputs: tuple[KeptTensor, ...]
    outputs: tuple[KeptTensor, ...]
    unknown: tuple[int, ...]
    ends: tuple[int, ...]
    types: Types
    values: tuple[Value, ...]
    learnt: Learnt
    asked: Mapping[int, AskedRule]

    @property
    def autograd_bytes(self) -> int:
        """The bytes of what autograd keeps, as far as it is known."""
        return sum(tensor.bytes for tensor in self.tensors)

    @property
    def resident(self) -> tuple[KeptTensor, ...]:
        """What autograd keeps, and those inputs and outputs that nobody keeps."""
        kept = {tensor.source for tensor in self.tensors}
        beside = {tensor.source: tensor for tensor in (*self.inputs, *self.outputs)}
        return (*self.tensors, *(tensor for source, tensor in beside.items() if source not in kept))

    @property
    def bytes(self) -> int:
        """The bytes of what autograd keeps, of the inputs and of the outputs, as far as they are known."""
        return sum(tensor.bytes for tensor in self.resident)
