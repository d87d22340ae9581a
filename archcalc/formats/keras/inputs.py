"""How Keras says inputs and learnt tensors by themselves."""

from __future__ import annotations

from archcalc.formats.keras.table import lacks, plain, says
from archcalc.formats.program.code import Call, call
from archcalc.op.site import Site
from archcalc.ops.inputs.given import Parameter

plain("input", "inputs")  # keras.Input stands for it
lacks("unaccounted", "nothing is known of it")


@says(Parameter)
def parameter(op: Parameter, at: Site) -> Call:
    return call("Learnt", shape=at.y).given(trainable=(op.learnt, True))
