"""Exports: what is written as a spec reads back to the same network, short and with its structure; files are written whole."""

from __future__ import annotations

import importlib
import os
import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given
from hypothesis.strategies import data, integers, permutations, sampled_from

import archcalc
from archcalc.formats import registry
from archcalc.formats.language.read import Document
from archcalc.formats.language.write import write_program
from archcalc.formats.program.branches import read_branches
from archcalc.formats.program.parameters import Variable
from archcalc.formats.registry import WRITTEN
from archcalc.ground.errors import SourceText
from archcalc.network.network import Network, Node
from archcalc.ops import REGISTRY


def read_back(network, **conditions):
    """Return a network's spec, and the network that it reads back to."""
    report = archcalc.analyze(network, train=True, **conditions)
    text = archcalc.export(report, to="spec")
    return text, Document(SourceText("written.yaml", text)).network()


def unnamed(report):
    """Return the rows with positions in place of names."""
    position = {row.name: place for place, row in enumerate(report.rows)}
    return [row._replace(name="", inputs=tuple(position[name] for name in row.inputs)) for row in report.rows]


def assert_same(network, written):
    for train in (False, True):
        one, other = archcalc.analyze(network, train=train), archcalc.analyze(written, train=train)
        assert unnamed(other) == unnamed(one)
        assert other.totals._replace(incomplete=()) == one.totals._replace(incomplete=())
        assert len(other.totals.incomplete) == len(one.totals.incomplete)
        assert [row.output_shape for row in other.outputs] == [row.output_shape for row in one.outputs]
    for attribute in ("tied", "shared", "auxiliary"):
        assert [getattr(node, attribute) for node in written.nodes] == [
            getattr(node, attribute) for node in network.nodes
        ]
    assert (written.title, written.source, written.rounding) == (
        network.title,
        network.source,
        network.rounding,
    )


def test_a_spec_reads_back_to_the_same_figures(each_network):
    network = archcalc.load(each_network)
    text, written = read_back(network)
    assert_same(network, written)
    assert stated(written) == stated(network)
    assert [finding for finding in archcalc.check(written) if finding.fails] == []
    assert text.replace("\n", "").isprintable()


def test_the_schema_allows_what_is_written(network):
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(archcalc.spec_schema())
    made = [network(f"name: small\ninput: 8x4x4\nlayers: {layers}") for layers, _ in BRANCHY]
    for one in (*made, *(archcalc.load(name) for name in ("googlenet", "resnet50", "lenet5_1998"))):
        assert list(check.iter_errors(yaml.safe_load(read_back(one)[0]))) == []


def stated(network):
    """Return what is expected of a network as a whole."""
    return {(e.figure, e.value, e.claim, e.source) for e in network.expectations if e.layer is None}


def test_nameless_layers_are_grouped_by_structure_alone(each_network):
    """As an ONNX file has them: numbered nodes, no blocks, no names of branches."""
    network = flat(archcalc.load(each_network))
    text, written = read_back(network)
    assert_same(network, written)
    assert text.count("\n") < len(network.nodes) + 20


def flat(network):
    nodes = [node._replace(name=f"Node_{place}", labels=()) for place, node in enumerate(network.nodes)]
    return network._replace(nodes=tuple(nodes), expectations=())


# fmt: off
LENGTHS = [  # network, most lines without what it expects: with its names, and from structure alone
    ("vgg16", 45, 45), ("alexnet", 40, 40), ("resnet50", 62, 50), ("resnet152", 62, 50),
    pytest.param("resnet1202", 62, 50, marks=pytest.mark.slow),
    ("densenet121", 60, 60), ("googlenet", 82, 75), ("shufflenet_v2_x1_0", 70, 60), ("mobilenet_v2", 75, 75),
    ("squeezenet1_0", 45, 45), ("efficientnet_b0", 100, 90), ("inception_v3", 170, 130),
]
# fmt: on


