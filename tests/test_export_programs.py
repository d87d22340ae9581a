"""Programs for PyTorch and Keras: they build, hold the same weights, make the same shapes and the same numbers."""

from __future__ import annotations

import ast
import importlib
import keyword
import subprocess
import sys
from contextlib import nullcontext
from math import prod
from zlib import crc32

import numpy as np
import pytest
from known import FEW, FIRSTS, NAMES
from values import keras_on_pytorch, where_there_is_pytorch

import archcalc
from archcalc import REGISTRY, ArchcalcError
from archcalc.analysis.conditions import without_heads
from archcalc.formats import registry as targets
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents
from archcalc.op.site import Site

TARGETS = ("pytorch", "keras")
FRAMEWORKS = [
    pytest.param("pytorch", marks=pytest.mark.torch),
    pytest.param("keras", marks=pytest.mark.keras),
]
TABLES = {name: importlib.import_module(targets.WRITTEN[name].writes).TABLE for name in TARGETS}
SLOW = {name: pytest.mark.slow if name in FIRSTS else pytest.mark.large for name in NAMES}
NETWORKS = [pytest.param(name, marks=() if name in FEW else SLOW[name]) for name in NAMES]


def exported(network, to, **conditions):
    return targets.export(archcalc.analyze(network, **conditions), to=to)


def alone(kind, settings, *shapes):
    """Return a network of one layer."""
    inputs = [
        Node(f"x{n}", REGISTRY["input"](shape=extents(shape))) for n, shape in enumerate(shapes or ("1",))
    ]
    return Network("alone", (*inputs, Node("layer", REGISTRY[kind](**settings), tuple(range(len(shapes))))))


def defined(code, name=None):
    """Return what a program defines, the last class unless told. Only programs that these tests wrote are run."""
    scope = {"__name__": "generated"}
    exec(compile(code, "generated.py", "exec"), scope)  # noqa: S102
    return scope[name] if name else [found for found in scope.values() if isinstance(found, type)][-1]


class PyTorch:
    """What the tests ask of PyTorch."""

    def __init__(self):
        self.torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def built(self, code, *, bare=False):
        """Return the model; a bare one has shapes and no numbers."""
        with self.torch.device("meta") if bare else nullcontext():
            return defined(code)().eval()

    def counts(self, model):
        """Return how many numbers are learnt, and how many are kept; PyTorch's step counters are not counted."""
        kept = (value for name, value in model.named_buffers() if "num_batches" not in name)
        return sum(p.numel() for p in model.parameters()), sum(value.numel() for value in kept)

    def shapes(self, model, inputs):
        with self.torch.no_grad():
            found = model(*(self.torch.zeros(shape, device="meta") for shape in inputs))
        return [tuple(y.shape) for y in (found if isinstance(found, tuple) else (found,))]

    def weigh_all(self, model, wanted):
        """Give the model its weights: both list them layer by layer."""
        tensors = [value for name, value in model.state_dict().items() if "num_batches" not in name]
        for tensor, (_, value) in zip(tensors, wanted, strict=True):
            assert tensor.numel() == value.size
            tensor.copy_(self.torch.tensor(value).reshape(tensor.shape))

    def weigh_alike(self, model, wanted):
        """Give the model its weights, each by its name and shape: those of equal layers are equal."""
        known = {(name, value.shape): value for name, value in wanted}
        for path, tensor in model.state_dict().items():
            name = path.rpartition(".")[2]
            if name != "num_batches_tracked":
                shape = tuple(tensor.shape)
                value = known[name, shape] if (name, shape) in known else known["value", shape[1:]]
                tensor.copy_(self.torch.tensor(value))

    def run(self, model, inputs):
        with self.torch.no_grad():
            return model(*map(self.torch.tensor, inputs)).numpy()

    def run_all(self, model, inputs):
        with self.torch.no_grad():
            return [value.numpy() for value in model(*map(self.torch.tensor, inputs))]


