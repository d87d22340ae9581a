"""Programs that are written compute what the network computes: random graphs, with the same weights, value by value."""

from __future__ import annotations

import os
import random
from contextlib import contextmanager
from math import prod

import numpy as np
import pytest

import archcalc
from archcalc import REGISTRY
from archcalc.network.network import Network, Node
from archcalc.op.site import Site

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.torch

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


def values(report, inputs, weigh):
    """Return what archcalc's own references make of the inputs, with weights by their names and shapes, layer by layer."""
    found, tensors, entering = [], {}, iter(inputs)
    for place, layer in enumerate(report.run.layers):
        if layer.op.traits.role == "input":
            found.append(next(entering))
            continue
        if layer.node.tied is None:
            shapes = layer.op.tensors(Site(layer.at.xs))
            tensors[place] = {name: weigh(name, shape) for name, shape in shapes.items()}
        own = tensors[place if layer.node.tied is None else layer.node.tied]
        found.append(layer.op.forward(*(found[source] for source in layer.node.inputs), **own))
    return [found[place] for place in report.run.outputs], [
        t for own in tensors.values() for t in own.values()
    ]


def weight(rng, shape):
    return rng.uniform(0.5, 1.5, shape).astype(np.float32) * (0.3 if len(shape) > 1 else 1)


@contextmanager
def weighed(code, weights):
    """Give the model of a program its weights, which both list layer by layer."""
    scope = {"__name__": "generated"}
    exec(compile(code, "generated.py", "exec"), scope)  # noqa: S102  # written by what is tested
    model = [made for made in scope.values() if isinstance(made, type) and issubclass(made, torch.nn.Module)][
        -1
    ]()
    kept = [value for name, value in model.state_dict().items() if "num_batches" not in name]
    assert [tuple(value.shape) for value in kept] == [weight.shape for weight in weights]
    for tensor, weight in zip(kept, weights, strict=True):
        tensor.copy_(torch.tensor(weight))
    with torch.no_grad():
        yield model.eval()


def entering(report, seed):
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, row.output_shape).astype(np.float32) for row in report.inputs]


def assert_close(found, expected, code):
    assert len(found) == len(expected), code
    for one, other in zip(found, expected, strict=True):
        scale = abs(other).max()
        np.testing.assert_allclose(one.detach().numpy(), other, rtol=1e-3, atol=1e-4 * scale, err_msg=code)


def assert_same_values(report, seed):
    inputs, rng = entering(report, seed), np.random.default_rng(7)
    expected, weights = values(report, inputs, lambda name, shape: weight(rng, shape))
    code = archcalc.export(report, to="pytorch")
    with weighed(code, weights) as model:
        found = model(*map(torch.tensor, inputs))
    assert_close(found if isinstance(found, tuple) else (found,), expected, code)


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_a_random_graph_is_written_as_what_it_computes(start):
    for seed in range(start, start + 50):
        assert_same_values(archcalc.analyze(drawn(seed)), seed)


KERAS = {"gamma": "weight", "beta": "bias", "alpha": "slope", "moving_mean": "running_mean", "moving_variance": "running_var"}  # fmt: skip
"""What is called otherwise in Keras than here."""


def weigh(model, weights):
    """Give a Keras model its weights, by their names and shapes; filters come last there."""
    for own in model.weights:
        name = own.path.rpartition("/")[2]
        if name == "kernel":
            *taps, inner, outer = own.shape
            value = np.moveaxis(weights["weight", (outer, inner, *taps)], (0, 1), (-1, -2))
        else:
            value = weights[KERAS.get(name, name), (prod(own.shape),)]
        own.assign(value.reshape(own.shape))


@pytest.mark.keras
@pytest.mark.parametrize("start", range(0, 40, 10))
def test_a_random_graph_is_written_for_keras_as_what_it_computes(start):
    """Layers of one kind and shape have the same weights, for Keras lists them in an order of its own."""
    os.environ["KERAS_BACKEND"] = "torch"
    pytest.importorskip("keras", reason="Keras is not installed")
    for seed in range(start, start + 10):
        rng, weights = np.random.default_rng(7), {}
        report = archcalc.analyze(drawn(seed))
        inputs = entering(report, seed)
        expected, _ = values(
            report, inputs, lambda *key, rng=rng, known=weights: known.setdefault(key, weight(rng, key[1]))
        )
        scope = {"__name__": "generated"}
        code = archcalc.export(report, to="keras")
        exec(compile(code, "generated.py", "exec"), scope)  # noqa: S102  # written by what is tested
        model = scope["build"]()
        weigh(model, weights)
        found = model(inputs if len(inputs) > 1 else inputs[0], training=False)
        assert_close(found if isinstance(found, list) else [found], expected, code)
