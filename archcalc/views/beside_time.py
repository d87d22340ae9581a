"""The JSON Schema of what the page of a network's time says beside its rows."""

from __future__ import annotations

from archcalc.sheet.kinds import DURATION
from archcalc.sheet.sheet import Schema
from archcalc.views import beside

SHARE: Schema = {"type": "number", "minimum": 0, "unit": "fraction of the whole"}


def timed() -> dict[str, Schema]:
    """Return the schemas of what stands beside the rows: the device, and totals that no layer has."""
    return beside.FACTS | {
        "device": beside.PLACE,
        "totals": beside.object_of(
            {
                **beside.list_totals(),
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
                    beside.or_null(beside.list_of(DURATION.schema)),
                ),
                "unknown": beside.describe("the layers whose time nobody knows", beside.list_of(beside.TEXT)),
            }
        ),
    }