@pytest.mark.parametrize(("name", "most", "most_flat"), LENGTHS)
def test_what_repeats_itself_is_written_once(name, most, most_flat):
    network = archcalc.load(name)._replace(expectations=())
    assert read_back(network)[0].count("\n") < most
    assert read_back(flat(network))[0].count("\n") < most_flat


@pytest.mark.parametrize(
    "name",
    ["densenet121", "googlenet", "mobilenet_v1", "shufflenet_v2_x1_0", "lenet5", "googlenet_torchvision"],
)
def test_names_stay_where_blocks_allow(name):
    network = archcalc.load(name)
    assert [node.name for node in read_back(network)[1].nodes] == [node.name for node in network.nodes]


def test_the_structure_of_a_nameless_resnet_is_found():
    """He et al. 2015, table 1: four stages of 3, 4, 6 and 3 units, the first of which projects its shortcut."""
    program = write_program(flat(archcalc.load("resnet50")))
    stages = [call for call in program.calls if "times" in call.arguments]
    assert [stage.arguments["out"] for stage in stages] == [64, 128, 256, 512]
    assert [stage.arguments["times"] for stage in stages] == [2, 3, 5, 2]
    assert [stage.arguments.get("stride") for stage in stages] == [(1,), None, None, None]
    stage = next(block for block in program.blocks if block.name == stages[0].callee)
    assert stage.parameters["stride"] == (2,)
    first, *_, repeat = read_branches(stage.calls, stage.start)
    assert [len(branch) for branch in first.branches] == [4, 2]
    assert repeat.call.times == Variable("times")
    assert first.branches[1][0].call.arguments["out"] == Variable("out", 4)


BRANCHY = [  # a spec's layers, what must be found in what is written of them
    ("[relu, add: [[], [conv: {out: 8, kernel: 1}]]]", "- add:\n    - []\n    - - conv: {out: 8, kernel: 1}"),
    ("[multiply: [[], [sigmoid]]]", "- multiply:\n    - []\n    - - sigmoid"),
    ("[add: {branches: {a: [relu], b: [tanh]}}]", "branches:\n        a:\n          - relu\n        b:\n"),
    ("[relu: {name: a}, tanh: {name: b}, add: {from: [b, a]}]", "- add:\n    - - tanh: {name: b}\n    - []"),
    ("[relu: {name: a}, add: {from: [a, a]}]", "from: [a, a]"),
    ("[linear: {name: l, out: 4, axis: -1}, linear: {out: 4, axis: -1, tie: l}]", "tie: l"),
    ("[layernorm: {name: l}, layernorm: {shared: bias}]", "shared: bias"),
    ("[relu: {name: a}, tanh: {name: b}, relu: {name: c, from: a}, add: {name: d, from: [b, c]}, add: {from: [d, b]}]",
     "- add: {name: d, from: [b, c]}\n  - add: {from: [d, b]}"),
    ("[add: [[], [parameter: 8x4x4]]]", "- - parameter: 8x4x4"),
    ("[repeat: {times: 3, layers: [conv: {out: 8, kernel: 1}, relu]}]", "times: 3"),
    ("[maxpool: {kernel: 2x1, stride: [1, 2], padding: [[1, 0], [0, 0]]}]", "padding: [[1, 0], [0, 0]]"),
    ("[conv: {out: 8, kernel: 3, padding: [1, 2]}]", "padding: 1x2"),
    ("[dropout: 0.25, batchnorm: {eps: 1.0e-3}]", "batchnorm: {eps: 0.001}"),
    ("[relu, auxiliary: {name: head, from: input, layers: [tanh]}, sigmoid]", "auxiliary: {name: head, from: input"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "expected"), BRANCHY)
def test_every_construct_of_a_spec_is_written_and_reads_back(network, layers, expected):
    made = network(f"name: small\ninput: 8x4x4\nlayers: {layers}")
    text, written = read_back(made)
    assert expected in text
    assert_same(made, written)


