"""What Keras can say of the kinds of layers, and what not."""

from __future__ import annotations

from archcalc.formats.program.table import Table

TABLE = Table("Keras")
writes = TABLE.writes
plain = TABLE.plain
refuses = TABLE.refuses
