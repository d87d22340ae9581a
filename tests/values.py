"""What a written program computes with a network's weights, beside what the network's own references compute.

Nothing is known of how a program names or orders its weights: a layer of it, when it first runs, gets those of the
layer of the network that has the same input and weights of the same shapes, and that no other has got.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from math import prod
from typing import NamedTuple

import numpy as np
import pytest

import archcalc
from archcalc.formats.program.code import identifier
from archcalc.formats.pytorch.helpers import HELPERS
from archcalc.network.network import parts
from archcalc.op.site import Site

CLOSE = 1e-3
"""How far values may be apart: a share of the one, and a tenth of that of the largest beside it."""


TRIES = 60
"""How often a program is run whose layers do not say which is which, as two do that have equal inputs."""


def noise(shape, *seed):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def weights(layer, *seed, gain=1):
    """Return random tensors of a layer by their names: those that multiply keep the size of what goes through.

    A small gain keeps blocks small beside what goes past them, without which it grows from each to the next.
    """
    found = {}
    for number, (name, shape) in enumerate(layer.op.tensors(Site(layer.at.xs)).items()):
        value = noise(shape, *seed, number)
        is_matrix = len(shape) > 1 and layer.op.kind != "parameter"
        found[name] = value * (3 / prod(shape[1:])) ** 0.5 if is_matrix else 1 + value / 2
        found[name] *= gain if name == "weight" and layer.op.kind == "batchnorm" else 1
    return found


class Weighed(NamedTuple):
    """A layer that holds tensors, one by one; its input, if it has one, and those of layers that are tied to it."""

    names: frozenset
    xs: list
    tensors: list


def computed(report, inputs, weights=weights):
    """Return what archcalc's own references make of the inputs: the outputs, and the layers that hold weights."""
    found, given, held, entering = [], {}, {}, iter(inputs)
    for place, layer in enumerate(report.run.layers):
        if layer.op.traits.role == "input":
            found.append(next(entering))
            continue
        xs = [found[source] for source in layer.node.inputs]
        owner = place if layer.node.tied is None else layer.node.tied
        if owner == place:
            given[place] = weights(layer, place)
            held[place] = Weighed(
                frozenset(map(identifier, parts(layer.node.name))), [], listed(layer.op, given[place])
            )
        held[owner].xs.append(xs[0] if xs else None)
        with np.errstate(all="ignore"):
            found.append(layer.op.forward(*xs, **given[owner]))
    return [found[place] for place in report.run.outputs], [one for one in held.values() if one.tensors]


def listed(op, tensors):
    """Return a layer's tensors one by one; a convolution with a table of connections has them filter by filter."""
    if not getattr(op, "connections", None):
        return list(tensors.values())
    found, seen = [], {}
    for maps in op.connections:
        nth = seen.setdefault(len(maps), 0)
        seen[len(maps)] += 1
        own = [
            tensors[f"{name}{len(maps)}"] for name in ("weight", "bias") if f"{name}{len(maps)}" in tensors
        ]
        found += [tensor[nth : nth + 1] for tensor in own]
    return found


class Choices:
    """Which of several layers that would do is taken each time: the first one, and another when all is run again."""

    def __init__(self):
        self.planned = []
        self.made = []

    def among(self, count):
        nth = self.planned[len(self.made)] if len(self.made) < len(self.planned) else 0
        self.made.append((nth, count))
        return nth

    def are_left(self):
        """Plan another choice where the last ones were, and tell whether there is one."""
        while self.made and self.made[-1][0] + 1 == self.made[-1][1]:
            self.made.pop()
        self.planned = [nth for nth, _ in self.made]
        if self.planned:
            self.planned[-1] += 1
        self.made = []
        return bool(self.planned)