class Keras:
    """What the tests ask of Keras; it runs on PyTorch, which does channels first on a CPU."""

    def __init__(self):
        self.keras = keras_on_pytorch()

    def built(self, code, *, bare=False):
        self.keras.backend.clear_session()
        with self.keras.device("meta") if bare else nullcontext():
            return defined(code, "build")()

    def counts(self, model):
        kinds = (model.trainable_weights, model.non_trainable_weights)
        return tuple(sum(prod(weight.shape) for weight in kind) for kind in kinds)

    def shapes(self, model, inputs):
        found = model.output_shape if isinstance(model.output_shape, list) else [model.output_shape]
        return [(inputs[0][0], *shape[1:]) for shape in found]

    def weigh_alike(self, model, wanted):
        """Give the model its weights, each by its name and shape: those of equal layers are equal."""
        known = {(name, value.shape): value for name, value in wanted}
        for weight in model.weights:
            value = next(known[key] for key in _keys(weight) if key in known)
            weight.assign(_turned(value, weight))

    def weigh_all(self, model, wanted):
        """Give a model of one layer, or of layers one after the other, its weights in their order."""
        for weight, (_, value) in zip(model.weights, wanted, strict=True):
            weight.assign(_turned(value, weight))

    def run(self, model, inputs):
        return model(inputs if len(inputs) > 1 else inputs[0], training=False).detach().numpy()

    def run_all(self, model, inputs):
        found = model(inputs if len(inputs) > 1 else inputs[0], training=False)
        return [value.detach().numpy() for value in found]


NAMES = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}  # fmt: skip
"""What is called otherwise in Keras than here."""


def _keys(weight):
    """Return the name and the shape that a weight of Keras may have here: of a kernel, two."""
    name = weight.path.rpartition("/")[2]
    if name != "kernel":
        shape = tuple(weight.shape)
        return [(NAMES.get(name, name), shape), ("value", shape[1:])]
    *taps, inner, outer = weight.shape
    return [("weight", (outer, inner, *taps)), ("weight", (inner * outer, 1, *taps))]


def _turned(value, weight):
    """Return a weight with its axes in the order of Keras: filters last."""
    if not weight.path.endswith("kernel"):
        return value.reshape(weight.shape)
    if value.shape[1] == 1 < weight.shape[-2]:  # depthwise
        value = value.reshape(*weight.shape[-2:], *value.shape[2:])
        return np.moveaxis(value, (0, 1), (-2, -1))
    return np.moveaxis(value, (0, 1), (-1, -2))


ADAPTERS = {"pytorch": PyTorch, "keras": Keras}


@pytest.fixture
def framework(request):
    return ADAPTERS[request.param]()


def numbers(*shape, seed):
    return np.random.default_rng(crc32(repr(seed).encode())).random(shape, dtype=np.float32)


def weights(node, row, seed):
    """Return the tensors of a layer: those that multiply keep the size of what goes through them."""
    op, found = node.op, {}
    for name, shape in (op.tensors(Site(row.input_shapes))).items():
        value = numbers(*shape, seed=(seed, name, shape))
        found[name] = (value - 0.5) * (12 / prod(shape[1:])) ** 0.5 if len(shape) > 1 else value + 0.5
    return found


def reference(network, report, inputs, seeded):
    """Return what archcalc's own references make of the inputs, and the weights in the order of the layers."""
    found, used = computed(network, report, inputs, seeded)
    return found[-1], used


def computed(network, report, inputs, seeded):
    """Return the values of all layers, and the weights in the order of the layers."""
    found, used = [], []
    entering = iter(inputs)
    for position, (node, row) in enumerate(zip(without_heads(network.nodes), report.rows, strict=True)):
        if row.kind == "input":
            found.append(next(entering))
            continue
        tensors = weights(node, row, position if seeded else 0)
        used += listed(node.op, tensors) if node.tied is None else []
        op = node.op.rounded(network.rounding) if network.rounding else node.op
        found.append(op.forward(*(found[source] for source in node.inputs), **tensors))
    return found, used


def listed(op, tensors):
    """Return a layer's tensors one by one; a convolution with a table of connections has them filter by filter."""
    if not getattr(op, "connections", None):
        return list(tensors.items())
    found, seen = [], {}
    for maps in op.connections:
        size, nth = len(maps), seen.setdefault(len(maps), 0)
        seen[size] += 1
        found += [(name, tensors[f"{name}{size}"][nth : nth + 1]) for name in ("weight", "bias")]
    return found


