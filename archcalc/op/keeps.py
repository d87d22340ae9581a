"""What a training step asks of an op: what autograd keeps for its backward pass, in which type, and in whose memory.

The rules are PyTorch's, read from its derivatives.yaml and measured with torch.autograd.graph.saved_tensors_hooks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Literal, NamedTuple

from archcalc.arithmetic.number import Number
from archcalc.op.site import Shape, Site

Device = Literal["cuda", "cpu"]
"""PyTorch's backends, whose kernels keep different things."""
Role = Literal["mask", "indices", "truth", "statistics", "logsumexp", "wide", "copy", "temporary"]
"""What a tensor is that is made for the backward pass alone, from which its type follows.

A mask says what dropout left; truth is a condition; wide is a step on the way that is in float32 under autocast; copies
of inputs and temporaries, which are other steps on the way, are of the type in which the op runs.
"""
Cast = Literal["low", "float32", "as comes"]
"""In which type autocast runs an op: all inputs cast to the low type or to float32, or as they come."""
AttentionPart = Literal["scores", "scale", "shares", "mix"]
"""What an op can be of softmax(q·kᵀ·s)·v: the products of queries and keys, their scale, their softmax, the last product."""
INPUT, OUTPUT = 0, -1
SHAPE_ALONE = "the gradient of the input, for which PyTorch reads the shape alone"
"""Why inputs are kept whose numbers no gradient needs."""


class Backward(NamedTuple):
    """What a backward pass has to do at an op, and how.

    `needed` says for which inputs a gradient is needed, `learnt` which weights learn, by name, and `strides` how the
    inputs lie in memory; `in_place` that the op has overwritten its input.
    """

    needed: tuple[bool, ...]
    learnt: frozenset[str]
    strides: tuple[Shape, ...]
    device: Device = "cuda"
    in_place: bool = False


class Saved(NamedTuple):
    """A tensor that is made for the backward pass, and `why`: what the backward pass works out with it."""

    role: Role
    shape: Shape
    why: str = ""


class Keeps:
    """What autograd keeps: inputs by their number, the output, tensors that exist for this alone, and weights.

    Weights are there anyway; under autocast it is a copy in the low type that is kept. One tensor is kept once,
    however many ops keep it. `why` says what the backward pass works out with the inputs and the output, such as "the
    gradient of the weight"; tensors that are made say it themselves unless it is the same, and weights do by name.
    """

    __slots__ = ("inputs", "new", "output", "weights", "why")

    def __init__(
        self, *tensors: int | Saved, weights: Mapping[str, str] | None = None, why: str = ""
    ) -> None:
        numbers = [tensor for tensor in tensors if isinstance(tensor, int)]
        self.inputs = tuple([number for number in numbers if number != OUTPUT])
        self.output = OUTPUT in numbers
        made = [tensor for tensor in tensors if isinstance(tensor, Saved)]
        self.new = tuple([tensor if tensor.why else tensor._replace(why=why) for tensor in made])
        self.weights = weights or {}
        self.why = why


