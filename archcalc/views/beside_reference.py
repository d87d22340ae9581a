"""The JSON Schema of what pages say beside their rows: of a network that ran in NumPy, and of a layer type."""

from __future__ import annotations

from archcalc.sheet.sheet import Schema
from archcalc.views.beside import COUNT, FLAG, MEASURED, TEXT, describe, list_of, object_of, or_null

VERIFIED: dict[str, Schema] = {
    "comparisons": describe("how many figures were compared", COUNT),
    "complete": describe("false where a wrong shape ended the run", FLAG),
    "disagreements": list_of(
        object_of({"layer": TEXT, "figure": TEXT, "predicted": MEASURED, "real": MEASURED})
    ),
}
OP: dict[str, Schema] = {
    "op": describe("the layer type", TEXT),
    "main": describe("the setting that a lone value means", or_null(TEXT)),
    "weighted": describe("whether it counts for the depth", FLAG),
    "documentation": describe("what it does, in paragraphs", list_of(TEXT)),
    "example": describe("a line of a spec", TEXT),
}
