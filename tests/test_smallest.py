"""The smallest input that a network takes, against published ones and against all sizes."""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.questions.smallest import smallest_input

PUBLISHED = {
    # `min_size` of torchvision's weights: torchvision.models.*_Weights.IMAGENET1K_V1.meta
    "alexnet_torchvision": 63,
    "vgg11": 32,
    "vgg16_bn": 32,
    "densenet121": 29,
    "densenet161": 29,
    "googlenet_torchvision": 15,
    "inception_v3": 75,
    "squeezenet1_0": 21,
    "squeezenet1_1": 17,
    "resnet18": 1,
    "mobilenet_v2": 1,
    "efficientnet_b0": 1,
    "shufflenet_v2_x0_5": 1,
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_smallest_input_is_the_one_that_is_published(model):
    assert smallest_input(archcalc.load(model)).side == PUBLISHED[model]


def test_alexnet_takes_67_and_pool5_fails_below(run):
    out = run("size", "--network", "alexnet", "--smallest").out
    assert "3×67×67" in out
    assert "what fails at 66" in out
    assert "maxpool 'pool5': a kernel of 3 is larger than its input of 2" in out
    data = json.loads(run("size", "--network", "alexnet", "--smallest", "--format", "json").out)
    assert (data["inputs"], data["side"]) == ([{"name": "input", "shape": [3, 67, 67]}], 67)
    assert data["below"]["layer"] == "pool5"


@pytest.mark.torch
@pytest.mark.parametrize("model", ["alexnet", "lenet5"])
def test_pytorch_fails_below_and_not_there(model):
    """With linear layers as large as the input makes them: their parameters follow, what is valid does not."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    answer = smallest_input(archcalc.load(model))
    (shape,) = answer.shapes.values()
    scope = {"__name__": "generated"}
    code = archcalc.export(archcalc.analyze(model, input=shape), to="pytorch")
    exec(compile(code, "generated.py", "exec"), scope)  # noqa: S102  # ours
    with torch.device("cpu"):
        built = [value for value in scope.values() if isinstance(value, type)][-1]().eval()
    built(torch.zeros((1, *shape)))
    with pytest.raises(RuntimeError):
        built(torch.zeros((1, shape[0], shape[1] - 1, shape[2] - 1)))


UNEVEN = """\
name: uneven
input: 3x31x31
rounding: strict
layers: [conv: {out: 4, kernel: 3, stride: 2}, conv: {out: 4, kernel: 3, stride: 2}, conv: {out: 4, kernel: 3, stride: 2}]
"""
FIXED = """\
name: fixed
input: 3x20x20
layers: [conv: {out: 4, kernel: 4, stride: 4}, reshape: [100], linear: 10]
"""
BRANCHES = """\
name: branches
input: 3x25x25
layers:
  - add: [[{conv: {out: 3, kernel: 2, stride: 3}}], [{conv: {out: 3, kernel: 3, stride: 3}}]]
"""
TWO = """\
name: two
input: {left: 3x20x20, right: 1x40x40}
layers:
  - conv: {name: l, out: 4, kernel: 7, from: left}
  - conv: {name: r, out: 4, kernel: 5, stride: 2, from: right}
outputs: [l, r]
"""
LONG = "name: long\ninput: 2x60\nlayers: [conv: {out: 4, kernel: 9}, maxpool: 3, conv: {out: 4, kernel: 5}]\n"


@pytest.mark.parametrize("text", [UNEVEN, FIXED, BRANCHES, TWO, LONG])
def test_no_smaller_size_suits(text):
    network = archcalc.loads(text)
    sizes = valid(network, 64)
    answer = smallest_input(network)
    assert answer.side == sizes[0]
    assert answer.below is not None


def test_sizes_that_suit_have_gaps_here():
    """So that a search by halves, which takes what suits for a range, would be wrong."""
    for text in (UNEVEN, FIXED, BRANCHES):
        sizes = valid(archcalc.loads(text), 64)
        assert set(range(sizes[0], 64)) - set(sizes)


@pytest.mark.parametrize("model", ["alexnet", "lenet5", "vgg11", "squeezenet1_0", "googlenet", "zfnet"])
def test_no_smaller_size_suits_a_known_network(model):
    network = archcalc.load(model)
    assert smallest_input(network).side == valid(network, 100)[0]


def valid(network, most):
    """Return all sizes below some that a network takes, each tried by analysing it."""
    own = {node.name: node.op.output_sizes()[1:] for node in network.nodes if not node.inputs}
    sizes = []
    for side in range(1, most):
        shapes = {name: (shape[0], *(side for _ in shape[1:])) for name, shape in own.items()}
        try:
            archcalc.analyze(network, input=shapes)
        except ArchcalcError:
            continue
        sizes.append(side)
    return sizes


def test_nothing_is_below_one(run):
    data = json.loads(run("size", "--network", "resnet18", "--smallest", "--format", "json").out)
    assert (data["side"], data["below"]) == (1, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: flat\ninput: 784\nlayers: [linear: 10]\n", "takes no image"),
        (
            "name: odd\ninput: 3x8x9\nlayers: [reshape: [216], linear: 2]\n",
            "takes no square input up to 9 a side",
        ),
    ],
)
def test_what_has_no_smallest_square_says_so(text, says):
    with pytest.raises(ArchcalcError, match=says):
        smallest_input(archcalc.loads(text))


def test_a_square_may_suit_what_has_another_form():
    text = "name: wide\ninput: 3x8x32\nlayers: [reshape: [3, 4, 64], conv: {out: 1, kernel: 3}]\n"
    assert smallest_input(archcalc.loads(text)).side == 16


@pytest.mark.parametrize(
    "line",
    [
        "--network alexnet",
        "--smallest",
        "224 --network alexnet --smallest",
        "--network alexnet --smallest --kernel 3",
        "--network alexnet --smallest --stride 2",
        "224",
    ],
)
def test_a_network_and_a_window_are_two_questions(run, line):
    assert run("size", *line.split()).status == 2
