"""What a device can do, and who says so: peaks, memory, what was measured on it and what was fitted to that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Origin = Literal["data sheet", "measured", "fitted", "assumed"]
"""Where a value comes from."""
DeviceKind = Literal["gpu", "cpu", "microcontroller"]
Mode = Literal["graph", "eager", "fused"]
"""How a network runs: replayed as one graph, call by call, or compiled with its elementwise layers fused."""
NumberType = Literal["float64", "float32", "tf32", "float16", "bfloat16", "int8", "int4"]
"""What is multiplied; tf32 is float32 data with products in TF32."""


class Stated(NamedTuple):
    """A value in base units (operations/s, bytes/s, bytes, seconds, Hz, W, or a number), where it comes from and who says so."""

    value: float
    origin: Origin
    source: str


class MeasuredError(NamedTuple):
    """How far predictions were from measurements, for batches from `least_batch` to `most_batch`.

    `error` is the mean over so many `networks` of |predicted / measured − 1|, a fraction.
    """

    mode: Mode
    dtype: NumberType
    least_batch: int
    most_batch: int
    error: float
    networks: int
    source: str


class Device(NamedTuple):
    """A device on which networks run.

    `peaks` are dense operations a second by number type, a multiply-add being two; a type that is not there is not
    known, or the device has no units for it. `bandwidth` is that of the memory that holds activations; `memory` its
    bytes, `flash` those that hold a microcontroller's weights; `cache` is the last level; `cores` are multiprocessors
    or CPU cores; `clock` is their highest by the data sheet; `power` is the limit.

    `constants` are what a time model needs, by number type and name, in the model's own units; they were fitted on the
    device called `constants_from`, and `constants_source` says to what. Both are empty where there are none;
    `constants_origin` says whether they were indeed fitted, and `constants_layers` are the layer types of the networks
    that they were fitted to; none where nobody says.
    """

    name: str
    title: str
    kind: DeviceKind
    peaks: Mapping[NumberType, Stated]
    bandwidth: Stated
    memory: Stated | None = None
    flash: Stated | None = None
    cache: Stated | None = None
    cores: Stated | None = None
    clock: Stated | None = None
    power: Stated | None = None
    constants: Mapping[NumberType, Mapping[str, float]] = {}
    constants_from: str = ""
    constants_source: str = ""
    errors: tuple[MeasuredError, ...] = ()
    constants_origin: Origin = "fitted"
    constants_layers: tuple[str, ...] = ()


class Placement(NamedTuple):
    """Where a network runs, and how; whether the mode was told, so that it holds for devices that figures name, too."""

    device: Device
    mode: Mode = "graph"
    is_told: bool = False


def place_on(device: Device, mode: Mode | None = None) -> Placement:
    """Return a device, and how a network runs there: as told, or as it did when predictions were measured first.

    Without either it runs as a graph, or compiled on a CPU with constants of another one.
    """
    alone: Mode = "fused" if device.kind == "cpu" and device.constants_from != device.name else "graph"
    usual = device.errors[0].mode if device.errors else alone
    return Placement(device, mode or usual, is_told=mode is not None)
