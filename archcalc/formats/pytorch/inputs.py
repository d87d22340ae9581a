"""How PyTorch says inputs and learnt tensors by themselves."""

from __future__ import annotations

from archcalc.formats.program.code import Call, call, chain
from archcalc.formats.pytorch.table import lacks, plain, says
from archcalc.op.site import Site
from archcalc.ops.inputs.given import Parameter

plain("input", "x")  # an argument of forward
lacks("unaccounted", "nothing is known of it")


@says(Parameter)
def parameter(op: Parameter, at: Site) -> Call:
    sizes = {f"size{axis}": size for axis, size in enumerate(at.y)}
    return chain("nn.Parameter" if op.learnt else "nn.Buffer", call("torch.zeros", **sizes))