def test_several_inputs_and_outputs_are_named(network):
    made = network(
        "name: two\ninput: {image: 3x8x8, mask: 1x8x8}\n"
        "layers: [conv: {out: 3, kernel: 1}, multiply: {name: m, from: [conv1, mask]}, relu]\noutputs: [relu1, m]"
    )
    report = archcalc.analyze(made)
    assert [row.name for row in report.outputs] == ["relu1", "m"]
    text, written = read_back(made)
    assert "input: {image: 3x8x8, mask: 1x8x8}" in text
    assert "outputs: [" in text
    assert_same(made, written)


def test_another_input_is_written_and_what_the_old_one_gave_is_not_expected():
    network = archcalc.load("vgg16")
    text, written = read_back(network, input="3x256x256")
    assert written.input_shape == (3, 256, 256)
    assert "expect" not in text


def test_unet_skips_are_branches():
    """Ronneberger et al. 2015: what a level computes goes down, comes up again and is laid beside itself."""
    conv, pool = REGISTRY["conv"](out=4, kernel=3, padding=1), REGISTRY["maxpool"](kernel=2)
    up, concat = REGISTRY["upsample"](scale=2), REGISTRY["concat"]()
    ops = [
        (conv, 0),
        (pool, 1),
        (conv, 2),
        (pool, 3),
        (conv, 4),
        (up, 5),
        (concat, 6, 3),
        (conv, 7),
        (up, 8),
        (concat, 9, 1),
    ]
    nodes = [Node("x", REGISTRY["input"](shape=(4, 16, 16)))]
    nodes += [Node(f"Node_{place}", op, tuple(inputs)) for place, (op, *inputs) in enumerate(ops)]
    network = Network("unet", tuple(nodes))
    items = read_branches(write_program(network).calls, 0)
    assert [len(item.branches) for item in items] == [0, 2]
    assert [len(item.branches) for item in items[1].branches[0]] == [0, 0, 2, 0, 0]
    assert items[1].branches[1] == ()
    assert_same(network, read_back(network)[1])


UNARY = tuple(REGISTRY[kind]() for kind in ("relu", "tanh", "sigmoid"))
WEIGHTED = (REGISTRY["conv"](out=4, kernel=1), REGISTRY["linear"](out=4, axis=-1))
WORDS = (
    "relu1",
    "add-1",
    "branch1",
    "input",
    "x.relu1",
    "x.y",
    "unit1.conv1",
    "unit2.conv1",
    "/unit/unit.0/Conv",
)


@given(data())
def test_any_graph_reads_back(data):
    """Whatever is wired, however it is called, with some weights shared and any number of outputs."""
    nodes = [Node("input", REGISTRY["input"](shape=(4, 4, 4)))]
    for place in range(data.draw(integers(1, 30))):
        earlier = integers(max(0, place - 4), place)
        op = data.draw(sampled_from((*UNARY, *WEIGHTED, REGISTRY["add"]())))
        inputs = (
            (data.draw(earlier),) if op.traits.takes == (1, 1) else (data.draw(earlier), data.draw(earlier))
        )
        alike = [
            other
            for other, node in enumerate(nodes)
            if node.op == op and op in WEIGHTED and node.tied is None
        ]
        tied = data.draw(sampled_from((None, None, None, alike[0]))) if alike else None
        some = op in WEIGHTED and tied is None and data.draw(integers(0, 5)) == 5
        shared = frozenset({"bias"}) if some else frozenset()
        name = data.draw(sampled_from(WORDS))
        if any(node.name == name for node in nodes):
            name += f"_{place}"
        nodes.append(Node(name, op, inputs, tied=tied, shared=shared))
    used = {source for node in nodes for source in node.inputs}
    ends = [place for place in range(1, len(nodes)) if place not in used]
    nodes[0] = nodes[0]._replace(name="start")
    network = Network("any", tuple(nodes), outputs=tuple(data.draw(permutations(ends))))
    assume(0 in used)
    assert_same(network, read_back(network)[1])


