"""The JSON Schema of what explain says beside the rows of a layer on a device."""

from __future__ import annotations

from typing import get_args

from archcalc.analysis.timing.device import NumberType, Origin
from archcalc.op.kernels import KernelKind
from archcalc.sheet.kinds import DURATION
from archcalc.sheet.sheet import Schema
from archcalc.views.beside import (
    ABOUT_LAYER,
    COUNT,
    PLACE,
    SIZES,
    TEXT,
    describe,
    list_of,
    object_of,
    or_null,
)

WHERE: Schema = describe("where it runs, and how", PLACE)
NUMBER: Schema = {"type": "number"}
TIME = DURATION.schema
KERNEL = object_of(
    {
        "kind": describe("what kind of kernel it is", {"enum": list(get_args(KernelKind))}),
        "start_us": describe("what it takes however little it does", TIME),
        "work_us": describe("in which it multiplies", TIME),
        "traffic_us": describe("in which it reads and writes meanwhile", TIME),
        "time_us": describe("the start, and then the longer of both", TIME),
        "bound_us": describe("the least that physics allows", TIME),
        "bound_by": describe("what takes longest", {"enum": ["launch", "compute", "memory"]}),
        "macs": describe("its multiply-accumulates", COUNT),
        "tile": describe(
            "rows and columns of the parts of a product; null for other kernels", or_null(SIZES)
        ),
        "split": describe("cores among which the depth of a part is split", or_null(COUNT)),
    }
)
CONSTANT = object_of(
    {
        "name": describe("as the formulas and the device's file have it", TEXT),
        "value": NUMBER,
        "unit": or_null(TEXT),
        "meaning": TEXT,
        "origin": {"enum": list(get_args(Origin))},
        "source": describe("who says so, or what it was fitted to", TEXT),
    }
)
DERIVED_TIME: dict[str, Schema] = {
    **ABOUT_LAYER,
    "device": WHERE,
    "number_type": describe("in which it multiplies", {"enum": list(get_args(NumberType))}),
    "time_us": describe("of the layer; null where its kernels are not known", or_null(TIME)),
    "bound_us": describe("the least that physics allows", or_null(TIME)),
    "waiting_us": describe("what the device waits for the host", or_null(TIME)),
    "nothing": describe(
        "why it runs no kernel, or that nobody knows which; null where it runs some", or_null(TEXT)
    ),
    "joins": describe(
        "the layer of whose kernel its first one is part; null where it is one by itself", or_null(TEXT)
    ),
    "kernels": describe("those that it runs", list_of(KERNEL)),
    "constants": describe("what the formulas take of the device", list_of(CONSTANT)),
}
ROOFLINE: dict[str, Schema] = {
    "device": WHERE,
    "peak": describe("operations a second in this type, a multiply-add being two", NUMBER),
    "bandwidth": describe("bytes a second", NUMBER),
    "ridge": describe("operations a byte from which the peak is the roof", NUMBER),
}
