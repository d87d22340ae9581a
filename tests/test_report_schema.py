"""What --format json writes: one schema for all commands, and fields that keep their meaning.

`report-1` holds version 1 as it was when it was made: its schema, and what some commands answered. Neither is ever
written anew; a field that goes away or changes its meaning asks for a version 2 beside it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from archcalc.analysis.figures import FIGURES, column_keys
from archcalc.commands.cli import cli
from archcalc.sheet import kinds
from archcalc.sheet.json import SCHEMA as NAME
from archcalc.sheet.sheet import Kind
from archcalc.views import schemas

FOLDER = Path(__file__).parent / "report-1"
SCHEMA = schemas.report_schema()
FROZEN = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))

LINES = [
    "show lenet5",
    "show googlenet --train --depth 1",
    "show shufflenet_v2_x0_5 --columns layer,im2col,field",
    "show efficientnet_b0 --batch 2 --dtype float16",
    "tree resnet18",
    "params lenet5_1998",
    "params lenet5_1998 --formula",
    "params shufflenet_v2_x0_5 --per-layer",
    "flops alexnet_two_gpus",
    "flops alexnet_two_gpus --per-layer",
    "memory squeezenet1_0",
    "memory squeezenet1_0 --train --optimizer adam",
    "memory squeezenet1_0 --per-layer",
    "rf googlenet",
    "rf lenet5",
    "explain alexnet conv1",
    "explain alexnet relu1",
    "explain resnet18 conv2_x",
    "explain lenet5",
    "explain (227+2*0-11)/4+1",
    "explain 7*(1/2)",
    "size 224 --kernel 11 --stride 4",
    "size 14 --kernel 5 --output 14",
    "size 14 --kernel 5 --output 15",
    "size --kernel 11 --stride 4 --output 55",
    "check lenet5",
    "check alexnet --max-params 5M --max-memory 64MiB",
    "compare 3x3x3 7x7",
    "compare 5x5-48 1x1-16,5x5-48 --channels 480 --input 14x14",
    "compare lenet5 alexnet",
    "compare resnet18 resnet34 resnet50",
    "compare lenet5 --input 1x32x32 1x64x64",
    "compare lenet5 3x3",
    "reconcile mobilenet_v2",
    "reconcile lenet5 --tool thop",
    "reconcile lenet5 --tool thop --tool fvcore",
    "verify lenet5",
    "verify lenet5 --layer c1",
    "list",
    "ops",
    "ops conv",
    "ops relu",
]


WRITTEN = {}
"""What each line wrote when it was first run."""


@pytest.fixture
def document(run):
    """Return a function that runs a line and reads the JSON that it writes, as strict readers do."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    def written(line):
        if line not in WRITTEN:
            WRITTEN[line] = run(*line.split(), "--format", "json").out
        return json.loads(WRITTEN[line], parse_constant=refuse)

    return written


