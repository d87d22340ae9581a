"""The JSON Schema of what the pages of calibrate, and of a network that ran, say beside their rows."""

from __future__ import annotations

from typing import get_args

from archcalc.analysis.timing.device import DeviceKind
from archcalc.sheet.sheet import Schema
from archcalc.views import beside

NUMBER: Schema = {"type": "number"}
FRACTION: Schema = {"type": "number", "unit": "fraction"}
CALIBRATED: dict[str, Schema] = {
    "device": beside.object_of(
        {
            "name": beside.TEXT,
            "title": beside.TEXT,
            "kind": {"enum": list(get_args(DeviceKind))},
            "file": beside.describe("the file that it was written to", beside.TEXT),
        }
    ),
    "stability": beside.describe(
        "by how much rounds differed, by family: the most less the least over the median, of its trials",
        beside.list_of(
            beside.object_of(
                {
                    "family": beside.TEXT,
                    "trials": beside.COUNT,
                    "median": FRACTION,
                    "least": FRACTION,
                    "most": FRACTION,
                }
            )
        ),
    ),
    "error": beside.describe("the median of |predicted / measured - 1| of what was fitted", FRACTION),
}


RAN: dict[str, Schema] = {
    **beside.FACTS,
    "device": beside.PLACE,
    "runtime": beside.describe("what ran the network", beside.TEXT),
    "totals": beside.object_of(
        {
            **beside.list_totals(),
            "time_us": beside.describe("what was predicted", beside.or_null(NUMBER)),
            "measured_us": beside.describe("the median of all runs", NUMBER),
            "least_us": beside.describe("the shortest run", NUMBER),
            "most_us": beside.describe("the longest run", NUMBER),
            "runs": beside.COUNT,
            "ratio": beside.describe("predicted over measured", beside.or_null(NUMBER)),
            "unknown": beside.describe(
                "layers of which nobody knows how long they take", beside.list_of(beside.TEXT)
            ),
        }
    ),
}