@pytest.mark.parametrize("to", TARGETS)
def test_every_kind_is_said_or_there_is_a_reason_why_not(to):
    said, unsaid = TABLES[to].written, TABLES[to].refused
    assert said.keys() | unsaid.keys() == REGISTRY.keys()
    assert said.keys() & unsaid.keys() == set()
    assert all(unsaid.values())


def built(framework, network, report, **how):
    to = next(to for to, kind in ADAPTERS.items() if kind is type(framework))
    return framework.built(targets.export(report, to=to), **how)


@pytest.fixture
def recursion():
    """Put Python's limit back after a program that raises it."""
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("recursion")
@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_its_parameters_and_its_shape(framework, name):
    network = archcalc.load(name)
    report = archcalc.analyze(network)
    model = built(framework, network, report, bare=True)
    totals = report.totals
    assert framework.counts(model) == (totals.params, totals.fixed + totals.buffers)
    assert framework.shapes(model, [row.output_shape for row in report.inputs]) == [
        report.output.output_shape
    ]


SMALL = {
    "alexnet_two_gpus": "3x67x67",
    "densenet121": "3x32x32",
    "efficientnet_b0": "3x32x32",
    "googlenet": "3x64x64",
    "googlenet_torchvision": "3x64x64",
    "inception_v3": "3x96x96",
    "lenet5": "1x32x32",
    "lenet5_1998": "1x32x32",
    "mobilenet_v2": "3x32x32",
    "mobilenet_v3_small": "3x32x32",
    "nin_cifar10": "3x32x32",
    "resnet50": "3x64x64",
    "resnet50_v2": "3x64x64",
    "resnet50_slim": "3x64x64",
    "resnet20": "3x32x32",
    "regnet_y_400mf": "3x64x64",
    "se_resnet50": "3x32x32",
    "shufflenet_v2_x0_5": "3x64x64",
    "squeezenet1_0": "3x67x67",
    "xception": "3x64x64",
}
"""Networks with everything that makes a difference, and inputs on which that takes a moment."""


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in SMALL]
)
def test_a_network_computes_the_same_numbers(framework, name):
    network = archcalc.load(name)
    report = archcalc.analyze(network, input=SMALL[name])
    inputs = [numbers(*report.inputs[0].output_shape, seed=0) - np.float32(0.5)]
    is_listed = type(framework) is PyTorch or name == "lenet5_1998"
    expected, used = reference(network, report, inputs, seeded=is_listed)
    model = built(framework, network, report)
    (framework.weigh_all if is_listed else framework.weigh_alike)(model, used)
    found = framework.run(model, inputs)
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


READ_LATER = """
name: tied
input: {a: 10x8, b: 10x8, c: 10x8}
outputs: [r1, r2, r3]
layers:
  - linear: {name: up, from: a, out: 8, axis: -1}
  - gelu: {name: g1}
  - linear: {name: fc_1, out: 8, axis: -1}
  - linear: {name: up2, from: b, tie: up, out: 8, axis: -1}
  - gelu: {name: g2}
  - linear: {name: fc_2, tie: fc_1, out: 8, axis: -1}
  - linear: {name: up3, from: c, tie: up, out: 8, axis: -1}
  - gelu: {name: g3}
  - linear: {name: fc_3, tie: fc_1, out: 8, axis: -1}
  - add: {name: r1, from: [a, fc_1]}
  - add: {name: r2, from: [b, fc_2]}
  - add: {name: r3, from: [c, fc_3]}
"""


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
def test_a_value_that_is_read_later_keeps_its_variable(framework, network):
    tied = network(READ_LATER)
    report = archcalc.analyze(tied)
    inputs = [numbers(*row.output_shape, seed=row.name) for row in report.inputs]
    found, used = computed(tied, report, inputs, seeded=False)
    model = built(framework, tied, report)
    framework.weigh_alike(model, used)
    for value, expected in zip(framework.run_all(model, inputs), found[-3:], strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-3, atol=1e-5)


