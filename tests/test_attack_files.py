"""Random files, calls and round trips: models, names of files, options, what is written and read back.

Every run of the tests draws the same few. `pytest -m fuzz` draws thousands of new ones of each kind and prints the
one that fails.
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
import tempfile
import unicodedata
from pathlib import Path

import pytest
from attacks import LONG_RUN, Attack, assert_printable, survive
from commands import COMMANDS
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.commands.cli import main
from archcalc.formats.onnx.read import TRANSLATORS
from archcalc.formats.specs import names
from archcalc.ground import limits
from archcalc.network.network import Network, Node
from archcalc.ops import REGISTRY

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402  (only where ONNX is installed)

EVERY_RUN = 40
"""How many inputs of each kind every run of the tests draws."""
EXPLAINED = 3
"""How many layers of each model are explained."""
OUTPUTS = ("spec", "onnx", "pytorch", "keras", "mermaid", "dot")


@pytest.fixture(autouse=True, scope="module")
def _small_networks():
    """Lower the bound on layers, so that a repeat of a billion is refused at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(limits.LAYERS.variable, "500")
        yield


@pytest.fixture(autouse=True, scope="module")
def _in_a_folder_of_its_own(tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("attack")):
        Path("net.yaml").write_text(SPEC, encoding="utf-8")
        Path("model.onnx").write_bytes(MODELS[0])
        yield


# Models


def a_model(data):
    """A report whose layers can be explained, or an error."""
    with tempfile.NamedTemporaryFile(suffix=".onnx", dir=".") as file:
        file.write(data)
        file.flush()
        try:
            report = archcalc.analyze(archcalc.load(file.name))
            for row in report.rows[:EXPLAINED]:
                archcalc.explain(report, row.name)
        except ArchcalcError as error:
            assert_printable(error)


FLOATS = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4, 6, 6])]
Y = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]