class Scales:
    """Gives the layers of a program their weights as it runs; `fitted` lays a tensor out as the framework has it."""

    def __init__(self, held, fitted, choices):
        self.held = list(held)
        self.choices = choices
        self.fitted = fitted
        self.seen = set()
        self.before = {}

    def passed(self, x, y):
        """Remember what is in front of padding or a permutation that belongs to the layer behind it."""
        self.before[id(y)] = (y, x)

    def weigh(self, layer, path, x, owned, copy):
        """Give a layer its weights, which are `owned` by it, if it runs for the first time.

        Of several that would do, those of one whose names are most in its path come first.
        """
        if id(layer) in self.seen:
            return
        self.seen.add(id(layer))
        names = frozenset(path.split("."))
        known = [None] if x is None else [x, *self.before.get(id(x), ())[1:]]
        inputs = [one if one is None else one.detach().numpy() for one in known]
        fitting = sorted(
            (min(_apart(one, x) for one in inputs for x in held.xs), -len(held.names & names), place)
            for place, held in enumerate(self.held)
            if self._fits(held, owned)
        )
        assert fitting, f"no layer that has yet to run has weights like {layer}"
        assert fitting[0][0] < np.inf, f"no layer that has yet to run has the input of {layer}"
        alike = [place for apart, _, place in fitting if apart == fitting[0][0]]
        place = alike[self.choices.among(len(alike))]
        for tensor, value in zip(owned, self.held.pop(place).tensors, strict=True):
            copy(tensor, self.fitted(value, tensor))

    def _fits(self, held, owned):
        return len(held.tensors) == len(owned) and all(
            self.fitted(value, tensor) is not None for value, tensor in zip(held.tensors, owned, strict=True)
        )


def _apart(one, other):
    """Return how far two inputs are apart, endlessly far if they are not the same but for rounding."""
    if one is None or other is None or one.shape != other.shape:
        return 0 if one is other else np.inf
    with np.errstate(all="ignore"):
        apart = np.abs(np.where(one == other, 0, one - other)).max()
    return apart if apart <= CLOSE * np.abs(other).max() else np.inf


def defined(code):
    """Return what a program defines. Only programs that archcalc wrote are run."""
    scope = {"__name__": "generated"}
    exec(compile(code, "generated.py", "exec"), scope)  # noqa: S102
    return scope


class PyTorch:
    """What the tests ask of PyTorch."""

    def __init__(self):
        self.torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def model(self, code):
        """Return the network that a program defines, with the numbers that it begins with."""
        module = self.torch.nn.Module
        made = [
            found for found in defined(code).values() if isinstance(found, type) and issubclass(found, module)
        ]
        return made[-1]().eval()

    def run(self, code, inputs, held, choices):
        """Return the outputs of a program with the network's weights."""
        model, scales = self.model(code), Scales(held, self.fitted, choices)
        self.hook(model, scales, "")
        with self.torch.no_grad():
            found = model(*map(self.torch.tensor, inputs))
        assert not scales.held, f"{[*scales.held]} did not run"
        return [y.detach().numpy() for y in (found if isinstance(found, tuple) else (found,))]

    def hook(self, module, scales, path):
        """Have each layer weighed before it runs; tensors that a block itself holds, when it begins."""
        name = type(module).__name__
        if "Pad" in name:
            module.register_forward_hook(lambda _, xs, y: scales.passed(xs[0], y))
        own = [value for key, value in module.state_dict().items() if "num_batches" not in key]
        if (
            own
            and name != "Sequential"
            and (type(module).__module__.startswith("torch.nn.modules.") or name in HELPERS)
        ):
            module.register_forward_pre_hook(lambda _, xs: scales.weigh(module, path, xs[0], own, self.copy))
            return
        for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            module.register_forward_pre_hook(
                lambda _, xs, name=name, tensor=tensor: scales.weigh(tensor, name, None, [tensor], self.copy)
            )
        for name, child in module.named_children():
            self.hook(child, scales, f"{path}.{name}")

    def copy(self, tensor, value):
        tensor.copy_(self.given(value))

    def given(self, value):
        """Return an array as the framework takes it."""
        return self.torch.tensor(value)

    @staticmethod
    def fitted(value, tensor):
        """Return a value as a tensor has it, perhaps with more axes of one; None where it does not fit."""
        fits = value.shape == tuple(tensor.shape) or (
            value.ndim < len(tensor.shape) and _sizes(value) == _sizes(tensor)
        )
        return value.reshape(tuple(tensor.shape)) if fits else None


