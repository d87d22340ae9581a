"""What --format json writes: one schema for all commands, one set of rules, and fields that keep their meaning.

`report-2` holds version 2: its schema, and what some commands answered. Until the first release `pytest --update-golden`
writes both anew; from then on a field that goes away or changes its meaning asks for a version 3 beside it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import COMMANDS
from jsonschema import Draft202012Validator

from archcalc.analysis.figures import FIGURES, column_keys
from archcalc.sheet import kinds
from archcalc.sheet.json import SCHEMA as NAME
from archcalc.sheet.numbers import write_bytes
from archcalc.sheet.sheet import Kind
from archcalc.views import schemas

FOLDER = Path(__file__).parent / "report-2"
SCHEMA = schemas.report_schema()
FROZEN = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))

LINES = [
    "quiz lenet5 --seed 1",
    "quiz --seed 2 --answers",
    "show lenet5",
    "show googlenet --train --depth 1",
    "show lenet5 --by op",
    "show shufflenet_v2_x0_5 --columns layer,im2col,field",
    "show nin_cifar10 --batch 2 --dtype float16",
    "tree resnet18",
    "params lenet5_1998",
    "params lenet5_1998 --formula",
    "params shufflenet_v2_x0_5 --per-layer",
    "params shufflenet_v2_x0_5 --split",
    "params lenet5_1998 --split --per-layer",
    "params densenet121 --fold-batchnorm",
    "flops alexnet_two_gpus",
    "flops alexnet_two_gpus --per-layer",
    "flops googlenet --train",
    "flops googlenet --train --per-layer",
    "memory squeezenet1_0",
    "memory lenet5 --timeline",
    "memory squeezenet1_0 --train --optimizer adam",
    "memory squeezenet1_0 --per-layer",
    "memory squeezenet1_0 --train --per-layer --checkpoint auto",
    "show lenet5 --columns layer,train.requested_bytes,train.kept_share",
    "latency squeezenet1_0 --device h100 --dtype float16",
    "latency squeezenet1_0 --device h100 --mode eager --depth 1",
    "show lenet5 --device rpi5 --columns layer,time_us,bound_by,time_us@h100",
    "rf googlenet",
    "rf lenet5",
    "explain alexnet conv1",
    "explain alexnet relu1",
    "explain alexnet fc6",
    "explain alexnet dropout1 --train --batch 2 --optimizer adam",
    "explain googlenet conv1 --checkpoint blocks",
    "explain vit_b_16 encoder1.layer1.attention.attention1.mixed --train --dtype amp-float16",
    "latency lenet5 --device h100 --roofline",
    "explain lenet5 c1 --device h100 --mode eager",
    "explain lenet5 flatten1 --device h100",
    "explain resnet18 conv2_x",
    "explain lenet5",
    "explain googlenet",
    "explain (227+2*0-11)/4+1",
    "explain 7*(1/2)",
    'explain {"conv":{"out":1,"kernel":2}} --on [[1,2],[3,4]] --weights [[1,0],[0,1]] --flip',
    'explain {"maxpool":{"kernel":2,"padding":1}} --on [[1,2],[3,4]]',
    'explain {"softmax":} --on [1,2.5]',
    'explain {"conv":{"out":1,"kernel":2}} --on [[1,2],[3,4]] --weights [[1,0],[0,1]] --im2col',
    "explain alexnet_two_gpus conv2 --im2col",
    "size 224 --kernel 11 --stride 4",
    "size 14 --kernel 5 --output 14",
    "size 14 --kernel 5 --output 15",
    "size --kernel 11 --stride 4 --output 55",
    "size --network alexnet --smallest",
    "fit lenet5 --memory 1MiB",
    "fit lenet5 --memory 1KiB",
    "fit vit_b_16 --limit macs<=100G --vary input",
    "size --network resnet18 --smallest",
    "check lenet5",
    "check alexnet --max-params 5M --max-memory 64MiB --limit depth>=8",
    "compare 3x3x3 7x7",
    "compare 5x5-48 1x1-16,5x5-48 --channels 480 --input 14x14",
    "compare lenet5 alexnet",
    "compare resnet18 resnet34 resnet50",
    "compare lenet5 --input 1x32x32 1x64x64",
    "compare lenet5 3x3",
    "compare lenet5 alexnet --device rpi5",
    "check lenet5 --limit time_us@rpi5<=5ms",
    "reconcile mobilenet_v2",
    "reconcile lenet5 --tool thop",
    "reconcile lenet5 --tool thop --tool fvcore",
    "verify lenet5",
    "verify lenet5 --layer c1",
    "list",
    "ops",
    "ops conv",
    "ops relu",
    "devices",
    "devices h100",
    "devices cortex_m7",
    "calibrate --force",
]


WRITTEN = {}
"""What each line wrote when it was first run."""


FRAME = ("schema", "command", "network", "conditions", "rows", "totals", "notes")
"""What every document has, in this order; what else one says stands between conditions and rows."""
SENTENCES = (
    "answer",
    "question",
    "claimed",
    "does",
    "error_source",
    "errors",
    "help",
    "made_of",
    "meaning",
    "numbers",
    "notes",
    "reason",
    "rule",
    "sum",
)
SENTENCES += ("nothing", "arithmetic", "array", "made", "trial", "turned", "why")
SENTENCES += ("documentation", "example", "formula", "source", "title", "symbols", "settings", "legend")
"""Fields that hold prose, arithmetic or a spec's own words, where a comma is a comma."""


