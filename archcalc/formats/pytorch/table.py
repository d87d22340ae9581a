"""What PyTorch can say of the kinds of layers, and what not."""

from __future__ import annotations

from archcalc.formats.program.table import Table

TENSORS = ("nn.Parameter", "nn.Buffer")
"""What makes a learnt tensor by itself, which is taken and not called."""
CALLED = {
    "nn.Embedding": "{}({{0}}.long())",
    **dict.fromkeys(("nn.RNN", "nn.LSTM", "nn.GRU"), "{}({{0}})[0]"),
}
"""How layers are called that do not simply make one tensor of another."""
TABLE = Table("PyTorch", (*TENSORS, *CALLED))
writes = TABLE.writes
plain = TABLE.plain
refuses = TABLE.refuses
