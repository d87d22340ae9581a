"""What Keras can say of the kinds of layers, and what not."""

from __future__ import annotations

from archcalc.formats.program.table import Table

TABLE = Table("Keras")
says = TABLE.says
plain = TABLE.plain
lacks = TABLE.lacks