class Trained:
    """What any op can say of a training step. Unless it does so, nobody knows what it keeps."""

    in_place: bool | None = False
    """Whether it overwrites its input in training; None where the network says that, False where it cannot."""

    @property
    def differentiable(self) -> bool:
        """Whether a gradient goes through it to its inputs."""
        return True

    def keeps(self, at: Site, step: Backward) -> Keeps | None:
        """Return what autograd keeps; None where it is not known."""
        return None

    def cast(self, at: Site, device: Device) -> Cast:
        """Return in which type autocast runs it: the lists in PyTorch's autocast_mode.h."""
        return "as comes"

    def widens(self, at: Site, device: Device) -> bool:
        """Tell whether autocast makes its output float32, whatever comes in: its weights are, or what it is made of."""
        return False

    def typed_by(self, at: Site, device: Device) -> Collection[int]:
        """Return by their numbers the inputs of whose type autocast makes its output; those of all in which it runs unless told.

        An input that says which numbers are taken does not count, nor does the type of steps on the way.
        """
        return ()

    def alias(self, at: Site, strides: Shape) -> Shape | None:
        """Return the output's strides in its first input's memory; None where PyTorch makes a new tensor of it."""
        return None

    def passes(self, at: Site, number: int) -> bool:
        """Tell whether the gradient of an input is that of the output, in the same memory, perhaps stretched there."""
        return self.alias(at, contiguous(at.x)) is not None and bool(prod(at.x) == prod(at.y))

    def sums_up(self, at: Site, number: int) -> bool:
        """Tell whether the gradient of an input is made in the shape of the output, and then summed up to its own."""
        return False

    def laid(self, at: Site, strides: Shape) -> Shape:
        """Return the strides of an output that is a new tensor, where those of its first input are given."""
        return contiguous(at.y)

    def attends(self, at: Site) -> AttentionPart | None:
        """Return what it can be of an attention, which PyTorch runs as one kernel; None where it is no part of one."""
        return None

    def gradients(self, at: Site, needed: Sequence[bool], learnt: Collection[str]) -> Number | None:
        """Return the MACs of the backward pass: for the weights that learn, and for the inputs that need it; None if not known."""
        return None


def full_on_cuda(device: Device) -> Cast:
    """Return how autocast runs an op that CUDA's casts to float32 and the CPU's leaves as it comes."""
    return "float32" if device == "cuda" else "as comes"


def gradient_of(*what: str) -> str:
    """Return what is worked out: the gradient of the weight and of the input; PyTorch keeps some things for none at all."""
    return (
        f"the gradient of {' and of '.join(what)}"
        if what
        else "no gradient: none that would take it is needed"
    )


def follow(shape: Shape, strides: Shape) -> Shape:
    """Return the strides of a new tensor whose axes lie in memory in the order in which those of another one do."""
    one_behind_the_other = contiguous(shape)
    if strides == one_behind_the_other or len(strides) != len(shape) or 0 in strides:
        return one_behind_the_other
    order = sorted(range(len(shape)), key=lambda axis: (-strides[axis], axis))
    laid = contiguous(tuple([shape[axis] for axis in order]))
    return tuple([laid[order.index(axis)] for axis in range(len(shape))])


def move_last(shape: Shape, axis: int) -> Shape:
    """Return the strides of a new tensor of which one axis lies last in memory."""
    moved = contiguous((*shape[:axis], *shape[axis + 1 :], shape[axis]))
    return (*moved[:axis], moved[-1], *moved[axis:-1])


def contiguous(shape: Shape) -> Shape:
    """Return the strides of a tensor whose numbers lie one behind the other, the last axis first."""
    return tuple([prod(shape[axis + 1 :]) for axis in range(len(shape))])


def regroup(shape: Shape, strides: Shape, wanted: Shape) -> Shape | None:
    """Return the strides of a tensor in another shape, in the same memory; None where it has to be copied.

    Source: computeStride in PyTorch's ATen/TensorUtils.cpp.
    """
    runs = _runs(shape, strides)
    laid: list[Number] = []
    sizes = list(wanted)
    for length, stride in runs:
        step: Number = stride
        filled: Number = 1
        while sizes and (filled < length or sizes[-1] == 1):
            size = sizes.pop()
            laid.append(step)
            filled, step = filled * size, step * size
        if filled != length:
            return None
    return tuple(reversed(laid + [1] * len(sizes)))


def _runs(shape: Shape, strides: Shape) -> list[tuple[Number, Number]]:
    """Return the length and the stride of each run of axes that lie in memory as one axis would, the last first."""
    runs: list[tuple[Number, Number]] = []
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size == 1:
            continue
        if runs and stride == runs[-1][0] * runs[-1][1]:
            runs[-1] = (runs[-1][0] * size, runs[-1][1])
        else:
            runs.append((size, stride))
    return runs or [(1, 1)]
