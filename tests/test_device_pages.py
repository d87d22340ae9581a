"""What `devices` shows, what the schema of a device's file accepts, and memory that is that of a device."""

from __future__ import annotations

import csv
import io
import json

import pytest
from jsonschema import Draft202012Validator
from known import read_yaml

from archcalc.formats.devices import OWN, list_devices, read_device
from archcalc.formats.language.device_schema import device_schema

MINE = """title: Mine, of 1 MiB
kind: gpu
sources: {note: "a note, page 1"}
bandwidth: {value: 1 TB/s, from: measured, source: note}
memory: {value: 1 MiB, from: measured, source: note}
power: {value: 500 mW, from: assumed, source: note}
peaks: {float16: {value: 1.5 TFLOP/s, from: assumed, source: note}}
constants: {from: fitted, source: note, float16: {start: 1.9, split: 1.0e-9}}
errors:
  - {mode: graph, dtype: float16, batch: [1, 64], error: 0.081, networks: 40, source: note}
  - {mode: eager, dtype: float16, batch: 1, error: 0.2, networks: 3, source: note}
"""
VALIDATOR = Draft202012Validator(device_schema())


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Return a device of somebody's own, and call two more so that archcalc has, too."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "archcalc" / "devices"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(MINE)
    (folder / "t4.yaml").write_text(MINE)
    (folder / "theirs.yaml").write_text(MINE[: MINE.index("constants")] + "constants: mine\n")
    return folder / "mine.yaml"


def rows(run, *line):
    return json.loads(run("devices", *line, "--format", "json").out)["rows"]


def test_the_list_has_a_row_a_device_with_exact_numbers(run, mine):
    listed = {row["device"]: row for row in rows(run)}
    assert list(listed) == list_devices()
    assert listed["mine"]["peak.float16"] == 1_500_000_000_000
    assert listed["mine"]["file"] == str(mine)
    assert (listed["h100"]["bandwidth"], listed["h100"]["file"]) == (
        3_350_000_000_000,
        "archcalc/data/devices/h100.yaml",
    )
    assert (listed["apple_m4"]["memory_bytes"], listed["t4"]["peak.tf32"]) == (None, None)
    assert listed["t4"]["title"] == "Mine, of 1 MiB"


def test_a_file_that_is_wrong_is_told_and_the_others_are_listed(run, mine):
    mine.write_text("kind: gpu")
    outcome = run("devices")
    assert outcome.status == 0
    assert "a device needs 'title'" in outcome.err
    assert "h100" in outcome.out
    assert "\nmine" not in outcome.out


def test_one_device_is_shown_with_every_source(run, mine):
    found = {(row["value"], row["dtype"]): row for row in rows(run, "mine")}
    peak = {"amount": 1_500_000_000_000, "amount_unit": "operations/s", "origin": "assumed"}
    assert peak.items() <= found["peak", "float16"].items()
    assert found["power", None]["amount"] == 0.5
    assert found["power", None]["amount_unit"] == "W"
    assert found["split", "float16"]["amount"] == 1e-9
    assert {row["source"] for row in found.values() if row["value"] != "mean error"} == {"a note, page 1"}


def test_errors_say_what_they_are_about(run, mine):
    document = json.loads(run("devices", "mine", "--format", "json").out)
    assert document["errors"][0] == {
        "mode": "graph",
        "dtype": "float16",
        "batch": [1, 64],
        "error": 0.081,
        "networks": 40,
        "source": "a note, page 1",
    }
    sources = [row["source"] for row in document["rows"] if row["value"] == "mean error"]
    assert sources == [
        "graph mode, batch 1 to 64, 40 networks: a note, page 1",
        "eager mode, batch 1, 3 networks: a note, page 1",
    ]
    assert "8.1%" in run("devices", "mine").out


def test_borrowed_constants_say_whose_they_are(run, mine):
    origins = {row["value"]: row["origin"] for row in rows(run, "theirs")}
    assert origins["start"] == "fitted on mine"
    document = json.loads(run("devices", "theirs", "--format", "json").out)
    assert document["device"]["constants_from"] == "mine"


def test_a_path_shows_a_device_without_a_name(run, tmp_path):
    (tmp_path / "any.yaml").write_text(MINE)
    assert "Mine, of 1 MiB" in run("devices", str(tmp_path / "any.yaml")).out


