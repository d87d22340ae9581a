"""How Keras says inputs and learnt tensors by themselves."""

from __future__ import annotations

from archcalc.formats.keras.table import plain, refuses, writes
from archcalc.formats.program.code import expression
from archcalc.ops.inputs.given import Parameter

plain("input", "inputs")  # keras.Input stands for it
refuses("unaccounted", "nothing is known of it")
writes(Parameter)(lambda op, at: expression("Learnt", shape=at.y).given(trainable=(op.learnt, True)))
