"""Programs that are written compute what the network computes, value by value with the same weights: ops and random graphs."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from functools import partial
from math import log2

import numpy as np
import pytest
from known import NAMES, SMALLER
from values import FRAMEWORKS, assert_written, noise, weights, where_there_is_pytorch

import archcalc
from archcalc import REGISTRY, ArchcalcError
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents

MARKS = {"pytorch": pytest.mark.torch, "keras": pytest.mark.keras}
WRITTEN = [pytest.param(to, marks=MARKS[to]) for to in FRAMEWORKS]
NOWHERE = {"unaccounted", "quantize", "dequantize"}
UNSAID = {
    "pytorch": NOWHERE,
    "keras": NOWHERE | {"resize", "depth_to_space", "space_to_depth", "rnn", "lstm", "gru"},
}
"""Kinds whose example a framework has nothing for."""
WHOLE = {"flatten", "reshape", "channels", "permute"}
"""Kinds whose settings go with the size of their example."""

SHAPE = (4, 6, 6)
KINDS = {
    "conv": [{"out": 4, "kernel": 3, "padding": 1}, {"out": 4, "kernel": 1, "bias": False}],
    "batchnorm": [{}],
    "relu": [{}],
    "gelu": [{}],
    "sigmoid": [{}],
    "maxpool": [{"kernel": 3, "stride": 1, "padding": 1}],
    "linear": [{"out": 6, "axis": -1}],
    "prelu": [{}],
    "scalar": [{"by": "multiply", "value": 0.5}],
    "softmax": [{"axis": -1}],
}
"""Layers that keep the shape, so that any value may meet any other."""
MERGES = {"add": {}, "multiply": {}, "combine": {"by": "subtract"}}
TIED = ("conv", "linear", "prelu", "batchnorm")
BLOCKS = ("", "a.", "b.", "a.x.", "a.y.", "stage1.block1.", "stage1.block2.", "stage2.block1.")


def drawn(seed):
    """Return a random network: several inputs and outputs, branches of branches, shared weights, odd names."""
    draw = random.Random(seed)  # noqa: S311  # nothing secret
    names = ["x", "torch", "nn", "input", "self", "F", "forward", "x1"]
    nodes = [
        Node(name, REGISTRY["input"](shape=SHAPE))
        for name in draw.sample(names, draw.choice([1, 1, 1, 2, 3]))
    ]
    firsts, reach = len(nodes), draw.choice([2, 4, 30])
    count = draw.randint(2, 14)
    for number in range(count):
        nodes.append(_layer(draw, nodes, firsts, number, reach))
    used = {source for node in nodes for source in node.inputs}
    ends = [place for place in range(firsts, len(nodes)) if place not in used]
    spare = [place for place in range(firsts, len(nodes)) if draw.random() < 0.1 and place not in ends]
    outputs = tuple(draw.sample([*ends, *spare], len(ends) + len(spare)))
    return Network(f"net{seed}", tuple(nodes), outputs=outputs)


def _layer(draw, nodes, firsts, number, reach):
    earlier = range(max(0, len(nodes) - reach), len(nodes))
    unused = [place for place in range(firsts) if not any(place in node.inputs for node in nodes)]
    name = f"{draw.choice(BLOCKS)}{draw.choice(['conv', 'fc', 'act', 'x', 'out'])}{number}"
    if draw.random() < 0.3 or (unused and len(nodes) > firsts):
        kind = draw.choice(list(MERGES))
        count = 3 if kind == "add" and draw.random() < 0.3 else 2
        inputs = [draw.choice(unused or earlier), *(draw.choice(earlier) for _ in range(count - 1))]
        return Node(name, REGISTRY[kind](**MERGES[kind]), tuple(inputs))
    source = draw.choice(unused or [draw.choice(earlier), len(nodes) - 1])
    owners = [place for place, node in enumerate(nodes) if node.op.kind in TIED and node.tied is None]
    if owners and draw.random() < 0.25:
        owner = draw.choice(owners)
        return Node(name, nodes[owner].op, (source,), tied=owner)
    kind = draw.choice(list(KINDS))
    return Node(name, REGISTRY[kind](**draw.choice(KINDS[kind])), (source,))


def nested(seed):
    """Return a random spec: blocks that repeat, in one another and beside one another, and branches of branches."""
    draw = random.Random(seed)  # noqa: S311  # nothing secret
    layers = [_item(draw, 3) for _ in range(draw.randint(2, 5))]
    return json.dumps({"name": f"net{seed}", "input": "4x6x6", "layers": layers})


def _item(draw, depth):
    kinds = list(KINDS)
    kind = draw.choice([*kinds, *["repeat", "add", "multiply"] * 4] if depth else kinds)
    if kind in kinds:
        return {kind: draw.choice(KINDS[kind])}
    inner = [_item(draw, depth - 1) for _ in range(draw.randint(1, 3))]
    if kind == "repeat":
        return {"repeat": {"times": draw.choice([2, 2, 2, 4]), "layers": inner}}
    other = [_item(draw, depth - 1)] if kind == "add" and draw.random() < 0.5 else []
    inner += ["sigmoid"] if kind == "multiply" else []  # products of products grow beyond all bounds
    return {kind: {"branches": draw.sample([inner, other], 2)}}


def in_both(run, slow, step):
    """Return ranges of seeds for each framework: those that run by default, and more that take long."""
    return [
        pytest.param(
            to,
            start,
            marks=[MARKS[to], *([] if start < run[to] else [pytest.mark.large])],
            id=f"{to}-{start}",
        )
        for to in FRAMEWORKS
        for start in range(0, slow[to], step)
    ]


@pytest.mark.parametrize(
    ("to", "start"), in_both({"pytorch": 60, "keras": 10}, {"pytorch": 2000, "keras": 200}, 10)
)
def test_a_random_graph_is_written_as_what_it_computes(to, start):
    for seed in range(start, start + 10):
        assert_written(archcalc.analyze(drawn(seed)), to)


@pytest.mark.parametrize(
    ("to", "start"), in_both({"pytorch": 20, "keras": 10}, {"pytorch": 1000, "keras": 100}, 10)
)
def test_a_random_nest_is_written_as_what_it_computes(to, start, network):
    for seed in range(start, start + 10):
        assert_written(archcalc.analyze(network(nested(seed))), to)


NUMBER = """
name: numbers
input: 4x6x6
layers:
  - repeat:
      times: 2
      layers:
        - repeat: {times: 3, layers: [{add: {branches: [[relu], []]}}]}
        - scalar: {by: multiply, value: 0.5}
