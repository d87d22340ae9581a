"""Devices as files: what is read of them, where they are looked for, what is refused."""

from __future__ import annotations

import pytest

from archcalc.analysis.timing.device import MeasuredError, Stated
from archcalc.formats.devices import find_devices, list_devices, read_device, user_folder
from archcalc.ground.errors import ArchcalcError, each_of
from archcalc.ground.measures import (
    BYTE_RATES,
    FREQUENCIES,
    MICROSECONDS,
    POWERS,
    WORK_RATES,
    measure,
)

HEAD = """title: A device
kind: gpu
sources: {sheet: "data sheet, table 2"}
bandwidth: {value: 3.35 TB/s, from: data sheet, source: sheet}
"""
PEAKS = "peaks: {float16: {value: 989.4 TFLOP/s, from: data sheet, source: sheet}}\n"
CONSTANTS = "constants: {from: fitted, source: to 40 networks, float16: {start: 1.9, dispatch: 3}}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder of ARCHCALC_PATH's devices; nobody has any of their own."""
    monkeypatch.setenv("ARCHCALC_PATH", str(tmp_path / "path"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "path" / "devices").mkdir(parents=True)
    return tmp_path / "path" / "devices"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_holds_values_in_base_units_with_their_sources(tmp_path):
    text = f"""{HEAD}{PEAKS}memory: {{value: 80 GiB, from: measured, source: by hand}}
flash: {{value: 1 MiB, from: assumed, source: a guess}}
cache: {{value: 50 MB, from: data sheet, source: sheet}}
cores: {{value: 132, from: data sheet, source: sheet}}
clock: {{value: 216 MHz, from: data sheet, source: sheet}}
power: {{value: 500 mW, from: data sheet, source: sheet}}
{CONSTANTS}errors:
  - {{mode: graph, dtype: float16, batch: [1, 64], error: 0.08, networks: 40, source: sheet}}
  - {{mode: eager, dtype: tf32, batch: 8, error: 0.2, networks: 1, source: by hand}}
"""
    device = read_device(write(tmp_path / "My-Device.yaml", text))
    sheet = "data sheet, table 2"
    assert (device.name, device.title, device.kind) == ("my_device", "A device", "gpu")
    assert device.bandwidth == Stated(3.35e12, "data sheet", sheet)
    assert device.peaks == {"float16": Stated(989.4e12, "data sheet", sheet)}
    assert device.memory == Stated(80 * 2**30, "measured", "by hand")
    values = (device.flash, device.cache, device.cores, device.clock, device.power)
    assert [stated.value for stated in values] == [2**20, 50e6, 132, 216e6, 0.5]
    assert device.constants == {"float16": {"start": 1.9, "dispatch": 3.0}}
    assert (device.constants_from, device.constants_source) == ("my_device", "to 40 networks")
    assert device.errors == (
        MeasuredError("graph", "float16", 1, 64, 0.08, 40, sheet),
        MeasuredError("eager", "tf32", 8, 8, 0.2, 1, "by hand"),
    )


def test_what_a_file_does_not_say_is_not_known(tmp_path):
    device = read_device(write(tmp_path / "small.yaml", HEAD + PEAKS))
    assert (device.memory, device.flash, device.cache, device.cores, device.clock, device.power) == (
        None,
    ) * 6
    assert (device.constants, device.constants_from, device.constants_source, device.errors) == (
        {},
        "",
        "",
        (),
    )


def test_a_name_is_looked_for_in_ones_own_folders_first(folder, tmp_path):
    assert "h100" in list_devices()
    mine = write(tmp_path / "config" / "archcalc" / "devices" / "h100.yaml", HEAD + PEAKS)
    write(tmp_path / "config" / "archcalc" / "devices" / "this.yaml", HEAD + PEAKS)
    assert read_device("H100").title == "A device"
    first = write(folder / "h100.yml", HEAD.replace("A device", "Another") + PEAKS)
    assert read_device("h100").title == "Another"
    assert find_devices("h100")[:2] == [first, mine]
    assert len(find_devices("h100")) == 3
    assert "this" in list_devices()
    assert read_device("this").name == "this"


def test_a_name_that_nobody_has_is_answered_with_the_nearest(folder):
    with pytest.raises(ArchcalcError, match="there is no device called 'h10'") as caught:
        read_device("h10")
    assert caught.value.hint == "did you mean h100?"
    with pytest.raises(ArchcalcError, match="No such file"):
        read_device("./h100.yaml")


def test_somebody_without_a_home_has_archcalcs_own(monkeypatch):
    def nowhere():
        raise RuntimeError

    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", nowhere)
    assert read_device("h100").name == "h100"
    with pytest.raises(ArchcalcError, match="you have no home folder"):
        user_folder()


def test_constants_of_another_device_hold_where_it_is_named(folder):
    write(folder / "one.yaml", HEAD + PEAKS + CONSTANTS)
    write(folder / "two.yaml", HEAD + PEAKS + "constants: One\n")
    device = read_device("two")
    assert device.constants == read_device("one").constants
    assert (device.name, device.constants_from, device.constants_source) == ("two", "one", "to 40 networks")


def test_a_device_of_ones_own_may_take_the_constants_of_its_namesake(folder, tmp_path):
    write(tmp_path / "config" / "archcalc" / "devices" / "one.yaml", HEAD + PEAKS + CONSTANTS)
    write(folder / "one.yaml", HEAD + PEAKS + "constants: one\n")
    assert read_device("one").constants["float16"]["start"] == 1.9


@pytest.mark.parametrize(
    ("lender", "fact", "hint"),
    [
        ("two", "'two' takes its own constants", "write the constants out"),
        ("thre", "there is no device called 'thre'", "did you mean three?"),
        ("three", "'three' has no constants of its own", "it takes those of 'one': name that here"),
        ("four", "'four' has no constants", None),
    ],
)
def test_constants_are_one_step_away(folder, lender, fact, hint):
    write(folder / "one.yaml", HEAD + PEAKS + CONSTANTS)
    write(folder / "two.yaml", HEAD + PEAKS + f"constants: {lender}\n")
    write(folder / "three.yaml", HEAD + PEAKS + "constants: one\n")
    write(folder / "four.yaml", HEAD + PEAKS)
    with pytest.raises(ArchcalcError) as caught:
        read_device("two")
    assert (caught.value.fact, caught.value.hint) == (fact, hint)
    assert (caught.value.place.line, caught.value.place.column) == (5, 11)


WRONG = [
    ("titel: x", "a device has no 'titel'", "did you mean title?"),
    ("kind: gpus", "'kind' must be gpu or cpu or microcontroller, not 'gpus'", "did you mean gpu?"),
    ("memory: 80 GB", "'memory' must be a mapping, not '80 GB'", None),
    ("memory: {value: 80, from: measured, source: x y}", "'80' has no unit", "write 80 GB, or MiB, kB, B"),
    (
        "memory: {value: 80 Gb, from: measured, source: x y}",
        "'80 Gb' is no quantity such as 64MiB or 1.5GB",
        None,
    ),
    (
        "memory: {value: -5 GB, from: measured, source: x y}",
        "'-5 GB' is no quantity such as 64MiB or 1.5GB",
        None,
    ),
    ("memory: {value: 0 GB, from: measured, source: x y}", "'0 GB' must be more than 0", None),
    (
        "memory: {value: .nan, from: measured, source: x y}",
        "'.nan' is no quantity such as 64MiB or 1.5GB",
        None,
    ),
    (
        "memory: {value: 9999999 TB, from: measured, source: x y}",
        "'9999999 TB' is too large: the most is 10^18",
        None,
    ),
    ("memory: {value: 1 GB, from: datasheet, source: x y}", None, "did you mean data sheet?"),
    ("memory: {value: 1 GB, from: measured}", "'memory' has no source", None),
    (
        "memory: {value: 1 GB, from: measured, source: sheeet}",
        "no source is called 'sheeet'",
        "did you mean sheet?",
    ),
    ("memory: {value: 1 GB, source: sheet}", "'memory' needs its value and where that is from", None),
    ("memory: {value: 1 GB, form: measured}", "'memory' has no 'form'", "did you mean from?"),
    (
        "clock: {value: inf, from: measured, source: x y}",
        "'inf' is no quantity such as 1.98 GHz or 216 MHz",
        None,
    ),
    ("clock: {value: 2 Ghz, from: measured, source: x y}", None, "did you mean GHz?"),
    (
        "power: {value: 5 MW, from: measured, source: x y}",
        "'5 MW' is no quantity such as 700 W or 500 mW",
        None,
    ),
    ("cores: {value: 1.5, from: measured, source: x y}", "'1.5' is no whole number", None),
    ("peaks: {fp16: 3}", "'peaks' has no 'fp16'", None),
    ("peaks: {}", "'peaks' has no number type", "such as float32"),
    ("peaks: {int8: {value: 4 TB/s, from: measured, source: x y}}", None, None),
    ("constants: [1]", "'constants' must be a mapping, not a list", None),
    ("constants: {from: fitted, source: x y, layers: relu}", "'layers' must be a list, not 'relu'", None),
    (
        "constants: {from: fitted, source: x y, layers: [rleu]}",
        "there is no layer type 'rleu'",
        "did you mean relu?",
    ),
    ("constants: {float16: {a: 1}}", "'constants' need where they are from", None),
    ("constants: {from: fitted, source: x y, float16: {Floor: 1}}", "there is no constant 'Floor'", None),
    (
        "constants: {from: fitted, source: x y, float16: {start: yes}}",
        "'start' must be a number, not 'yes'",
        None,
    ),
    (
        "constants: {from: fitted, source: x y, float16: {product_reach: 1.01}}",
        "'product_reach' is a part of what the device can do: from 1e-06 to 1",
        "part of the peak that matrix products reach in their largest parts",
    ),
    (
        "constants: {from: fitted, source: x y, float16: {rows_traffic: 0}}",
        "'rows_traffic' is a part of what the device can do: from 1e-06 to 1",
        None,
    ),
    (
        "constants: {from: fitted, source: x y, float16: {wave: -0.1}}",
        "'wave' is a part of a wave: from 0 to 1",
        "how much of a last wave of parts counts that does not fill all cores: 1 is all",
    ),
    (
        "constants: {from: fitted, source: x y, float16: {start: -2}}",
        "'start' is no time or factor below 0",
        None,
    ),
    (
        "constants: {from: fitted, source: x y, float16: {cached: 0}}",
        "'cached' is a factor: at least 1e-06",
        None,
    ),
    (
        "constants: {from: fitted, source: x y, float16: {start: .inf}}",
        "'start' must be a number, not '.inf'",
        None,
    ),
    ("errors: 3", "'errors' must be a list, not '3'", None),
    ("errors: [{mode: graph}]", "an error needs 'dtype'", None),
    (
        "errors: [{mode: graph, dtype: int8, batch: [9, 1], error: 0, networks: 1, source: sheet}]",
        "'batch' rises: [1, 9]",
        None,
    ),
    (
        "errors: [{mode: graph, dtype: int8, batch: [1, 2, 3], error: 0, networks: 1, source: sheet}]",
        "'batch' is one number, or two: [1, 64]",
        None,
    ),
    (
        "errors: [{mode: graph, dtype: int8, batch: 1, error: -1, networks: 1, source: sheet}]",
        "'error' is a fraction, not below 0",
        None,
    ),
    (
        "errors: [{mode: graph, dtype: int8, batch: 1, error: 0, networks: 0, source: sheet}]",
        "'networks' must be a whole number from 1, not '0'",
        None,
    ),
]


@pytest.mark.parametrize(("line", "fact", "hint"), WRONG)
def test_what_is_wrong_is_said_with_its_place(tmp_path, line, fact, hint):
    key = line.partition(":")[0]
    kept = [old for old in (HEAD + PEAKS).splitlines() if old.partition(":")[0] != key]
    path = write(tmp_path / "wrong.yaml", "\n".join([*kept, line]))
    with pytest.raises(ArchcalcError) as caught:
        read_device(path)
    error = each_of(caught.value)[0]
    assert error.place.line == len(kept)
    assert fact is None or error.fact == fact
    assert hint is None or error.hint == hint


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    path = write(tmp_path / "wrong.yaml", "kind: gpus\nclock: {value: 2, from: measured, source: x y}\n")
    with pytest.raises(ArchcalcError) as caught:
        read_device(path)
    facts = [error.fact for error in each_of(caught.value)]
    assert [fact for fact in facts if "needs" in fact] == [
        f"a device needs '{key}'" for key in ("title", "bandwidth", "peaks")
    ]
    assert len(facts) == 5


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "is empty"),
        ("- 1", "a device must be a mapping, not a list"),
        ("a: &a [1]\nb: *c", r"\*c is not defined above"),
        ("title: !!python/name:os.system x", "tags such as"),
        ("a: 1\n---\nb: 2", "a second document starts"),
        ("sources: {" + ", ".join(f"s{n}: x" for n in range(11_000)) + "}", "more than 10,000 values"),
        (
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "\n".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"
                for old, new in zip("abcdefg", "bcdefgh", strict=True)
            ),
            "values once aliases are written out",
        ),
        ("x: " + "[" * 200, "nested more than 100 deep"),
        ("title: a\0b", "binary file"),
    ],
)
def test_hostile_files_are_refused(tmp_path, text, fact):
    with pytest.raises(ArchcalcError, match=fact):
        read_device(write(tmp_path / "hostile.yaml", text))


