"""What Keras can say of the kinds of layers, and what not."""

from __future__ import annotations

from archcalc.formats.program.table import Table

TABLE = Table("Keras")
says = TABLE.says
plain = TABLE.plain
lacks = TABLE.lacks

FIXED = "its scale and zero point are fixed numbers, of which nothing is known"
OTHER_BIASES = "its layer has other biases than PyTorch's, which are counted"

lacks("unaccounted", "nothing is known of it")
lacks("quantize", FIXED)
lacks("dequantize", FIXED)
lacks("rnn", OTHER_BIASES)
lacks("lstm", OTHER_BIASES)
lacks("gru", OTHER_BIASES)
lacks("space_to_depth", "there is no layer for it")
lacks("depth_to_space", "there is no layer for it")