NEEDED = """
name: needed
input: 4x6x6
outputs: [end, branch1.inner]
layers:
  - relu: {name: start}
  - add:
      branches:
        - - conv: {name: first, out: 4, kernel: 1}
          - relu: {name: inner}
          - conv: {name: owner, out: 4, kernel: 3, padding: 1}
        - []
  - conv: {name: again, tie: branch1.owner, out: 4, kernel: 3, padding: 1}
  - relu: {name: end}
"""


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
def test_what_others_need_of_a_branch_is_by_itself(framework, network):
    """An output of the network within a branch, and a layer at its end whose weights another shares."""
    made = network(NEEDED)
    report = archcalc.analyze(made)
    inputs = [numbers(*report.inputs[0].output_shape, seed=0) - np.float32(0.5)]
    found, used = computed(made, report, inputs, seeded=False)
    model = built(framework, made, report)
    framework.weigh_alike(model, used)
    assert framework.counts(model)[0] == report.totals.params
    for value, output in zip(framework.run_all(model, inputs), made.outputs, strict=True):
        np.testing.assert_allclose(value, found[output], rtol=1e-3, atol=1e-5)


MORE = [
    ("conv", {"out": 8, "kernel": 3, "stride": 2, "padding": "same", "groups": 4}, "4x8x8"),
    ("conv", {"out": 8, "kernel": 3, "padding": [[1, 2]], "groups": 2, "bias": False}, "4x8"),
    ("conv", {"out": 6, "kernel": 3, "padding": 1, "dilation": 2}, "4x9x9"),
    ("conv", {"out": 6, "kernel": [1, 3, 2], "padding": [[0, 0], [1, 0], [0, 1]]}, "4x3x5x6"),
    ("conv", {"out": 6, "kernel": 2, "stride": 3, "rounding": "ceil"}, "4x9x9"),
    ("conv_transpose", {"out": 3, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1}, "4x8x8"),
    ("conv_transpose", {"out": 3, "kernel": 2, "stride": 3, "padding": [[0, 1], [1, 0]]}, "4x8x8"),
    ("maxpool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, "4x8x8"),
    ("maxpool", {"kernel": 2, "stride": 1, "padding": "same"}, "4x8x8"),
    ("maxpool", {"kernel": 3, "stride": 2, "padding": 1}, "4x8x8"),
    ("avgpool", {"kernel": 3, "stride": 2, "padding": 1}, "4x8x8"),
    ("avgpool", {"kernel": 3, "stride": 2, "padding": 1, "count_padding": False}, "4x9x9"),
    ("avgpool", {"kernel": 3, "stride": 2, "rounding": "ceil"}, "4x8x8"),
    ("avgpool", {"kernel": 2, "stride": 1, "padding": "same"}, "4x8x8"),
    ("adaptive_avgpool", {"size": [2, 3]}, "4x7x9"),
    ("adaptive_maxpool", {"size": 1}, "4x7x9"),
    ("linear", {"out": 6, "axis": -1}, "5x8"),
    ("batchnorm", {"affine": False}, "8"),
    ("batchnorm", {"eps": 0.001}, "4x5"),
    ("layernorm", {}, "4x5x6"),
    ("layernorm", {"over": "last"}, "4x6"),
    ("layernorm", {"over": "channels", "affine": False}, "6"),
    ("groupnorm", {"groups": 2}, "4x5"),
    ("lrn", {"size": 3, "alpha": 0.5, "beta": 0.7, "bias": 2.0}, "8x3x3"),
    ("prelu", {"per": "layer"}, "4x5x5"),
    ("gelu", {"approximate": "tanh"}, "4x5"),
    ("hardsigmoid", {"slope": 0.2}, "4x5"),
    ("channels", {"start": 2}, "6x4x4"),
    ("channels", {"start": 1, "stop": 4}, "6x4x4"),
    ("reshape", {"shape": [2, 0]}, "6x4"),
    ("permute", {"order": [0, 2, 1], "axes": "all"}, "6x4"),
    ("pad", {"channels": [[1, 2]], "amount": 1}, "3x4x4"),
    ("pad", {"amount": [[1, 2], [0, 1]], "mode": "reflect"}, "3x4x4"),
    ("upsample", {"scale": 2, "mode": "linear"}, "3x4x5"),
    ("upsample", {"scale": 3}, "3x5"),
    ("upsample", {"scale": [1, 2, 3]}, "3x2x2x2"),
    ("crop", {"amount": [[1, 2]]}, "3x7"),
    ("crop", {"amount": [[1, 0], [0, 1], [1, 1]]}, "2x4x4x4"),
    ("pad", {"amount": [[1, 0], [0, 1], [1, 1]]}, "2x3x3x3"),
    ("maxpool", {"kernel": 2, "padding": [[1, 0]]}, "3x7"),
    ("avgpool", {"kernel": 2, "stride": 1}, "2x3x3x3"),
    ("global_avgpool", {}, "3x7"),
    ("global_maxpool", {}, "2x3x3x3"),
    ("adaptive_avgpool", {"size": 3}, "3x7"),
    ("resize", {"size": [5, 9], "mode": "linear"}, "3x4x6"),
    ("resize", {"size": [8, 18]}, "3x4x6"),
    ("scalar", {"by": "divide", "value": 2, "swapped": True}, "4x4"),
    ("scalar", {"by": "power", "value": -2}, "4x4"),
    ("scalar", {"by": "maximum", "value": 0.75}, "4x4"),
    ("combine", {"by": "subtract"}, "4x4", "4x1"),
    ("matmul", {"transposed": True}, "3x4x5", "3x6x5"),
    ("concat", {"axis": 2}, "3x4x5", "3x2x5"),
    ("add", {}, "3x4x5", "3x1x1", "3x4x5"),
    ("softmax", {"axis": -1}, "4x5"),
    ("reduce", {"axes": [1], "by": "max", "keep": True}, "4x5"),
    ("affine", {"axis": -1, "shift": False}, "4x5"),
]
"""Settings beside those of the examples that frameworks take in another way."""
UNSAID = {
    "pytorch": [
        ("conv", {"out": 2, "kernel": 1}, "2x1x1x1x1", "works on 4 spatial axes"),
        (
            "avgpool",
            {"kernel": 2, "stride": 1, "padding": "same", "count_padding": False},
            "4x8x8",
            "does not count",
        ),
        ("avgpool", {"kernel": 2, "dilation": 2}, "4x8x8", "with a dilation"),
        ("linear", {"out": 2, "axis": 2}, "4x5x6", "works on axis 2"),
        ("reduce", {"axes": [1, 2], "by": "prod"}, "4x5", "several axes at once"),
        ("unaccounted", {"what": "NonMaxSuppression"}, "4x5", "nothing is known"),
    ],
    "keras": [
        (
            "conv",
            {"out": 2, "kernel": 3, "stride": 2, "dilation": 2},
            "2x9x9",
            "both a stride and a dilation",
        ),
        ("maxpool", {"kernel": 2, "dilation": 2}, "4x8x8", "with a dilation"),
        ("resize", {"size": [12, 20]}, "16x8x8", "copies the nearest"),
        ("lstm", {"hidden": 3}, "4x5", "other biases"),
        ("unaccounted", {"what": "NonMaxSuppression"}, "4x5", "nothing is known"),
    ],
}
"""Layers that a framework has nothing for, and what is said of them."""


CHOSEN = {"function": {}, "scalar": {"value": 0.75}, "combine": {}, "reduce": {"axes": [2, 1]}}
"""Kinds of which `by` makes many, with their other settings."""
UNCHOSEN = {
    "pytorch": {("scalar", "and"), ("scalar", "or"), ("scalar", "xor"), ("reduce", "prod")},
    "keras": set(),
}
"""What of these a framework has nothing for."""


def layers():
    """Return a layer of every kind, those above, and one of everything that `by` can make."""
    examples = ((kind, cls.example[1], *cls.example[0]) for kind, cls in REGISTRY.items() if kind != "input")
    choices = (
        (kind, {"by": by, **settings}, *["3x4x5"] * REGISTRY[kind].traits.takes[0])
        for kind, settings in CHOSEN.items()
        for by in REGISTRY[kind].declared["by"].schema["enum"]
    )
    return [*examples, *MORE, *choices]


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
@pytest.mark.parametrize(
    "layer", where_there_is_pytorch(layers()), ids=lambda layer: f"{layer[0]}-{layer[1]}"
)
def test_a_layer_computes_the_same_numbers(framework, layer):
    kind, settings, *shapes = layer
    network = alone(kind, settings, *shapes)
    report = archcalc.analyze(network)
    to = next(to for to, adapter in ADAPTERS.items() if adapter is type(framework))
    is_unsaid = kind in TABLES[to].refused or (kind, settings.get("by")) in UNCHOSEN[to]
    if is_unsaid or any(row[:2] == (kind, settings) for row in UNSAID[to]):
        with pytest.raises(ArchcalcError, match="cannot say it"):
            built(framework, network, report)
        return
    model = built(framework, network, report)
    row = report.rows[-1]
    inputs = [numbers(*shape, seed=n) + np.float32(0.1) for n, shape in enumerate(row.input_shapes)]
    tensors = weights(network.nodes[-1], row, 0)
    framework.weigh_all(model, listed(network.nodes[-1].op, tensors))
    with np.errstate(all="ignore"):
        expected = network.nodes[-1].op.forward(*inputs, **tensors)
    found = framework.run(model, inputs or [numbers(1, 1, seed=0)])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("to", "row"), [(to, row) for to in TARGETS for row in UNSAID[to]])