def test_a_large_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHCALC_MAX_FILE_BYTES", "100")
    with pytest.raises(ArchcalcError, match="is larger than 100 bytes"):
        read_device(write(tmp_path / "large.yaml", HEAD + PEAKS))


def test_a_folder_is_no_device(tmp_path):
    (tmp_path / "odd.yaml").mkdir()
    with pytest.raises(ArchcalcError):
        read_device(tmp_path / "odd.yaml")


@pytest.mark.parametrize(
    ("text", "units", "value"),
    [
        ("989.4 TFLOP/s", WORK_RATES, 989_400_000_000_000),
        ("242TOPS", WORK_RATES, 242 * 10**12),
        ("1 PFLOP/s", WORK_RATES, 10**15),
        ("3.35 TB/s", BYTE_RATES, 3_350_000_000_000),
        ("1 KiB/s", BYTE_RATES, 1024),
        ("1,024 MB/s", BYTE_RATES, 1_024_000_000),
        ("216 MHz", FREQUENCIES, 216_000_000),
        ("1.5 kW", POWERS, 1500),
        ("5ms", MICROSECONDS, 5000),
        ("5 µs", MICROSECONDS, 5),
        ("2s", MICROSECONDS, 2_000_000),
        ("7", MICROSECONDS, 7),
    ],
)
def test_measures(text, units, value):
    assert measure(text, units) == value


@pytest.mark.parametrize(
    ("text", "units", "hint"),
    [
        ("3 Tb/s", BYTE_RATES, "did you mean TB/s?"),
        ("3 Tflop/s", WORK_RATES, "did you mean TFLOP/s?"),
        ("3", POWERS, "the units are mW, W, kW"),
        ("-3 W", POWERS, None),
        ("nan", MICROSECONDS, None),
        ("1e3 Hz", FREQUENCIES, None),
        ("1" * 200, MICROSECONDS, None),
    ],
)
def test_what_is_no_measure(text, units, hint):
    with pytest.raises(ArchcalcError, match="is no quantity such as") as caught:
        measure(text, units)
    assert caught.value.hint == hint