@pytest.fixture(autouse=True, scope="module")
def version(request):
    """Write version 2 anew where that is asked for."""
    if request.config.getoption("--update-golden"):
        FROZEN.clear()
        FROZEN.update(SCHEMA)
        save("schema", SCHEMA)


def save(name, document):
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


@pytest.fixture
def document(run, request):
    """Return a function that runs a line and reads the JSON that it writes, as strict readers do."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    def written(line):
        if line not in WRITTEN:
            if line == "list":
                request.getfixturevalue("few_of_ours")
            if line.startswith("calibrate"):
                request.getfixturevalue("few")
            own = request.getfixturevalue("tmp_path")
            WRITTEN[line] = run(*line.split(), "--format", "json", XDG_CONFIG_HOME=own).out
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
    """Return what a schema says against a document; of the pages in it, those of the document's command are asked."""
    pages = [
        page for page in schema["oneOf"] if page["properties"]["command"]["const"] == data.get("command")
    ]
    found = Draft202012Validator(schema | {"oneOf": pages or schema["oneOf"]}).iter_errors(data)
    return [f"{error.json_path}: {error.message}" for whole in found for error in whole.context or [whole]]


@pytest.mark.parametrize("schema", [SCHEMA, *([] if FROZEN == SCHEMA else [FROZEN])])
def test_it_is_a_schema_of_draft_2020_12(schema):
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == "archcalc-report/2"


@pytest.mark.parametrize("line", LINES)
def test_the_schema_names_every_field_and_the_frozen_one_accepts_it(document, line):
    data = document(line)
    assert (data["schema"], data["command"]) == (NAME, line.split()[0])
    assert complaints(CLOSED, data) == []
    assert FROZEN == SCHEMA or complaints(FROZEN, data) == []  # what the closed one accepts the open one does


@pytest.mark.parametrize("line", LINES)
def test_every_document_has_the_same_frame(document, line):
    data = document(line)
    first, last = FRAME[: FRAME.index("rows")], FRAME[FRAME.index("rows") :]
    assert (tuple(data)[: len(first)], tuple(data)[-len(last) :]) == (first, last)
    assert isinstance(data["notes"], list)
    assert all(list(row) == list(data["rows"][0]) for row in data["rows"])