def test_a_layer_that_cannot_be_said_is_named(to, row):
    kind, settings, *shapes, said = row
    with pytest.raises(ArchcalcError) as caught:
        exported(alone(kind, settings, *shapes), to)
    assert caught.value.fact.startswith(f"{kind} 'layer': ")
    assert said in caught.value.fact


HOSTILE = [
    'x"); __import__("os").system("true"); ("',
    "x'); raise SystemExit",
    "x\nimport os",
    "forward",
    "training",
    "self",
    "torch",
    "nn",
    "layers",
    "keras",
    "build",
    "inputs",
    "super",
    "print",
    "class",
    "match",
    "None",
    "__init__",
    "1x1",
    "naïve",
    "数",
    "🧠",
    " ",
    "a.b-c",
    "a.b_c",
    "a/b c",
    "{0}",
    "{x.__class__}",
    "%s",
    "\\",
    "\u2028",
    "\u202e",
    "x",
]
"""Names that mean something in Python, or nothing, or that say the same once made a word."""
BUILT_IN = {"float", "print", "range", "sum", "super", "tuple", "zip", "list", "len"}
CALLABLE = {
    "pytorch": {"torch", "nn", "F", "self", "model", "p"},
    "keras": {"keras", "layers", "math", "ops", "model"},
}
"""What a program may call beside what it defines itself."""


