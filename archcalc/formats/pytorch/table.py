"""What PyTorch can say of the kinds of layers, and what not."""

from __future__ import annotations

from archcalc.formats.program.table import Table

TABLE = Table("PyTorch")
says = TABLE.says
plain = TABLE.plain
lacks = TABLE.lacks

FIXED = "its scale and zero point are fixed numbers, of which nothing is known"

lacks("unaccounted", "nothing is known of it")
lacks("quantize", FIXED)
lacks("dequantize", FIXED)
