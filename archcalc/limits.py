"""How much of anything is accepted: a spec may come from a stranger."""

from __future__ import annotations

FILE_BYTES = 16 * 1024 * 1024
"""The largest spec file."""

NESTING = 100
"""The deepest nesting of lists and mappings in a file, and of blocks in blocks."""

NODES = 4_000_000
"""The most values in a file, with every alias written out."""

LAYERS = 250_000
"""The most layers that a network may have once repeats and blocks are written out."""

NAME = 100
"""The longest name of a layer, a block or a network, in characters."""

EXPRESSION = 400
"""The longest expression, in characters."""

EXPRESSION_NESTING = 30
"""The deepest nesting of brackets in an expression."""

MAGNITUDE = 10**18
"""The largest number in a spec or an expression."""

AXES = 8
"""The most axes that a size, a padding or a shape may have."""

DIGITS = 18
"""The longest number in a size, in digits."""