def hostile():
    """Return a network all of whose texts try to get out of where they stand; its last layer takes all others."""
    kinds = ("relu", "tanh", "conv", "sigmoid", "silu", "conv", "conv")
    nodes = [Node(HOSTILE[0], REGISTRY["input"](shape=(4, 8, 8)))]
    for number, name in enumerate(HOSTILE[1:]):
        kind = kinds[number**2 % len(kinds)]
        settings = {"out": 4, "kernel": 1} if kind == "conv" else {}
        nodes.append(Node(name, REGISTRY[kind](**settings), (number,)))
    everything = tuple(range(1, len(nodes)))
    nodes.append(Node("the end", REGISTRY["add"](), everything, tuple(HOSTILE[1:])))
    quotes = '"""\nimport os\n\\"""'
    return Network('net"\nimport os', tuple(nodes), title=quotes, source=f"{quotes}\\")


def called(tree):
    """Return the names that calls in a program begin with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            inner = node.func
            while isinstance(inner, ast.Attribute | ast.Call | ast.Subscript):
                inner = inner.value if not isinstance(inner, ast.Call) else inner.func
            yield inner.id if isinstance(inner, ast.Name) else type(inner).__name__


@pytest.mark.parametrize("to", TARGETS)
def test_names_from_a_file_do_nothing_but_name(to):
    code = exported(hostile(), to)
    tree = ast.parse(code)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == ({"torch"} if to == "pytorch" else {"math", "keras"})
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assert set(called(tree)) <= own | BUILT_IN | CALLABLE[to]
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert all(name.isascii() and name.isidentifier() and not keyword.iskeyword(name) for name in named | own)
    assert len(list(ast.iter_child_nodes(tree))) == len(
        list(ast.iter_child_nodes(ast.parse(exported(tame(), to))))
    )


def tame():
    """Return the same network with names that mean nothing."""
    network = hostile()
    nodes = [node._replace(name=f"layer{n}", labels=()) for n, node in enumerate(network.nodes)]
    return network._replace(name="net", nodes=tuple(nodes), title="title", source="source")


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
def test_a_network_with_such_names_runs(framework):
    network = hostile()
    report = archcalc.analyze(network)
    model = built(framework, network, report, bare=True)
    assert framework.counts(model) == (report.totals.params, 0)
    assert framework.shapes(model, [(1, 4, 8, 8)]) == [report.output.output_shape]


@pytest.mark.parametrize("to", TARGETS)
def test_an_equation_is_letters(to):
    shapes = ("4x8", "8x6")
    with pytest.raises(ArchcalcError, match="is no equation"):
        exported(alone("einsum", {"equation": 'ij,jk->ik") or print("'}, *shapes), to)


@pytest.mark.torch
def test_no_layer_takes_the_place_of_what_a_module_has_itself():
    nn = pytest.importorskip("torch.nn", reason="PyTorch is not installed")
    own = {*dir(nn.Module), *dir(nn.Sequential), *vars(nn.Module())}
    members = importlib.import_module("archcalc.formats.pytorch.body").MEMBERS
    assert {name for name in own if not name.startswith("_")} <= members


HEADS = {  # with its auxiliary head the model has the parameters of torchvision's table
    "inception_v3": (27_161_264, 2),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", HEADS)
def test_heads_are_there_for_training_alone(name):
    framework = PyTorch()
    network = archcalc.load(name)
    params, outputs = HEADS[name]
    report = archcalc.analyze(network, train=True)
    model = built(framework, network, report, bare=True)
    assert framework.counts(model)[0] == params
    shape = [(2, *report.input_shape)]  # batch normalisation learns from several
    assert len(framework.shapes(model.train(), shape)) == outputs
    assert len(framework.shapes(model.eval(), shape)) == 1


CHAIN = """
input: 8
layers:
  - linear: {name: a, out: 8}
  - linear: {name: b, out: 8, tie: a}
  - linear: {name: c, out: 8, tie: b}
