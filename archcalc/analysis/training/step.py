"""How a step of training is done: by which optimizer, on which backend, with what is recomputed, added up or shared out."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeVar, get_args

from archcalc.analysis.training.optimizers import find_optimizer
from archcalc.analysis.training.rules import IN_PLACE, InPlace
from archcalc.arithmetic.number import Number
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.op.keeps import Device
from archcalc.op.settings import whole

N = TypeVar("N", bound=Number)
Shard = Literal["zero1", "zero2", "zero3"]
SHARDS: tuple[Shard, ...] = get_args(Shard)
SHARED = {"optimizer": SHARDS, "gradients": SHARDS[1:], "weights": SHARDS[2:]}
"""With which sharding each rank has a share of what alone."""
EVERY = re.compile(r"every:([0-9]{1,9})")
CHECKPOINTS = ("none", "blocks", "auto")


class TrainingStep(NamedTuple):
    """How a step of training is done.

    `checkpoint` says what is run again before its backward pass: nothing, the blocks at the top, every so many layers, or as many
    as the square root of all; `accumulate` how many batches add up their gradients before the optimizer's step; `shard` what
    is shared out among so many `ranks`; `frozen` are patterns of the paths of weights that do not learn.
    """

    optimizer: str = "sgd"
    device: Device = "cuda"
    in_place: InPlace = "as-written"
    checkpoint: str = "none"
    accumulate: int = 1
    shard: Shard | None = None
    ranks: int = 1
    frozen: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise an error where something is none of what there is, or says nothing."""
        find_optimizer(self.optimizer)
        _check_word("device", self.device, get_args(Device))
        _check_word("in_place", self.in_place, IN_PLACE)
        if isinstance(self.frozen, str):
            raise ArchcalcError("frozen is a list of patterns", hint=f"write ('{self.frozen}',)")
        if self.shard is not None:
            _check_word("shard", self.shard, SHARDS)
        for name, count in (("accumulate", self.accumulate), ("ranks", self.ranks)):
            try:
                whole(count, 1)
            except ArchcalcError as error:
                raise ArchcalcError(f"{name} {error.fact}") from None
        if self.shard is None and self.ranks > 1:
            raise ArchcalcError("ranks share nothing out", hint="shard zero1, zero2 or zero3 says what")
        if self.shard is not None and self.ranks == 1:
            raise ArchcalcError(
                f"shard {self.shard} shares out among ranks, which is 1", hint="--ranks 8 says among how many"
            )
        if self.checkpoint not in CHECKPOINTS and not read_length(self.checkpoint):
            raise ArchcalcError(
                f"there is no checkpoint '{self.checkpoint}'",
                hint=nearest(self.checkpoint, CHECKPOINTS) or "none, blocks, auto, or every:N layers",
            )

    def shares(self, what: str) -> bool:
        """Tell whether each rank has a share of something alone."""
        return self.shard in SHARED[what] and self.ranks > 1

    def share(self, what: str, size: N) -> N:
        """Return the bytes that a rank has of a tensor."""
        return -(-size // self.ranks) if self.shares(what) else size


def read_length(checkpoint: str) -> int:
    """Return after how many layers something is kept, as `every:N` says; 0 where that is said otherwise."""
    match = EVERY.fullmatch(checkpoint)
    return int(match[1]) if match else 0


def _check_word(what: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise ArchcalcError(
            f"there is no {what} '{word}'", hint=nearest(word, known) or f"choose one of {', '.join(known)}"
        )
