"""By whose rules a step of training runs."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from archcalc.network.network import Network
from archcalc.op.keeps import Device
from archcalc.op.op import Op

InPlace = Literal["always", "never", "as-written"]
IN_PLACE: tuple[InPlace, ...] = get_args(InPlace)
"""Whether activations overwrite their inputs: wherever they can, nowhere, or where the published network says so."""
PROGRAM = "PyTorch 2.13"
"""Whose rules these are."""


class Rules(NamedTuple):
    """What PyTorch is told: its backend, what works in place, whether attention is one kernel, and which weights are frozen."""

    device: Device = "cuda"
    in_place: InPlace = "as-written"
    fused_attention: bool = True
    frozen: tuple[str, ...] = ()

    def overwrites(self, op: Op, network: Network) -> bool:
        """Tell whether an op is to overwrite its input, if it can."""
        if op.in_place is False or self.in_place == "never":
            return False
        if self.in_place == "always":
            return True
        return network.in_place if op.in_place is None else op.in_place