"""
TIED = """
name: tied
input: 8x6x6
layers:
  - conv: {name: first, out: 8, kernel: 3, padding: 1}
  - relu
  - conv: {name: second, out: 8, kernel: 3, padding: 1, tie: first}
"""
SKIPS = """
name: skips
input: 4x8x8
layers:
  - conv: {name: down1, out: 8, kernel: 3, padding: 1}
  - maxpool: {name: pool, kernel: 2}
  - conv: {name: bottom, out: 8, kernel: 3, padding: 1}
  - upsample: {name: up, scale: 2}
  - concat: {from: [up, down1]}
  - conv: {name: last, out: 2, kernel: 1}
  - add: {from: [last, last]}
"""
ATTENTION = """
name: attention
input: 3x16x16
layers:
  - conv: {name: patches, out: 8, kernel: 8, stride: 8}
  - reshape: {name: flat, shape: 8x4}
  - permute: {name: tokens, order: 1x0}
  - parameter: {name: cls, shape: 1x8}
  - concat: {name: all, from: [cls, tokens], axis: 1}
  - parameter: {name: positions, shape: 5x8}
  - add: {name: sum, from: [all, positions]}
  - repeat:
      times: 3
      name: block
      layers:
        - identity: {name: start}
        - layernorm: {over: last}
        - linear: {out: 24, axis: -1}
        - reshape: 5x3x2x4
        - permute: {name: heads, order: 2x0x3x1x4, axes: all}
        - slice: {name: q, axes: 0, stops: 1}
        - slice: {name: k, from: heads, axes: 0, starts: 1, stops: 2}
        - slice: {name: v, from: heads, axes: 0, starts: 2}
        - matmul: {from: [q, k], transposed: true}
        - scalar: {by: multiply, value: 0.5}
        - softmax: {name: scores, axis: -1}
        - matmul: {from: [scores, v]}
        - permute: {order: 1x0x3x2x4, axes: all}
        - reshape: {shape: 1x5x8, axes: all}
        - linear: {name: out, out: 8, axis: -1}
        - add: {from: [start, out]}
  - take: {axis: 1, index: 0}
  - linear: 10