@pytest.mark.parametrize("form", ["table", "markdown", "latex", "html", "tsv"])
@pytest.mark.parametrize("line", [[], ["h100"]])
def test_every_format_has_it(run, form, line):
    outcome = run("devices", *line, "--format", form)
    assert (outcome.status, outcome.err) == (0, "")
    assert "H100" in outcome.out


def test_csv_has_raw_numbers(run):
    table = list(csv.DictReader(io.StringIO(run("devices", "h200", "--format", "csv").out)))
    assert [row["amount"] for row in table if row["value"] == "bandwidth"] == ["4800000000000"]


def test_which_of_two_is_meant_is_told(run, mine):
    outcome = run("devices", "T4")
    assert "Mine, of 1 MiB" in outcome.out
    first = mine.with_name("t4.yaml")
    assert outcome.err == f"note: 'T4' is the device in {first}; left aside: archcalc/data/devices/t4.yaml\n"


def test_a_name_that_nobody_has_is_the_calls_mistake(run):
    outcome = run("devices", "a100")
    assert (outcome.status, outcome.out) == (2, "")
    assert "there is no device called 'a100'" in outcome.err
    assert "did you mean a100_40 or a100_80?" in outcome.err


@pytest.mark.parametrize(
    "text", [path.read_text(encoding="utf-8") for path in sorted(OWN.glob("*.yaml"))] + [MINE]
)
def test_the_schema_accepts_what_the_reader_does(text):
    Draft202012Validator.check_schema(device_schema())
    assert [error.message for error in VALIDATOR.iter_errors(read_yaml(text))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Mine, of 1 MiB\n", ""),
        ("kind: gpu", "kind: tpu"),
        ("power:", "might:"),
        ("from: measured, source: note}\npower", "source: note}\npower"),
        ("float16: {value", "fp16: {value"),
        ("start: 1.9", "Floor: 1.9"),
        ("batch: [1, 64]", "batch: [1, 2, 3]"),
        ("error: 0.081", "error: -1"),
        ("networks: 40, ", ""),
    ],
)
def test_the_schema_refuses_what_the_reader_does(run, tmp_path, old, new):
    text = MINE.replace(old, new)
    assert text != MINE
    (tmp_path / "wrong.yaml").write_text(text)
    assert run("devices", str(tmp_path / "wrong.yaml")).status == 2
    assert not VALIDATOR.is_valid(read_yaml(text))


def test_the_memory_of_a_device_is_a_limit(run):
    """As its bytes are that somebody writes, and with where they are from."""
    bytes_ = round(read_device("h100").memory.value)
    named = run("fit", "lenet5", "--memory", "h100", "--format", "json")
    written = run("fit", "lenet5", "--memory", f"{bytes_}B", "--format", "json")
    assert named.out == written.out
    assert named.err.startswith("note: h100 has 79.2 GiB of memory, measured: ")
    assert written.err == ""


@pytest.mark.parametrize(
    ("option", "figure", "bound"),
    [("--ram", "deployed.arena_bytes", 320 * 1024), ("--flash", "deployed.weight_bytes", 1024**2)],
)
def test_a_small_device_has_ram_and_flash(run, option, figure, bound):
    found = json.loads(run("fit", "lenet5", "--dtype", "int8", option, "cortex_m7", "--format", "json").out)
    assert [(row["figure"], row["limit"]) for row in found["rows"]] == [(figure, bound)]


def test_a_device_of_ones_own_is_a_limit_by_path(run, tmp_path):
    (tmp_path / "any.yaml").write_text(MINE)
    rows = json.loads(run("fit", "lenet5", "--memory", str(tmp_path / "any.yaml"), "--format", "json").out)[
        "rows"
    ]
    assert rows[0]["limit"] == 1024**2


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        (
            "--memory a100",
            "'a100' is no size such as 24GiB, and there is no device called 'a100'; did you mean a100_40 or a100_80?",
        ),
        ("--memory apple_m4", "how much memory apple_m4 has is not known; write a size, such as 24GiB"),
        ("--flash h100", "how much flash h100 has is not known; write a size, such as 24GiB"),
    ],
)
def test_a_device_that_says_nothing_of_it_is_refused(run, line, fact):
    outcome = run("fit", "lenet5", *line.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert f"Invalid value for '{line.split()[0]}': {fact}" in outcome.err


def test_limits_that_are_written_out_stay_bytes(run):
    assert run("check", "lenet5", "--limit", "memory_bytes <= h100").status == 2
    assert "no quantity" in run("check", "lenet5", "--max-memory", "h100").err
