"""The JSON Schema says what the program says: it accepts every good spec and rejects typical mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from known import read_yaml

import archcalc
from archcalc.formats.language.starter import starter
from archcalc.ground.errors import ArchcalcError

ROOT = Path(__file__).parents[1]
SPECS = sorted((ROOT / "specs").glob("*.yaml"))
SCHEMA = archcalc.spec_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
OPS = {kind: op for kind, op in archcalc.REGISTRY.items() if kind != "input"}


def complaints(text):
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(read_yaml(text))]


def refused(network, text):
    """Tell whether the program itself refuses a spec."""
    try:
        archcalc.analyze(network(text))
    except ArchcalcError:
        return True
    return False


@pytest.mark.slow
def test_it_is_a_schema_of_draft_2020_12():
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec_here_satisfies_it(path):
    assert complaints(path.read_text(encoding="utf-8")) == []


def test_the_starter_satisfies_it():
    assert complaints(starter("mynet")) == []


@pytest.mark.parametrize("kind", OPS)
def test_every_op_is_in_it_and_its_example_satisfies_it(kind):
    given = dict(OPS[kind].example[1])
    layer = kind if OPS[kind].traits.takes[1] is None else {kind: given}
    assert list(VALIDATOR.iter_errors({"input": "1x4x4", "layers": [layer]})) == []
    described = SCHEMA["$defs"]["layer"]["anyOf"][1]["properties"][kind]
    assert described["description"]
    settings = described["anyOf"][0]["properties"]
    assert set(OPS[kind].declared) <= set(settings)
    assert all(settings[name]["description"] for name in OPS[kind].declared)


@pytest.mark.parametrize("kind", OPS)
def test_a_default_satisfies_its_own_setting(kind):
    settings = SCHEMA["$defs"]["layer"]["anyOf"][1]["properties"][kind]["anyOf"][0]["properties"]
    for setting in settings.values():
        if "default" in setting:
            assert Draft202012Validator(setting).is_valid(setting["default"])


GOOD = """\
parameters: {width: 8, deep: true}
input: 3x16x16
layers:
  - conv: {out: 4, kernel: 3}