def leaves(data, key=""):
    """Yield every value that is no list and no object, with the name of the field that it stands in."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield "", name
            yield from leaves(value, name)
    elif isinstance(data, list):
        for value in data:
            yield from leaves(value, key)
    else:
        yield key, data


@pytest.mark.parametrize("line", LINES)
def test_what_is_absent_is_null_and_several_things_are_a_list(document, line):
    """A name, a word or a number stands by itself: nothing is "", and no text is several with commas between them."""
    texts = [(key, value) for key, value in leaves(document(line)) if isinstance(value, str)]
    assert [(key, value) for key, value in texts if not value] == []
    assert [(key, value) for key, value in texts if ", " in value and key not in SENTENCES] == []


MERGES = """\
name: merges
input: {left: 3x8x8, right: 5x8x8}
layers:
  - concat: {name: both, from: [left, right]}
  - conv: {name: c, out: 4, kernel: 3, stride: 2, padding: 1}
  - add: [[], [{conv: {out: 4, kernel: 1}}]]
  - multiply: [[], [global_avgpool, {conv: {out: 4, kernel: 1}}, sigmoid]]
"""


def test_a_layer_says_all_its_inputs_and_a_field_has_one_type(run):
    data = json.loads(run("show", "-", "--format", "json", stdin=MERGES).out)
    assert data["conditions"]["inputs"] == [
        {"name": "left", "shape": [3, 8, 8]},
        {"name": "right", "shape": [5, 8, 8]},
    ]
    rows = {row["layer"]: row for row in data["rows"]}
    assert (rows["left"]["from"], rows["left"]["inputs"]) == ([], [])
    both = rows["both"]
    assert (both["from"], both["inputs"]) == (["left", "right"], [[3, 8, 8], [5, 8, 8]])
    assert (both["im2col"], rows["c"]["im2col"]) == (None, [16, 72])
    assert (rows["c"]["rounded"], rows["c"]["jump"]) == (["4.5 → 4"], [2, 2])
    assert {key: rows["c"][key] for key in ("field", "field_whole")} == {
        "field": [3, 3],
        "field_whole": False,
    }
    last = data["rows"][-1]
    assert {key: last[key] for key in last if "field" in key or "gateless" in key} == {
        "field": None,
        "field_whole": True,
        "gateless": [3, 3],
        "gateless_whole": False,
    }


@pytest.mark.parametrize(
    "line", ["memory vgg16", "memory vgg16 --train --optimizer adam", "memory lenet5_1998"]
)
def test_memory_tells_machines_all_that_it_tells_people(run, document, line):
    data, text = document(line), run(*line.split()).out
    inference, training = data["inference"], data["training"]
    whole = training["peak_bytes"] if training else inference["memory_bytes"]
    kept = [training[key] for key in ("kept_bytes", "gradients_bytes", "reserved_bytes")] if training else []
    shown = [whole, inference["in_place_bytes"], data["totals"]["activation_bytes"], *kept]
    unfolded = None if training else inference["im2col"]
    shown += [unfolded["bytes"]] if unfolded else []
    assert [write_bytes(number) for number in shown if write_bytes(number) not in text] == []
    assert whole == sum(row["bytes"] for row in data["rows"])
    assert [name for name in (unfolded or {"layer": ""})["layer"].split() if name not in text] == []
    assert (training is None) == ("--train" not in line)
    assert inference["peak_at"] in text or training


def test_memory_says_where_the_most_is_alive(document):
    """LeNet-5: relu1 reads and writes 6·28·28 numbers, 2·4,704·4 bytes beside the 246,824 of all weights.

    In place maxpool1 has most: it reads 4,704 and writes 6·14·14, 5,880·4 bytes together.
    """
    assert document("memory lenet5")["inference"] == {
        "peak_bytes": 37_632,
        "peak_at": "relu1",
        "arena_bytes": 37_632,
        "deployed": {
            "weight_bytes": 246_824,
            "peak_bytes": 23_520,
            "peak_at": "maxpool1",
            "arena_bytes": 23_520,
        },
        "memory_bytes": 284_456,
        "in_place_bytes": document("memory lenet5 --per-layer")["inference"]["in_place_bytes"],
        "im2col": {"layer": "c1", "rows": 784, "columns": 25, "bytes": 78_400},
    }


def commands(schema):
    names = [page["properties"]["command"]["const"] for page in schema["oneOf"]]
    assert len(set(names)) == len(names)
    return set(names)


def test_every_command_with_a_format_is_in_it_and_every_page_is_written_above():
    with_format = {
        name for name, command in COMMANDS.items() if "form" in {option.name for option in command.params}
    }
    assert commands(SCHEMA) == with_format == {line.split()[0] for line in LINES}


def test_every_page_of_every_command_is_written_by_a_line_above(document):
    written = [(line, document(line)) for line in LINES]
    for command in CLOSED["oneOf"]:
        name = command["properties"]["command"]["const"]
        for page in command["anyOf"]:
            if "measured_us" in page["properties"]["rows"]["items"].get("properties", {}):
                continue  # which runs a network: test_measure has it
            validator = Draft202012Validator(page | {"$defs": SCHEMA["$defs"]})
            assert any(validator.is_valid(data) for line, data in written if line.split()[0] == name)


def test_it_says_of_every_column_what_its_help_says():
    row = SCHEMA["$defs"]["layer"]["properties"]
    assert {key: row[key]["description"] for key in column_keys()} == {
        key: FIGURES[key].help for key in column_keys()
    }
    assert set(row) - set(column_keys()) == {"field_whole", "gateless_whole"}


def test_every_cell_of_every_page_says_what_it_is():
    pages = [page for command in SCHEMA["oneOf"] for page in command["anyOf"]]
    rows = [page["properties"]["rows"]["items"] for page in pages]
    cells = [cell for row in rows for cell in row.get("properties", {}).values()]
    assert len(cells) > len(pages)
    assert all(cell["description"] for cell in cells)


WRONG = [
    # what is done to the document of `show lenet5`
    lambda data: data.pop("schema"),
    lambda data: data.update(schema="archcalc-report/1"),
    lambda data: data.pop("command"),
    lambda data: data.update(command="shwo"),
    lambda data: data.update(command="list"),  # a document of another command
    lambda data: data.pop("totals"),
    lambda data: data["totals"].pop("params"),
    lambda data: data["totals"].update(params="61706"),
    lambda data: data["totals"].pop("additions"),
    lambda data: data.pop("conditions"),
    lambda data: data["conditions"].update(dtype="float12"),
    lambda data: data["conditions"].update(inputs="1x32x32"),
    lambda data: data["conditions"].pop("rounding"),
    lambda data: data.update(network="lenet5"),
    lambda data: data.update(notes=None),
    lambda data: data["rows"][1].update(params=1.5),
    lambda data: data["rows"][1].update(params_share=1.5),
    lambda data: data["rows"][1].update(output="6x28x28"),
    lambda data: data["rows"][1].update(output=""),
    lambda data: data["rows"][1].update(field="whole"),
    lambda data: data["rows"][1].update(field=5),
    lambda data: data["rows"][1].update(field_whole="no"),
    lambda data: data["rows"][1].update({"from": "input, c1"}),
    lambda data: data["rows"][1].update(inputs=[1, 32, 32]),
    lambda data: data["rows"][1].update(settings=[]),
    lambda data: data["rows"][1].update(layer=1),
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


def test_every_field_of_version_2_is_there_with_its_type_and_its_unit():
    assert holds(SCHEMA, FROZEN)


CHANGES = [
    # what is done to today's schema, and whether version 2 still holds
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
"""What was asked when version 2 was made, by the name of its file."""
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
def test_a_field_of_version_2_means_what_it_meant(request, document, monkeypatch, name):
    monkeypatch.chdir(FOLDER)
    if request.config.getoption("--update-golden"):
        save(name, document(ANSWERS[name]))
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