def closed(schema):
    """Return a schema that refuses every field that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if "properties" in found and "type" in found:
        found.setdefault("additionalProperties", False)
    return found


CLOSED = closed(SCHEMA)


def complaints(schema, data):
    found = Draft202012Validator(schema).iter_errors(data)
    return [f"{error.json_path}: {error.message}" for whole in found for error in whole.context or [whole]]


@pytest.mark.parametrize("schema", [SCHEMA, FROZEN], ids=["today", "frozen"])
def test_it_is_a_schema_of_draft_2020_12(schema):
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == "archcalc-report/1"


@pytest.mark.parametrize("line", LINES)
def test_the_schema_names_every_field_and_the_frozen_one_accepts_it(document, line):
    data = document(line)
    assert (data["schema"], data["command"]) == (NAME, line.split()[0])
    assert complaints(CLOSED, data) == []
    assert complaints(FROZEN, data) == []


def commands(schema):
    return {page["properties"]["command"]["const"] for page in schema["oneOf"]}


def test_every_command_with_a_format_is_in_it_and_every_page_is_written_above():
    with_format = {
        name for name, command in cli.commands.items() if "form" in {option.name for option in command.params}
    }
    assert commands(SCHEMA) == with_format == {line.split()[0] for line in LINES}


def test_every_page_of_every_command_is_written_by_a_line_above(document):
    written = [(line, document(line)) for line in LINES]
    for command in CLOSED["oneOf"]:
        name = command["properties"]["command"]["const"]
        for page in command["anyOf"]:
            validator = Draft202012Validator(page | {"$defs": SCHEMA["$defs"]})
            assert any(validator.is_valid(data) for line, data in written if line.split()[0] == name)


def test_it_says_of_every_column_what_its_help_says():
    row = SCHEMA["$defs"]["layer"]["properties"]
    assert {key: cell["description"] for key, cell in row.items()} == {
        key: FIGURES[key].help for key in column_keys()
    }


def test_every_cell_of_every_page_says_what_it_is():
    pages = [page for command in SCHEMA["oneOf"] for page in command["anyOf"]]
    rows = [page["properties"]["rows"]["items"] for page in pages]
    cells = [cell for row in rows for cell in row.get("properties", {}).values()]
    assert len(cells) > len(pages)
    assert all(cell["description"] for cell in cells)


WRONG = [
    # what is done to the document of `show lenet5`
    lambda data: data.pop("schema"),
    lambda data: data.update(schema="archcalc-report/2"),
    lambda data: data.pop("command"),
    lambda data: data.update(command="shwo"),
    lambda data: data.update(command="list"),  # a document of another command
    lambda data: data.pop("totals"),
    lambda data: data["totals"].pop("params"),
    lambda data: data["totals"].update(params="61706"),
    lambda data: data["totals"]["work"].pop("additions"),
    lambda data: data.update(dtype="float12"),
    lambda data: data.update(input="1x32x32"),
    lambda data: data["rows"][1].update(params=1.5),
    lambda data: data["rows"][1].update(params_share=1.5),
    lambda data: data["rows"][1].update(output="6x28x28"),
    lambda data: data["rows"][1].update(field="hole"),
    lambda data: data["rows"][1].update(settings=[]),
    lambda data: data["rows"][1].update(layer=None),
]


@pytest.mark.parametrize("harm", WRONG)
def test_it_refuses_what_is_not_so(document, harm):
    data = document("show lenet5")
    harm(data)
    assert complaints(SCHEMA, data) != []


def holds(new, old):
    """Tell whether a schema still promises all that an older one did: words may change, and fields be added."""
    if isinstance(old, dict):
        kept = {key: value for key, value in old.items() if key != "description"}
        return isinstance(new, dict) and all(
            key in new and holds(new[key], value) for key, value in kept.items()
        )
    if isinstance(old, list):
        return isinstance(new, list) and all(any(holds(item, one) for item in new) for one in old)
    return bool(new == old and type(new) is type(old))


def test_every_field_of_version_1_is_there_with_its_type_and_its_unit():
    assert holds(SCHEMA, FROZEN)


CHANGES = [
    # what is done to today's schema, and whether version 1 still holds
    (lambda schema: schema["$defs"]["layer"]["properties"].pop("params"), False),
    (lambda schema: schema["$defs"]["bytes"]["anyOf"][0].update(unit="KiB"), False),
    (lambda schema: schema["$defs"]["count"]["anyOf"][0].update(type="number"), False),
    (lambda schema: schema["$defs"]["totals"]["required"].remove("macs"), False),
    (lambda schema: schema["oneOf"].pop(0), False),
    (lambda schema: schema["$defs"]["layer"]["properties"]["alive"].update({"$ref": "#/$defs/count"}), False),
    (lambda schema: schema["$defs"]["layer"]["properties"].update(new={"type": "string"}), True),
    (lambda schema: schema["$defs"]["layer"]["properties"]["params"].update(description="other words"), True),
    (lambda schema: schema["oneOf"].append({"properties": {"command": {"const": "new"}}}), True),
]


@pytest.mark.parametrize(("change", "still"), CHANGES)
def test_the_test_before_can_fail(change, still):
    changed = json.loads(json.dumps(SCHEMA))
    change(changed)
    assert holds(changed, FROZEN) == still


ANSWERS = {
    "show": "show net.yaml",
    "tree": "tree net.yaml",
    "rf": "rf net.yaml",
    "params": "params net.yaml",
    "formula": "params net.yaml --formula",
    "flops": "flops net.yaml",
    "memory": "memory net.yaml --train --optimizer adam",
    "per-layer": "memory net.yaml --per-layer --batch 2",
    "layer": "explain net.yaml conv1",
    "size": "size 224 --kernel 11 --stride 4",
    "check": "check net.yaml --max-macs 500",
    "stacks": "compare 3x3x3 7x7 --channels 8 --input 4x4",
    "networks": "compare net.yaml net.yaml --input 1x8x8 1x10x10",
}
"""What was asked when version 1 was made, by the name of its file."""
WORDS = {"description", "meaning", "notes"}
"""Fields for people, whose wording is free."""


def means(new, old):
    """Tell whether a document still says all that an older one said."""
    if isinstance(old, dict):
        kept = {key: value for key, value in old.items() if key not in WORDS}
        return isinstance(new, dict) and all(
            key in new and means(new[key], value) for key, value in kept.items()
        )
    if isinstance(old, list):
        return isinstance(new, list) and len(new) == len(old) and all(map(means, new, old))
    return bool(new == old)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_field_of_version_1_means_what_it_meant(document, monkeypatch, name):
    monkeypatch.chdir(FOLDER)
    old = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert complaints(FROZEN, old) == []
    assert means(document(ANSWERS[name]), old)


def test_no_frozen_file_is_left_over():
    assert {path.stem for path in FOLDER.glob("*.json")} == {*ANSWERS, "schema"}


def test_the_frozen_network_has_the_parameters_of_the_arithmetic_by_hand():
    assert json.loads((FOLDER / "show.json").read_text(encoding="utf-8"))["totals"]["params"] == 119


def test_every_kind_of_cell_has_a_schema():
    made = [value for value in vars(kinds).values() if isinstance(value, Kind)]
    assert made == list(kinds.KINDS)
    assert {kind.name for kind in made} <= schemas.report_schema()["$defs"].keys()