"""


@pytest.mark.parametrize(
    "layer",
    [
        "relu",
        "{relu: }",
        "{relu: {}}",
        "{relu: {name: r}}",
        "flatten\n  - {linear: 5}",
        "flatten\n  - {linear: width * 2}",
        "{maxpool: 2}",
        "{maxpool: 2x3}",
        "{maxpool: [2, 3]}",
        "{maxpool: {kernel: 3, stride: 2, padding: 1, rounding: ceil}}",
        "{conv: {out: width, kernel: 3}}",
        "{conv: {out: 4, kernel: [3, width // 4]}}",
        "{conv: {out: 4, kernel: 3, padding: same}}",
        "{conv: {out: 4, kernel: 3, padding: valid}}",
        "{conv: {out: 4, kernel: 3, padding: [1, 2]}}",
        "{conv: {out: 4, kernel: 3, padding: [[0, 1], [2, 0]]}}",
        "{conv: {out: 4, kernel: 3, padding: [1, width // 8]}}",
        "{conv: {out: 4, kernel: 3, bias: not deep, when: width > 4}}",
        "{conv: {out: 4.0, kernel: 3}}",
        "{dropout: 0.5}",
        "{dropout: width / 16}",
        "{add: [[relu], []]}",
        "{add: {branches: {residual: [relu], shortcut: []}, name: sum}}",
        "{concat: {from: [conv1, conv1]}}",
        "{repeat: {times: 2, index: i, layers: [relu]}}",
        "{repeat: {times: width // 4, name: stage, layers: [relu]}}",
        "{auxiliary: {name: head, weight: 0.3, layers: [flatten, linear: 2]}}",
        "{maxpool: {kernel: 2, name: pool-1_a}}",
    ],
)
def test_what_the_language_allows_is_accepted_by_both(network, layer):
    text = GOOD.replace("{out: 4, kernel: 3}", "{out: 4, kernel: 3}\n  - " + layer)
    assert not refused(network, text)
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("section", "before"),
    [
        ("parameters: ", "parameters: {width: 8, deep: true}"),
        ("input: [3, 16, 16]", "input: 3x16x16"),
        ("input: [3, width, width * 2]", "input: 3x16x16"),
        ("input: 3×16×16", "input: 3x16x16"),
        ("name: 7\ninput: 3x16x16", "input: 3x16x16"),
        ("title: 1998\ninput: 3x16x16", "input: 3x16x16"),
        ("rounding: strict\ninput: 3x16x16", "input: 3x16x16"),
        ("blocks:\ninput: 3x16x16", "input: 3x16x16"),
        ("expect: {params: 112, source: 4 filters}\ninput: 3x16x16", "input: 3x16x16"),
        ("expect: [{output: 4x14x14, source: 16 - 2}]\ninput: 3x16x16", "input: 3x16x16"),
        ("expect: {layers: {conv1: {params: 112}}, source: by hand}\ninput: 3x16x16", "input: 3x16x16"),
        ("expect: {claims: {params: 112 weights}, source: a note}\ninput: 3x16x16", "input: 3x16x16"),
        ("expect: {claims: {depth: 1, macs: 21K}, source: a note}\ninput: 3x16x16", "input: 3x16x16"),
        ("expect: {layers: {conv1: {claims: {field: 3}}}, source: a note}\ninput: 3x16x16", "input: 3x16x16"),
        ("budget: not (params > 5M or not macs<=1G) and depth >= 1\ninput: 3x16x16", "input: 3x16x16"),
        ("budget: [((depth<2)), not not peak_bytes < 1 MiB]\ninput: 3x16x16", "input: 3x16x16"),
    ],
)
def test_what_a_spec_may_say_of_itself_is_accepted_by_both(network, section, before):
    text = GOOD.replace(before, section)
    assert not refused(network, text)
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("kernel: 3", "kernal: 3"),  # a misspelt setting
        ("out: 4, ", ""),  # a required setting is missing
        ("{out: 4, kernel: 3}", ""),
        ("{out: 4, kernel: 3}", "4"),  # a convolution has no main setting
        ("out: 4", "out: [4]"),  # the wrong type
        ("out: 4", "out: 4.5"),
        ("out: 4", "out: 0"),
        ("out: 4", "out: true"),
        ("out: 4", "out: {a: 1}"),
        ("kernel: 3", "kernel: -3"),
        ("kernel: 3", "kernel: [1, 1, 1, 1, 1, 1, 1, 1, 1]"),
        ("kernel: 3", "kernel: 3, bias: 1"),
        ("kernel: 3", "kernel: 3, padding: -1"),
        ("kernel: 3", "kernel: 3, name: two words"),
        ("kernel: 3", "kernel: 3, when: 1"),
        ("conv:", "conv: {out: 4, kernel: 3}\n    relu:"),  # two ops in one layer
        ("- conv:", "- - conv:"),  # a list of lists
        ("input:", "inputs: 1\ninput:"),  # an unknown key at the top
        ("input:", "rounding: up\ninput:"),
        ("input:", "name: two words\ninput:"),
        ("input:", "blocks: {b: {layer: []}}\ninput:"),
        ("input:", "blocks: [b]\ninput:"),
        ("input:", "variants: {a: 3}\ninput:"),
        ("input:", "expect: {params: 112}\ninput:"),  # no source
        ("input:", "expect: {parms: 112, source: hand}\ninput:"),
        ("input:", "expect: {params: -1, source: hand}\ninput:"),
        ("input:", "expect: {claims: {params: many}, source: hand}\ninput:"),
        ("input:", "expect: {claims: {parms: 5M}, source: hand}\ninput:"),
        ("input:", "expect: {claims: {output: [0]}, source: hand}\ninput:"),
        ("input:", "expect: {claims: [5M], source: hand}\ninput:"),
        ("input:", "expect: {claims: {params: 5M}}\ninput:"),  # no source
        ("input: 3x16x16", "input: {image: {channels: 3}}"),
        ("input: 3x16x16", "input: [3, 0, 4]"),
        ("input: 3x16x16\n", ""),
        ("layers:", "layer:"),
        ("layers:\n  - conv: {out: 4, kernel: 3}", "layers: {conv: {out: 4, kernel: 3}}"),
        ("- conv: {out: 4, kernel: 3}", "- repeat: {layers: [relu]}"),
        ("- conv: {out: 4, kernel: 3}", "- repeat: {times: -1, layers: [relu]}"),
        ("- conv: {out: 4, kernel: 3}", "- repeat: {times: 2, layer: [relu]}"),
        ("- conv: {out: 4, kernel: 3}", "- auxiliary: {name: head}"),
        ("- conv: {out: 4, kernel: 3}", "- maxpool: {kernel: 2, rounding: 3}"),
        ("- conv: {out: 4, kernel: 3}", "- relu: 3"),
        ("- conv: {out: 4, kernel: 3}", "- dropout: [1]"),
        ("- conv: {out: 4, kernel: 3}", "- 5"),
    ],
)
def test_a_typical_mistake_is_rejected_by_both(network, right, wrong):
    assert GOOD.count(right) == 1
    text = GOOD.replace(right, wrong)
    assert refused(network, text)
    assert complaints(text) != []


def test_a_document_that_is_no_mapping_is_rejected():
    assert complaints("[1, 2]") != []
    assert complaints("") != []


BEYOND = {
    "YAML's own": "a document that no reader of YAML accepts, or that says less once it is read",
    "a name": "whether something of that name exists, and where: a schema knows no names",
    "a shape": "what comes into a layer: a schema works nothing out",
    "an expression": "any text may be one; whether its names and its result suit is worked out later",
    "what goes together": "whether the settings of a layer contradict each other: what the schema says of each stands alone",
    "the call": "the spec is sound; what is asked of it is not",
}
"""What a JSON Schema cannot say."""
NOT_SAID = {
    "layers: a misspelt layer type": "a name",
    "layers: a misspelt layer type with a lone value": "a name",
    "layers: a layer type that is like none": "a name",
    "layers: a misspelt word out of many": "an expression",
    "layers: a misspelt word out of few": "an expression",
    "layers: a word where a number belongs": "an expression",
    "layers: a size that is none": "an expression",
    "layers: a padding that is none": "an expression",
    "layers: no in place of false": "an expression",
    "layers: a choice that does not exist": "an expression",
    "layers: an unknown name in an expression": "an expression",
    "layers: an unknown name in an expression, like none in scope": "an expression",
    "layers: a division by zero": "an expression",
    "layers: an item past the end of a list": "an expression",
    "layers: a condition that is neither true nor false": "an expression",
    "layers: a repeat that never ends": "an expression",
    "spec: an input that is no shape": "an expression",
    "spec: a parameter without a value": "the call",  # a variant or --set may give it
    "spec: a parameter from one further down": "an expression",
    "spec: a misspelt parameter on the command line": "the call",
    "spec: a parameter on the command line that is like none of the spec's": "the call",
    "spec: a parameter on the command line where the spec has none": "the call",
    "spec: a parameter without a value on the command line": "the call",
    "spec: a value on the command line that does not suit": "the call",
    "spec: a family without a variant": "the call",
    "spec: a misspelt variant": "the call",
    "spec: a variant of a spec that has none": "the call",
    "spec: a misspelt parameter in a variant": "a name",
    "spec: an expectation of a layer that does not exist": "a name",
    "spec: an expectation that is no whole number": "an expression",
    "wiring: two layers of one name": "a name",
    "wiring: a layer called input": "a name",
    "wiring: a misspelt source": "a name",
    "wiring: a source further down": "a name",
    "wiring: a block that starts from itself": "a name",
    "wiring: a layer in a block that starts from the block": "a name",
    "wiring: one source for a layer that takes two": "a shape",
    "wiring: several sources for a block": "a name",
    "wiring: a tie to nothing": "a name",
    "wiring: a tie of a layer that has no weights": "a shape",
    "wiring: a tie to weights of other shapes": "a shape",
    "wiring: a tie to itself": "a name",
    "wiring: a source in an auxiliary head": "a name",
    "wiring: a tie to an auxiliary head": "a name",
    "wiring: a layer that nothing uses": "a name",
    "wiring: an error in a block": "a shape",
    "wiring: a parameter that a block needs": "a name",
    "wiring: a parameter that a block does not have": "a name",
    "wiring: a block that uses itself": "a name",
    "wiring: all weights shared, and some of them": "what goes together",
    "layers: a setting that another one leaves no say": "what goes together",
    "layers: a layer that is called": "a name",
    "layers: padding in capitals": "an expression",
    "spec: an open batch": "an expression",
    "spec: a parameter as a shell writes it": "an expression",
    "layers: a drawing's depth for a program": "the call",
}
"""The cases of errors/*.txt that the schema lets pass, and why; besides, all of calls.txt, shapes.txt and yaml.txt."""
WHOLE_FILES = {"calls": "the call", "shapes": "a shape", "yaml": "YAML's own"}


def error_cases():
    """Yield the name of every case of errors/*.txt, and its spec."""
    for path in sorted((Path(__file__).parent / "errors").glob("*.txt")):
        for case in path.read_text(encoding="utf-8").split("=== ")[1:]:
            name, _, rest = case.partition("\n")
            spec = rest.partition("=>\n")[0]
            if spec.startswith("$ "):
                spec = spec.partition("\n")[2]
            yield f"{path.stem}: {name}", spec


CASES = {name: spec for name, spec in error_cases() if name.partition(":")[0] not in WHOLE_FILES}


@pytest.mark.parametrize("name", CASES)
def test_every_mistake_that_a_schema_can_express_is_rejected(name):
    assert (complaints(CASES[name]) == []) == (name in NOT_SAID)


def test_every_mistake_that_passes_has_its_reason():
    assert set(NOT_SAID) <= set(CASES)
    assert {*NOT_SAID.values(), *WHOLE_FILES.values()} == set(BEYOND)


@pytest.mark.parametrize(
    "section",
    [
        "parameters: {größe: 3, _x1: 2}",
        "blocks: {größe: {layers: [relu]}}",
        "variants: {größe-2: , 7: {}}",
        "input: 3X16x16",
        "input: ' 3 x 16 x 16 '",
        "parameters: {x0: 8}\ninput: x0",
    ],
)
def test_a_name_may_hold_the_letters_of_any_alphabet(network, section):
    text = "input: 3x16x16\nlayers: [relu]\n" if "input" not in section else "layers: [relu]\n"
    assert complaints(f"{section}\n{text}") == []
    if "variants" not in section:
        assert not refused(network, f"{section}\n{text}")
