"""The JSON Schema of what the page of a network's time says beside its rows."""

from __future__ import annotations

from typing import get_args

from archcalc.analysis.timing.device import Mode
from archcalc.sheet.sheet import Schema
from archcalc.views import beside

SHARE: Schema = {"type": "number", "minimum": 0, "unit": "fraction of the whole"}
DURATION: Schema = {"type": "number", "minimum": 0, "unit": "microseconds"}


def timed() -> dict[str, Schema]:
    """Return the schemas of what stands beside the rows: the device, and totals that no layer has."""
    totals = beside.totals()["properties"]
    if not isinstance(totals, dict):
        raise TypeError("totals are an object")
    return beside.FACTS | {
        "device": beside.object_of(
            {"name": beside.TEXT, "title": beside.TEXT, "mode": {"enum": list(get_args(Mode))}}
        ),
        "totals": beside.object_of(
            {
                **totals,
                "samples_per_second": beside.describe(
                    "null where the time is not known", beside.or_null({"type": "number"})
                ),
                "utilization": beside.describe(
                    "multiply-accumulates as a share of the peak; null where the time is not known",
                    beside.or_null(SHARE),
                ),
                "error": beside.describe(
                    "the mean of |predicted / measured - 1| of predictions like this one; null where nobody measured it",
                    beside.or_null({"type": "number", "minimum": 0}),
                ),
                "error_source": beside.describe("who measured that", beside.or_null(beside.TEXT)),
                "range_us": beside.describe(
                    "the least and the most where the host is the bound; null where it is not",
                    beside.or_null(beside.list_of(DURATION)),
                ),
                "unknown": beside.describe("the layers whose time nobody knows", beside.list_of(beside.TEXT)),
            }
        ),
    }
