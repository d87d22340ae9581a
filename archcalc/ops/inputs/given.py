"""Nodes that compute nothing here: inputs, tensors that are given, and what nobody can account for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Self

from archcalc.arithmetic.sight import Field
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import Backward, Keeps
from archcalc.op.kernels import Kernels
from archcalc.op.op import Op, Weights, op
from archcalc.op.setting import idle, only
from archcalc.op.settings import choice, flag, size, words
from archcalc.op.site import Shape, Site
from archcalc.op.traits import Traits

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


@op("input", main="shape", example=((), {"shape": "3x224x224"}))
class Input(Op):
    """Where data enters the network; a spec's `input:` stands for it.

    () -> (N, C, *I)
    """

    traits = Traits(role="input", takes=(0, 0))

    shape: tuple[int, ...] = size("", "shape without the batch")
    batch: int = 1
    batched: bool = True
    """Whether the first axis is the batch; a file may have inputs that are the same for all samples."""

    def stated(self) -> dict[str, object]:
        """Return nothing: the output shape says it all."""
        return {}

    def fed(self, shape: Shape | None, batch: int | None) -> Self:
        return self.replace(
            shape=self.shape if shape is None else shape,
            batch=batch if batch and self.batched else self.batch,
        )

    def output(self, at: Site) -> Shape:
        return (self.batch, *self.shape)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()


@op("parameter", main="shape", example=((), {"shape": "197x768"}))
class Parameter(Op):
    """A learnt tensor by itself, the same for every sample: a position embedding, a class token.

    () -> (1, *shape)

    Other layers take it like any output, such as one branch of an `add`. With `axes: all` the shape covers
    every axis, and no batch of 1 is put before it. One that is not learnt counts among the buffers.
    Source: torch.nn.Parameter, torch.nn.Module.register_buffer.
    """

    traits = Traits(role="constant", takes=(0, 0))

    shape: tuple[int, ...] = size("", "the shape")
    axes: Literal["sample", "all"] = choice(
        ("sample", "all"),
        "what the shape covers: the axes of a sample, or all with the batch",
        default="sample",
    )
    learnt: bool = flag("whether it is learnt", default=True)

    def output(self, at: Site) -> Shape:
        return self.shape if self.axes == "all" else (1, *self.shape)

    def weights(self, at: Site) -> Weights:
        return {"value": self.shape} if self.learnt else {}

    def buffers(self, at: Site) -> Weights:
        return {} if self.learnt else {"value": self.shape}

    def keeps(self, at: Site, step: Backward) -> Keeps:
        return Keeps()

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        return ()

    def forward(self, value: Array) -> Array:
        return value.reshape(self.output_sizes())


@op("unaccounted", main=None, example=("8x4x4", {"what": "NonMaxSuppression", "shape": "8x4x4"}))
class Unaccounted(Op):
    """Something of which nothing is known but that it is there, and perhaps what comes out: its work is unknown.

    (N, *A), … -> (N, *shape)

    Without a shape the size of its output is unknown too. With `axes: all` the shape covers every axis.
    """

    traits = Traits(role="unknown", takes=(0, None))

    what: str = idle(words("what its file calls it"), "but what it is called")
    shape: tuple[int, ...] | None = size("", "the output's shape; unknown where not stated", default=None)
    axes: Literal["sample", "all"] = only(
        choice(
            ("sample", "all"),
            "what the shape covers: the axes of a sample, or all with the batch",
            default="sample",
        ),
        "shape",
    )

    def output(self, at: Site) -> Shape:
        if self.shape is None:
            return ()
        return self.shape if self.axes == "all" or not at.xs else (at.xs[0][0], *self.shape)

    def work(self, at: Site) -> None:
        return None

    def field(self, at: Site) -> Field:
        return "whole"

    def forward(self, *xs: Array) -> Array:
        raise ArchcalcError(f"nothing is known of {self.what}, so it cannot run")