def _sizes(tensor):
    return [size for size in tensor.shape if size != 1]


def where_there_is_pytorch(cases):
    """Return all cases, or where PyTorch is not installed the first, so that one is skipped in place of hundreds."""
    return cases if find_spec("torch") else cases[:1]


@cache
def keras_on_pytorch():
    """Return Keras; what is loaded with it is kept from the search for garbage that Keras makes before each model."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    gc.freeze()
    return keras


class Keras:
    """What the tests ask of Keras; it runs on PyTorch, which does channels first on a CPU."""

    def __init__(self):
        self.keras = keras_on_pytorch()

    @staticmethod
    def model(code):
        """Return the network that a program builds, with the numbers that it begins with."""
        return defined(code)["build"]()

    def run(self, code, inputs, held, choices):
        """Return the outputs of a program with the network's weights."""
        self.keras.backend.clear_session()
        with deeper():
            model, scales = self.model(code), Scales(held, self.fitted, choices)

            values = {
                id(x): self.keras.ops.convert_to_tensor(y) for x, y in zip(model.inputs, inputs, strict=True)
            }
            for node in sorted(
                (node for nodes in model._nodes_by_depth.values() for node in nodes if not node.is_input),
                key=_number,
            ):
                args, words = node.arguments.fill_in(values)
                ys = self.apply(node.operation, args, words, scales)
                values |= {id(y): value for y, value in zip(node.outputs, [ys], strict=True)}
        found = [values[id(y)] for y in model.outputs]
        assert not scales.held, f"{[*scales.held]} did not run"
        return [y.detach().numpy() for y in found]

    def apply(self, layer, xs, words, scales):
        """Return what a layer makes of its inputs, once it has its weights."""
        kind = type(layer).__name__
        if getattr(layer, "weights", ()):
            x = (
                None if kind in ("Learnt", "LogDistances") else xs[0]
            )  # these take nothing, and are called all the same
            scales.weigh(layer, layer.name, x, layer.weights, self.copy)
        y = layer(*xs, **words)
        if kind in ("Pad", "Permute") or "Padding" in kind:
            scales.passed(xs[0], y)
        return y

    @staticmethod
    def copy(weight, value):
        weight.assign(value)

    def given(self, value):
        """Return an array as the framework takes it."""
        return self.keras.ops.convert_to_tensor(value)

    @staticmethod
    def fitted(value, weight):
        """Return a value as a weight has it, a kernel with its filters last; None where it does not fit."""
        if not weight.path.endswith("kernel"):
            return PyTorch.fitted(value, weight)
        *taps, inner, outer = weight.shape
        if value.shape == (inner * outer, 1, *taps):  # depthwise: the filters of a channel are an axis
            return np.moveaxis(value.reshape(inner, outer, *taps), (0, 1), (-2, -1))
        return np.moveaxis(value, (0, 1), (-1, -2)) if value.shape == (outer, inner, *taps) else None


def _number(node):
    """Return a node's place in the order of a program: Keras numbers the tensors as it makes them."""
    return int(node.outputs[0].name.rpartition("_")[2].replace("tensor", "0"))


@contextmanager
def deeper():
    """Put Python's limit of calls back after a program that raises it."""
    limit = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


FRAMEWORKS = {"pytorch": PyTorch, "keras": Keras}


def assert_written(report, to, inputs=None, weights=weights):
    """Hold the program of a report against what archcalc's own references compute; return that."""
    framework = FRAMEWORKS[to]()
    code = archcalc.export(report, to=to)
    if inputs is None:
        inputs = [noise(row.output_shape, n) for n, row in enumerate(report.inputs)]
    expected, held = computed(report, inputs, weights)
    choices = Choices()
    for attempt in range(TRIES):
        try:
            assert_alike(framework.run(code, inputs, held, choices), expected, code)
        except AssertionError:
            if attempt + 1 == TRIES or not choices.are_left():
                raise
        else:
            break
    return expected


def assert_alike(found, expected, message=""):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        close = {"rtol": CLOSE, "atol": CLOSE / 10 * np.abs(other).max()}
        np.testing.assert_allclose(one, other, **close, err_msg=message)
