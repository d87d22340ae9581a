"""What `archcalc devices` says: a row a device, or a row for each value of one, with who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, get_args

from archcalc.analysis.timing.device import Device, MeasuredError, NumberType, Stated
from archcalc.sheet import kinds
from archcalc.sheet.kinds import BYTES, CONSTANT, COUNT, QUANTITY, TEXT, WORDS, WORK_RATE
from archcalc.sheet.sheet import Cell, Column, Kind, Sheet

NUMBER_TYPES: tuple[NumberType, ...] = get_args(NumberType)
PRIORITIES = {"float32": 0, "float16": 0, "tf32": 2, "int8": 2}
"""In what order peaks give way on a narrow screen; the others go first."""
DEVICES = (
    Column("device", "device", TEXT, "what to call it by"),
    Column("title", "title", TEXT, "its whole name", 1),
    Column("kind", "kind", TEXT, "gpu, cpu or microcontroller", 5),
    Column("memory_bytes", "memory", BYTES, "the bytes of its memory", 1),
    Column("flash_bytes", "flash", BYTES, "the bytes that hold a microcontroller's weights", 6),
    Column("bandwidth", "bandwidth", kinds.BYTE_RATE, "bytes a second of its memory"),
    *(
        Column(
            f"peak.{dtype}",
            dtype,
            WORK_RATE,
            f"dense operations a second in {dtype}",
            PRIORITIES.get(dtype, 6),
        )
        for dtype in NUMBER_TYPES
    ),
    Column("file", "from", TEXT, "the file that it is read from", 7),
)
VALUES = (
    Column("value", "value", TEXT, "what is stated: a peak, the bandwidth, a constant, an error"),
    Column("dtype", "type", TEXT, "the number type that it is about; null where it is about none"),
    Column("amount", "amount", QUANTITY, "how much it is"),
    Column("origin", "from", TEXT, "data sheet, measured, fitted or assumed"),
    Column("source", "source", WORDS, "who says so, or what was measured"),
)
AMOUNTS: dict[str, Kind] = {
    "bandwidth": kinds.BYTE_RATE,
    "memory": BYTES,
    "flash": BYTES,
    "cache": BYTES,
    "cores": COUNT,
    "clock": kinds.FREQUENCY,
    "power": kinds.POWER,
}
DENSE = "peaks are dense operations a second, a multiply-add being two; where there is none it is not known, or there are no units for it"


class Found(NamedTuple):
    """A device and the file that it was read from."""

    device: Device
    file: str


def everything(found: Iterable[Found]) -> Sheet:
    """Return a row for every device."""
    return Sheet(
        columns=DEVICES,
        rows=tuple(map(_row, found)),
        notes=(DENSE, "archcalc devices NAME says of one where each value is from"),
    )


def _row(found: Found) -> tuple[object, ...]:
    device = found.device
    return (
        device.name,
        device.title,
        device.kind,
        _whole(device.memory),
        "" if device.kind != "microcontroller" else _whole(device.flash),
        _whole(device.bandwidth),
        *(_whole(device.peaks[dtype]) if dtype in device.peaks else "" for dtype in NUMBER_TYPES),
        found.file,
    )


def _whole(stated: Stated | None) -> int | None:
    """Return an amount in whole base units; None where it is not known."""
    return None if stated is None else round(stated.value)


def one(found: Found) -> Sheet:
    """Return a row for each value of a device, each constant and each measured error."""
    device = found.device
    return Sheet(
        columns=VALUES,
        rows=(*_values(device), *_constants(device), *map(_error, device.errors)),
        title=device.title,
        subtitle=(f"{device.name}, {device.kind}, {found.file}",),
        notes=(DENSE,),
        facts={
            "device": {
                "name": device.name,
                "title": device.title,
                "kind": device.kind,
                "file": found.file,
                "constants_from": device.constants_from or None,
            },
            "errors": [
                {
                    "mode": each.mode,
                    "dtype": each.dtype,
                    "batch": [each.least_batch, each.most_batch],
                    "error": each.error,
                    "networks": each.networks,
                    "source": each.source,
                }
                for each in device.errors
            ],
        },
    )


def _values(device: Device) -> Iterator[tuple[object, ...]]:
    """Yield a row for each value that is stated."""
    for dtype, peak in device.peaks.items():
        yield "peak", dtype, Cell(WORK_RATE, round(peak.value)), peak.origin, peak.source
    for key, kind in AMOUNTS.items():
        stated: Stated | None = getattr(device, key)
        if stated is not None:
            amount = stated.value if kind is kinds.POWER else round(stated.value)
            yield key, "", Cell(kind, amount), stated.origin, stated.source


def _constants(device: Device) -> Iterator[tuple[object, ...]]:
    """Yield a row for each constant; those of another device say whose they are."""
    whose = f" on {device.constants_from}" if device.constants_from != device.name else ""
    for dtype, constants in device.constants.items():
        for name, value in constants.items():
            yield (
                name,
                dtype,
                Cell(CONSTANT, value),
                f"{device.constants_origin}{whose}",
                device.constants_source,
            )


def _error(error: MeasuredError) -> tuple[object, ...]:
    least, most = error.least_batch, error.most_batch
    batches = f"batch {least}" if least == most else f"batch {least} to {most}"
    where = f"{error.mode} mode, {batches}, {error.networks} networks: {error.source}"
    return "mean error", error.dtype, Cell(kinds.SHARE, error.error), "measured", where