"""
REPEATED = """
name: repeated
input: 8x6x6
layers:
  - repeat:
      times: 4
      layers:
        - add:
            branches:
              - [{conv: {out: 8, kernel: 3, padding: 1}}, batchnorm, {multiply: {branches: [[sigmoid], []]}}]
              - []
        - relu
  - repeat: {times: 20, layers: [{conv: {out: 8, kernel: 1}}]}
"""


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
@pytest.mark.parametrize(
    "text", [TIED, CHAIN, SKIPS, REPEATED, ATTENTION], ids=["tied", "chain", "skips", "repeated", "attention"]
)
def test_a_graph_that_does_not_nest_computes_the_same_numbers(framework, network, text):
    made = network(text)
    report = archcalc.analyze(made)
    inputs = [numbers(*report.inputs[0].output_shape, seed=0) - np.float32(0.5)]
    model = built(framework, made, report)
    assert framework.counts(model)[0] == report.totals.params
    expected, used = reference(made, report, inputs, seeded=False)
    framework.weigh_alike(model, used)
    np.testing.assert_allclose(framework.run(model, inputs), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
def test_several_inputs_and_outputs(framework):
    image, mask = (REGISTRY["input"](shape=(channels, 4, 4)) for channels in (3, 1))
    nodes = (
        Node("image", image),
        Node("mask", mask),
        Node("masked", REGISTRY["multiply"](), (0, 1)),
        Node("conv", REGISTRY["conv"](out=5, kernel=1), (2,)),
        Node("head", REGISTRY["global_avgpool"](), (3,)),
    )
    made = Network("masked", nodes, outputs=(3, 4))
    report = archcalc.analyze(made)
    model = built(framework, made, report, bare=True)
    assert framework.shapes(model, [(1, 3, 4, 4), (1, 1, 4, 4)]) == [(1, 5, 4, 4), (1, 5, 1, 1)]


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
@pytest.mark.parametrize("names", [("torch", "nn", "F"), ("keras", "layers", "ops"), ("math", "self", "x")])
def test_inputs_called_like_what_a_program_needs(framework, names):
    data = REGISTRY["input"](shape=(2, 4, 4))
    nodes = (
        *(Node(name, data) for name in names),
        Node("joined", REGISTRY["concat"](), (0, 1, 2)),
        Node("conv", REGISTRY["conv"](out=5, kernel=1), (3,)),
        Node("larger", REGISTRY["upsample"](scale=2), (4,)),
        Node("gate", REGISTRY["gelu"](), (5,)),
    )
    made = Network("named", nodes, outputs=(6,))
    model = built(framework, made, archcalc.analyze(made), bare=True)
    assert framework.shapes(model, [(1, 2, 4, 4)] * 3) == [(1, 5, 8, 8)]


@pytest.mark.parametrize("framework", FRAMEWORKS, indirect=True)
def test_a_program_says_its_sizes_when_it_is_run(framework, tmp_path):
    made = archcalc.load("lenet5")
    to = next(to for to, kind in ADAPTERS.items() if kind is type(framework))
    (tmp_path / "lenet5.py").write_text(exported(made, to), encoding="utf-8")
    command = [sys.executable, "-W", "error::SyntaxWarning", "lenet5.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, encoding="utf-8")
    assert done.stdout.splitlines() == ["61,706 parameters", f"({'1' if to == 'pytorch' else 'None'}, 10)"]


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("resnet152", 100),
        ("densenet201", 80),
        ("vgg19", 100),
        ("googlenet", 200),
        pytest.param("resnet1202", 90, marks=pytest.mark.slow),
    ],
)
def test_a_program_is_as_short_as_a_person_would_write_it(to, name, most):
    written = exported(archcalc.load(name), to).splitlines()
    assert len(written) <= most
    assert max(map(len, written)) <= 100
