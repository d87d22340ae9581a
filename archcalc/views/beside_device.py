"""The JSON Schema of what the page of a device says beside its rows."""

from __future__ import annotations

from typing import get_args

from archcalc.analysis.timing.device import DeviceKind, Mode
from archcalc.sheet.sheet import Schema
from archcalc.views import beside

DEVICE: dict[str, Schema] = {
    "device": beside.object_of(
        {
            "name": beside.TEXT,
            "title": beside.TEXT,
            "kind": {"enum": list(get_args(DeviceKind))},
            "file": beside.describe("the file that it is read from", beside.TEXT),
            "constants_from": beside.describe(
                "the device that the constants were fitted on", beside.or_null(beside.TEXT)
            ),
        }
    ),
    "errors": beside.describe(
        "how far predictions were from measurements",
        beside.list_of(
            beside.object_of(
                {
                    "mode": {"enum": list(get_args(Mode))},
                    "dtype": beside.TEXT,
                    "batch": beside.describe("from the least to the most", beside.SIZES),
                    "error": beside.describe("the mean, a fraction", {"type": "number"}),
                    "networks": beside.COUNT,
                    "source": beside.TEXT,
                }
            )
        ),
    ),
}
