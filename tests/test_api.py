"""The Python API under odd arguments: a result or an ArchcalcError, and the same answer to the same question."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

import archcalc
from archcalc import ArchcalcError

ODD = [
    5,
    -1,
    0.5,
    float("nan"),
    10**400,
    True,
    b"x",
    "x",
    "\x1b",
    "\ud800",
    (),
    [],
    [5],
    {},
    {5: 5},
    {"x": object()},
    object(),
]


def keywords(function):
    return [
        name for name, one in inspect.signature(function).parameters.items() if one.kind is one.KEYWORD_ONLY
    ]


def answer(function, *args, **given):
    """Return what a call says where it refuses, and nothing where it does not."""
    try:
        function(*args, **given)
    except ArchcalcError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("value", ODD, ids=map(str, range(len(ODD))))
@pytest.mark.parametrize("name", keywords(archcalc.analyze))
def test_analyze_answers_to_anything(name, value):
    said = answer(archcalc.analyze, archcalc.load("lenet5"), **{name: value})
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize("value", ODD, ids=map(str, range(len(ODD))))
@pytest.mark.parametrize("name", keywords(archcalc.load))
def test_load_answers_to_anything(name, value):
    said = answer(archcalc.load, "lenet5", **{name: value})
    assert said.replace("\n", "").isprintable()


@pytest.mark.usefixtures("few_of_ours")
@pytest.mark.parametrize("value", ODD, ids=map(str, range(len(ODD))))
def test_a_model_may_be_anything(value):
    for ask in (archcalc.load, archcalc.loads, archcalc.analyze, archcalc.check):
        assert answer(ask, value).replace("\n", "").isprintable()


@pytest.mark.parametrize("value", ODD, ids=map(str, range(len(ODD))))
@pytest.mark.parametrize("name", keywords(archcalc.loads))
def test_loads_answers_to_anything(name, value):
    said = answer(archcalc.loads, "{input: 3, layers: [relu]}", **{name: value})
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize("value", ODD, ids=map(str, range(len(ODD))))
def test_a_parameter_may_be_anything(value):
    def analyzed(value):
        archcalc.analyze(archcalc.load("alexnet", parameters={"classes": value}))

    assert answer(analyzed, value).replace("\n", "").isprintable()


def test_a_network_that_is_loaded_again_is_the_same(each_network):
    network = archcalc.load(each_network)
    assert archcalc.load(each_network) == network
    assert copy.deepcopy(network) == pickle.loads(pickle.dumps(network)) == network  # noqa: S301  # our own


def test_a_network_that_is_loaded_again_is_equal_and_hashes_alike():
    one, other = (archcalc.load("resnet50", parameters={"classes": 10}) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other, archcalc.load("resnet50"), archcalc.load("lenet5")}) == 3


@pytest.mark.parametrize("each", ["densenet121", "lenet5_1998", "googlenet", "vit_b_16"])
def test_every_network_can_be_a_key(each):
    assert {archcalc.load(each): 1}[archcalc.load(each)] == 1