def test_deep_nesting_is_written_with_references():
    """300 skips within each other: deeper than lists of a spec may nest."""
    nodes = [Node("x", REGISTRY["input"](shape=(4, 4, 4)))]
    nodes += [Node(f"down{place}", REGISTRY["relu"](), (place,)) for place in range(300)]
    for place in range(300):
        nodes.append(Node(f"up{place}", REGISTRY["tanh"](), (len(nodes) - 1,)))
        nodes.append(Node(f"join{place}", REGISTRY["add"](), (len(nodes) - 1, 299 - place)))
    network = Network("deep", tuple(nodes))
    assert_same(network, read_back(network)[1])


def shipped():
    """Return the networks that the ONNX package ships."""
    onnx = pytest.importorskip("onnx")
    return sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_networks_of_the_onnx_package_read_back():
    """Nine networks without blocks, of 23 to 548 nodes; none takes more than 70 lines."""
    files = shipped()
    assert len(files) == 9
    for file in files:
        network = archcalc.load(file)
        text, written = read_back(network)
        assert_same(network, written)
        assert text.count("\n") < 70, file.name


@pytest.mark.parametrize(
    ("layers", "complaint"),
    [
        ("relu: {shared: weight}", "relu 'relu1': it has no weights called 'weight' to share"),
        ("layernorm: {shared: bais}", "did you mean bias?"),
        ("layernorm: {shared: 3}", "'shared' must be names of weights, not 3"),
    ],
)
def test_only_weights_that_are_there_can_be_shared(report_of, layers, complaint):
    with pytest.raises(archcalc.ArchcalcError) as caught:
        report_of(f"input: 8x4x4\nlayers: [{layers}]")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ("input: {}", "'input' names no input"),
        ("input: {a b: 3x8x8}", "'input' may hold letters, digits, _ and -"),
        ("input: {image: 3x0x8}", "'image' must be at least 1"),
        ("input: 3x8x8\noutputs: [rellu1]", "'outputs' names no layer: 'rellu1'"),
    ],
)
def test_wrong_inputs_and_outputs_are_said(network, head, complaint):
    with pytest.raises(archcalc.ArchcalcError) as caught:
        network(f"{head}\nlayers: [relu]")
    assert complaint in str(caught.value)


def test_every_target_is_registered_under_its_name():
    for name, format in WRITTEN.items():
        importlib.import_module(format.writes)
        assert name in registry._WRITERS
        assert all(suffix.startswith(".") for suffix in format.suffixes)
        assert format.title


class TestCommand:
    """`archcalc export`, and what it does with files."""

    def test_a_file_is_written_and_its_suffix_says_how(self, run, tmp_path):
        file = tmp_path / "lenet.yaml"
        done = run("export", "lenet5", "--output", str(file))
        assert (done.status, done.out, done.err) == (0, "", f"wrote {file}\n")
        assert file.read_text(encoding="utf-8") == run("export", "lenet5", "--to", "spec").out
        assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~_umask()
        assert [path.name for path in tmp_path.iterdir()] == ["lenet.yaml"]

    def test_no_file_is_lost(self, run, tmp_path):
        file = tmp_path / "mine.yaml"
        file.write_text("mine")
        done = run("export", "lenet5", "--output", str(file))
        assert done.status == 2
        assert "there is such a file" in done.err
        assert "--force" in done.err
        assert file.read_text() == "mine"
        assert run("export", "lenet5", "--output", str(file), "--force").status == 0
        assert file.read_text(encoding="utf-8").startswith("name: lenet5\n")

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (("--to", "spce"), "did you mean spec?"),
            ((), "which format is not said"),
            (("--output", "net.py"), "which format is not said"),
            (("--to", "spec", "--output", "/dev/null", "--force"), "is not a regular file"),
            (("--to", "spec", "--output", "no/such/folder/net.yaml"), "No such file or directory"),
        ],
    )
    def test_what_cannot_be_done_is_said(self, run, arguments, complaint):
        done = run("export", "lenet5", *arguments)
        assert (done.status, done.out) == (2, "")
        assert complaint in done.err


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
