"""How PyTorch says inputs and learnt tensors by themselves."""

from __future__ import annotations

from archcalc.formats.program.code import Expression, chain, expression
from archcalc.formats.pytorch.table import plain, refuses, writes
from archcalc.op.site import Site
from archcalc.ops.inputs.given import Parameter

plain("input", "x")  # an argument of forward
refuses("unaccounted", "nothing is known of it")


@writes(Parameter)
def parameter(op: Parameter, at: Site) -> Expression:
    sizes = {f"size{axis}": size for axis, size in enumerate(at.y)}
    return chain("nn.Parameter" if op.learnt else "nn.Buffer", expression("torch.zeros", **sizes))
