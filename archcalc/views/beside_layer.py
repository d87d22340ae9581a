"""The JSON Schema of what explain says beside the figures of a layer, where it has that."""

from __future__ import annotations

from archcalc.sheet.sheet import Schema
from archcalc.views import beside

NUMBER: Schema = {"type": "number"}
PARTICULARS: dict[str, Schema] = {
    "convolution": beside.describe(
        "the convolution that a fully connected layer behind a flattened map is; null for other layers",
        beside.or_null(
            beside.object_of(
                {
                    "source": beside.TEXT,
                    "input": beside.SIZES,
                    "kernel": beside.SIZES,
                    "filters": beside.COUNT,
                    "weights": beside.COUNT,
                }
            )
        ),
    ),
    "conversion": beside.describe(
        "the fully connected layers from a map to this one as convolutions that slide over it, in place of a pooling "
        "to a given size; null for other layers",
        beside.or_null(
            beside.object_of(
                {
                    "source": beside.TEXT,
                    "map": beside.SIZES,
                    "without": beside.or_null(beside.TEXT),
                    "layers": beside.list_of(
                        beside.object_of(
                            {"layer": beside.TEXT, "kernel": beside.SIZES, "output": beside.SIZES}
                        )
                    ),
                }
            )
        ),
    ),
    "groups": beside.describe(
        "of how many channels each group of a convolution sees and makes how many; null where there is one",
        beside.or_null(
            beside.object_of(
                {"number": beside.COUNT, "sees": beside.COUNT, "makes": beside.COUNT, "weight": beside.SIZES}
            )
        ),
    ),
    "left_out": beside.describe(
        "what training leaves out at random, with what probability of how many numbers; how many are kept on average, "
        "and their factor; null where nothing is",
        beside.or_null(
            beside.object_of(
                {
                    "probability": NUMBER,
                    "numbers": beside.COUNT,
                    "kept": NUMBER,
                    "scale": beside.or_null(NUMBER),
                }
            )
        ),
    ),
}