"""


@pytest.mark.torch
def test_a_number_between_blocks_that_repeat(report_of):
    assert_written(report_of(NUMBER), "pytorch")


TWINS = """
name: twins
input: {a: 4x6x6, b: 4x6x6}
layers:
  - conv: {name: one, from: a, out: 4, kernel: 3, stride: 2, padding: 1}
  - conv: {name: other, from: b, tie: one, out: 4, kernel: 3, stride: 2, padding: 1}
  - add: {from: [one, other]}
"""


@pytest.mark.keras
def test_a_layer_of_two_steps_that_another_is_tied_to(report_of):
    assert_written(report_of(TWINS), "keras")


OPS = [kind for kind in REGISTRY if kind != "input"]


@pytest.mark.parametrize("to", WRITTEN)
@pytest.mark.parametrize("kind", where_there_is_pytorch(OPS))
def test_an_op_is_written_as_what_it_computes(to, kind):
    """A batch of three shows what takes the samples for one, or their number for that of something else."""
    shapes, settings = REGISTRY[kind].example
    most = 10**6 if kind in WHOLE else 16
    sources = [
        Node(f"x{n}", REGISTRY["input"](shape=(channels, *(min(size, most) for size in rest))))
        for n, (channels, *rest) in enumerate(map(extents, shapes or ("1",)))
    ]
    op = Node("op", REGISTRY[kind](**settings), tuple(range(len(shapes))))
    report = archcalc.analyze(Network("alone", (*sources, op)), batch=3)
    if kind in UNSAID[to]:
        with pytest.raises(ArchcalcError, match="cannot say it"):
            archcalc.export(report, to=to)
        return
    inputs = [np.abs(noise(row.output_shape, n)) + np.float32(0.1) for n, row in enumerate(report.inputs)]
    assert_written(report, to, [np.floor(7 * x) for x in inputs] if kind == "embedding" else inputs)


@pytest.mark.parametrize("to", where_there_is_pytorch(WRITTEN))
def test_a_program_begins_with_the_index_that_follows_from_a_window(to, report_of):
    code = archcalc.export(report_of("input: 15x2\nlayers: [relative_bias: 3x2]"), to=to)
    framework, table = FRAMEWORKS[to](), noise((1, 15, 2))
    found = framework.model(code)(framework.given(table)).detach().numpy()
    positions = [(i, j) for i in range(3) for j in range(2)]
    expected = [[table[0, (i - k + 2) * 3 + j - m + 1] for k, m in positions] for i, j in positions]
    np.testing.assert_array_equal(found, [expected])


@pytest.mark.parametrize("to", where_there_is_pytorch(WRITTEN))
def test_a_program_begins_with_the_distances_that_follow_from_a_window(to, report_of):
    code = archcalc.export(
        report_of("input: 15x2\nlayers: [log_distances: 3x2, add: {from: [input, log_distances1]}]"), to=to
    )
    framework = FRAMEWORKS[to]()
    found = framework.model(code)(framework.given(np.zeros((1, 15, 2), np.float32))).detach().numpy()
    scaled = {0: 0, 1: log2(5) / 3, 2: log2(9) / 3, -1: -log2(5) / 3, -2: -log2(9) / 3}
    expected = [[scaled[i], scaled[2 * j]] for i in (-2, -1, 0, 1, 2) for j in (-1, 0, 1)]
    np.testing.assert_allclose(found, [expected], rtol=1e-6)


QUICK = ("lenet5_1998", "mobilenet_v1_0_25", "squeezenet1_1")
ONE_OF_EACH = {
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "resnet18",
    "shufflenet_v2_x0_5",
}
DEEP = {"resnet1202"}


def specs():
    """Return every network for each framework: a few that run by default, one of each kind, and the others."""
    for to in FRAMEWORKS:
        for name in NAMES:
            slow = pytest.mark.slow if name in ONE_OF_EACH else pytest.mark.large
            marks = [] if name in QUICK else [slow]
            yield pytest.param(to, name, marks=[MARKS[to], *marks], id=f"{to}-{name}")


def small(name):
    """Return a report of a network on the smallest input that leaves maps to slide over, not a square if it takes one."""
    network = archcalc.load(name, parameters=SMALLER.get(name))
    own = archcalc.analyze(network)
    for size in ("24x32", "64x72", "75x83"):
        if own.input_shape[1] <= 32 or size != "24x32":
            with suppress(ArchcalcError):
                return archcalc.analyze(network, input=f"{own.input_shape[0]}x{size}")
    return own


@pytest.mark.parametrize(("to", "name"), [*specs()])
def test_a_known_network_is_written_as_what_it_computes(to, name):
    calm = partial(weights, gain=0.1) if name in DEEP else weights
    (found,) = assert_written(small(name), to, weights=calm)
    assert np.ptp(found) > 0
