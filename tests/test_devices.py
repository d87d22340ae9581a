"""The devices that archcalc ships: what each says is sourced, dense and of a size that can be."""

from __future__ import annotations

import pytest

from archcalc.formats.devices import list_devices, read_device

SHIPPED = [
    "a100_40",
    "a100_80",
    "apple_m4",
    "cortex_m7",
    "h100",
    "h200",
    "i7_12700h",
    "i9_10940x",
    "jetson_orin",
    "l4",
    "rpi5",
    "rtx3090",
    "rtx4090",
    "rtx5090",
    "t4",
]
RANGES = {
    "microcontroller": {"peak": (1e8, 1e10), "bandwidth": (1e8, 1e10)},
    "cpu": {"peak": (1e10, 1e13), "bandwidth": (1e10, 1e12)},
    "gpu": {"peak": (1e11, 3e15), "bandwidth": (1e11, 1e13)},
}
"""Operations and bytes a second from the smallest to the largest device of a kind."""


@pytest.fixture(autouse=True)
def nobody_has_their_own(monkeypatch, tmp_path):
    monkeypatch.delenv("ARCHCALC_PATH", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def stated(device):
    values = {
        key: getattr(device, key)
        for key in ("bandwidth", "memory", "flash", "cache", "cores", "clock", "power")
    }
    return {key: value for key, value in {**values, **device.peaks}.items() if value is not None}


def test_these_are_shipped():
    assert list_devices() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_value_has_a_source_in_words(name):
    device = read_device(name)
    assert device.title
    for key, value in stated(device).items():
        assert " " in value.source or "." in value.source, key
        assert not value.source.startswith(("sheet", "paper")), key


@pytest.mark.parametrize("name", SHIPPED)
def test_values_are_of_a_size_that_can_be(name):
    device = read_device(name)
    least, most = RANGES[device.kind]["peak"]
    assert all(least <= peak.value <= most for peak in device.peaks.values())
    least, most = RANGES[device.kind]["bandwidth"]
    assert least <= device.bandwidth.value <= most
    assert 1e8 <= device.clock.value <= 6e9
    if device.memory and device.cache:
        assert device.cache.value < device.memory.value


@pytest.mark.parametrize("name", SHIPPED)
def test_shorter_numbers_are_not_slower(name):
    """The rates of tensor cores double from tf32 to float16, int8 and int4; nothing is faster than that: peaks are dense."""
    peaks = {dtype: peak.value for dtype, peak in read_device(name).peaks.items()}
    order = [dtype for dtype in ("float64", "float32", "tf32", "float16", "int8", "int4") if dtype in peaks]
    rates = [peaks[dtype] for dtype in order]
    assert rates == sorted(rates)
    assert peaks.get("bfloat16", peaks.get("float16")) == peaks.get("float16")
    if {"tf32", "float16"} <= peaks.keys():
        assert peaks["float16"] == pytest.approx(2 * peaks["tf32"], rel=0.02)


CUDA_CORES = {
    "h100": 128,
    "h200": 128,
    "a100_40": 64,
    "a100_80": 64,
    "l4": 128,
    "t4": 64,
    "rtx3090": 128,
    "rtx4090": 128,
}
CUDA_CORES |= {"rtx5090": 128, "jetson_orin": 128}
"""Of a multiprocessor: NVIDIA's CUDA C++ Programming Guide, arithmetic instructions."""


@pytest.mark.parametrize("name", CUDA_CORES)
def test_float32_is_what_cores_and_clock_make(name):
    device = read_device(name)
    made = device.cores.value * CUDA_CORES[name] * 2 * device.clock.value
    assert device.peaks["float32"].value == pytest.approx(made, rel=0.01)


@pytest.mark.parametrize(
    ("name", "made"), [("rpi5", 4 * 2 * 4 * 2 * 2.4e9), ("i9_10940x", 14 * 2 * 16 * 2 * 4.8e9)]
)
def test_peaks_of_cpus_are_what_their_source_derives(name, made):
    assert read_device(name).peaks["float32"].value == pytest.approx(made, rel=0.001)


def test_two_of_one_chip_differ_in_memory():
    small, large = read_device("a100_40"), read_device("a100_80")
    assert small.peaks == large.peaks
    assert small.memory.value < large.memory.value
    assert small.bandwidth.value < large.bandwidth.value