def _model(nodes, weights=(), inputs=FLOATS, opset=21):
    import numpy as np

    tensors = [
        numpy_helper.from_array(np.zeros(w, np.float32) if isinstance(w, tuple) else w, name)
        for name, w in dict(weights).items()
    ]
    graph = helper.make_graph(nodes, "graph", inputs, Y, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _sound():
    import numpy as np

    node = helper.make_node
    yield _model(
        [
            node("Conv", ["x", "w", "b"], ["a"], name="/block/conv", pads=[1, 1, 1, 1]),
            node("Shape", ["a"], ["s"]),
            node("Gather", ["s", "i"], ["n"]),
            node("Concat", ["n", "m"], ["t"], axis=0),
            node("Reshape", ["a", "t"], ["c"]),
            node("LSTM", ["c", "k", "r"], ["d"], hidden_size=3),
            node("Softmax", ["d"], ["y"], axis=-1),
        ],
        {
            "w": (4, 4, 3, 3),
            "b": (4,),
            "i": np.array([0]),
            "m": np.array([-1, 8]),
            "k": (1, 12, 8),
            "r": (1, 12, 3),
        },
    )
    yield _model(
        [
            node("MaxPool", ["x"], ["a"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
            node("Split", ["a"], ["b", "c"], axis=1, num_outputs=2),
            node("Resize", ["b", "", "e"], ["f"], mode="nearest"),
            node("ConvTranspose", ["c", "w"], ["g"], strides=[2, 2]),
            node("Concat", ["f", "g"], ["h"], axis=1),
            node("Slice", ["h", "i", "j"], ["k"]),
            node("Transpose", ["k"], ["l"], perm=[0, 2, 3, 1]),
            node("MatMul", ["l", "v"], ["y"]),
        ],
        {
            "w": (2, 3, 2, 2),
            "e": np.array([1, 1, 2, 2], np.float32),
            "i": np.array([0]),
            "j": np.array([1]),
            "v": (5, 7),
        },
    )


MODELS = [model.SerializeToString() for model in _sound()]
VARINTS = st.sampled_from(
    [b"\x00", b"\x01", b"\x7f", b"\xff\xff\xff\xff\x07", b"\xff" * 9 + b"\x01", b"\x80" * 12]
)


@st.composite
def spoiled(draw):
    """Return the bytes of a sound model with one to four changes."""
    data = bytearray(draw(st.sampled_from(MODELS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        until = at + draw(st.integers(0, 4))
        other = draw(st.sampled_from(MODELS))
        start = draw(st.integers(0, len(other) - 1))
        data[at:until] = draw(
            st.binary(max_size=3) | VARINTS | st.just(other[start : start + draw(st.integers(0, 40))])
        )
        data = data or bytearray(b"\0")
    return bytes(data)


KNOWN = sorted(TRANSLATORS)
AXES = st.lists(st.integers(-3, 4) | st.sampled_from([2**31, -(2**63)]), max_size=5)
ATTRIBUTES = {
    **dict.fromkeys(("axes", "perm", "pads", "strides", "kernel_shape", "dilations", "split", "shape"), AXES),
    **dict.fromkeys(("output_padding", "output_shape", "sizes"), AXES),
    **dict.fromkeys(
        ("axis", "group", "hidden_size", "keepdims", "transB", "num_outputs"), st.integers(-2, 5)
    ),
    **dict.fromkeys(("to", "ceil_mode", "blocksize", "block_size", "num_groups"), st.integers(-1, 12)),
    **dict.fromkeys(("epsilon", "alpha", "beta", "ratio"), st.floats(-2, 2)),
    **dict.fromkeys(
        ("auto_pad", "mode", "direction"), st.sampled_from(["SAME_UPPER", "nearest", "reverse", "?"])
    ),
    "equation": st.sampled_from(["ij,jk->ik", "...i,...i", "nchw->nhwc", "ii->i", "a,b"]),
}
SHAPES = st.lists(st.integers(0, 7) | st.just(2**40), max_size=5)


@st.composite
def crafted(draw):
    """Return a model of random operators over random tensors, most of which fit nothing."""
    import numpy as np

    nodes, known = [], ["x", "w", "v", "i", "e", ""]
    for number in range(draw(st.integers(1, 5))):
        attributes = draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), max_size=4, unique=True))
        outputs = [f"n{number}_{k}" for k in range(draw(st.integers(1, 3)))]
        inputs = draw(st.lists(st.sampled_from(known), min_size=1, max_size=4))
        given = {name: draw(ATTRIBUTES[name]) for name in attributes}
        given = {name: value for name, value in given.items() if value != []}
        nodes.append(helper.make_node(draw(st.sampled_from(KNOWN)), inputs, outputs, **given))
        known += outputs
    nodes[-1].output[0] = "y"
    weights = {
        "w": tuple(draw(st.lists(st.integers(1, 5), max_size=4))),
        "v": (4, 4, 3, 3),
        "i": np.array(draw(st.lists(st.integers(-9, 9), max_size=4)), np.int64),
        "e": np.float32(draw(st.floats(-3, 3))).reshape(()),
    }
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, draw(SHAPES | st.just([1, 4, 6, 6])))]
    return _model(
        nodes, weights, inputs, draw(st.sampled_from([1, 7, 11, 13, 18, 21, 99]))
    ).SerializeToString()


# The command line

SPEC = "name: net\ninput: 4x8x8\nparameters: {width: 4}\nlayers: [conv: {out: width, kernel: 3}, relu, linear: 3]\n"
CALM = {"\n", "\t"}


def a_call(words):
    """An answer, or a refusal; nothing that moves a cursor."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["archcalc", *words])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SPEC.encode())))
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as end,
        ):
            main()
    status = end.value.code or 0
    assert status in (0, 1, 2)
    assert "Traceback" not in err.getvalue()
    assert status != 2 or err.getvalue().strip()
    for text in (out.getvalue(), err.getvalue()):
        assert {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs")} <= CALM


def a_file_name(stem):
    """A spec by whatever name: what is wrong with the name is said, and never shown raw."""
    path = Path(f"{stem}.yaml")
    try:
        path.write_text(SPEC, encoding="utf-8")
    except (OSError, ValueError):
        return
    try:
        for words in (["show", str(path)], ["check", str(path)], ["show", str(path), "--format", "csv"]):
            a_call(words)
        a_call(["export", str(path), "--to", "dot"])
    finally:
        path.unlink()


TAKEN = {
    name: sorted({option for param in command.params for option in param.opts if option.startswith("-")})
    for name, command in COMMANDS.items()
    if name not in ("new", "completion")  # these write files, or know the shell that runs them
}
OPTIONS = sorted({option for options in TAKEN.values() for option in options} - {"-o", "--output"})
MODEL = st.sampled_from(
    ["net.yaml", "net", "-", "model.onnx", "alexnet", "lenet5", "nin_cifar10", "3x3", "7x7", "net.yaml:a"]
)
WORDS = [
    *(
        "3x8x8",
        "4x8x8",
        "1x1",
        "0",
        "1",
        "-1",
        "8",
        "2.5",
        "1e9",
        "9" * 30,
        "٣",
        "width=8",
        "width",
        "a=b=c",
        "=",
    ),
    *(
        "table",
        "json",
        "csv",
        "latex",
        "html",
        "float16",
        "ceil",
        "strict",
        "all",
        "layer,params",
        "params",
        "macs",
    ),
    *(
        "params <= 5M",
        "peak_bytes<=1KiB",
        "5M",
        "64MiB",
        "4 GB",
        "conv1",
        "conv",
        "relu1",
        "linear1",
        "input",
        "",
    ),
    *(
        "spec",
        "onnx",
        "pytorch",
        "torch",
        "x.svg",
        "/dev/null",
        "--",
        "-x",
        "\x1b[2J",
        "\u202e",
        "\n",
        "é",
        "{}",
        "'",
    ),
]
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=6)
WORD = st.sampled_from(WORDS) | TEXT


@st.composite
def calls(draw):
    """Return a call: a command, a model, and options that it may have, with words that they may take."""
    command = draw(st.sampled_from([*TAKEN, "shwo"]))
    words = [command, *draw(st.lists(MODEL, max_size=2))]
    usual = [option for option in TAKEN.get(command, OPTIONS) if option in OPTIONS]
    for _ in range(draw(st.integers(0, 4))):
        words.append(draw(st.sampled_from(usual or OPTIONS) if draw(st.integers(0, 9)) else WORD))
        words += draw(st.lists(WORD, max_size=1))
    return words


STEMS = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=12)

# What is written is read back

NAMES = st.sampled_from(
    [
        *(
            "torch",
            "nn",
            "F",
            "self",
            "x",
            "keras",
            "layers",
            "ops",
            "math",
            "model",
            "input",
            "class",
            "None",
        ),
        *(
            "a.b",
            "a..b",
            ".",
            "conv1",
            "relu1",
            "features.0.weight",
            "block[0]",
            "1",
            "no",
            "1e3",
            "~",
            "[]",
            "{a: b}",
        ),
        *(
            '"""',
            "\n",
            "\\",
            "# x",
            "a: b",
            "- a",
            "&a",
            "*a",
            "!!python",
            "\u2028",
            "é",
            " ",
            "{0}",
            "%s",
            "<b>",
        ),
    ]
)
KINDS = ("relu", "tanh", "conv", "batchnorm", "softmax", "add", "concat", "multiply", "maxpool", "scale")
KINDS = tuple(kind for kind in KINDS if kind in REGISTRY)
GIVEN = {"conv": {"out": 4, "kernel": 1}, "maxpool": {"kernel": 1}}


