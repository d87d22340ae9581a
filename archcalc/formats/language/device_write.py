"""A device's file, written: what `read_device_file` makes the same device of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from json import dumps

from archcalc.analysis.timing.device import Device, Stated

PREFIXES = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))
RATES = {"peak": "FLOP/s", "bandwidth": "B/s"}


def write_device(device: Device, comments: Iterable[str] = ()) -> str:
    """Return the file of a device that has peaks, a bandwidth, and perhaps cores, a cache and constants of its own.

    Args:
        device: its name is that of the file, which does not say it.
        comments: lines that stand above all.
    """
    return "\n".join((*(f"# {line}" for line in comments), *_lines(device), ""))


def _lines(device: Device) -> Iterator[str]:
    yield f"title: {_quote(device.title)}"
    yield f"kind: {device.kind}"
    if device.cores:
        yield f"cores: {_state(device.cores, str(round(device.cores.value)))}"
    if device.cache:
        yield f"cache: {_state(device.cache, f'{round(device.cache.value)} B')}"
    yield f"bandwidth: {_state(device.bandwidth, _rate(device.bandwidth.value, RATES['bandwidth']))}"
    yield "peaks:"
    for dtype, peak in device.peaks.items():
        yield f"  {dtype}: {_state(peak, _rate(peak.value, RATES['peak']))}"
    if device.constants:
        yield "constants:"
        yield f"  from: {device.constants_origin}"
        yield f"  source: {_quote(device.constants_source)}"
        for dtype, constants in device.constants.items():
            yield f"  {dtype}:"
            yield from _constants(constants)


def _constants(constants: Mapping[str, float]) -> Iterator[str]:
    for name, value in constants.items():
        written = f"{value:.4g}"
        yield f"    {name}: {written if '.' in written else written.replace('e', '.0e')}"  # YAML 1.1 takes 1e-06 for a word


def _state(stated: Stated, written: str) -> str:
    return f"{{value: {written}, from: {stated.origin}, source: {_quote(stated.source)}}}"


def _rate(value: float, unit: str) -> str:
    """Return a rate to four decimals of its unit."""
    prefix, size = next(((prefix, size) for prefix, size in PREFIXES if value >= size), ("", 1.0))
    return f"{value / size:.4f} {prefix}{unit}"


def _quote(text: str) -> str:
    return dumps(text, ensure_ascii=False)
