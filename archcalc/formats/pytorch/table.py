"""What PyTorch can say of the kinds of layers, and what not."""

from __future__ import annotations

from archcalc.formats.program.table import Table

TABLE = Table("PyTorch")
says = TABLE.says
plain = TABLE.plain
lacks = TABLE.lacks