@st.composite
def graphs(draw):
    """Return a network of random layers over random earlier ones, of random names."""
    inputs = draw(st.integers(1, 2))
    called = draw(st.lists(NAMES, min_size=2, max_size=9, unique=True))
    nodes = [Node(name, REGISTRY["input"](shape=(4, 6, 6))) for name in called[:inputs]]
    for name in called[inputs:]:
        kind = draw(st.sampled_from(KINDS))
        least = REGISTRY[kind].traits.takes[0]
        several = REGISTRY[kind].traits.takes[1] is None
        number = draw(st.integers(max(least, 2), 3)) if several else 1
        usable = [place for place, node in enumerate(nodes) if node.op.kind != "concat"]
        sources = draw(st.lists(st.sampled_from(usable), min_size=number, max_size=number))
        nodes.append(Node(name, REGISTRY[kind](**GIVEN.get(kind, {})), tuple(sources)))
    if len(nodes) == inputs:
        nodes.append(Node("only", REGISTRY["relu"](), (0,)))
    taken = {source for node in nodes for source in node.inputs}
    ends = [place for place in range(inputs, len(nodes)) if place not in taken]
    outputs = dict.fromkeys([*ends, *draw(st.lists(st.integers(inputs, len(nodes) - 1), max_size=1))])
    return Network(draw(NAMES) or "net", tuple(nodes), outputs=tuple(outputs), title=draw(NAMES))


def a_round_trip(network):
    """What is written is read back to the same figures, and a program is one."""
    report = archcalc.analyze(network)
    written = {to: archcalc.export(report, to=to) for to in OUTPUTS}
    for to in ("pytorch", "keras"):
        ast.parse(written[to])
    for suffix, content in ((".yaml", written["spec"]), (".onnx", written["onnx"])):
        data = content if isinstance(content, bytes) else content.encode()
        with tempfile.NamedTemporaryFile(suffix=suffix, dir=".") as file:
            file.write(data)
            file.flush()
            back = archcalc.analyze(archcalc.load(file.name))
        assert figures(back) == figures(report)


def figures(report):
    """Return what a network comes to, and what of its outputs."""
    totals = report.totals
    return (totals.params, totals.buffers, totals.work, [row.output_shape for row in report.outputs])


ATTACKS = {
    "the bytes of a model with something changed": Attack(spoiled(), a_model),
    "a model of random operators": Attack(crafted(), a_model),
    "a file's name": Attack(STEMS, a_file_name),
    "a call": Attack(calls(), a_call),
    "a network that is written and read back": Attack(graphs(), a_round_trip),
}


def test_what_is_spoiled_is_sound_to_begin_with(tmp_path):
    for number, data in enumerate(MODELS):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(data)
        assert archcalc.analyze(archcalc.load(path)).totals.incomplete == ()


def test_the_networks_that_are_called_are_there():
    assert {"alexnet", "lenet5", "nin_cifar10"} <= {*names()}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_answer_or_an_error(attack):
    survive(attack, EVERY_RUN)


@pytest.mark.fuzz
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_answer_or_an_error_to_new_ones(attack):
    survive(attack, LONG_RUN, new=True)
